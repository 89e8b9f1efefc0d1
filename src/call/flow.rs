//! Callers for whom a program says what becomes of them: they wait, are answered, refused, or put through.

use super::{
    Action, Approach, Call, Event, Refused, Role,
    attempt::callable,
    ending::{plain_failure, refused, rejection},
    errand::Errand,
    face::number_uri,
    leg::{Dialog, Leg, Standing, Told},
    lifecycle::{Ticket, Timer},
    obey::Done,
    queued::Goal,
};
use crate::{
    destination::{Flow, Plan, Purpose, Refusal},
    ids::LegId,
    media::Source,
    sip::{self, Failure, Rejection, wire::StatusCode},
};

impl Call {
    /// A caller waits for instructions.
    pub(super) fn ask_program(&mut self, leg: LegId, flow: Flow) {
        self.deadlines.set(Timer::Flow(leg), self.now + flow.timeout);
        self.tell(Event::Waiting { leg, flow: flow.name.clone() });
        self.flows.insert(leg, flow);
    }

    /// No program has said anything: the caller goes where the route says, or is refused.
    pub(super) fn flow_timeout(&mut self, leg: LegId) {
        let Some(flow) = self.flows.remove(&leg) else { return };
        self.tell(Event::WaitedInVain { leg, flow: flow.name });
        let Some(party) = self.legs.get(&leg) else { return };
        let Some(fallback) = flow.fallback else { return self.reject(leg, rejection(&plain_failure(480))) };
        let origin = Box::new(party.origin.clone());
        let target = number_uri(&fallback, &self.settings.domain);
        let ticket = self.number();
        self.tickets.insert(ticket, Ticket::Fallback(leg));
        self.act(Action::Route { ticket, origin, target, purpose: Purpose::Fallback });
    }

    /// Where the fallback is.
    pub(super) fn fallback_routed(&mut self, leg: LegId, plan: Result<Plan, Refusal>) {
        match plan {
            Ok(plan @ (Plan::Ring(_) | Plan::Queue(_))) => {
                if let (Some(face), Some(goal)) = (self.face(leg, Vec::new()), Goal::of(plan)) {
                    self.dial(Errand::First, face, goal, None);
                }
            }
            Ok(Plan::Conference(conference)) => self.enter(conference, vec![leg]),
            Ok(Plan::Music) => self.serve(Source::HoldMusic),
            Ok(Plan::Echo) => self.serve(Source::Echo),
            // One flow does not lead to another.
            Ok(Plan::Flow(_)) => self.reject(leg, rejection(&plain_failure(480))),
            Err(refusal) => self.reject(leg, refused(refusal.status())),
        }
    }

    /// A caller hears that it rings; the program has more time.
    pub(super) fn ring_caller(&mut self, leg: LegId) -> Result<Done, Refused> {
        self.unanswered(leg)?;
        let patience = self.settings.ring_timeout;
        if self.flows.contains_key(&leg) {
            self.deadlines.set(Timer::Flow(leg), self.now + patience);
        }
        if let Some(party) = self.legs.get_mut(&leg)
            && let Dialog::Incoming { told: told @ Told::Nothing } = &mut party.dialog
        {
            *told = Told::Ringing;
            self.sip_out(sip::Command::Progress { leg, status: StatusCode(180), body: None });
        }
        Ok(Done::about(leg))
    }

    /// A caller is answered, and stays until a program or itself ends it.
    pub(super) fn answer_caller(&mut self, leg: LegId) -> Result<Done, Refused> {
        self.unanswered(leg)?;
        self.instructed(leg);
        self.kept = true;
        self.answer_leg(leg, None);
        Ok(Done::about(leg))
    }

    /// A caller is refused.
    pub(super) fn reject_caller(&mut self, leg: LegId, status: u16, reason: String) -> Result<Done, Refused> {
        let party = self.legs.get(&leg).ok_or(Refused::UnknownLeg)?;
        if !matches!(party.dialog, Dialog::Incoming { .. }) {
            return Err(Refused::AlreadyAnswered);
        }
        if !(300..700).contains(&status) {
            return Err(Refused::Invalid { field: "status", why: "300 to 699" });
        }
        if reason.chars().count() > 128 || reason.contains(char::is_control) {
            return Err(Refused::Invalid { field: "reason", why: "128 characters at the most, on one line" });
        }
        self.reject(leg, Rejection { status: StatusCode(status), reason, headers: Vec::new() });
        self.left(leg, self.now);
        Ok(Done::about(leg))
    }

    /// A caller without answer, or one alone with us, is put through.
    pub(super) fn put_through(&mut self, leg: LegId, to: &Approach, plan: Option<Plan>) -> Result<Done, Refused> {
        to.check()?;
        let party = self.legs.get(&leg).ok_or(Refused::UnknownLeg)?;
        let here = matches!(party.dialog, Dialog::Incoming { .. } | Dialog::Confirmed);
        if !here || party.standing != Standing::Present {
            return Err(Refused::NotLive);
        }
        if !self.is_free() {
            return Err(Refused::AlreadyInTransfer);
        }
        if !self.dials.is_empty() || !self.others(leg).is_empty() {
            return Err(Refused::NotNow);
        }
        if self.conference.is_some() {
            return Err(Refused::InRoom);
        }
        let mut done = Done::about(leg);
        match plan {
            Some(Plan::Conference(conference)) => {
                self.instructed(leg);
                self.enter(conference, vec![leg]);
            }
            Some(Plan::Music) => {
                self.instructed(leg);
                self.serve(Source::HoldMusic);
            }
            Some(Plan::Echo) => {
                self.instructed(leg);
                self.serve(Source::Echo);
            }
            plan @ (Some(Plan::Ring(_) | Plan::Queue(_) | Plan::Flow(_)) | None) => {
                let goal = callable(plan)?;
                let mut face = self.face(leg, Vec::new()).ok_or(Refused::UnknownLeg)?;
                to.disguise(&mut face, &self.settings.domain);
                self.instructed(leg);
                self.let_go(leg);
                if let Some(party) = self.legs.get_mut(&leg) {
                    // One who only listens would have nobody to talk to.
                    party.part.role = Role::Talk;
                }
                done.attempt = Some(self.order(to, Errand::Redirected, face, goal));
            }
        }
        Ok(done)
    }

    /// Who was called for a caller does not come: one without answer is told so, one who was answered is the program's again.
    pub(super) fn not_put_through(&mut self, failure: &Failure) {
        self.reject_waiting(failure);
        self.kept = true;
    }

    fn instructed(&mut self, leg: LegId) {
        self.flows.remove(&leg);
        self.deadlines.clear(Timer::Flow(leg));
    }

    fn unanswered(&self, leg: LegId) -> Result<&Leg, Refused> {
        let party = self.legs.get(&leg).ok_or(Refused::UnknownLeg)?;
        if !matches!(party.dialog, Dialog::Incoming { .. }) {
            return Err(Refused::AlreadyAnswered);
        }
        if !self.dials.is_empty() { Err(Refused::NotNow) } else { Ok(party) }
    }
}
