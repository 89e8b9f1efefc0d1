//! A sine wave in whole numbers: the same on every machine.

use super::frame::Rate;

/// A sine by phase accumulator and table: does not drift, costs one multiplication a sample.
#[derive(Clone, Copy, Debug, Default)]
pub struct Oscillator {
    phase: u32,
    step: u32,
}

impl Oscillator {
    /// At phase 0; frequency 0 is silent.
    pub fn new(frequency: u32, rate: Rate) -> Self {
        Self::tenths(frequency * 10, rate)
    }

    /// As `new`, the frequency in tenths of a Hz.
    pub fn tenths(frequency: u32, rate: Rate) -> Self {
        let step = (u64::from(frequency) << 32) / (u64::from(rate.0) * 10);
        Self { phase: 0, step: step as u32 }
    }

    /// The next sample, full scale being 32767.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "an oscillator never ends, an iterator may")]
    pub fn next(&mut self) -> i32 {
        let index = (self.phase >> 22) as usize;
        let between = ((self.phase >> 7) & 0x7FFF).cast_signed();
        let (low, high) = (i32::from(SINE[index]), i32::from(SINE[index + 1]));
        self.phase = self.phase.wrapping_add(self.step);
        low + (((high - low) * between) >> 15)
    }
}

/// One period in 1024 steps, and the first step again.
static SINE: [i16; 1025] = {
    let mut table = [0; 1025];
    let mut at = 0;
    while at < table.len() {
        table[at] = (sine(at as f64 / 1024.0) * 32767.0) as i16;
        at += 1;
    }
    table
};

/// The sine of a part of a turn, by its series around the nearest quarter; std's is not const.
pub(super) const fn sine(turn: f64) -> f64 {
    let folded = if turn > 0.75 {
        turn - 1.0
    } else if turn > 0.25 {
        0.5 - turn
    } else {
        turn
    };
    let x = folded * std::f64::consts::TAU;
    let square = x * x;
    let mut term = x;
    let mut sum = x;
    let mut n = 1;
    while n < 10 {
        term *= -square / ((2 * n) as f64 * (2 * n + 1) as f64);
        sum += term;
        n += 1;
    }
    sum
}
