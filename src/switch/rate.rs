//! How fast strangers may send.

use super::{ban::household, recent::Recent};
use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

/// Addresses watched; beyond that the least recent begin anew.
const MAX_WATCHED: usize = 20_000;

/// One token bucket an address.
#[derive(Debug)]
pub(super) struct Rates {
    per_second: u32,
    buckets: Recent<IpAddr, Bucket>,
}

/// Tokens taken out of a bucket, in thousandths; they come back with time.
#[derive(Debug, Default)]
struct Bucket {
    taken: u64,
    at: Option<Instant>,
}

impl Rates {
    /// So many datagrams a second from each address, and twice as many at once; 0: any number.
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second, buckets: Recent::new(MAX_WATCHED, Duration::from_secs(10)) }
    }

    /// Another rate from now on.
    pub(super) fn allow(&mut self, per_second: u32) {
        self.per_second = per_second;
    }

    /// Takes a token for a datagram from there, if there is one.
    pub(super) fn take(&mut self, address: IpAddr, now: Instant) -> bool {
        if self.per_second == 0 {
            return true;
        }
        let bucket = self.buckets.entry(household(address), now);
        let size = u64::from(self.per_second) * 2000;
        let passed = bucket.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        let back = u64::try_from(passed.as_micros()).unwrap_or(u64::MAX).saturating_mul(self.per_second.into()) / 1000;
        // A fraction of a thousandth must not be lost to a fast sender: time counts on from where it was counted.
        if back > 0 || bucket.at.is_none() {
            bucket.taken = bucket.taken.saturating_sub(back);
            bucket.at = Some(now);
        }
        let free = bucket.taken + 1000 <= size;
        if free {
            bucket.taken += 1000;
        }
        free
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a starting point")]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let (start, source) = (Instant::now(), "198.51.100.9".parse().unwrap());
        let mut rates = Rates::new(200);
        let passed = (0..1000).filter(|_| rates.take(source, start)).count();
        assert_eq!(passed, 400);
        let passed = (0..1000).filter(|ms| rates.take(source, start + Duration::from_millis(*ms))).count();
        assert_eq!(passed, 199);
        assert!(rates.take("198.51.100.8".parse().unwrap(), start), "others have their own");
    }

    #[test]
    fn without_a_rate_all_pass() {
        let start = Instant::now();
        assert!((0..10_000).all(|_| Rates::new(0).take("198.51.100.9".parse().unwrap(), start)));
    }
}
