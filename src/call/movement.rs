//! The transfer that a call is in, and to which of the concerns what happens is handed.

use super::{
    Call, Outcome, TransferPhase, attended::Attended, cold::Cold, ending::rejection, errand::Errand, leg::Dialog,
    lifecycle::Timer, recall::Recall, warm::Warm,
};
use crate::{
    destination::{Plan, Refusal},
    ids::LegId,
    sip::{Failure, wire::StatusCode},
};
use std::time::Instant;

/// The transfer that a call is in: one at a time.
pub(super) enum Movement {
    /// None.
    Still,
    /// By REFER without Replaces, or by star code.
    Cold(Cold),
    /// By REFER with Replaces.
    Attended(Attended),
    /// With a talk in private first, in this call.
    Warm(Warm),
    /// Back again after a failure.
    Recall(Recall),
}

impl Call {
    /// Where somebody leads whom the transfer is about.
    pub(super) fn movement_routed(&mut self, ticket: u64, plan: Result<Plan, Refusal>, now: Instant) {
        match &self.movement {
            Movement::Cold(_) => self.cold_routed(ticket, plan, now),
            Movement::Warm(_) => self.warm_routed(ticket, plan, now),
            Movement::Recall(_) => self.recall_routed(ticket, plan, now),
            Movement::Still | Movement::Attended(_) => {}
        }
    }

    /// What the transfer waited for is over.
    pub(super) fn movement_due(&mut self) {
        match &self.movement {
            Movement::Cold(_) => self.cold_returned(),
            Movement::Warm(_) => self.warm_tone_over(),
            Movement::Recall(_) => self.notice_over(),
            Movement::Still | Movement::Attended(_) => {}
        }
    }

    /// Whether the leg hands its caller over now.
    pub(super) fn is_transferor(&self, leg: LegId) -> bool {
        match &self.movement {
            Movement::Cold(cold) => cold.by.leg == leg,
            Movement::Attended(attended) => attended.referrer == leg,
            Movement::Warm(warm) => warm.agent.leg == leg,
            Movement::Still | Movement::Recall(_) => false,
        }
    }

    /// A transfer that is decided and only waits for its end makes way for the next one, so that who failed may try again
    /// at once.
    pub(super) fn conclude(&mut self) {
        match &self.movement {
            Movement::Cold(_) => self.cold_returned(),
            Movement::Warm(_) => self.warm_concluded(),
            Movement::Still | Movement::Attended(_) | Movement::Recall(_) => {}
        }
    }

    /// The switch is being stopped in the middle of a transfer.
    pub(super) fn movement_cut_off(&mut self) {
        self.deadlines.clear(Timer::Movement);
        let transfer = match std::mem::replace(&mut self.movement, Movement::Still) {
            Movement::Still => None,
            Movement::Cold(cold) => Some(cold.by.transfer),
            Movement::Attended(attended) => Some(attended.transfer),
            Movement::Warm(warm) => Some(warm.agent.transfer),
            Movement::Recall(recall) => recall.open(),
        };
        if let Some(transfer) = transfer {
            self.transfer_ended(transfer, Outcome::Abandoned, 503, String::new());
        }
    }

    /// A leg that took part is gone.
    pub(super) fn left(&mut self, leg: LegId, now: Instant) {
        match &self.movement {
            Movement::Cold(_) => self.cold_left(leg, now),
            Movement::Warm(_) => self.warm_left(leg, now),
            Movement::Recall(_) => self.recall_left(),
            Movement::Attended(attended) if attended.referrer == leg => {
                let transfer = attended.transfer;
                self.movement = Movement::Still;
                self.transfer_ended(transfer, Outcome::Cancelled, 487, String::new());
            }
            Movement::Still | Movement::Attended(_) => {}
        }
    }

    /// An attempt's first 180.
    pub(super) fn dial_rings(&mut self, errand: &Errand) {
        match errand {
            Errand::Cold => self.cold_progress(StatusCode(180)),
            Errand::Invitation(member, transfer) => {
                self.notify(*member, true, StatusCode(180), String::new());
                self.transfer_goes_on(*transfer, TransferPhase::Ringing);
            }
            Errand::Warm => self.warm_rings(),
            Errand::First
            | Errand::Handed(_)
            | Errand::Recall
            | Errand::Fallback
            | Errand::Added(_)
            | Errand::Originated(_)
            | Errand::Second(_)
            | Errand::Queued
            | Errand::Redirected => {}
        }
    }

    /// An attempt has its answer.
    pub(super) fn dial_answered(&mut self, errand: Errand, leg: LegId, now: Instant) {
        match errand {
            Errand::First | Errand::Handed(_) | Errand::Queued => {}
            Errand::Added(role) => self.added(leg, role),
            Errand::Originated(second) => self.first_answered(leg, second),
            Errand::Second(first) => self.second_answered(first),
            Errand::Redirected => self.kept = false,
            Errand::Cold => self.cold_answered(leg, now),
            Errand::Warm => self.warm_answered(leg),
            Errand::Invitation(member, transfer) => self.invitation_done(member, transfer, leg),
            Errand::Recall => self.recall_answered(leg, Outcome::Recalled),
            Errand::Fallback => self.recall_answered(leg, Outcome::FellBack),
        }
    }

    /// An attempt came to nothing.
    pub(super) fn dial_failed(&mut self, errand: Errand, failure: Failure, now: Instant) {
        match errand {
            Errand::First => self.reject_waiting(&failure),
            Errand::Added(_) | Errand::Originated(_) => {}
            Errand::Queued => self.queued_in_vain(&failure),
            Errand::Second(_) => self.regret(),
            Errand::Redirected => self.not_put_through(&failure),
            Errand::Handed(by) => {
                self.reject_waiting(&failure);
                if matches!(self.movement, Movement::Still) {
                    self.begin_recall(*by, failure.status.0, failure.reason, now);
                }
            }
            Errand::Cold => self.cold_failed(failure, now),
            Errand::Warm => self.warm_failed(&failure, now),
            Errand::Invitation(member, transfer) => self.invitation_failed(member, transfer, failure),
            Errand::Recall => self.fall_back(now),
            Errand::Fallback => self.give_notice(now),
        }
    }

    /// Those who called and have no answer are told how their call went.
    pub(super) fn reject_waiting(&mut self, failure: &Failure) {
        for leg in self.legs() {
            if self.legs.get(&leg).is_some_and(|party| matches!(party.dialog, Dialog::Incoming { .. })) {
                self.reject(leg, rejection(failure));
            }
        }
    }
}
