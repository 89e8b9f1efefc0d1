//! Wishes of programs that concern two calls.

use super::{Exchange, Granted};
use crate::{
    call::{self, Epoch, Refused},
    ids::{CallId, LegId},
};
use std::time::Instant;

impl Exchange {
    /// A leg goes to another call. Whoever is left alone by that waits for it.
    pub(super) fn move_leg(&mut self, leg: LegId, to: CallId, epoch: Epoch, now: Instant) -> Result<Granted, Refused> {
        let from = self.call_of(leg).ok_or(Refused::UnknownLeg)?;
        self.look_at(to)?.may_join(1)?;
        self.look_at(from)?.may_go(leg)?;
        if from == to {
            return Err(Refused::SameCall);
        }
        if let Some(line) = self.calls.get_mut(&from) {
            line.call.wait_for(leg, now);
            self.awaited.insert(leg, from);
        }
        self.move_legs(from, to, &[leg], None, now);
        self.stirred.push_back(from);
        self.pump(now);
        Ok(self.done(to, &call::Done { leg: Some(leg), ..call::Done::default() }, epoch))
    }

    /// Everybody of one call goes to another, but for one who is hung up.
    pub(super) fn merge_calls(
        &mut self,
        from: CallId,
        into: CallId,
        leaving: Option<LegId>,
        epoch: Epoch,
        now: Instant,
    ) -> Result<Granted, Refused> {
        let source = self.look_at(from)?;
        if from == into {
            self.look_at(into)?;
            return Err(Refused::SameCall);
        }
        let mut legs = source.legs();
        legs.retain(|leg| Some(*leg) != leaving);
        source.may_end_in_another()?;
        let goal = self.look_at(into)?;
        goal.may_join(legs.len())?;
        if let Some(leg) = leaving {
            let place = self.call_of(leg).filter(|call| [from, into].contains(call)).ok_or(Refused::UnknownLeg)?;
            self.look_at(place)?.may_go(leg)?;
        }
        if !legs.iter().any(|leg| source.may_go(*leg).is_ok()) {
            return Err(Refused::NobodyElse);
        }
        self.move_legs(from, into, &legs, None, now);
        if let Some(line) = self.calls.get_mut(&into) {
            line.call.all_talk(now);
        }
        if let Some(leg) = leaving
            && let Some(line) = self.call_of(leg).and_then(|id| self.calls.get_mut(&id))
        {
            line.call.leave_for_good(leg, now);
        }
        self.stirred.push_back(from);
        self.pump(now);
        Ok(self.done(into, &call::Done::default(), epoch))
    }

    /// One person has two calls: it leaves both, and those whom it talked to have each other. What REFER with Replaces does.
    pub(super) fn bridge(&mut self, leg: LegId, with: LegId, epoch: Epoch, now: Instant) -> Result<Granted, Refused> {
        let (from, to) =
            (self.call_of(leg).ok_or(Refused::UnknownLeg)?, self.call_of(with).ok_or(Refused::UnknownLeg)?);
        let (first, second) = (self.look_at(from)?, self.look_at(to)?);
        if from == to {
            return Err(Refused::SameCall);
        }
        if self.is_room(from) && self.is_room(to) {
            return Err(Refused::InRoom);
        }
        second.may_be_left(with)?;
        first.may_be_left(leg)?;
        let (from_room, to_room) = (self.is_room(from), self.is_room(to));
        // Whoever is in both leaves, and the others of the one come to the other.
        if (to_room && !second.takes(first.legs().len().saturating_sub(2)))
            || (from_room && !first.takes(second.legs().len().saturating_sub(2)))
        {
            return Err(Refused::Full);
        }
        let number = second.number_of(with);
        let line = self.calls.get_mut(&from).ok_or(Refused::UnknownCall)?;
        let done = line.call.bridge(leg, with, number, now);
        self.stirred.push_back(from);
        self.pump(now);
        Ok(self.done(to, &done, epoch))
    }

    fn is_room(&self, id: CallId) -> bool {
        self.calls.get(&id).is_some_and(|line| line.conference.is_some())
    }

    /// A leg is gone: who waited for it in another call does so in vain.
    pub(super) fn awaited_in_vain(&mut self, leg: LegId, now: Instant) {
        let Some(id) = self.awaited.remove(&leg) else { return };
        if let Some(line) = self.calls.get_mut(&id) {
            line.call.waits_no_more(leg, now);
            self.stirred.push_back(id);
        }
    }
}
