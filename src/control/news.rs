//! What happened, as programs are told it.

use super::data::{Data, kind};
use crate::{
    call::{PartyKind, PartyView, Stamp},
    exchange,
    ids::{CallId, LegId},
    switch,
};
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::sync::{Arc, OnceLock};

/// Something that happened, with what is so after it. `Serialize` gives it as programs see it.
#[derive(Debug)]
pub struct News {
    /// Grows by one from news to news, also over a restart.
    pub sequence: u64,
    /// When.
    pub at: Stamp,
    /// What.
    pub what: Happened,
    json: OnceLock<Arc<str>>,
}

/// What happened.
#[derive(Debug)]
pub enum Happened {
    /// In a call.
    Call(Box<exchange::News>),
    /// A phone registered or refreshed.
    Registered {
        /// The extension.
        extension: String,
        /// The contact URI.
        contact: String,
        /// What it says that it is.
        user_agent: String,
        /// When it runs out.
        expires_at: Stamp,
    },
    /// A registration was taken back or ran out.
    Unregistered {
        /// The extension.
        extension: String,
        /// The contact URI.
        contact: String,
        /// It ran out.
        expired: bool,
    },
    /// An agent takes no calls of queues from now on, or takes them again.
    AgentPaused {
        /// The extension.
        extension: String,
        /// None.
        paused: bool,
    },
    /// An address is ignored for a while: too many failed logins.
    Banned {
        /// The address.
        address: String,
        /// s.
        seconds: u64,
    },
}

impl Happened {
    /// What the switchboard tells; `stamp` is what a moment is in the calendar.
    pub fn at_switchboard(event: &switch::Event, stamp: impl Fn(std::time::Instant) -> Stamp) -> Self {
        match event {
            switch::Event::Registered(binding) => Self::Registered {
                extension: binding.extension.clone(),
                contact: binding.contact.to_string(),
                user_agent: binding.agent.clone(),
                expires_at: stamp(binding.expires),
            },
            switch::Event::Unregistered { extension, contact, expired } => {
                Self::Unregistered { extension: extension.clone(), contact: contact.clone(), expired: *expired }
            }
            switch::Event::AgentPaused { extension, paused } => {
                Self::AgentPaused { extension: extension.clone(), paused: *paused }
            }
            switch::Event::Banned { address, seconds } => {
                Self::Banned { address: address.to_string(), seconds: *seconds }
            }
        }
    }
}

impl News {
    pub(super) fn new(sequence: u64, at: Stamp, what: Happened) -> Self {
        Self { sequence, at, what, json: OnceLock::new() }
    }

    /// The type: a noun, a dot, and what became of it.
    pub fn kind(&self) -> &'static str {
        match &self.what {
            Happened::Call(news) => kind(&news.event),
            Happened::Registered { .. } => "registration.added",
            Happened::Unregistered { .. } => "registration.removed",
            Happened::AgentPaused { paused: true, .. } => "agent.paused",
            Happened::AgentPaused { paused: false, .. } => "agent.unpaused",
            Happened::Banned { .. } => "security.banned",
        }
    }

    /// Whether it is of a type, or of one of its noun: `leg` is all of `leg.answered`, `leg.ended` ...
    pub fn is(&self, wanted: &str) -> bool {
        let kind = self.kind();
        kind == wanted || kind.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
    }

    /// The call that it is about.
    pub fn call(&self) -> Option<CallId> {
        match &self.what {
            Happened::Call(news) => Some(news.call),
            Happened::Registered { .. }
            | Happened::Unregistered { .. }
            | Happened::AgentPaused { .. }
            | Happened::Banned { .. } => None,
        }
    }

    /// The leg that it is about.
    pub fn leg(&self) -> Option<LegId> {
        match &self.what {
            Happened::Call(news) => news.event.leg(),
            Happened::Registered { .. }
            | Happened::Unregistered { .. }
            | Happened::AgentPaused { .. }
            | Happened::Banned { .. } => None,
        }
    }

    /// Whether it concerns an extension: it is registered there, or has a leg in that call.
    pub fn concerns(&self, extension: &str) -> bool {
        match &self.what {
            Happened::Call(news) => {
                let legs = news.state.iter().flat_map(|call| &call.legs).chain(news.leg.as_deref());
                legs.into_iter().any(|leg| is(&leg.party, extension))
                    || news.transfer.as_ref().is_some_and(|transfer| is(&transfer.by, extension))
            }
            Happened::Registered { extension: own, .. }
            | Happened::Unregistered { extension: own, .. }
            | Happened::AgentPaused { extension: own, .. } => own == extension,
            Happened::Banned { .. } => false,
        }
    }

    /// As programs see it; made once, however many read it.
    pub fn json(&self) -> Arc<str> {
        let make = || serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned()).into();
        Arc::clone(self.json.get_or_init(make))
    }

    /// The same for who sees its own calls only: not who else waits in a queue.
    pub fn json_of_own(&self) -> Arc<str> {
        match &self.what {
            Happened::Call(news) if news.queue.is_some() => {
                let mut all = serde_json::to_value(self).unwrap_or_default();
                if let Some(all) = all.as_object_mut() {
                    all.remove("queue");
                }
                all.to_string().into()
            }
            Happened::Call(_)
            | Happened::Registered { .. }
            | Happened::Unregistered { .. }
            | Happened::AgentPaused { .. }
            | Happened::Banned { .. } => self.json(),
        }
    }

    /// How much memory it may take, in legs.
    pub(super) fn weight(&self) -> usize {
        match &self.what {
            Happened::Call(news) => {
                let queue = news.queue.as_ref().map_or(0, |queue| 1 + (queue.waiting.len() + queue.agents.len()) / 4);
                1 + queue + news.state.as_ref().map_or(0, |call| call.legs.len())
            }
            Happened::Registered { .. }
            | Happened::Unregistered { .. }
            | Happened::AgentPaused { .. }
            | Happened::Banned { .. } => 1,
        }
    }
}

/// Whether somebody is an extension of ours.
pub(super) fn is(party: &PartyView, extension: &str) -> bool {
    party.kind == PartyKind::Extension && party.place == extension
}

impl Serialize for News {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("sequence", &self.sequence)?;
        map.serialize_entry("at", &self.at)?;
        map.serialize_entry("type", self.kind())?;
        match &self.what {
            Happened::Call(news) => {
                map.serialize_entry("call_id", &news.call)?;
                map.serialize_entry("leg_id", &news.event.leg())?;
                map.serialize_entry("cause", &news.cause)?;
                map.serialize_entry("data", &Data(&news.event))?;
                map.serialize_entry("call", &news.state)?;
                map.serialize_entry("leg", &news.leg)?;
                map.serialize_entry("transfer", &news.transfer)?;
                if news.queue.is_some() {
                    map.serialize_entry("queue", &news.queue)?;
                }
            }
            Happened::Registered { extension, contact, user_agent, expires_at } => {
                map.serialize_entry(
                    "data",
                    &serde_json::json!({
                        "extension": extension, "contact": contact, "user_agent": user_agent, "expires_at": expires_at,
                    }),
                )?;
            }
            Happened::Unregistered { extension, contact, expired } => {
                let data = serde_json::json!({ "extension": extension, "contact": contact, "expired": expired });
                map.serialize_entry("data", &data)?;
            }
            Happened::AgentPaused { extension, paused } => {
                map.serialize_entry("data", &serde_json::json!({ "extension": extension, "paused": paused }))?;
            }
            Happened::Banned { address, seconds } => {
                map.serialize_entry("data", &serde_json::json!({ "address": address, "seconds": seconds }))?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        call::{Event, QueueNews},
        exchange::QueueView,
        ids::EntryId,
        switch::Strategy,
    };

    #[test]
    fn who_sees_its_own_calls_only_is_not_told_who_else_waits() {
        let queue = QueueView {
            name: "support".to_owned(),
            number: None,
            strategy: Strategy::RingAll,
            waiting: Vec::new(),
            length: 7,
            agents: Vec::new(),
            free_agents: 0,
            max_length: None,
            max_wait_s: None,
            fallback: None,
        };
        let (entry, name) = (EntryId(3), "support".to_owned());
        let event =
            Event::Queue { entry, queue: name, leg: None, news: QueueNews::Offered { agent: "1001".to_owned() } };
        let (at, state, leg, transfer, cause) = (Some(Stamp(0)), None, None, None, None);
        let queue = Some(Box::new(queue));
        let news = exchange::News { call: CallId(1), event, at, state, left: None, leg, transfer, queue, cause };
        let news = News::new(1, Stamp(0), Happened::Call(Box::new(news)));
        assert!(news.json().contains("\"length\":7"));
        let own: serde_json::Value = serde_json::from_str(&news.json_of_own()).unwrap();
        assert_eq!((own.get("queue"), &own["data"]["queue"]), (None, &"support".into()));
    }
}
