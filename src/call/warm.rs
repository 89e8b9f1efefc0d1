//! Warm transfer within one call: the caller hears music while agent and target talk in private; then the agent leaves, takes
//! the caller back, talks to either in turn, or brings all together.

use super::{
    Action, Approach, Call, Outcome, TransferPhase,
    cold::Transferor,
    dial::{Dial, DialId},
    ending::plain_failure,
    errand::Errand,
    face::number_uri,
    lifecycle::{Ticket, Timer},
    mix::Place,
    movement::Movement,
    queued::Goal,
};
use crate::{
    destination::{Plan, Purpose, Refusal},
    ids::{LegId, TransferId},
    media::Source,
    sip::{Cause, Failure},
};
use std::time::{Duration, Instant};

/// How long the agent hears that the target is not to be had.
const TONE: Duration = Duration::from_secs(2);

/// A warm transfer under way.
pub(super) struct Warm {
    pub(super) agent: Transferor,
    /// In which way a program wants the target to be called.
    wish: Option<Box<Approach>>,
    phase: Phase,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// Where does the target lead?
    Routing(u64),
    /// It is called; the agent listens.
    Calling(DialId),
    /// It is there.
    Private { target: LegId, partner: Partner },
    /// It is not to be had, with this status and reason; the agent hears that.
    Tone(u16, String),
}

/// Whom the agent talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Partner {
    Target,
    Caller,
    /// All talk; the agent may still choose how it ends.
    Both,
}

impl Warm {
    /// Another leg has taken the place of one of the parties.
    pub(super) fn rename(&mut self, old: LegId, new: Transferor) {
        match &mut self.phase {
            Phase::Private { target, .. } if *target == old => *target = new.leg,
            _ if self.agent.leg == old => {
                self.agent = Transferor { told_as: self.agent.told_as, transfer: self.agent.transfer, ..new }
            }
            Phase::Routing(_) | Phase::Calling(_) | Phase::Private { .. } | Phase::Tone(..) => {}
        }
    }

    /// Agent and target are both there.
    pub(super) fn is_private(&self) -> bool {
        matches!(self.phase, Phase::Private { .. })
    }

    /// The target is called or there.
    pub(super) fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Private { .. } | Phase::Calling(_))
    }

    /// All talk, or the target is not to be had: another transfer may take its place.
    pub(super) fn is_decided(&self) -> bool {
        matches!(self.phase, Phase::Private { partner: Partner::Both, .. } | Phase::Tone(..))
    }

    fn target(&self) -> Option<LegId> {
        match self.phase {
            Phase::Private { target, .. } => Some(target),
            Phase::Routing(_) | Phase::Calling(_) | Phase::Tone(..) => None,
        }
    }
}

impl Call {
    /// The agent wants to talk to `number` in private.
    pub(super) fn begin_warm(&mut self, leg: LegId, transfer: TransferId, number: &str) {
        let Some(agent) = self.transferor(leg, transfer) else { return };
        let ticket = self.number();
        let origin = Box::new(agent.origin.clone());
        let target = number_uri(number, &self.settings.domain);
        self.movement = Movement::Warm(Warm { agent, wish: None, phase: Phase::Routing(ticket) });
        self.let_all_go(&self.others(leg));
        self.tickets.insert(ticket, Ticket::Movement);
        self.act(Action::Route { ticket, origin, target, purpose: Purpose::Transfer });
    }

    /// The same by the wish of a program, which has asked where the target leads.
    pub(super) fn begin_warm_to(&mut self, leg: LegId, transfer: TransferId, to: Approach, plan: Plan) {
        let Some(agent) = self.transferor(leg, transfer) else { return };
        let ticket = self.number();
        self.movement = Movement::Warm(Warm { agent, wish: Some(Box::new(to)), phase: Phase::Routing(ticket) });
        self.warm_routed(ticket, Ok(plan), self.now);
    }

    /// Where the target leads.
    pub(super) fn warm_routed(&mut self, ticket: u64, plan: Result<Plan, Refusal>, now: Instant) {
        let Movement::Warm(warm) = &self.movement else { return };
        if warm.phase != Phase::Routing(ticket) {
            return;
        }
        let (agent, wish) = (warm.agent.clone(), warm.wish.clone());
        match plan {
            Err(refusal) => self.warm_failed(&plain_failure(refusal.status().0), now),
            Ok(plan @ (Plan::Ring(_) | Plan::Queue(_))) => {
                let caller = self.others(agent.leg).first().copied().unwrap_or(agent.leg);
                let Some(goal) = Goal::of(plan) else { return };
                let called = self.dial_target(Errand::Warm, caller, &agent.origin, None, wish.as_deref(), goal);
                let Some(dial) = called else { return };
                if self.dials.contains_key(&dial) {
                    self.set_warm(Phase::Calling(dial));
                    self.transfer_goes_on(agent.transfer, TransferPhase::Calling);
                }
            }
            Ok(Plan::Conference(conference)) => {
                // Agent and caller go there together; the agent may leave when it likes.
                self.warm_ended(Outcome::Completed, 200, String::new());
                let everybody = self.present();
                self.enter(conference, everybody);
            }
            Ok(Plan::Music | Plan::Echo | Plan::Flow(_)) => self.warm_failed(&plain_failure(488), now),
        }
    }

    /// The target rings.
    pub(super) fn warm_rings(&mut self) {
        if let Movement::Warm(warm) = &self.movement {
            self.transfer_goes_on(warm.agent.transfer, TransferPhase::Ringing);
        }
    }

    /// The target answered.
    pub(super) fn warm_answered(&mut self, target: LegId) {
        self.set_warm(Phase::Private { target, partner: Partner::Target });
        self.tell_partner();
    }

    /// The target is not to be had: the agent hears why for a moment, then has its caller again.
    pub(super) fn warm_failed(&mut self, failure: &Failure, now: Instant) {
        self.set_warm(Phase::Tone(failure.status.0, failure.reason.clone()));
        if let Movement::Warm(warm) = &self.movement {
            self.transfer_goes_on(warm.agent.transfer, TransferPhase::Failed);
        }
        self.deadlines.set(Timer::Movement, now + TONE);
    }

    /// Whoever wants something else, the tone is over, and a talk of three is no transfer any more.
    pub(super) fn warm_concluded(&mut self) {
        match &self.movement {
            Movement::Warm(Warm { phase: Phase::Private { partner: Partner::Both, .. }, .. }) => {
                self.warm_ended(Outcome::Completed, 200, String::new());
            }
            Movement::Warm(_) | Movement::Still | Movement::Cold(_) | Movement::Attended(_) | Movement::Recall(_) => {
                self.warm_tone_over()
            }
        }
    }

    /// The tone was heard.
    pub(super) fn warm_tone_over(&mut self) {
        if let Movement::Warm(Warm { phase: Phase::Tone(status, reason), .. }) = &self.movement {
            let (status, reason) = (*status, reason.clone());
            self.warm_ended(Outcome::Recalled, status, reason);
        }
    }

    /// *4: the agent leaves; caller and target talk, or the caller waits for the target that rings.
    pub(super) fn warm_complete(&mut self, leg: LegId, now: Instant) {
        let Some(warm) = self.warm_of(leg) else { return };
        match warm.phase {
            Phase::Private { .. } | Phase::Calling(_) => {
                self.drop_leg(leg, Cause::Transferred);
                self.warm_left(leg, now);
            }
            Phase::Routing(_) | Phase::Tone(..) => {}
        }
    }

    /// *5: the target goes, agent and caller talk.
    pub(super) fn warm_cancel(&mut self, leg: LegId) {
        let Some(warm) = self.warm_of(leg) else { return };
        match warm.phase {
            Phase::Private { target, .. } => {
                self.drop_leg(target, Cause::Normal);
                self.warm_ended(Outcome::Cancelled, 200, String::new());
            }
            Phase::Calling(dial) => {
                self.call_off(dial, Cause::Cancelled);
                self.warm_ended(Outcome::Cancelled, 487, String::new());
            }
            Phase::Tone(..) => self.warm_tone_over(),
            Phase::Routing(_) => {}
        }
    }

    /// *6: all talk, until the agent leaves (*4), lets the target go (*5) or talks to it in private again (*7).
    pub(super) fn warm_three_way(&mut self, leg: LegId) {
        self.change_partner(leg, |_| Partner::Both);
    }

    /// *7: the agent talks to the other one; out of a talk of three, to the target.
    pub(super) fn warm_swap(&mut self, leg: LegId) {
        self.change_partner(leg, |partner| match partner {
            Partner::Target => Partner::Caller,
            Partner::Caller | Partner::Both => Partner::Target,
        });
    }

    fn change_partner(&mut self, leg: LegId, change: impl Fn(Partner) -> Partner) {
        if let Movement::Warm(Warm { agent, phase: Phase::Private { partner, .. }, .. }) = &mut self.movement
            && agent.leg == leg
        {
            *partner = change(*partner);
            self.tell_partner();
        }
    }

    /// How far it is follows from whom the agent talks to.
    fn tell_partner(&mut self) {
        let Movement::Warm(Warm { agent, phase: Phase::Private { partner, target }, .. }) = &self.movement else {
            return;
        };
        let (transfer, target) = (agent.transfer, *target);
        let phase = match partner {
            Partner::Target => TransferPhase::Consulting,
            Partner::Caller => TransferPhase::Swapped,
            Partner::Both => TransferPhase::Merged,
        };
        self.transfer_target(transfer, target);
        self.transfer_goes_on(transfer, phase);
    }

    /// Somebody left while a warm transfer is under way.
    pub(super) fn warm_left(&mut self, left: LegId, now: Instant) {
        let Movement::Warm(warm) = &self.movement else { return };
        let (agent, phase, target) = (warm.agent.clone(), warm.phase.clone(), warm.target());
        let callers = self.others(agent.leg).into_iter().filter(|leg| Some(*leg) != target).count();
        if callers == 0 {
            self.call_all_off();
            return self.warm_ended(Outcome::CallerLeft, 487, String::new());
        }
        match phase {
            Phase::Private { target, .. } if left == target => self.warm_ended(Outcome::Cancelled, 200, String::new()),
            Phase::Private { .. } if left == agent.leg => self.warm_ended(Outcome::Completed, 200, String::new()),
            Phase::Calling(dial) if left == agent.leg => self.continue_cold(agent, dial, now),
            Phase::Routing(_) if left == agent.leg => self.begin_recall(agent, 480, String::new(), now),
            Phase::Tone(status, reason) if left == agent.leg => {
                self.deadlines.clear(Timer::Movement);
                self.begin_recall(agent, status, reason, now);
            }
            Phase::Private { .. } | Phase::Calling(_) | Phase::Routing(_) | Phase::Tone(..) => {}
        }
    }

    /// What a leg hears while a warm transfer is under way.
    pub(super) fn warm_place(&self, warm: &Warm, leg: LegId) -> Place {
        let agent = leg == warm.agent.leg;
        match warm.phase {
            Phase::Calling(dial) if agent => {
                let place = self.waiting_place(dial);
                let queued = self.dials.get(&dial).is_some_and(Dial::is_queued);
                if place == Place::Aside(Some(Source::HoldMusic)) && !queued { Place::Aside(None) } else { place }
            }
            Phase::Private { target, partner: Partner::Target } if agent || leg == target => Place::Mix,
            Phase::Private { target, partner: Partner::Caller } if leg != target => Place::Mix,
            Phase::Private { partner: Partner::Both, .. } => Place::Mix,
            Phase::Tone(486 | 600 | 603, _) if agent => Place::Aside(Some(Source::Busy)),
            Phase::Tone(..) if agent => Place::Aside(Some(Source::Notice)),
            Phase::Routing(_) if agent => Place::Aside(None),
            Phase::Routing(_) | Phase::Calling(_) | Phase::Private { .. } | Phase::Tone(..) => {
                Place::Aside(Some(Source::HoldMusic))
            }
        }
    }

    fn warm_ended(&mut self, outcome: Outcome, status: u16, reason: String) {
        self.deadlines.clear(Timer::Movement);
        if let Movement::Warm(warm) = std::mem::replace(&mut self.movement, Movement::Still) {
            self.transfer_ended(warm.agent.transfer, outcome, status, reason);
        }
    }

    fn set_warm(&mut self, phase: Phase) {
        if let Movement::Warm(warm) = &mut self.movement {
            warm.phase = phase;
        }
    }

    /// The warm transfer whose agent this leg is.
    fn warm_of(&self, leg: LegId) -> Option<&Warm> {
        match &self.movement {
            Movement::Warm(warm) if warm.agent.leg == leg => Some(warm),
            Movement::Warm(_) | Movement::Still | Movement::Cold(_) | Movement::Attended(_) | Movement::Recall(_) => {
                None
            }
        }
    }
}
