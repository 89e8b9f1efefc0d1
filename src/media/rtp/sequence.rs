//! One source of RTP as it is received: which packet comes where, what is lost, how irregularly it comes
//! (RFC 3550 6.4.1, A.1, A.3, A.8).

use crate::media::audio::frame::Rate;
use std::time::{Duration, Instant};

/// A jump ahead of more than this is no loss (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3000;
/// A packet this much behind is merely late.
const MAX_MISORDER: u16 = 100;
/// Timestamps that step back or ahead by more than this are on another scale, s.
const MAX_BACK_S: i64 = 4;
const MAX_AHEAD_S: i64 = 60;
/// Where timestamps begin: far from zero, so that what comes before the first packet has one too.
const FIRST_TIMESTAMP: i64 = 1 << 40;

/// What is to be made of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Take it: its sequence number and timestamp, extended to never wrap.
    Valid {
        /// Counts on from the first packet of the source.
        sequence: i64,
        /// Counts on likewise.
        timestamp: i64,
    },
    /// Take it, but it begins the source anew: the numbers jumped (RFC 3550 A.1).
    Restarted {
        /// As above, on a new scale.
        sequence: i64,
        /// As above.
        timestamp: i64,
    },
    /// Taken already.
    Duplicate,
    /// Out of all order; the next one will tell whether the source began anew.
    Suspicious,
}

/// The bookkeeping of one SSRC.
#[derive(Clone, Debug)]
pub struct Source {
    ssrc: u32,
    /// Ticks a second of the timestamp.
    clock: u32,
    highest: i64,
    timestamp: i64,
    /// The sequence number that would prove a restart.
    bad: Option<u16>,
    /// Which of the 64 packets up to `highest` were taken, the lowest bit being `highest`.
    taken: u64,
    /// First sequence number since the last restart, and what the restarts before left.
    base: i64,
    expected_before: u64,
    received: u64,
    /// How often something was missing.
    holes: u64,
    /// How many came after one that was sent later.
    disordered: u64,
    expected_prior: u64,
    received_prior: u64,
    transit: Option<i64>,
    /// Where arrival is counted from.
    since: Instant,
    /// In sixteenths of a tick, as RFC 3550 A.8 has it.
    jitter: i64,
}

impl Source {
    /// A source that begins with this packet, which `update` has still to be told of. `clock` is that of its timestamps.
    pub fn new(ssrc: u32, sequence: u16, timestamp: u32, clock: u32, now: Instant) -> Self {
        // Far from zero, so that what comes before the first packet has a number too.
        let first = (1_i64 << 32) + i64::from(sequence);
        Self {
            ssrc,
            clock,
            highest: first - 1,
            timestamp: FIRST_TIMESTAMP + i64::from(timestamp),
            bad: None,
            taken: 0,
            base: first,
            expected_before: 0,
            received: 0,
            holes: 0,
            disordered: 0,
            expected_prior: 0,
            received_prior: 0,
            transit: None,
            since: now,
            jitter: 0,
        }
    }

    /// Whose packets these are.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Its timestamps go by another clock from now on.
    pub fn set_clock(&mut self, clock: u32) {
        if clock != self.clock {
            self.jitter = self.jitter * i64::from(clock) / i64::from(self.clock.max(1));
            (self.clock, self.transit) = (clock, None);
        }
    }

    /// Judges a packet of this SSRC that came at `now`.
    pub fn update(&mut self, sequence: u16, timestamp: u32, now: Instant) -> Verdict {
        self.judge(sequence, timestamp, Some(now))
    }

    /// Judges a packet whose timestamp says nothing of when it was sent, such as a telephone-event.
    pub fn update_beside(&mut self, sequence: u16, timestamp: u32) -> Verdict {
        self.judge(sequence, timestamp, None)
    }

    fn judge(&mut self, sequence: u16, timestamp: u32, now: Option<Instant>) -> Verdict {
        let ahead = sequence.wrapping_sub(self.highest as u16);
        let mut restarted = false;
        let extended = if ahead < MAX_DROPOUT {
            self.highest + i64::from(ahead)
        } else if ahead > u16::MAX - MAX_MISORDER {
            self.highest - i64::from(ahead.wrapping_neg())
        } else if self.bad == Some(sequence) {
            restarted = true;
            self.restart(sequence)
        } else {
            self.bad = Some(sequence.wrapping_add(1));
            return Verdict::Suspicious;
        };
        self.bad = None;
        if !self.take(extended) {
            return Verdict::Duplicate;
        }
        self.received += 1;
        let timestamp = match now {
            Some(now) => {
                let timestamp = self.extend(timestamp).unwrap_or_else(|| {
                    restarted = true;
                    self.rescale(timestamp)
                });
                self.measure(timestamp, now);
                timestamp
            }
            None => self.timestamp + i64::from(timestamp.wrapping_sub(self.timestamp as u32).cast_signed()),
        };
        if restarted {
            Verdict::Restarted { sequence: extended, timestamp }
        } else {
            Verdict::Valid { sequence: extended, timestamp }
        }
    }

    fn restart(&mut self, sequence: u16) -> i64 {
        self.expected_before += self.expected_here();
        // One cycle on, so that nothing of before is in front of it.
        let extended = (((self.highest >> 16) + 2) << 16) + i64::from(sequence);
        (self.base, self.highest, self.taken, self.transit) = (extended, extended - 1, 0, None);
        extended
    }

    fn take(&mut self, extended: i64) -> bool {
        let ahead = extended - self.highest;
        if ahead > 0 {
            self.holes += u64::from(ahead > 1);
            self.taken = if ahead < 64 { self.taken << ahead } else { 0 } | 1;
            self.highest = extended;
            return true;
        }
        let bit = if ahead > -64 { 1 << -ahead } else { 0 };
        let known = self.taken & bit != 0;
        self.taken |= bit;
        self.disordered += u64::from(!known);
        // Beyond the window nobody can tell; it is too late to be played anyway.
        !known
    }

    /// `None`: it has nothing to do with those before.
    fn extend(&mut self, timestamp: u32) -> Option<i64> {
        let step = i64::from(timestamp.wrapping_sub(self.timestamp as u32).cast_signed());
        let clock = i64::from(self.clock);
        (-clock * MAX_BACK_S..=clock * MAX_AHEAD_S).contains(&step).then(|| {
            let extended = self.timestamp + step;
            self.timestamp = self.timestamp.max(extended);
            extended
        })
    }

    /// Another scale begins where the first one did: however often somebody does this, the numbers stay small.
    fn rescale(&mut self, timestamp: u32) -> i64 {
        self.timestamp = FIRST_TIMESTAMP + i64::from(timestamp);
        self.transit = None;
        self.timestamp
    }

    fn measure(&mut self, timestamp: i64, now: Instant) {
        let arrival = now.saturating_duration_since(self.since);
        let arrival = Rate(self.clock).samples_in(arrival) as i64;
        let transit = arrival - timestamp;
        if let Some(before) = self.transit.replace(transit) {
            // A pause that the timestamps do not tell of is no jitter.
            let difference = (transit - before).abs().min(i64::from(self.clock));
            self.jitter += difference - ((self.jitter + 8) >> 4);
        }
    }

    /// Packets taken.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Packets that should have come and did not (RFC 3550 A.3); duplicates are not counted against losses.
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// Packets that came after one that was sent later.
    pub fn disordered(&self) -> u64 {
        self.disordered
    }

    /// How often packets were missing when the next one came, however many; some may have come later.
    pub fn holes(&self) -> u64 {
        self.holes
    }

    /// The highest sequence number with its cycles, as reports tell it.
    pub fn highest(&self) -> u32 {
        self.highest as u32
    }

    /// Interarrival jitter in ticks of the timestamp.
    pub fn jitter(&self) -> u32 {
        (self.jitter >> 4) as u32
    }

    /// Interarrival jitter as time.
    pub fn jitter_time(&self) -> Duration {
        Duration::from_nanos((self.jitter.max(0) as u64).saturating_mul(62_500_000) / u64::from(self.clock.max(1)))
    }

    /// The part of packets lost since the last call, in 256ths (RFC 3550 A.3).
    pub fn fraction_lost(&mut self) -> u8 {
        let expected = self.expected();
        let wanted = expected.saturating_sub(self.expected_prior);
        let got = self.received.saturating_sub(self.received_prior);
        (self.expected_prior, self.received_prior) = (expected, self.received);
        let lost = wanted.saturating_sub(got);
        (lost * 256).checked_div(wanted).unwrap_or(0).min(255) as u8
    }

    fn expected(&self) -> u64 {
        self.expected_before + self.expected_here()
    }

    fn expected_here(&self) -> u64 {
        (self.highest - self.base + 1).max(0) as u64
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Play {
        source: Source,
        start: Instant,
    }

    impl Play {
        fn new(sequence: u16, timestamp: u32) -> Self {
            let start = Instant::now();
            Self { source: Source::new(1, sequence, timestamp, 8000, start), start }
        }

        fn packet(&mut self, sequence: u16, timestamp: u32, ms: u64) -> Verdict {
            self.source.update(sequence, timestamp, self.start + Duration::from_millis(ms))
        }
    }

    fn numbers(verdict: Verdict) -> (i64, i64) {
        match verdict {
            Verdict::Valid { sequence, timestamp } | Verdict::Restarted { sequence, timestamp } => {
                (sequence, timestamp)
            }
            Verdict::Duplicate | Verdict::Suspicious => panic!("{verdict:?}"),
        }
    }

    #[test]
    fn numbers_go_on_where_they_wrap() {
        let mut play = Play::new(0xFFFF, 0xFFFF_FFF0);
        let first = numbers(play.packet(0xFFFF, 0xFFFF_FFF0, 0));
        let second = numbers(play.packet(0, 144, 20));
        assert_eq!((second.0 - first.0, second.1 - first.1), (1, 160));
        assert_eq!((play.source.received(), play.source.lost(), play.source.jitter()), (2, 0, 0));
    }

    #[test]
    fn the_lost_the_late_and_the_double_are_told_apart() {
        let mut play = Play::new(10, 0);
        let first = numbers(play.packet(10, 0, 0));
        assert_eq!(numbers(play.packet(13, 480, 60)).0, first.0 + 3);
        assert_eq!((play.source.lost(), play.source.fraction_lost()), (2, 128));
        assert_eq!(numbers(play.packet(12, 320, 61)).0, first.0 + 2);
        assert_eq!(play.packet(12, 320, 62), Verdict::Duplicate);
        assert_eq!(play.packet(13, 480, 62), Verdict::Duplicate);
        assert_eq!((play.source.lost(), play.source.received(), play.source.disordered()), (1, 3, 1));
    }

    #[test]
    fn a_jump_is_believed_when_it_is_repeated() {
        let mut play = Play::new(10, 0);
        let first = numbers(play.packet(10, 0, 0));
        assert_eq!(play.packet(20_000, 9_000_000, 20), Verdict::Suspicious);
        assert!(matches!(play.packet(11, 160, 20), Verdict::Valid { .. }));
        assert_eq!(play.packet(30_000, 9_000_000, 40), Verdict::Suspicious);
        let restart = play.packet(30_001, 9_000_160, 60);
        assert!(matches!(restart, Verdict::Restarted { sequence, .. } if sequence > first.0 + 100));
        assert_eq!((play.source.lost(), play.source.received()), (0, 3));
    }

    #[test]
    fn timestamps_that_leap_begin_anew_and_never_grow_large() {
        let mut play = Play::new(10, 0);
        assert!(matches!(play.packet(10, 0, 0), Verdict::Valid { .. }));
        for n in 1..50_000_u32 {
            let verdict = play.packet(10 + n as u16, n.wrapping_mul(i32::MAX as u32), u64::from(n));
            let Verdict::Restarted { timestamp, .. } = verdict else { panic!("{verdict:?}") };
            assert!(timestamp < FIRST_TIMESTAMP * 2);
        }
        // A pause of the sender's is none of that.
        let mut play = Play::new(10, 0);
        play.packet(10, 0, 0);
        assert!(matches!(play.packet(11, 8000 * 59, 59_000), Verdict::Valid { .. }));
        assert!(matches!(play.packet(12, 8000 * 56, 59_020), Verdict::Valid { .. }));
    }

    #[test]
    fn jitter_follows_the_formula_of_the_rfc() {
        let mut play = Play::new(0, 0);
        let mut jitter = 0.0;
        for n in 0..200_u32 {
            let late = if n % 2 == 1 { 10 } else { 0 };
            play.packet(n as u16, n * 160, u64::from(n) * 20 + late);
            if n > 0 {
                jitter += (80.0 - jitter) / 16.0;
            }
        }
        assert!((f64::from(play.source.jitter()) - jitter).abs() < 2.0);
        assert!((play.source.jitter_time().as_secs_f64() - 0.010).abs() < 0.0005);
    }

    proptest! {
        #[test]
        fn hostile_numbers_do_no_harm(packets in prop::collection::vec((any::<u16>(), any::<u32>(), 0..100_u64), 1..200)) {
            let mut play = Play::new(packets[0].0, packets[0].1);
            for (sequence, timestamp, ms) in packets {
                play.packet(sequence, timestamp, ms);
            }
            play.source.fraction_lost();
            prop_assert!(play.source.received() <= 200);
        }
    }
}
