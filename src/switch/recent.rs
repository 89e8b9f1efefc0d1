//! What was learnt of late about many keys, in bounded memory.

use std::{
    collections::HashMap,
    hash::Hash,
    time::{Duration, Instant},
};

/// A table that forgets: a key that nobody asks for is gone after one to two `period`s, and earlier when more than
/// `capacity` others came. Every step costs the same, however full it is.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    turned: Option<Instant>,
    /// When `old` was begun: all that was asked for since then is still there.
    known_since: Option<Instant>,
    period: Duration,
    capacity: usize,
}

impl<K: Eq + Hash + Copy, V: Default> Recent<K, V> {
    /// Nothing known. At most twice `capacity` keys are kept.
    pub(super) fn new(capacity: usize, period: Duration) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), turned: None, known_since: None, period, capacity }
    }

    /// What is known of `key`, to be changed.
    pub(super) fn entry(&mut self, key: K, now: Instant) -> &mut V {
        let due = self.turned.is_none_or(|turned| now.saturating_duration_since(turned) >= self.period);
        if due || self.young.len() >= self.capacity {
            self.old = std::mem::take(&mut self.young);
            self.known_since = self.turned.replace(now);
        }
        let known = self.old.remove(&key);
        self.young.entry(key).or_insert_with(|| known.unwrap_or_default())
    }

    /// Since when nothing that was asked for is forgotten; `None`: since ever.
    pub(super) fn known_since(&self) -> Option<Instant> {
        self.known_since
    }

    /// Whether something is known of `key`.
    pub(super) fn contains(&self, key: &K) -> bool {
        self.young.contains_key(key) || self.old.contains_key(key)
    }

    /// Forgets `key`.
    pub(super) fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    /// How many keys are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a starting point")]
mod tests {
    use super::*;

    #[test]
    fn it_never_holds_more_than_twice_its_capacity() {
        let start = Instant::now();
        let mut table: Recent<u32, u32> = Recent::new(10, Duration::from_secs(60));
        for key in 0..1000 {
            *table.entry(key, start) += 1;
            assert!(table.len() <= 20);
        }
        assert_eq!(*table.entry(995, start), 1, "the latest are kept");
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten() {
        let start = Instant::now();
        let mut table: Recent<u32, u32> = Recent::new(10, Duration::from_secs(60));
        for key in [1, 2] {
            *table.entry(key, start) = 7;
        }
        assert_eq!(*table.entry(1, start + Duration::from_secs(60)), 7);
        assert_eq!(*table.entry(1, start + Duration::from_secs(120)), 7);
        assert_eq!(*table.entry(2, start + Duration::from_secs(121)), 0);
    }
}
