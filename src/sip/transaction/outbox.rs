//! Where transactions put what they want: datagrams, events, timers.

use super::{
    table::{ClientKey, Event, ServerKey},
    timer::{Timer, Timers},
};
use crate::{deadlines::Deadlines, sip::Transmit};
use bytes::Bytes;
use std::{
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, Instant},
};

/// Whose timer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Owner {
    Client(ClientKey),
    Server(ServerKey),
}

/// What all transactions share.
#[derive(Debug)]
pub(super) struct Outbox {
    pub(super) timers: Timers,
    pub(super) deadlines: Deadlines<(Owner, Timer)>,
    pub(super) transmits: VecDeque<Transmit>,
    pub(super) events: VecDeque<Event>,
}

impl Outbox {
    pub(super) fn new(timers: Timers) -> Self {
        Self { timers, deadlines: Deadlines::new(), transmits: VecDeque::new(), events: VecDeque::new() }
    }

    pub(super) fn send(&mut self, to: SocketAddr, payload: Bytes) {
        self.transmits.push_back(Transmit { to, payload });
    }

    /// Starts a timer with its first span, which is returned.
    pub(super) fn start(&mut self, owner: Owner, timer: Timer, now: Instant) -> Duration {
        self.start_for(owner, timer, self.timers.first(timer), now)
    }

    /// Starts a timer with a span of the caller's choice, which is returned.
    pub(super) fn start_for(&mut self, owner: Owner, timer: Timer, span: Duration, now: Instant) -> Duration {
        self.deadlines.set((owner, timer), now + span);
        span
    }

    pub(super) fn stop(&mut self, owner: Owner, timer: Timer) {
        self.deadlines.clear((owner, timer));
    }
}
