//! How much sound one tick is.

use std::time::Duration;

/// The mixing clock: every tick makes one frame for each listener.
pub const TICK: Duration = Duration::from_millis(20);

/// Samples a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rate(pub u32);

impl Rate {
    /// Telephone sound: G.711.
    pub const NARROW: Self = Self(8_000);
    /// Wideband: G.722.
    pub const WIDE: Self = Self(16_000);
    /// All that can be heard: Opus.
    pub const FULL: Self = Self(48_000);
    /// Those that a room may have, the lowest first.
    pub const ROOMS: [Self; 3] = [Self::NARROW, Self(16_000), Self::MAX];
    /// The highest that a frame is made for.
    pub const MAX: Self = Self::FULL;

    /// Which of [`Rate::ROOMS`] it is.
    pub const fn index(self) -> usize {
        match self.0 {
            0..=8_000 => 0,
            8_001..=16_000 => 1,
            _ => 2,
        }
    }

    /// Samples in one tick.
    pub const fn frame(self) -> usize {
        self.samples(20)
    }

    /// Samples in so many milliseconds.
    pub const fn samples(self, ms: u32) -> usize {
        (self.0 as u64 * ms as u64 / 1000) as usize
    }

    /// Samples that pass in `time`, rounded down.
    pub const fn samples_in(self, time: Duration) -> u64 {
        let whole = time.as_secs().saturating_mul(self.0 as u64);
        whole.saturating_add(time.subsec_nanos() as u64 * self.0 as u64 / 1_000_000_000)
    }

    /// How long so many samples last.
    pub const fn duration(self, samples: u64) -> Duration {
        Duration::from_nanos(samples.saturating_mul(1_000_000_000) / self.0 as u64)
    }
}

/// Samples in a tick at [`Rate::NARROW`].
pub const FRAME: usize = Rate::NARROW.frame();

/// Samples in a tick at [`Rate::MAX`]: no buffer of one frame needs more.
pub const MAX: usize = Rate::MAX.frame();
