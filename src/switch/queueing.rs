//! Queues at the switchboard: who is registered, and where an agent's phones are, it knows; who waits and who is offered whom, `queue`.

use super::{
    Event, QueueSettings, QueueState, Switchboard, extension::Extensions, queue::Decision, registrar::Registrar,
};
use crate::{
    destination::{Plan, Queue, QueueEnd, Refusal, Target},
    ids::EntryId,
};
use std::time::Instant;

/// What a queue wants done with one who waits.
#[derive(Clone, Debug, PartialEq)]
pub enum Offer {
    /// Call this agent.
    Call {
        /// Who waits.
        entry: EntryId,
        /// The agent's extension.
        agent: String,
        /// Its phones.
        targets: Vec<Target>,
    },
    /// It is not in the queue any more.
    Over {
        /// Who.
        entry: EntryId,
        /// Why.
        why: QueueEnd,
        /// Where it goes instead.
        fallback: Option<String>,
    },
}

impl Switchboard {
    /// Somebody waits in a queue from now on; `by`: the extension that sent it there, which is not to have it back at once.
    ///
    /// # Errors
    /// Why not, and where it goes instead.
    pub fn enter_queue(
        &mut self,
        entry: EntryId,
        queue: &str,
        by: Option<&str>,
        now: Instant,
    ) -> Result<(), (QueueEnd, Option<String>)> {
        self.queues.enter(entry, queue, by, now)
    }

    /// Who waited is gone.
    pub fn leave_queue(&mut self, entry: EntryId) {
        self.queues.left(entry);
    }

    /// An agent has the one who waited.
    pub fn agent_answered(&mut self, entry: EntryId, agent: &str) {
        self.queues.answered(entry, agent);
    }

    /// An agent does not take the one who waits.
    pub fn agent_declined(&mut self, entry: EntryId, agent: &str, now: Instant) {
        self.queues.declined(entry, agent, now);
    }

    /// An extension has one leg more, whatever for.
    pub fn engaged(&mut self, extension: &str) {
        self.queues.engaged(extension);
    }

    /// An extension has one leg less.
    pub fn released(&mut self, extension: &str, now: Instant) {
        self.queues.released(extension, now);
    }

    /// An agent takes calls of queues, or none. Whether that is new; `None`: it is an agent of no queue.
    pub fn pause_agent(&mut self, agent: &str, paused: bool) -> Option<bool> {
        let new = self.queues.pause(agent, paused)?;
        if new {
            self.events.push_back(Event::AgentPaused { extension: agent.to_owned(), paused });
        }
        Some(new)
    }

    /// All queues, in the order of the configuration.
    pub fn queues(&self) -> Vec<QueueState> {
        self.queues.states(online(&self.extensions, &self.registrar))
    }

    /// A queue by name.
    pub fn queue_state(&self, name: &str) -> Option<QueueState> {
        self.queues.state_of(name, online(&self.extensions, &self.registrar))
    }

    /// What the queues want done next.
    pub fn next_offer(&mut self, now: Instant) -> Option<Offer> {
        loop {
            let decision = self.queues.next_decision(online(&self.extensions, &self.registrar))?;
            match decision {
                Decision::Over { entry, why, fallback } => return Some(Offer::Over { entry, why, fallback }),
                Decision::Offer { entry, agent } => match self.extension(&agent) {
                    // A queue says how long phones ring, not which of them ring first.
                    Ok(steps) => return Some(Offer::Call { entry, agent, targets: steps.concat() }),
                    Err(_) => self.queues.declined(entry, &agent, now),
                },
            }
        }
    }

    /// Where a queue by name leads.
    pub(super) fn queue(&self, name: &str) -> Result<Plan, Refusal> {
        self.queues.find(name).map(QueueSettings::plan).ok_or(Refusal::Unknown)
    }
}

impl QueueSettings {
    /// Where it leads.
    pub(super) fn plan(&self) -> Plan {
        Plan::Queue(Queue { name: self.name.clone(), music: self.music.clone(), ring: self.ring })
    }
}

/// Whether a phone of an extension is registered.
fn online<'a>(extensions: &'a Extensions, registrar: &'a Registrar) -> impl Fn(&str) -> bool + 'a {
    |number| extensions.find(number).is_some_and(|(at, _)| !registrar.phones(at).is_empty())
}
