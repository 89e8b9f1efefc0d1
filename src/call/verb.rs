//! What a program may wish of a live call. The phone's buttons and the star codes end in the same functions of this room.

use super::Refused;
use crate::{
    destination::Whom,
    ids::{AttemptId, GatherId, LegId, PlayId, RecordingId, TransferId},
};
use std::time::Duration;

/// A wish for one call. It is granted or refused at once, and a refused one changes nothing; what comes of a granted one is
/// told by events.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// Everybody is hung up.
    End,
    /// A leg is hung up.
    Drop {
        /// The leg.
        leg: LegId,
    },
    /// A leg leaves the mix and hears this; once more, and it hears something else.
    Hold {
        /// An answered leg.
        leg: LegId,
        /// What it hears.
        music: Sound,
    },
    /// A leg that we hold is back in the mix.
    Unhold {
        /// The leg.
        leg: LegId,
    },
    /// What a leg may do in the mix. It is neither muted nor deaf after that.
    SetRole {
        /// An answered leg.
        leg: LegId,
        /// What.
        role: Role,
    },
    /// Nobody hears a leg, or those hear it again who may.
    Mute {
        /// An answered leg.
        leg: LegId,
        /// Muted.
        on: bool,
    },
    /// A leg hears nobody, or hears them again.
    Deafen {
        /// An answered leg.
        leg: LegId,
        /// Deaf.
        on: bool,
    },
    /// Something is played.
    Play {
        /// To whom.
        to: Audience,
        /// What.
        sound: Sound,
        /// Over the mix; else instead of it.
        over: bool,
        /// How often; 0: until it is stopped.
        times: u32,
    },
    /// Something is not played any more.
    StopPlay {
        /// What `Play` was granted.
        play: PlayId,
    },
    /// Digits are dialled towards a leg.
    SendDigits {
        /// An answered leg.
        leg: LegId,
        /// `0-9 * # A-D`, `w` is a pause of half a second, `,` and `W` one of a second.
        digits: String,
        /// How long each is pressed, ms, 40 to 8000.
        duration_ms: u16,
    },
    /// Digits of a leg are gathered.
    Gather(Box<Gather>),
    /// No more digits are awaited: those that came are told.
    StopGather {
        /// What `Gather` was granted.
        gather: GatherId,
    },
    /// A recording begins.
    Record {
        /// Of whom.
        of: Audience,
    },
    /// Nothing is recorded until `ResumeRecording`.
    PauseRecording {
        /// What `Record` was granted.
        recording: RecordingId,
    },
    /// It goes on.
    ResumeRecording {
        /// What `Record` was granted.
        recording: RecordingId,
    },
    /// It is closed.
    StopRecording {
        /// What `Record` was granted.
        recording: RecordingId,
    },
    /// One more party.
    Add(Box<Add>),
    /// Who is called by `Add` or `Originate` is not called any more.
    CallOff {
        /// What `Add` was granted.
        attempt: AttemptId,
    },
    /// Those whom a leg talks to go to somebody else.
    Transfer(Box<Transfer>),
    /// The transferor talks to the other one of caller and target.
    Swap {
        /// A warm transfer.
        transfer: TransferId,
    },
    /// Transferor, caller and target talk.
    Merge {
        /// A warm transfer.
        transfer: TransferId,
    },
    /// The transferor goes.
    Complete {
        /// A warm transfer.
        transfer: TransferId,
    },
    /// The target goes; transferor and caller talk.
    Cancel {
        /// A transfer.
        transfer: TransferId,
    },
    /// A caller that waits for instructions hears that it rings (180).
    Ring {
        /// Not answered.
        leg: LegId,
    },
    /// A caller is answered; it stays until a program or itself ends it.
    Answer {
        /// Not answered.
        leg: LegId,
    },
    /// A caller that has no answer is refused.
    Reject {
        /// Not answered.
        leg: LegId,
        /// 300 to 699.
        status: u16,
        /// The reason phrase; empty: the usual one.
        reason: String,
    },
    /// A caller without answer, or one alone with us, is put through.
    Redirect {
        /// The caller.
        leg: LegId,
        /// Where to.
        to: Approach,
    },
    /// What a member's coming and going means to a room.
    Membership {
        /// The member.
        leg: LegId,
        /// What.
        membership: Membership,
    },
}

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
    /// Read out.
    Speech {
        /// What.
        text: String,
        /// `en`, `nl-BE` ...; `None`: that of the configuration.
        language: Option<String>,
        /// A voice by name.
        voice: Option<String>,
    },
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

impl Verb {
    /// The leg that it is about, if it is about one.
    pub fn leg(&self) -> Option<LegId> {
        match self {
            Self::Drop { leg }
            | Self::Hold { leg, .. }
            | Self::Unhold { leg }
            | Self::SetRole { leg, .. }
            | Self::Mute { leg, .. }
            | Self::Deafen { leg, .. }
            | Self::SendDigits { leg, .. }
            | Self::Ring { leg }
            | Self::Answer { leg }
            | Self::Reject { leg, .. }
            | Self::Redirect { leg, .. }
            | Self::Membership { leg, .. }
            | Self::Play { to: Audience::Leg(leg), .. }
            | Self::Record { of: Audience::Leg(leg) } => Some(*leg),
            Self::Gather(gather) => Some(gather.leg),
            Self::Transfer(transfer) => Some(transfer.leg),
            Self::End
            | Self::Play { .. }
            | Self::StopPlay { .. }
            | Self::StopGather { .. }
            | Self::Record { .. }
            | Self::PauseRecording { .. }
            | Self::ResumeRecording { .. }
            | Self::StopRecording { .. }
            | Self::Add(_)
            | Self::CallOff { .. }
            | Self::Swap { .. }
            | Self::Merge { .. }
            | Self::Complete { .. }
            | Self::Cancel { .. } => None,
        }
    }

    /// What it is refused with where nothing of the name that it says is known.
    pub fn unknown(&self) -> Refused {
        match self {
            Self::Swap { .. } | Self::Merge { .. } | Self::Complete { .. } | Self::Cancel { .. } => {
                Refused::UnknownTransfer
            }
            Self::StopPlay { .. } => Refused::UnknownPlay,
            Self::StopGather { .. } => Refused::UnknownGather,
            Self::PauseRecording { .. } | Self::ResumeRecording { .. } | Self::StopRecording { .. } => {
                Refused::UnknownRecording
            }
            Self::CallOff { .. } => Refused::UnknownAttempt,
            Self::End
            | Self::Drop { .. }
            | Self::Hold { .. }
            | Self::Unhold { .. }
            | Self::SetRole { .. }
            | Self::Mute { .. }
            | Self::Deafen { .. }
            | Self::Play { .. }
            | Self::SendDigits { .. }
            | Self::Gather(_)
            | Self::Record { .. }
            | Self::Add(_)
            | Self::Transfer(_)
            | Self::Ring { .. }
            | Self::Answer { .. }
            | Self::Reject { .. }
            | Self::Redirect { .. }
            | Self::Membership { .. } => Refused::UnknownCall,
        }
    }

    /// Who is to be called, if somebody is.
    pub fn approach(&self) -> Option<&Approach> {
        match self {
            Self::Add(add) => Some(&add.who),
            Self::Transfer(transfer) => Some(&transfer.to),
            Self::Redirect { to, .. } => Some(to),
            Self::End
            | Self::Drop { .. }
            | Self::Hold { .. }
            | Self::Unhold { .. }
            | Self::SetRole { .. }
            | Self::Mute { .. }
            | Self::Deafen { .. }
            | Self::Play { .. }
            | Self::StopPlay { .. }
            | Self::SendDigits { .. }
            | Self::Gather(_)
            | Self::StopGather { .. }
            | Self::Record { .. }
            | Self::PauseRecording { .. }
            | Self::ResumeRecording { .. }
            | Self::StopRecording { .. }
            | Self::CallOff { .. }
            | Self::Swap { .. }
            | Self::Merge { .. }
            | Self::Complete { .. }
            | Self::Cancel { .. }
            | Self::Ring { .. }
            | Self::Answer { .. }
            | Self::Reject { .. }
            | Self::Membership { .. } => None,
        }
    }
}
