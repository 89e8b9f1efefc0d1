//! Who hears what: derived anew from the state of all concerns after each input; the mixer is told the differences.
//! So the order in which holds, transfers and answers happen cannot matter.

use super::{
    Call,
    codes::Collector,
    dial::Dial,
    leg::{Dialog, Leg, Standing},
    movement::Movement,
    room::Kind,
    tune::Tune,
};
use crate::{
    ids::LegId,
    media::{Command, DigitMode, Role, Source, sdp::Session},
};

/// Where a leg is to be put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Not in the mixer, or left as it is there.
    Absent,
    /// Among those who talk.
    Mix,
    /// Apart: neither heard nor hearing the others, but this.
    Aside(Option<Source>),
    /// The switch itself is its partner.
    Served(Source),
}

/// What the mixer was told of a leg in it; `None`: not known.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    session: Option<Session>,
    role: Option<Role>,
    source: Option<Option<Source>>,
    digits: Option<DigitMode>,
}

impl Heard {
    /// Of a leg that came from another mixer: all is to be told anew.
    pub(super) fn moved() -> Self {
        Self::default()
    }

    /// Of a leg that has just joined: what the mixer takes for granted.
    fn joined() -> Self {
        Self { session: None, role: Some(Role::Talk), source: Some(None), digits: Some(DigitMode::Pass) }
    }
}

impl Call {
    /// Tells the mixer what changed.
    pub(super) fn refresh_media(&mut self) {
        let places: Vec<(LegId, Place)> = self.legs.values().map(|leg| (leg.id, self.place_of(leg))).collect();
        let mixed: Vec<LegId> = places.iter().filter(|(_, place)| *place == Place::Mix).map(|(leg, _)| *leg).collect();
        let held_partner = match mixed[..] {
            [a, b] => [(a, b), (b, a)].into_iter().find(|(leg, _)| self.is_held(*leg)).map(|(_, other)| other),
            _ => None,
        };
        let alone = if mixed.len() == 1 { self.when_alone() } else { None };
        for (leg, place) in places {
            let held = self.is_held(leg);
            let (role, source) = match place {
                Place::Absent => continue,
                _ if held => (Role::Held, None),
                Place::Mix if held_partner == Some(leg) => (Role::Talk, Some(Source::HoldMusic)),
                // One who rings hears nothing until it is heard.
                Place::Mix if self.legs.get(&leg).is_some_and(|leg| leg.dial().is_some()) => (Role::Talk, None),
                Place::Mix => match self.legs.get(&leg).map(|leg| &leg.part) {
                    Some(part) if alone.is_some() => {
                        (part.role(), part.waits.as_ref().map(Tune::source).or(alone.clone()))
                    }
                    Some(part) => (part.role(), None),
                    None => continue,
                },
                Place::Aside(source) => (Role::Held, source),
                Place::Served(source) => (Role::Talk, Some(source)),
            };
            let source = self.played_instead(leg).or(source);
            let digits = if self.collects(leg) || self.gathers.contains_key(&leg) {
                DigitMode::Collect
            } else {
                DigitMode::Pass
            };
            self.put(leg, role, source, digits);
        }
    }

    /// Whether a leg talks and hears the others now.
    pub(super) fn talks(&self, leg: LegId) -> bool {
        self.heard.get(&leg).is_some_and(|heard| heard.role == Some(Role::Talk) && heard.source == Some(None))
    }

    /// What the mixer was told of a leg: its role, and what it is played.
    pub(super) fn heard_source(&self, leg: LegId) -> Option<(Role, Option<Source>)> {
        let heard = self.heard.get(&leg)?;
        Some((heard.role?, heard.source.clone()?))
    }

    fn is_held(&self, leg: LegId) -> bool {
        self.legs.get(&leg).is_some_and(Leg::held_by_phone)
    }

    /// What a program has played to it instead of everything else.
    fn played_instead(&self, leg: LegId) -> Option<Source> {
        self.legs.get(&leg)?.part.play.as_ref().map(Tune::source)
    }

    /// What one hears who has nobody to talk to yet.
    fn when_alone(&self) -> Option<Source> {
        match self.kind {
            Kind::Room => Some(Source::HoldMusic),
            Kind::Conversation if !self.awaits.is_empty() => Some(Source::HoldMusic),
            Kind::Conversation if self.regrets => Some(Source::Notice),
            Kind::Conversation if self.dials.values().any(Dial::is_queued) => Some(Source::HoldMusic),
            Kind::Conversation if !self.dials.is_empty() => Some(Source::Ringback),
            Kind::Conversation | Kind::Service(_) => None,
        }
    }

    /// As it follows from what goes on, unless a program wishes it elsewhere.
    fn place_of(&self, leg: &Leg) -> Place {
        let part = &leg.part;
        match (self.place(leg), &part.held, &part.waits) {
            (Place::Mix | Place::Served(_), Some(music), _) => Place::Aside(Some(music.source())),
            (Place::Aside(Some(Source::HoldMusic)), _, Some(music)) => Place::Aside(Some(music.source())),
            (place, ..) => place,
        }
    }

    fn place(&self, leg: &Leg) -> Place {
        if leg.session().is_none() || leg.standing == Standing::Moving {
            return Place::Absent;
        }
        if leg.standing == Standing::Parting {
            return Place::Aside(None);
        }
        if let Dialog::Screened(_) = leg.dialog {
            return Place::Aside(None);
        }
        if let Some(dial) = leg.dial() {
            let heard = self.dials.get(&dial).is_some_and(|dial| dial.early == Some(leg.id));
            return if heard { Place::Mix } else { Place::Absent };
        }
        if let Kind::Service(source) = &self.kind {
            return Place::Served(source.clone());
        }
        if self.kind == Kind::Room && !self.house.started {
            return Place::Aside(Some(Source::HoldMusic));
        }
        let collecting = self.collectors.iter().find(|(_, collector)| collector.wants_number());
        match (&self.movement, collecting) {
            (Movement::Still, Some((agent, collector))) if *agent == leg.id => {
                Place::Aside(Collector::prompts(collector).then_some(Source::Prompt))
            }
            (Movement::Still, Some(_)) => Place::Aside(Some(Source::HoldMusic)),
            (Movement::Still | Movement::Attended(_), _) => Place::Mix,
            (Movement::Cold(cold), _) => self.cold_place(cold, leg.id),
            (Movement::Warm(warm), _) => self.warm_place(warm, leg.id),
            (Movement::Recall(recall), _) => self.recall_place(recall),
        }
    }

    fn put(&mut self, leg: LegId, role: Role, source: Option<Source>, digits: DigitMode) {
        let Some(session) = self.legs.get(&leg).and_then(Leg::session) else { return };
        let mut out = Vec::new();
        let heard = self.heard.get_or_insert_with(leg, || {
            out.push(Command::Join { leg });
            Heard::joined()
        });
        if heard.session.as_ref() != Some(session) {
            heard.session = Some(session.clone());
            out.push(Command::Stream { leg, session: Box::new(session.clone()) });
        }
        if heard.role != Some(role) {
            heard.role = Some(role);
            out.push(Command::Role { leg, role });
        }
        if heard.source.as_ref() != Some(&source) {
            heard.source = Some(source.clone());
            out.push(Command::Play { leg, source });
        }
        if heard.digits != Some(digits) {
            heard.digits = Some(digits);
            out.push(Command::Digits { leg, mode: digits });
        }
        for command in out {
            self.media_out(command);
        }
    }
}
