//! What the wishes of programs are made of: sounds, roles, whom to call and how.

use crate::{
    destination::Whom,
    ids::LegId,
    media::{Format, Gender},
};
use std::time::Duration;

/// What a program may have played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sound {
    /// The hold music of the configuration.
    #[default]
    Music,
    /// Nothing.
    Silence,
    /// As if it rang.
    Ringback,
    /// Busy tone.
    Busy,
    /// The tone that says that it did not work.
    Notice,
    /// A short tone.
    Beep,
    /// Files of the library by name, or addresses (http, https), one after the other.
    Clips(Vec<String>),
    /// The same in another order each time round.
    Shuffled(Vec<String>),
    /// Read out.
    Speech {
        /// What.
        text: String,
        /// `en`, `nl-BE` ...; `None`: that of the configuration.
        language: Option<String>,
        /// A voice by name.
        voice: Option<String>,
        /// Whose voice it should be like.
        gender: Option<Gender>,
    },
}

impl Sound {
    /// Whether it must be found, and comes to an end by itself; the others are music and tones, which every mixer has.
    pub(super) fn is_clip(&self) -> bool {
        match self {
            Self::Clips(_) | Self::Shuffled(_) | Self::Speech { .. } => true,
            Self::Music | Self::Silence | Self::Ringback | Self::Busy | Self::Notice | Self::Beep => false,
        }
    }
}

/// What kind of recording is wished for; what is not said is as the configuration has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordingKind {
    /// What kind of file.
    pub format: Option<Format>,
    /// On how many channels: 1 for all together, else one for each party.
    pub channels: Option<u8>,
}

/// To whom something is played, or who is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// One leg.
    Leg(LegId),
    /// All of the call.
    All,
}

/// What a leg may do in the mix, beside being muted or deaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Is heard and hears.
    #[default]
    Talk,
    /// Hears all, is heard by one.
    Coach {
        /// By whom.
        target: LegId,
    },
    /// Hears all, is heard by nobody.
    Monitor,
}

/// Digits to be gathered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gather {
    /// From whom.
    pub leg: LegId,
    /// So many are enough, 1 to 64.
    pub max_digits: usize,
    /// These end it, and are not part of it.
    pub terminators: String,
    /// How long the first digit may take, after the prompt.
    pub first_timeout: Duration,
    /// How long each further digit may take.
    pub digit_timeout: Duration,
    /// Played before; a digit interrupts it.
    pub prompt: Option<Sound>,
}

/// Whom to call, as whom, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approach {
    /// Whom.
    pub to: Whom,
    /// The number that the called sees; `None`: that of the caller.
    pub source: Option<String>,
    /// The name that the called sees; `None`: that of the caller, if `source` is `None` too.
    pub display_name: Option<String>,
    /// The called sees nobody's number.
    pub private: bool,
    /// How long it may ring; `None`: as the settings say.
    pub ring_timeout: Option<Duration>,
    /// Those who wait hear what the network or the phone there plays before the answer.
    pub early_media: bool,
    /// Played to who answers, before it is joined with anybody.
    pub whisper: Option<Sound>,
    /// Who answers is only joined when it dials this digit, else it counts as busy.
    pub confirm: Option<char>,
}

impl Approach {
    /// The usual way to call somebody.
    pub fn new(to: Whom) -> Self {
        Self {
            to,
            source: None,
            display_name: None,
            private: false,
            ring_timeout: None,
            early_media: true,
            whisper: None,
            confirm: None,
        }
    }
}

/// One more party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Add {
    /// Whom.
    pub who: Approach,
    /// What it may do once it is there.
    pub role: Role,
}

/// A transfer by a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Who hands over.
    pub leg: LegId,
    /// To whom.
    pub to: Approach,
    /// In which way.
    pub manner: Manner,
    /// What those hear who wait.
    pub music: Sound,
}

/// In which way a transfer is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The transferor leaves as soon as the target has answered.
    Cold,
    /// The transferor talks to the target first, in this call.
    Warm,
}

/// What a member's coming and going means to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The talk begins when it enters, if it did not yet.
    pub starts: bool,
    /// The room ends when it leaves.
    pub ends: bool,
}

impl Default for Membership {
    fn default() -> Self {
        Self { starts: true, ends: false }
    }
}
