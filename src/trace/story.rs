//! What happened in a call: its messages and its events in one line of time.

use super::{
    ladder::{Ladder, Row, label},
    mask::{HIDDEN, mask},
    svg,
};
use crate::{
    call::{LegView, Stamp},
    control::{Happened, Hub, News, Traced, Traces},
    ids::{CallId, LegId},
    sip::wire::Message,
};
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;

/// What is still known of a call, alive or over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TraceStory)]
pub struct Story {
    /// The call.
    pub call: CallId,
    /// Who was in it, in the order in which they came.
    pub legs: Vec<Party>,
    /// What happened, the oldest first.
    pub entries: Vec<Entry>,
}

/// Somebody who was in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TraceParty)]
pub struct Party {
    /// The leg.
    pub leg: LegId,
    /// Who.
    pub name: String,
    /// Call-ID of its dialog.
    pub sip_call_id: Option<String>,
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// A SIP message.
    Sip {
        /// When.
        at: Stamp,
        /// Whose.
        leg: LegId,
        /// We sent it.
        sent: bool,
        /// The other side.
        peer: String,
        /// In a few words.
        label: String,
        /// All of it, without secrets.
        message: String,
    },
    /// An event, as programs see it.
    Event {
        /// When.
        at: Stamp,
        /// Its type.
        #[serde(rename = "type")]
        kind: &'static str,
        /// Whose.
        leg: Option<LegId>,
        /// What it says beside the state.
        #[schema(value_type = Object)]
        data: Value,
    },
}

impl Story {
    /// What is still known; `None`: nothing.
    pub fn find(call: CallId, hub: &Hub, traces: Option<&Traces>) -> Option<Self> {
        let news = hub.history(call);
        let mut seen: BTreeMap<LegId, Party> = BTreeMap::new();
        for view in news.iter().flat_map(|news| legs(news)) {
            let party =
                seen.entry(view.id).or_insert_with(|| Party { leg: view.id, name: name(view), sip_call_id: None });
            party.sip_call_id = view.sip_call_id.clone().or(party.sip_call_id.take());
        }
        if news.is_empty() {
            return None;
        }
        let legs: Vec<Party> = seen.into_values().collect();
        let known: Vec<(LegId, &str)> =
            legs.iter().filter_map(|party| Some((party.leg, party.sip_call_id.as_deref()?))).collect();
        let ids: Vec<&str> = known.iter().map(|(_, id)| *id).collect();
        let messages = traces.map(|traces| traces.find(&ids)).unwrap_or_default();
        let mut entries: Vec<Entry> = news.iter().map(event).collect();
        entries.extend(messages.into_iter().filter_map(|(at, traced)| Some(sip(known.get(at)?.0, &traced))));
        // What a message caused comes after it: within one ms messages that came are first.
        entries.sort_by_key(|entry| match entry {
            Entry::Sip { at, sent, .. } => (*at, if *sent { 2 } else { 0 }),
            Entry::Event { at, .. } => (*at, 1),
        });
        Some(Self { call, legs, entries })
    }

    /// As a ladder in plain text.
    pub fn text(&self) -> String {
        let ladder = self.ladder();
        let mut text = ladder.head();
        text.push('\n');
        for (ms, row) in self.rows() {
            text.push_str(&ladder.line(ms.into(), &row));
            text.push('\n');
        }
        text
    }

    /// As a picture.
    pub fn svg(&self) -> String {
        svg::draw(&self.ladder(), &self.rows())
    }

    fn ladder(&self) -> Ladder {
        Ladder::new(self.legs.iter().map(|party| format!("{} {}", party.leg, party.name)))
    }

    fn rows(&self) -> Vec<(u64, Row)> {
        let column = |leg: LegId| self.legs.iter().position(|party| party.leg == leg).map_or(0, Ladder::column);
        let first = self.entries.first().map_or(0, |entry| entry.at().0);
        let row = |entry: &Entry| match entry {
            Entry::Sip { leg, sent, label, .. } => {
                Row::Arrow { column: column(*leg), sent: *sent, label: label.clone() }
            }
            Entry::Event { kind, leg, data, .. } => Row::Note(note(kind, *leg, data)),
        };
        self.entries.iter().map(|entry| (entry.at().0.saturating_sub(first), row(entry))).collect()
    }
}

impl Entry {
    fn at(&self) -> Stamp {
        match self {
            Self::Sip { at, .. } | Self::Event { at, .. } => *at,
        }
    }
}

fn legs(news: &News) -> impl Iterator<Item = &LegView> {
    let call = match &news.what {
        Happened::Call(call) => Some(call),
        Happened::Registered { .. }
        | Happened::Unregistered { .. }
        | Happened::AgentPaused { .. }
        | Happened::Banned { .. } => None,
    };
    call.into_iter().flat_map(|call| call.state.iter().flat_map(|state| &state.legs).chain(call.leg.as_deref()))
}

fn name(view: &LegView) -> String {
    view.party.name.clone().or_else(|| view.party.number.clone()).unwrap_or_else(|| view.party.place.clone())
}

fn sip(leg: LegId, traced: &Traced) -> Entry {
    let label = Message::parse(&traced.message).map_or_else(|_| "(unreadable)".to_owned(), |message| label(&message));
    let (at, sent, peer) = (traced.at, traced.sent, traced.peer.to_string());
    Entry::Sip { at, leg, sent, peer, label, message: mask(&traced.message) }
}

fn event(news: &Arc<News>) -> Entry {
    #[derive(serde::Deserialize)]
    struct Told<'a> {
        #[serde(borrow)]
        data: Option<&'a RawValue>,
    }
    let json = news.json();
    let told: Option<Told<'_>> = serde_json::from_str(&json).ok();
    let mut data: Value = told.and_then(|told| serde_json::from_str(told.data?.get()).ok()).unwrap_or(Value::Null);
    // As in messages: they may be part of a card number.
    for name in ["digit", "digits"] {
        if let Some(digits) = data.get_mut(name) {
            *digits = Value::from(HIDDEN);
        }
    }
    Entry::Event { at: news.at, kind: news.kind(), leg: news.leg(), data }
}

/// An event in a line: its type, whose it is, and what it says.
fn note(kind: &str, leg: Option<LegId>, data: &Value) -> String {
    let mut note = kind.to_owned();
    if let Some(leg) = leg {
        note.push_str(&format!(" {leg}"));
    }
    for (key, value) in data.as_object().into_iter().flatten() {
        match value {
            Value::String(text) if !text.is_empty() => note.push_str(&format!(" {key}={text}")),
            Value::Number(_) | Value::Bool(_) => note.push_str(&format!(" {key}={value}")),
            Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }
    note
}
