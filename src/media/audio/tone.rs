//! Tones with a cadence: call progress (ITU-T E.180, ETSI TR 101 041), the special information tone and DTMF (ITU-T Q.23).

use super::{
    fade::{JOIN_MS, ramp},
    frame::Rate,
    oscillator::Oscillator,
};

/// A tone: which notes, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tone {
    /// The notes of one round, a pause being a note without frequency.
    pub notes: &'static [Note],
    /// Whether it begins again after the last note; else silence follows.
    pub repeats: bool,
}

/// One note of a tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// Up to two frequencies together, Hz; 0 is none.
    pub frequencies: [u16; 2],
    /// How long, ms.
    pub duration_ms: u16,
}

const fn note(frequency: u16, duration_ms: u16) -> Note {
    Note { frequencies: [frequency, 0], duration_ms }
}

/// The other party's phone rings.
pub static RINGBACK: Tone = Tone { notes: &[note(425, 1000), note(0, 4000)], repeats: true };
/// The other party is busy.
pub static BUSY: Tone = Tone { notes: &[note(425, 480), note(0, 480)], repeats: true };
/// The call could not be put through: the special information tone (ITU-T E.180 7.4).
pub static NOTICE: Tone =
    Tone { notes: &[note(950, 330), note(1400, 330), note(1800, 330), note(0, 1000)], repeats: true };
/// Digits, please.
pub static PROMPT: Tone = Tone { notes: &[note(0, 100), note(880, 200)], repeats: false };

/// Amplitude of each frequency: -21 dBFS, so that two together stay at the -18 dBFS usual for signals.
const AMPLITUDE: i32 = 2920;

/// A tone that is being played to somebody, from its beginning.
#[derive(Clone, Debug)]
pub struct Player {
    tone: Tone,
    rate: Rate,
    /// Index of the note, and how many of its samples are over.
    note: usize,
    passed: usize,
    oscillators: [Oscillator; 2],
}

impl Player {
    /// At the beginning.
    pub fn new(tone: &Tone, rate: Rate) -> Self {
        let mut player = Self { tone: tone.clone(), rate, note: 0, passed: 0, oscillators: [Oscillator::default(); 2] };
        player.tune();
        player
    }

    /// Writes what comes next.
    pub fn fill(&mut self, sound: &mut [i16]) {
        let mut rest = sound;
        while !rest.is_empty() {
            let Some(note) = self.tone.notes.get(self.note).copied() else {
                rest.fill(0);
                return;
            };
            let length = self.rate.samples(u32::from(note.duration_ms));
            let now = rest.len().min(length - self.passed);
            let (part, after) = rest.split_at_mut(now);
            for sample in part {
                let weight = ramp(self.passed, self.rate).min(ramp(length - 1 - self.passed, self.rate));
                let sum: i32 = self.oscillators.iter_mut().map(Oscillator::next).sum();
                *sample = ((((sum * AMPLITUDE) >> 15) * weight) >> 15) as i16;
                self.passed += 1;
            }
            rest = after;
            if self.passed == length {
                self.advance();
            }
        }
    }

    fn advance(&mut self) {
        self.passed = 0;
        self.note += 1;
        if self.note == self.tone.notes.len() && self.tone.repeats {
            self.note = 0;
        }
        self.tune();
    }

    fn tune(&mut self) {
        if let Some(note) = self.tone.notes.get(self.note) {
            self.oscillators = note.frequencies.map(|frequency| Oscillator::new(u32::from(frequency), self.rate));
        }
    }
}

/// The two frequencies of a DTMF digit (ITU-T Q.23), Hz: low group, high group.
pub fn dtmf(digit: char) -> Option<[u16; 2]> {
    let row = KEYS.iter().position(|row| row.contains(&digit))?;
    let column = KEYS[row].iter().position(|key| *key == digit)?;
    Some([ROWS[row], COLUMNS[column]])
}

/// The keys, and the frequencies of their rows and columns, Hz (ITU-T Q.23).
pub(super) const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];
pub(super) const ROWS: [u16; 4] = [697, 770, 852, 941];
pub(super) const COLUMNS: [u16; 4] = [1209, 1336, 1477, 1633];

/// A digit as sound: for legs that did not agree to RFC 4733.
#[derive(Clone, Debug)]
pub struct DigitTone {
    oscillators: [Oscillator; 2],
    rate: Rate,
    passed: usize,
    has_ended: bool,
}

impl DigitTone {
    /// The sound of a digit; `None` if it is not one.
    pub fn new(digit: char, rate: Rate) -> Option<Self> {
        let oscillators = dtmf(digit)?.map(|frequency| Oscillator::new(u32::from(frequency), rate));
        Some(Self { oscillators, rate, passed: 0, has_ended: false })
    }

    /// Writes what comes next; `left` samples (or more than `sound` holds) remain of the digit, then comes silence.
    pub fn fill(&mut self, sound: &mut [i16], left: usize) {
        // A key that went up earlier than thought does not break off.
        let tail = if self.has_ended || self.passed == 0 { 0 } else { self.rate.samples(JOIN_MS) };
        let left = left.max(tail);
        self.has_ended = left <= sound.len();
        for (at, sample) in sound.iter_mut().enumerate() {
            if at >= left {
                *sample = 0;
                continue;
            }
            let weight = ramp(self.passed, self.rate).min(ramp(left - 1 - at, self.rate));
            let sum: i32 = self.oscillators.iter_mut().map(Oscillator::next).sum();
            *sample = ((((sum * DIGIT_AMPLITUDE) >> 15) * weight) >> 15) as i16;
            self.passed += 1;
        }
    }
}

/// -10 dBFS each: what detectors expect on a line (ITU-T Q.24).
const DIGIT_AMPLITUDE: i32 = 10_000;

#[cfg(test)]
mod tests {
    use super::{
        super::goertzel::{level, loudness},
        *,
    };

    fn play(tone: &Tone, samples: usize) -> Vec<i16> {
        let mut player = Player::new(tone, Rate::NARROW);
        let mut sound = vec![0; samples];
        sound.chunks_mut(160).for_each(|frame| player.fill(frame));
        sound
    }

    #[test]
    fn ringback_sounds_one_second_in_five() {
        let sound = play(&RINGBACK, 80_000);
        for start in [0, 40_000] {
            assert!((level(&sound[start + 400..start + 7600], 425.0, Rate::NARROW) + 21.0).abs() < 0.3);
            assert_eq!(sound[start + 8000..start + 40_000].iter().filter(|sample| **sample != 0).count(), 0);
        }
    }

    #[test]
    fn the_notice_rises_in_three_steps() {
        let sound = play(&NOTICE, 8000);
        for (at, frequency) in [(0, 950.0), (2640, 1400.0), (5280, 1800.0)] {
            assert!(level(&sound[at + 200..at + 2400], frequency, Rate::NARROW) > -22.0);
        }
    }

    #[test]
    fn a_prompt_is_heard_once() {
        let sound = play(&PROMPT, 16_000);
        assert!(level(&sound[800..2400], 880.0, Rate::NARROW) > -23.0);
        assert!(loudness(&sound[2400..]) < -100.0);
    }

    #[test]
    fn no_tone_starts_or_ends_with_a_jump() {
        let sound = play(&BUSY, 16_000);
        let steepest = 2920.0 * std::f64::consts::TAU * 425.0 / 8000.0 + 130.0;
        assert!(sound.windows(2).all(|pair| f64::from((pair[1] - pair[0]).abs()) < steepest));
        assert!(sound[0].abs() < 10);
    }

    #[test]
    fn a_digit_has_the_two_frequencies_of_its_key() {
        assert_eq!(
            (dtmf('1'), dtmf('#'), dtmf('D'), dtmf('x')),
            (Some([697, 1209]), Some([941, 1477]), Some([941, 1633]), None)
        );
        let mut sound = vec![0; 1600];
        DigitTone::new('5', Rate::NARROW).expect("a digit").fill(&mut sound, 800);
        for frequency in [770.0, 1336.0] {
            assert!((level(&sound[40..760], frequency, Rate::NARROW) + 10.0).abs() < 1.0);
        }
        assert!(sound[800..].iter().all(|sample| *sample == 0));
    }
}
