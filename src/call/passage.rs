//! Legs on their way from one call to another.

use super::{
    Action, Call, GatherEnd, Refused,
    dial::{Dial, DialId},
    errand::Errand,
    face::number_of,
    leg::{Leg, Standing},
    lifecycle::Timer,
    mix::Heard,
    part::Left,
    recording::Taping,
    room::Kind,
    story::Story,
};
use crate::{
    ids::{EntryId, LegId, RecordingId},
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
    /// What is told of the transfer that the attempt is for, where that goes with it.
    story: Option<Box<Story>>,
    /// Recordings that go with it.
    tapings: Vec<(RecordingId, Taping)>,
}

impl Passenger {
    /// Which leg.
    pub fn leg(&self) -> LegId {
        self.leg.id
    }

    /// The place in a queue that goes with it.
    pub fn entry(&self) -> Option<EntryId> {
        self.dial.as_ref().and_then(|(_, dial)| dial.place.as_ref()).map(|place| place.entry)
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
        if legs.is_empty() || (self.others(replaced).is_empty() && self.dials.is_empty()) {
            return Vec::new();
        }
        let passengers = self.take_out(&legs);
        let attempt = self.legs.get(&replaced).and_then(Leg::dial);
        self.drop_leg(replaced, Cause::Replaced);
        if let Some(attempt) = attempt {
            self.call_off(attempt, Cause::Cancelled);
        }
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

    /// Whether a leg may go to another call.
    ///
    /// # Errors
    /// Why not.
    pub fn may_go(&self, leg: LegId) -> Result<(), Refused> {
        self.answered(leg)?;
        if self.is_free() { Ok(()) } else { Err(Refused::AlreadyInTransfer) }
    }

    /// Whether all of this call may go to another.
    ///
    /// # Errors
    /// Why not.
    pub fn may_end_in_another(&self) -> Result<(), Refused> {
        if self.is_free() { Ok(()) } else { Err(Refused::AlreadyInTransfer) }
    }

    /// Whether so many more may come here from another call.
    ///
    /// # Errors
    /// Why not.
    pub fn may_join(&self, more: usize) -> Result<(), Refused> {
        match self.kind {
            Kind::Service(_) => Err(Refused::TargetUnfit),
            Kind::Room if !self.has_places(more) => Err(Refused::Full),
            Kind::Conversation | Kind::Room if self.is_free() => Ok(()),
            Kind::Conversation | Kind::Room => Err(Refused::AlreadyInTransfer),
        }
    }

    /// Whether a leg may leave the others of its call to others.
    ///
    /// # Errors
    /// Why not.
    pub fn may_be_left(&self, leg: LegId) -> Result<(), Refused> {
        self.may_go(leg)?;
        let company = self.company().any(|other| other.id != leg);
        if company || !self.dials.is_empty() { Ok(()) } else { Err(Refused::NobodyElse) }
    }

    /// The number of a leg, as it is said.
    pub fn number_of(&self, leg: LegId) -> String {
        self.legs.get(&leg).map(|party| number_of(&party.origin).to_owned()).unwrap_or_default()
    }

    /// One who goes to another call by a program's wish will come back: who is left alone waits for it.
    pub fn wait_for(&mut self, leg: LegId, now: Instant) {
        self.now = now;
        self.conclude();
        if let Some(party) = self.legs.get(&leg) {
            self.awaits.push(Left { leg, origin: party.origin.clone(), awaited: true });
        }
    }

    /// It will not come back.
    pub fn waits_no_more(&mut self, leg: LegId, now: Instant) {
        self.now = now;
        if let Some(at) = self.awaits.iter().position(|left| left.leg == leg) {
            self.left_behind = Some(self.awaits.swap_remove(at));
            self.settle();
        }
    }

    /// Nobody here is on hold by us any more.
    pub fn all_talk(&mut self, now: Instant) {
        self.now = now;
        self.kept = false;
        self.let_all_go(&self.legs());
        self.settle();
    }

    /// A leg is hung up, because the others go on without it.
    pub fn leave_for_good(&mut self, leg: LegId, now: Instant) {
        self.now = now;
        self.drop_leg(leg, Cause::Transferred);
        self.left(leg, now);
        self.settle();
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
            self.end_gather(*id, GatherEnd::Stopped);
            let Some(mut leg) = self.legs.remove(id) else { continue };
            self.coach_nobody(*id);
            self.let_out(*id);
            leg.standing = Standing::Present;
            leg.part.waits = None;
            let in_mixer = self.heard.remove(id).is_some() && !self.unsay_media(*id);
            let timers = [Timer::Ring(*id), Timer::Screen(*id)];
            let timers = timers.into_iter().filter_map(|timer| Some((timer, self.deadlines.get(timer)?))).collect();
            self.clear_leg(*id);
            let dial: Option<(DialId, Box<Dial>)> =
                attempt.and_then(|dial| self.dials.remove(&dial).map(|state| (dial, Box::new(state))));
            let tapings = self.take_tapings(*id);
            let mut story = None;
            if let Some((_, dial)) = &dial
                && let Errand::Invitation(_, transfer) = &dial.errand
            {
                story = self.stories.remove(transfer).map(Box::new);
            }
            passengers.push(Passenger { leg, in_mixer, timers, dial, story, tapings });
        }
        passengers
    }

    /// Takes back what is not yet carried out of what the mixer was to be told of a leg: its next mixer is told all anew.
    /// Whether its `Join` was among it.
    fn unsay_media(&mut self, leg: LegId) -> bool {
        let mut joined = false;
        self.actions.retain(|action| match action {
            // A recording is found wherever it is.
            Action::Media(media::Command::Record { .. }) => true,
            Action::Media(command) if command.leg() == Some(leg) => {
                joined |= matches!(command, media::Command::Join { .. });
                false
            }
            Action::Media(_)
            | Action::Sip(_)
            | Action::Route { .. }
            | Action::Lease { .. }
            | Action::Queue { .. }
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
        for Passenger { mut leg, in_mixer, timers, dial, story, tapings } in passengers {
            self.stories.extend(story.map(|story| (story.id, *story)));
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
            self.tapings.extend(tapings);
            self.legs.insert(id, leg);
        }
        let come_back = newcomers.iter().any(|leg| self.awaits.iter().any(|left| left.leg == *leg));
        self.awaits.retain(|left| !newcomers.contains(&left.leg));
        if come_back || replaced.is_some() {
            self.let_all_go(&self.legs());
        }
        self.coach_strangers();
        self.take_place(&newcomers, replaced, now);
        if self.dials.is_empty() || self.kind == Kind::Room {
            self.answer_waiting(None);
        }
        self.settle();
    }
}
