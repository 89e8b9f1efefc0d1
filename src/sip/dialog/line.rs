//! What a leg has at hand: sending, answering, telling, alarms and chance. Lent by the endpoint for one step.

use super::card::Card;
use crate::{
    deadlines::Deadlines,
    ids::LegId,
    sip::{
        Event, Settings,
        transaction::{Branches, ClientKey, ServerKey, Table},
        wire::{Request, Response},
    },
};
use bytes::Bytes;
use rand::{RngExt, rngs::StdRng};
use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

/// What a leg waits for, one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Alarm {
    /// The 2xx is to be repeated (13.3.1.4).
    Success,
    /// The reliable provisional is to be repeated (RFC 3262 3).
    Provisional,
    /// The caller is to be told each minute that it still rings (13.3.1.1).
    Ringing,
    /// The offer that met another is to be tried again (14.1).
    Glare,
    /// Our re-INVITE has waited long enough for its final answer.
    Patience,
    /// The session is to be refreshed (RFC 4028 7.1).
    Refresh,
    /// The session is over (RFC 4028 10).
    Expire,
    /// No further 2xx can come from forks of our INVITE (13.2.2.4).
    Forks,
    /// BYE has waited long enough for NOTIFYs before it.
    Linger,
}

impl Alarm {
    /// All of them.
    pub(crate) const ALL: &[Self] = &[
        Self::Success,
        Self::Provisional,
        Self::Ringing,
        Self::Glare,
        Self::Patience,
        Self::Refresh,
        Self::Expire,
        Self::Forks,
        Self::Linger,
    ];
}

/// What a request of ours was sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The INVITE that starts the leg.
    Invite,
    /// A new offer or a refresh, by re-INVITE or UPDATE.
    Offer,
    /// PRACK, whose answer changes nothing.
    Prack,
    /// The end.
    Bye,
    /// REFER.
    Refer,
    /// NOTIFY of the subscription with that name.
    Notify(u32),
    /// INFO, whose answer changes nothing.
    Info,
}

/// The hands of one leg for one step.
pub(crate) struct Line<'a> {
    pub(crate) now: Instant,
    pub(crate) settings: &'a Settings,
    pub(crate) card: &'a Card,
    pub(crate) table: &'a mut Table,
    pub(crate) branches: &'a mut Branches,
    pub(crate) chance: &'a mut StdRng,
    pub(crate) events: &'a mut VecDeque<Event>,
    pub(crate) deadlines: &'a mut Deadlines<(LegId, Alarm)>,
    pub(crate) owners: &'a mut HashMap<ClientKey, LegId>,
}

impl Line<'_> {
    /// Sends a request as a transaction of its own.
    pub(crate) fn request(&mut self, leg: LegId, mut request: Request, to: SocketAddr) -> ClientKey {
        self.card.sign(&mut request, &self.branches.make());
        let key = self.table.request(request, to, self.now);
        self.owners.insert(key, leg);
        key
    }

    /// Gives an ACK its Via and sends it; the result can be sent again.
    pub(crate) fn acknowledge(&mut self, mut ack: Request, to: SocketAddr) -> Bytes {
        self.card.sign(&mut ack, &self.branches.make());
        let datagram = ack.print();
        self.table.send_again(datagram.clone(), to);
        datagram
    }

    /// The credentials that a request of ours was sent with: its ACK needs them too.
    pub(crate) fn credentials_of(&self, key: ClientKey) -> Vec<(&'static str, String)> {
        let Some(sent) = self.table.sent(key) else { return Vec::new() };
        let of = |name: &'static str| sent.headers.get_all(name).map(move |value| (name, value.to_owned()));
        of("Authorization").chain(of("Proxy-Authorization")).collect()
    }

    /// Answers a request.
    pub(crate) fn respond(&mut self, key: ServerKey, response: Response) {
        self.table.respond(key, response, self.now);
    }

    /// Wakes the leg after a while.
    pub(crate) fn wake(&mut self, leg: LegId, alarm: Alarm, after: Duration) {
        self.deadlines.set((leg, alarm), self.now + after);
    }

    /// Wakes the leg at a time.
    pub(crate) fn wake_at(&mut self, leg: LegId, alarm: Alarm, at: Instant) {
        self.deadlines.set((leg, alarm), at);
    }

    /// Lets an alarm be.
    pub(crate) fn calm(&mut self, leg: LegId, alarm: Alarm) {
        self.deadlines.clear((leg, alarm));
    }

    /// A number from 0 to `below` - 1.
    pub(crate) fn dice(&mut self, below: u32) -> u32 {
        self.chance.random_range(0..below.max(1))
    }
}

/// A tag or the beginning of a Call-ID: 80 bits that nobody can guess.
pub(crate) fn token(chance: &mut StdRng) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bits: u128 = chance.random();
    let digit = |_| {
        let digit = char::from(DIGITS[(bits & 31) as usize]);
        bits >>= 5;
        digit
    };
    (0..16).map(digit).collect()
}
