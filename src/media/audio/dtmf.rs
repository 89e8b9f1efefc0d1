//! Digits that are heard as tones (ITU-T Q.23, Q.24), of phones that have no telephone-event.

use super::{frame::Rate, tone};
use std::f32::consts::TAU;

/// All that a digit is made of lies below 4 kHz: more samples than these tell nothing.
const RATE: Rate = Rate::NARROW;
/// A window is looked at every 10 ms, and lasts twice that: of 40 ms of a digit, the shortest that counts, three lie within it.
const STEP_MS: u32 = 10;
const STEP: usize = RATE.samples(STEP_MS);
const WINDOW: usize = 2 * STEP;
/// So many windows in a row make a digit.
const BEGINS: u8 = 2;
/// So many without it end it: a pause of 40 ms does, a packet that was made up does not.
const ENDS: u8 = 4;
/// The weaker of the two tones is at least so loud: -38 dBFS.
const LEAST: f32 = 412.0 * 412.0;
/// One may be louder than the other by so much: 9 dB.
const TWIST: f32 = 8.0;
/// All that is not the two tones is at least so much weaker than they are (9 dB): voices have overtones, digits have none.
const PURITY: f32 = 0.126;
/// Where a tone may lie beside its frequency (Q.24: 1.5 %).
const BESIDE: [f32; 3] = [0.985, 1.0, 1.015];

/// What is heard of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A digit began.
    Down(char),
    /// It ended, having sounded for so long, ms.
    Up(char, u16),
}

/// Listens to one leg.
#[derive(Clone, Debug)]
pub struct Detector {
    /// So many samples are one of ours.
    thinned: usize,
    sum: i32,
    summed: usize,
    /// The last window, oldest first; `fresh` samples of it were not looked at.
    window: [f32; WINDOW],
    fresh: usize,
    digit: Option<char>,
    /// What might be next, and how many windows in a row had it, or were without the digit that sounds.
    candidate: Option<char>,
    in_a_row: u8,
    /// Steps that the digit has sounded.
    steps: u16,
}

impl Detector {
    /// Nothing heard yet.
    pub fn new(rate: Rate) -> Self {
        Self {
            thinned: (rate.0 / RATE.0).max(1) as usize,
            sum: 0,
            summed: 0,
            window: [0.0; WINDOW],
            fresh: 0,
            digit: None,
            candidate: None,
            in_a_row: 0,
            steps: 0,
        }
    }

    /// The digit that sounds: nobody else shall hear it.
    pub fn digit(&self) -> Option<char> {
        self.digit
    }

    /// A frame of sound, of 20 ms at most. What happened in it, in order.
    pub fn hear(&mut self, sound: &[i16]) -> [Option<Heard>; 2] {
        let mut happened = [None; 2];
        for sample in sound {
            self.sum += i32::from(*sample);
            self.summed += 1;
            if self.summed < self.thinned {
                continue;
            }
            // The mean of what falls together: what is above 4 kHz only makes it less like a digit.
            let mean = self.sum as f32 / self.thinned as f32;
            (self.sum, self.summed) = (0, 0);
            self.window[STEP + self.fresh] = mean;
            self.fresh += 1;
            if self.fresh == STEP {
                let heard = self.look();
                if let Some(place) = happened.iter_mut().find(|place| place.is_none()) {
                    *place = heard;
                }
                self.window.copy_within(STEP.., 0);
                self.fresh = 0;
            }
        }
        happened
    }

    /// Nobody listens any more: what still sounds has ended.
    pub fn end(&mut self) -> Option<Heard> {
        self.candidate = None;
        self.digit.take().map(|digit| Heard::Up(digit, ms(self.steps)))
    }

    fn look(&mut self) -> Option<Heard> {
        let seen = digit(&self.window);
        if let Some(digit) = self.digit {
            self.steps = self.steps.saturating_add(1);
            self.in_a_row = if seen == Some(digit) { 0 } else { self.in_a_row + 1 };
            if self.in_a_row < ENDS {
                return None;
            }
            (self.digit, self.candidate, self.in_a_row) = (None, seen, u8::from(seen.is_some()));
            // Of the windows without it, the first held some of it, as the first that had it held some silence.
            return Some(Heard::Up(digit, ms(self.steps.saturating_sub(ENDS.into()))));
        }
        self.in_a_row = if seen == self.candidate { self.in_a_row.saturating_add(1) } else { 1 };
        self.candidate = seen;
        let digit = seen.filter(|_| self.in_a_row >= BEGINS)?;
        (self.digit, self.in_a_row, self.steps) = (Some(digit), 0, BEGINS.into());
        Some(Heard::Down(digit))
    }
}

/// How long a digit was that so many windows in a row had.
fn ms(steps: u16) -> u16 {
    (u32::from(steps) * STEP_MS + STEP_MS).try_into().unwrap_or(u16::MAX)
}

/// The digit in a window, if there is one and nothing else. Powers are those of a sine with this amplitude, squared.
fn digit(window: &[f32; WINDOW]) -> Option<char> {
    let whole = 2.0 * window.iter().map(|sample| sample * sample).sum::<f32>() / WINDOW as f32;
    if whole < 2.0 * LEAST {
        return None;
    }
    // A Hann window keeps a neighbour's tone out of this one.
    let weighed: [f32; WINDOW] =
        std::array::from_fn(|at| window[at] * (1.0 - (TAU * (at as f32 + 0.5) / WINDOW as f32).cos()));
    let loudest = |frequencies: [u16; 4]| {
        let powers = frequencies.map(|frequency| power(&weighed, f32::from(frequency)));
        let (at, rough) = (0..4).map(|at| (at, powers[at])).max_by(|one, other| one.1.total_cmp(&other.1))?;
        // What is far from it all is looked at no closer.
        (rough > whole / 16.0).then_some(at)
    };
    let (row, column) = (loudest(tone::ROWS)?, loudest(tone::COLUMNS)?);
    let beside = |frequency: u16| {
        BESIDE.map(|factor| power(&weighed, f32::from(frequency) * factor)).into_iter().fold(0.0, f32::max)
    };
    let (low, high) = (beside(tone::ROWS[row]), beside(tone::COLUMNS[column]));
    let is_loud = low.min(high) >= LEAST;
    let is_even = low < TWIST * high && high < TWIST * low;
    let is_pure = whole - low - high < PURITY * (low + high);
    (is_loud && is_even && is_pure).then(|| tone::KEYS[row][column])
}

/// The power of one frequency (Goertzel).
fn power(weighed: &[f32; WINDOW], frequency: f32) -> f32 {
    let coefficient = 2.0 * (TAU * frequency / RATE.0 as f32).cos();
    let (mut before, mut last) = (0.0, 0.0);
    for sample in weighed {
        (before, last) = (last, sample + coefficient * last - before);
    }
    let power: f32 = before * before + last * last - coefficient * before * last;
    power * 4.0 / (WINDOW * WINDOW) as f32
}

#[cfg(test)]
mod tests {
    use super::{
        super::{oscillator::Oscillator, tone::DigitTone},
        *,
    };

    const ALL: &str = "0123456789*#ABCD1122";

    fn heard(sound: &[i16], rate: Rate) -> Vec<Heard> {
        let mut detector = Detector::new(rate);
        sound.chunks(rate.frame()).flat_map(|frame| detector.hear(frame)).flatten().collect()
    }

    fn downs(events: &[Heard]) -> String {
        events.iter().filter_map(|event| if let Heard::Down(digit) = event { Some(*digit) } else { None }).collect()
    }

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

    /// Two tones beside their frequencies, and as loud as that, dBFS.
    fn detuned(digit: char, factor: f64, levels: [f64; 2]) -> Vec<i16> {
        let frequencies = tone::dtmf(digit).expect("a digit");
        let tone = |at: usize, which: usize| {
            let turns = f64::from(frequencies[which]) * factor * at as f64 / f64::from(RATE.0);
            32768.0 * 10_f64.powf(levels[which] / 20.0) * (std::f64::consts::TAU * turns).sin()
        };
        let mut sound = vec![0; 400];
        sound.extend((0..400).map(|at| (tone(at, 0) + tone(at, 1)) as i16));
        sound.resize(1600, 0);
        sound
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
    fn tones_beside_their_frequency_and_not_equally_loud_are_heard() {
        for digit in "0123456789*#ABCD".chars() {
            for factor in [0.985, 1.0, 1.015] {
                for levels in [[-10.0, -10.0], [-10.0, -17.0], [-16.0, -10.0], [-34.0, -34.0]] {
                    let events = heard(&detuned(digit, factor, levels), RATE);
                    assert_eq!(downs(&events), digit.to_string(), "{factor}, {levels:?}");
                }
            }
            assert_eq!(heard(&detuned(digit, 1.05, [-10.0; 2]), RATE), [], "{digit} 5 % beside");
            assert_eq!(heard(&detuned(digit, 1.0, [-10.0, -24.0]), RATE), [], "{digit} with one tone alone");
        }
    }

    #[test]
    fn a_short_break_does_not_make_two_of_one() {
        let mut sound = dialled("5", 200, 0, RATE);
        sound[1000..1160].fill(0);
        assert_eq!(downs(&heard(&sound, RATE)), "5");
    }

    #[test]
    fn what_is_no_digit_is_not_heard_as_one() {
        use super::super::{music::Music, playlist::Cursor};
        let mut music = vec![0; 8000 * 24];
        Music::built_in().fill(&mut Cursor::default(), 0, RATE, &mut music);
        assert_eq!(heard(&music, RATE), []);
        let mut tone = Oscillator::new(770, RATE);
        let one: Vec<i16> = (0..8000).map(|_| (tone.next() / 4) as i16).collect();
        assert_eq!(heard(&one, RATE), []);
        // 20 ms are too short (Q.24).
        assert_eq!(heard(&dialled("5", 15, 60, RATE), RATE), []);
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
}
