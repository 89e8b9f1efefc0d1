//! What a leg is played: which clips, how often, and from where on.

use super::audio::{
    fade,
    frame::Rate,
    playlist::{Cursor, Playlist},
    sum::Aside,
};
use crate::ids::PlayId;
use std::sync::Arc;

/// Something to be played to a leg, instead of the mix (`Source::Clip`) or over it (`Command::Whisper`).
#[derive(Clone, Debug)]
pub struct Playback {
    /// Comes back in `Event::PlayEnded`. Never used again, so that two with one id are the same.
    pub id: PlayId,
    /// The clips; a single one is a list of one.
    pub what: Arc<Playlist>,
    /// How often.
    pub repeat: Repeat,
    /// From where on.
    pub position: Position,
}

/// How often a list is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// From the first clip to the last.
    #[default]
    Once,
    /// So many times; 0 is silence.
    Times(u32),
    /// Until something else is played.
    Forever,
}

/// Where a list begins for somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Position {
    /// At its beginning.
    #[default]
    Start,
    /// Where it is for everybody: it has been playing since the switch began, and goes on for ever.
    Shared,
}

impl PartialEq for Playback {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Playback {}

impl Playback {
    fn rounds(&self) -> Option<u64> {
        match (self.position, self.repeat) {
            (Position::Shared, _) | (Position::Start, Repeat::Forever) => None,
            (Position::Start, Repeat::Once) => Some(1),
            (Position::Start, Repeat::Times(times)) => Some(u64::from(times)),
        }
    }
}

/// Something heard over everything else.
#[derive(Debug)]
pub(super) struct Whisper {
    playing: Playing,
    has_begun: bool,
    is_ending: bool,
}

impl Whisper {
    pub(super) fn new(playback: Playback) -> Self {
        Self { playing: Playing::new(playback), has_begun: false, is_ending: false }
    }

    pub(super) fn id(&self) -> PlayId {
        self.playing.id()
    }

    /// It fades in the next frame. False: it does already.
    pub(super) fn ends(&mut self) -> bool {
        !std::mem::replace(&mut self.is_ending, true)
    }

    pub(super) fn is_ending(&self) -> bool {
        self.is_ending
    }

    /// Says what comes next; `scratch` is a frame. False: that was its last, and if it was not broken off, it was heard to its end.
    pub(super) fn say(&mut self, now: u64, rate: Rate, aside: &mut Aside, scratch: &mut [i16]) -> bool {
        self.playing.fill(now, rate, scratch);
        if !std::mem::replace(&mut self.has_begun, true) {
            fade::fade_in(scratch, rate);
        }
        if self.is_ending {
            fade::fade_out(scratch, rate);
        }
        aside.add(scratch);
        !self.is_ending && !self.playing.is_over()
    }
}

/// Somebody's playing, as far as it has come.
#[derive(Clone, Debug)]
pub(super) struct Playing {
    playback: Playback,
    cursor: Cursor,
    is_over: bool,
}

impl Playing {
    pub(super) fn new(playback: Playback) -> Self {
        Self { playback, cursor: Cursor::default(), is_over: false }
    }

    pub(super) fn id(&self) -> PlayId {
        self.playback.id
    }

    /// It was played to its end.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Writes what comes next; `now` is the room's time in samples, for what has one position for everybody.
    pub(super) fn fill(&mut self, now: u64, rate: Rate, sound: &mut [i16]) {
        if self.playback.position == Position::Shared {
            self.cursor.seek(&self.playback.what, now, rate);
        }
        self.is_over = !self.cursor.fill(&self.playback.what, self.playback.rounds(), rate, sound);
    }
}
