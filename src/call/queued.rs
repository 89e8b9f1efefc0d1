//! An attempt that waits in a queue: its targets are the agents whom the queue offers, one after the other or several at once. What
//! becomes of the attempt once an agent has answered, or none is to be had, is the same as for any other.

use super::{
    Action, Call, Outcome, Sound,
    dial::{Dial, DialId},
    ending::plain_failure,
    errand::Errand,
    face::{number_of, number_uri},
    leg::Leg,
    lifecycle::Ticket,
    movement::Movement,
};
use crate::{
    destination::{Caller, Plan, Purpose, Queue, Refusal, Target},
    ids::{EntryId, LegId},
    media::{Repeat, Source},
    sip::{Cause, Failure},
};
use std::time::Instant;

/// Whom an attempt is for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Goal {
    /// These, step by step.
    Ring(Vec<Vec<Target>>),
    /// Whoever of a queue is free.
    Queue(Queue),
}

/// An attempt's place in a queue.
#[derive(Debug)]
pub(super) struct QueuePlace {
    pub(super) entry: EntryId,
    pub(super) queue: Queue,
    /// The queue has taken it.
    entered: bool,
    /// Agents whose phones have no names and ports yet, with the ticket by which these come.
    coming: Vec<(u64, String, Vec<Target>)>,
    /// Agents who are called.
    called: Vec<(LegId, String)>,
    /// Who hears its music, where it has some of its own.
    listeners: Vec<LegId>,
    /// Queues that it was in before.
    before: usize,
}

/// What the switchboard must know of one who waits, or wants to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Queuing {
    /// It wants to wait. Answered at once by `Command::Queued` or `Command::QueueOver`.
    Enter {
        /// Where.
        queue: String,
        /// The extension that sent it there.
        by: Option<String>,
    },
    /// An agent does not take it.
    Declined {
        /// The agent's extension.
        agent: String,
        /// SIP status.
        status: u16,
    },
    /// Somebody has it.
    Answered {
        /// The extension.
        agent: String,
        /// The leg.
        leg: LegId,
    },
    /// It waits no more.
    Left,
}

/// Queues that send one to the other at the most.
const QUEUES: usize = 4;

impl Goal {
    /// Where a plan leads, if it leads to people.
    pub(super) fn of(plan: Plan) -> Option<Self> {
        match plan {
            Plan::Ring(steps) => Some(Self::Ring(steps)),
            Plan::Queue(queue) => Some(Self::Queue(queue)),
            Plan::Conference(_) | Plan::Music | Plan::Echo | Plan::Flow(_) => None,
        }
    }
}

impl From<Vec<Vec<Target>>> for Goal {
    fn from(steps: Vec<Vec<Target>>) -> Self {
        Self::Ring(steps)
    }
}

impl QueuePlace {
    /// A leg of an agent is gone. The agent, if it was the last.
    fn forget(&mut self, leg: LegId) -> Option<String> {
        let at = self.called.iter().position(|(other, _)| *other == leg)?;
        let (_, agent) = self.called.remove(at);
        (!self.called.iter().any(|(_, other)| *other == agent)).then_some(agent)
    }
}

impl Dial {
    /// It waits in a queue.
    pub(super) fn is_queued(&self) -> bool {
        self.place.as_ref().is_some_and(|place| place.entered)
    }
}

impl Call {
    /// Who waits by that entry: for whom an agent is looked for. `None`: nobody, or it is not here.
    pub fn waits_by(&self, entry: EntryId) -> Option<LegId> {
        let (_, dial) = self.queued_by(entry)?;
        self.waiters(&dial.errand).first().copied()
    }

    /// The attempt wants to wait in a queue.
    pub(super) fn queue_up(&mut self, id: DialId, queue: Queue, before: usize) {
        let entry = EntryId(self.numbers.next());
        let Some(dial) = self.dials.get_mut(&id) else { return };
        let name = queue.name.clone();
        dial.rings_for(queue.ring);
        dial.place = Some(Box::new(QueuePlace {
            entry,
            queue,
            entered: false,
            coming: Vec::new(),
            called: Vec::new(),
            listeners: Vec::new(),
            before,
        }));
        let by = match &self.movement {
            Movement::Cold(cold) => match &cold.by.origin.caller {
                Caller::Extension(number) => Some(number.clone()),
                Caller::Trunk(_) | Caller::Host(_) => None,
            },
            Movement::Still | Movement::Attended(_) | Movement::Warm(_) | Movement::Recall(_) => None,
        };
        self.act(Action::Queue { entry, what: Queuing::Enter { queue: name, by } });
    }

    /// It waits: who called is answered and hears music, and who handed its caller over without a word is not needed any more.
    pub(super) fn queue_entered(&mut self, entry: EntryId, now: Instant) {
        let Some((id, _)) = self.queued_by(entry) else { return };
        let Some(dial) = self.dials.get_mut(&id) else { return };
        if let Some(place) = &mut dial.place {
            place.entered = true;
        }
        let errand = dial.errand.clone();
        match errand {
            Errand::First | Errand::Handed(_) | Errand::Cold | Errand::Fallback => {
                dial.errand = Errand::Queued;
            }
            Errand::Queued
            | Errand::Warm
            | Errand::Invitation(..)
            | Errand::Recall
            | Errand::Added(_)
            | Errand::Originated(_)
            | Errand::Second(_)
            | Errand::Redirected => {}
        }
        match errand {
            Errand::Cold => self.cold_done(now),
            Errand::Fallback => self.recall_done(Outcome::FellBack),
            Errand::First | Errand::Handed(_) | Errand::Queued | Errand::Redirected => self.answer_waiting(None),
            Errand::Warm
            | Errand::Invitation(..)
            | Errand::Recall
            | Errand::Added(_)
            | Errand::Originated(_)
            | Errand::Second(_) => {}
        }
        self.stamp_queue(id);
        self.play_queues();
    }

    /// The queue offers an agent.
    pub(super) fn offered_agent(&mut self, entry: EntryId, agent: String, targets: Vec<Target>) {
        let ticket = self.number();
        let Some((id, _)) = self.queued_by(entry) else { return };
        let callees = targets.iter().map(|target| target.callee.clone()).collect();
        if let Some(place) = self.dials.get_mut(&id).and_then(|dial| dial.place.as_mut()) {
            place.coming.push((ticket, agent, targets));
        }
        self.tickets.insert(ticket, Ticket::Agent(id));
        self.act(Action::Lease { ticket, callees });
    }

    /// Names and ports came for the phones of an agent.
    pub(super) fn agent_leased(&mut self, id: DialId, ticket: u64, leases: Vec<Option<(LegId, u16)>>, now: Instant) {
        let place = self.dials.get_mut(&id).and_then(|dial| dial.place.as_mut());
        let coming = place.and_then(|place| {
            let at = place.coming.iter().position(|(asked, ..)| *asked == ticket)?;
            Some((place.entry, place.coming.remove(at)))
        });
        let Some((entry, (_, agent, targets))) = coming else { return self.give_back(leases) };
        let leases: Vec<(LegId, u16)> = leases.into_iter().flatten().collect();
        if leases.is_empty() {
            return self.act(Action::Queue { entry, what: Queuing::Declined { agent, status: 503 } });
        }
        if let Some(place) = self.dials.get_mut(&id).and_then(|dial| dial.place.as_mut()) {
            place.called.extend(leases.iter().map(|(leg, _)| (*leg, agent.clone())));
        }
        for (target, (leg, port)) in targets.into_iter().zip(leases) {
            self.call_target(id, leg, port, target, now);
        }
    }

    /// A phone of an agent does not take the call. When none of its phones is left, the queue is told.
    pub(super) fn agent_out(&mut self, id: DialId, leg: LegId, failure: &Failure) {
        let Some(dial) = self.dials.get_mut(&id) else { return };
        dial.forget(leg);
        let Some(place) = &mut dial.place else { return };
        let entry = place.entry;
        let Some(agent) = place.called.iter().find(|(other, _)| *other == leg).map(|(_, agent)| agent.clone()) else {
            return;
        };
        let mut last = place.forget(leg);
        if failure.status.0 >= 600 {
            // It speaks for all phones of the agent (RFC 3261 16.7 step 5), not for other agents.
            let others: Vec<LegId> =
                place.called.iter().filter(|(_, other)| *other == agent).map(|(leg, _)| *leg).collect();
            for other in others {
                self.drop_leg(other, Cause::Cancelled);
                if let Some(dial) = self.dials.get_mut(&id) {
                    dial.forget(other);
                    last = dial.place.as_mut().and_then(|place| place.forget(other)).or(last);
                }
            }
        }
        if let Some(agent) = last {
            self.act(Action::Queue { entry, what: Queuing::Declined { agent, status: failure.status.0 } });
        }
    }

    /// A phone of an agent rings no more, because another agent has answered.
    pub(super) fn agent_not_needed(&mut self, id: DialId, leg: LegId) {
        if let Some(place) = self.dials.get_mut(&id).and_then(|dial| dial.place.as_mut()) {
            place.forget(leg);
        }
    }

    /// It is not in the queue any more, and goes elsewhere or nowhere.
    pub(super) fn queue_over(&mut self, entry: EntryId, status: u16, fallback: Option<String>) {
        let Some((id, _)) = self.queued_by(entry) else { return };
        let Some(dial) = self.dials.get_mut(&id) else { return };
        for leg in dial.legs().to_vec() {
            self.drop_leg(leg, Cause::Cancelled);
            if let Some(dial) = self.dials.get_mut(&id) {
                dial.forget(leg);
            }
        }
        let Some(dial) = self.dials.get_mut(&id) else { return };
        let Some(place) = dial.place.take() else { return };
        self.silence_queue(&place);
        let Some(fallback) = fallback else { return self.give_up(id, plain_failure(status)) };
        let Some(origin) = self.dials.get(&id).map(|dial| Box::new(dial.origin().clone())) else { return };
        let target = number_uri(&fallback, &self.settings.domain);
        let ticket = self.number();
        self.tickets.insert(ticket, Ticket::Overflow { dial: id, queues: place.before + 1, status });
        self.act(Action::Route { ticket, origin, target, purpose: Purpose::Fallback });
    }

    /// Where those go whom a queue does not keep.
    pub(super) fn overflow_routed(&mut self, id: DialId, queues: usize, status: u16, plan: Result<Plan, Refusal>) {
        let Some(dial) = self.dials.get(&id) else { return };
        let errand = dial.errand.clone();
        let alone = matches!(errand, Errand::First | Errand::Handed(_) | Errand::Queued | Errand::Redirected);
        match plan {
            Ok(Plan::Ring(steps)) => self.ring_instead(id, steps),
            Ok(Plan::Queue(queue)) if queues < QUEUES => self.queue_up(id, queue, queues),
            Ok(Plan::Conference(conference)) if alone => {
                self.attempt_done(id);
                self.enter(conference, self.present());
            }
            Ok(Plan::Music) if alone => {
                self.attempt_done(id);
                self.serve(Source::HoldMusic);
            }
            Ok(Plan::Echo) if alone => {
                self.attempt_done(id);
                self.serve(Source::Echo);
            }
            Ok(Plan::Queue(_) | Plan::Conference(_) | Plan::Music | Plan::Echo | Plan::Flow(_)) => {
                self.give_up(id, plain_failure(status));
            }
            Err(refusal) => self.give_up(id, plain_failure(refusal.status().0)),
        }
    }

    /// The attempt is over, and with it its place in a queue.
    pub(super) fn leave_queue(&mut self, place: Option<Box<QueuePlace>>) {
        if let Some(place) = place {
            self.silence_queue(&place);
            self.act(Action::Queue { entry: place.entry, what: Queuing::Left });
        }
    }

    /// The attempt is over because somebody has answered.
    pub(super) fn served_by_queue(&mut self, place: Option<Box<QueuePlace>>, winner: LegId) {
        let Some(place) = place else { return };
        self.silence_queue(&place);
        let Some(party) = self.legs.get_mut(&winner) else { return };
        party.facts.queue = Some(place.queue.name.clone());
        let agent = number_of(&party.origin).to_owned();
        self.act(Action::Queue { entry: place.entry, what: Queuing::Answered { agent, leg: winner } });
    }

    /// Nobody came: one who waited alone hears that for a moment, and is hung up.
    pub(super) fn queued_in_vain(&mut self, failure: &Failure) {
        self.reject_waiting(failure);
        if self.company().count() == 1 && matches!(self.movement, Movement::Still) {
            self.regret();
        }
    }

    /// Whoever waits in a queue with music of its own hears that; also one who took the place of another.
    pub(super) fn play_queues(&mut self) {
        let ids: Vec<DialId> = self
            .dials
            .iter()
            .filter(|(_, dial)| {
                dial.is_queued() && dial.place.as_ref().is_some_and(|place| !place.queue.music.is_empty())
            })
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            let Some(dial) = self.dials.get(&id) else { continue };
            let Some(music) = dial.place.as_ref().map(|place| Sound::Clips(place.queue.music.clone())) else {
                continue;
            };
            for leg in self.waiters(&dial.errand.clone()) {
                let deaf = |party: &Leg| party.part.waits.is_none() && party.confirmed();
                if !self.legs.get(&leg).is_some_and(deaf) {
                    continue;
                }
                let tune = self.tune(leg, &music, Repeat::Forever);
                if let Some(party) = self.legs.get_mut(&leg) {
                    party.part.waits = Some(tune);
                }
                if let Some(place) = self.dials.get_mut(&id).and_then(|dial| dial.place.as_mut()) {
                    place.listeners.push(leg);
                }
            }
        }
    }

    fn silence_queue(&mut self, place: &QueuePlace) {
        for leg in &place.listeners {
            self.no_waiting(*leg);
        }
    }

    /// Who waits is told with the queue's name from now on.
    fn stamp_queue(&mut self, id: DialId) {
        let Some(dial) = self.dials.get(&id) else { return };
        let Some(name) = dial.place.as_ref().map(|place| place.queue.name.clone()) else { return };
        for leg in self.waiters(&dial.errand.clone()) {
            if let Some(party) = self.legs.get_mut(&leg) {
                party.facts.queue = Some(name.clone());
            }
        }
    }

    /// Those who wait for an attempt and have nobody else meanwhile.
    fn waiters(&self, errand: &Errand) -> Vec<LegId> {
        match errand {
            Errand::Warm => match &self.movement {
                Movement::Warm(warm) => vec![warm.agent.leg],
                Movement::Still | Movement::Cold(_) | Movement::Attended(_) | Movement::Recall(_) => Vec::new(),
            },
            Errand::Cold => match &self.movement {
                Movement::Cold(cold) => self.others(cold.by.leg),
                Movement::Still | Movement::Warm(_) | Movement::Attended(_) | Movement::Recall(_) => Vec::new(),
            },
            Errand::Invitation(member, _) => vec![*member],
            Errand::Second(first) => vec![*first],
            Errand::First
            | Errand::Handed(_)
            | Errand::Queued
            | Errand::Redirected
            | Errand::Recall
            | Errand::Fallback => self.present(),
            Errand::Added(_) | Errand::Originated(_) => Vec::new(),
        }
    }

    fn queued_by(&self, entry: EntryId) -> Option<(DialId, &Dial)> {
        let its = |dial: &Dial| dial.place.as_ref().is_some_and(|place| place.entry == entry);
        self.dials.iter().find(|(_, dial)| its(dial)).map(|(id, dial)| (*id, dial))
    }
}
