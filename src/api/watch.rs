//! One who watches: what of all that happens it is told.

use super::{auth::Access, rights};
use crate::{
    call::CallView,
    control::{Hub, News, Read, Reader, Snapshot},
    ids::{CallId, LegId},
};
use std::{collections::VecDeque, sync::Arc};

/// What somebody wants to be told, and may be.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    /// Types or nouns; empty: all.
    pub(super) types: Vec<String>,
    pub(super) call: Option<CallId>,
    pub(super) leg: Option<LegId>,
    pub(super) extension: Option<String>,
    /// Who it is; `None`: somebody of the configuration, who may be told everything.
    pub(super) access: Option<Access>,
}

/// One who watches, at its own pace.
#[derive(Debug)]
pub(super) struct Watch {
    reader: Reader,
    filter: Filter,
    hub: Hub,
    /// It wants to know how things are when it begins, and again when it has missed something.
    snapshots: bool,
    waiting: VecDeque<Word>,
    position: u64,
}

/// Something that it is told.
#[derive(Clone, Debug)]
pub(super) enum Word {
    /// How all calls are.
    Snapshot(Snapshot),
    /// Something happened.
    News(Arc<News>),
    /// The same, told to one who sees its own calls only.
    OwnNews(Arc<News>),
    /// These happened, and are kept no more.
    Missed { from: u64, to: u64 },
}

impl Filter {
    /// Whether it is told of it.
    pub(super) fn wants(&self, news: &News) -> bool {
        let of_type = self.types.is_empty() || self.types.iter().any(|wanted| news.is(wanted));
        let may = self
            .access
            .as_ref()
            .is_none_or(|access| access.reads_all() || access.extensions().any(|extension| news.concerns(extension)));
        of_type
            && self.call.is_none_or(|call| news.call() == Some(call))
            && self.leg.is_none_or(|leg| news.leg() == Some(leg))
            && self.extension.as_ref().is_none_or(|extension| news.concerns(extension))
            && may
    }

    fn narrow(&self, mut snapshot: Snapshot) -> Snapshot {
        if let Some(extension) = &self.extension {
            snapshot.keep_those_of(&[extension]);
        }
        let sees = |call: &CallView| self.access.as_ref().is_none_or(|access| rights::sees(access, call));
        let fits = |call: &CallView| {
            self.call.is_none_or(|wanted| call.id == wanted)
                && self.leg.is_none_or(|leg| call.legs.iter().any(|other| other.id == leg))
        };
        snapshot.calls.retain(|call| sees(call) && fits(call));
        snapshot
    }
}

impl Watch {
    /// Words that are given at once.
    pub(super) const BATCH: usize = 500;

    /// From `since` on, or from now; with `snapshots` how all calls are comes first, and what happened before is in that.
    pub(super) fn new(hub: &Hub, filter: Filter, since: Option<u64>, snapshots: bool) -> Self {
        let mut waiting = VecDeque::new();
        let (reader, position) = match since {
            Some(since) if !snapshots => (hub.resume(since), since),
            Some(_) | None => {
                let (reader, snapshot) = hub.subscribe();
                let position = snapshot.sequence;
                if snapshots {
                    waiting.push_back(Word::Snapshot(filter.narrow(snapshot)));
                }
                (reader, position)
            }
        };
        Self { reader, filter, hub: hub.clone(), snapshots, waiting, position }
    }

    /// Waits for the next that it wants to be told.
    pub(super) async fn next(&mut self) -> Option<Word> {
        loop {
            if let Some(word) = self.waiting.pop_front() {
                return Some(word);
            }
            let read = self.reader.next().await?;
            self.take(read);
        }
    }

    /// The next, if it is there already.
    pub(super) fn ready(&mut self) -> Option<Word> {
        loop {
            if let Some(word) = self.waiting.pop_front() {
                return Some(word);
            }
            let read = self.reader.read()?;
            self.take(read);
        }
    }

    /// Everything up to this number was looked at, what waits aside.
    pub(super) fn position(&self) -> u64 {
        let waiting = self.waiting.iter().find_map(Word::sequence);
        waiting.map_or(self.position, |sequence| sequence - 1)
    }

    fn take(&mut self, read: Read) {
        match read {
            Read::News(news) => {
                self.position = news.last().map_or(self.position, |news| news.sequence);
                let filter = &self.filter;
                let sees_all = filter.access.as_ref().is_none_or(Access::reads_all);
                let word = if sees_all { Word::News } else { Word::OwnNews };
                self.waiting.extend(news.into_iter().filter(|news| filter.wants(news)).map(word));
            }
            Read::Missed { from, to } => {
                self.position = to;
                self.waiting.push_back(Word::Missed { from, to });
                if self.snapshots {
                    let (reader, snapshot) = self.hub.subscribe();
                    self.reader = reader;
                    self.position = snapshot.sequence;
                    self.waiting.push_back(Word::Snapshot(self.filter.narrow(snapshot)));
                }
            }
        }
    }
}

impl Word {
    /// Its type.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Snapshot(_) => "snapshot",
            Self::News(news) | Self::OwnNews(news) => news.kind(),
            Self::Missed { .. } => "missed",
        }
    }

    /// Where to go on after it.
    pub(super) fn sequence(&self) -> Option<u64> {
        match self {
            Self::Snapshot(snapshot) => Some(snapshot.sequence),
            Self::News(news) | Self::OwnNews(news) => Some(news.sequence),
            Self::Missed { .. } => None,
        }
    }

    /// As it is sent.
    pub(super) fn json(&self) -> String {
        match self {
            Self::News(news) => news.json().to_string(),
            Self::OwnNews(news) => news.json_of_own().to_string(),
            Self::Snapshot(Snapshot { sequence, calls }) => {
                let calls: Vec<&CallView> = calls.iter().map(|call| &**call).collect();
                serde_json::json!({ "type": "snapshot", "sequence": sequence, "calls": calls }).to_string()
            }
            Self::Missed { from, to } => {
                let count = to - from + 1;
                serde_json::json!({ "type": "missed", "from": from, "to": to, "count": count }).to_string()
            }
        }
    }
}
