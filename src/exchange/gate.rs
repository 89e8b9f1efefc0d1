//! How many calls may begin in a second.

use std::time::{Duration, Instant};

/// A bucket of permits that fills at `rate` a second and holds one second's worth.
#[derive(Debug)]
pub(super) struct Gate {
    rate: f64,
    permits: f64,
    filled: Option<Instant>,
}

impl Gate {
    /// A full bucket.
    pub(super) fn new(rate: u32) -> Self {
        Self { rate: f64::from(rate), permits: f64::from(rate), filled: None }
    }

    /// Another rate from now on.
    pub(super) fn set_rate(&mut self, rate: u32) {
        self.rate = f64::from(rate);
        self.permits = self.permits.min(self.rate);
    }

    /// Whether one more may pass at `now`; nothing is taken.
    pub(super) fn is_open(&mut self, now: Instant) -> bool {
        let since = self.filled.map_or(Duration::ZERO, |filled| now.saturating_duration_since(filled));
        self.filled = Some(now);
        self.permits = (self.permits + since.as_secs_f64() * self.rate).min(self.rate);
        self.permits >= 1.0
    }

    /// One passed.
    pub(super) fn pass(&mut self) {
        self.permits = (self.permits - 1.0).max(0.0);
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs some point in time to start from")]
mod tests {
    use super::*;

    #[test]
    fn a_second_s_worth_may_pass_at_once_and_the_rest_as_time_goes_by() {
        let start = Instant::now();
        let mut gate = Gate::new(2);
        for _ in 0..2 {
            assert!(gate.is_open(start));
            gate.pass();
        }
        assert!(!gate.is_open(start));
        assert!(!gate.is_open(start + Duration::from_millis(400)));
        assert!(gate.is_open(start + Duration::from_millis(500)));
    }
}
