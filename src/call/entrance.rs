//! How callers come in: taken in, answered, acknowledged.

use super::{
    Call, Event,
    ending::refused,
    errand::Errand,
    leg::{self, Dialog, Facts, Leg},
    queued::Goal,
    room::Kind,
};
use crate::{
    destination::{Origin, Plan, Refusal},
    ids::LegId,
    media::{self, sdp::Codec},
    sip::{self, Cause, Incoming, Rejection, wire::StatusCode},
};
use std::time::Instant;

impl Call {
    /// A new leg, and what it wants.
    pub(super) fn admit(&mut self, incoming: Incoming, port: u16, origin: Origin, plan: Result<Plan, Refusal>) {
        let leg = incoming.leg;
        let referred_by = incoming.referred_by.clone().map(|value| ("Referred-By".to_owned(), value));
        if let Err(rejection) = self.welcome(incoming, port, origin) {
            return self.reject(leg, rejection);
        }
        match plan {
            Err(refusal) => self.reject(leg, refused(refusal.status())),
            Ok(_) if self.kind == Kind::Room && !self.has_places(0) => self.reject(leg, refused(StatusCode(486))),
            Ok(_) if self.kind == Kind::Room => self.answer_leg(leg, None),
            Ok(plan @ (Plan::Ring(_) | Plan::Queue(_))) => {
                let face = self.face(leg, referred_by.into_iter().collect());
                if let (Some(face), Some(goal)) = (face, Goal::of(plan)) {
                    self.dial(Errand::First, face, goal, None);
                }
            }
            Ok(Plan::Conference(conference)) => self.enter(conference, vec![leg]),
            Ok(Plan::Music) => self.serve(media::Source::HoldMusic),
            Ok(Plan::Echo) => self.serve(media::Source::Echo),
            Ok(Plan::Flow(flow)) => self.ask_program(leg, flow),
        }
    }

    /// Takes a caller in; `Err` is how to refuse it because of its SDP.
    pub(super) fn welcome(&mut self, incoming: Incoming, port: u16, origin: Origin) -> Result<(), Rejection> {
        let id = incoming.leg;
        let negotiation = self.negotiation(port, &origin.codecs, origin.features);
        let who = origin.caller.clone();
        let offer = incoming.body.as_deref();
        let mut facts = Facts::new(true, self.now);
        if self.epoch.is_some() {
            let headers = &incoming.request.headers;
            facts.dialled.clone_from(&incoming.request.uri.user);
            facts.call_id = headers.call_id().ok().map(str::to_owned);
            facts.agent = headers.get("User-Agent").map(str::to_owned);
        }
        let (leg, usable) = Leg::incoming(id, origin, negotiation, offer, incoming.max_forwards, facts);
        self.begin();
        self.legs.insert(id, leg);
        self.tell(Event::LegStarted { leg: id, who, incoming: true });
        usable.map_err(|error| leg::unusable(&error, &self.settings.domain))
    }

    /// Somebody is in it, or is called.
    pub(super) fn begin(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            self.tell(Event::CallStarted);
        }
        self.ended = false;
    }

    /// Answers a caller, with this codec if it offered it.
    pub(super) fn answer_leg(&mut self, leg: LegId, codec: Option<Codec>) {
        let Some(party) = self.legs.get_mut(&leg) else { return };
        if !matches!(party.dialog, Dialog::Incoming { .. }) {
            return;
        }
        let body = party.answer(codec);
        party.facts.answered = Some(self.now);
        self.sip_out(sip::Command::Answer { leg, body });
        self.tell(Event::LegAnswered { leg });
    }

    /// The ACK of our 2xx came.
    pub(super) fn acked(&mut self, leg: LegId, sdp: Option<&[u8]>, now: Instant) {
        let Some(party) = self.legs.get_mut(&leg) else { return };
        let before = party.held_by_phone();
        // After a re-INVITE the session before it goes on; without any session there is nothing to talk over.
        if party.acked(sdp).is_err() && party.session().is_none() {
            self.drop_leg(leg, Cause::Refused(488));
            self.left(leg, now);
        }
        self.tell_hold(leg, before);
    }
}
