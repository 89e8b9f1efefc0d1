//! What a program may wish of a live call. The phone's buttons and the star codes end in the same functions of this room.

use super::{
    Refused,
    wishes::{Add, Approach, Audience, Gather, Membership, RecordingKind, Role, Sound, Transfer},
};
use crate::ids::{AttemptId, GatherId, LegId, PlayId, RecordingId, TransferId};

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
        /// What kind.
        kind: RecordingKind,
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
            | Self::Record { of: Audience::Leg(leg), .. } => Some(*leg),
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
        let is_of_transfer =
            matches!(self, Self::Swap { .. } | Self::Merge { .. } | Self::Complete { .. } | Self::Cancel { .. });
        let is_of_recording =
            matches!(self, Self::PauseRecording { .. } | Self::ResumeRecording { .. } | Self::StopRecording { .. });
        if is_of_transfer {
            Refused::UnknownTransfer
        } else if is_of_recording {
            Refused::UnknownRecording
        } else if matches!(self, Self::StopPlay { .. }) {
            Refused::UnknownPlay
        } else if matches!(self, Self::StopGather { .. }) {
            Refused::UnknownGather
        } else if matches!(self, Self::CallOff { .. }) {
            Refused::UnknownAttempt
        } else {
            Refused::UnknownCall
        }
    }

    /// Who is to be called, if somebody is.
    pub fn approach(&self) -> Option<&Approach> {
        if let Self::Add(add) = self {
            return Some(&add.who);
        }
        if let Self::Transfer(transfer) = self {
            return Some(&transfer.to);
        }
        if let Self::Redirect { to, .. } = self { Some(to) } else { None }
    }
}
