//! Queues: what calls tell of those who wait goes to the switchboard, what the switchboard decides goes to the calls, and programs see
//! both as one.

use super::{Done, Exchange, Granted, wish::QueueView};
use crate::{
    call::{self, Epoch, PartyView, QueueNews, Queuing, Refused, Stamp},
    destination::QueueEnd,
    ids::{CallId, EntryId, LegId},
    switch::{AgentState, AgentStatus, Offer, QueueState},
};
use serde::Serialize;
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// Where one who waits is.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    call: CallId,
    queue: String,
    leg: Option<LegId>,
}

/// Somebody who waits in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WaitingView {
    /// Its place.
    pub id: EntryId,
    /// 1 is the next.
    pub position: usize,
    /// In which call.
    pub call: Option<CallId>,
    /// Who waits; `None` where an agent is called before anybody is there.
    pub leg: Option<LegId>,
    /// Who that is.
    pub party: Option<PartyView>,
    /// Since when.
    pub since: Stamp,
    /// The agents whose phones ring for it.
    pub offered: Vec<String>,
}

/// Somebody who takes the calls of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentView {
    /// The extension.
    pub extension: String,
    /// What it does now.
    pub state: AgentStatus,
    /// It takes no calls of queues, once it has done what it does.
    pub paused: bool,
    /// When wrap-up or rest are over.
    pub until: Option<Stamp>,
    /// Whose call it is offered.
    pub offered: Option<EntryId>,
    /// When its last call of a queue ended.
    pub last_call_at: Option<Stamp>,
    /// Calls of queues that it took since the start.
    pub taken: u64,
    /// Offers that it did not take since the start.
    pub missed: u64,
}

/// How full a queue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueLoad {
    /// Its name.
    pub name: String,
    /// How many wait.
    pub waiting: usize,
    /// How long the next in line has waited.
    pub longest_wait: Duration,
    /// Agents that may be offered a call now.
    pub free_agents: usize,
}

/// Those who wait that an event tells of by name.
const TOLD: usize = 50;

impl Exchange {
    /// What a call tells of one who waits, or wants to.
    pub(super) fn queue(&mut self, id: CallId, entry: EntryId, what: Queuing, now: Instant) {
        match what {
            Queuing::Enter { queue, by } => match self.switchboard.enter_queue(entry, &queue, by.as_deref(), now) {
                Ok(()) => {
                    self.entries.insert(entry, Waiting { call: id, queue, leg: None });
                    self.answer(id, call::Command::Queued { entry }, now);
                    self.tell_entered(entry, now);
                }
                Err((why, fallback)) => {
                    let waiting = Waiting { call: id, queue, leg: None };
                    self.tell_waiting(entry, &waiting, QueueNews::Left { why }, now);
                    self.answer(id, call::Command::QueueOver { entry, status: why.status().0, fallback }, now);
                }
            },
            Queuing::Declined { agent, status } => {
                self.switchboard.agent_declined(entry, &agent, now);
                self.tell_of(entry, QueueNews::Declined { agent, status }, now);
            }
            Queuing::Answered { agent, leg } => {
                self.switchboard.agent_answered(entry, &agent);
                self.tell_last(entry, QueueNews::Answered { agent, leg }, now);
            }
            Queuing::Left => {
                self.switchboard.leave_queue(entry);
                self.tell_last(entry, QueueNews::Left { why: QueueEnd::Left }, now);
            }
        }
    }

    /// What a queue wants done.
    pub(super) fn offer(&mut self, offer: Offer, now: Instant) {
        match offer {
            Offer::Call { entry, agent, targets } => {
                let Some(id) = self.entries.get(&entry).map(|waiting| waiting.call) else { return };
                self.tell_of(entry, QueueNews::Offered { agent: agent.clone() }, now);
                self.answer(id, call::Command::OfferAgent { entry, agent, targets }, now);
                self.stirred.push_back(id);
            }
            Offer::Over { entry, why, fallback } => {
                let Some(id) = self.entries.get(&entry).map(|waiting| waiting.call) else { return };
                self.tell_last(entry, QueueNews::Left { why }, now);
                self.answer(id, call::Command::QueueOver { entry, status: why.status().0, fallback }, now);
                self.stirred.push_back(id);
            }
        }
    }

    /// Who waits does so in another call from now on.
    pub(super) fn waits_in(&mut self, entry: EntryId, call: CallId) {
        if let Some(waiting) = self.entries.get_mut(&entry) {
            waiting.call = call;
        }
    }

    /// All queues as they are now.
    pub(super) fn queue_views(&self, epoch: Epoch) -> Vec<QueueView> {
        let states = self.switchboard.queues();
        states.into_iter().map(|state| self.queue_view(state, usize::MAX, epoch)).collect()
    }

    /// How full all queues are.
    pub fn queue_loads(&self, now: Instant) -> Vec<QueueLoad> {
        let load = |state: QueueState| QueueLoad {
            waiting: state.waiting.len(),
            longest_wait: state
                .waiting
                .first()
                .map(|first| now.saturating_duration_since(first.since))
                .unwrap_or_default(),
            free_agents: state.free(),
            name: state.settings.name,
        };
        self.switchboard.queues().into_iter().map(load).collect()
    }

    /// An agent takes calls, or none.
    pub(super) fn pause_agent(&mut self, agent: &str, paused: bool, now: Instant) -> Result<Granted, Refused> {
        self.switchboard.pause_agent(agent, paused).ok_or(Refused::UnknownAgent)?;
        self.pump(now);
        Ok(Granted::Done(Done::default()))
    }

    fn tell_entered(&mut self, entry: EntryId, now: Instant) {
        let name = self.entries.get(&entry).map(|waiting| waiting.queue.clone()).unwrap_or_default();
        let state = self.switchboard.queue_state(&name);
        let position = state.and_then(|state| state.waiting.iter().position(|other| other.entry == entry));
        self.tell_of(entry, QueueNews::Entered { position: position.unwrap_or_default() + 1 }, now);
    }

    /// Told while it waits.
    fn tell_of(&mut self, entry: EntryId, news: QueueNews, now: Instant) {
        let Some(waiting) = self.entries.get_mut(&entry) else { return };
        let leg = self.calls.get(&waiting.call).and_then(|line| line.call.waits_by(entry));
        waiting.leg = leg.or(waiting.leg);
        let waiting = waiting.clone();
        self.tell_waiting(entry, &waiting, news, now);
    }

    /// Told when it waits no more.
    fn tell_last(&mut self, entry: EntryId, news: QueueNews, now: Instant) {
        if let Some(waiting) = self.entries.remove(&entry) {
            self.tell_waiting(entry, &waiting, news, now);
        }
    }

    fn tell_waiting(&mut self, entry: EntryId, waiting: &Waiting, news: QueueNews, now: Instant) {
        let (queue, leg) = (waiting.queue.clone(), waiting.leg);
        let state = self.epoch.and_then(|epoch| {
            let state = self.switchboard.queue_state(&queue)?;
            Some(Box::new(self.queue_view(state, TOLD, epoch)))
        });
        self.tell_with_queue(waiting.call, call::Event::Queue { entry, queue, leg, news }, state, now);
    }

    /// A queue as it is now, with no more than so many of those who wait.
    fn queue_view(&self, state: QueueState, most: usize, epoch: Epoch) -> QueueView {
        let length = state.waiting.len();
        let free = state.free();
        let waiting = state.waiting.into_iter().enumerate().take(most).map(|(at, waiting)| {
            let place = self.entries.get(&waiting.entry);
            let call = place.and_then(|place| self.calls.get(&place.call)).map(|line| &line.call);
            let leg = call.and_then(|call| call.waits_by(waiting.entry));
            WaitingView {
                id: waiting.entry,
                position: at + 1,
                call: place.map(|place| place.call),
                leg,
                party: leg.and_then(|leg| call?.party_view(leg)),
                since: epoch.stamp(waiting.since),
                offered: waiting.offered,
            }
        });
        QueueView {
            waiting: waiting.collect(),
            length,
            free_agents: free,
            agents: state.agents.into_iter().map(|agent| AgentView::new(agent, epoch)).collect(),
            name: state.settings.name,
            number: state.settings.number,
            strategy: state.settings.strategy,
            max_length: state.settings.max_length,
            max_wait_s: state.settings.max_wait.map(|time| time.as_secs()),
            fallback: state.settings.fallback,
        }
    }
}

impl AgentView {
    fn new(agent: AgentState, epoch: Epoch) -> Self {
        Self {
            extension: agent.extension,
            state: agent.status,
            paused: agent.paused,
            until: agent.until.map(|at| epoch.stamp(at)),
            offered: agent.offered,
            last_call_at: agent.last_call.map(|at| epoch.stamp(at)),
            taken: agent.taken,
            missed: agent.missed,
        }
    }
}
