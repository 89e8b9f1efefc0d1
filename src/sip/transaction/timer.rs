//! The timers of RFC 3261 table 4, with L and M of RFC 6026.

use std::time::Duration;

/// How long the timers take over an unreliable transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Estimate of the round trip (17.1.1.1).
    pub t1: Duration,
    /// The longest pause between repetitions of anything but INVITE (17.1.2.1).
    pub t2: Duration,
    /// How long a datagram may stay in the network (17.1.2.2).
    pub t4: Duration,
}

impl Timers {
    /// T1 as given, T2 of 8*T1 and T4 of 10*T1: the 500 ms, 4 s and 5 s of RFC 3261 in proportion.
    pub fn of(t1: Duration) -> Self {
        Self { t1, t2: t1 * 8, t4: t1 * 10 }
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self::of(Duration::from_millis(500))
    }
}
