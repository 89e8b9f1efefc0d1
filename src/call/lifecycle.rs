//! The call machine: what comes in is handed to who is concerned.

use super::{Action, Command};
use crate::{
    ids::{CallId, LegId},
    media::{self, sdp::Codec},
    sip,
};
use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

/// What every call must know.
#[derive(Clone, Debug)]
pub struct CallSettings {
    /// The address in our SDP.
    pub media_address: IpAddr,
    /// Our codecs in order of preference.
    pub codecs: Vec<Codec>,
    /// How long a phone may ring.
    pub ring_timeout: Duration,
    /// A failed transfer brings the caller back to who sent it.
    pub recall: bool,
    /// How long the transferor is rung again.
    pub recall_timeout: Duration,
    /// Where a caller goes when recall fails too.
    pub fallback: Option<String>,
    /// Star codes.
    pub codes: Codes,
    /// Host of our URIs.
    pub domain: String,
}

/// Star codes; `None`: that one is off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// Cold transfer: then the number, then # or 3 s of silence.
    pub blind_transfer: Option<String>,
    /// Warm transfer: likewise; the caller hears music, the target is called for a talk in private.
    pub attended_transfer: Option<String>,
    /// The agent leaves, caller and target talk.
    pub complete: Option<String>,
    /// The target goes, agent and caller talk.
    pub cancel: Option<String>,
    /// All talk.
    pub three_way: Option<String>,
    /// Talk to the other one of caller and target, whoever is left hears music.
    pub swap: Option<String>,
}

/// A leg on its way from one call to another, with its dialog's and its negotiation's state and, if it waits for somebody who rings,
/// that attempt. Its media move apart, by the mixer's `release` and `adopt`.
pub struct Passenger(());

/// One conversation.
pub struct Call {
    id: CallId,
}

impl Call {
    /// A call without legs. `conference` names the room that it is.
    pub fn new(id: CallId, _settings: std::sync::Arc<CallSettings>, _conference: Option<String>, _seed: u64) -> Self {
        Self { id }
    }

    /// Its name.
    pub fn id(&self) -> CallId {
        self.id
    }

    /// A wish, or the answer to one of ours.
    pub fn command(&mut self, _command: Command, _now: Instant) {}

    /// Something happened on the dialog of one of its legs.
    pub fn sip(&mut self, _event: sip::Event, _now: Instant) {}

    /// Something happened in its mixer.
    pub fn media(&mut self, _event: media::Event, _now: Instant) {}

    /// Deadlines that are due.
    pub fn wake(&mut self, _now: Instant) {}

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// What should happen next.
    pub fn next_action(&mut self) -> Option<Action> {
        None
    }

    /// Its legs, ringing ones included.
    pub fn legs(&self) -> Vec<LegId> {
        Vec::new()
    }

    /// Takes legs out for another call; the rest stays. The mixer's side is the exchange's business.
    pub fn release(&mut self, _legs: &[LegId], _now: Instant) -> Vec<Passenger> {
        Vec::new()
    }

    /// Takes legs in from another call; they take the place of `replaced` if it is given (which is hung up), else they just join.
    pub fn adopt(&mut self, _passengers: Vec<Passenger>, _replaced: Option<LegId>, _now: Instant) {}
}
