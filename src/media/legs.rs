//! The legs of a mixer, by id.

use super::leg::Leg;
use crate::ids::LegId;
use std::{
    ops::{Deref, DerefMut},
    time::{Duration, Instant},
};

/// Legs in the order of their ids. What is looked for in all of them lies close together, beside the legs.
#[derive(Debug, Default)]
pub(super) struct Legs {
    #[allow(clippy::vec_box, reason = "legs move by their pointer, within the list and from mixer to mixer")]
    legs: Vec<Box<Leg>>,
    ids: Vec<LegId>,
    /// When something other than a tick is due for each.
    due: Vec<Option<Instant>>,
}

impl Legs {
    #[inline]
    pub(super) fn find(&self, id: LegId) -> Option<usize> {
        self.ids.binary_search(&id).ok()
    }

    /// A leg comes; one of the same id goes. Where it is now.
    pub(super) fn insert(&mut self, leg: Box<Leg>) -> usize {
        match self.ids.binary_search(&leg.id) {
            Ok(index) => {
                self.legs[index] = leg;
                index
            }
            Err(index) => {
                self.ids.insert(index, leg.id);
                self.due.insert(index, None);
                self.legs.insert(index, leg);
                index
            }
        }
    }

    pub(super) fn remove(&mut self, index: usize) -> Box<Leg> {
        self.ids.remove(index);
        self.due.remove(index);
        self.legs.remove(index)
    }

    /// Asks a leg anew when something is due for it.
    pub(super) fn plan(&mut self, index: usize, timeout: Duration) {
        self.due[index] = self.legs[index].deadline(timeout);
    }

    /// The earliest of what is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.iter().flatten().min().copied()
    }

    /// Whether something is due for a leg.
    pub(super) fn is_due(&self, index: usize, now: Instant) -> bool {
        self.due[index].is_some_and(|due| due <= now)
    }
}

impl Deref for Legs {
    type Target = [Box<Leg>];

    fn deref(&self) -> &Self::Target {
        &self.legs
    }
}

impl DerefMut for Legs {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.legs
    }
}
