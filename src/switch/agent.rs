//! Who takes the calls of queues: an extension, and whether it may be offered one now. Each extension that has or had a leg is known
//! here, a member of a queue or not, so that new settings find everybody as they are.

use crate::ids::EntryId;
use serde::Serialize;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use utoipa::ToSchema;

/// What an agent does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// May be offered a call.
    Free,
    /// Its phone rings for a queue.
    Offered,
    /// It is in a call, rings for another one, or calls somebody.
    Busy,
    /// Time for itself after a call of a queue.
    WrapUp,
    /// It did not take the last offer, or has sent somebody to a queue, and is left alone for a moment.
    Resting,
    /// Somebody said that it takes no calls.
    Paused,
    /// No phone of it is registered.
    Offline,
}

/// An agent as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentState {
    /// The extension.
    pub extension: String,
    /// What it does.
    pub status: AgentStatus,
    /// It takes no calls of queues, once it has done what it does.
    pub paused: bool,
    /// When wrap-up or rest are over.
    pub until: Option<Instant>,
    /// Whose call it is offered.
    pub offered: Option<EntryId>,
    /// When its last call of a queue ended.
    pub last_call: Option<Instant>,
    /// Calls of queues that it took.
    pub taken: u64,
    /// Offers that it did not take.
    pub missed: u64,
}

/// All who are or were agents. A seat is an agent's for good, so that what it does outlives new settings.
#[derive(Debug, Default)]
pub(super) struct Agents {
    all: Vec<Agent>,
    seats: HashMap<String, Seat>,
}

/// The place of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Seat(usize);

/// An agent.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) number: String,
    /// Its legs, ringing ones among them, whatever they are for.
    legs: u32,
    offered: Option<Offered>,
    /// It has a call of a queue; this long it has for itself after it.
    took: Option<Duration>,
    wrap_up_until: Option<Instant>,
    rests_until: Option<Instant>,
    paused: bool,
    last_call: Option<Instant>,
    taken: u64,
    missed: u64,
}

#[derive(Clone, Copy, Debug)]
struct Offered {
    entry: EntryId,
    /// A phone of it was called.
    rings: bool,
}

impl Agents {
    /// The seat of an extension, made if it has none.
    pub(super) fn seat(&mut self, number: &str) -> Seat {
        if let Some(seat) = self.seats.get(number) {
            return *seat;
        }
        let seat = Seat(self.all.len());
        self.all.push(Agent::new(number));
        self.seats.insert(number.to_owned(), seat);
        seat
    }

    pub(super) fn find(&self, number: &str) -> Option<Seat> {
        self.seats.get(number).copied()
    }

    pub(super) fn get(&self, seat: Seat) -> Option<&Agent> {
        self.all.get(seat.0)
    }

    pub(super) fn get_mut(&mut self, seat: Seat) -> Option<&mut Agent> {
        self.all.get_mut(seat.0)
    }
}

impl Agent {
    fn new(number: &str) -> Self {
        Self {
            number: number.to_owned(),
            legs: 0,
            offered: None,
            took: None,
            wrap_up_until: None,
            rests_until: None,
            paused: false,
            last_call: None,
            taken: 0,
            missed: 0,
        }
    }

    /// Whether it may be offered a call, if a phone of it is registered.
    pub(super) fn is_free(&self) -> bool {
        self.status(true) == AgentStatus::Free
    }

    /// When its last call of a queue ended: who never had one comes first.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        self.last_call
    }

    /// It is offered a call from now on.
    pub(super) fn offer(&mut self, entry: EntryId) {
        self.offered = Some(Offered { entry, rings: false });
    }

    /// That offer is over. Whether it was its.
    pub(super) fn withdraw(&mut self, entry: EntryId) -> bool {
        let its = self.offered.is_some_and(|offered| offered.entry == entry);
        if its {
            self.offered = None;
        }
        its
    }

    /// It did not take an offer: it is left alone until then.
    pub(super) fn missed(&mut self, until: Instant) {
        self.missed += 1;
        self.rests_until = Some(until);
    }

    /// It sent somebody to a queue: it is not to have it back at once.
    pub(super) fn rests(&mut self, until: Instant) {
        self.rests_until = self.rests_until.max(Some(until));
    }

    /// It took a call, and has this long for itself after it.
    pub(super) fn took(&mut self, wrap_up: Duration) {
        self.taken += 1;
        self.took = Some(wrap_up);
    }

    /// It has one leg more.
    pub(super) fn engaged(&mut self) {
        self.legs += 1;
        if let Some(offered) = &mut self.offered {
            offered.rings = true;
        }
    }

    /// It has one leg less. If it was the last: what its offer was, which is over with it, and when its wrap-up ends.
    pub(super) fn released(&mut self, now: Instant) -> Option<Released> {
        self.legs = self.legs.saturating_sub(1);
        if self.legs > 0 {
            return None;
        }
        let offer = self.offered.filter(|offered| offered.rings).map(|offered| offered.entry);
        if offer.is_some() {
            self.offered = None;
        }
        let mut wrap_up = None;
        if let Some(time) = self.took.take() {
            self.last_call = Some(now);
            wrap_up = Some(now + time).filter(|_| !time.is_zero());
            self.wrap_up_until = wrap_up;
        }
        Some(Released { offer, wrap_up })
    }

    /// Wrap-up and rest are over if their time has come.
    pub(super) fn wake(&mut self, now: Instant) {
        self.wrap_up_until = self.wrap_up_until.filter(|until| *until > now);
        self.rests_until = self.rests_until.filter(|until| *until > now);
    }

    /// When it is to be woken.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        [self.wrap_up_until, self.rests_until].into_iter().flatten().min()
    }

    /// It takes calls, or none. Who comes back has no wrap-up left. Whether that is new.
    pub(super) fn pause(&mut self, paused: bool) -> bool {
        let new = std::mem::replace(&mut self.paused, paused) != paused;
        if new && !paused {
            (self.wrap_up_until, self.rests_until) = (None, None);
        }
        new
    }

    /// As it is now.
    pub(super) fn state(&self, online: bool) -> AgentState {
        let status = self.status(online);
        let until = match status {
            AgentStatus::WrapUp => self.wrap_up_until,
            AgentStatus::Resting => self.rests_until,
            AgentStatus::Free
            | AgentStatus::Offered
            | AgentStatus::Busy
            | AgentStatus::Paused
            | AgentStatus::Offline => None,
        };
        AgentState {
            extension: self.number.clone(),
            status,
            paused: self.paused,
            until,
            offered: self.offered.map(|offered| offered.entry),
            last_call: self.last_call,
            taken: self.taken,
            missed: self.missed,
        }
    }

    fn status(&self, online: bool) -> AgentStatus {
        if self.offered.is_some() {
            AgentStatus::Offered
        } else if self.legs > 0 {
            AgentStatus::Busy
        } else if self.paused {
            AgentStatus::Paused
        } else if !online {
            AgentStatus::Offline
        } else if self.wrap_up_until.is_some() {
            AgentStatus::WrapUp
        } else if self.rests_until.is_some() {
            AgentStatus::Resting
        } else {
            AgentStatus::Free
        }
    }
}

/// What the end of an agent's last leg means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Released {
    /// The offer that is over with it.
    pub(super) offer: Option<EntryId>,
    /// When its wrap-up ends, if it has one.
    pub(super) wrap_up: Option<Instant>,
}
