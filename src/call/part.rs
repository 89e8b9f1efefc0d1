//! What programs wish of one leg's part in the talk: hold by us, role, muted, deaf. What everybody hears follows in `mix`.

use super::{
    Call, Event, Refused, Role, Sound,
    cold::Transferor,
    face::number_of,
    leg::{Dialog, Leg, Standing},
    obey::Done,
    tune::Tune,
    view::TransferKind,
};
use crate::{
    destination::Origin,
    ids::{LegId, PlayId},
    media::{self, Repeat},
};

/// The part of a leg, as programs wish it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Part {
    /// We hold it, and it hears this.
    pub(super) held: Option<Tune>,
    /// It hears this instead of music or ringback while it waits for somebody.
    pub(super) waits: Option<Tune>,
    /// It hears this instead of everything else.
    pub(super) play: Option<Tune>,
    /// It hears this over everything else.
    pub(super) over: Option<Tune>,
    pub(super) role: Role,
    pub(super) muted: bool,
    pub(super) deaf: bool,
}

/// One who has left others whom we hold.
#[derive(Clone, Debug)]
pub(super) struct Left {
    pub(super) leg: LegId,
    pub(super) origin: Origin,
    /// It went to another call, and was expected back.
    pub(super) awaited: bool,
}

impl Part {
    /// What programs have played to it.
    pub(super) fn plays(&self) -> impl Iterator<Item = &Tune> {
        self.play.iter().chain(&self.over)
    }

    /// What it is played over, or instead of everything else.
    pub(super) fn played(&mut self, over: bool) -> &mut Option<Tune> {
        if over { &mut self.over } else { &mut self.play }
    }

    /// Whether it is played that.
    pub(super) fn is_played(&mut self, play: PlayId, over: bool) -> bool {
        self.played(over).as_ref().is_some_and(|tune| tune.id == play)
    }

    /// What the mixer calls it.
    pub(super) fn role(&self) -> media::Role {
        match (self.role, self.muted, self.deaf) {
            (_, true, true) | (Role::Monitor, _, true) => media::Role::Held,
            (Role::Monitor, _, false) => media::Role::Monitor,
            (Role::Coach { .. }, true, false) => media::Role::Monitor,
            (Role::Coach { target }, false, _) => media::Role::Coach { target },
            (Role::Talk, true, false) => media::Role::Muted,
            (Role::Talk, false, true) => media::Role::Deaf,
            (Role::Talk, false, false) => media::Role::Talk,
        }
    }
}

impl Call {
    /// The leg leaves the mix.
    pub(super) fn hold_leg(&mut self, leg: LegId, music: &Sound) -> Result<Done, Refused> {
        music.check()?;
        self.answered(leg)?;
        let music = self.tune(leg, music, Repeat::Forever);
        let before = self.legs.get_mut(&leg).and_then(|party| party.part.held.replace(music));
        if before.is_none() {
            self.tell(Event::Hold { leg, held: true, by_phone: false });
        }
        Ok(Done::about(leg))
    }

    /// The leg is back in the mix.
    pub(super) fn unhold_leg(&mut self, leg: LegId) -> Result<Done, Refused> {
        if !self.answered(leg)?.held_by_us() {
            return Err(Refused::NotHeld);
        }
        self.let_go(leg);
        Ok(Done::about(leg))
    }

    /// We do not hold the leg any more, if we did.
    pub(super) fn let_go(&mut self, leg: LegId) {
        if self.legs.get_mut(&leg).is_some_and(|party| party.part.held.take().is_some()) {
            self.tell(Event::Hold { leg, held: false, by_phone: false });
        }
    }

    /// Those whom somebody hands over are on their way, not on hold.
    pub(super) fn let_all_go(&mut self, legs: &[LegId]) {
        for leg in legs {
            self.let_go(*leg);
        }
    }

    pub(super) fn set_role(&mut self, leg: LegId, role: Role) -> Result<Done, Refused> {
        self.answered(leg)?;
        if let Role::Coach { target } = role {
            if target == leg {
                return Err(Refused::Invalid { field: "target", why: "somebody else" });
            }
            self.answered(target)?;
        }
        self.change_part(leg, |part| (part.role, part.muted, part.deaf) = (role, false, false));
        Ok(Done::about(leg))
    }

    pub(super) fn mute(&mut self, leg: LegId, on: bool) -> Result<Done, Refused> {
        self.answered(leg)?;
        self.change_part(leg, |part| part.muted = on);
        Ok(Done::about(leg))
    }

    pub(super) fn deafen(&mut self, leg: LegId, on: bool) -> Result<Done, Refused> {
        let party = self.answered(leg)?;
        if on && matches!(party.part.role, Role::Coach { .. }) {
            return Err(Refused::Invalid { field: "deaf", why: "a coach must hear" });
        }
        self.change_part(leg, |part| part.deaf = on);
        Ok(Done::about(leg))
    }

    fn change_part(&mut self, leg: LegId, change: impl FnOnce(&mut Part)) {
        let Some(party) = self.legs.get_mut(&leg) else { return };
        let before = party.part.clone();
        change(&mut party.part);
        if party.part != before {
            self.tell(Event::Role { leg });
        }
    }

    /// Whoever coached somebody who is gone only listens.
    pub(super) fn coach_nobody(&mut self, gone: LegId) {
        let coaches = |party: &&Leg| party.part.role == Role::Coach { target: gone };
        let coaches: Vec<LegId> = self.legs.values().filter(coaches).map(|party| party.id).collect();
        for leg in coaches {
            self.change_part(leg, |part| part.role = Role::Monitor);
        }
    }

    /// Who coaches somebody who is not here only listens.
    pub(super) fn coach_strangers(&mut self) {
        let stranger = |party: &Leg| match party.part.role {
            Role::Coach { target } => !self.legs.contains_key(&target),
            Role::Talk | Role::Monitor => false,
        };
        let strangers: Vec<LegId> = self.legs.values().filter(|party| stranger(party)).map(|party| party.id).collect();
        for leg in strangers {
            self.change_part(leg, |part| part.role = Role::Monitor);
        }
    }

    /// A leg that is answered and takes part.
    pub(super) fn answered(&self, leg: LegId) -> Result<&Leg, Refused> {
        let party = self.legs.get(&leg).ok_or(Refused::UnknownLeg)?;
        match (party.dialog, party.standing) {
            (Dialog::Confirmed, Standing::Present) => Ok(party),
            (Dialog::Confirmed, Standing::Parting | Standing::Moving) => Err(Refused::NotLive),
            (Dialog::Incoming { .. } | Dialog::Outgoing(_) | Dialog::Screened(_), _) => Err(Refused::NotAnswered),
        }
    }

    /// Somebody left others whom we hold. One who is in the mix inherits them; if nobody is, they have each other.
    pub(super) fn inherit(&mut self) {
        let (held, mixed): (Vec<_>, Vec<_>) =
            self.company().map(|party| (party.id, party.held_by_us())).partition(|(_, held)| *held);
        if mixed.len() < 2 {
            self.let_all_go(&held.into_iter().map(|(leg, _)| leg).collect::<Vec<_>>());
        }
    }

    /// Those who take part and can be talked to: one who only listens is no company.
    pub(super) fn company(&self) -> impl Iterator<Item = &Leg> {
        let takes_part = |leg: &&Leg| leg.standing == Standing::Present && leg.dial().is_none();
        self.legs.values().filter(takes_part).filter(|leg| leg.part.role != Role::Monitor)
    }

    /// The last of those who talked has left one on hold by us: it is brought back to who left it.
    pub(super) fn bring_back(&mut self, held: LegId, left: Left) {
        let number = number_of(&left.origin).to_owned();
        let Left { leg, origin, .. } = left;
        let transfer = self.story_begins(leg, origin.clone(), number, TransferKind::Return);
        self.let_go(held);
        self.begin_recall(Transferor { leg, origin, told_as: leg, transfer }, 480, String::new(), self.now);
    }
}
