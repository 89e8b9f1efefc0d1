//! What all legs of a mixer share in one tick: what is said, the music, and whispers.
//!
//! Every leg speaks and hears at the rate of its codec. What is said at one rate is added up there, and each such sum is converted
//! once for those who hear at another: so everybody hears all that its codec can carry, whoever else comes or goes.

use super::{
    Music,
    audio::{
        converter::{Converter, sample},
        frame::Rate,
        playlist::Cursor,
        sum::Sum,
    },
};
use crate::ids::LegId;
use std::{sync::Arc, time::Duration};

/// The air in the room.
#[derive(Debug)]
pub(super) struct Room {
    bands: [Band; Rate::ROOMS.len()],
    music: Arc<Music>,
    /// Since the beginning of all playing.
    passed: Duration,
    /// The music until now, in the tick in which another one takes over.
    replaced: Option<Arc<Music>>,
    has_taken_over: bool,
    /// Reused; the first `whispering` are of this tick.
    whispers: Vec<Whisper>,
    whispering: usize,
}

/// What is said and heard at one rate.
#[derive(Debug)]
struct Band {
    is_used: bool,
    /// By those who speak at this rate, while `sounds`.
    said: Sum,
    sounds: bool,
    /// By all, where there are other rates.
    heard: Sum,
    is_apart: bool,
    /// From the other rates.
    converters: [Option<Box<Converter>>; Rate::ROOMS.len()],
    /// The end of what somebody said who is gone.
    farewell: Vec<i16>,
}

#[derive(Debug)]
struct Whisper {
    to: LegId,
    sound: Vec<i16>,
}

impl Band {
    const UNUSED: Self = Self {
        is_used: false,
        said: Sum::none(),
        sounds: false,
        heard: Sum::none(),
        is_apart: false,
        converters: [const { None }; Rate::ROOMS.len()],
        farewell: Vec::new(),
    };
}

impl Room {
    pub(super) fn new(music: Arc<Music>) -> Self {
        let bands = [Band::UNUSED; Rate::ROOMS.len()];
        Self {
            bands,
            music,
            passed: Duration::ZERO,
            replaced: None,
            has_taken_over: false,
            whispers: Vec::new(),
            whispering: 0,
        }
    }

    /// The time since the beginning of all playing, in samples.
    pub(super) fn position(&self, rate: Rate) -> u64 {
        rate.samples_in(self.passed)
    }

    /// The highest rate at which anybody speaks or hears.
    pub(super) fn highest(&self) -> Rate {
        let used = Rate::ROOMS.into_iter().zip(&self.bands).rfind(|(_, band)| band.is_used);
        used.map_or(Rate::NARROW, |(rate, _)| rate)
    }

    /// A tick begins, `passed` after the beginning of all playing, for legs of these rates.
    pub(super) fn begin(&mut self, passed: Duration, rates: impl Iterator<Item = Rate>) {
        self.whispering = 0;
        self.passed = passed;
        if self.has_taken_over {
            self.replaced = None;
        }
        self.has_taken_over = self.replaced.is_some();
        let mut used = [false; Rate::ROOMS.len()];
        rates.for_each(|rate| used[rate.index()] = true);
        for ((band, used), rate) in self.bands.iter_mut().zip(used).zip(Rate::ROOMS) {
            band.is_used = used || !band.farewell.is_empty();
            band.sounds = false;
            if band.is_used {
                band.said.clear(rate);
            }
            if !band.farewell.is_empty() {
                band.said.add(&band.farewell);
                band.sounds = true;
                band.farewell.clear();
            }
        }
    }

    /// Somebody says this to all.
    #[inline]
    pub(super) fn add(&mut self, rate: Rate, sound: &[i16]) {
        let band = &mut self.bands[rate.index()];
        band.said.add(sound);
        band.sounds = true;
    }

    /// All have spoken: what is said at one rate is heard at the others.
    pub(super) fn mix(&mut self) {
        let rates = self.bands.iter().filter(|band| band.is_used).count();
        for (to, rate) in Rate::ROOMS.into_iter().enumerate() {
            let apart = rates > 1 && self.bands[to].is_used;
            self.bands[to].is_apart = apart;
            if !apart {
                self.bands[to].converters = [const { None }; Rate::ROOMS.len()];
                continue;
            }
            let mut band = std::mem::replace(&mut self.bands[to], Band::UNUSED);
            band.heard.copy(&band.said);
            for (from, other) in self.bands.iter().enumerate().filter(|(from, _)| *from != to) {
                let converter = &mut band.converters[from];
                if !other.is_used {
                    *converter = None;
                    continue;
                }
                let converter = converter.get_or_insert_with(|| Box::new(Converter::new(Rate::ROOMS[from], rate)));
                if let Some(sound) = converter.convert(other.said.samples(), other.sounds) {
                    band.heard.add_converted(sound);
                }
            }
            self.bands[to] = band;
        }
    }

    /// What is said, at this rate.
    #[inline]
    pub(super) fn heard(&self, rate: Rate) -> &Sum {
        let band = &self.bands[rate.index()];
        if band.is_apart { &band.heard } else { &band.said }
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
    pub(super) fn play_music(&self, cursor: &mut Cursor, rate: Rate, sound: &mut [i16]) {
        match &self.replaced {
            None => self.music.fill(cursor, self.position(rate), rate, sound),
            Some(old) => self.music.take_over(old, cursor, self.position(rate), rate, sound),
        }
    }

    /// Somebody left, and this is how the word ends.
    pub(super) fn bid_farewell(&mut self, rate: Rate, sound: &[i16]) {
        let farewell = &mut self.bands[rate.index()].farewell;
        farewell.resize(rate.frame(), 0);
        for (farewell, sample) in farewell.iter_mut().zip(sound) {
            *farewell = farewell.saturating_add(*sample);
        }
    }

    /// Somebody says this to one alone, at the rate of that one; `converter` is the speaker's.
    pub(super) fn whisper(
        &mut self,
        to: LegId,
        rates: [Rate; 2],
        converter: &mut Option<Box<Converter>>,
        sound: &[i16],
    ) {
        if self.whispering == self.whispers.len() {
            self.whispers.push(Whisper { to, sound: Vec::with_capacity(Rate::MAX.frame()) });
        }
        let whisper = &mut self.whispers[self.whispering];
        self.whispering += 1;
        whisper.to = to;
        whisper.sound.clear();
        let [from, at] = rates;
        if from == at {
            return whisper.sound.extend_from_slice(sound);
        }
        if converter.as_ref().is_none_or(|converter| !converter.is_between(from, at)) {
            *converter = Some(Box::new(Converter::new(from, at)));
        }
        let converted = converter.as_mut().and_then(|converter| converter.convert(sound, true)).unwrap_or_default();
        whisper.sound.extend(converted.iter().copied().map(sample));
    }

    pub(super) fn is_whispered_to(&self, leg: LegId) -> bool {
        self.whispers_to(leg).next().is_some()
    }

    /// What is whispered to a leg, in frames of its rate.
    #[inline]
    pub(super) fn whispers_to(&self, leg: LegId) -> impl Iterator<Item = &[i16]> {
        let whispers = self.whispers[..self.whispering].iter().filter(move |whisper| whisper.to == leg);
        whispers.map(|whisper| whisper.sound.as_slice())
    }
}
