//! After a transfer failed and nobody is there for the caller: the transferor is rung again, then the fallback, then a
//! notice tone says that it did not work.

use super::{
    Action, Call, Outcome, TransferPhase,
    cold::Transferor,
    dial::DialId,
    errand::Errand,
    face::{handed_over, number_of, number_uri},
    lifecycle::{Ticket, Timer},
    mix::Place,
    movement::Movement,
    queued::Goal,
};
use crate::{
    destination::{Caller, Origin, Plan, Purpose, Refusal},
    ids::{LegId, TransferId},
    media::Source,
    sip::{Cause, wire::Uri},
};
use std::time::{Duration, Instant};

/// How long the notice tone is played before the end.
const NOTICE: Duration = Duration::from_secs(4);

/// A caller on its way back.
pub(super) struct Recall {
    by: Transferor,
    /// Why the transfer failed.
    status: u16,
    reason: String,
    phase: Phase,
}

enum Phase {
    /// Where is the transferor?
    Seeking(u64),
    /// It rings.
    Recalling(DialId),
    /// Where is the fallback?
    SeekingFallback(u64),
    /// It rings.
    FallingBack(DialId),
    /// The tone plays; the outcome is told.
    Notice,
}

impl Recall {
    /// Whose transfer has no outcome yet.
    pub(super) fn open(&self) -> Option<TransferId> {
        (!matches!(self.phase, Phase::Notice)).then_some(self.by.transfer)
    }
}

impl Call {
    /// The callers are without anybody since the transfer failed with `status`.
    pub(super) fn begin_recall(&mut self, mut by: Transferor, status: u16, reason: String, now: Instant) {
        self.reopen_story(&mut by);
        if self.present().is_empty() {
            self.movement = Movement::Still;
            return self.transfer_ended(by.transfer, Outcome::CallerLeft, 487, String::new());
        }
        let number = match &by.origin.caller {
            Caller::Extension(number) if self.settings.recall => Some(number.clone()),
            Caller::Extension(_) | Caller::Trunk(_) | Caller::Host(_) => None,
        };
        let origin = by.origin.clone();
        self.movement = Movement::Recall(Recall { by, status, reason, phase: Phase::Notice });
        let Some(number) = number else { return self.fall_back(now) };
        let target = number_uri(&number, &self.settings.domain);
        let ticket = self.seek(origin, target, Purpose::Recall);
        self.set_recall(Phase::Seeking(ticket));
    }

    fn seek(&mut self, origin: Origin, target: Uri, purpose: Purpose) -> u64 {
        let ticket = self.number();
        self.tickets.insert(ticket, Ticket::Movement);
        self.act(Action::Route { ticket, origin: Box::new(origin), target, purpose });
        ticket
    }

    fn set_recall(&mut self, phase: Phase) {
        if let Movement::Recall(recall) = &mut self.movement {
            recall.phase = phase;
        }
    }

    /// Where transferor or fallback are.
    pub(super) fn recall_routed(&mut self, ticket: u64, plan: Result<Plan, Refusal>, now: Instant) {
        let Movement::Recall(recall) = &self.movement else { return };
        match (&recall.phase, plan) {
            (Phase::Seeking(asked), Ok(Plan::Ring(steps))) if *asked == ticket => {
                self.ring_back(Errand::Recall, steps.into());
            }
            (Phase::Seeking(asked), _) if *asked == ticket => self.fall_back(now),
            (Phase::SeekingFallback(asked), Ok(plan @ (Plan::Ring(_) | Plan::Queue(_)))) if *asked == ticket => {
                if let Some(goal) = Goal::of(plan) {
                    self.ring_back(Errand::Fallback, goal);
                }
            }
            (Phase::SeekingFallback(asked), Ok(Plan::Conference(conference))) if *asked == ticket => {
                let callers = self.present();
                self.recall_done(Outcome::FellBack);
                self.enter(conference, callers);
            }
            (Phase::SeekingFallback(asked), Ok(Plan::Music)) if *asked == ticket => {
                self.recall_done(Outcome::FellBack);
                self.serve(Source::HoldMusic);
            }
            (Phase::SeekingFallback(asked), Ok(Plan::Echo)) if *asked == ticket => {
                self.recall_done(Outcome::FellBack);
                self.serve(Source::Echo);
            }
            (Phase::SeekingFallback(asked), Err(_) | Ok(Plan::Flow(_))) if *asked == ticket => self.give_notice(now),
            _ => {}
        }
    }

    /// Rings the transferor, marked so that it knows whom it gets back, or the fallback.
    fn ring_back(&mut self, errand: Errand, goal: Goal) {
        let Movement::Recall(recall) = &self.movement else { return };
        let (by, transfer) = (recall.by.origin.clone(), recall.by.transfer);
        let again = matches!(errand, Errand::Recall);
        let headers = if again {
            vec![("Alert-Info".to_owned(), "<urn:alert:source:recall>".to_owned())]
        } else {
            handed_over(&by, None, &self.settings.domain)
        };
        let Some(mut face) = self.present().first().and_then(|caller| self.face(*caller, headers)) else { return };
        if again {
            let name = face.identity.display.as_deref().or(face.identity.uri.user.as_deref()).unwrap_or("?");
            face.identity.display = Some(format!("Recall: {} <- {name}", number_of(&by)));
        }
        let ring = again.then_some(self.settings.recall_timeout);
        let dial = self.dial(errand, face, goal, ring);
        if self.dials.contains_key(&dial) {
            self.set_recall(if again { Phase::Recalling(dial) } else { Phase::FallingBack(dial) });
            let phase = if again { TransferPhase::Recalling } else { TransferPhase::FallingBack };
            self.transfer_goes_on(transfer, phase);
        }
    }

    /// The transferor does not answer.
    pub(super) fn fall_back(&mut self, now: Instant) {
        let Movement::Recall(recall) = &self.movement else { return };
        let origin = recall.by.origin.clone();
        let Some(fallback) = self.settings.fallback.clone() else { return self.give_notice(now) };
        let target = number_uri(&fallback, &self.settings.domain);
        let ticket = self.seek(origin, target, Purpose::Fallback);
        self.set_recall(Phase::SeekingFallback(ticket));
    }

    /// Nobody is left for the caller.
    pub(super) fn give_notice(&mut self, now: Instant) {
        let Movement::Recall(recall) = &mut self.movement else { return };
        recall.phase = Phase::Notice;
        let (transfer, status, reason) = (recall.by.transfer, recall.status, recall.reason.clone());
        self.deadlines.set(Timer::Movement, now + NOTICE);
        self.transfer_ended(transfer, Outcome::Abandoned, status, reason);
    }

    /// Somebody answered.
    pub(super) fn recall_answered(&mut self, leg: LegId, outcome: Outcome) {
        if let Movement::Recall(recall) = &self.movement {
            self.transfer_target(recall.by.transfer, leg);
        }
        self.recall_done(outcome);
    }

    /// The caller is with somebody.
    pub(super) fn recall_done(&mut self, outcome: Outcome) {
        let Movement::Recall(recall) = std::mem::replace(&mut self.movement, Movement::Still) else { return };
        self.transfer_ended(recall.by.transfer, outcome, recall.status, recall.reason);
    }

    /// The tone was played long enough.
    pub(super) fn notice_over(&mut self) {
        self.movement = Movement::Still;
        for leg in self.present() {
            self.drop_leg(leg, Cause::Normal);
        }
    }

    /// Somebody left while the caller is on its way back.
    pub(super) fn recall_left(&mut self) {
        let Movement::Recall(recall) = &self.movement else { return };
        if !self.present().is_empty() {
            return;
        }
        let open = recall.open();
        self.movement = Movement::Still;
        self.deadlines.clear(Timer::Movement);
        self.call_all_off();
        if let Some(transfer) = open {
            self.transfer_ended(transfer, Outcome::CallerLeft, 487, String::new());
        }
    }

    /// What callers hear meanwhile.
    pub(super) fn recall_place(&self, recall: &Recall) -> Place {
        match recall.phase {
            Phase::Seeking(_) | Phase::SeekingFallback(_) => Place::Aside(Some(Source::Ringback)),
            Phase::Recalling(dial) | Phase::FallingBack(dial) => self.waiting_place(dial),
            Phase::Notice => Place::Aside(Some(Source::Notice)),
        }
    }
}
