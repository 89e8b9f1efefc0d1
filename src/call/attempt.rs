//! Attempts that programs ask for: one more party for a call, a call that we make, a caller put through; and how who answers is
//! asked before it is joined.

use super::{
    Action, Add, Approach, Call, Event, PlayEnd, Refused, Role, Sound,
    dial::DialId,
    ending::plain_failure,
    errand::{Errand, Order, Way},
    face::{Face, number_uri},
    leg::Dialog,
    lifecycle::{Ticket, Timer},
    obey::Done,
    queued::Goal,
};
use crate::{
    destination::{Caller, Features, Origin, Plan, Purpose, Refusal, Whom},
    ids::{AttemptId, LegId},
    media::Repeat,
    sip::{
        Cause,
        wire::{NameAddr, Uri},
    },
};
use std::time::{Duration, Instant};

/// How long one who was asked to confirm may take, after the whisper.
const CONFIRM: Duration = Duration::from_secs(10);
/// How long the first hears that the second does not come.
const REGRET: Duration = Duration::from_secs(3);

/// Who is called when the first of a call that we make has answered.
#[derive(Clone, Debug)]
pub(super) struct Second {
    pub(super) to: Approach,
    /// What the first hears meanwhile.
    pub(super) waiting: Sound,
}

impl Approach {
    /// Whether it can be done at all.
    pub(super) fn check(&self) -> Result<(), Refused> {
        if let Some(whisper) = &self.whisper {
            whisper.check()?;
        }
        if self.confirm.is_some_and(|digit| !"0123456789*#ABCD".contains(digit)) {
            return Err(Refused::Invalid { field: "confirm", why: "one of 0-9 * # A-D" });
        }
        if self.ring_timeout.is_some_and(|time| time < Duration::from_secs(1) || time > Duration::from_secs(600)) {
            return Err(Refused::Invalid { field: "ring_timeout", why: "1 to 600 s" });
        }
        let clean = |text: &String| (1..=64).contains(&text.chars().count()) && !text.contains(char::is_control);
        if !self.source.as_ref().is_none_or(clean) {
            return Err(Refused::Invalid { field: "source", why: "1 to 64 characters" });
        }
        if !self.display_name.as_ref().is_none_or(clean) {
            return Err(Refused::Invalid { field: "display_name", why: "1 to 64 characters" });
        }
        Ok(())
    }

    /// Where the routes are to be asked, and what for.
    pub fn address(&self, domain: &str) -> Result<(Uri, Purpose), Refused> {
        match &self.to {
            Whom::Number(number) => Ok((number_uri(number, domain), Purpose::Program)),
            Whom::Extension(number) => Ok((number_uri(number, domain), Purpose::ProgramExtension)),
            Whom::Room(name) => Ok((number_uri(name, domain), Purpose::ProgramRoom)),
            Whom::Queue(name) => Ok((number_uri(name, domain), Purpose::ProgramQueue)),
            Whom::Uri(uri) => {
                let uri = uri.parse().map_err(|_| Refused::Invalid { field: "to", why: "a SIP or tel URI" })?;
                Ok((uri, Purpose::Program))
            }
        }
    }

    pub(super) fn way(&self) -> Way {
        Way { early_media: self.early_media, whisper: self.whisper.clone(), confirm: self.confirm }
    }

    /// What the called shall see instead.
    pub(super) fn disguise(&self, face: &mut Face, domain: &str) {
        if let Some(source) = &self.source {
            face.identity = NameAddr::new(number_uri(source, domain));
            face.chosen = true;
            face.privacy = None;
        }
        if let Some(name) = &self.display_name {
            face.identity.display = Some(name.clone());
        }
        if self.private {
            face.privacy = Some("id".to_owned());
        }
    }
}

impl Call {
    /// One more party.
    pub(super) fn add(&mut self, add: Add, plan: Option<Plan>) -> Result<Done, Refused> {
        add.who.check()?;
        let goal = callable(plan)?;
        if let Role::Coach { target } = add.role {
            self.answered(target)?;
        }
        if !self.has_places(1) {
            return Err(Refused::Full);
        }
        let caller = self.original_caller().ok_or(Refused::NotAnswered)?;
        let mut face = self.face(caller, Vec::new()).ok_or(Refused::NotAnswered)?;
        add.who.disguise(&mut face, &self.settings.domain);
        let attempt = self.order(&add.who, Errand::Added(add.role), face, goal);
        Ok(Done { attempt: Some(attempt), ..Done::default() })
    }

    /// The one on whose behalf others are called: the caller that waits on hold, else who called us, else whoever is there.
    fn original_caller(&self) -> Option<LegId> {
        let present: Vec<_> = self.company().filter(|leg| leg.confirmed()).collect();
        let held = present.iter().find(|leg| leg.held_by_us());
        let incoming = present.iter().find(|leg| leg.facts.incoming);
        held.or(incoming).or(present.first()).map(|leg| leg.id)
    }

    /// A call that we make.
    pub fn originate(
        &mut self,
        first: &Approach,
        second: Option<(Approach, Sound)>,
        plan: Plan,
        now: Instant,
    ) -> Result<Done, Refused> {
        self.now = now;
        first.check()?;
        if let Some((to, waiting)) = &second {
            to.check()?;
            waiting.check()?;
        }
        let goal = callable(Some(plan))?;
        let said = second.as_ref().map_or(first.to.said(), |(to, _)| to.to.said());
        let user = said.parse::<Uri>().ok().and_then(|uri| uri.user).unwrap_or_else(|| said.to_owned());
        let identity = NameAddr::new(number_uri(&user, &self.settings.domain));
        let origin = Origin {
            caller: Caller::Extension(user),
            features: Features::default(),
            codecs: Vec::new(),
            identity: identity.clone(),
            privacy: None,
        };
        let mut face =
            Face { origin, identity, privacy: None, codec: None, max_forwards: 70, headers: Vec::new(), chosen: false };
        first.disguise(&mut face, &self.settings.domain);
        self.kept |= second.is_none();
        let second = second.map(|(to, waiting)| Box::new(Second { to, waiting }));
        self.begin();
        let attempt = self.order(first, Errand::Originated(second), face, goal);
        self.settle();
        Ok(Done { attempt: Some(attempt), ..Done::default() })
    }

    /// Calls somebody as a program wishes.
    pub(super) fn order(&mut self, who: &Approach, errand: Errand, face: Face, goal: Goal) -> AttemptId {
        let id = AttemptId(self.numbers.next());
        let to = who.to.said().to_owned();
        self.tell(Event::AttemptStarted { attempt: id, to: to.clone() });
        self.dial_in_a_way(errand, face, goal, who.ring_timeout, Some(Order { id, to }), who.way());
        id
    }

    /// Nobody is called for that attempt any more.
    pub(super) fn call_off_attempt(&mut self, attempt: AttemptId) -> Result<Done, Refused> {
        let is_it = |order: &Order| order.id == attempt;
        let found = self.dials.iter().find(|(_, dial)| dial.order.as_ref().is_some_and(is_it)).map(|(id, _)| *id);
        let id = found.ok_or(Refused::UnknownAttempt)?;
        // As if everybody had refused: who waits for it is told.
        self.give_up(id, plain_failure(487));
        Ok(Done::default())
    }

    /// The one who was added is there.
    pub(super) fn added(&mut self, leg: LegId, role: Role) {
        let there = match role {
            Role::Coach { target } => self.answered(target).is_ok(),
            Role::Talk | Role::Monitor => true,
        };
        if let Some(party) = self.legs.get_mut(&leg) {
            party.part.role = if there { role } else { Role::Monitor };
        }
        if role != Role::Talk {
            self.tell(Event::Role { leg });
        }
    }

    /// The first of a call that we make is there: now the second.
    pub(super) fn first_answered(&mut self, first: LegId, second: Option<Box<Second>>) {
        let Some(second) = second else { return };
        let Some(party) = self.legs.get(&first) else { return };
        let origin = Box::new(party.origin.clone());
        let waits = self.tune(first, &second.waiting, Repeat::Forever);
        if let Some(party) = self.legs.get_mut(&first) {
            party.part.waits = Some(waits);
        }
        let Ok((target, purpose)) = second.to.address(&self.settings.domain) else { return self.regret() };
        let ticket = self.number();
        self.tickets.insert(ticket, Ticket::Second(first, second));
        self.act(Action::Route { ticket, origin, target, purpose });
    }

    /// Where the second is.
    pub(super) fn second_routed(&mut self, first: LegId, second: &Second, plan: Result<Plan, Refusal>) {
        if self.answered(first).is_err() {
            return;
        }
        let refused = match plan {
            Ok(plan @ (Plan::Ring(_) | Plan::Queue(_))) => {
                let (Some(mut face), Some(goal)) = (self.face(first, Vec::new()), Goal::of(plan)) else { return };
                second.to.disguise(&mut face, &self.settings.domain);
                self.order(&second.to, Errand::Second(first), face, goal);
                return;
            }
            Ok(Plan::Conference(conference)) => {
                self.no_waiting(first);
                return self.enter(conference, vec![first]);
            }
            Ok(Plan::Music | Plan::Echo | Plan::Flow(_)) => 488,
            Err(refusal) => refusal.status().0,
        };
        let id = AttemptId(self.numbers.next());
        self.tell(Event::AttemptStarted { attempt: id, to: second.to.to.said().to_owned() });
        self.tell(Event::AttemptEnded { attempt: id, leg: None, status: refused, reason: String::new() });
        self.regret();
    }

    /// The second is there.
    pub(super) fn second_answered(&mut self, first: LegId) {
        self.no_waiting(first);
    }

    /// The leg hears what it would.
    pub(super) fn no_waiting(&mut self, leg: LegId) {
        if let Some(party) = self.legs.get_mut(&leg) {
            party.part.waits = None;
        }
    }

    /// Somebody does not come: who waited hears that for a moment, and is hung up.
    pub(super) fn regret(&mut self) {
        for leg in self.present() {
            self.no_waiting(leg);
        }
        self.regrets = true;
        self.deadlines.set(Timer::Regret, self.now + REGRET);
    }

    /// That was heard.
    pub(super) fn regretted(&mut self) {
        self.regrets = false;
    }

    /// Somebody answered who is to be asked before it is joined: it hears the whisper.
    pub(super) fn screen(&mut self, id: DialId, leg: LegId) {
        let Some(dial) = self.dials.get(&id) else { return };
        let (whisper, losers) = (dial.way.whisper.clone(), dial.legs().to_vec());
        for loser in losers.into_iter().filter(|loser| *loser != leg) {
            self.drop_leg(loser, Cause::AnsweredElsewhere);
            if let Some(dial) = self.dials.get_mut(&id) {
                dial.forget(loser);
            }
            self.agent_not_needed(id, loser);
        }
        if let Some(party) = self.legs.get_mut(&leg) {
            party.dialog = Dialog::Screened(id);
        }
        match whisper {
            Some(whisper) => {
                let tune = self.tune(leg, &whisper, Repeat::Once);
                let built_in = !whisper.is_clip();
                if let Some(party) = self.legs.get_mut(&leg) {
                    party.part.play = Some(tune);
                }
                if built_in {
                    self.ask(leg);
                }
            }
            None => self.ask(leg),
        }
    }

    /// It has heard the whisper: it is asked for the digit, or joined.
    pub(super) fn heard_out(&mut self, leg: LegId) {
        if matches!(self.legs.get(&leg).map(|party| party.dialog), Some(Dialog::Screened(_))) {
            self.ask(leg);
        }
        self.prompt_over(leg);
    }

    fn ask(&mut self, leg: LegId) {
        let Some(id) = self.legs.get(&leg).and_then(|party| party.dial()) else { return };
        let Some(dial) = self.dials.get(&id) else { return };
        if dial.way.confirm.is_some() {
            self.deadlines.set(Timer::Screen(leg), self.now + CONFIRM);
        } else {
            self.confirmed(id, leg);
        }
    }

    /// A digit of one who is to be asked. Whether it was.
    pub(super) fn screened_digit(&mut self, leg: LegId, digit: char) -> bool {
        let Some(Dialog::Screened(id)) = self.legs.get(&leg).map(|party| party.dialog) else { return false };
        if self.dials.get(&id).is_some_and(|dial| dial.way.confirm == Some(digit)) {
            self.confirmed(id, leg);
        }
        true
    }

    /// It wants to be joined.
    fn confirmed(&mut self, id: DialId, leg: LegId) {
        self.deadlines.clear(Timer::Screen(leg));
        if let Some(party) = self.legs.get_mut(&leg) {
            party.dialog = Dialog::Confirmed;
        }
        self.stop_on(leg, false, PlayEnd::Stopped);
        if self.dials.contains_key(&id) {
            self.dial_won(id, leg, self.now);
        }
    }

    /// It did not say that it wants to.
    pub(super) fn not_confirmed(&mut self, leg: LegId) {
        let Some(id) = self.legs.get(&leg).and_then(|party| party.dial()) else { return };
        self.drop_leg(leg, Cause::Normal);
        self.target_out(id, leg, plain_failure(480));
    }
}

/// A plan of people to be called.
pub(super) fn callable(plan: Option<Plan>) -> Result<Goal, Refused> {
    plan.and_then(Goal::of).ok_or(Refused::TargetUnfit)
}
