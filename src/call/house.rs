//! A room that keeps rules: when the talk begins and ends, how many may come, what is heard when somebody comes or goes.

use super::{
    Audience, Call, Manner, Membership, PlayEnd, Refused, RoomSettings, Sound, Verb,
    lifecycle::{Ticket, Timer},
    movement::Movement,
    obey::Done,
    room::Kind,
};
use crate::{
    destination::Caller,
    ids::{LegId, PlayId},
    media::Repeat,
    sip::Cause,
};
use std::{collections::BTreeMap, time::Duration};

/// How long a tone is heard when somebody comes or goes.
const TONE: Duration = Duration::from_millis(400);

/// What a room is like, and who is in it.
#[derive(Debug, Default)]
pub(super) struct House {
    settings: RoomSettings,
    /// Somebody has come whose coming starts the talk.
    pub(super) started: bool,
    members: BTreeMap<LegId, Membership>,
    /// The tone that is heard now.
    tone: Option<PlayId>,
}

impl Call {
    /// The rules of a room, before anybody is in it.
    pub fn set_rules(&mut self, settings: RoomSettings) {
        self.house.settings = settings;
    }

    /// The rules of the room, and whether the talk has begun.
    pub fn rules(&self) -> (&RoomSettings, bool) {
        (&self.house.settings, self.house.started)
    }

    /// Whether so many more may come.
    pub(super) fn has_places(&self, more: usize) -> bool {
        let called: usize = self.dials.values().filter(|dial| dial.order.is_some()).count();
        self.house.settings.max_members.is_none_or(|most| self.present().len() + called + more <= most)
    }

    /// Whether so many more may come from elsewhere. Where there are no rules everybody may.
    pub fn takes(&self, more: usize) -> bool {
        self.kind != Kind::Room || self.has_places(more)
    }

    /// How many would go to a room if that were where the question leads.
    pub fn newcomers(&self, ticket: u64) -> usize {
        match self.tickets.get(&ticket) {
            Some(Ticket::Movement) => self.moved().len(),
            Some(Ticket::Overflow { .. }) => self.present().len(),
            Some(Ticket::Fallback(_) | Ticket::Second(..)) => 1,
            Some(Ticket::Lease(_) | Ticket::Redirect(_) | Ticket::Invitation(_) | Ticket::Agent(_)) | None => 0,
        }
    }

    /// How many a wish would send to a room.
    pub fn sent_by(&self, verb: &Verb) -> usize {
        if let Verb::Transfer(transfer) = verb {
            let others = self.others(transfer.leg).len();
            return if transfer.manner == Manner::Warm { others + 1 } else { others };
        }
        usize::from(matches!(verb, Verb::Redirect { .. }))
    }

    /// Those whom the transfer under way takes elsewhere.
    fn moved(&self) -> Vec<LegId> {
        match &self.movement {
            Movement::Cold(cold) => self.others(cold.by.leg),
            Movement::Still | Movement::Attended(_) | Movement::Warm(_) | Movement::Recall(_) => self.present(),
        }
    }

    /// What a member's coming and going means from now on.
    pub(super) fn set_membership(&mut self, leg: LegId, membership: Membership) -> Result<Done, Refused> {
        if self.kind != Kind::Room {
            return Err(Refused::NotInRoom);
        }
        self.answered(leg)?;
        self.house.members.insert(leg, membership);
        self.house.started |= membership.starts;
        Ok(Done::about(leg))
    }

    /// Who has come and gone since the last time.
    pub(super) fn keep_house(&mut self) {
        if self.kind != Kind::Room {
            return;
        }
        let present = self.present();
        let came: Vec<LegId> = present.iter().copied().filter(|leg| !self.house.members.contains_key(leg)).collect();
        let went: Vec<LegId> = self.house.members.keys().copied().filter(|leg| !present.contains(leg)).collect();
        for leg in &came {
            self.take_in(*leg);
        }
        let mut ends = false;
        for leg in &went {
            ends |= self.house.members.remove(leg).is_some_and(|membership| membership.ends);
        }
        if self.house.members.is_empty() {
            self.house.started = false;
        }
        if ends {
            return self.end_all(Cause::Normal);
        }
        // Nobody hears of the first one who comes, and of the last one who goes.
        let announced = match (came.is_empty(), went.is_empty()) {
            (false, _) if present.len() > 1 => self.house.settings.enters.clone(),
            (true, false) => self.house.settings.leaves.clone(),
            _ => None,
        };
        if let Some(sound) = announced {
            self.announce(&sound);
        }
    }

    fn take_in(&mut self, leg: LegId) {
        let Some(party) = self.legs.get(&leg) else { return };
        let settings = &self.house.settings;
        let moderates =
            matches!(&party.origin.caller, Caller::Extension(number) if settings.moderators.contains(number));
        let membership = if moderates { Membership { starts: true, ends: true } } else { settings.membership };
        self.house.started |= membership.starts;
        let waiting = settings.waiting.clone();
        self.house.members.insert(leg, membership);
        if waiting != Sound::Music {
            let tune = self.tune(leg, &waiting, Repeat::Forever);
            if let Some(party) = self.legs.get_mut(&leg) {
                party.part.waits = Some(tune);
            }
        }
    }

    /// One who goes to another call by a program's wish does not end the room.
    pub(super) fn let_out(&mut self, leg: LegId) {
        self.house.members.remove(&leg);
    }

    /// Heard by all who are there.
    fn announce(&mut self, sound: &Sound) {
        let is_tone = !sound.is_clip();
        // Where nobody is answered yet nobody needs to hear it.
        let Ok(done) = self.play(Audience::All, sound, !is_tone, 1) else { return };
        if is_tone {
            self.house.tone = done.play;
            self.deadlines.set(Timer::Tone, self.now + TONE);
        }
    }

    /// The tone was heard.
    pub(super) fn tone_over(&mut self) {
        let Some(play) = self.house.tone.take() else { return };
        for leg in self.legs() {
            if self.legs.get_mut(&leg).is_some_and(|party| party.part.is_played(play, false)) {
                self.stop_on(leg, false, PlayEnd::Done);
            }
        }
    }
}
