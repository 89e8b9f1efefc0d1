//! Who waits for an agent, and who is offered whom. It knows no calls: it says "offer entry 7 to agent 1003", somebody else
//! carries that, and tells what came of it.

use super::{
    QueueSettings, Strategy,
    agent::{AgentState, AgentStatus, Agents, Seat},
};
use crate::{deadlines::Deadlines, destination::QueueEnd, ids::EntryId};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// What a queue wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// This agent is to be called for the one who waits.
    Offer {
        /// Who waits.
        entry: EntryId,
        /// The agent's extension.
        agent: String,
    },
    /// Who waited is not in the queue any more.
    Over {
        /// Who.
        entry: EntryId,
        /// Why.
        why: QueueEnd,
        /// Where it goes instead.
        fallback: Option<String>,
    },
}

/// A queue as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueState {
    /// How it is configured.
    pub settings: QueueSettings,
    /// Who waits, the first first.
    pub waiting: Vec<WaitingState>,
    /// Its agents, in the order of the configuration.
    pub agents: Vec<AgentState>,
}

/// Who waits, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingState {
    /// Who.
    pub entry: EntryId,
    /// Since when.
    pub since: Instant,
    /// Whom it is offered to.
    pub offered: Vec<String>,
}

/// All queues.
#[derive(Debug)]
pub(super) struct Queues {
    queues: Vec<Queue>,
    agents: Agents,
    deadlines: Deadlines<Due>,
    decisions: VecDeque<Decision>,
    /// Something happened after which somebody may be offered to somebody.
    stirred: bool,
}

#[derive(Debug)]
struct Queue {
    settings: QueueSettings,
    members: Vec<Seat>,
    waiting: VecDeque<Entry>,
    /// Whose turn it is, in round robin.
    turn: usize,
}

#[derive(Debug)]
struct Entry {
    id: EntryId,
    since: Instant,
    offered: Vec<Seat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Due {
    /// It waited as long as it may.
    Wait(EntryId),
    /// Wrap-up or rest of an agent.
    Agent(Seat),
}

impl Queues {
    /// Nobody waits. `extensions`: all, in the order of the configuration.
    pub(super) fn new<'a>(settings: Vec<QueueSettings>, extensions: impl Iterator<Item = &'a str>) -> Self {
        let mut queues = Self {
            queues: Vec::new(),
            agents: Agents::default(),
            deadlines: Deadlines::new(),
            decisions: VecDeque::new(),
            stirred: false,
        };
        queues.reload(settings, extensions);
        queues
    }

    /// Other settings from now on. Who waits in a queue that there still is keeps its place.
    pub(super) fn reload<'a>(&mut self, settings: Vec<QueueSettings>, extensions: impl Iterator<Item = &'a str>) {
        let extensions: Vec<&str> = extensions.collect();
        let mut before = std::mem::take(&mut self.queues);
        for settings in settings {
            let members = match &settings.members {
                Some(members) => members.iter().map(|number| self.agents.seat(number)).collect(),
                None => extensions.iter().map(|number| self.agents.seat(number)).collect(),
            };
            let old = before.iter_mut().find(|queue| queue.settings.name == settings.name);
            let waiting = old.map(|queue| std::mem::take(&mut queue.waiting)).unwrap_or_default();
            for entry in &waiting {
                match settings.max_wait {
                    Some(most) => self.deadlines.set(Due::Wait(entry.id), entry.since + most),
                    None => self.deadlines.clear(Due::Wait(entry.id)),
                }
            }
            self.queues.push(Queue { settings, members, waiting, turn: 0 });
        }
        for queue in before {
            for entry in queue.waiting {
                self.end(entry, QueueEnd::Closed, queue.settings.fallback.clone());
            }
        }
        self.stirred = true;
    }

    /// In the order of the configuration.
    pub(super) fn settings(&self) -> impl Iterator<Item = &QueueSettings> {
        self.queues.iter().map(|queue| &queue.settings)
    }

    pub(super) fn find(&self, name: &str) -> Option<&QueueSettings> {
        self.settings().find(|settings| settings.name == name)
    }

    /// The queue that is dialled by this number.
    pub(super) fn at(&self, number: &str) -> Option<&QueueSettings> {
        self.settings().find(|settings| settings.number.as_deref() == Some(number))
    }

    /// Somebody waits from now on, behind all others; `by`: the extension that sent it there. `Err`: why not, and where it
    /// goes instead.
    pub(super) fn enter(
        &mut self,
        entry: EntryId,
        queue: &str,
        by: Option<&str>,
        now: Instant,
    ) -> Result<(), (QueueEnd, Option<String>)> {
        let found = self.queues.iter_mut().find(|other| other.settings.name == queue);
        let queue = found.ok_or((QueueEnd::Closed, None))?;
        if queue.settings.max_length.is_some_and(|most| queue.waiting.len() >= most) {
            return Err((QueueEnd::Full, queue.settings.fallback.clone()));
        }
        queue.waiting.push_back(Entry { id: entry, since: now, offered: Vec::new() });
        if let Some(most) = queue.settings.max_wait {
            self.deadlines.set(Due::Wait(entry), now + most);
        }
        let until = now + queue.settings.retry;
        if let Some(seat) = by.and_then(|by| self.agents.find(by)) {
            if let Some(agent) = self.agents.get_mut(seat) {
                agent.rests(until);
            }
            self.set_alarm(seat);
        }
        self.stirred = true;
        Ok(())
    }

    /// Who waited waits no more; who rings for it is free again.
    pub(super) fn left(&mut self, entry: EntryId) {
        self.take(entry);
    }

    /// An agent has the one who waited.
    pub(super) fn answered(&mut self, entry: EntryId, agent: &str) {
        let Some((wrap_up, _)) = self.take(entry) else { return };
        if let Some(agent) = self.agents.find(agent).and_then(|seat| self.agents.get_mut(seat)) {
            agent.took(wrap_up);
        }
    }

    /// An agent does not take an offer: busy, silent, refused. Who waits keeps its place.
    pub(super) fn declined(&mut self, entry: EntryId, agent: &str, now: Instant) {
        let Some(seat) = self.agents.find(agent) else { return };
        let Some(queue) = self.queues.iter_mut().find(|queue| queue.waiting.iter().any(|other| other.id == entry))
        else {
            return;
        };
        let until = now + queue.settings.retry;
        for waiting in queue.waiting.iter_mut().filter(|waiting| waiting.id == entry) {
            waiting.offered.retain(|other| *other != seat);
        }
        if let Some(agent) = self.agents.get_mut(seat) {
            agent.withdraw(entry);
            agent.missed(until);
        }
        self.set_alarm(seat);
        self.stirred = true;
    }

    /// An extension has one leg more, whatever for.
    pub(super) fn engaged(&mut self, extension: &str) {
        let seat = self.agents.seat(extension);
        if let Some(agent) = self.agents.get_mut(seat) {
            agent.engaged();
        }
    }

    /// An extension has one leg less.
    pub(super) fn released(&mut self, extension: &str, now: Instant) {
        let Some(seat) = self.agents.find(extension) else { return };
        let Some(released) = self.agents.get_mut(seat).and_then(|agent| agent.released(now)) else { return };
        if let Some(entry) = released.offer {
            for waiting in self.queues.iter_mut().flat_map(|queue| &mut queue.waiting) {
                if waiting.id == entry {
                    waiting.offered.retain(|other| *other != seat);
                }
            }
        }
        self.set_alarm(seat);
        self.stirred = true;
    }

    /// Somebody may have come whose phone was not there.
    pub(super) fn stir(&mut self) {
        self.stirred = true;
    }

    /// An agent takes calls, or none. Whether that is new; `None`: it is an agent of no queue.
    pub(super) fn pause(&mut self, agent: &str, paused: bool) -> Option<bool> {
        let seat = self.agents.find(agent)?;
        if !self.queues.iter().any(|queue| queue.members.contains(&seat)) {
            return None;
        }
        let new = self.agents.get_mut(seat)?.pause(paused);
        self.set_alarm(seat);
        self.stirred = true;
        Some(new)
    }

    /// Deadlines that are due.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some(due) = self.deadlines.pop_due(now) {
            match due {
                Due::Wait(entry) => self.waited_long(entry),
                Due::Agent(seat) => {
                    if let Some(agent) = self.agents.get_mut(seat) {
                        agent.wake(now);
                    }
                    self.set_alarm(seat);
                    self.stirred = true;
                }
            }
        }
    }

    /// The earliest deadline.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    /// What is to be done next. `online`: whether a phone of that extension is registered.
    pub(super) fn next_decision(&mut self, online: impl Fn(&str) -> bool) -> Option<Decision> {
        if std::mem::take(&mut self.stirred) {
            self.assign(online);
        }
        self.decisions.pop_front()
    }

    /// All as they are now.
    pub(super) fn states(&self, online: impl Fn(&str) -> bool) -> Vec<QueueState> {
        self.queues.iter().map(|queue| self.state(queue, &online)).collect()
    }

    /// One as it is now.
    pub(super) fn state_of(&self, name: &str, online: impl Fn(&str) -> bool) -> Option<QueueState> {
        let queue = self.queues.iter().find(|queue| queue.settings.name == name)?;
        Some(self.state(queue, &online))
    }

    fn state(&self, queue: &Queue, online: &impl Fn(&str) -> bool) -> QueueState {
        let name = |seat: &Seat| self.agents.get(*seat).map(|agent| agent.number.clone());
        let waiting = |entry: &Entry| WaitingState {
            entry: entry.id,
            since: entry.since,
            offered: entry.offered.iter().filter_map(name).collect(),
        };
        let agents = queue.members.iter().filter_map(|seat| self.agents.get(*seat));
        QueueState {
            settings: queue.settings.clone(),
            waiting: queue.waiting.iter().map(waiting).collect(),
            agents: agents.map(|agent| agent.state(online(&agent.number))).collect(),
        }
    }

    /// Offers who waits to who is free: who waits for the longest comes first, in all queues together.
    fn assign(&mut self, online: impl Fn(&str) -> bool) {
        let mut done = vec![false; self.queues.len()];
        loop {
            let heads = self.queues.iter().enumerate().filter(|(at, _)| !done.get(*at).copied().unwrap_or(true));
            let heads = heads.filter_map(|(at, queue)| Some((queue.next_in_line()?.1, at)));
            let Some((_, at)) = heads.min() else { return };
            let Some(queue) = self.queues.get_mut(at) else { return };
            if !queue.offer_next(&mut self.agents, &online, &mut self.decisions)
                && let Some(done) = done.get_mut(at)
            {
                *done = true;
            }
        }
    }

    fn waited_long(&mut self, entry: EntryId) {
        for queue in &mut self.queues {
            if let Some(at) = queue.waiting.iter().position(|waiting| waiting.id == entry) {
                let fallback = queue.settings.fallback.clone();
                if let Some(entry) = queue.waiting.remove(at) {
                    self.end(entry, QueueEnd::MaxWait, fallback);
                }
                return;
            }
        }
    }

    /// Who waited is told that it is over.
    fn end(&mut self, entry: Entry, why: QueueEnd, fallback: Option<String>) {
        self.deadlines.clear(Due::Wait(entry.id));
        self.withdraw(&entry);
        self.decisions.push_back(Decision::Over { entry: entry.id, why, fallback });
    }

    /// Takes somebody out; the wrap-up of its queue.
    fn take(&mut self, id: EntryId) -> Option<(Duration, Entry)> {
        let (wrap_up, entry) = self.queues.iter_mut().find_map(|queue| {
            let at = queue.waiting.iter().position(|waiting| waiting.id == id)?;
            Some((queue.settings.wrap_up, queue.waiting.remove(at)?))
        })?;
        self.deadlines.clear(Due::Wait(id));
        self.withdraw(&entry);
        self.decisions.retain(|decision| match decision {
            Decision::Offer { entry, .. } | Decision::Over { entry, .. } => *entry != id,
        });
        self.stirred = true;
        Some((wrap_up, entry))
    }

    fn withdraw(&mut self, entry: &Entry) {
        for seat in &entry.offered {
            if let Some(agent) = self.agents.get_mut(*seat) {
                agent.withdraw(entry.id);
            }
        }
    }

    fn set_alarm(&mut self, seat: Seat) {
        match self.agents.get(seat).and_then(super::agent::Agent::next_deadline) {
            Some(at) => self.deadlines.set(Due::Agent(seat), at),
            None => self.deadlines.clear(Due::Agent(seat)),
        }
    }
}

impl Queue {
    /// Who is to be offered next, and since when it waits: the first whom nobody rings for; where all ring, the first of all.
    fn next_in_line(&self) -> Option<(usize, Instant)> {
        let all = self.settings.strategy == Strategy::RingAll;
        let at = self.waiting.iter().position(|entry| all || entry.offered.is_empty())?;
        Some((at, self.waiting.get(at)?.since))
    }

    /// Offers the next in line to somebody. Whether somebody was free.
    fn offer_next(
        &mut self,
        agents: &mut Agents,
        online: &impl Fn(&str) -> bool,
        decisions: &mut VecDeque<Decision>,
    ) -> bool {
        let Some((at, _)) = self.next_in_line() else { return false };
        let chosen = self.choose(agents, online);
        let Some(entry) = self.waiting.get_mut(at) else { return false };
        for seat in &chosen {
            let Some(agent) = agents.get_mut(*seat) else { continue };
            agent.offer(entry.id);
            entry.offered.push(*seat);
            decisions.push_back(Decision::Offer { entry: entry.id, agent: agent.number.clone() });
        }
        !chosen.is_empty()
    }

    /// Who is to be offered a call now.
    fn choose(&mut self, agents: &Agents, online: &impl Fn(&str) -> bool) -> Vec<Seat> {
        let is_free = |seat: &&Seat| agents.get(**seat).is_some_and(|agent| agent.is_free() && online(&agent.number));
        match self.settings.strategy {
            Strategy::RingAll => self.members.iter().filter(is_free).copied().collect(),
            Strategy::InOrder => self.members.iter().find(is_free).copied().into_iter().collect(),
            Strategy::LongestIdle => {
                let idle = |seat: &&Seat| agents.get(**seat).and_then(|agent| agent.idle_since());
                self.members.iter().filter(is_free).min_by_key(idle).copied().into_iter().collect()
            }
            Strategy::RoundRobin => {
                let turn = self.turn.min(self.members.len());
                let (before, after) = self.members.split_at(turn);
                let chosen = after.iter().chain(before).find(is_free).copied();
                if let Some(at) = chosen.and_then(|seat| self.members.iter().position(|other| *other == seat)) {
                    self.turn = at + 1;
                }
                chosen.into_iter().collect()
            }
        }
    }
}

impl QueueState {
    /// How many agents may be offered a call now.
    pub fn free(&self) -> usize {
        self.agents.iter().filter(|agent| agent.status == AgentStatus::Free).count()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]
mod tests;
