//! What could not be delivered.

use super::HookId;
use crate::{api::settings::WebhookSettings, call::Stamp};
use serde::Serialize;
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};
use utoipa::ToSchema;

/// An event that could not be delivered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::api) struct DeadLetter {
    /// To which webhook.
    #[schema(value_type = String, example = "webhook-1")]
    pub(in crate::api) webhook: HookId,
    /// Where that is.
    pub(in crate::api) url: String,
    /// The number of the event, or of the first of them.
    pub(in crate::api) sequence: u64,
    /// More than one where the webhook was so slow that they are kept no more: then there is no event to be shown.
    pub(in crate::api) count: u64,
    /// When it was given up.
    pub(in crate::api) at: Stamp,
    /// How often it was sent.
    pub(in crate::api) attempts: u32,
    /// What went wrong the last time.
    pub(in crate::api) reason: String,
    /// The event.
    #[schema(value_type = Option<Object>)]
    pub(in crate::api) event: Option<Box<serde_json::value::RawValue>>,
}

/// What could not be delivered, the newest last.
#[derive(Debug, Default)]
pub(in crate::api) struct Dead(Mutex<VecDeque<DeadLetter>>);

/// Letters kept; the oldest go first.
const KEPT: usize = 1000;

impl Dead {
    pub(super) fn put(&self, letter: DeadLetter) {
        // What stands behind the host may be secret.
        let host = WebhookSettings::host(&letter.url);
        tracing::warn!(webhook = %letter.webhook, host, sequence = letter.sequence, count = letter.count,
            reason = letter.reason, "an event could not be delivered");
        let mut letters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if letters.len() >= KEPT {
            letters.pop_front();
        }
        letters.push_back(letter);
    }

    /// All.
    pub(in crate::api) fn list(&self) -> Vec<DeadLetter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Forgets all, and says how many there were.
    pub(in crate::api) fn clear(&self) -> usize {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).len()
    }
}
