//! Endpoint, switchboard and calls in one.

use super::{Order, Ports};
use crate::{
    call::{self, CallSettings},
    ids::CallId,
    media, sip,
    switch::{self, Switchboard},
};
use std::{net::SocketAddr, time::Instant};

/// What an exchange must know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For the endpoint.
    pub sip: sip::Settings,
    /// For each call.
    pub call: CallSettings,
    /// Calls at once; more are answered 503 with Retry-After.
    pub max_calls: usize,
    /// New calls a second; more are answered 503 with Retry-After.
    pub max_calls_per_second: u32,
}

/// The signalling side of the switch.
pub struct Exchange {
    _ports: Box<dyn Ports>,
    _switchboard: Switchboard,
}

impl Exchange {
    /// No call yet. `seed` makes everything that must not be guessed.
    pub fn new(_settings: Settings, switchboard: Switchboard, ports: Box<dyn Ports>, _seed: [u8; 32]) -> Self {
        Self { _ports: ports, _switchboard: switchboard }
    }

    /// A datagram came.
    pub fn receive(&mut self, _datagram: &[u8], _from: SocketAddr, _now: Instant) {}

    /// Something happened in a mixer.
    pub fn media(&mut self, _call: CallId, _event: media::Event, _now: Instant) {}

    /// Deadlines that are due.
    pub fn wake(&mut self, _now: Instant) {}

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// The next datagram to send.
    pub fn next_transmit(&mut self) -> Option<sip::Transmit> {
        None
    }

    /// The next thing for the media side.
    pub fn next_order(&mut self) -> Option<Order> {
        None
    }

    /// The next thing that a call tells.
    pub fn next_news(&mut self) -> Option<(CallId, call::Event)> {
        None
    }

    /// The next thing that the switchboard tells.
    pub fn next_switch_event(&mut self) -> Option<switch::Event> {
        None
    }

    /// New calls are refused from now on (503), those alive are ended at `wake` after `grace` at the latest.
    pub fn shutdown(&mut self, _now: Instant) {}

    /// Calls alive.
    pub fn calls(&self) -> usize {
        0
    }
}
