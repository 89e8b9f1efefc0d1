//! One target of an attempt: it is called, rings, answers or refuses, and those who wait hear of it.

use super::{
    Action, Call, Event,
    dial::{Dial, DialId, Phase},
    ending::plain_failure,
    errand::Errand,
    face::{diversion, invitation},
    leg::{Dialog, Facts, Leg, OfferFirst, Told},
    lifecycle::{Ticket, Timer},
};
use crate::{
    destination::{Caller, Origin, Purpose, Target},
    ids::LegId,
    media::{sdp::Codec, srtp::Srtp},
    sip::{
        self, Cause, Failure,
        wire::{NameAddr, Params, StatusCode},
    },
};
use std::time::{Duration, Instant};

impl Call {
    /// Calls it.
    pub(super) fn call_target(&mut self, id: DialId, leg: LegId, port: u16, target: Target, now: Instant) {
        let negotiation = self.negotiation(port, &target.codecs, target.features);
        let Some(dial) = self.dials.get_mut(&id) else { return };
        let origin = Origin {
            caller: target.callee.clone(),
            features: target.features,
            identity: NameAddr { params: Params::default(), ..target.to.clone() },
            privacy: None,
            codecs: target.codecs.clone(),
        };
        let offer = (!target.late_offer).then_some(OfferFirst(dial.face.codec));
        let mut facts = Facts::new(false, now);
        facts.attempt = dial.order.as_ref().map(|order| order.id);
        if self.epoch.is_some() {
            facts.dialled.clone_from(&target.to.uri.user);
        }
        let (mut party, body) = Leg::outgoing(leg, origin, negotiation, id, offer, facts);
        if target.late_offer {
            party.prefer(dial.face.codec);
        } else if target.features.srtp == Srtp::Preferred {
            party.again = Some(Box::new((target.clone(), port)));
        }
        if let Phase::Calling(legs) = &mut dial.phase {
            legs.push(leg);
        }
        let ring = match target.ring_timeout_s {
            Some(seconds) if !dial.fixed_timeout => Duration::from_secs(seconds.into()),
            Some(_) | None => dial.timeout,
        };
        let who = target.callee.clone();
        let invite = invitation(&dial.face, leg, target, body);
        self.legs.insert(leg, party);
        self.tell(Event::LegStarted { leg, who, incoming: false });
        self.deadlines.set(Timer::Ring(leg), now + ring);
        self.sip_out(sip::Command::Invite(Box::new(invite)));
    }

    /// A target that need not speak SRTP refused it: it is invited once more, with RTP.
    fn invite_without_srtp(&mut self, id: DialId, leg: LegId) -> bool {
        let Some((target, port)) = self.legs.get_mut(&leg).and_then(|party| party.again.take()).map(|again| *again)
        else {
            return false;
        };
        let negotiation = self.negotiation(port, &target.codecs, target.features).giving_in();
        let (Some(dial), Some(party)) = (self.dials.get(&id), self.legs.get_mut(&leg)) else { return false };
        let body = party.offer_anew(negotiation, dial.face.codec);
        let invite = invitation(&dial.face, leg, target, Some(body));
        self.sip_out(sip::Command::Invite(Box::new(invite)));
        true
    }

    /// A provisional response came from a target.
    pub(super) fn target_progress(&mut self, leg: LegId, status: StatusCode, sdp: Option<&[u8]>) {
        let Some(id) = self.legs.get(&leg).and_then(Leg::dial) else { return };
        let Some(dial) = self.dials.get_mut(&id) else { return };
        let first = status.0 == 180 && !dial.rings;
        dial.rings |= first;
        if status.0 == 180
            && let Some(party) = self.legs.get_mut(&leg)
            && !std::mem::replace(&mut party.rang, true)
        {
            party.facts.ringing = Some(self.now);
            self.tell(Event::LegRinging { leg });
        }
        let Some(dial) = self.dials.get_mut(&id) else { return };
        // Who waits in a queue hears its music until somebody has answered.
        let for_all = !matches!(dial.errand, Errand::Invitation(..)) && dial.way.early_media && dial.place.is_none();
        let heard = for_all
            && dial.early.is_none_or(|early| early == leg)
            && sdp.is_some_and(|sdp| self.legs.get_mut(&leg).is_some_and(|leg| leg.hear_early(sdp)));
        if heard {
            dial.early = Some(leg);
        }
        let errand = first.then(|| dial.errand.clone());
        self.tell_waiting(status, heard.then_some(leg));
        if let Some(errand) = errand {
            self.dial_rings(&errand);
        }
    }

    /// Passes on to the callers without answer how their call goes: 180 once, or 183 with SDP once.
    fn tell_waiting(&mut self, status: StatusCode, early: Option<LegId>) {
        let codec = early.and_then(|leg| self.legs.get(&leg)).and_then(Leg::codec);
        let mut out = Vec::new();
        for (leg, party) in self.legs.iter_mut() {
            let Dialog::Incoming { told } = &mut party.dialog else { continue };
            let before = *told;
            if early.is_some() && before < Told::EarlyMedia {
                *told = Told::EarlyMedia;
                if let Some(body) = party.answer_early(codec) {
                    out.push(sip::Command::Progress { leg: *leg, status: StatusCode(183), body: Some(body) });
                    continue;
                }
                // The caller made no offer, so it cannot hear the early media (RFC 3262 would take an offer of ours
                // here); it makes its own ringback.
                party.dialog = Dialog::Incoming { told: Told::Ringing };
            }
            if before == Told::Nothing && (status.0 == 180 || early.is_some()) {
                party.dialog = Dialog::Incoming { told: Told::Ringing };
                out.push(sip::Command::Progress { leg: *leg, status: StatusCode(180), body: None });
            }
        }
        for command in out {
            self.sip_out(command);
        }
    }

    /// A target answered: it wins, the others are told that somebody else did.
    pub(super) fn target_answered(&mut self, leg: LegId, sdp: Option<&[u8]>, now: Instant) {
        let Some(party) = self.legs.get_mut(&leg) else { return };
        let Some(id) = party.dial() else { return };
        match party.answered(sdp) {
            Ok(None) => {}
            Ok(Some(body)) => self.sip_out(sip::Command::Ack { leg, body }),
            Err(_) => {
                self.drop_leg(leg, Cause::Refused(488));
                return self.target_out(id, leg, plain_failure(488));
            }
        }
        self.deadlines.clear(Timer::Ring(leg));
        if let Some(party) = self.legs.get_mut(&leg) {
            party.facts.answered = Some(now);
        }
        self.tell(Event::LegAnswered { leg });
        if self.dials.get(&id).is_some_and(Dial::asks) {
            return self.screen(id, leg);
        }
        self.dial_won(id, leg, now);
    }

    /// Everybody who called and has no answer gets it.
    pub(super) fn answer_waiting(&mut self, codec: Option<Codec>) {
        let waiting: Vec<LegId> =
            self.legs.values().filter(|leg| matches!(leg.dialog, Dialog::Incoming { .. })).map(|leg| leg.id).collect();
        for leg in waiting {
            self.answer_leg(leg, codec);
        }
    }

    /// A target refused, or is gone.
    pub(super) fn target_failed(&mut self, leg: LegId, failure: Failure) {
        let Some(id) = self.legs.get(&leg).and_then(Leg::dial) else { return };
        if matches!(failure.status.0, 406 | 415 | 488 | 606) && self.invite_without_srtp(id, leg) {
            return;
        }
        let callee = self.legs.get(&leg).map(|leg| leg.origin.clone());
        self.forget_leg(leg, failure.status.0, failure.reason.clone());
        if matches!(callee.as_ref().map(|origin| &origin.caller), Some(Caller::Trunk(_)))
            && matches!(failure.status.0, 486 | 600 | 603 | 607)
            && let Some(dial) = self.dials.get_mut(&id)
        {
            // The called spoke, not the carrier: the same number over another trunk would only disturb again.
            dial.steps.retain(|step| step.iter().any(|target| matches!(target.callee, Caller::Extension(_))));
        }
        let ticket = self.number();
        if let (Some(contact), Some(callee), Some(dial)) = (failure.contacts.first(), callee, self.dials.get_mut(&id))
            && (300..400).contains(&failure.status.0)
            && !dial.redirected
        {
            dial.redirected = true;
            dial.redirect = Some(ticket);
            let host = &self.settings.domain;
            dial.face.headers.push(("Diversion".to_owned(), diversion(&callee, host)));
            // With the rights of who sends it on, as in a transfer: a caller from outside need not be allowed to dial that number.
            let by = if matches!(callee.caller, Caller::Extension(_)) { callee } else { dial.face.origin.clone() };
            let (origin, target) = (Box::new(by), contact.clone());
            self.tickets.insert(ticket, Ticket::Redirect(id));
            self.act(Action::Route { ticket, origin, target, purpose: Purpose::Transfer });
        }
        self.target_out(id, leg, failure);
    }

    /// A target rang for too long.
    pub(super) fn ring_timeout(&mut self, leg: LegId) {
        let Some(id) = self.legs.get(&leg).and_then(Leg::dial) else { return };
        self.drop_leg(leg, Cause::NoAnswer);
        self.target_out(id, leg, plain_failure(480));
    }
}
