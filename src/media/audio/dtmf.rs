//! Digits that are heard as tones (ITU-T Q.23, Q.24), of phones that have no telephone-event.

use super::{frame::Rate, goertzel, tone};

/// A window is looked at every 10 ms, and lasts twice that: of 40 ms of a digit, the shortest that counts, three lie within it.
const STEP_MS: u32 = 10;
const WINDOW_MS: u32 = 20;
/// So many windows in a row make a digit, and so many without it end it.
const BEGINS: u8 = 2;
const ENDS: u8 = 2;
/// The weaker of the two tones is at least so loud, dBFS.
const LEAST: f64 = -38.0;
/// One may be louder than the other by so much, dB.
const TWIST: f64 = 9.0;
/// All that is not the two tones is at least so much less loud than they are, dB: voices have overtones, digits have none.
const PURITY: f64 = 9.0;

/// What is heard of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A digit began.
    Down(char),
    /// It ended, having sounded for so long.
    Up(char, u16),
}

/// Listens to one leg.
#[derive(Clone, Debug)]
pub struct Detector {
    rate: Rate,
    /// The last window, oldest first; `fresh` samples of it were not looked at.
    window: Vec<i16>,
    fresh: usize,
    digit: Option<char>,
    /// Windows in a row with, or without, what might be next.
    candidate: Option<char>,
    in_a_row: u8,
    /// Steps that the digit has sounded.
    steps: u16,
}

impl Detector {
    /// Nothing heard yet.
    pub fn new(rate: Rate) -> Self {
        let window = vec![0; rate.samples(WINDOW_MS)];
        Self { rate, window, fresh: 0, digit: None, candidate: None, in_a_row: 0, steps: 0 }
    }

    /// Whether a digit sounds, or what may become one: nobody else shall hear it then.
    pub fn hears(&self) -> bool {
        self.digit.is_some() || self.candidate.is_some()
    }

    /// A frame of sound. At most one thing happens in it.
    pub fn hear(&mut self, sound: &[i16]) -> Option<Heard> {
        let step = self.rate.samples(STEP_MS);
        let mut happened = None;
        for part in sound.chunks(step) {
            self.window.rotate_left(part.len());
            let end = self.window.len() - part.len();
            self.window[end..].copy_from_slice(part);
            self.fresh += part.len();
            if self.fresh >= step {
                self.fresh -= step;
                happened = happened.or(self.look());
            }
        }
        happened
    }

    fn look(&mut self) -> Option<Heard> {
        let seen = digit(&self.window, self.rate);
        if let Some(digit) = self.digit {
            self.steps = self.steps.saturating_add(1);
            self.in_a_row = if seen == Some(digit) { 0 } else { self.in_a_row + 1 };
            if self.in_a_row < ENDS {
                return None;
            }
            (self.digit, self.candidate, self.in_a_row) = (None, seen, u8::from(seen.is_some()));
            // Windows that hold some of it see it before and after.
            let ms = u32::from(self.steps.saturating_sub(ENDS.into())) * STEP_MS;
            return Some(Heard::Up(digit, ms.max(WINDOW_MS) as u16));
        }
        self.in_a_row = if seen == self.candidate { self.in_a_row.saturating_add(1) } else { 1 };
        self.candidate = seen;
        let digit = seen.filter(|_| self.in_a_row >= BEGINS)?;
        (self.digit, self.in_a_row, self.steps) = (Some(digit), 0, BEGINS.into());
        Some(Heard::Down(digit))
    }
}

/// The digit in a window, if there is one and nothing else.
fn digit(window: &[i16], rate: Rate) -> Option<char> {
    let whole = goertzel::loudness(window);
    if whole < LEAST {
        return None;
    }
    let loudest = |frequencies: [u16; 4]| {
        let levels = frequencies.map(|frequency| goertzel::level(window, f64::from(frequency), rate));
        (0..4)
            .map(|at| (at, levels[at]))
            .max_by(|one, other| one.1.total_cmp(&other.1))
            .unwrap_or((0, goertzel::NOTHING))
    };
    let ((row, low), (column, high)) = (loudest(tone::ROWS), loudest(tone::COLUMNS));
    if low.min(high) < LEAST || (low - high).abs() > TWIST {
        return None;
    }
    let power = |level: f64| 10_f64.powf(level / 10.0);
    let rest = power(whole) - power(low) - power(high);
    let is_pure = rest < (power(low) + power(high)) * power(-PURITY);
    is_pure.then(|| tone::KEYS[row][column])
}

#[cfg(test)]
mod tests {
    use super::{super::tone::DigitTone, *};

    fn heard(sound: &[i16], rate: Rate) -> Vec<Heard> {
        let mut detector = Detector::new(rate);
        sound.chunks(rate.frame()).filter_map(|frame| detector.hear(frame)).collect()
    }

    fn dialled(digits: &str, ms: u32, pause_ms: u32, rate: Rate) -> Vec<i16> {
        let mut sound = vec![0; rate.samples(37)];
        for digit in digits.chars() {
            let start = sound.len();
            sound.resize(start + rate.samples(ms), 0);
            DigitTone::new(digit, rate).expect("a digit").fill(&mut sound[start..], rate.samples(ms));
            sound.resize(sound.len() + rate.samples(pause_ms), 0);
        }
        sound.resize(sound.len() + rate.samples(100), 0);
        sound
    }

    #[test]
    fn every_digit_is_heard_once_with_its_length_at_every_rate() {
        for rate in [Rate::NARROW, Rate::WIDE, Rate::FULL] {
            for (ms, pause) in [(45, 45), (100, 60), (500, 200)] {
                let all = "0123456789*#ABCD1122";
                let events = heard(&dialled(all, ms, pause, rate), rate);
                let downs: String = events
                    .iter()
                    .filter_map(|event| if let Heard::Down(digit) = event { Some(*digit) } else { None })
                    .collect();
                assert_eq!(downs, all, "{ms} ms at {}", rate.0);
                for event in events {
                    if let Heard::Up(digit, told) = event {
                        assert!(told.abs_diff(ms as u16) <= 20, "{digit}: {told} of {ms} ms at {}", rate.0);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_digit_is_not_heard_as_one() {
        use super::super::{music::Music, oscillator::Oscillator, playlist::Cursor};
        let rate = Rate::NARROW;
        let mut music = vec![0; 8000 * 24];
        Music::built_in().fill(&mut Cursor::default(), 0, rate, &mut music);
        assert_eq!(heard(&music, rate), []);
        let mut tone = Oscillator::new(770, rate);
        let one: Vec<i16> = (0..8000).map(|_| (tone.next() / 4) as i16).collect();
        assert_eq!(heard(&one, rate), []);
        // 20 ms are too short (Q.24).
        assert_eq!(heard(&dialled("5", 15, 60, rate), rate), []);
    }
}
