//! Clips one after the other, and where somebody is in them.

use super::{clip::Clip, frame::Rate};
use std::sync::Arc;

/// Clips that are played one after the other, in their order or in another one each round.
#[derive(Clone, Debug, PartialEq)]
pub struct Playlist {
    clips: Vec<Arc<Clip>>,
    /// Makes the order of each round; `None`: as they are.
    shuffle: Option<u64>,
    /// Of all together, in samples at [`Rate::NARROW`].
    length: u64,
}

impl Playlist {
    /// `shuffle` is the seed of the order, which is another one each round. An empty list is silence.
    pub fn new(clips: Vec<Arc<Clip>>, shuffle: Option<u64>) -> Self {
        let length = clips.iter().map(|clip| clip.len() as u64).sum();
        Self { clips, shuffle, length }
    }

    /// How long a round is, in samples at [`Rate::NARROW`].
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// What it is made of.
    pub fn clips(&self) -> &[Arc<Clip>] {
        &self.clips
    }

    /// The clip at a place of a round. There is one: the list is not empty, and the place is one of its places.
    fn clip(&self, round: u64, place: usize) -> &Arc<Clip> {
        &self.clips[self.shuffle.map_or(place, |seed| shuffled(place, self.clips.len(), mixed(seed, round)))]
    }
}

impl From<Arc<Clip>> for Playlist {
    fn from(clip: Arc<Clip>) -> Self {
        Self::new(vec![clip], None)
    }
}

/// Where somebody is in a list. Needs no memory of its own, however long the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cursor {
    round: u64,
    place: usize,
    /// Samples of the clip that are over, at the rate of the last frame.
    passed: usize,
    /// Samples since the beginning of the first round.
    position: u64,
    rate: Option<Rate>,
}

impl Cursor {
    /// Writes what comes next; false: the last of `rounds` is over (`None`: there is always a next one), and silence follows.
    pub fn fill(&mut self, list: &Playlist, rounds: Option<u64>, rate: Rate, sound: &mut [i16]) -> bool {
        if list.is_empty() {
            sound.fill(0);
            return rounds.is_none();
        }
        self.change_rate(rate);
        let is_on = |round: u64| rounds.is_none_or(|rounds| round < rounds);
        self.position += sound.len() as u64;
        let mut rest = sound;
        while !rest.is_empty() {
            if self.place >= list.clips.len() {
                // It was in another list before.
                (self.round, self.place, self.passed) = (self.round + 1, 0, 0);
            }
            if !is_on(self.round) {
                rest.fill(0);
                break;
            }
            let clip = list.clip(self.round, self.place);
            let now = rest.len().min(clip.len_at(rate).saturating_sub(self.passed));
            let (part, after) = rest.split_at_mut(now);
            clip.fill(self.passed, rate, part);
            self.passed += now;
            rest = after;
            if self.passed >= clip.len_at(rate) {
                (self.place, self.passed) = (self.place + 1, 0);
            }
            if self.place >= list.clips.len() {
                (self.round, self.place) = (self.round + 1, 0);
            }
        }
        is_on(self.round)
    }

    /// Goes to what sounds `position` samples (at `rate`) after the beginning of an endless playing.
    pub fn seek(&mut self, list: &Playlist, position: u64, rate: Rate) {
        self.change_rate(rate);
        if list.is_empty() || self.position == position {
            return;
        }
        let whole = list.clips.iter().map(|clip| clip.len_at(rate) as u64).sum::<u64>().max(1);
        let mut rest = position % whole;
        *self = Self { round: position / whole, position, rate: Some(rate), ..Self::default() };
        while self.place + 1 < list.clips.len() {
            let length = list.clip(self.round, self.place).len_at(rate) as u64;
            if rest < length {
                break;
            }
            rest -= length;
            self.place += 1;
        }
        self.passed = rest as usize;
    }

    /// The room goes over to another rate: the same moment.
    fn change_rate(&mut self, rate: Rate) {
        if let Some(old) = self.rate.replace(rate).filter(|old| *old != rate) {
            self.passed = (self.passed as u64 * u64::from(rate.0) / u64::from(old.0)) as usize;
            self.position = self.position * u64::from(rate.0) / u64::from(old.0);
        }
    }
}

/// A number that looks like chance (splitmix64).
fn mixed(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Who stands at `place` when `count` of them are shuffled: a Feistel network over the next power of four, walked until it comes out
/// inside. So a place alone says who stands there, and nobody keeps an order.
fn shuffled(place: usize, count: usize, seed: u64) -> usize {
    let half = count.next_power_of_two().trailing_zeros().div_ceil(2).max(1);
    let mask = (1_usize << half) - 1;
    let mut at = place;
    loop {
        let (mut left, mut right) = (at >> half, at & mask);
        for turn in 0..4 {
            (left, right) = (right, left ^ (mixed(seed, (right as u64) << 3 | turn) as usize & mask));
        }
        at = left << half | right;
        if at < count {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clip of one value.
    fn clip(value: i16, ms: usize) -> Arc<Clip> {
        let sound = vec![f32::from(value) / 32767.0; 8 * ms];
        Arc::new(Clip::new(&sound, 8000, &[Rate::NARROW, Rate(16_000)]).unwrap())
    }

    fn list(shuffle: Option<u64>) -> Playlist {
        Playlist::new(vec![clip(100, 50), clip(200, 100), clip(300, 30)], shuffle)
    }

    /// What is heard in the middle of each 10 ms.
    fn heard(sound: &[i16]) -> Vec<i16> {
        sound.chunks_exact(80).map(|chunk| chunk[40].div_euclid(10) * 10).collect()
    }

    #[test]
    fn one_clip_after_the_other_and_then_silence() {
        let mut cursor = Cursor::default();
        let mut sound = vec![9; 8 * 400];
        let goes_on: Vec<_> =
            sound.chunks_mut(160).map(|frame| cursor.fill(&list(None), Some(2), Rate::NARROW, frame)).collect();
        let count = |value: i16| heard(&sound).iter().filter(|heard| (**heard - value).abs() <= 10).count();
        assert_eq!([100, 200, 300].map(count), [10, 20, 6]);
        assert_eq!(goes_on.iter().filter(|on| **on).count(), 17);
        assert!(sound[8 * 360..].iter().all(|sample| *sample == 0));
    }

    #[test]
    fn a_shuffled_list_has_each_clip_once_a_round_and_another_order_each_round() {
        for count in [1, 2, 3, 5, 16, 17, 100] {
            let orders: Vec<Vec<usize>> =
                (0..8).map(|round| (0..count).map(|place| shuffled(place, count, mixed(7, round))).collect()).collect();
            for order in &orders {
                let mut sorted = order.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..count).collect::<Vec<_>>());
            }
            if count > 3 {
                assert!(orders.windows(2).all(|pair| pair[0] != pair[1]), "{count}");
            }
        }
    }

    #[test]
    fn who_comes_later_hears_the_same_at_the_same_time() {
        for shuffle in [None, Some(3)] {
            let list = list(shuffle);
            let mut early = Cursor::default();
            let mut sound = vec![0; 160 * 60];
            sound.chunks_mut(160).for_each(|frame| assert!(early.fill(&list, None, Rate::NARROW, frame)));
            for start in [1, 7, 30, 59] {
                let (mut late, mut frame) = (Cursor::default(), [0; 160]);
                late.seek(&list, 160 * start as u64, Rate::NARROW);
                late.fill(&list, None, Rate::NARROW, &mut frame);
                assert_eq!(frame, sound[160 * start..][..160]);
            }
        }
    }

    #[test]
    fn a_new_rate_goes_on_at_the_same_moment() {
        let list = list(None);
        let (mut cursor, mut narrow, mut wide) = (Cursor::default(), [0; 160], [0; 320]);
        for _ in 0..3 {
            cursor.fill(&list, None, Rate::NARROW, &mut narrow);
        }
        cursor.fill(&list, None, Rate(16_000), &mut wide);
        let (mut other, mut expected) = (Cursor::default(), [0; 320]);
        other.seek(&list, 960, Rate(16_000));
        other.fill(&list, None, Rate(16_000), &mut expected);
        assert_eq!(wide, expected);
    }

    #[test]
    fn an_empty_list_is_silence() {
        let (mut cursor, mut frame) = (Cursor::default(), [1; 160]);
        assert!(!cursor.fill(&Playlist::new(Vec::new(), None), Some(1), Rate::NARROW, &mut frame));
        assert_eq!(frame, [0; 160]);
        assert!(cursor.fill(&Playlist::new(Vec::new(), None), None, Rate::NARROW, &mut frame));
    }
}
