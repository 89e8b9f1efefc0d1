//! Joins between sounds, so short that nobody misses anything, so smooth that nobody hears a click.

use super::{frame::Rate, oscillator::sine};

/// How long a join takes, ms.
pub const JOIN_MS: u32 = 5;

/// Half a turn of raised cosine: the weight of a sound as it begins, 32767 being all of it.
static CURVE: [i16; 41] = {
    let mut table = [0; 41];
    let mut at = 0;
    while at < table.len() {
        let half = sine(at as f64 / 160.0);
        table[at] = (half * half * 32767.0) as i16;
        at += 1;
    }
    table
};

/// How much of a sound is heard `passed` samples after its beginning (or before its end): 0 to 32767.
#[inline]
pub fn ramp(passed: usize, rate: Rate) -> i32 {
    let length = rate.samples(JOIN_MS);
    if passed >= length { 32767 } else { i32::from(CURVE[passed * 40 / length]) }
}

/// Begins a sound from nothing.
pub fn fade_in(sound: &mut [i16], rate: Rate) {
    let length = rate.samples(JOIN_MS).min(sound.len());
    for (at, sample) in sound[..length].iter_mut().enumerate() {
        *sample = scaled(*sample, ramp(at, rate));
    }
}

/// Ends a sound at the beginning of the frame: silence after the join.
pub fn fade_out(sound: &mut [i16], rate: Rate) {
    let length = rate.samples(JOIN_MS).min(sound.len());
    for (at, sample) in sound[..length].iter_mut().enumerate() {
        *sample = scaled(*sample, 32767 - ramp(at, rate));
    }
    sound[length..].fill(0);
}

/// Ends a sound at the end of the frame.
pub fn fade_out_late(sound: &mut [i16], rate: Rate) {
    for (at, sample) in sound.iter_mut().rev().take(rate.samples(JOIN_MS)).enumerate() {
        *sample = scaled(*sample, ramp(at, rate));
    }
}

/// Goes over from `old` to what is in `new`, at the beginning of the frame.
pub fn cross(old: &[i16], new: &mut [i16], rate: Rate) {
    for (at, (new, old)) in new.iter_mut().zip(old).take(rate.samples(JOIN_MS)).enumerate() {
        let weight = ramp(at, rate);
        *new = scaled(*new, weight).saturating_add(scaled(*old, 32767 - weight));
    }
}

#[inline]
fn scaled(sample: i16, weight: i32) -> i16 {
    ((i32::from(sample) * weight) >> 15) as i16
}
