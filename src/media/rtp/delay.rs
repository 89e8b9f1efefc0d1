//! How long sound has to wait so that the next packet is there in time.

use crate::media::audio::frame::{Rate, TICK};
use std::time::{Duration, Instant};

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
/// A frame.
const FRAME_US: i64 = TICK.as_micros() as i64;
/// A packet should be there this long before it is played, us; and an eighth of the lateness more, up to [`MOST_MARGIN_US`].
const MARGIN_US: i64 = 1_000;
const MOST_MARGIN_US: i64 = 4_000;
/// So much more is kept where nothing is known yet, and before a frame less is kept, us: what it takes swings a little.
const SPARE_US: i64 = 1_000;
/// Lateness of more than this is no matter of ticks, us.
const CALM_US: i64 = 5_000;
/// The peak of lateness loses this part with each packet: half of it in some 7 s.
const DECAY: i64 = 512;
/// The path grows by as much with each packet, us: the peer's clock may be slower by 390 ppm and is still followed.
const LEAK_US: i64 = 8;
/// Packets of 10, 15 or 30 ms begin in as many places of a frame, at the most.
const PLACES: usize = 4;

/// When a packet came.
#[derive(Clone, Copy, Debug)]
pub struct Came {
    /// It was taken out of its socket.
    pub now: Instant,
    /// It may have lain there for so long before: that it was late by less than this is not said.
    pub lain: Duration,
    /// The next frame is made.
    pub tick: Instant,
}

/// Measures lateness, and says by how much the sound should be stretched or shortened. Time is in microseconds, sound in samples.
///
/// A packet on the shortest path comes `floor` after its timestamp, and its sound is played `plays` after it. It must be there when
/// the frame is made in which it begins, which is earlier by its place in that frame. So with packets as long as frames the least that goes
/// is that they begin where frames do; whatever is beyond that, and less than a frame, is the time until the next tick.
#[derive(Clone, Debug)]
pub(super) struct Delay {
    rate: Rate,
    limits: Limits,
    since: Option<Instant>,
    /// The shortest path of late: arrival less timestamp.
    floor: Option<i64>,
    /// How much longer than that a packet took, decaying; in 256ths.
    peak: i64,
    /// What is played less its timestamp; `None` before the first.
    plays: Option<i64>,
    /// Where in a frame the last packets begin, in samples.
    places: [i64; PLACES],
    /// Of the last one.
    place: usize,
}

impl Delay {
    pub(super) fn new(rate: Rate, limits: Limits) -> Self {
        Self { rate, limits, since: None, floor: None, peak: 0, plays: None, places: [0; PLACES], place: 0 }
    }

    /// A packet came. `idle`: nothing is being played, so that a new path costs nothing.
    pub(super) fn arrived(&mut self, timestamp: i64, came: Came, idle: bool) {
        let transit = self.since_start(came.now) - self.us(timestamp);
        let floor = match self.floor {
            Some(floor) if idle && transit - floor > self.most() => transit,
            Some(floor) => transit.min(floor + LEAK_US),
            None => transit,
        };
        self.floor = Some(floor);
        let lain = i64::try_from(came.lain.as_micros()).unwrap_or(i64::MAX);
        self.raise(transit.saturating_sub(lain) - floor);
        if idle {
            self.plays = None;
        }
    }

    /// How many frames of silence there have to be before sound that begins here, if the next frame is made at `tick`; what comes so many
    /// samples after it has to be there then, too.
    pub(super) fn frames_before(&mut self, timestamp: i64, later: i64, tick: Instant) -> i64 {
        let plays = self.since_start(tick) - self.us(timestamp);
        let missing = self.floor.unwrap_or(plays) + self.us(later) + self.needed() + SPARE_US - plays;
        (missing + FRAME_US - 1).div_euclid(FRAME_US).max(0)
    }

    /// The packet that came is to be played; the next frame begins at `play`.
    pub(super) fn plays(&mut self, timestamp: i64, play: i64, came: Came) {
        let plays = self.since_start(came.tick) - self.us(play);
        let place = (timestamp - play).rem_euclid(self.rate.frame() as i64);
        if self.plays.is_none() {
            self.places = [place; PLACES];
        }
        self.plays = Some(plays);
        self.place = (self.place + 1) % PLACES;
        self.places[self.place] = place;
        let made = plays - self.us(place);
        // Its frame was made before it came: what is known of its lateness is too little.
        if self.since_start(came.now) - self.us(timestamp) > made {
            self.raise(made - self.floor.unwrap_or(made));
        }
    }

    /// The timestamps begin on a new scale.
    pub(super) fn forget_clock(&mut self) {
        (self.floor, self.plays) = (None, None);
    }

    /// Positive: may be shorter by so much, and no more; negative: has to be longer by so much; 0: leave it. In samples.
    #[inline]
    pub(super) fn correction(&self) -> i64 {
        let Some(wait) = self.wait() else { return 0 };
        let (frame, needed) = (self.rate.frame() as i64, self.needed());
        let (first, last) = self.ends();
        let spare = wait - self.us(last) - needed;
        if spare < 0 {
            return last - frame * (FRAME_US - 1 - spare).div_euclid(FRAME_US);
        }
        let frames = (wait - self.us(first) - needed - SPARE_US).div_euclid(FRAME_US);
        if frames < 1 {
            return first;
        }
        // Up to where the next packet would have to come a frame earlier, too.
        self.places.into_iter().filter(|place| *place > first).min().unwrap_or(first + frame * frames)
    }

    /// By how much earlier ticks would do; `None` while nothing is played, and where lateness swings by more than ticks can be moved.
    pub(super) fn spare(&self) -> Option<Duration> {
        if self.peak / 256 > CALM_US {
            return None;
        }
        let spare = self.wait()? - self.us(self.ends().1) - self.needed();
        Some(Duration::from_micros(u64::try_from(spare).unwrap_or(0)))
    }

    /// The sound is played so many samples later (or earlier) from now on.
    pub(super) fn moved(&mut self, by: i64) {
        let (us, frame) = (self.us(by), self.rate.frame() as i64);
        if let Some(plays) = &mut self.plays {
            *plays += us;
        }
        self.places.iter_mut().for_each(|place| *place = (*place + by).rem_euclid(frame));
    }

    /// Whether waiting so many samples longer is right; it is done then.
    pub(super) fn grow(&mut self, samples: i64) -> bool {
        let grows = self.wait().is_some_and(|wait| wait - self.us(self.ends().1) < self.needed());
        if grows {
            self.moved(samples);
        }
        grows
    }

    pub(super) fn target_ms(&self) -> u32 {
        let target = u32::try_from(self.needed() / 1000).unwrap_or(u32::MAX);
        target.clamp(MIN_DELAY_MS, self.limits.most_ms.max(MIN_DELAY_MS))
    }

    /// How long after a packet on the shortest path its sound is played.
    fn wait(&self) -> Option<i64> {
        Some(self.plays? - self.floor?)
    }

    /// The first place in a frame in which a packet begins, and the last.
    fn ends(&self) -> (i64, i64) {
        self.places.into_iter().fold((i64::MAX, 0), |(first, last), place| (first.min(place), last.max(place)))
    }

    fn raise(&mut self, late: i64) {
        let late = late.clamp(0, self.most()) * 256;
        self.peak = late.max(self.peak - self.peak / DECAY);
    }

    fn needed(&self) -> i64 {
        let Limits { least_ms, .. } = self.limits;
        let least = if least_ms > MIN_DELAY_MS { i64::from(least_ms) * 1000 } else { 0 };
        let peak = self.peak / 256;
        (peak + (MARGIN_US + peak / 8).min(MOST_MARGIN_US)).min(self.most()).max(least)
    }

    fn most(&self) -> i64 {
        i64::from(self.limits.most_ms) * 1000
    }

    fn since_start(&mut self, at: Instant) -> i64 {
        let since = *self.since.get_or_insert(at);
        match at.checked_duration_since(since) {
            Some(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            None => -i64::try_from((since - at).as_micros()).unwrap_or(i64::MAX),
        }
    }

    /// How long so many samples last. Whole seconds apart: a peer may say timestamps that are too large to be multiplied.
    fn us(&self, samples: i64) -> i64 {
        let rate = i64::from(self.rate.0);
        samples.div_euclid(rate).saturating_mul(1_000_000) + samples.rem_euclid(rate) * 1_000_000 / rate
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]
mod tests {
    use super::*;

    const TICK_US: u64 = 20_000;

    /// Packets of 20 ms that come, so much late each, just when frames are made.
    struct Packets {
        delay: Delay,
        start: Instant,
        number: u64,
    }

    impl Packets {
        fn within(limits: Limits) -> Self {
            Self { delay: Delay::new(Rate::NARROW, limits), start: Instant::now(), number: 0 }
        }

        /// Frames are made `plays_us` after packets that are not late come.
        fn come(&mut self, late_us: u64, lain_us: u64, plays_us: u64) {
            let sent = self.start + Duration::from_micros(self.number * TICK_US);
            let (now, lain) = (sent + Duration::from_micros(late_us), Duration::from_micros(lain_us));
            let (came, timestamp) =
                (Came { now, lain, tick: sent + Duration::from_micros(plays_us) }, self.number as i64 * 160);
            self.delay.arrived(timestamp, came, false);
            self.delay.plays(timestamp, timestamp, came);
            self.number += 1;
        }
    }

    fn delay(late_ms: impl IntoIterator<Item = u64>) -> Delay {
        delay_within(Limits::default(), late_ms)
    }

    fn delay_within(limits: Limits, late_ms: impl IntoIterator<Item = u64>) -> Delay {
        let mut packets = Packets::within(limits);
        late_ms.into_iter().for_each(|late| packets.come(late * 1000, 0, 1_000_000));
        packets.delay
    }

    #[test]
    fn without_lateness_it_is_the_least() {
        let delay = delay([0; 500]);
        assert_eq!((delay.target_ms(), delay.needed()), (MIN_DELAY_MS, MARGIN_US));
    }

    #[test]
    fn lateness_is_waited_for_and_slowly_forgotten() {
        let once = |after| delay([0; 50].into_iter().chain([60]).chain(std::iter::repeat_n(0, after)));
        assert_eq!(once(0).needed() / 100, 639);
        let half = once(355).target_ms();
        assert!((30..40).contains(&half), "{half}");
        assert!(once(3000).needed() < MARGIN_US + 200);
    }

    #[test]
    fn a_packet_that_lay_in_its_socket_is_not_called_late_for_that() {
        let mut packets = Packets::within(Limits::default());
        (0..500).for_each(|number| packets.come(number * 37 % 2000, 2000, 10_000));
        assert_eq!(packets.delay.needed(), MARGIN_US);
        (0..10).for_each(|_| packets.come(5000, 2000, 10_000));
        assert!((4000..4500).contains(&packets.delay.needed()), "{}", packets.delay.needed());
    }

    #[test]
    fn a_packet_that_is_missed_is_late_whatever_is_known() {
        let mut packets = Packets::within(Limits::default());
        (0..50).for_each(|_| packets.come(0, 5000, 2000));
        packets.come(3000, 5000, 2000);
        assert!(packets.delay.needed() >= 2000 + MARGIN_US && packets.delay.correction() < 0);
    }

    #[test]
    fn lateness_beyond_all_measure_is_not_waited_for() {
        assert_eq!(delay([0, 5000, 0]).target_ms(), MAX_DELAY_MS);
        assert_eq!(delay((0..3000).map(|at| at % 50 * 40)).target_ms(), MAX_DELAY_MS);
    }

    #[test]
    fn limits_are_kept_whatever_comes() {
        let limits = Limits { least_ms: 60, most_ms: 100 };
        assert_eq!(delay_within(limits, [0; 500]).target_ms(), 60);
        assert_eq!(delay_within(limits, [0, 80]).target_ms(), 83);
        assert_eq!(delay_within(limits, [0, 5000, 0]).target_ms(), 100);
    }

    #[test]
    fn a_clock_that_drifts_is_no_lateness() {
        for (rate, ppm) in [(Rate::NARROW, -300_i64), (Rate::NARROW, 300), (Rate::FULL, -300), (Rate::FULL, 300)] {
            let (mut delay, start) = (Delay::new(rate, Limits::default()), Instant::now());
            for number in 0..30_000 {
                let now = start + Duration::from_nanos((number * 20 * (1_000_000 + ppm)) as u64);
                delay.arrived(number * rate.frame() as i64, Came { now, lain: Duration::ZERO, tick: now }, false);
            }
            assert!(delay.needed() < 2 * MARGIN_US, "{ppm} ppm: {} us", delay.needed());
        }
    }

    #[test]
    fn it_is_corrected_when_a_packet_may_come_too_late_or_could_come_a_frame_later() {
        let after = |plays_us| {
            let mut packets = Packets::within(Limits::default());
            (0..10).for_each(|_| packets.come(0, 0, plays_us));
            packets.delay.correction()
        };
        assert_eq!([999, 1000, 21_999, 22_000, 42_000].map(after), [-160, 0, 0, 160, 320]);
    }

    #[test]
    fn what_is_too_long_without_any_packet_coming_later_for_it_is_left_out() {
        let mut packets = Packets::within(Limits::default());
        (0..10).for_each(|_| packets.come(0, 0, 5000));
        packets.delay.moved(-60);
        // By 7.5 of 20 ms: the packets have to be there a frame earlier now.
        assert_eq!(packets.delay.correction(), -60);
        packets.delay.moved(75);
        assert_eq!(packets.delay.correction(), 15);
    }

    #[test]
    fn short_packets_begin_in_several_places_of_a_frame() {
        let (mut delay, start) = (Delay::new(Rate::NARROW, Limits::default()), Instant::now());
        let mut play = 0;
        for number in 0..20_u64 {
            // The second half of a frame comes 3 ms before it is made.
            let now = start + Duration::from_millis(number * 10);
            let tick = start + Duration::from_millis(number / 2 * 20 + 13);
            let (came, timestamp) = (Came { now, lain: Duration::ZERO, tick }, number as i64 * 80);
            delay.arrived(timestamp, came, number == 0);
            if number == 0 {
                play = timestamp - delay.frames_before(timestamp, 0, tick) * 160;
            }
            delay.plays(timestamp, play + number as i64 / 2 * 160, came);
        }
        assert_eq!((delay.correction(), delay.spare()), (0, Some(Duration::from_millis(2))));
    }
}
