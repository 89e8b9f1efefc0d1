//! Digits that are heard as tones (ITU-T Q.23, Q.24), of phones that have no telephone-event.

use super::{frame::Rate, oscillator::sine, tone};
use std::f32::consts::TAU;

/// All that a digit is made of lies below 4 kHz: more samples than these tell nothing.
const RATE: Rate = Rate::NARROW;
/// A window is looked at every 10 ms, and lasts twice that.
const STEP_MS: u32 = 10;
const STEP: usize = RATE.samples(STEP_MS);
const WINDOW: usize = 2 * STEP;
/// So many windows in a row make a digit: of 40 ms, the shortest that counts, as many lie in it well enough, of 23 ms two.
const BEGINS: u8 = 3;
/// After so many in a row it is kept from the others, in case it becomes one.
const SUSPECTED: u8 = 2;
/// So many without it end it: a pause of 40 ms does, a break of 20 or a packet that was made up does not.
const ENDS: u8 = 4;
/// The weaker of the two tones is at least so loud: -41 dBFS, which is a little less than -36 dBm0.
const LEAST: f32 = 292.0 * 292.0;
/// The upper tone may be louder than the lower one by so much: 6 dB (Q.24: 4). Lines weaken what is high.
const TWIST_UP: f32 = 4.0;
/// And weaker by so much: 10 dB (Q.24: 8).
const TWIST_DOWN: f32 = 10.0;
/// All that is not the two tones is at least so much weaker than they are (9 dB): voices have overtones, digits have none.
const PURITY: f32 = 0.126;
/// The same (7 dB) for a window that may hold some silence too, and noise beside.
const ROUGH_PURITY: f32 = 0.2;
/// A tone may lie beside its frequency by so much: what is 1.5 % beside counts, what is 3.5 % beside does not (Q.24).
const BESIDE: f32 = 0.022;
/// From one window to the next it stays where it is: a voice glides.
const STEADY: f32 = 0.015;
/// Frequencies are found by looking this far on both sides, Hz.
const ASIDE: f32 = 15.0;
/// What seems to be more of these steps away is no tone of ours.
const FARTHEST: f32 = 4.0;

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
    /// What was in the last window, and how many in a row had it, or were without the digit that sounds.
    last: Option<Pair>,
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
            last: None,
            in_a_row: 0,
            steps: 0,
        }
    }

    /// The digit that sounds.
    pub fn digit(&self) -> Option<char> {
        self.digit
    }

    /// Whether a digit sounds, or what may become one: nobody else shall hear it.
    pub fn is_suspicious(&self) -> bool {
        self.digit.is_some() || self.in_a_row >= SUSPECTED
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
        (self.last, self.in_a_row) = (None, 0);
        self.digit.take().map(|digit| Heard::Up(digit, ms(self.steps)))
    }

    fn look(&mut self) -> Option<Heard> {
        let seen = pair(&self.window);
        let before = std::mem::replace(&mut self.last, seen);
        if let Some(digit) = self.digit {
            self.steps = self.steps.saturating_add(1);
            self.in_a_row = if seen.is_some_and(|pair| pair.digit == digit) { 0 } else { self.in_a_row + 1 };
            if self.in_a_row < ENDS {
                return None;
            }
            (self.digit, self.in_a_row) = (None, u8::from(seen.is_some()));
            // Of the windows without it, the first held some of it, as the first that had it held some silence.
            return Some(Heard::Up(digit, ms(self.steps.saturating_sub(ENDS.into()))));
        }
        let before = before.filter(|before| seen.is_some_and(|pair| pair.follows(before)));
        self.in_a_row = if before.is_some() { self.in_a_row.saturating_add(1) } else { seen.is_some().into() };
        // Of three windows the one in the middle lies within the digit.
        let pair = before.filter(|before| before.is_pure && self.in_a_row >= BEGINS)?;
        (self.digit, self.in_a_row, self.steps) = (Some(pair.digit), 0, BEGINS.into());
        Some(Heard::Down(pair.digit))
    }
}

/// How long a digit was that so many windows in a row had.
fn ms(steps: u16) -> u16 {
    (u32::from(steps) * STEP_MS + STEP_MS).try_into().unwrap_or(u16::MAX)
}

/// Two tones that are a digit, and where they are, Hz.
#[derive(Clone, Copy, Debug)]
struct Pair {
    digit: char,
    tones: [f32; 2],
    is_pure: bool,
}

impl Pair {
    fn follows(&self, before: &Self) -> bool {
        let is_steady = |which: usize| (self.tones[which] / before.tones[which] - 1.0).abs() < STEADY;
        self.digit == before.digit && is_steady(0) && is_steady(1)
    }
}

/// The digit in a window, if there is one and nothing else. Powers are those of a sine with this amplitude, squared.
fn pair(window: &[f32; WINDOW]) -> Option<Pair> {
    let whole = 2.0 * window.iter().map(|sample| sample * sample).sum::<f32>() / WINDOW as f32;
    if whole < 2.0 * LEAST {
        return None;
    }
    let weighed: [f32; WINDOW] = std::array::from_fn(|at| window[at] * WEIGHTS[at]);
    let loudest = |frequencies: [u16; 4]| {
        let powers = frequencies.map(|frequency| power(&weighed, f32::from(frequency)));
        let (at, rough) = (0..4).map(|at| (at, powers[at])).max_by(|one, other| one.1.total_cmp(&other.1))?;
        // What is far from it all is looked at no closer.
        (rough > whole / 16.0).then_some(at)
    };
    let (row, column) = (loudest(tone::ROWS)?, loudest(tone::COLUMNS)?);
    let (low, lower) = tone_near(&weighed, tone::ROWS[row].into())?;
    let (high, upper) = tone_near(&weighed, tone::COLUMNS[column].into())?;
    let is_loud = low.min(high) >= LEAST;
    let is_even = high < TWIST_UP * low && low < TWIST_DOWN * high;
    let beside = (whole - low - high) / (low + high);
    (is_loud && is_even && beside < ROUGH_PURITY).then(|| Pair {
        digit: tone::KEYS[row][column],
        tones: [lower, upper],
        is_pure: beside < PURITY,
    })
}

/// The power of the tone that is at `frequency` or a little beside it, and where it is, Hz.
fn tone_near(weighed: &[f32; WINDOW], frequency: f32) -> Option<(f32, f32)> {
    // The top of a tone is nearly a parabola in dB; the second look is nearer to it than the first.
    let (near, _) = top(weighed, frequency)?;
    let (at, power) = top(weighed, near)?;
    ((at / frequency - 1.0).abs() < BESIDE).then_some((power, at))
}

/// Where the power is highest around a frequency, and how high.
fn top(weighed: &[f32; WINDOW], around: f32) -> Option<(f32, f32)> {
    let [below, at, above] = [-ASIDE, 0.0, ASIDE].map(|beside| power(weighed, around + beside).max(1.0).ln());
    let (slope, bend) = ((above - below) / 2.0, 2.0 * at - below - above);
    let steps = slope / bend;
    (bend > 0.0 && steps.abs() < FARTHEST).then(|| (around + steps * ASIDE, (at + slope * steps / 2.0).exp()))
}

/// A Hann window keeps a neighbour's tone out of this one.
static WEIGHTS: [f32; WINDOW] = {
    let mut weights = [0.0; WINDOW];
    let mut at = 0;
    while at < WINDOW {
        let half = sine((at as f64 + 0.5) / (2 * WINDOW) as f64);
        weights[at] = (2.0 * half * half) as f32;
        at += 1;
    }
    weights
};

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
mod tests;
