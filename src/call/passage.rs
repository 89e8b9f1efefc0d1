//! Legs on their way from one call to another.

use super::{
    Action, Call,
    dial::{Dial, DialId},
    leg::{Leg, Standing},
    lifecycle::Timer,
    mix::Heard,
    room::Kind,
};
use crate::{
    ids::LegId,
    media,
    sip::{Cause, wire::StatusCode},
};
use std::{collections::BTreeMap, time::Instant};

/// A leg on its way from one call to another, with its dialog's and its negotiation's state and, if it waits for somebody who rings,
/// that attempt. Its media move apart, by the mixer's `release` and `adopt`.
pub struct Passenger {
    leg: Leg,
    /// It is in the mixer that it leaves.
    in_mixer: bool,
    /// What it waits for.
    timers: Vec<(Timer, Instant)>,
    /// The attempt of which it is the first.
    dial: Option<(DialId, Box<Dial>)>,
}

impl Passenger {
    /// Which leg.
    pub fn leg(&self) -> LegId {
        self.leg.id
    }
}

impl Call {
    /// Takes legs out for another call; the rest stays. The mixer's side is the exchange's business.
    /// Whoever rings goes along when all who are called by that attempt are named.
    pub fn release(&mut self, legs: &[LegId], now: Instant) -> Vec<Passenger> {
        self.now = now;
        let passengers = self.take_out(legs);
        for passenger in &passengers {
            self.left(passenger.leg.id, now);
        }
        self.settle();
        passengers
    }

    /// Takes everybody out for another call but `replaced`, which is hung up. Nothing happens when there is nobody else.
    pub fn vacate(&mut self, replaced: LegId, now: Instant) -> Vec<Passenger> {
        self.now = now;
        let mut legs = self.legs();
        legs.retain(|leg| *leg != replaced);
        if self.others(replaced).is_empty() && self.dials.is_empty() {
            return Vec::new();
        }
        let passengers = self.take_out(&legs);
        self.drop_leg(replaced, Cause::Replaced);
        for leg in legs.into_iter().chain([replaced]) {
            self.left(leg, now);
        }
        self.settle();
        passengers
    }

    /// Whether others may take the place of this leg, by a REFER in another call; else what to tell who asked. Whoever hands
    /// its own caller over is not to be replaced: the others would be taken for the transferor, and be hung up in its place.
    ///
    /// # Errors
    /// 481: it is not here; 491: it hands over; 603: it is about to go (RFC 3891 3).
    pub fn may_be_replaced(&mut self, leg: LegId) -> Result<(), StatusCode> {
        self.conclude();
        match self.legs.get(&leg).map(|party| party.standing) {
            None => Err(StatusCode(481)),
            Some(Standing::Parting | Standing::Moving) => Err(StatusCode(603)),
            Some(Standing::Present) if self.is_transferor(leg) => Err(StatusCode(491)),
            Some(Standing::Present) => Ok(()),
        }
    }

    /// One who handed its caller over and is about to hang up does not travel: it has no part in what follows.
    fn take_out(&mut self, legs: &[LegId]) -> Vec<Passenger> {
        let travelling: Vec<DialId> = self
            .dials
            .iter()
            .filter(|(_, dial)| !dial.legs().is_empty() && dial.legs().iter().all(|leg| legs.contains(leg)))
            .map(|(id, _)| *id)
            .collect();
        let mut passengers = Vec::new();
        for id in legs {
            let attempt = self.legs.get(id).and_then(Leg::dial);
            if attempt.is_some_and(|dial| !travelling.contains(&dial)) {
                continue;
            }
            if self.legs.get(id).is_some_and(|party| party.standing == Standing::Parting) {
                continue;
            }
            let Some(mut leg) = self.legs.remove(id) else { continue };
            leg.standing = Standing::Present;
            let in_mixer = self.heard.remove(id).is_some() && !self.unsay_media(*id);
            let timers = [Timer::Ring(*id), Timer::Screen(*id)];
            let timers = timers.into_iter().filter_map(|timer| Some((timer, self.deadlines.get(timer)?))).collect();
            self.clear_leg(*id);
            let dial = attempt.and_then(|dial| self.dials.remove(&dial).map(|state| (dial, Box::new(state))));
            passengers.push(Passenger { leg, in_mixer, timers, dial });
        }
        passengers
    }

    /// Takes back what is not yet carried out of what the mixer was to be told of a leg: its next mixer is told all anew.
    /// Whether its `Join` was among it.
    fn unsay_media(&mut self, leg: LegId) -> bool {
        let mut joined = false;
        self.actions.retain(|action| match action {
            Action::Media(command) if command.leg() == Some(leg) => {
                joined |= matches!(command, media::Command::Join { .. });
                false
            }
            Action::Media(_)
            | Action::Sip(_)
            | Action::Route { .. }
            | Action::Lease { .. }
            | Action::Release { .. }
            | Action::Join { .. }
            | Action::Enter { .. }
            | Action::Fetch { .. }
            | Action::Record { .. }
            | Action::Tell { .. }
            | Action::End => true,
        });
        joined
    }

    /// Takes legs in from another call; they take the place of `replaced` if it is given (which is hung up), else they just join.
    pub fn adopt(&mut self, passengers: Vec<Passenger>, replaced: Option<LegId>, now: Instant) {
        self.now = now;
        let mut renamed: BTreeMap<DialId, DialId> = BTreeMap::new();
        let mut newcomers = Vec::new();
        for Passenger { mut leg, in_mixer, timers, dial } in passengers {
            let id = leg.id;
            if let Some((old, dial)) = dial {
                let new = DialId(self.number());
                renamed.insert(old, new);
                self.dials.insert(new, *dial);
            }
            if let Some(new) = leg.dial().and_then(|old| renamed.get(&old)) {
                leg.set_dial(*new);
            } else {
                newcomers.push(id);
            }
            for (timer, at) in timers {
                self.deadlines.set(timer, at);
            }
            if in_mixer {
                self.heard.insert(id, Heard::moved());
            }
            self.begin();
            self.legs.insert(id, leg);
        }
        self.take_place(&newcomers, replaced, now);
        if self.dials.is_empty() || self.kind == Kind::Room {
            self.answer_waiting(None);
        }
        self.settle();
    }
}
