//! A little more or less time for the same sound, by waveform similarity: where it resembles itself, a piece is heard twice, or not
//! at all, and the join lasts a frame.

use super::wide::{QUIET, peak};
use std::ops::RangeInclusive;

/// A frame of so many samples is compared in all of them.
const ENOUGH: usize = 160;

/// The one of these shifts at which `sound` resembles itself best. Where nothing is said any will do, and it is the longest.
pub fn period(sound: &[i16], shifts: RangeInclusive<usize>) -> usize {
    let (least, most) = shifts.into_inner();
    if least >= most || peak(sound) <= QUIET {
        return most;
    }
    // Of sound with many samples a second, some tell enough.
    let step = (sound.len() / ENOUGH).max(1);
    let compared = sound.len() - most;
    let fits = |shift: usize| -> i64 {
        let difference = |(a, b): (&i16, &i16)| i64::from(i32::from(*a) - i32::from(*b)).pow(2);
        sound[..compared].iter().zip(&sound[shift..]).step_by(step).map(difference).sum()
    };
    let rough = (least..=most).step_by(step).min_by_key(|shift| fits(*shift)).unwrap_or(most);
    let near = rough.saturating_sub(step - 1).max(least)..=(rough + step - 1).min(most);
    near.min_by_key(|shift| fits(*shift)).unwrap_or(rough)
}

/// Goes over from one sound to the other across a whole frame.
pub fn join(from: &[i16], to: &[i16], sound: &mut [i16]) {
    let length = sound.len().max(1) as i32;
    for (at, ((sound, from), to)) in (0..).zip(sound.iter_mut().zip(from).zip(to)) {
        *sound = ((i32::from(*from) * (length - at) + i32::from(*to) * at) / length) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{frame::Rate, oscillator::Oscillator},
        *,
    };

    #[test]
    fn a_voice_is_made_longer_and_shorter_by_whole_periods_without_a_step() {
        for rate in [Rate::NARROW, Rate::WIDE, Rate::FULL] {
            let (frame, most) = (rate.frame(), rate.samples(10));
            let mut oscillator = Oscillator::new(200, rate);
            let voice: Vec<i16> = (0..frame + most).map(|_| (oscillator.next() / 4) as i16).collect();
            let shift = period(&voice, most / 4..=most);
            assert!(shift.abs_diff(rate.samples(5)) <= 1 || shift.abs_diff(most) <= 1, "{shift} at {}", rate.0);
            let mut longer = vec![0; frame];
            join(&voice[..frame], &voice[shift..shift + frame], &mut longer);
            let unlike = longer.iter().zip(&voice).map(|(new, old)| (new - old).abs()).max();
            assert!(unlike < Some(400), "{unlike:?} at {}", rate.0);
        }
    }
}
