//! What is heard of packets that come late, twice, in disorder or not at all.

use super::*;
use crate::media::{
    audio::{frame::FRAME, g711::ulaw, oscillator::Oscillator},
    sdp::Codec,
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::time::{Duration, Instant};

const TICK: Duration = Duration::from_millis(20);

/// A buffer, and packets of a tone from number 0 on.
struct Play {
    buffer: JitterBuffer,
    tone: Vec<u8>,
    now: Instant,
}

impl Play {
    fn new() -> Self {
        Self::of(Codec::Pcmu)
    }

    /// Packets of 160 octets that last 160 ticks.
    fn of(codec: Codec) -> Self {
        let mut oscillator = Oscillator::new(400, Rate::NARROW);
        let tone = (0..8000).map(|_| ulaw::encode((oscillator.next() / 8) as i16)).collect();
        Self { buffer: JitterBuffer::new(Coder::new(codec)), tone, now: Instant::now() }
    }

    fn payload(&self, number: i64) -> &[u8] {
        &self.tone[number as usize % 50 * FRAME..][..FRAME]
    }

    /// What comes `before` the next tick.
    fn insert(&mut self, number: i64, before: Duration) {
        let payload = self.payload(number).to_vec();
        let tick = self.now + TICK;
        let came = Came { now: tick - before, lain: Duration::ZERO, tick };
        self.buffer.insert(number, number * FRAME as i64, &payload, came);
    }

    fn fill(&mut self) -> Vec<i16> {
        self.now += TICK;
        let mut sound = vec![0; self.buffer.rate.frame()];
        self.buffer.fill(&mut sound);
        sound
    }

    fn original(&self, number: i64) -> Vec<i16> {
        self.payload(number).iter().map(|code| ulaw::decode(*code)).collect()
    }

    /// Sound that came and was not played.
    fn waiting_ms(&self) -> i64 {
        let end = (self.buffer.ring.newest + 1) * self.buffer.rate.frame() as i64;
        self.buffer.play.map_or(0, |play| (end - play) * 1000 / i64::from(self.buffer.rate.0))
    }
}

const SOON: Duration = Duration::from_millis(15);

#[test]
fn disorder_and_doubles_are_not_heard() {
    let mut play = Play::new();
    for number in [0, 2, 2, 1, 3, 1] {
        play.insert(number, SOON);
    }
    assert_eq!(play.fill()[40..], play.original(0)[40..]);
    for number in 1..4 {
        assert_eq!(play.fill(), play.original(number), "{number}");
    }
    assert_eq!(play.buffer.late(), 0);
}

#[test]
fn what_comes_too_late_is_counted_and_not_played() {
    let mut play = Play::new();
    play.insert(0, SOON);
    play.fill();
    play.fill();
    play.insert(2, SOON);
    assert_eq!(play.fill()[40..], play.original(2)[40..]);
    play.insert(1, SOON);
    play.insert(2, SOON);
    play.insert(3, SOON);
    assert_eq!(play.fill(), play.original(3));
    assert_eq!(play.buffer.late(), 2);
}

#[test]
fn what_is_lost_is_made_up_and_then_silence() {
    let mut play = Play::new();
    for number in 0..3 {
        play.insert(number, SOON);
        play.fill();
    }
    let made_up = play.fill();
    assert!(made_up[..80].iter().zip(&play.original(3)).all(|(made, real)| (made - real).abs() < 300));
    (0..3).for_each(|_| drop(play.fill()));
    assert_eq!(play.fill(), [0; FRAME]);
    assert_eq!(play.buffer.concealed_ms(), 60, "then it had faded");
    (0..20).for_each(|_| drop(play.fill()));
    assert!(!play.buffer.is_active());
}

#[test]
fn the_delay_stays_within_its_bounds() {
    let mut play = Play::new();
    for number in 0..500 {
        play.insert(number, SOON);
        play.fill();
        assert_eq!(play.buffer.target_ms(), MIN_DELAY_MS);
        assert!(play.waiting_ms() <= 60, "{number}: {} ms", play.waiting_ms());
    }
    // Nothing for a second, then all at once, again and again.
    for burst in 10..40 {
        (0..50).for_each(|_| drop(play.fill()));
        for number in 50 * burst..50 * burst + 50 {
            play.insert(number, SOON);
            assert!(play.buffer.target_ms() <= MAX_DELAY_MS && play.waiting_ms() <= 400 + 20);
        }
    }
}

#[test]
fn a_clock_that_drifts_does_not_pile_anything_up() {
    for (codec, ppm) in [(Codec::Pcmu, -200_i64), (Codec::Pcmu, 200), (Codec::G722, -200), (Codec::G722, 200)] {
        let mut play = Play::of(codec);
        let start = play.now;
        let mut number = 0;
        for tick in 0..30_000_u32 {
            // 7 ms before the tick at first.
            let arrives = |number: i64| {
                start + Duration::from_millis(13) + Duration::from_nanos((number * 20 * (1_000_000 + ppm)) as u64)
            };
            while arrives(number) < play.now + TICK {
                let before = play.now + TICK - arrives(number);
                play.insert(number, before);
                number += 1;
            }
            play.fill();
            assert!(tick < 50 || (0..=60).contains(&play.waiting_ms()), "{tick}: {} ms", play.waiting_ms());
        }
        assert_eq!(play.buffer.late(), 0, "{codec:?} {ppm} ppm");
    }
}

#[test]
fn figures_survive_another_codec_and_sound_goes_on() {
    let mut play = Play::new();
    for number in [0, 1, 0] {
        play.insert(number, SOON);
        play.fill();
    }
    play.buffer.set_coder(Coder::new(Codec::Pcma));
    assert_eq!(play.buffer.late(), 1);
    let faded = play.fill();
    assert!(play.buffer.is_active() && faded.iter().any(|sample| sample.abs() > 1000));
}

/// What jitter of the network adds between the coming of a packet that is not late and the tick in which it is played.
struct Waits {
    /// ms, sorted.
    ms: Vec<f64>,
    late: u64,
    concealed_ms: u64,
}

impl Waits {
    /// Phones that send at 20 moments of the 20 ms, for so long: each packet comes up to `jitter_us` late, and sockets are looked
    /// at every `look_us` and before each tick.
    fn of(jitter_us: u64, look_us: u64, packets: u32) -> Self {
        let mut waits = Self { ms: Vec::new(), late: 0, concealed_ms: 0 };
        for phase in 0..20 {
            let mut chance = SmallRng::seed_from_u64(phase);
            let mut play = Play::new();
            let start = play.now;
            let sent = |number: u32| start + Duration::from_micros(phase * 1000 + 370) + TICK * number;
            let mut late = || Duration::from_micros(chance.random_range(0..=jitter_us));
            let mut coming: Vec<_> = (0..packets).map(|number| (sent(number) + late(), i64::from(number))).collect();
            coming.sort_unstable();
            let mut coming = coming.into_iter().peekable();
            while coming.peek().is_some() {
                let tick = play.now + TICK;
                while let Some((at, number)) = coming.next_if(|(at, _)| *at <= tick) {
                    let look = ((at - start).as_micros() as u64).next_multiple_of(look_us);
                    let now = tick.min(start + Duration::from_micros(look));
                    let came = Came { now, lain: Duration::from_micros(look_us), tick };
                    let payload = play.payload(number).to_vec();
                    play.buffer.insert(number, number * FRAME as i64, &payload, came);
                }
                if let Some(at) = play.buffer.play.filter(|at| *at >= 0) {
                    let said = sent(0) + Rate::NARROW.duration(at as u64);
                    waits.ms.push((tick - said).as_secs_f64() * 1e3);
                }
                play.fill();
            }
            waits.late += play.buffer.late();
            waits.concealed_ms += play.buffer.concealed_ms();
        }
        waits.ms.sort_by(f64::total_cmp);
        waits
    }

    fn at(&self, part: f64) -> f64 {
        self.ms[(self.ms.len() as f64 * part) as usize]
    }
}

#[test]
fn a_packet_waits_for_the_next_tick_and_hardly_longer_and_does_not_miss_it() {
    // Half of a frame and a whole one, which is the time until the tick, and what the network adds.
    for (jitter_us, half_ms, whole_ms, concealed_ms) in
        [(0, 12.0, 22.0, 0), (1000, 13.0, 23.0, 0), (5000, 16.5, 26.5, 40), (30_000, 44.0, 54.0, 700)]
    {
        let waits = Waits::of(jitter_us, 2000, 1000);
        let [half, most] = [0.5, 0.99].map(|part| waits.at(part));
        println!("{jitter_us} us: {half:.1}, {most:.1} ms, {} late, {} ms made up", waits.late, waits.concealed_ms);
        assert!(half < half_ms && most < whole_ms, "{jitter_us} us of jitter: {half} and {most} ms");
        assert!(waits.concealed_ms <= concealed_ms, "{jitter_us} us of jitter: {} ms made up", waits.concealed_ms);
    }
}
