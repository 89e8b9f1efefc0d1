//! What all legs of a mixer share in one tick: the sum, the music, whispers, and packets that fit several.

use super::{
    Music,
    audio::{frame::Rate, playlist::Cursor, sum::Sum},
    sdp::Codec,
};
use crate::ids::LegId;
use std::{ops::Range, sync::Arc};

/// The air in the room.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) sum: Sum,
    music: Arc<Music>,
    rate: Rate,
    /// Where everybody's music is.
    position: u64,
    /// The music until now, in the tick in which another one takes over.
    replaced: Option<Arc<Music>>,
    has_taken_over: bool,
    /// Reused; the first `whispering` are of this tick.
    whispers: Vec<Whisper>,
    whispering: usize,
    /// The end of what somebody said who is gone.
    farewell: Vec<i16>,
    has_farewell: bool,
}

#[derive(Debug)]
struct Whisper {
    to: LegId,
    sound: Vec<i16>,
}

impl Room {
    pub(super) fn new(music: Arc<Music>, rate: Rate) -> Self {
        Self {
            sum: Sum::new(rate),
            music,
            rate,
            position: 0,
            replaced: None,
            has_taken_over: false,
            whispers: Vec::new(),
            whispering: 0,
            farewell: vec![0; rate.frame()],
            has_farewell: false,
        }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// The time since the beginning of all playing, in samples.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// A tick begins.
    pub(super) fn clear(&mut self, position: u64) {
        self.sum.clear();
        self.whispering = 0;
        self.position = position;
        if self.has_taken_over {
            self.replaced = None;
        }
        self.has_taken_over = self.replaced.is_some();
        if std::mem::take(&mut self.has_farewell) {
            self.sum.add(&self.farewell);
            self.farewell.fill(0);
        }
    }

    /// Another music, from the next tick on.
    pub(super) fn change_music(&mut self, music: Arc<Music>) {
        let old = std::mem::replace(&mut self.music, music);
        self.replaced.get_or_insert(old);
        self.has_taken_over = false;
    }

    /// All who are on hold hear the same.
    pub(super) fn shares_music(&self) -> bool {
        self.music.is_shared() && self.replaced.is_none()
    }

    /// What one on hold hears whose cursor this is.
    pub(super) fn play_music(&self, cursor: &mut Cursor, sound: &mut [i16]) {
        match &self.replaced {
            None => self.music.fill(cursor, self.position, self.rate, sound),
            Some(old) => self.music.take_over(old, cursor, self.position, self.rate, sound),
        }
    }

    /// Somebody left, and this is how the word ends.
    pub(super) fn bid_farewell(&mut self, sound: &[i16]) {
        for (farewell, sample) in self.farewell.iter_mut().zip(sound) {
            *farewell = farewell.saturating_add(*sample);
        }
        self.has_farewell = true;
    }

    pub(super) fn whisper(&mut self, to: LegId, sound: &[i16]) {
        if self.whispering == self.whispers.len() {
            self.whispers.push(Whisper { to, sound: Vec::with_capacity(sound.len()) });
        }
        let whisper = &mut self.whispers[self.whispering];
        self.whispering += 1;
        whisper.to = to;
        whisper.sound.clear();
        whisper.sound.extend_from_slice(sound);
    }

    pub(super) fn is_whispered_to(&self, leg: LegId) -> bool {
        self.whispers[..self.whispering].iter().any(|whisper| whisper.to == leg)
    }

    /// Adds what is whispered to a leg.
    pub(super) fn add_whispers(&self, leg: LegId, sound: &mut [i16]) {
        for whisper in self.whispers[..self.whispering].iter().filter(|whisper| whisper.to == leg) {
            for (sample, whispered) in sound.iter_mut().zip(&whisper.sound) {
                *sample = sample.saturating_add(*whispered);
            }
        }
    }
}

/// A payload that several legs get in the same tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Common {
    /// Silence.
    Nothing,
    /// All that is said.
    Mix,
    /// The hold music.
    Music,
}

/// Where the common payloads of this tick lie in the outbox, by codec.
#[derive(Debug, Default)]
pub(super) struct Shared([[Option<Range<usize>>; 3]; Codec::ALL.len()]);

impl Shared {
    pub(super) fn place(&mut self, codec: Codec, common: Common) -> &mut Option<Range<usize>> {
        let common = match common {
            Common::Nothing => 0,
            Common::Mix => 1,
            Common::Music => 2,
        };
        &mut self.0[codec.index()][common]
    }
}
