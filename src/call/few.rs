//! A map for what a call has one or two of, each of them large.
//!
//! A node of `BTreeMap` has room for eleven values from the first on: 22 KiB for the two legs of a call.

/// Sorted by key; each value is in a place of its own.
#[derive(Debug)]
pub(super) struct Few<K, V>(Vec<(K, Box<V>)>);

impl<K: Ord + Copy, V> Few<K, V> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    fn find(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(key))
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.find(key).ok().map(|at| &*self.0[at].1)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.find(key).ok().map(|at| &mut *self.0[at].1)
    }

    pub(super) fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let at = match self.find(&key) {
            Ok(at) => at,
            Err(at) => {
                self.put(at, key, make());
                at
            }
        };
        &mut self.0[at].1
    }

    pub(super) fn contains_key(&self, key: &K) -> bool {
        self.find(key).is_ok()
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        match self.find(&key) {
            Ok(at) => *self.0[at].1 = value,
            Err(at) => self.put(at, key, value),
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let (_, value) = self.0.remove(self.find(key).ok()?);
        if self.0.is_empty() {
            self.0 = Vec::new();
        }
        Some(*value)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    pub(super) fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.0.iter().map(|(_, value)| &**value)
    }

    pub(super) fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| &mut **value)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, &**value))
    }

    pub(super) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (&*key, &mut **value))
    }

    fn put(&mut self, at: usize, key: K, value: V) {
        if self.0.is_empty() {
            self.0.reserve_exact(2);
        }
        self.0.insert(at, (key, Box::new(value)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_sorted_map() {
        let mut few = Few::new();
        [3, 1, 2].into_iter().for_each(|key| few.insert(key, key * 10));
        few.insert(2, 21);
        *few.get_or_insert_with(4, || 0) += 40;
        *few.get_or_insert_with(1, || 0) += 1;
        assert_eq!(
            few.iter().map(|(key, value)| (*key, *value)).collect::<Vec<_>>(),
            [(1, 11), (2, 21), (3, 30), (4, 40)]
        );
        assert_eq!((few.remove(&3), few.remove(&3), few.get(&3)), (Some(30), None, None));
        few.values_mut().for_each(|value| *value += 1);
        few.iter_mut().for_each(|(key, value)| *value += *key);
        assert_eq!(few.values().copied().collect::<Vec<_>>(), [13, 24, 45]);
        [1, 2, 4].iter().for_each(|key| assert!(few.contains_key(key) && few.remove(key).is_some()));
        assert!(few.is_empty() && few.keys().next().is_none());
    }
}
