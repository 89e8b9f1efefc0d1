//! The timers of RFC 3261 table 4, with L and M of RFC 6026.

use std::time::Duration;

/// A timer, by the letter that the RFC gives it. The letter also tells the machine that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Timer {
    /// INVITE client: sends the request again.
    A,
    /// INVITE client: gives up.
    B,
    /// INVITE client: has absorbed the repetitions of a refusal.
    D,
    /// Client: sends the request again.
    E,
    /// Client: gives up.
    F,
    /// INVITE server: sends the refusal again.
    G,
    /// INVITE server: gives up waiting for ACK.
    H,
    /// INVITE server: has absorbed the repetitions of ACK.
    I,
    /// Server: has absorbed the repetitions of the request.
    J,
    /// Client: has absorbed the repetitions of the final response.
    K,
    /// INVITE server: has absorbed the repetitions of an INVITE that was accepted (RFC 6026 7.1).
    L,
    /// INVITE client: has passed on all that forks may answer (RFC 6026 7.2).
    M,
}

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

    /// The first span of a timer.
    pub(super) fn first(&self, timer: Timer) -> Duration {
        match timer {
            Timer::A | Timer::E | Timer::G => self.t1,
            Timer::B | Timer::F | Timer::H | Timer::J | Timer::L | Timer::M | Timer::D => self.t1 * 64,
            Timer::I | Timer::K => self.t4,
        }
    }

    /// The span of a repeating timer that follows `before`: twice as long, but for E and G no longer than T2.
    pub(super) fn next(&self, timer: Timer, before: Duration) -> Duration {
        let doubled = before.saturating_mul(2);
        if timer == Timer::A { doubled } else { doubled.min(self.t2) }
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self::of(Duration::from_millis(500))
    }
}
