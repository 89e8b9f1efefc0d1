//! Handing over by putting one dialog in the place of another: REFER with Replaces (attended, and semi-attended while the
//! target still rings), and INVITE with Replaces (RFC 3891).

use super::{
    Action, Call, Outcome,
    cold::Transferor,
    errand::Errand,
    leg::{Dialog, Standing},
    movement::Movement,
};
use crate::{
    destination::Origin,
    ids::{LegId, TransferId},
    sip::{Cause, Incoming, Rejection, Replaces, wire::StatusCode},
};
use std::time::Instant;

/// The name of a transfer that is not told yet: `reopen_story` gives it one if it must be.
const NONE: TransferId = TransferId(0);

/// A join that the exchange is asked for.
pub(super) struct Attended {
    pub(super) referrer: LegId,
    pub(super) transfer: TransferId,
    /// NOTIFY tells how it goes, and it hangs up by itself.
    by_refer: bool,
}

impl Call {
    /// Everybody here except `referrer` shall take the place of the leg that Replaces names.
    pub(super) fn attend(&mut self, referrer: LegId, transfer: TransferId, replaces: &Replaces, now: Instant) {
        let refusal = match replaces.leg {
            None => Some(481),
            Some(leg) if leg == referrer => Some(481),
            // RFC 3891 3: early-only does not fit a confirmed dialog.
            Some(_) if replaces.early_only && replaces.confirmed => Some(486),
            Some(leg) => match self.legs.get(&leg) {
                Some(party) if !party.confirmed() => Some(481),
                Some(_) | None => None,
            },
        };
        match (replaces.leg, refusal) {
            (Some(leg), None) if self.legs.contains_key(&leg) => {
                // Both are in this call, the others as well: they only need to be left alone.
                self.drop_leg(leg, Cause::Replaced);
                self.attended_done(referrer, transfer, now);
            }
            (Some(replaced), None) => {
                self.movement = Movement::Attended(Attended { referrer, transfer, by_refer: true });
                self.act(Action::Join { referrer, replaced });
            }
            (None, _) | (Some(_), Some(_)) => {
                let status = refusal.unwrap_or(481);
                self.notify(referrer, true, StatusCode(status), String::new());
                self.transfer_ended(transfer, Outcome::Refused, status, String::new());
            }
        }
    }

    /// The same by the wish of a program.
    pub(super) fn join_with(&mut self, referrer: LegId, transfer: TransferId, replaced: LegId) {
        self.movement = Movement::Attended(Attended { referrer, transfer, by_refer: false });
        self.act(Action::Join { referrer, replaced });
    }

    fn attended_done(&mut self, referrer: LegId, transfer: TransferId, now: Instant) {
        let by_refer = !matches!(&self.movement, Movement::Attended(attended) if !attended.by_refer);
        self.movement = Movement::Still;
        self.let_all_go(&self.others(referrer));
        self.notify(referrer, by_refer, StatusCode(200), String::new());
        self.transfer_ended(transfer, Outcome::Completed, 200, String::new());
        if by_refer {
            self.part(referrer, now);
        } else {
            self.drop_leg(referrer, Cause::Transferred);
        }
    }

    /// The join was done.
    pub(super) fn joined(&mut self, referrer: LegId, now: Instant) {
        if let Some(transfer) = self.attended_by(referrer) {
            self.attended_done(referrer, transfer, now);
        }
    }

    /// The join was not possible: all is as before.
    pub(super) fn join_failed(&mut self, referrer: LegId, status: StatusCode) {
        if let Some(transfer) = self.attended_by(referrer) {
            let by_refer = !matches!(&self.movement, Movement::Attended(attended) if !attended.by_refer);
            self.movement = Movement::Still;
            self.notify(referrer, by_refer, status, String::new());
            self.transfer_ended(transfer, Outcome::Recalled, status.0, String::new());
        }
    }

    fn attended_by(&self, referrer: LegId) -> Option<TransferId> {
        match &self.movement {
            Movement::Attended(attended) if attended.referrer == referrer => Some(attended.transfer),
            Movement::Attended(_) | Movement::Still | Movement::Cold(_) | Movement::Warm(_) | Movement::Recall(_) => {
                None
            }
        }
    }

    /// An INVITE with Replaces for a leg of this call.
    pub(super) fn replace(&mut self, incoming: Incoming, port: u16, origin: Origin, replaced: LegId, now: Instant) {
        let new = incoming.leg;
        let early_only = incoming.replaces.as_ref().is_some_and(|replaces| replaces.early_only);
        // RFC 3891 3: an early dialog that the peer began cannot be replaced; one that is about to end is declined.
        let refusal = match self.legs.get(&replaced).map(|leg| (leg.dialog, leg.standing)) {
            None | Some((Dialog::Incoming { .. }, _)) => Some(481),
            Some((Dialog::Confirmed, Standing::Parting | Standing::Moving)) => Some(603),
            Some((Dialog::Confirmed, Standing::Present)) if early_only => Some(486),
            Some((Dialog::Confirmed | Dialog::Outgoing(_) | Dialog::Screened(_), _)) => None,
        };
        let welcome = self.welcome(incoming, port, origin);
        let refusal = refusal.map(|status| Rejection::new(StatusCode(status))).or(welcome.err());
        if let Some(rejection) = refusal {
            return self.reject(new, rejection);
        }
        let codec = self.others(replaced).first().and_then(|leg| self.legs.get(leg)).and_then(|leg| leg.codec());
        self.answer_leg(new, codec);
        self.take_place(&[new], Some(replaced), now);
    }

    /// Newcomers take the place of a leg, with whatever it was about to do or to get; it is hung up.
    pub(super) fn take_place(&mut self, newcomers: &[LegId], replaced: Option<LegId>, now: Instant) {
        let Some(old) = replaced.and_then(|leg| self.transferor(leg, NONE)) else { return };
        let Some(dialog) = self.legs.get(&old.leg).map(|leg| leg.dialog) else { return };
        let first = newcomers.first().copied();
        match (dialog, first.and_then(|leg| self.transferor(leg, NONE))) {
            (Dialog::Outgoing(dial) | Dialog::Screened(dial), Some(new)) => {
                self.drop_leg(old.leg, Cause::Replaced);
                self.dial_won(dial, new.leg, now);
            }
            (Dialog::Outgoing(dial) | Dialog::Screened(dial), None) => self.call_off(dial, Cause::Cancelled),
            (Dialog::Incoming { .. }, _) => {
                for dial in self.dials.values_mut().filter(|dial| matches!(dial.errand, Errand::First)) {
                    dial.errand = Errand::Handed(Box::new(old.clone()));
                }
                self.drop_leg(old.leg, Cause::Replaced);
            }
            (Dialog::Confirmed, new) => self.step_in(&old, new, now),
        }
    }

    fn step_in(&mut self, old: &Transferor, new: Option<Transferor>, now: Instant) {
        if let Movement::Attended(attended) = &self.movement
            && attended.referrer == old.leg
        {
            // It sent the REFER that brings the newcomers here: it is told, then it goes.
            return;
        }
        if let Some(new) = new {
            match &mut self.movement {
                Movement::Cold(cold) => Self::rename_cold(cold, old.leg, new),
                Movement::Warm(warm) => warm.rename(old.leg, new),
                Movement::Still | Movement::Attended(_) | Movement::Recall(_) => {}
            }
        }
        self.drop_leg(old.leg, Cause::Replaced);
        self.left(old.leg, now);
    }
}
