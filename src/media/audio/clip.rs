//! Sound that was decoded once and is shared by all who hear it.

use super::{
    fade::{fade_in, fade_out_late},
    frame::Rate,
    resample::resample,
};
use std::fmt;

/// A sound with a beginning and an end, at each rate that a room may have.
///
/// It begins and ends with a short fade, so that whatever is played before and after joins without a click. It is made off the
/// media path and read there by many at once.
#[derive(PartialEq)]
pub struct Clip {
    /// How long it is, in samples at [`Rate::NARROW`]: so that a position means the same moment at every rate.
    length: usize,
    /// Lowest rate first, at least one.
    versions: Vec<Version>,
}

#[derive(PartialEq)]
struct Version {
    rate: Rate,
    samples: Box<[i16]>,
}

/// Why samples make no clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClipError {
    /// No sample at all.
    #[error("there is no sound in it")]
    Empty,
    /// It cannot be converted to the rates that are wanted.
    #[error("sound at {0} Hz cannot be used")]
    Rate(u32),
}

impl Clip {
    /// One channel, 1.0 being full scale, sampled `from` times a second; it is kept at each of `rates`.
    ///
    /// # Errors
    /// Nothing is in it, or there is no such rate.
    pub fn new(sound: &[f32], from: u32, rates: &[Rate]) -> Result<Self, ClipError> {
        if sound.is_empty() {
            return Err(ClipError::Empty);
        }
        if !(1000..=384_000).contains(&from) || rates.is_empty() {
            return Err(ClipError::Rate(from));
        }
        let length = (sound.len() as u64 * u64::from(Rate::NARROW.0)).div_ceil(u64::from(from)) as usize;
        let mut rates = rates.to_vec();
        rates.sort_unstable();
        rates.dedup();
        let versions: Option<Vec<_>> = rates.into_iter().map(|rate| version(sound, from, rate, length)).collect();
        Ok(Self { length, versions: versions.ok_or(ClipError::Rate(from))? })
    }

    /// A loop whose end goes over into its beginning, and which has no fades therefore; `make` makes it at each of `rates`.
    pub(super) fn seamless(make: impl Fn(Rate) -> Vec<i16>, rates: &[Rate]) -> Self {
        let versions: Vec<_> =
            rates.iter().map(|rate| Version { rate: *rate, samples: make(*rate).into_boxed_slice() }).collect();
        let length = versions
            .first()
            .map_or(0, |first| first.samples.len() as u64 * u64::from(Rate::NARROW.0) / u64::from(first.rate.0));
        Self { length: length as usize, versions }
    }

    /// How long it is, in samples at [`Rate::NARROW`].
    pub fn len(&self) -> usize {
        self.length
    }

    /// Never: a clip has at least one sample.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// What it needs of the memory, bytes.
    pub fn bytes(&self) -> usize {
        self.versions.iter().map(|version| version.samples.len() * 2).sum()
    }

    /// Samples at that rate.
    pub(super) fn len_at(&self, rate: Rate) -> usize {
        samples_at(self.length, rate)
    }

    /// Writes what sounds from the sample `at` on, as much as `sound` holds; what is beyond its end is silence.
    pub(super) fn fill(&self, at: usize, rate: Rate, sound: &mut [i16]) {
        let Some(version) = self.versions.iter().rfind(|version| version.rate <= rate).or(self.versions.first()) else {
            return sound.fill(0);
        };
        let samples = &version.samples;
        if version.rate == rate {
            let from = at.min(samples.len());
            let there = sound.len().min(samples.len() - from);
            let (sounding, silent) = sound.split_at_mut(there);
            sounding.copy_from_slice(&samples[from..from + there]);
            return silent.fill(0);
        }
        // A rate that nobody thought of: straight lines between the samples of the nearest.
        for (out, place) in sound.iter_mut().zip(at as u64..) {
            let position = place * u64::from(version.rate.0);
            let (whole, part) = (position / u64::from(rate.0), position % u64::from(rate.0));
            let sample = |at: u64| i64::from(samples.get(at as usize).copied().unwrap_or(0));
            let (one, next) = (sample(whole), sample(whole + 1));
            *out = (one + (next - one) * part as i64 / i64::from(rate.0)) as i16;
        }
    }
}

impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clip({} ms)", self.length / 8)
    }
}

fn samples_at(length: usize, rate: Rate) -> usize {
    (length as u64 * u64::from(rate.0) / u64::from(Rate::NARROW.0)) as usize
}

fn version(sound: &[f32], from: u32, rate: Rate, length: usize) -> Option<Version> {
    let resampled = resample(sound, from, rate)?;
    let mut samples: Vec<i16> =
        resampled.into_iter().map(|sample| (sample * 32767.0).round().clamp(-32768.0, 32767.0) as i16).collect();
    samples.resize(samples_at(length, rate), 0);
    fade_in(&mut samples, rate);
    fade_out_late(&mut samples, rate);
    Some(Version { rate, samples: samples.into_boxed_slice() })
}

#[cfg(test)]
mod tests {
    use super::{super::goertzel::level, *};
    use std::f64::consts::TAU;

    fn tone(rate: u32) -> Vec<f32> {
        (0..rate).map(|at| (0.1 * (TAU * 440.0 * f64::from(at) / f64::from(rate)).sin()) as f32).collect()
    }

    const RATES: [Rate; 3] = [Rate::NARROW, Rate(16_000), Rate(48_000)];

    #[test]
    fn it_sounds_the_same_at_every_rate() {
        for from in [8000, 11_025, 22_050, 44_100, 48_000] {
            let clip = Clip::new(&tone(from), from, &RATES).unwrap();
            assert_eq!(clip.len(), 8000);
            for rate in RATES.into_iter().chain([Rate(32_000)]) {
                let mut sound = vec![1; rate.samples(1100)];
                clip.fill(0, rate, &mut sound);
                let (inside, after) = sound.split_at(rate.samples(1000));
                assert!(
                    (level(inside, 440.0, rate) + 20.0).abs() < 0.3,
                    "{from} {rate:?}: {}",
                    level(inside, 440.0, rate)
                );
                assert!(after.iter().all(|sample| *sample == 0));
                assert!(inside[0].abs() < 10 && inside[inside.len() - 1].abs() < 150);
            }
        }
    }

    #[test]
    fn it_can_be_read_from_anywhere() {
        let clip = Clip::new(&tone(8000), 8000, &[Rate::NARROW]).unwrap();
        let (mut whole, mut part) = (vec![0; 8000], vec![0; 160]);
        clip.fill(0, Rate::NARROW, &mut whole);
        clip.fill(1234, Rate::NARROW, &mut part);
        assert_eq!(part, whole[1234..1394]);
        clip.fill(100_000, Rate::NARROW, &mut part);
        assert_eq!(part, [0; 160]);
    }

    #[test]
    fn nothing_is_no_clip() {
        assert_eq!(Clip::new(&[], 8000, &RATES), Err(ClipError::Empty));
        assert_eq!(Clip::new(&[0.0; 8], 3, &RATES), Err(ClipError::Rate(3)));
    }
}
