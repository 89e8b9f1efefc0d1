//! How often a media thread looks at its sockets: at once while little comes, every now and then while much does.
//!
//! To be woken costs as much as to receive a packet. A thread to which many packets come rests between two looks, so that it finds several.

use std::time::{Duration, Instant};

/// Between two looks, while packets are passed on: what a relay may take is a millisecond.
const REST: Duration = Duration::from_micros(500);
/// Between two looks, while all that comes is mixed at the tick anyway.
const LONG_REST: Duration = Duration::from_millis(2);
/// A rest is worth its own cost if so many packets come in it.
const WORTH: u32 = 2;
/// Packets are counted for so long.
const SPAN: Duration = Duration::from_millis(20);
/// The last packet was passed on so long ago: nobody is relayed.
const PASSED: Duration = Duration::from_millis(200);

/// Of one thread.
#[derive(Debug)]
pub(super) struct Pace {
    looked: Instant,
    /// Since when packets have been waited for: none that came after that has lain.
    waits: Option<Instant>,
    /// Since when, and how many came; and in the span before.
    since: Instant,
    came: u32,
    came_before: u32,
    passed_on: Option<Instant>,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { looked: now, waits: None, since: now, came: 0, came_before: 0, passed_on: None }
    }

    /// The sockets were looked at, and so many were ready.
    pub(super) fn looked(&mut self, ready: usize, now: Instant) {
        (self.looked, self.waits) = (now, None);
        let passed = now.saturating_duration_since(self.since);
        if passed >= SPAN {
            self.came_before = if passed < SPAN * 2 { self.came } else { 0 };
            (self.came, self.since) = (0, now);
        }
        self.came = self.came.saturating_add(u32::try_from(ready).unwrap_or(u32::MAX));
    }

    /// The next look lasts until something comes.
    pub(super) fn waits(&mut self, now: Instant) {
        self.waits = Some(now);
    }

    /// How long what is found now may have lain in its socket.
    pub(super) fn lain(&self, now: Instant) -> Duration {
        self.waits.unwrap_or(now).saturating_duration_since(self.looked)
    }

    /// A packet went on as soon as it came.
    pub(super) fn passed_on(&mut self, now: Instant) {
        self.passed_on = Some(now);
    }

    /// How long to rest before the next look; `None`: wait for whatever comes.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        let relays = self.passed_on.is_some_and(|at| now.saturating_duration_since(at) < PASSED);
        let rest = if relays { REST } else { LONG_REST };
        let in_a_rest = f64::from(self.came_before) * rest.as_secs_f64() / SPAN.as_secs_f64();
        (in_a_rest >= f64::from(WORTH)).then(|| (self.looked + rest).saturating_duration_since(now))
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// After two spans in which so many packets came each millisecond.
    fn pace(packets: usize) -> (Pace, Instant) {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        (1..=45).for_each(|ms| pace.looked(packets, start + MS * ms));
        (pace, start + MS * 45)
    }

    #[test]
    fn few_packets_are_not_waited_for() {
        let (pace, now) = pace(0);
        assert_eq!(pace.rest(now), None);
    }

    #[test]
    fn what_is_mixed_may_lie_for_two_milliseconds() {
        let (pace, now) = pace(1);
        assert_eq!(pace.rest(now), Some(LONG_REST));
        assert_eq!(pace.rest(now + MS), Some(MS));
        assert_eq!(pace.rest(now + MS * 3), Some(Duration::ZERO));
    }

    #[test]
    fn what_is_passed_on_lies_half_a_millisecond_at_most_and_not_at_all_where_that_gains_nothing() {
        for (packets, rest) in [(1, None), (5, Some(REST))] {
            let (mut pace, now) = pace(packets);
            pace.passed_on(now);
            assert_eq!(pace.rest(now), rest);
            assert_eq!(pace.rest(now + PASSED), Some(Duration::ZERO));
        }
    }

    #[test]
    fn a_packet_may_have_lain_since_the_last_look_unless_it_was_waited_for() {
        let (mut pace, now) = pace(0);
        assert_eq!(pace.lain(now + MS * 2), MS * 2);
        pace.waits(now + MS);
        assert_eq!(pace.lain(now + MS * 9), MS);
        pace.looked(1, now + MS * 9);
        assert_eq!(pace.lain(now + MS * 12), MS * 3);
    }

    #[test]
    fn after_a_silence_the_first_packet_is_not_waited_for() {
        let (mut pace, now) = pace(50);
        let later = now + SPAN * 3;
        pace.looked(0, later);
        assert_eq!(pace.rest(later), None);
    }
}
