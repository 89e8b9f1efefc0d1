//! An attempt to reach a plan: its steps in turn, the targets of a step together, the best of their failures.

use super::{
    Action, Call, Event, Role, Sound,
    attempt::Second,
    cold::Transferor,
    ending::{passed_on, plain_failure, rank},
    face::{Face, diversion, invitation},
    leg::{Dialog, Facts, Leg, OfferFirst, Told},
    lifecycle::{Ticket, Timer},
};
use crate::{
    destination::{Caller, Origin, Plan, Purpose, Refusal, Target},
    ids::{AttemptId, LegId, TransferId},
    media::{sdp::Codec, srtp::Srtp},
    sip::{
        self, Cause, Failure,
        wire::{NameAddr, Params, StatusCode},
    },
};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Names an attempt within its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct DialId(pub(super) u64);

/// An attempt. It ends in one answer, one failure, or is called off.
pub(super) struct Dial {
    pub(super) errand: Errand,
    /// Somebody rings.
    pub(super) rings: bool,
    /// Whose early media are heard.
    pub(super) early: Option<LegId>,
    /// The wish of a program that it carries out.
    pub(super) order: Option<Order>,
    pub(super) way: Way,
    face: Face,
    steps: VecDeque<Vec<Target>>,
    phase: Phase,
    /// The ticket of the route that a 3xx asked for.
    redirect: Option<u64>,
    /// No further 3xx is followed.
    redirected: bool,
    best: Option<Failure>,
    /// How long a phone may ring that has no time of its own.
    timeout: Duration,
    /// That time holds for all.
    fixed_timeout: bool,
}

/// In which way somebody is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// Those who wait hear what comes before the answer.
    pub(super) early_media: bool,
    /// Played to who answers before it is joined.
    pub(super) whisper: Option<Sound>,
    /// The digit by which it says that it wants to be.
    pub(super) confirm: Option<char>,
}

impl Default for Way {
    fn default() -> Self {
        Self { early_media: true, whisper: None, confirm: None }
    }
}

/// The wish of a program that an attempt carries out.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) id: AttemptId,
    /// Whom, as it was said.
    pub(super) to: String,
}

/// What the attempt is for: who is told how it goes.
#[derive(Clone, Debug)]
pub(super) enum Errand {
    /// The destination of those who called.
    First,
    /// The same, but whoever called has handed its waiting over (semi-attended transfer).
    Handed(Box<Transferor>),
    /// A cold transfer's target.
    Cold,
    /// A warm transfer's target.
    Warm,
    /// One more for the room, asked for by this member.
    Invitation(LegId, TransferId),
    /// The transferor, once more.
    Recall,
    /// Whoever takes callers that nobody else would.
    Fallback,
    /// One more party, by the wish of a program.
    Added(Role),
    /// The first of a call that we make, and who comes after.
    Originated(Option<Box<Second>>),
    /// The second of a call that we make; the first waits.
    Second(LegId),
    /// Where a program puts a caller through to.
    Redirected,
}

/// Where the current step stands.
enum Phase {
    /// Its targets wait for names and ports.
    Leasing { ticket: u64, targets: Vec<Target> },
    /// These are called.
    Calling(Vec<LegId>),
}

impl Dial {
    /// Those who are called now.
    pub(super) fn legs(&self) -> &[LegId] {
        match &self.phase {
            Phase::Leasing { .. } => &[],
            Phase::Calling(legs) => legs,
        }
    }

    /// It goes on while nobody is in the call.
    pub(super) fn needs_nobody(&self) -> bool {
        matches!(self.errand, Errand::Originated(_))
    }

    /// Who answers is not joined at once.
    fn asks(&self) -> bool {
        self.way.whisper.is_some() || self.way.confirm.is_some()
    }

    pub(super) fn forget(&mut self, leg: LegId) {
        if let Phase::Calling(legs) = &mut self.phase {
            legs.retain(|other| *other != leg);
        }
        if self.early == Some(leg) {
            self.early = None;
        }
    }

    fn note(&mut self, failure: Failure) {
        if self.best.as_ref().is_none_or(|best| rank(failure.status) < rank(best.status)) {
            self.best = Some(failure);
        }
    }
}

impl Call {
    /// Starts an attempt. `ring` is how long everybody may ring, `None` leaves it to targets and settings.
    pub(super) fn dial(
        &mut self,
        errand: Errand,
        face: Face,
        steps: Vec<Vec<Target>>,
        ring: Option<Duration>,
    ) -> DialId {
        self.dial_in_a_way(errand, face, steps, ring, None, Way::default())
    }

    /// The same in a way that a program wishes.
    #[allow(clippy::too_many_arguments, reason = "all that an attempt is made of")]
    pub(super) fn dial_in_a_way(
        &mut self,
        errand: Errand,
        face: Face,
        steps: Vec<Vec<Target>>,
        ring: Option<Duration>,
        order: Option<Order>,
        way: Way,
    ) -> DialId {
        let id = DialId(self.number());
        let dial = Dial {
            errand,
            rings: false,
            early: None,
            order,
            way,
            face,
            steps: steps.into(),
            phase: Phase::Calling(Vec::new()),
            redirect: None,
            redirected: false,
            best: None,
            timeout: ring.unwrap_or(self.settings.ring_timeout),
            fixed_timeout: ring.is_some(),
        };
        self.dials.insert(id, dial);
        self.next_step(id);
        id
    }

    /// Nobody of the current step is left: the next one, or the end of the attempt.
    fn next_step(&mut self, id: DialId) {
        let ticket = self.number();
        let Some(dial) = self.dials.get_mut(&id) else { return };
        if dial.redirect.is_some() || !dial.legs().is_empty() {
            return;
        }
        let step = std::iter::from_fn(|| dial.steps.pop_front()).find(|targets| !targets.is_empty());
        let Some(targets) = step else {
            let best = dial.best.take();
            return self.give_up(id, best.unwrap_or_else(|| plain_failure(480)));
        };
        let callees = targets.iter().map(|target| target.callee.clone()).collect();
        dial.phase = Phase::Leasing { ticket, targets };
        self.tickets.insert(ticket, Ticket::Lease(id));
        self.act(Action::Lease { ticket, callees });
    }

    /// Nobody comes: the attempt is over.
    pub(super) fn give_up(&mut self, id: DialId, failure: Failure) {
        let Some(dial) = self.dials.remove(&id) else { return };
        for leg in dial.legs() {
            self.drop_leg(*leg, Cause::Cancelled);
        }
        let failure = passed_on(failure);
        if let Some(order) = dial.order {
            let (status, reason) = (failure.status.0, failure.reason.clone());
            self.tell(Event::AttemptEnded { attempt: order.id, leg: None, status, reason });
        }
        self.dial_failed(dial.errand, failure, self.now);
    }

    /// Names and ports came for the targets of a step; a target without counts as one that answered 503.
    pub(super) fn leased(&mut self, id: DialId, ticket: u64, leases: Vec<Option<(LegId, u16)>>, now: Instant) {
        let Some(dial) = self.dials.get_mut(&id) else { return self.give_back(leases) };
        let targets = match std::mem::replace(&mut dial.phase, Phase::Calling(Vec::new())) {
            Phase::Leasing { ticket: asked, targets } if asked == ticket => targets,
            other @ (Phase::Leasing { .. } | Phase::Calling(_)) => {
                dial.phase = other;
                return self.give_back(leases);
            }
        };
        let leases = leases.into_iter().chain(std::iter::repeat(None));
        for (target, lease) in targets.into_iter().zip(leases) {
            match lease {
                Some((leg, port)) => self.call_target(id, leg, port, target, now),
                None => {
                    if let Some(dial) = self.dials.get_mut(&id) {
                        dial.note(plain_failure(503));
                    }
                }
            }
        }
        self.next_step(id);
    }

    /// Leases that nobody needs any more.
    pub(super) fn give_back(&mut self, leases: Vec<Option<(LegId, u16)>>) {
        for (leg, _) in leases.into_iter().flatten() {
            self.act(Action::Release { leg });
        }
    }

    fn call_target(&mut self, id: DialId, leg: LegId, port: u16, target: Target, now: Instant) {
        let negotiation = self.negotiation(port, &target.codecs, target.features.srtp);
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
        let negotiation = self.negotiation(port, &target.codecs, target.features.srtp).giving_in();
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
        let for_all = !matches!(dial.errand, Errand::Invitation(..)) && dial.way.early_media;
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
        for (leg, party) in &mut self.legs {
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

    /// The attempt is over because `winner`, who is confirmed, is there.
    pub(super) fn dial_won(&mut self, id: DialId, winner: LegId, now: Instant) {
        let Some(dial) = self.dials.remove(&id) else { return };
        for loser in dial.legs() {
            if *loser != winner {
                self.drop_leg(*loser, Cause::AnsweredElsewhere);
            }
        }
        if let Some(order) = dial.order {
            let (leg, reason) = (Some(winner), String::new());
            self.tell(Event::AttemptEnded { attempt: order.id, leg, status: 200, reason });
        }
        let codec = self.legs.get(&winner).and_then(Leg::codec);
        self.answer_waiting(codec);
        self.dial_answered(dial.errand, winner, now);
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

    /// Where a 3xx leads.
    pub(super) fn redirected(&mut self, id: DialId, ticket: u64, plan: Result<Plan, Refusal>) {
        let Some(dial) = self.dials.get_mut(&id) else { return };
        if dial.redirect != Some(ticket) {
            return;
        }
        dial.redirect = None;
        match plan {
            Ok(Plan::Ring(steps)) => steps.into_iter().rev().for_each(|step| dial.steps.push_front(step)),
            Ok(Plan::Conference(_) | Plan::Music | Plan::Echo | Plan::Flow(_)) => {}
            Err(refusal) => dial.note(plain_failure(refusal.status().0)),
        }
        self.next_step(id);
    }

    /// A target rang for too long.
    pub(super) fn ring_timeout(&mut self, leg: LegId) {
        let Some(id) = self.legs.get(&leg).and_then(Leg::dial) else { return };
        self.drop_leg(leg, Cause::NoAnswer);
        self.target_out(id, leg, plain_failure(480));
    }

    /// One target less. A 6xx speaks for all of its step (RFC 3261 16.7 step 5).
    pub(super) fn target_out(&mut self, id: DialId, leg: LegId, failure: Failure) {
        let Some(dial) = self.dials.get_mut(&id) else { return };
        dial.forget(leg);
        let everybody = failure.status.0 >= 600;
        dial.note(failure);
        if everybody {
            let others = dial.legs().to_vec();
            for other in others {
                self.drop_leg(other, Cause::Cancelled);
                if let Some(dial) = self.dials.get_mut(&id) {
                    dial.forget(other);
                }
            }
        }
        self.next_step(id);
    }

    /// Calls an attempt off: whoever rings stops.
    pub(super) fn call_off(&mut self, id: DialId, cause: Cause) {
        let Some(dial) = self.dials.remove(&id) else { return };
        for leg in dial.legs() {
            self.drop_leg(*leg, cause);
        }
        if let Some(order) = dial.order {
            let (status, reason) = (487, String::new());
            self.tell(Event::AttemptEnded { attempt: order.id, leg: None, status, reason });
        }
        if let Errand::Invitation(member, transfer) = dial.errand {
            self.invitation_pointless(member, transfer);
        }
    }

    /// Calls every attempt off.
    pub(super) fn call_all_off(&mut self) {
        let all: Vec<DialId> = self.dials.keys().copied().collect();
        for id in all {
            self.call_off(id, Cause::Cancelled);
        }
    }
}
