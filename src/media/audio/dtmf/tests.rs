//! What Q.23 and Q.24 want to be heard as digits, what they want not to be, and what sounds like neither.

use super::{
    super::{
        g711::alaw,
        music::Music,
        oscillator::Oscillator,
        playlist::Cursor,
        tone::{self, DigitTone},
    },
    *,
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};

const KEYS: &str = "0123456789*#ABCD";
/// Some twice in a row.
const ALL: &str = "0123456789*#ABCD1122";
/// 0 dBm0 is so far below a sine of full scale, dB (ITU-T G.711).
const HEADROOM: f64 = 3.1;

fn heard(sound: &[i16], rate: Rate) -> Vec<Heard> {
    let mut detector = Detector::new(rate);
    sound.chunks(rate.frame()).flat_map(|frame| detector.hear(frame)).flatten().collect()
}

fn downs(events: &[Heard]) -> String {
    events.iter().filter_map(|event| if let Heard::Down(digit) = event { Some(*digit) } else { None }).collect()
}

/// As our own legs dial.
fn dialled(digits: &str, ms: u32, pause_ms: u32, rate: Rate) -> Vec<i16> {
    let mut sound = vec![0; rate.samples(37)];
    for digit in digits.chars() {
        let start = sound.len();
        sound.resize(start + rate.samples(ms), 0);
        DigitTone::new(digit, rate).expect("a digit").fill(&mut sound[start..], rate.samples(ms));
        sound.resize(sound.len() + rate.samples(pause_ms), 0);
    }
    sound.resize(sound.len() + rate.samples(100), 0);
    sound
}

/// A sender as Q.24 imagines it: tones that begin and end at once.
#[derive(Clone, Copy)]
struct Sender {
    /// Silence before the first digit, samples.
    begins: usize,
    ms: f64,
    pause_ms: f64,
    /// Where the tones are, as parts of where they should be: lower, upper.
    factors: [f64; 2],
    /// How loud they are, dBm0.
    levels: [f64; 2],
    /// How much weaker white noise is than both tones together, dB.
    noise: Option<(f64, u64)>,
}

/// The shortest digits and pauses that count.
const SHORTEST: Sender =
    Sender { begins: 400, ms: 40.0, pause_ms: 40.0, factors: [1.0; 2], levels: [-10.0; 2], noise: None };
const LONG: Sender = Sender { ms: 60.0, pause_ms: 60.0, ..SHORTEST };

fn amplitude(level: f64) -> f64 {
    32768.0 * 10_f64.powf((level - HEADROOM) / 20.0)
}

impl Sender {
    fn dials(&self, digits: &str) -> Vec<i16> {
        let samples = |ms: f64| (ms * 8.0) as usize;
        let mut sound = vec![0.0; self.begins];
        for digit in digits.chars() {
            let frequencies = tone::dtmf(digit).expect("a digit");
            sound.extend((0..samples(self.ms)).map(|at| {
                let tone = |which: usize| {
                    let turns = f64::from(frequencies[which]) * self.factors[which] * at as f64 / 8000.0;
                    amplitude(self.levels[which]) * (std::f64::consts::TAU * turns).sin()
                };
                tone(0) + tone(1)
            }));
            sound.resize(sound.len() + samples(self.pause_ms), 0.0);
        }
        sound.resize(sound.len() + 800, 0.0);
        if let Some((below, seed)) = self.noise {
            let mut chance = SmallRng::seed_from_u64(seed);
            let power: f64 = self.levels.iter().map(|level| amplitude(*level).powi(2) / 2.0).sum();
            let deviation = (power / 10_f64.powf(below / 10.0)).sqrt();
            for sample in &mut sound {
                // Twelve dice are as good as a bell.
                let bell: f64 = (0..12).map(|_| chance.random_range(-0.5..0.5)).sum();
                *sample += deviation * bell;
            }
        }
        // Over a line of G.711.
        let line = |sample: f64| alaw::decode(alaw::encode(sample.round().clamp(-32768.0, 32767.0) as i16));
        sound.into_iter().map(line).collect()
    }

    fn is_heard(&self, digits: &str) -> bool {
        downs(&heard(&self.dials(digits), RATE)) == digits
    }
}

#[test]
fn every_digit_is_heard_once_with_its_length_at_every_rate() {
    for rate in [Rate::NARROW, Rate::WIDE, Rate::FULL] {
        for (ms, pause) in [(45, 45), (100, 60), (500, 200)] {
            let events = heard(&dialled(ALL, ms, pause, rate), rate);
            assert_eq!(downs(&events), ALL, "{ms} ms at {}", rate.0);
            for event in events {
                if let Heard::Up(digit, told) = event {
                    assert!(told.abs_diff(ms as u16) <= 15, "{digit}: {told} of {ms} ms at {}", rate.0);
                }
            }
        }
    }
}

#[test]
fn digits_and_pauses_of_40_ms_are_heard_wherever_they_begin() {
    for begins in (0..80).step_by(3) {
        assert!(Sender { begins, ..SHORTEST }.is_heard(ALL), "{begins}");
    }
}

#[test]
fn what_lasts_23_ms_or_less_is_no_digit() {
    for begins in (0..80).step_by(3) {
        for ms in [15.0, 20.0, 23.0] {
            let sound = Sender { begins, ms, ..SHORTEST }.dials(ALL);
            assert_eq!(heard(&sound, RATE), [], "{ms} ms from {begins}");
        }
    }
}

#[test]
fn a_short_break_does_not_make_two_of_one() {
    for begins in (0..80).step_by(3) {
        for samples in [80, 160] {
            let mut sound = Sender { begins, ms: 200.0, ..SHORTEST }.dials("5");
            sound[begins + 600..][..samples].fill(0);
            assert_eq!(downs(&heard(&sound, RATE)), "5", "{samples} from {begins}");
        }
    }
}

#[test]
fn what_is_a_little_beside_its_frequency_is_heard_and_what_is_further_is_not() {
    for begins in [400, 427, 453] {
        for factors in [[0.985, 0.985], [0.985, 1.015], [1.015, 0.985], [1.015, 1.015]] {
            assert!(Sender { begins, factors, ..SHORTEST }.is_heard(KEYS), "{factors:?}");
        }
        for beside in [0.965, 1.035, 0.95, 1.05] {
            for factors in [[beside, 1.0], [1.0, beside], [beside, beside], [beside, 2.0 - beside]] {
                for digit in KEYS.chars() {
                    let sound = Sender { begins, factors, ..LONG }.dials(&digit.to_string());
                    assert_eq!(heard(&sound, RATE), [], "{digit} at {factors:?}");
                }
            }
        }
    }
}

#[test]
fn one_tone_may_be_somewhat_louder_than_the_other() {
    for upper in [4.0, 2.0, -4.0, -8.0] {
        assert!(Sender { levels: [-12.0, -12.0 + upper], ..SHORTEST }.is_heard(ALL), "{upper} dB");
    }
    for upper in [8.0, -12.0, -20.0] {
        let sound = Sender { levels: [-12.0, -12.0 + upper], ..LONG }.dials(ALL);
        assert_eq!(heard(&sound, RATE), [], "{upper} dB");
    }
}

#[test]
fn the_loud_and_the_faint_are_heard_and_the_very_faint_are_not() {
    for level in [-3.0, -10.0, -20.0, -30.0, -36.0] {
        assert!(Sender { levels: [level; 2], ..SHORTEST }.is_heard(ALL), "{level} dBm0");
    }
    assert_eq!(heard(&Sender { levels: [-42.0; 2], ..LONG }.dials(ALL), RATE), []);
}

#[test]
fn noise_that_is_15_db_weaker_hides_and_adds_no_digit() {
    let hard = [
        SHORTEST,
        Sender { factors: [0.985, 1.015], ..SHORTEST },
        Sender { levels: [-8.0, -12.0], ..SHORTEST },
        Sender { levels: [-14.0, -10.0], ..SHORTEST },
        Sender { levels: [-30.0; 2], ..SHORTEST },
    ];
    for (kind, sender) in hard.into_iter().enumerate() {
        for seed in 0..40 {
            let sender = Sender { begins: 400 + seed as usize, noise: Some((15.0, seed)), ..sender };
            assert!(sender.is_heard(KEYS), "kind {kind}, seed {seed}");
        }
    }
}

#[test]
fn music_one_tone_and_noise_are_no_digits() {
    let mut music = vec![0; 8000 * 24];
    Music::built_in().fill(&mut Cursor::default(), 0, RATE, &mut music);
    assert_eq!(heard(&music, RATE), []);
    for frequency in [440, 697, 770, 852, 941, 1209, 1336, 1477, 1633] {
        let mut tone = Oscillator::new(frequency, RATE);
        let one: Vec<i16> = (0..8000).map(|_| (tone.next() / 4) as i16).collect();
        assert_eq!(heard(&one, RATE), []);
    }
    let mut chance = SmallRng::seed_from_u64(1);
    let noise: Vec<i16> = (0..8000 * 20).map(|_| chance.random_range(-8000..8000)).collect();
    assert_eq!(heard(&noise, RATE), []);
}

#[test]
fn a_digit_that_nobody_listens_to_any_more_ends() {
    let mut detector = Detector::new(RATE);
    let sound = dialled("5", 100, 0, RATE);
    let heard: Vec<_> = sound[..1000].chunks(160).map(|frame| detector.hear(frame)).collect();
    assert_eq!(heard.iter().flatten().flatten().count(), 1);
    assert_eq!(detector.digit(), Some('5'));
    assert!(matches!(detector.end(), Some(Heard::Up('5', 60..100))) && detector.end().is_none());
}
