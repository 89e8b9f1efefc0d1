//! How legs go: by the doing of their peers, or by ours; one that is left with nobody goes too.

use super::{
    Action, Call, Event, GatherEnd,
    dial::Dial,
    ending::{in_words, plain_failure, status_of},
    leg::{Dialog, Leg, Standing},
    lifecycle::{Ticket, Timer},
    movement::Movement,
    part::Left,
    room::Kind,
    view::LegState,
};
use crate::{
    destination::Caller,
    ids::LegId,
    media,
    sip::{self, Cause, Failure, Rejection},
};
use std::time::Instant;

/// How a leg went by the doing of its peer.
pub(super) enum Gone {
    Failed(Failure),
    Ended(Cause),
}

impl Call {
    /// A leg is over by the doing of its peer.
    pub(super) fn gone(&mut self, leg: LegId, gone: Gone, now: Instant) {
        let Some(party) = self.legs.get(&leg) else { return };
        match (party.dialog, gone) {
            (Dialog::Outgoing(_), Gone::Failed(failure)) => self.target_failed(leg, failure),
            (Dialog::Screened(_), Gone::Failed(_)) | (Dialog::Outgoing(_) | Dialog::Screened(_), Gone::Ended(_)) => {
                self.target_failed(leg, plain_failure(480))
            }
            (Dialog::Incoming { .. } | Dialog::Confirmed, gone) => {
                let (status, reason) = match gone {
                    Gone::Failed(failure) => (failure.status.0, failure.reason),
                    Gone::Ended(cause) => (if party.confirmed() { 200 } else { 487 }, in_words(cause)),
                };
                self.forget_leg(leg, status, reason);
                self.left(leg, now);
            }
        }
    }

    /// Hangs a leg up. Whose concern it is must be told by the caller of this.
    pub(super) fn drop_leg(&mut self, leg: LegId, cause: Cause) {
        let Some(party) = self.legs.get(&leg) else { return };
        let status = if party.picked_up() { 200 } else { status_of(cause) };
        self.sip_out(sip::Command::Hangup { leg, cause });
        self.forget_leg(leg, status, in_words(cause));
    }

    /// Refuses a caller.
    pub(super) fn reject(&mut self, leg: LegId, rejection: Rejection) {
        let (status, reason) = (rejection.status.0, rejection.reason.clone());
        self.sip_out(sip::Command::Reject { leg, rejection });
        self.forget_leg(leg, status, reason);
    }

    /// A leg is no more.
    pub(super) fn forget_leg(&mut self, leg: LegId, status: u16, reason: String) {
        let Some(party) = self.legs.get(&leg) else { return };
        let last = self.epoch.map(|epoch| {
            let mut view = self.show(party, epoch);
            (view.state, view.ended_at) = (LegState::Ended, Some(epoch.stamp(self.now)));
            Box::new(view)
        });
        self.hush(leg);
        self.end_gather(leg, GatherEnd::LegEnded);
        let Some(party) = self.legs.get(&leg) else { return };
        if party.confirmed() && party.standing == Standing::Present && self.legs.values().any(Leg::held_by_us) {
            self.left_behind = Some(Left { leg, origin: party.origin.clone(), awaited: false });
        }
        self.legs.remove(&leg);
        self.coach_nobody(leg);
        self.untape(leg);
        if self.heard.remove(&leg).is_some() {
            self.media_out(media::Command::Leave { leg });
        }
        self.clear_leg(leg);
        self.act(Action::Release { leg });
        self.act(Action::Tell { event: Event::LegEnded { leg, status, reason }, leg: last, transfer: None });
    }

    /// What waited for a leg, or for its digits, waits no more.
    pub(super) fn clear_leg(&mut self, leg: LegId) {
        self.deadlines.clear(Timer::Ring(leg));
        self.deadlines.clear(Timer::Parting(leg));
        self.deadlines.clear(Timer::Screen(leg));
        self.deadlines.clear(Timer::Gather(leg));
        self.deadlines.clear(Timer::Flow(leg));
        self.flows.remove(&leg);
        self.deadlines.clear(Timer::Send(leg));
        self.sendings.remove(&leg);
        self.deadlines.clear(Timer::Digits(leg));
        self.collectors.remove(&leg);
    }

    /// Everything is ended.
    pub(super) fn end_all(&mut self, cause: Cause) {
        self.movement_cut_off();
        self.call_all_off();
        for leg in self.legs() {
            self.drop_leg(leg, cause);
        }
    }

    /// One party alone has nobody to talk to, unless it waits for somebody, is in a room or is played something.
    pub(super) fn end_if_alone(&mut self) {
        if !matches!(self.movement, Movement::Still) {
            self.left_behind = None;
            return;
        }
        if self.legs.values().any(|leg| leg.standing == Standing::Moving) {
            return;
        }
        let mut company = self.company().map(|leg| (leg.id, leg.held_by_us()));
        let (first, second) = (company.next(), company.next());
        drop(company);
        if !self.dials.is_empty() {
            if first.is_none() && !self.dials.values().any(Dial::needs_nobody) {
                self.call_all_off();
            }
            return;
        }
        let waits = self.regrets
            || !self.flows.is_empty()
            || self.tickets.values().any(|ticket| matches!(ticket, Ticket::Second(..) | Ticket::Fallback(_)));
        if self.kind != Kind::Conversation || (first.is_some() && (self.kept || waits || !self.awaits.is_empty())) {
            return;
        }
        let left = self.left_behind.take();
        match (first, second, left) {
            (Some(_), Some(_), Some(_)) => self.inherit(),
            (Some(_), Some(_), None) => {}
            (Some((last, held)), None, Some(left))
                if (held || left.awaited) && matches!(left.origin.caller, Caller::Extension(_)) =>
            {
                self.bring_back(last, left);
            }
            (Some(_) | None, ..) => self.drop_present(),
        }
    }

    fn drop_present(&mut self) {
        for leg in self.present() {
            self.drop_leg(leg, Cause::Normal);
        }
    }
}
