//! How many requests one may send in a second.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// A bucket of permits for each of whom we know, filled at one rate; it holds two seconds' worth.
#[derive(Debug)]
pub(super) struct Meter<K> {
    rate: f64,
    buckets: Mutex<HashMap<K, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    permits: f64,
    filled: Instant,
}

/// Of so many we keep a bucket; when there are more, those that are full are forgotten, and in need all.
const KEPT: usize = 10_000;
/// s that a bucket lasts.
const BURST_S: f64 = 2.0;

impl<K: Eq + Hash> Meter<K> {
    /// `rate` requests a second for each; zero: any number.
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: f64::from(rate), buckets: Mutex::default() }
    }

    /// Whether this one may pass, and counts it.
    pub(super) fn pass(&self, who: K, now: Instant) -> bool {
        if self.rate <= 0.0 {
            return true;
        }
        let (rate, most) = (self.rate, self.rate * BURST_S);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= KEPT && !buckets.contains_key(&who) {
            buckets.retain(|_, bucket| bucket.at(now, rate) < most);
            if buckets.len() >= KEPT {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(who).or_insert(Bucket { permits: most, filled: now });
        bucket.permits = bucket.at(now, rate).min(most);
        bucket.filled = now;
        let may = bucket.permits >= 1.0;
        if may {
            bucket.permits -= 1.0;
        }
        may
    }
}

impl Bucket {
    fn at(&self, now: Instant, rate: f64) -> f64 {
        self.permits + now.saturating_duration_since(self.filled).as_secs_f64() * rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn two_seconds_worth_at_once_then_as_time_goes_by_and_each_for_itself() {
        let (meter, start) = (Meter::new(2), Instant::now());
        let passed = |who, at| (0..9).filter(|_| meter.pass(who, at)).count();
        assert_eq!(passed("a", start), 4);
        assert_eq!(passed("b", start), 4);
        assert_eq!(passed("a", start + Duration::from_millis(500)), 1);
        assert!(Meter::new(0).pass("a", start));
    }

    #[test]
    fn a_flood_of_strangers_takes_no_memory() {
        let (meter, now) = (Meter::new(1), Instant::now());
        for who in 0..3 * KEPT {
            meter.pass(who, now);
        }
        assert!(meter.buckets.lock().unwrap().len() <= KEPT);
    }
}
