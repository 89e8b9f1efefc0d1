//! The machine between datagrams and legs.

use super::{Command, Event};
use crate::ids::LegIds;
use bytes::Bytes;
use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

/// What an endpoint must know about itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address that we say in Via and Contact; reached by the socket that the shell holds.
    pub local: SocketAddr,
    /// What we say instead of `local`'s address where we are behind NAT.
    pub public_address: Option<IpAddr>,
    /// Host of our URIs in From where nothing better is known.
    pub domain: String,
    /// User-Agent and Server.
    pub agent: String,
    /// Session-Expires that we ask for (RFC 4028); `None`: no session timers of ours.
    pub session_expires: Option<Duration>,
    /// The shortest Session-Expires that we accept (Min-SE), 90 s as a rule.
    pub min_session_expires: Duration,
    /// T1 (RFC 3261 17.1.1.1), 500 ms as a rule.
    pub t1: Duration,
    /// How many transactions may be alive; a request above that is answered 503 with Retry-After.
    pub max_transactions: usize,
}

/// A datagram to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// The message.
    pub payload: Bytes,
}

/// All dialogs and transactions behind one socket.
pub struct Endpoint {
    _settings: Settings,
    _legs: LegIds,
}

impl Endpoint {
    /// No dialog, no transaction. `seed` makes tags, branches and Call-IDs, which must not be guessed.
    pub fn new(settings: Settings, legs: LegIds, _seed: [u8; 32]) -> Self {
        Self { _settings: settings, _legs: legs }
    }

    /// A datagram came.
    pub fn receive(&mut self, _datagram: &[u8], _from: SocketAddr, _now: Instant) {}

    /// A wish.
    pub fn command(&mut self, _command: Command, _now: Instant) {}

    /// Deadlines that are due.
    pub fn wake(&mut self, _now: Instant) {}

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// The next datagram to send.
    pub fn next_transmit(&mut self) -> Option<Transmit> {
        None
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        None
    }
}
