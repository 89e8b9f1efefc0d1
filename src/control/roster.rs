//! All calls as the last news of each said.

use super::news::{Happened, News};
use crate::{
    call::{CallView, Event},
    ids::CallId,
};
use std::{collections::BTreeMap, sync::Arc};

/// All calls as the last news of each said.
#[derive(Debug, Default)]
pub(super) struct Roster {
    calls: BTreeMap<CallId, Arc<CallView>>,
}

impl Roster {
    /// Takes over what is so after `news`.
    pub(super) fn learn(&mut self, news: &News) {
        let Happened::Call(news) = &news.what else { return };
        if let Some(left) = &news.left {
            self.calls.insert(left.id, Arc::clone(left));
        }
        match (&news.event, &news.state) {
            (Event::CallEnded, _) => {
                self.calls.remove(&news.call);
            }
            (_, Some(state)) => {
                self.calls.insert(news.call, Arc::clone(state));
            }
            (_, None) => {}
        }
    }

    /// All, the oldest first.
    pub(super) fn calls(&self) -> Vec<Arc<CallView>> {
        self.calls.values().cloned().collect()
    }

    /// One.
    pub(super) fn call(&self, id: CallId) -> Option<Arc<CallView>> {
        self.calls.get(&id).cloned()
    }
}
