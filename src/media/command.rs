//! What a mixer may be asked to do.

use super::{Playback, Record, sdp::Session};
use crate::ids::{LegId, RecordingId};

/// A wish. One for a leg that is not in the mixer changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A leg enters; it neither sends nor hears until its `Stream` is known.
    Join {
        /// The leg.
        leg: LegId,
    },
    /// What offer and answer agreed on, for the first time or anew. The line of SSRC, sequence and timestamp towards the
    /// leg goes on.
    Stream {
        /// The leg.
        leg: LegId,
        /// The agreement.
        session: Box<Session>,
    },
    /// Who hears whom.
    Role {
        /// The leg.
        leg: LegId,
        /// What it may do.
        role: Role,
    },
    /// What the leg hears instead of the mix; `None` is the mix again.
    Play {
        /// The leg.
        leg: LegId,
        /// What.
        source: Option<Source>,
    },
    /// Something that the leg hears over whatever else it hears, and it alone: a hint before it is joined, a beep. A new one takes the
    /// place of the one before; `None` ends it.
    Whisper {
        /// The leg.
        leg: LegId,
        /// What.
        playback: Option<Playback>,
    },
    /// Something about a recording.
    Record {
        /// Which.
        recording: RecordingId,
        /// The leg that it goes with from mixer to mixer: the command finds it wherever that leg is.
        follows: Option<LegId>,
        /// What.
        what: Record,
    },
    /// What becomes of the digits that this leg dials.
    Digits {
        /// The leg.
        leg: LegId,
        /// Straight on to the others, or only as events.
        mode: DigitMode,
    },
    /// Dials a digit towards a leg: as it wants it (`Session::dtmf`).
    SendDigit {
        /// The leg that shall hear it.
        leg: LegId,
        /// 0-9 * # A-D.
        digit: char,
        /// How long, ms, 40 to 8000.
        duration_ms: u16,
    },
    /// A digit of the leg's that came by INFO.
    Pressed {
        /// The leg.
        leg: LegId,
        /// 0-9 * # A-D.
        digit: char,
        /// How long, ms.
        duration_ms: u16,
    },
    /// The leg goes; its socket may be closed.
    Leave {
        /// The leg.
        leg: LegId,
    },
}

impl Command {
    /// The leg that it is about, if it is about one: where that one goes, it follows.
    pub fn leg(&self) -> Option<LegId> {
        match self {
            Self::Join { leg }
            | Self::Stream { leg, .. }
            | Self::Role { leg, .. }
            | Self::Play { leg, .. }
            | Self::Whisper { leg, .. }
            | Self::Digits { leg, .. }
            | Self::SendDigit { leg, .. }
            | Self::Pressed { leg, .. }
            | Self::Leave { leg } => Some(*leg),
            Self::Record { follows, .. } => *follows,
        }
    }
}

/// What a leg may do in the mix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Is heard and hears.
    #[default]
    Talk,
    /// Hears, is not heard.
    Muted,
    /// Is heard, hears nothing.
    Deaf,
    /// Neither; what it hears is what it is played. Held is by us or by its own phone.
    Held,
    /// Hears all, is heard by one leg alone, and by that one only while it hears the others.
    Coach {
        /// Who hears it.
        target: LegId,
    },
    /// Hears all, is heard by nobody.
    Monitor,
}

/// What a leg may be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The hold music, at the position it has for everybody.
    HoldMusic,
    /// Ringback, for whom nothing better is sent by the far end.
    Ringback,
    /// Busy tone.
    Busy,
    /// The tone that says that a call could not be put through.
    Notice,
    /// A short tone that asks for digits.
    Prompt,
    /// Clips; `Event::PlayEnded` tells when they are over, and silence follows until something else is wished.
    Clip(Playback),
    /// What the leg itself says.
    Echo,
    /// Nothing.
    Silence,
}

/// What becomes of digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DigitMode {
    /// They reach all who hear the leg, and are told as events.
    #[default]
    Pass,
    /// They are told as events, and nobody hears them: the call decides by `SendDigit`.
    Collect,
}
