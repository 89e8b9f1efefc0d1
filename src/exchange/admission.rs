//! What becomes of an INVITE or a REGISTER.

use super::{Exchange, wiring::Owned};
use crate::{
    call,
    destination::{Caller, Origin, Plan},
    ids::{CallId, LegId},
    sip::{self, Incoming, Rejection, wire::StatusCode},
    switch::Admission,
};
use std::time::Instant;

/// s that a caller is asked to wait when all calls are taken.
const RETRY_WHEN_FULL: &str = "10";
/// s that a caller is asked to wait when too many called in the same second.
const RETRY_WHEN_FAST: &str = "2";
/// s that a caller is asked to wait while the switch is being stopped.
const RETRY_WHEN_STOPPED: &str = "30";

impl Exchange {
    /// Something that belongs to no leg of ours yet.
    pub(super) fn outside_of_legs(&mut self, event: sip::Event, now: Instant) {
        match event {
            sip::Event::Incoming(incoming) => self.incoming(incoming, now),
            sip::Event::Request(request) => {
                let reply = self.switchboard.register(&request, now);
                self.endpoint.command(sip::Command::Respond { request: request.request, reply }, now);
            }
            // Answers to requests of ours outside of dialogs: nobody here sends any. All others belong to legs.
            sip::Event::Response { .. }
            | sip::Event::Progress { .. }
            | sip::Event::Answered { .. }
            | sip::Event::Failed { .. }
            | sip::Event::Acked { .. }
            | sip::Event::Offered { .. }
            | sip::Event::OfferAnswered { .. }
            | sip::Event::OfferRefused { .. }
            | sip::Event::Refer(_)
            | sip::Event::Info { .. }
            | sip::Event::ReferAnswered { .. }
            | sip::Event::Notified { .. }
            | sip::Event::Ended { .. } => {}
        }
    }

    fn incoming(&mut self, incoming: Box<Incoming>, now: Instant) {
        let leg = incoming.leg;
        if let Err(rejection) = self.try_admit(incoming, now) {
            self.endpoint.command(sip::Command::Reject { leg, rejection }, now);
        }
    }

    fn try_admit(&mut self, incoming: Box<Incoming>, now: Instant) -> Result<(), Rejection> {
        let replaced = self.check_replaces(&incoming)?;
        if replaced.is_none() {
            self.check_load(now)?;
        }
        let (origin, plan) = match self.switchboard.admit(&incoming, now) {
            Admission::Accepted { origin, plan } => (*origin, plan),
            Admission::Rejected(rejection) => return Err(rejection),
        };
        let port = self.equip(incoming.leg, &origin)?;
        if replaced.is_none() {
            self.gate.pass();
        }
        let leg = incoming.leg;
        let (id, command) = match replaced {
            Some((id, replaced)) => (id, call::Command::Replace { incoming, port, origin, replaced }),
            None => {
                let id = match &plan {
                    Ok(Plan::Conference(name)) => self.room(name, now),
                    Ok(Plan::Ring(_) | Plan::Music | Plan::Echo | Plan::Flow(_) | Plan::Queue(_)) | Err(_) => {
                        self.open_call(None, now)
                    }
                };
                (id, call::Command::Admit { incoming, port, origin, plan })
            }
        };
        if let Some(owned) = self.legs.get_mut(&leg) {
            owned.call = id;
        }
        if let Some(line) = self.calls.get_mut(&id) {
            line.call.command(command, now);
            self.stirred.push_back(id);
        }
        Ok(())
    }

    /// The room by this name, made if there is none.
    pub(super) fn room(&mut self, name: &str, now: Instant) -> CallId {
        match self.rooms.get(name) {
            Some(id) => *id,
            None => self.open_call(Some(name.to_owned()), now),
        }
    }

    /// Whether there is room for a new call. Who takes a place in a call that there is already makes none: a transfer does not
    /// fail because the switch is full or about to stop.
    fn check_load(&mut self, now: Instant) -> Result<(), Rejection> {
        if self.draining {
            return Err(unavailable(RETRY_WHEN_STOPPED));
        }
        if self.calls.len() >= self.max_calls {
            return Err(unavailable(RETRY_WHEN_FULL));
        }
        if self.media_behind || !self.gate.is_open(now) {
            return Err(unavailable(RETRY_WHEN_FAST));
        }
        Ok(())
    }

    /// Whose place the INVITE wants to take, if anybody's (RFC 3891 3).
    fn check_replaces(&self, incoming: &Incoming) -> Result<Option<(CallId, LegId)>, Rejection> {
        let Some(replaces) = &incoming.replaces else { return Ok(None) };
        let found = replaces.leg.and_then(|leg| Some((self.legs.get(&leg)?.call, leg)));
        match found {
            None => Err(Rejection::new(StatusCode(481))),
            Some(_) if replaces.early_only && replaces.confirmed => Err(Rejection::new(StatusCode(486))),
            Some(found) => Ok(Some(found)),
        }
    }

    /// A port, and a line where it comes by a trunk. The leg has no call yet.
    fn equip(&mut self, leg: LegId, origin: &Origin) -> Result<u16, Rejection> {
        self.lease(leg, &origin.caller, CallId(0)).ok_or_else(|| unavailable(RETRY_WHEN_FULL))
    }

    /// A port for a leg of a call, and a line of its trunk; nothing if one of them is not to be had.
    pub(super) fn lease(&mut self, leg: LegId, party: &Caller, call: CallId) -> Option<u16> {
        let trunk = match party {
            Caller::Trunk(trunk) => Some(trunk),
            Caller::Extension(_) | Caller::Host(_) => None,
        };
        if trunk.is_some_and(|trunk| !self.switchboard.take_line(trunk)) {
            return None;
        }
        let Some(port) = self.ports.lease(leg) else {
            if let Some(trunk) = trunk {
                self.switchboard.free_line(trunk);
            }
            return None;
        };
        if let Caller::Extension(number) = party {
            self.switchboard.engaged(number);
        }
        self.legs.insert(leg, Owned { call, party: party.clone(), mixed: false });
        Some(port)
    }
}

fn unavailable(retry_after_s: &str) -> Rejection {
    Rejection::new(StatusCode(503)).with("Retry-After", retry_after_s)
}
