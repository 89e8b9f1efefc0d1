//! Loops over samples, compiled for several generations of machines: the newest that fits is taken at run time. The only file that
//! knows the crate `multiversion` (`docs/decisions/0010-wide-loops.md`).

use super::{
    g711::{alaw, ulaw},
    whole::whole,
};
use multiversion::multiversion;

/// Where no sample is greater than this (-54 dBFS), a seam in the sound is not heard.
pub const QUIET: i16 = 64;
/// Samples that are filtered at once.
const BLOCK: usize = 32;

/// Appends what the codes of u-law sound like.
pub fn expand_ulaw(codes: &[u8], sound: &mut Vec<i16>) {
    ulaw_to(codes, grown(sound, codes.len()));
}

/// Appends what the codes of A-law sound like.
pub fn expand_alaw(codes: &[u8], sound: &mut Vec<i16>) {
    alaw_to(codes, grown(sound, codes.len()));
}

/// Appends the codes of u-law for `sound`.
pub fn compress_ulaw(sound: &[i16], codes: &mut Vec<u8>) {
    to_ulaw(sound, grown(codes, sound.len()));
}

/// Appends the codes of A-law for `sound`.
pub fn compress_alaw(sound: &[i16], codes: &mut Vec<u8>) {
    to_alaw(sound, grown(codes, sound.len()));
}

fn grown<T: Copy + Default>(list: &mut Vec<T>, by: usize) -> &mut [T] {
    let length = list.len();
    list.resize(length + by, T::default());
    &mut list[length..]
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn ulaw_to(codes: &[u8], sound: &mut [i16]) {
    for (sample, code) in sound.iter_mut().zip(codes) {
        *sample = ulaw::decode(*code);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn alaw_to(codes: &[u8], sound: &mut [i16]) {
    for (sample, code) in sound.iter_mut().zip(codes) {
        *sample = alaw::decode(*code);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn to_ulaw(sound: &[i16], codes: &mut [u8]) {
    for (code, sample) in codes.iter_mut().zip(sound) {
        *code = ulaw::encode(*sample);
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn to_alaw(sound: &[i16], codes: &mut [u8]) {
    for (code, sample) in codes.iter_mut().zip(sound) {
        *code = alaw::encode(*sample);
    }
}

/// Adds sound to a sum.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn add(sum: &mut [i32], sound: &[i16]) {
    for (sum, sample) in sum.iter_mut().zip(sound) {
        *sum += i32::from(*sample);
    }
}

/// The sum without somebody's own sound, cut to the range of a sample; how loud it was before it was cut.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn without(sum: &[i32], own: &[i16], rest: &mut [i16]) -> i32 {
    let (mut low, mut high) = (0, 0);
    for ((rest, sum), own) in rest.iter_mut().zip(sum).zip(own) {
        let sample = sum - i32::from(*own);
        (low, high) = (sample.min(low), sample.max(high));
        *rest = sample.clamp(-32768, 32767) as i16;
    }
    high.max(-low)
}

/// The sum without somebody's own sound at a gain that goes from `gain` on by `step` a sample.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn scaled(sum: &[i32], own: &[i16], gain: f32, step: f32, rest: &mut [i16]) {
    for (((rest, sum), own), at) in rest.iter_mut().zip(sum).zip(own).zip(0_i32..) {
        let sample = (sum - i32::from(*own)) as f32 * (gain + step * at as f32);
        *rest = whole(sample.clamp(-32768.0, 32767.0)) as i16;
    }
}

/// Adds a filtered sound to `out`: for each sample the sum of the `taps` times the sound from there on, of which there are as many more.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn filter(taps: &[f32], sound: &[f32], out: &mut [f32]) {
    // Blocks small enough to stay in the registers; all frames are made of them.
    for (at, block) in out.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
        let mut sum = *block;
        for (tap, sound) in taps.iter().zip(sound[at * BLOCK..].windows(BLOCK)) {
            for (sum, sample) in sum.iter_mut().zip(sound) {
                *sum += tap * sample;
            }
        }
        *block = sum;
    }
}

/// The greatest magnitude in `sound`; 32768 counts as 32767.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
pub fn peak(sound: &[i16]) -> i16 {
    // By the ends of the range: both are one instruction for many samples, and a magnitude is not.
    let (mut low, mut high) = (0_i16, 0_i16);
    for sample in sound {
        (low, high) = (low.min(*sample), high.max(*sample));
    }
    high.max(low.saturating_neg())
}
