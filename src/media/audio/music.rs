//! What is heard on hold.

use super::{
    clip::Clip,
    fade,
    frame::{MAX, Rate},
    oscillator::Oscillator,
    playlist::{Cursor, Playlist},
};
use std::sync::{Arc, LazyLock};

/// What everybody hears who is on hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Music {
    list: Playlist,
    is_shared: bool,
}

impl Music {
    /// A loop at [`Rate::NARROW`] that all share. An empty one is silence.
    pub fn new(samples: Vec<i16>) -> Self {
        let clip = (!samples.is_empty()).then(|| Arc::new(Clip::seamless(|_| samples.clone(), &[Rate::NARROW])));
        Self::shared(Playlist::new(clip.into_iter().collect(), None))
    }

    /// It plays on whether anybody listens or not: all hear the same at the same time. An empty list is silence.
    pub fn shared(list: Playlist) -> Self {
        Self { list, is_shared: true }
    }

    /// It begins anew for each.
    pub fn from_start(list: Playlist) -> Self {
        Self { list, is_shared: false }
    }

    /// The music of the house: broken chords, softly, 24 s a round.
    pub fn built_in() -> Self {
        static CLIP: LazyLock<Arc<Clip>> = LazyLock::new(|| Arc::new(Clip::seamless(compose, &Rate::ROOMS)));
        Self::shared(Playlist::from(Arc::clone(&CLIP)))
    }

    /// All hear the same at the same time.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Writes what sounds next for the owner of the cursor; `now` is the time since the beginning of all music, in samples.
    pub fn fill(&self, cursor: &mut Cursor, now: u64, rate: Rate, sound: &mut [i16]) {
        if self.is_shared {
            cursor.seek(&self.list, now, rate);
        }
        cursor.fill(&self.list, None, rate, sound);
    }

    /// The same where another music was played until now.
    pub fn take_over(&self, old: &Self, cursor: &mut Cursor, now: u64, rate: Rate, sound: &mut [i16]) {
        let mut before = [0; MAX];
        let before = &mut before[..sound.len().min(MAX)];
        old.fill(cursor, now, rate, before);
        *cursor = Cursor::default();
        self.fill(cursor, now, rate, sound);
        fade::cross(before, sound, rate);
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

fn compose(rate: Rate) -> Vec<i16> {
    let step = rate.samples(NOTE_MS);
    let mut sum = vec![0_i32; CHORDS.len() * FIGURE.len() * step];
    for (bar, chord) in CHORDS.iter().enumerate() {
        for (beat, degree) in FIGURE.iter().enumerate() {
            pluck(&mut sum, (bar * FIGURE.len() + beat) * step, chord[*degree], rate);
        }
    }
    let energy: f64 = sum.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let gain = RMS / (energy / sum.len() as f64).sqrt();
    sum.into_iter().map(|sample| (f64::from(sample) * gain).clamp(-32768.0, 32767.0) as i16).collect()
}

/// One note with two overtones that dies away in a second and a half, running over the end into the beginning.
fn pluck(sum: &mut [i32], start: usize, pitch: u32, rate: Rate) {
    let mut partials = [1, 2, 3].map(|n| Oscillator::tenths(pitch * n, rate));
    let (attack, length) = (rate.samples(20), rate.samples(1500));
    let decay = rate.samples(1);
    let mut envelope = 1 << 15;
    for at in 0..length {
        let [first, second, third] = partials.each_mut().map(Oscillator::next);
        let wave = (first * 6 + second * 2 + third) / 32;
        let rise = (at.min(attack) << 15) / attack;
        let fall = ((length - at).min(attack * 8) << 15) / (attack * 8);
        let weight = ((rise.min(fall) as i32) * (envelope >> 5)) >> 10;
        let place = (start + at) % sum.len();
        sum[place] += (wave * (weight >> 2)) >> 13;
        if at % decay == 0 {
            envelope -= envelope >> 9;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::goertzel::loudness, *};

    #[test]
    fn the_built_in_music_is_soft_and_without_a_seam() {
        for rate in Rate::ROOMS {
            let music = compose(rate);
            assert_eq!(music.len(), rate.samples(24_000));
            assert!((loudness(&music) + 24.0).abs() < 0.5, "{}", loudness(&music));
            let step = |pair: &[i16]| (i32::from(pair[1]) - i32::from(pair[0])).abs();
            let steepest = music.windows(2).map(step).max().expect("there is sound");
            assert!(step(&[music[music.len() - 1], music[0]]) <= steepest / 2 && steepest < 4000);
            assert!(music.chunks(rate.samples(1000)).all(|second| (-32.0..-14.0).contains(&loudness(second))));
        }
    }

    #[test]
    fn it_goes_round_and_all_hear_the_same() {
        let (music, notes) = (Music::built_in(), compose(Rate::NARROW));
        let (mut sound, mut cursor) = ([0; 160], Cursor::default());
        for now in [0, 160, 24 * 8000 - 60, 10 * 24 * 8000 + 5] {
            music.fill(&mut cursor, now, Rate::NARROW, &mut sound);
            let expected: Vec<i16> = (0..160).map(|at| notes[(now as usize + at) % notes.len()]).collect();
            assert_eq!(sound, expected[..], "at {now}");
        }
    }

    #[test]
    fn another_music_takes_over_without_a_click() {
        let (old, new) = (Music::built_in(), Music::from_start(Playlist::new(Vec::new(), None)));
        let (mut cursor, mut sound, mut expected) = (Cursor::default(), [0; 160], [0; 160]);
        old.fill(&mut Cursor::default(), 80_000, Rate::NARROW, &mut expected);
        new.take_over(&old, &mut cursor, 80_000, Rate::NARROW, &mut sound);
        assert!((sound[0] - expected[0]).abs() < 4 && sound[40..].iter().all(|sample| *sample == 0));
    }
}
