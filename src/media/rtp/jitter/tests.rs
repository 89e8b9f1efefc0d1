//! What is heard of packets that come late, twice, in disorder or not at all.

use super::*;
use crate::media::{
    audio::{frame::FRAME, g711::ulaw, oscillator::Oscillator},
    sdp::Codec,
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::{
    f64::consts::TAU,
    time::{Duration, Instant},
};

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

/// What a listener hears of a voice in packets of 23 ms, which begin anywhere in a frame, on a network that loses them in bursts; and
/// the greatest step that the voice itself makes.
fn voice_over(codec: Codec, burst: u64, seed: u64) -> (Vec<i16>, i32) {
    let (mut coder, mut chance) = (Coder::new(codec), SmallRng::seed_from_u64(seed));
    let (rate, mut phase) = (coder.rate(), 0.0_f64);
    let voice: Vec<i16> = (0..rate.0 * 5)
        .map(|at| {
            let time = f64::from(at) / f64::from(rate.0);
            phase += TAU * (150.0 + 50.0 * (2.0 * time).sin()) / f64::from(rate.0);
            (1..6).map(|harmonic| (f64::from(harmonic) * phase).cos() * 1200.0).sum::<f64>() as i16
        })
        .collect();
    let mut play = Play::of(codec);
    let (start, mut heard, mut arrivals, mut lost) = (play.now, Vec::new(), Vec::new(), 0);
    for (number, part) in (0..).zip(voice.chunks_exact(rate.samples(23))) {
        let mut payload = Vec::new();
        coder.encode(part, &mut payload);
        lost = if lost > 0 {
            lost - 1
        } else if number > 20 && chance.random_bool(0.05) {
            burst
        } else {
            0
        };
        if lost == 0 {
            let at = start + Duration::from_millis(number as u64 * 23 + chance.random_range(0..20));
            arrivals.push((at, number, payload));
        }
    }
    arrivals.sort();
    let mut arrivals = arrivals.into_iter().peekable();
    for _ in 0..245 {
        while let Some((at, number, payload)) = arrivals.next_if(|(at, ..)| *at < play.now + TICK) {
            let timestamp = number * (i64::from(play.buffer.clock().0) * 23 / 1000);
            let came = Came { now: at, lain: Duration::ZERO, tick: play.now + TICK };
            play.buffer.insert(number, timestamp, &payload, came);
        }
        heard.extend(play.fill());
    }
    (heard, step(&voice))
}

fn step(sound: &[i16]) -> i32 {
    sound.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap_or(0)
}

#[test]
fn what_comes_too_late_still_tells_the_decoder_of_g722_what_was_said() {
    // What is heard of packet 31, where packet 30 is there, lost, or a frame late.
    let heard = |comes: Option<i64>| {
        let mut play = Play::of(Codec::G722);
        let mut oscillator = Oscillator::new(400, Rate::WIDE);
        // Louder and louder, so that its decoder has something to follow.
        let voice: Vec<i16> = (0..16_000).map(|at| (oscillator.next() / 8 * (at % 1600) / 1600) as i16).collect();
        play.tone.clear();
        Coder::new(Codec::G722).encode(&voice, &mut play.tone);
        for tick in 0..31 {
            if tick != 30 || comes == Some(30) {
                play.insert(tick, SOON);
            }
            play.fill();
        }
        if comes == Some(31) {
            play.insert(30, SOON);
        }
        play.insert(31, SOON);
        play.fill().split_off(Rate::WIDE.samples(8))
    };
    let (said, lost, late) = (heard(Some(30)), heard(None), heard(Some(31)));
    assert_eq!(late, said);
    assert_ne!(lost, said);
}

#[test]
fn no_loss_ends_or_begins_with_a_click() {
    // After a loss, the decoder of G.722 says some things louder than they were.
    for (codec, times) in [(Codec::Pcma, 1.5), (Codec::G722, 2.5)] {
        for burst in [1, 2, 5] {
            for seed in 0..4 {
                let (heard, most) = voice_over(codec, burst, seed);
                assert!(
                    f64::from(step(&heard)) < f64::from(most) * times,
                    "{codec:?}, {burst} packets, seed {seed}: {} of {most}",
                    step(&heard)
                );
            }
        }
    }
}
