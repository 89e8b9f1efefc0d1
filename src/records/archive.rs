//! Where records are read.

use super::{
    record::{Record, Story},
    store::{Shelf, StoreError},
};
use serde::Serialize;
use serde_json::Value;
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use utoipa::ToSchema;

/// Reads records; clones share one connection. Blocks as long as the disk needs.
#[derive(Clone)]
pub struct Archive(Arc<Mutex<Shelf>>);

/// Which records.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Legs that began at this time (RFC 3339) or later.
    pub since: Option<String>,
    /// Legs that began before this time.
    pub until: Option<String>,
    /// The extension or the trunk.
    pub place: Option<String>,
    /// The number of the party, or the one that was dialled.
    pub number: Option<String>,
    /// The call that it was last in.
    pub call: Option<String>,
    /// The leg.
    pub leg: Option<String>,
    /// The chain.
    pub chain: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// No more than these.
    pub limit: usize,
}

/// Records, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page {
    /// The records.
    #[schema(value_type = Vec<Record>)]
    pub records: Vec<Value>,
    /// There are more: the next page is `?cursor=` this.
    pub next: Option<String>,
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Mutex::new(Shelf::open(path)?))))
    }

    /// Those that fit.
    pub fn list(&self, wanted: &Wanted) -> Result<Page, StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).list(wanted)
    }

    /// One, with its chain.
    pub fn story(&self, id: &str) -> Result<Option<Story>, StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).story(id)
    }
}
