//! Concealment of lost packets: the last pitch period goes on and fades, the sound that returns is joined to it.

use super::{
    fade::{JOIN_MS, cross},
    frame::Rate,
    wide::{QUIET, peak},
};

/// Past sound that is kept: enough for two periods of the deepest voice (about 50 Hz).
const HISTORY_MS: u32 = 40;
/// The pitch is looked for between 5 and 15 ms (66 to 200 Hz); of a higher voice, several periods are one.
const SHORTEST_MS: u32 = 5;
const LONGEST_MS: u32 = 15;
/// How much of the past is compared with its past.
const COMPARED_MS: u32 = 20;
/// Concealment is at full level for 10 ms and has become silence after this.
const SILENT_AFTER_MS: u32 = 60;

/// Fills gaps in one leg's sound.
#[derive(Clone, Debug)]
pub struct Concealer {
    rate: Rate,
    /// The last sound, oldest first.
    history: Vec<i16>,
    /// The period that is repeated, while concealing.
    period: usize,
    /// Samples concealed so far; 0 when the last sound was real.
    concealed: usize,
}

impl Concealer {
    /// Nothing heard yet.
    pub fn new(rate: Rate) -> Self {
        let concealed = rate.samples(SILENT_AFTER_MS);
        Self { rate, history: vec![0; rate.samples(HISTORY_MS)], period: 1, concealed }
    }

    /// Whether the last sound was not real, or there was none.
    pub fn is_concealing(&self) -> bool {
        self.concealed > 0
    }

    /// The last sound, oldest first.
    pub fn history(&self) -> &[i16] {
        &self.history
    }

    /// Whether concealment has faded to nothing.
    pub fn is_silent(&self) -> bool {
        self.concealed >= self.rate.samples(SILENT_AFTER_MS)
    }

    /// Real sound: joined to what was made up before it, and remembered. At most a frame of [`super::frame::MAX`].
    pub fn hear(&mut self, sound: &mut [i16]) {
        if self.concealed > 0 {
            let mut tail = [0; 480];
            let length = self.rate.samples(JOIN_MS).min(sound.len());
            self.continue_into(&mut tail[..length]);
            cross(&tail[..length], sound, self.rate);
            self.concealed = 0;
        }
        self.remember(sound);
    }

    /// Makes sound up for a gap.
    pub fn conceal(&mut self, sound: &mut [i16]) {
        if self.concealed == 0 {
            self.period = self.pitch();
        }
        self.continue_into(sound);
    }

    /// Forgets: what comes next begins from silence.
    pub fn reset(&mut self) {
        self.history.fill(0);
        self.concealed = self.rate.samples(SILENT_AFTER_MS);
    }

    fn continue_into(&mut self, sound: &mut [i16]) {
        if self.is_silent() {
            sound.fill(0);
            self.concealed = self.concealed.saturating_add(sound.len()).min(usize::MAX / 2);
            return;
        }
        let (full, silent) = (self.rate.samples(10), self.rate.samples(SILENT_AFTER_MS));
        let start = self.history.len() - self.period;
        for sample in sound {
            let phase = self.concealed % self.period;
            let left = silent.saturating_sub(self.concealed);
            let weight = if self.concealed < full { 32767 } else { (32767 * left / (silent - full)) as i32 };
            *sample = ((i32::from(self.history[start + phase]) * weight) >> 15) as i16;
            self.concealed += 1;
        }
    }

    fn remember(&mut self, sound: &[i16]) {
        let keep = self.history.len();
        if sound.len() >= keep {
            self.history.copy_from_slice(&sound[sound.len() - keep..]);
        } else {
            self.history.copy_within(sound.len().., 0);
            self.history[keep - sound.len()..].copy_from_slice(sound);
        }
    }

    /// The period with which the past resembles itself most. Roughly at first: of many samples a second, some tell enough, and where
    /// nothing is said any will do. Many legs may lose packets in the same tick.
    fn pitch(&self) -> usize {
        let (shortest, longest) = (self.rate.samples(SHORTEST_MS), self.rate.samples(LONGEST_MS));
        if peak(&self.history) <= QUIET {
            return longest;
        }
        let compared = self.rate.samples(COMPARED_MS);
        let step = (shortest / Rate::NARROW.samples(SHORTEST_MS)).max(1);
        let recent = &self.history[self.history.len() - compared..];
        let likeness = |lag: usize| -> f64 {
            let past = &self.history[self.history.len() - compared - lag..][..compared];
            let (mut product, mut energy) = (0_i64, 1_i64);
            for (a, b) in recent.iter().zip(past).step_by(step) {
                product += i64::from(i32::from(*a) * i32::from(*b));
                energy += i64::from(i32::from(*b) * i32::from(*b));
            }
            product as f64 / (energy as f64).sqrt()
        };
        let best_of = |lags: &mut dyn Iterator<Item = usize>| {
            lags.map(|lag| (likeness(lag), lag))
                .fold((f64::MIN, longest), |best, this| if this.0 > best.0 { this } else { best })
                .1
        };
        let rough = best_of(&mut (shortest..=longest).step_by(step));
        best_of(&mut (rough.saturating_sub(step - 1).max(shortest)..=(rough + step - 1).min(longest)))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::oscillator::Oscillator, *};

    fn tone(frames: usize) -> Vec<i16> {
        let mut oscillator = Oscillator::new(200, Rate::NARROW);
        (0..160 * frames).map(|_| ((oscillator.next() * 8000) >> 15) as i16).collect()
    }

    #[test]
    fn one_lost_packet_of_a_steady_tone_is_not_noticed() {
        let mut sound = tone(5);
        let original = sound.clone();
        let mut concealer = Concealer::new(Rate::NARROW);
        for (at, frame) in sound.chunks_mut(160).enumerate() {
            if at == 3 { concealer.conceal(frame) } else { concealer.hear(frame) }
        }
        let first = &sound[480..560];
        assert!(first.iter().zip(&original[480..]).all(|(made, real)| (made - real).abs() < 200));
        assert!(sound[160..].windows(2).all(|pair| (pair[1] - pair[0]).abs() < 1400));
        assert_eq!(sound[680..800], original[680..]);
    }

    #[test]
    fn a_long_gap_fades_to_silence_and_stays_silent() {
        let mut sound = tone(3);
        let mut concealer = Concealer::new(Rate::NARROW);
        sound.chunks_mut(160).for_each(|frame| concealer.hear(frame));
        let mut gap = [0; 800];
        gap.chunks_mut(160).for_each(|frame| concealer.conceal(frame));
        assert!(gap[80..160].iter().any(|sample| sample.abs() > 5000));
        assert!(concealer.is_silent() && gap[480..].iter().all(|sample| *sample == 0));
    }

    #[test]
    fn the_first_sound_begins_from_silence() {
        let mut concealer = Concealer::new(Rate::NARROW);
        let mut sound = [10_000; 160];
        concealer.hear(&mut sound);
        assert!(sound[0] < 100 && sound[20] < 6000 && sound[40] == 10_000);
    }
}
