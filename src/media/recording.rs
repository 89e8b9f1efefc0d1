//! What may be recorded, and what becomes of it.

use super::tape::Tape;
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::fmt;

/// What is done with a recording.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// It begins.
    Start(Box<Recording>),
    /// It stops for a while: what is said meanwhile is left out.
    Pause,
    /// It goes on.
    Resume,
    /// It ends.
    Stop,
}

/// A recording that begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Whom it hears.
    pub scope: Scope,
    /// Who is on which channel.
    pub layout: Layout,
    /// Where the sound goes; as many channels as the layout has.
    pub tape: Tape,
}

/// Whom a recording hears. Only what people say: no music, no clips, no whispers of ours, no coach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All legs of the call, whoever comes and goes. It goes with the leg that it follows into another call; when that leg has left,
    /// it stays with the others.
    #[default]
    Call,
    /// What the leg that it follows says, and what it hears of the others. It ends when that leg leaves.
    Leg,
}

/// Who is on which channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// All on one.
    #[default]
    Mix,
    /// One for each, so many channels (2 to 8): the leg that the recording follows has the first, every other the next one when it is
    /// first heard, and those for whom none is left share the last. A recording of a leg has two: what it says, what it hears.
    Apart(u8),
}

impl Layout {
    /// How many channels it has.
    pub fn channels(self) -> usize {
        match self {
            Self::Mix => 1,
            Self::Apart(channels) => usize::from(channels.clamp(2, 8)),
        }
    }
}

/// What kind of file a recording becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// PCM of 16 bits.
    #[default]
    Wav,
    /// MPEG layer III.
    Mp3,
}

impl Format {
    /// Of file names.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
        }
    }
}

/// Something that became of a recording.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RecordingNews {
    /// The file is there and is being written.
    Started {
        /// Its name in the directory of recordings.
        file: String,
    },
    /// So much could not be written in time since this was last told: silence stands in its place.
    Dropped {
        /// ms.
        lost_ms: u64,
    },
    /// It is complete.
    Ended {
        /// Its name in the directory of recordings.
        file: String,
        /// How long it is, ms.
        length_ms: u64,
        /// How much of that is silence in the place of what could not be written in time, ms.
        lost_ms: u64,
    },
    /// It has ended before its time, with what is written until then.
    Failed(RecordingFault),
}

/// Why a recording failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingFault {
    /// The switch has no directory for recordings.
    NotConfigured,
    /// No room on the disk.
    DiskFull,
    /// The file cannot be written.
    Unwritable(String),
    /// There is no encoder for that format.
    NoEncoder(String),
    /// As many as may be at once are being written.
    TooMany,
}

impl fmt::Display for RecordingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured => f.write_str("the switch has no directory for recordings"),
            Self::DiskFull => f.write_str("the disk is full"),
            Self::Unwritable(reason) => write!(f, "the file cannot be written: {reason}"),
            Self::NoEncoder(reason) => write!(f, "there is no encoder for this format: {reason}"),
            Self::TooMany => f.write_str("too many recordings at once"),
        }
    }
}

impl Serialize for RecordingFault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rule", self.rule())?;
        map.serialize_entry("detail", &self.to_string())?;
        map.end()
    }
}

impl RecordingFault {
    /// Why, as one word that does not change.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::NotConfigured => "recording-not-configured",
            Self::DiskFull => "disk-full",
            Self::Unwritable(_) => "recording-unwritable",
            Self::NoEncoder(_) => "no-encoder",
            Self::TooMany => "too-many-recordings",
        }
    }
}
