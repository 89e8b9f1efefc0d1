//! Legs on their way from one call to another.

use super::{
    Action, Call,
    dial::{Dial, DialId},
    leg::{Dialog, Leg, Standing},
    lifecycle::Timer,
    mix::{Heard, concerned},
    room::Kind,
};
use crate::{ids::LegId, media};
use std::{collections::BTreeMap, time::Instant};

/// A leg on its way from one call to another, with its dialog's and its negotiation's state and, if it waits for somebody who rings,
/// that attempt. Its media move apart, by the mixer's `release` and `adopt`.
pub struct Passenger {
    leg: Leg,
    /// It is in the mixer that it leaves.
    in_mixer: bool,
    /// Seconds of ringing that are left to it, when it is called by the attempt that travels with it.
    rings_until: Option<Instant>,
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
            let Some(mut leg) = self.legs.remove(id) else { continue };
            leg.standing = Standing::Present;
            let in_mixer = self.heard.remove(id).is_some() && !self.unsay_media(*id);
            let rings_until = self.deadlines.get(Timer::Ring(*id));
            self.clear_leg(*id);
            let dial = attempt.and_then(|dial| self.dials.remove(&dial).map(|state| (dial, Box::new(state))));
            passengers.push(Passenger { leg, in_mixer, rings_until, dial });
        }
        for passenger in &passengers {
            self.left(passenger.leg.id, now);
        }
        self.settle();
        passengers
    }

    /// Takes back what is not yet carried out of what the mixer was to be told of a leg: its next mixer is told all anew.
    /// Whether its `Join` was among it.
    fn unsay_media(&mut self, leg: LegId) -> bool {
        let mut joined = false;
        self.actions.retain(|action| match action {
            Action::Media(command) if concerned(command) == leg => {
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
            | Action::Tell(_)
            | Action::End => true,
        });
        joined
    }

    /// Takes legs in from another call; they take the place of `replaced` if it is given (which is hung up), else they just join.
    pub fn adopt(&mut self, passengers: Vec<Passenger>, replaced: Option<LegId>, now: Instant) {
        let mut renamed: BTreeMap<DialId, DialId> = BTreeMap::new();
        let mut newcomers = Vec::new();
        for Passenger { mut leg, in_mixer, rings_until, dial } in passengers {
            let id = leg.id;
            if let Some((old, dial)) = dial {
                let new = DialId(self.number());
                renamed.insert(old, new);
                self.dials.insert(new, *dial);
            }
            if let Some(new) = leg.dial().and_then(|old| renamed.get(&old)) {
                leg.dialog = Dialog::Outgoing(*new);
            } else {
                newcomers.push(id);
            }
            if let Some(at) = rings_until {
                self.deadlines.set(Timer::Ring(id), at);
            }
            if in_mixer {
                self.heard.insert(id, Heard::moved());
            }
            self.begun = true;
            self.legs.insert(id, leg);
        }
        self.take_place(&newcomers, replaced, now);
        if self.dials.is_empty() || self.kind == Kind::Room {
            self.answer_waiting(None);
        }
        self.settle();
    }
}
