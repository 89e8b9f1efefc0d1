//! Concealment of lost packets: the last pitch period goes on and fades. Where the sound after the gap is known already, it is
//! also led back from there, and what is made up is stretched a little so that both meet in the same phase.

use super::{
    fade::{self, JOIN_MS, cross},
    frame::Rate,
    wide::{QUIET, peak},
};

/// Past sound that is kept: enough for two periods of the deepest voice (about 66 Hz).
const HISTORY_MS: u32 = 40;
/// The pitch is looked for between 5 and 15 ms (66 to 200 Hz); of a higher voice, several periods are one.
const SHORTEST_MS: u32 = 5;
const LONGEST_MS: u32 = 15;
/// How much of the past is compared with its past.
const COMPARED_MS: u32 = 20;
/// Concealment is at full level for so long.
const FULL_MS: u32 = 20;
/// And has become silence after this.
const SILENT_AFTER_MS: u32 = 60;
/// The longest gap that is bridged; the beginning of a longer one has faded by then.
pub const BRIDGED_MS: u32 = 60;
/// What is made up may be read so much slower or faster, in 256ths of the gap.
const WARP: usize = 20;
/// A step between what is real and what is made up is spread over this.
const SOFT_MS: u32 = 1;
/// How much of the sound after the gap is compared.
const MET_MS: u32 = 10;

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
        self.begin();
        self.continue_into(sound);
    }

    /// Makes up the first `gap` samples of `sound`, which goes on with what is real; of that, the first `doubtful` samples are not
    /// as they were said. It is to be heard next.
    pub fn bridge(&mut self, sound: &mut [i16], gap: usize, doubtful: usize) {
        self.begin();
        let (made, real) = sound.split_at_mut(gap);
        if self.is_silent() {
            made.fill(0);
            fade::fade_in(real, self.rate);
        } else {
            self.meet(made, real, doubtful.min(real.len()));
        }
        self.concealed = 0;
    }

    /// The last sound that was heard.
    pub fn recall(&self, sound: &mut [i16]) {
        sound.copy_from_slice(&self.history[self.history.len() - sound.len()..]);
    }

    /// Forgets: what comes next begins from silence.
    pub fn reset(&mut self) {
        self.history.fill(0);
        self.concealed = self.rate.samples(SILENT_AFTER_MS);
    }

    fn begin(&mut self) {
        if self.concealed == 0 {
            self.period = self.pitch();
        }
    }

    /// Goes on with what is made up, and fades.
    fn continue_into(&mut self, sound: &mut [i16]) {
        for sample in sound {
            *sample = (self.made_up(self.concealed as f32) * self.level(self.concealed)) as i16;
            self.concealed = self.concealed.saturating_add(1).min(usize::MAX / 2);
        }
    }

    /// How much of what is made up is heard, so long after the last real sound (or before the next).
    fn level(&self, passed: usize) -> f32 {
        let (full, silent) = (self.rate.samples(FULL_MS), self.rate.samples(SILENT_AFTER_MS));
        (silent.saturating_sub(passed) as f32 / (silent - full) as f32).min(1.0)
    }

    /// What is made up, at full level, at this place after the last real sound: the last period again and again.
    fn made_up(&self, place: f32) -> f32 {
        let whole = place as usize;
        let part = place - whole as f32;
        let begins = self.joined(whole);
        let sample = if part == 0.0 {
            begins
        } else {
            spline([self.joined(whole + self.period - 1), begins, self.joined(whole + 1), self.joined(whole + 2)], part)
        };
        // The last real sample need not be the one that came before the period.
        let soft = self.rate.samples(SOFT_MS);
        if whole >= soft {
            return sample;
        }
        let last = self.history.len() - 1;
        let step = f32::from(self.history[last]) - f32::from(self.history[last - self.period]);
        sample + step * (1.0 - (place + 1.0) / (soft + 1) as f32)
    }

    /// A sample of the last period, the end of which leads to its beginning.
    fn joined(&self, at: usize) -> f32 {
        let at = at % self.period;
        let start = self.history.len() - self.period;
        let sample = f32::from(self.history[start + at]);
        let join = self.period / 4;
        let left = self.period - at;
        if left > join {
            return sample;
        }
        let before = f32::from(self.history[start + at - self.period]);
        before + (sample - before) * (left as f32 / (join + 1) as f32)
    }

    /// Leads from what was made up to what is real.
    fn meet(&mut self, made: &mut [i16], real: &mut [i16], doubtful: usize) {
        let gap = made.len();
        let (warp, likeness) = self.warp(gap, real, doubtful);
        let concealed = self.concealed as f32;
        let speed = 1.0 + warp as f32 / (gap + doubtful).max(1) as f32;
        let forward = |at: usize| self.made_up(concealed + at as f32 * speed) * self.level(self.concealed + at);
        // Where little is missing there is no room for both.
        let back = (gap + doubtful >= self.rate.samples(JOIN_MS))
            .then(|| Back::of(&real[doubtful..], (self.period as f32 / speed) as usize, self.rate))
            .flatten();
        let join = if back.is_some() { doubtful } else { (doubtful + self.rate.samples(JOIN_MS)).min(real.len()) };
        let mut tail = [0; Rate::MAX.samples(20)];
        let tail = &mut tail[..join.min(self.rate.samples(20))];
        let whole = gap + doubtful;
        let mixed = |at: usize| -> f32 {
            let Some(back) = &back else { return forward(at) };
            let left = whole - at;
            let weight = (at + 1) as f32 / (whole + 1) as f32;
            let gain = (weight.powi(2) + (1.0 - weight).powi(2) + 2.0 * likeness * weight * (1.0 - weight)).sqrt();
            (forward(at) * (1.0 - weight) + back.sample(left) * self.level(left) * weight) / gain
        };
        for (at, sample) in made.iter_mut().enumerate() {
            *sample = mixed(at) as i16;
        }
        for (at, sample) in tail.iter_mut().enumerate() {
            *sample = mixed(gap + at) as i16;
        }
        for (at, (sample, tail)) in real.iter_mut().zip(&*tail).enumerate() {
            let weight = (at + 1) as f32 / (join + 1) as f32;
            *sample = (f32::from(*sample) * weight + f32::from(*tail) * (1.0 - weight)) as i16;
        }
    }

    /// By how many samples what is made up has to be read faster or slower across the gap, so that it meets what is real; and how
    /// alike the two are then.
    fn warp(&self, gap: usize, real: &[i16], doubtful: usize) -> (i32, f32) {
        let real = &real[doubtful..];
        let real = &real[..self.rate.samples(MET_MS).min(real.len())];
        let most = ((gap + doubtful) * WARP / 256).min(self.period / 2);
        // Where nothing is said any will do, and many legs may come back in the same tick.
        if peak(real) <= QUIET {
            return (0, 0.0);
        }
        let mut made = [0.0; Rate::MAX.samples(MET_MS + LONGEST_MS)];
        let made = &mut made[..real.len() + 2 * most];
        let begins = self.concealed + gap + doubtful - most;
        (begins..).zip(made.iter_mut()).for_each(|(at, made)| *made = self.joined(at));
        let step = (self.rate.0 / Rate::NARROW.0) as usize;
        let mut best = (0, 0.0);
        for (shift, made) in made.windows(real.len()).enumerate() {
            let (mut product, mut ours, mut theirs) = (0.0, 1.0, 1.0_f32);
            for (made, real) in made.iter().zip(real).step_by(step) {
                let real = f32::from(*real);
                product += made * real;
                ours += made * made;
                theirs += real * real;
            }
            let likeness = product / (ours * theirs).sqrt();
            if likeness > best.1 {
                best = (shift as i32 - most as i32, likeness);
            }
        }
        best
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

/// The sound after a gap, led back into it.
struct Back<'a> {
    real: &'a [i16],
    period: usize,
    soft: usize,
}

impl<'a> Back<'a> {
    /// With a period near this one; `None` if too little is known.
    fn of(real: &'a [i16], period: usize, rate: Rate) -> Option<Self> {
        let (shortest, longest) = (period * 7 / 8, period * 8 / 7);
        let compared = real.len().checked_sub(longest)?.min(rate.samples(10));
        if compared < rate.samples(3) {
            return None;
        }
        let step = (rate.0 / 16_000).max(1) as usize;
        let likeness = |lag: usize| -> f64 {
            let (mut product, mut energy) = (0_i64, 1_i64);
            for (a, b) in real[..compared].iter().zip(&real[lag..]).step_by(step) {
                product += i64::from(i32::from(*a) * i32::from(*b));
                energy += i64::from(i32::from(*b) * i32::from(*b));
            }
            product as f64 / (energy as f64).sqrt()
        };
        let lags = if peak(real) <= QUIET { period..=period } else { shortest..=longest };
        let best = lags.map(|lag| (likeness(lag), lag));
        let period = best.fold((f64::MIN, period), |best, this| if this.0 > best.0 { this } else { best }).1;
        Some(Self { real, period, soft: rate.samples(SOFT_MS) })
    }

    /// So many samples before the first that is known (1: right before it).
    fn sample(&self, before: usize) -> f32 {
        let at = (self.period - before % self.period) % self.period;
        let sample = f32::from(self.real[at]);
        let join = (self.period / 4).min(self.real.len() - self.period);
        let joined = if at < join {
            // Comes after the end of the period, where one goes on: both are alike.
            let after = f32::from(self.real[at + self.period]);
            after + (sample - after) * ((at + 1) as f32 / (join + 1) as f32)
        } else {
            sample
        };
        let step = f32::from(self.real[0]) - f32::from(self.real[self.period]);
        joined + step * (1.0 - before as f32 / (self.soft + 1) as f32).max(0.0)
    }
}

/// Between the second and the third of four samples.
fn spline([a, b, c, d]: [f32; 4], part: f32) -> f32 {
    let (linear, square, cube) = ((c - a) / 2.0, a - 2.5 * b + 2.0 * c - d / 2.0, (d - a) / 2.0 + 1.5 * (b - c));
    ((cube * part + square) * part + linear) * part + b
}

#[cfg(test)]
mod tests {
    use super::{super::oscillator::Oscillator, *};
    use std::f64::consts::TAU;

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

    /// A voice that rises, of many harmonics.
    fn voice(rate: Rate, ms: u32) -> Vec<i16> {
        let phase = |at: usize| {
            let time = at as f64 / f64::from(rate.0);
            TAU * (130.0 * time + 60.0 * time * time)
        };
        let sample = |at| (1..9).map(|harmonic| (f64::from(harmonic) * phase(at)).cos() * 1500.0).sum::<f64>() as i16;
        (0..rate.samples(ms)).map(sample).collect()
    }

    fn error(heard: &[i16], said: &[i16]) -> f64 {
        heard.iter().zip(said).map(|(heard, said)| f64::from(heard - said).powi(2)).sum()
    }

    #[test]
    fn a_voice_that_rises_is_met_where_it_is_after_the_gap() {
        for rate in [Rate::NARROW, Rate::WIDE, Rate::FULL] {
            for (begins, missing) in [(100, 20), (113, 20), (128, 40), (139, 20), (150, 40)] {
                let said = voice(rate, 300);
                let (gap, until) = (rate.samples(begins), rate.samples(begins + missing));
                let ends = until + rate.frame();
                let mut before = Concealer::new(rate);
                said[..gap].to_vec().chunks_mut(rate.frame()).for_each(|frame| before.hear(frame));

                let (mut led, mut made) = (before.clone(), said[gap..ends].to_vec());
                made[..until - gap].fill(0);
                led.bridge(&mut made, until - gap, 0);

                let mut alone = said[gap..ends].to_vec();
                let (first, second) = alone.split_at_mut(until - gap);
                before.conceal(first);
                before.hear(second);
                let (bridged, alone) = (error(&made, &said[gap..]), error(&alone, &said[gap..]));
                assert!(bridged < alone * 0.7, "{rate:?}, {missing} ms at {begins}: {bridged} and {alone}");
                let step = |sound: &[i16]| sound.windows(2).map(|pair| (pair[1] - pair[0]).abs()).max();
                assert!(step(&made) < step(&said).map(|step| step * 5 / 4), "{rate:?}: {:?}", step(&made));
            }
        }
    }

    #[test]
    fn any_gap_is_bridged_to_any_sound() {
        let noise = |at: usize| ((at.wrapping_mul(2_654_435_761) >> 16) & 0xFFFF) as u16 as i16;
        for rate in Rate::ROOMS {
            for (gap, real, doubtful) in [(0, 1, 0), (0, 0, 9), (1, 1, 1), (7, 500, 80), (2880, 3, 2), (960, 5760, 48)]
            {
                let mut concealer = Concealer::new(rate);
                let mut past: Vec<i16> = (0..rate.frame()).map(noise).collect();
                concealer.hear(&mut past);
                concealer.conceal(&mut [0; 50]);
                let mut sound: Vec<i16> = (0..gap + real).map(noise).collect();
                concealer.bridge(&mut sound, gap, doubtful);
                assert!(!concealer.is_concealing());
            }
        }
    }
}
