//! An attempt to reach a plan: its steps in turn, the targets of a step together, the best of their failures.

use super::{
    Action, Call, Event,
    ending::{passed_on, plain_failure, rank},
    errand::{Errand, Order, Way},
    face::Face,
    leg::Leg,
    lifecycle::Ticket,
    queued::{Goal, QueuePlace},
};
use crate::{
    destination::{Origin, Plan, Refusal, Target},
    ids::LegId,
    sip::{Cause, Failure},
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
    pub(super) face: Face,
    pub(super) steps: VecDeque<Vec<Target>>,
    pub(super) phase: Phase,
    /// The ticket of the route that a 3xx asked for.
    pub(super) redirect: Option<u64>,
    /// No further 3xx is followed.
    pub(super) redirected: bool,
    best: Option<Failure>,
    /// The queue that its targets come from.
    pub(super) place: Option<Box<QueuePlace>>,
    /// How long a phone may ring that has no time of its own.
    pub(super) timeout: Duration,
    /// That time holds for all.
    pub(super) fixed_timeout: bool,
}

/// Where the current step stands.
pub(super) enum Phase {
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
    pub(super) fn asks(&self) -> bool {
        self.way.whisper.is_some() || self.way.confirm.is_some()
    }

    /// A phone may ring for so long, unless a program has said how long.
    pub(super) fn rings_for(&mut self, time: Duration) {
        if !std::mem::replace(&mut self.fixed_timeout, true) {
            self.timeout = time;
        }
    }

    /// As whom it calls.
    pub(super) fn origin(&self) -> &Origin {
        &self.face.origin
    }

    pub(super) fn forget(&mut self, leg: LegId) {
        if let Phase::Calling(legs) = &mut self.phase {
            legs.retain(|other| *other != leg);
        }
        if self.early == Some(leg) {
            self.early = None;
        }
    }

    pub(super) fn note(&mut self, failure: Failure) {
        if self.best.as_ref().is_none_or(|best| rank(failure.status) < rank(best.status)) {
            self.best = Some(failure);
        }
    }
}

impl Call {
    /// Starts an attempt. `ring` is how long everybody may ring, `None` leaves it to targets and settings.
    pub(super) fn dial(&mut self, errand: Errand, face: Face, goal: impl Into<Goal>, ring: Option<Duration>) -> DialId {
        self.dial_in_a_way(errand, face, goal.into(), ring, None, Way::default())
    }

    /// The same in a way that a program wishes.
    #[allow(clippy::too_many_arguments, reason = "all that an attempt is made of")]
    pub(super) fn dial_in_a_way(
        &mut self,
        errand: Errand,
        face: Face,
        goal: Goal,
        ring: Option<Duration>,
        order: Option<Order>,
        way: Way,
    ) -> DialId {
        let id = DialId(self.number());
        let (steps, queue) = match goal {
            Goal::Ring(steps) => (steps, None),
            Goal::Queue(queue) => (Vec::new(), Some(queue)),
        };
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
            // Where an agent forwards its calls is no agent of the queue.
            redirected: queue.is_some(),
            best: None,
            place: None,
            timeout: ring.unwrap_or(self.settings.ring_timeout),
            fixed_timeout: ring.is_some(),
        };
        self.dials.insert(id, dial);
        match queue {
            Some(queue) => self.queue_up(id, queue, 0),
            None => self.next_step(id),
        }
        id
    }

    /// The queue did not keep those who wait: these ring instead.
    pub(super) fn ring_instead(&mut self, id: DialId, steps: Vec<Vec<Target>>) {
        let usual = self.settings.ring_timeout;
        let Some(dial) = self.dials.get_mut(&id) else { return };
        (dial.timeout, dial.fixed_timeout, dial.redirected, dial.rings) = (usual, false, false, false);
        dial.steps = steps.into();
        self.next_step(id);
    }

    /// An attempt is over because those who wait are elsewhere.
    pub(super) fn attempt_done(&mut self, id: DialId) {
        let Some(order) = self.dials.remove(&id).and_then(|dial| dial.order) else { return };
        self.tell(Event::AttemptEnded { attempt: order.id, leg: None, status: 200, reason: String::new() });
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
        let Some(mut dial) = self.dials.remove(&id) else { return };
        for leg in dial.legs() {
            self.drop_leg(*leg, Cause::Cancelled);
        }
        self.leave_queue(dial.place.take());
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

    /// The attempt is over because `winner`, who is confirmed, is there.
    pub(super) fn dial_won(&mut self, id: DialId, winner: LegId, now: Instant) {
        let Some(mut dial) = self.dials.remove(&id) else { return };
        for loser in dial.legs() {
            if *loser != winner {
                self.drop_leg(*loser, Cause::AnsweredElsewhere);
            }
        }
        self.served_by_queue(dial.place.take(), winner);
        if let Some(order) = dial.order {
            let (leg, reason) = (Some(winner), String::new());
            self.tell(Event::AttemptEnded { attempt: order.id, leg, status: 200, reason });
        }
        let codec = self.legs.get(&winner).and_then(Leg::codec);
        self.answer_waiting(codec);
        self.dial_answered(dial.errand, winner, now);
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
            // Whoever else is called by this attempt goes on ringing.
            Ok(Plan::Queue(queue)) if dial.legs().is_empty() => return self.queue_up(id, queue, 0),
            Ok(Plan::Queue(_) | Plan::Conference(_) | Plan::Music | Plan::Echo | Plan::Flow(_)) => {}
            Err(refusal) => dial.note(plain_failure(refusal.status().0)),
        }
        self.next_step(id);
    }

    /// One target less. A 6xx speaks for all of its step (RFC 3261 16.7 step 5).
    pub(super) fn target_out(&mut self, id: DialId, leg: LegId, failure: Failure) {
        let Some(dial) = self.dials.get_mut(&id) else { return };
        if dial.place.is_some() {
            return self.agent_out(id, leg, &failure);
        }
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
        let Some(mut dial) = self.dials.remove(&id) else { return };
        for leg in dial.legs() {
            self.drop_leg(*leg, cause);
        }
        self.leave_queue(dial.place.take());
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
