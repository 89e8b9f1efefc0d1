//! What is heard on hold.

use super::{frame::Rate, oscillator::Oscillator};
use std::fmt;

/// A loop of sound that all held callers share; it plays on whether anybody listens or not.
#[derive(Clone, PartialEq, Eq)]
pub struct Music {
    samples: Box<[i16]>,
}

impl Music {
    /// A loop at [`Rate::NARROW`], such as [`super::wav::read`] makes. An empty one is silence.
    pub fn new(samples: Vec<i16>) -> Self {
        let samples = if samples.is_empty() { vec![0; Rate::NARROW.frame()] } else { samples };
        Self { samples: samples.into_boxed_slice() }
    }

    /// The music of the house: broken chords, softly, 24 s a round.
    pub fn built_in() -> Self {
        Self::new(compose())
    }

    /// Writes what sounds from `position` on, in samples since the beginning of time.
    pub fn fill(&self, position: u64, sound: &mut [i16]) {
        let length = self.samples.len();
        let mut at = (position % length as u64) as usize;
        let mut rest = sound;
        while !rest.is_empty() {
            let now = rest.len().min(length - at);
            let (part, after) = rest.split_at_mut(now);
            part.copy_from_slice(&self.samples[at..at + now]);
            (rest, at) = (after, 0);
        }
    }

    /// Samples in a round.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Never: silence has a length too.
    pub fn is_empty(&self) -> bool {
        false
    }
}

impl fmt::Debug for Music {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Music({} ms)", self.samples.len() / 8)
    }
}

/// Chords of four notes, tenths of Hz: C, a minor, F, G, e minor, a minor, d minor, G.
const CHORDS: [[u32; 4]; 8] = [
    [2616, 3296, 3920, 5233],
    [2200, 2616, 3296, 4400],
    [1746, 2200, 2616, 3492],
    [1960, 2469, 2937, 3920],
    [1648, 2469, 3296, 3920],
    [2200, 2616, 3296, 5233],
    [2937, 3492, 4400, 5873],
    [1960, 2937, 3492, 4939],
];
/// Up and down again.
const FIGURE: [usize; 8] = [0, 1, 2, 3, 2, 3, 1, 2];
const NOTE_MS: u32 = 375;
/// RMS of the whole: -24 dBFS, below a voice and above a whisper.
const RMS: f64 = 0.0446 * 32768.0;

fn compose() -> Vec<i16> {
    let step = Rate::NARROW.samples(NOTE_MS);
    let mut sum = vec![0_i32; CHORDS.len() * FIGURE.len() * step];
    for (bar, chord) in CHORDS.iter().enumerate() {
        for (beat, degree) in FIGURE.iter().enumerate() {
            pluck(&mut sum, (bar * FIGURE.len() + beat) * step, chord[*degree]);
        }
    }
    let energy: f64 = sum.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let gain = RMS / (energy / sum.len() as f64).sqrt();
    sum.into_iter().map(|sample| (f64::from(sample) * gain).clamp(-32768.0, 32767.0) as i16).collect()
}

/// One note with two overtones that dies away in a second and a half, running over the end into the beginning.
fn pluck(sum: &mut [i32], start: usize, pitch: u32) {
    let mut partials = [1, 2, 3].map(|n| Oscillator::tenths(pitch * n, Rate::NARROW));
    let (attack, length) = (Rate::NARROW.samples(20), Rate::NARROW.samples(1500));
    let mut envelope = 1 << 15;
    for at in 0..length {
        let [first, second, third] = partials.each_mut().map(Oscillator::next);
        let wave = (first * 6 + second * 2 + third) / 32;
        let rise = (at.min(attack) << 15) / attack;
        let fall = ((length - at).min(attack * 8) << 15) / (attack * 8);
        let weight = ((rise.min(fall) as i32) * (envelope >> 5)) >> 10;
        let place = (start + at) % sum.len();
        sum[place] += (wave * (weight >> 2)) >> 13;
        if at % 8 == 0 {
            envelope -= envelope >> 9;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::goertzel::loudness, *};

    #[test]
    fn the_built_in_music_is_soft_and_without_a_seam() {
        let music = Music::built_in();
        assert_eq!(music.len(), 24 * 8000);
        assert!((loudness(&music.samples) + 24.0).abs() < 0.5, "{}", loudness(&music.samples));
        let step = |pair: &[i16]| (i32::from(pair[1]) - i32::from(pair[0])).abs();
        let steepest = music.samples.windows(2).map(step).max().expect("there is sound");
        assert!(step(&[music.samples[music.len() - 1], music.samples[0]]) <= steepest / 2 && steepest < 4000);
        assert!(music.samples.chunks(8000).all(|second| (-32.0..-14.0).contains(&loudness(second))));
        assert_eq!(music, Music::built_in());
    }

    #[test]
    fn it_goes_round() {
        let music = Music::new(vec![1, 2, 3]);
        let mut sound = [0; 7];
        music.fill(3_000_002, &mut sound);
        assert_eq!(sound, [3, 1, 2, 3, 1, 2, 3]);
    }
}
