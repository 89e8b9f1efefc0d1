//! How long sound has to wait so that the next packet is there in time.

use crate::media::audio::frame::Rate;
use std::time::Instant;

/// The least delay that can be aimed at, ms: one frame.
pub const MIN_DELAY_MS: u32 = 20;
/// The most where nothing else is said.
pub const MAX_DELAY_MS: u32 = 200;

/// Between which the delay may move, ms. Both the same: it does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Never less than this; [`MIN_DELAY_MS`]: as little as goes.
    pub least_ms: u32,
    /// Never more; what comes later than that is lost.
    pub most_ms: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { least_ms: MIN_DELAY_MS, most_ms: MAX_DELAY_MS }
    }
}
/// How much of the delay may be less than a frame before it counts as too much, ms.
const PLAY_MS: u32 = 22;
/// A packet should be there this long before it is played, ms.
const MARGIN_MS: u32 = 4;
/// The peak of lateness loses this part with each packet: half of it in some 7 s.
const DECAY: i64 = 512;
/// One tick more of path for so many packets: the peer's clock may be slower by 390 ppm and is still followed.
const LEAK: u32 = 16;

/// Measures lateness, and says by how much the sound should be stretched or shortened. All in ticks of the timestamp.
#[derive(Clone, Debug)]
pub(super) struct Delay {
    rate: Rate,
    limits: Limits,
    since: Option<Instant>,
    /// The shortest path of late: arrival less timestamp.
    floor: Option<i64>,
    leaked: u32,
    /// How much longer than that a packet took, decaying; in 256ths.
    peak: i64,
    /// How long after a packet on the shortest path its sound is played; `None` before the first.
    base: Option<i64>,
}

impl Delay {
    pub(super) fn new(rate: Rate, limits: Limits) -> Self {
        Self { rate, limits, since: None, floor: None, leaked: 0, peak: 0, base: None }
    }

    /// A packet came, by a path of this length. `idle`: nothing is being played, so that a new path costs nothing.
    pub(super) fn arrived(&mut self, timestamp: i64, now: Instant, idle: bool) -> i64 {
        let transit = self.transit(timestamp, now);
        let floor = match self.floor {
            Some(floor) if idle && transit - floor > self.samples(self.limits.most_ms) => transit,
            Some(floor) => floor.min(transit),
            None => transit,
        };
        self.leaked += 1;
        let leak = self.leaked.is_multiple_of(LEAK);
        self.floor = Some(floor + i64::from(leak));
        let late = (transit - floor).min(self.samples(self.limits.most_ms)) * 256;
        self.peak = late.max(self.peak - self.peak / DECAY);
        if let (Some(base), true) = (&mut self.base, leak) {
            *base -= 1;
        }
        transit
    }

    /// It will be played in `wait` ticks from now.
    pub(super) fn plays_after(&mut self, wait: i64, transit: i64) {
        self.base = self.floor.map(|floor| wait + transit - floor);
    }

    /// The timestamps begin on a new scale.
    pub(super) fn forget_clock(&mut self) {
        (self.floor, self.base) = (None, None);
    }

    /// How long the first packet has to wait.
    pub(super) fn start(&self) -> i64 {
        self.needed()
    }

    /// Positive: so much too long; negative: too short; 0: leave it.
    #[inline]
    pub(super) fn correction(&self) -> i64 {
        let Some(base) = self.base else { return 0 };
        let needed = self.needed();
        let enough = needed + self.samples(PLAY_MS);
        if base < needed {
            base - needed
        } else if base > enough {
            base - enough + self.samples(MARGIN_MS)
        } else {
            0
        }
    }

    /// The sound is played so much later (or earlier) from now on.
    pub(super) fn moved(&mut self, by: i64) {
        if let Some(base) = &mut self.base {
            *base += by;
        }
    }

    /// Whether waiting `ticks` longer is right; it is done then.
    pub(super) fn grow(&mut self, ticks: i64) -> bool {
        let grows = self.base.is_some_and(|base| base < self.needed());
        if grows {
            self.moved(ticks);
        }
        grows
    }

    pub(super) fn target_ms(&self) -> u32 {
        let target = (self.needed() as u64 * 1000 / u64::from(self.rate.0)) as u32;
        target.clamp(MIN_DELAY_MS, self.limits.most_ms.max(MIN_DELAY_MS))
    }

    fn needed(&self) -> i64 {
        let Limits { least_ms, most_ms } = self.limits;
        let least = if least_ms > MIN_DELAY_MS { self.samples(least_ms) } else { 0 };
        (self.peak / 256 + self.samples(MARGIN_MS)).min(self.samples(most_ms)).max(least)
    }

    fn transit(&mut self, timestamp: i64, now: Instant) -> i64 {
        let since = *self.since.get_or_insert(now);
        self.rate.samples_in(now.saturating_duration_since(since)) as i64 - timestamp
    }

    fn samples(&self, ms: u32) -> i64 {
        self.rate.samples(ms) as i64
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Packets of 20 ms, so much late each.
    fn delay(late_ms: impl IntoIterator<Item = f64>) -> Delay {
        delay_within(Limits::default(), late_ms)
    }

    fn delay_within(limits: Limits, late_ms: impl IntoIterator<Item = f64>) -> Delay {
        let (mut delay, start) = (Delay::new(Rate::NARROW, limits), Instant::now());
        for (at, late) in late_ms.into_iter().enumerate() {
            let now = start + Duration::from_secs_f64((at as f64 * 20.0 + late) / 1000.0);
            let transit = delay.arrived(at as i64 * 160, now, false);
            delay.plays_after(delay.start(), transit);
        }
        delay
    }

    #[test]
    fn without_lateness_it_is_the_least() {
        assert_eq!(delay([0.0; 500]).target_ms(), MIN_DELAY_MS);
    }

    #[test]
    fn lateness_is_waited_for_and_slowly_forgotten() {
        let once = |after| delay([0.0; 50].into_iter().chain([60.0]).chain(std::iter::repeat_n(0.0, after)));
        assert_eq!(once(0).target_ms(), 60 + MARGIN_MS);
        let half = once(355).target_ms();
        assert!((30..40).contains(&half), "{half}");
        assert_eq!(once(3000).target_ms(), MIN_DELAY_MS);
    }

    #[test]
    fn lateness_beyond_all_measure_is_not_waited_for() {
        assert_eq!(delay([0.0, 5000.0, 0.0]).target_ms(), MAX_DELAY_MS);
        assert_eq!(delay((0..3000).map(|at| f64::from(at % 50) * 40.0)).target_ms(), MAX_DELAY_MS);
    }

    #[test]
    fn limits_are_kept_whatever_comes() {
        let limits = Limits { least_ms: 60, most_ms: 100 };
        assert_eq!(delay_within(limits, [0.0; 500]).target_ms(), 60);
        assert_eq!(delay_within(limits, [0.0, 80.0]).target_ms(), 80 + MARGIN_MS);
        assert_eq!(delay_within(limits, [0.0, 5000.0, 0.0]).target_ms(), 100);
    }

    #[test]
    fn a_clock_that_drifts_is_no_lateness() {
        for ppm in [-300.0, 300.0] {
            let target = delay((0..30_000).map(|at| f64::from(at) * 20.0 * ppm / 1e6 + 200.0)).target_ms();
            assert!(target < 30, "{ppm} ppm: {target} ms");
        }
    }

    #[test]
    fn it_is_corrected_when_it_is_too_short_or_more_than_a_frame_too_long() {
        let mut delay = delay([0.0; 10]);
        let needed = delay.needed();
        let transit = delay.floor.expect("something arrived");
        let corrections = [needed - 1, needed, needed + 176, needed + 177].map(|wait| {
            delay.plays_after(wait, transit);
            delay.correction()
        });
        assert_eq!(corrections, [-1, 0, 0, 1 + 32]);
        delay.moved(-100);
        assert_eq!(delay.correction(), 0);
    }
}
