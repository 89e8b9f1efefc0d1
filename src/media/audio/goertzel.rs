//! How loud one frequency, or all of a sound, is.

use super::frame::Rate;
use std::f64::consts::TAU;

/// The level of nothing, and the floor of what is told.
pub const NOTHING: f64 = -120.0;

/// The level of `frequency` (Hz) in `sound`, in dB relative to a sine of full scale.
///
/// The window is the whole of `sound`: frequencies further away than about `2 * rate / sound.len()` do not matter.
pub fn level(sound: &[i16], frequency: f64, rate: Rate) -> f64 {
    if sound.is_empty() {
        return NOTHING;
    }
    let step = TAU / sound.len() as f64;
    let coefficient = 2.0 * (TAU * frequency / f64::from(rate.0)).cos();
    let (mut before, mut last) = (0.0, 0.0);
    for (at, sample) in sound.iter().enumerate() {
        // A Hann window keeps a neighbour's tone out of this one.
        let window = 1.0 - (step * at as f64).cos();
        (before, last) = (last, f64::from(*sample) * window + coefficient * last - before);
    }
    let power = before * before + last * last - coefficient * before * last;
    decibel(power.max(0.0).sqrt() * 2.0 / sound.len() as f64)
}

/// The level of all of `sound`, in dB relative to a sine of full scale.
pub fn loudness(sound: &[i16]) -> f64 {
    if sound.is_empty() {
        return NOTHING;
    }
    let energy: f64 = sound.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    decibel((2.0 * energy / sound.len() as f64).sqrt())
}

fn decibel(amplitude: f64) -> f64 {
    (20.0 * (amplitude / 32768.0).max(1e-6).log10()).max(NOTHING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(frequency: f64, amplitude: f64) -> Vec<i16> {
        (0..8000).map(|at| (amplitude * (TAU * frequency * f64::from(at) / 8000.0).sin()) as i16).collect()
    }

    #[test]
    fn a_sine_has_its_own_level_and_nothing_beside_it() {
        let sound = sine(440.0, 3276.8);
        assert!((level(&sound, 440.0, Rate::NARROW) + 20.0).abs() < 0.1);
        assert!((loudness(&sound) + 20.0).abs() < 0.1);
        assert!(level(&sound, 500.0, Rate::NARROW) < -80.0);
    }

    #[test]
    fn nothing_is_at_the_floor() {
        assert_eq!(
            (level(&[0; 160], 440.0, Rate::NARROW), loudness(&[]), loudness(&[0; 3])),
            (NOTHING, NOTHING, NOTHING)
        );
    }
}
