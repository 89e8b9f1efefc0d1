//! What all legs share, and lend from: the transactions, chance, the deadlines, and what is to be told.

use super::Settings;
use crate::{
    deadlines::Deadlines,
    ids::LegId,
    sip::{
        Event,
        dialog::{Alarm, Card, Line},
        transaction::{Branches, ClientKey, Table, Timers},
    },
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::{HashMap, VecDeque},
    time::Instant,
};

pub(super) struct Desk {
    settings: Settings,
    pub(super) card: Card,
    pub(super) table: Table,
    branches: Branches,
    pub(super) chance: StdRng,
    pub(super) events: VecDeque<Event>,
    pub(super) deadlines: Deadlines<(LegId, Alarm)>,
    /// Whose request a transaction is.
    pub(super) owners: HashMap<ClientKey, LegId>,
}

impl Desk {
    pub(super) fn new(settings: Settings, seed: [u8; 32]) -> Self {
        let mut chance = StdRng::from_seed(seed);
        Self {
            card: Card::new(&settings),
            table: Table::new(Timers::of(settings.t1), settings.max_transactions),
            branches: Branches::new(chance.random()),
            chance,
            events: VecDeque::new(),
            deadlines: Deadlines::new(),
            owners: HashMap::new(),
            settings,
        }
    }

    /// Other settings from now on; what is said of us in messages stays.
    pub(super) fn reload(&mut self, settings: &Settings) {
        self.settings.session_expires = settings.session_expires;
        self.settings.min_session_expires = settings.min_session_expires;
        self.settings.max_transactions = settings.max_transactions;
        self.table.set_max(settings.max_transactions);
    }

    pub(super) fn line(&mut self, now: Instant) -> Line<'_> {
        Line {
            now,
            settings: &self.settings,
            card: &self.card,
            table: &mut self.table,
            branches: &mut self.branches,
            chance: &mut self.chance,
            events: &mut self.events,
            deadlines: &mut self.deadlines,
            owners: &mut self.owners,
        }
    }

    /// A leg is gone: nothing wakes it any more.
    pub(super) fn forget(&mut self, leg: LegId) {
        for alarm in Alarm::ALL {
            self.deadlines.clear((leg, *alarm));
        }
    }
}
