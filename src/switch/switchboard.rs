//! The switchboard: decisions, each a function of what is known and of `now`.

use super::{Event, Settings};
use crate::{
    destination::{Origin, Plan, Purpose, Refusal},
    sip::{self, wire::Uri},
};
use std::{
    net::{IpAddr, SocketAddr},
    time::Instant,
};

/// One registered contact (RFC 3261 10.3), as it is kept over a restart.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// The extension.
    pub extension: String,
    /// The contact URI as it was registered.
    pub contact: Uri,
    /// Where its REGISTER came from: calls go there (symmetric, RFC 3581).
    pub source: SocketAddr,
    /// Path (RFC 3327), in order.
    pub path: Vec<Uri>,
    /// 0 to 1000 thousandths.
    pub q: u16,
    /// Call-ID of the REGISTER (10.3 step 7).
    pub call_id: String,
    /// CSeq of the REGISTER.
    pub cseq: u32,
    /// User-Agent.
    pub agent: String,
    /// When it runs out.
    pub expires: Instant,
}

/// What becomes of an INVITE.
#[derive(Debug)]
pub enum Admission {
    /// The caller is who it says; this is where it wants to go.
    Accepted {
        /// Who it is.
        origin: Box<Origin>,
        /// Where the number leads.
        plan: Result<Plan, Refusal>,
    },
    /// An answer: a challenge (401), a refusal, 503 with Retry-After.
    Rejected(sip::Rejection),
}

/// Registrations, logins, trunks and routes.
pub struct Switchboard(());

impl Switchboard {
    /// Nobody is registered. `seed` makes everything that must not be guessed; nonces tell time from `now` on.
    pub fn new(_settings: Settings, _seed: [u8; 32], _now: Instant) -> Self {
        Self(())
    }

    /// The answer to a REGISTER: a challenge, the bindings, or a refusal.
    pub fn register(&mut self, _request: &sip::OutOfDialog, _now: Instant) -> sip::Reply {
        sip::Reply::new(sip::wire::StatusCode(500))
    }

    /// Who calls and where to.
    pub fn admit(&mut self, _incoming: &sip::Incoming, _now: Instant) -> Admission {
        Admission::Rejected(sip::Rejection::new(sip::wire::StatusCode(500)))
    }

    /// Where a number or URI leads for this origin; the host of the URI does not matter.
    pub fn route(
        &mut self,
        _origin: &Origin,
        _target: &Uri,
        _purpose: Purpose,
        _now: Instant,
    ) -> Result<Plan, Refusal> {
        Err(Refusal::Unknown)
    }

    /// Whether a datagram from there may be looked at: not banned, and not above the rate limit. Trunks and registered sources always may.
    pub fn may_enter(&mut self, _source: IpAddr, _now: Instant) -> bool {
        true
    }

    /// A line of a trunk is wanted for an outgoing leg; false when all `channels` are in use. Given back by `free_line`.
    pub fn take_line(&mut self, _trunk: &str) -> bool {
        true
    }

    /// A line of a trunk is free again.
    pub fn free_line(&mut self, _trunk: &str) {}

    /// The address of a trunk's host, found (or found anew) by the shell.
    pub fn resolved(&mut self, _trunk: &str, _addresses: &[SocketAddr]) {}

    /// All registrations, for the journal.
    pub fn bindings(&self) -> Vec<Binding> {
        Vec::new()
    }

    /// Registrations from before a restart; those of extensions that are gone, or that have run out, are left out.
    pub fn restore(&mut self, _bindings: Vec<Binding>, _now: Instant) {}

    /// Deadlines that are due.
    pub fn wake(&mut self, _now: Instant) {}

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        None
    }
}
