//! Cold transfer: by REFER without Replaces (RFC 3515, RFC 5589 6), or by star code. The caller waits, the target is
//! called as if the caller did it, the transferor listens to how it goes or is gone.

use super::{
    Action, Approach, Call, Outcome, TransferKind, TransferPhase,
    dial::{Dial, DialId},
    ending::plain_failure,
    errand::Errand,
    leg::Standing,
    lifecycle::{Ticket, Timer},
    mix::Place,
    movement::Movement,
    queued::Goal,
    room::Kind,
};
use crate::{
    destination::{Origin, Plan, Purpose, Refusal},
    ids::{LegId, TransferId},
    media::Source,
    sip::{
        self, Cause, Failure, Rejection,
        wire::{Host, StatusCode, Uri},
    },
};
use std::time::{Duration, Instant};

/// How long a transferor whose transfer is complete has for its BYE.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);
/// Phones that hang up by themselves after the 202 do it within this time of their REFER: until then, a failure may
/// still find the transferor gone.
const SECOND_THOUGHTS: Duration = Duration::from_secs(2);

/// Who hands a caller over. Outlives its leg.
#[derive(Clone, Debug)]
pub(super) struct Transferor {
    pub(super) leg: LegId,
    pub(super) origin: Origin,
    /// The leg that is told as the transferor, even when another has taken its place.
    pub(super) told_as: LegId,
    /// What is told.
    pub(super) transfer: TransferId,
}

/// A cold transfer under way.
pub(super) struct Cold {
    pub(super) by: Transferor,
    /// NOTIFY tells it how it goes, and it hangs up by itself.
    by_refer: bool,
    /// Referred-By as it was said (RFC 3892), else made from the transferor.
    referred_by: Option<String>,
    /// In which way a program wants the target to be called.
    wish: Option<Box<Approach>>,
    asked_at: Instant,
    phase: Phase,
}

impl Cold {
    /// The attempt to reach the target.
    pub(super) fn dial(&self) -> Option<DialId> {
        match self.phase {
            Phase::Calling(dial) => Some(dial),
            Phase::Routing(_) | Phase::Returned(..) => None,
        }
    }

    /// NOTIFY tells how it goes.
    pub(super) fn by_refer(&self) -> bool {
        self.by_refer
    }

    /// It failed, and only waits for a hasty BYE.
    pub(super) fn is_decided(&self) -> bool {
        matches!(self.phase, Phase::Returned(..))
    }
}

enum Phase {
    /// Where does the target lead?
    Routing(u64),
    /// It is called.
    Calling(DialId),
    /// It failed with that while the transferor was there; it may yet hang up.
    Returned(u16, String),
}

impl Call {
    /// REFER from a peer.
    pub(super) fn refer(&mut self, refer: sip::Refer, now: Instant) {
        let leg = refer.leg;
        if self.legs.get(&leg).is_some_and(|party| party.origin.features.refer && party.standing == Standing::Present) {
            self.conclude();
        }
        let Some(party) = self.legs.get(&leg) else { return };
        let busy = !matches!(self.movement, Movement::Still) || party.standing != Standing::Present;
        let others = self.others(leg);
        let in_room = self.kind == Kind::Room || others.len() > 1;
        let refusal = if !party.origin.features.refer {
            Some(403)
        } else if !party.confirmed() || busy {
            Some(491)
        } else if others.is_empty() && !in_room {
            Some(403)
        } else {
            None
        };
        if let Some(status) = refusal {
            let rejection = Rejection::new(StatusCode(status));
            return self.sip_out(sip::Command::RefuseRefer { leg, rejection });
        }
        self.forget_digits(leg);
        self.sip_out(sip::Command::AcceptRefer { leg });
        let target = said(&refer.target);
        let kind = match &refer.replaces {
            Some(_) => TransferKind::Attended,
            None if in_room => TransferKind::Invitation,
            None => TransferKind::Cold,
        };
        let transfer = self.transfer_started(leg, target, kind);
        match refer.replaces {
            Some(replaces) => self.attend(leg, transfer, &replaces, now),
            None if in_room => self.invite_member(leg, transfer, refer.target, refer.referred_by),
            None => self.begin_cold(leg, transfer, refer.target, true, refer.referred_by, now),
        }
    }

    /// The others wait for the target from now on.
    pub(super) fn begin_cold(
        &mut self,
        leg: LegId,
        transfer: TransferId,
        target: Uri,
        by_refer: bool,
        referred_by: Option<String>,
        now: Instant,
    ) {
        let Some(by) = self.transferor(leg, transfer) else { return };
        let ticket = self.number();
        let origin = Box::new(by.origin.clone());
        let phase = Phase::Routing(ticket);
        self.movement = Movement::Cold(Cold { by, by_refer, referred_by, wish: None, asked_at: now, phase });
        self.let_all_go(&self.others(leg));
        self.tickets.insert(ticket, Ticket::Movement);
        self.act(Action::Route { ticket, origin, target, purpose: Purpose::Transfer });
    }

    /// The same by the wish of a program, which has asked where the target leads.
    pub(super) fn begin_cold_to(&mut self, leg: LegId, transfer: TransferId, to: Approach, plan: Plan) {
        let Some(by) = self.transferor(leg, transfer) else { return };
        let (ticket, now) = (self.number(), self.now);
        let (wish, phase) = (Some(Box::new(to)), Phase::Routing(ticket));
        self.movement = Movement::Cold(Cold { by, by_refer: false, referred_by: None, wish, asked_at: now, phase });
        self.cold_routed(ticket, Ok(plan), now);
    }

    /// A target that rings already takes the callers over: its agent is gone.
    pub(super) fn continue_cold(&mut self, by: Transferor, dial: DialId, now: Instant) {
        let queued = self.dials.get(&dial).is_some_and(Dial::is_queued);
        if let Some(dial) = self.dials.get_mut(&dial) {
            dial.errand = if queued { Errand::Queued } else { Errand::Cold };
        }
        let phase = Phase::Calling(dial);
        self.movement =
            Movement::Cold(Cold { by, by_refer: false, referred_by: None, wish: None, asked_at: now, phase });
        if queued {
            // It waits in its place from now on.
            self.cold_done(now);
        }
    }

    /// Where the target leads.
    pub(super) fn cold_routed(&mut self, ticket: u64, plan: Result<Plan, Refusal>, now: Instant) {
        let Movement::Cold(cold) = &self.movement else { return };
        let Phase::Routing(asked) = cold.phase else { return };
        if asked != ticket {
            return;
        }
        let by = cold.by.clone();
        let (referred_by, wish) = (cold.referred_by.clone(), cold.wish.clone());
        let callers = self.others(by.leg);
        match plan {
            Err(refusal) => self.cold_failed(plain_failure(refusal.status().0), now),
            // A program says what becomes of those who call, not of those who are sent.
            Ok(Plan::Flow(_)) => self.cold_failed(plain_failure(488), now),
            Ok(plan @ (Plan::Ring(_) | Plan::Queue(_))) => {
                let (Some(caller), Some(goal)) = (callers.first().copied(), Goal::of(plan)) else { return };
                let called = self.dial_target(Errand::Cold, caller, &by.origin, referred_by, wish.as_deref(), goal);
                let Some(dial) = called else { return };
                // An attempt without anybody to call is over already, and the transfer with it.
                if self.dials.contains_key(&dial)
                    && let Movement::Cold(cold) = &mut self.movement
                {
                    cold.phase = Phase::Calling(dial);
                    self.transfer_goes_on(by.transfer, TransferPhase::Calling);
                }
            }
            Ok(Plan::Conference(conference)) => {
                self.cold_done(now);
                self.enter(conference, callers);
            }
            Ok(Plan::Music) => {
                self.cold_done(now);
                self.serve(Source::HoldMusic);
            }
            Ok(Plan::Echo) => {
                self.cold_done(now);
                self.serve(Source::Echo);
            }
        }
    }

    /// A provisional response from the target.
    pub(super) fn cold_progress(&mut self, status: StatusCode) {
        if let Movement::Cold(cold) = &self.movement {
            let transfer = cold.by.transfer;
            self.notify(cold.by.leg, cold.by_refer, status, String::new());
            self.transfer_goes_on(transfer, TransferPhase::Ringing);
        }
    }

    /// The target answered.
    pub(super) fn cold_answered(&mut self, target: LegId, now: Instant) {
        if let Movement::Cold(cold) = &self.movement {
            self.transfer_target(cold.by.transfer, target);
        }
        self.cold_done(now);
    }

    /// The target is there: the transferor is not needed any more.
    pub(super) fn cold_done(&mut self, now: Instant) {
        let Movement::Cold(cold) = std::mem::replace(&mut self.movement, Movement::Still) else { return };
        self.notify(cold.by.leg, cold.by_refer, StatusCode(200), String::new());
        self.transfer_ended(cold.by.transfer, Outcome::Completed, 200, String::new());
        if cold.by_refer {
            self.part(cold.by.leg, now);
        } else {
            self.drop_leg(cold.by.leg, Cause::Transferred);
        }
    }

    /// The target is not to be had: back to the transferor.
    pub(super) fn cold_failed(&mut self, failure: Failure, now: Instant) {
        let Movement::Cold(cold) = &mut self.movement else { return };
        let status = failure.status;
        let (by, by_refer, asked_at) = (cold.by.clone(), cold.by_refer, cold.asked_at);
        cold.phase = Phase::Returned(status.0, failure.reason.clone());
        self.notify(by.leg, by_refer, status, failure.reason.clone());
        if !self.legs.contains_key(&by.leg) {
            return self.begin_recall(by, status.0, failure.reason, now);
        }
        let until = asked_at + SECOND_THOUGHTS;
        if by_refer && now < until {
            self.transfer_goes_on(by.transfer, TransferPhase::Returned);
            self.deadlines.set(Timer::Movement, until);
        } else {
            self.cold_returned();
        }
    }

    /// The transferor stayed: it has its caller again.
    pub(super) fn cold_returned(&mut self) {
        let Movement::Cold(Cold { by, phase: Phase::Returned(status, reason), .. }) = &self.movement else { return };
        let (transfer, status, reason) = (by.transfer, *status, reason.clone());
        self.movement = Movement::Still;
        self.deadlines.clear(Timer::Movement);
        self.transfer_ended(transfer, Outcome::Recalled, status, reason);
    }

    /// Somebody left while a cold transfer is under way.
    pub(super) fn cold_left(&mut self, left: LegId, now: Instant) {
        let Movement::Cold(cold) = &self.movement else { return };
        let (by, by_refer) = (cold.by.clone(), cold.by_refer);
        let returned = match &cold.phase {
            Phase::Returned(status, reason) => Some((*status, reason.clone())),
            Phase::Routing(_) | Phase::Calling(_) => None,
        };
        if self.others(by.leg).is_empty() {
            self.movement = Movement::Still;
            self.deadlines.clear(Timer::Movement);
            self.call_all_off();
            if returned.is_none() {
                self.notify(by.leg, by_refer, StatusCode(487), String::new());
            }
            self.transfer_ended(by.transfer, Outcome::CallerLeft, 487, String::new());
        } else if let (Some((status, reason)), true) = (returned, left == by.leg) {
            self.deadlines.clear(Timer::Movement);
            self.begin_recall(by, status, reason, now);
        }
    }

    /// What a leg hears while a cold transfer is under way.
    pub(super) fn cold_place(&self, cold: &Cold, leg: LegId) -> Place {
        match &cold.phase {
            Phase::Returned(..) => Place::Mix,
            Phase::Routing(_) | Phase::Calling(_) if leg == cold.by.leg => Place::Aside(None),
            Phase::Routing(_) => Place::Aside(Some(Source::HoldMusic)),
            Phase::Calling(dial) => self.waiting_place(*dial),
        }
    }

    /// What those hear who wait for an attempt: its early media, else ringback once it rings, else music.
    pub(super) fn waiting_place(&self, dial: DialId) -> Place {
        match self.dials.get(&dial) {
            Some(dial) if dial.is_queued() => Place::Aside(Some(Source::HoldMusic)),
            Some(dial) if dial.early.is_some() => Place::Mix,
            Some(dial) if dial.rings => Place::Aside(Some(Source::Ringback)),
            Some(_) | None => Place::Aside(Some(Source::HoldMusic)),
        }
    }

    /// A leg as the one that hands over.
    pub(super) fn transferor(&self, leg: LegId, transfer: TransferId) -> Option<Transferor> {
        self.legs.get(&leg).map(|party| Transferor { leg, origin: party.origin.clone(), told_as: leg, transfer })
    }

    /// NOTIFY to who sent REFER, if it is still there.
    pub(super) fn notify(&mut self, leg: LegId, by_refer: bool, status: StatusCode, reason: String) {
        if by_refer && self.legs.contains_key(&leg) {
            self.sip_out(sip::Command::Notify { leg, status, reason });
        }
    }

    /// A transferor is done: it has a moment for its BYE.
    pub(super) fn part(&mut self, leg: LegId, now: Instant) {
        let Some(party) = self.legs.get_mut(&leg) else { return };
        party.standing = Standing::Parting;
        self.deadlines.set(Timer::Parting(leg), now + FAREWELL);
    }

    /// Another leg has taken the place of the transferor.
    pub(super) fn rename_cold(cold: &mut Cold, old: LegId, new: Transferor) {
        if cold.by.leg == old {
            cold.by = Transferor { told_as: cold.by.told_as, transfer: cold.by.transfer, ..new };
            cold.by_refer = false;
        }
    }
}

/// A target in words: its number, or its host where it has none.
fn said(target: &Uri) -> String {
    match (&target.user, &target.host) {
        (Some(user), _) => user.clone(),
        (None, Host::Name(name)) => name.clone(),
        (None, Host::V4(address)) => address.to_string(),
        (None, Host::V6(address)) => format!("[{address}]"),
    }
}
