//! Why a wish was refused. A refused wish has changed nothing.

use crate::destination::Refusal;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No call of that name.
    #[error("there is no such call")]
    UnknownCall,
    /// No leg of that name, or not in that call.
    #[error("there is no such leg")]
    UnknownLeg,
    /// No transfer of that name, or it is over.
    #[error("there is no such transfer under way")]
    UnknownTransfer,
    /// No attempt of that name, or it is over.
    #[error("nobody is being called by that name")]
    UnknownAttempt,
    /// Nothing of that name is played.
    #[error("nothing of that name is being played")]
    UnknownPlay,
    /// Nothing is gathered by that name.
    #[error("no digits are being gathered by that name")]
    UnknownGather,
    /// No recording of that name is made.
    #[error("no recording of that name is being made")]
    UnknownRecording,
    /// No room of that name.
    #[error("there is no such room")]
    UnknownRoom,
    /// No queue has such an agent.
    #[error("there is no such agent")]
    UnknownAgent,
    /// No extension or trunk of that name.
    #[error("nothing of that name is configured")]
    Unconfigured,
    /// The leg is not one that lives: it has handed its caller over and goes, or is on its way to another call.
    #[error("the leg is not on a live call")]
    NotLive,
    /// The leg has no answer yet.
    #[error("the leg is not answered yet")]
    NotAnswered,
    /// The leg has its answer.
    #[error("the leg is answered already")]
    AlreadyAnswered,
    /// One transfer at a time.
    #[error("a transfer is under way in this call")]
    AlreadyInTransfer,
    /// The transferor is on hold by its own phone, or by us.
    #[error("the leg is on hold")]
    OnHold,
    /// We do not hold it.
    #[error("the leg is not held by us")]
    NotHeld,
    /// It has nobody to hand over.
    #[error("nobody else is in the call")]
    NobodyElse,
    /// The transfer is not at a point where that can be.
    #[error("the transfer is not at that point")]
    NotNow,
    /// What is wished is for conversations, and this is a room.
    #[error("that cannot be done in a conference room")]
    InRoom,
    /// What is wished is for rooms, and this is none.
    #[error("that can be done in a conference room only")]
    NotInRoom,
    /// It is there already.
    #[error("it is in that call already")]
    SameCall,
    /// No such number.
    #[error("the number leads nowhere")]
    NoSuchTarget,
    /// No phone is registered for the target.
    #[error("no phone is registered for the target")]
    NobodyRegistered,
    /// The route does not allow it.
    #[error("the target may not be called")]
    TargetForbidden,
    /// The host of a URI is neither ours nor one that may be called.
    #[error("the host of the URI is not called: `[security] foreign_hosts` names those that are")]
    ForeignHost,
    /// The target is no party that can be called: music, an echo, or a room where a person is needed.
    #[error("the target is nobody who can be called for that")]
    TargetUnfit,
    /// All lines, calls or places are taken.
    #[error("all lines or places are taken")]
    Full,
    /// The switch is being stopped.
    #[error("the switch is being stopped")]
    Stopping,
    /// A value is out of its bounds.
    #[error("{field} is not valid: {why}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What it should be.
        why: &'static str,
    },
    /// A room of that name exists.
    #[error("there is such a room already")]
    RoomExists,
    /// This version cannot.
    #[error("not supported: {0}")]
    Unsupported(&'static str),
}

impl Refused {
    /// What an HTTP client is told.
    pub fn http_status(&self) -> u16 {
        match self {
            Self::UnknownCall
            | Self::UnknownLeg
            | Self::UnknownTransfer
            | Self::UnknownAttempt
            | Self::UnknownPlay
            | Self::UnknownGather
            | Self::UnknownRecording
            | Self::UnknownRoom
            | Self::UnknownAgent
            | Self::Unconfigured => 404,
            Self::NotLive
            | Self::NotAnswered
            | Self::AlreadyAnswered
            | Self::AlreadyInTransfer
            | Self::OnHold
            | Self::NotHeld
            | Self::NobodyElse
            | Self::NotNow
            | Self::InRoom
            | Self::NotInRoom
            | Self::SameCall
            | Self::RoomExists => 409,
            Self::NoSuchTarget
            | Self::NobodyRegistered
            | Self::TargetForbidden
            | Self::ForeignHost
            | Self::TargetUnfit
            | Self::Invalid { .. } => 422,
            Self::Full | Self::Stopping => 503,
            Self::Unsupported(_) => 501,
        }
    }

    /// The name of the rule that refused; it stays the same from version to version.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::UnknownCall => "unknown-call",
            Self::UnknownLeg => "unknown-leg",
            Self::UnknownTransfer => "unknown-transfer",
            Self::UnknownAttempt => "unknown-attempt",
            Self::UnknownPlay => "unknown-play",
            Self::UnknownGather => "unknown-gather",
            Self::UnknownRecording => "unknown-recording",
            Self::UnknownRoom => "unknown-room",
            Self::Unconfigured => "unknown-name",
            Self::UnknownAgent => "unknown-agent",
            Self::NotLive => "not-live",
            Self::NotAnswered => "not-answered",
            Self::AlreadyAnswered => "already-answered",
            Self::AlreadyInTransfer => "already-in-transfer",
            Self::OnHold => "on-hold",
            Self::NotHeld => "not-held",
            Self::NobodyElse => "nobody-else",
            Self::NotNow => "not-now",
            Self::InRoom => "in-room",
            Self::NotInRoom => "not-in-room",
            Self::SameCall => "same-call",
            Self::NoSuchTarget => "no-such-target",
            Self::NobodyRegistered => "nobody-registered",
            Self::TargetForbidden => "target-forbidden",
            Self::ForeignHost => "foreign-host",
            Self::TargetUnfit => "target-unfit",
            Self::Full => "full",
            Self::Stopping => "stopping",
            Self::Invalid { .. } => "invalid",
            Self::RoomExists => "room-exists",
            Self::Unsupported(_) => "unsupported",
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown | Refusal::NoNumber => Self::NoSuchTarget,
            Refusal::Offline => Self::NobodyRegistered,
            Refusal::Forbidden => Self::TargetForbidden,
            Refusal::Foreign => Self::ForeignHost,
            Refusal::Full | Refusal::RoomFull => Self::Full,
            Refusal::Scheme => Self::Invalid { field: "to", why: "a URI must begin with sip: or tel:" },
        }
    }
}
