//! When within the 20 ms a mixer has its ticks: soon after what its legs say has come.
//!
//! A packet waits for the next tick, 10 ms on average and 20 at most. Where few talk, ticks at another moment of the 20 ms make that shorter
//! for all of them together. There are four such moments, so that the mixers of a thread still share wake-ups, and its work is spread.

use super::audio::frame::TICK;
use std::time::{Duration, Instant};

/// The moments lie so far apart.
pub(super) const STEP: Duration = Duration::from_millis(5);
/// The last of them, at which a mixer begins: ticks are moved to earlier ones without anybody having to wait.
const LAST: u32 = 3;
/// Of more than these each moment is as good as the other.
const FEW: usize = 8;
/// Ticks are moved after so many at the earliest, by what is worth it on average; to a later moment, for which phones have to wait
/// once, after ten seconds and for more.
const EARLIER: (u32, Duration) = (50, Duration::from_micros(2500));
const LATER: (u32, Duration) = (500, Duration::from_millis(5));

/// So much is not taken away from anybody: what it needs swings a little.
const SAFE: Duration = Duration::from_millis(1);

/// One of the moments, and for how many ticks it has been so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phase {
    moment: u32,
    ticks: u32,
}

/// From one moment to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shift {
    /// The next tick comes after less than 20 ms.
    Earlier(Duration),
    /// After more.
    Later(Duration),
}

impl Default for Phase {
    fn default() -> Self {
        Self { moment: LAST, ticks: 0 }
    }
}

impl Phase {
    /// The first tick after `now`.
    pub(super) fn next(self, since: Instant, now: Instant) -> Instant {
        let first = since + STEP * self.moment;
        let Some(passed) = now.checked_duration_since(first) else { return first };
        let ticks = (passed.as_nanos() / TICK.as_nanos()) as u64 + 1;
        first + Duration::from_nanos(ticks * TICK.as_nanos() as u64)
    }

    /// The time of this tick in all mixers, whatever their moments: it goes on by 20 ms each tick.
    pub(super) fn common(self, tick: Instant) -> Instant {
        tick + STEP * (LAST - self.moment)
    }

    /// A tick is over. By how much the next is moved, given by how much earlier it could be for each of those who talk.
    #[inline]
    pub(super) fn fit(&mut self, spare: impl Iterator<Item = Duration>, legs: usize) -> Option<Shift> {
        self.ticks = self.ticks.saturating_add(1);
        if legs > FEW || self.ticks < EARLIER.0 {
            return None;
        }
        let mut waits = [Duration::ZERO; LAST as usize + 1];
        let mut talking = 0;
        for spare in spare {
            if spare >= TICK + STEP {
                // It is about to be shortened.
                return None;
            }
            talking += 1;
            let spare = spare.saturating_sub(SAFE);
            for (wait, moment) in waits.iter_mut().zip(0..) {
                *wait += rest(spare, moment, self.moment);
            }
        }
        if talking == 0 {
            return None;
        }
        let now = waits[self.moment as usize];
        let (wait, moment) = waits.into_iter().zip(0..).min()?;
        let (after, worth) = if moment < self.moment { EARLIER } else { LATER };
        if moment == self.moment || now - wait < worth * talking || self.ticks < after {
            return None;
        }
        let by = |from: u32, to: u32| STEP * (from - to);
        let shift = if moment < self.moment {
            Shift::Earlier(by(self.moment, moment))
        } else {
            Shift::Later(by(moment, self.moment))
        };
        *self = Self { moment, ticks: 0 };
        Some(shift)
    }
}

/// What is left of `spare` at another moment: where there is less than none, a frame more.
fn rest(spare: Duration, moment: u32, now: u32) -> Duration {
    let wait = spare + STEP * moment;
    let earlier = STEP * now;
    match wait.checked_sub(earlier) {
        Some(rest) if moment > now && rest >= TICK => rest - TICK,
        Some(rest) => rest,
        None => wait + TICK - earlier,
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// After so many ticks with these to spare.
    fn fitted(phase: &mut Phase, ticks: u32, spare_ms: &[u32]) -> Option<Shift> {
        (0..ticks).find_map(|_| phase.fit(spare_ms.iter().map(|ms| MS * *ms), spare_ms.len()))
    }

    #[test]
    fn one_who_talks_waits_less_than_a_step() {
        for (spare, earlier) in [(5, 0), (7, 5), (12, 10), (19, 15)] {
            let shift = fitted(&mut Phase::default(), 1000, &[spare]);
            assert_eq!(shift, (earlier > 0).then_some(Shift::Earlier(MS * earlier)), "{spare} ms");
        }
    }

    #[test]
    fn nobody_waits_a_frame_more_so_that_another_gains_less() {
        assert_eq!(fitted(&mut Phase::default(), 1000, &[3, 12]), None);
        assert_eq!(fitted(&mut Phase::default(), 1000, &[3, 12, 14]), Some(Shift::Earlier(MS * 10)));
    }

    #[test]
    fn to_a_later_moment_it_goes_seldom() {
        let mut phase = Phase::default();
        assert_eq!(fitted(&mut phase, 50, &[19]), Some(Shift::Earlier(MS * 15)));
        assert_eq!(fitted(&mut phase, 499, &[18]), None);
        assert_eq!(fitted(&mut phase, 1, &[18]), Some(Shift::Later(MS * 5)));
    }

    #[test]
    fn where_many_talk_or_nobody_it_stays() {
        assert_eq!(fitted(&mut Phase::default(), 1000, &[12; FEW + 1]), None);
        assert_eq!(fitted(&mut Phase::default(), 1000, &[]), None);
    }

    #[test]
    fn ticks_lie_on_a_grid_and_all_mixers_have_the_same_time_in_them() {
        let since = Instant::now();
        let at = |moment, ms| (Phase { moment, ticks: 0 }).next(since, since + MS * ms) - since;
        assert_eq!([at(0, 0), at(0, 19), at(3, 0), at(3, 15), at(2, 37)], [20, 20, 15, 35, 50].map(|ms| MS * ms));
        assert_eq!(Phase { moment: 1, ticks: 0 }.common(since + MS * 25), since + MS * 35);
    }
}
