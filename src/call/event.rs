//! What a call tells to those who watch: logs, the API, call records.

use super::view::TransferPhase;
use crate::{
    destination::{Caller, QueueEnd},
    ids::{AttemptId, CallId, EntryId, GatherId, LegId, PlayId, RecordingId, TransferId},
    media::{Quality, RecordingNews, SoundError},
};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that people want to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The call began.
    CallStarted,
    /// The call is over.
    CallEnded,
    /// A leg began.
    LegStarted {
        /// The leg.
        leg: LegId,
        /// Whose it is.
        who: Caller,
        /// It called us; else we call it.
        incoming: bool,
    },
    /// A leg rings.
    LegRinging {
        /// The leg.
        leg: LegId,
    },
    /// A leg was answered.
    LegAnswered {
        /// The leg.
        leg: LegId,
    },
    /// A leg came here from another call.
    LegMoved {
        /// The leg.
        leg: LegId,
        /// Where it was.
        from: CallId,
    },
    /// A leg ended.
    LegEnded {
        /// The leg.
        leg: LegId,
        /// SIP status for one that was never answered, else 200.
        status: u16,
        /// In words.
        reason: String,
    },
    /// A leg was put on hold by its own phone (`by_phone`) or by us, or came back.
    Hold {
        /// The leg.
        leg: LegId,
        /// Held now.
        held: bool,
        /// By its own phone.
        by_phone: bool,
    },
    /// What a leg may do in the mix is another now.
    Role {
        /// The leg.
        leg: LegId,
    },
    /// A transfer began.
    TransferStarted {
        /// Its name.
        transfer: TransferId,
        /// Who transfers.
        transferor: LegId,
        /// Where to, as it was said.
        target: String,
        /// Attended, or cold.
        attended: bool,
    },
    /// A transfer goes on.
    TransferPhase {
        /// Its name.
        transfer: TransferId,
        /// How far it is.
        phase: TransferPhase,
    },
    /// A transfer ended.
    TransferEnded {
        /// Its name.
        transfer: TransferId,
        /// Who transferred.
        transferor: LegId,
        /// How.
        outcome: Outcome,
        /// The SIP status that decided it.
        status: u16,
        /// The reason phrase that came with it, if one did.
        reason: String,
    },
    /// Somebody is called for `Add`, `Originate` or `Redirect`.
    AttemptStarted {
        /// Its name.
        attempt: AttemptId,
        /// Whom, as it was said.
        to: String,
    },
    /// The one who was called is there, or will not come.
    AttemptEnded {
        /// Its name.
        attempt: AttemptId,
        /// Who answered.
        leg: Option<LegId>,
        /// The SIP status: 200, or why not.
        status: u16,
        /// The reason phrase that came with it, if one did.
        reason: String,
    },
    /// A caller waits for a program to say what to do with it.
    Waiting {
        /// The caller.
        leg: LegId,
        /// The name of the flow, as the route says it.
        flow: String,
    },
    /// No program said in time what to do with a caller.
    WaitedInVain {
        /// The caller.
        leg: LegId,
        /// The name of the flow.
        flow: String,
    },
    /// Something became of one who waits in a queue.
    Queue {
        /// Its place.
        entry: EntryId,
        /// The queue.
        queue: String,
        /// Who waits; `None` where nobody does, because an agent is called first.
        leg: Option<LegId>,
        /// What.
        news: QueueNews,
    },
    /// Something became of the file of a recording of this call or of one of its legs; it may come after the call is over.
    RecordingFile {
        /// Which.
        recording: RecordingId,
        /// What.
        news: RecordingNews,
    },
    /// A digit was dialled.
    Digit {
        /// By whom.
        leg: LegId,
        /// Which.
        digit: char,
        /// How long, ms.
        duration_ms: u16,
    },
    /// All digits were dialled towards a leg.
    DigitsSent {
        /// The leg.
        leg: LegId,
    },
    /// Digits are gathered no more.
    Gathered {
        /// By whom they were dialled.
        leg: LegId,
        /// Its name.
        gather: GatherId,
        /// What came.
        digits: String,
        /// Why no more are awaited.
        end: GatherEnd,
    },
    /// Something is played.
    PlayStarted {
        /// Its name.
        play: PlayId,
        /// To this leg alone; else to all.
        leg: Option<LegId>,
    },
    /// It is not played any more.
    PlayEnded {
        /// Its name.
        play: PlayId,
        /// To this leg alone; else to all.
        leg: Option<LegId>,
        /// Why.
        end: PlayEnd,
        /// Why it could not be played, where that is why.
        fault: Option<SoundError>,
    },
    /// A recording begins, pauses, goes on, ends.
    Recording {
        /// Its name.
        recording: RecordingId,
        /// Of this leg alone; else of all.
        leg: Option<LegId>,
        /// What.
        state: RecordingState,
    },
    /// How the media of a leg fare: every 30 s, and once more when it has gone.
    Quality {
        /// The leg; at the end it belongs to no call any more.
        leg: LegId,
        /// The figures.
        quality: Box<Quality>,
    },
}

/// What becomes of one who waits in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueNews {
    /// It waits.
    Entered {
        /// 1 is the next.
        position: usize,
    },
    /// The phone of an agent is called for it.
    Offered {
        /// The extension.
        agent: String,
    },
    /// The agent does not take it.
    Declined {
        /// The extension.
        agent: String,
        /// SIP status; 480 for one that rang in vain.
        status: u16,
    },
    /// It has an agent.
    Answered {
        /// The extension.
        agent: String,
        /// The agent's leg.
        leg: LegId,
    },
    /// It is not in the queue any more, and has no agent.
    Left {
        /// Why.
        why: QueueEnd,
    },
}

/// How a transfer ended (design: every branch has a name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Caller and target talk.
    Completed,
    /// It failed, and caller and transferor talk again.
    Recalled,
    /// It failed, and the caller went to the fallback.
    FellBack,
    /// It failed and nobody was left for the caller.
    Abandoned,
    /// The caller hung up.
    CallerLeft,
    /// The transferor took it back (*5, or hung up the consultation).
    Cancelled,
    /// It was refused before it began.
    Refused,
}

/// Why no more digits are awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GatherEnd {
    /// As many came as were wanted.
    MaxDigits,
    /// One of the digits that end it.
    Terminator,
    /// No digit came for too long.
    Timeout,
    /// A program took it back.
    Stopped,
    /// The leg is gone.
    LegEnded,
}

/// Why something is not played any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlayEnd {
    /// It came to its end.
    Done,
    /// A program stopped it, or something else took its place.
    Stopped,
    /// It could not be fetched or read.
    Failed,
    /// The leg is gone.
    LegEnded,
}

/// What becomes of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// It began.
    Started,
    /// Nothing is recorded for now.
    Paused,
    /// It goes on.
    Resumed,
    /// It is closed.
    Ended,
    /// It could not be made or went wrong.
    Failed,
}

impl Event {
    /// The transfer that it is about, if it is about one.
    pub fn transfer(&self) -> Option<TransferId> {
        match self {
            Self::TransferStarted { transfer, .. }
            | Self::TransferPhase { transfer, .. }
            | Self::TransferEnded { transfer, .. } => Some(*transfer),
            Self::CallStarted
            | Self::CallEnded
            | Self::LegStarted { .. }
            | Self::LegRinging { .. }
            | Self::LegAnswered { .. }
            | Self::LegMoved { .. }
            | Self::LegEnded { .. }
            | Self::Hold { .. }
            | Self::Role { .. }
            | Self::AttemptStarted { .. }
            | Self::AttemptEnded { .. }
            | Self::Waiting { .. }
            | Self::WaitedInVain { .. }
            | Self::Digit { .. }
            | Self::DigitsSent { .. }
            | Self::Gathered { .. }
            | Self::PlayStarted { .. }
            | Self::PlayEnded { .. }
            | Self::Recording { .. }
            | Self::Queue { .. }
            | Self::RecordingFile { .. }
            | Self::Quality { .. } => None,
        }
    }

    /// The leg that it is about, if it is about one.
    pub fn leg(&self) -> Option<LegId> {
        match self {
            Self::LegStarted { leg, .. }
            | Self::LegRinging { leg }
            | Self::LegAnswered { leg }
            | Self::LegMoved { leg, .. }
            | Self::LegEnded { leg, .. }
            | Self::Hold { leg, .. }
            | Self::Role { leg }
            | Self::Waiting { leg, .. }
            | Self::WaitedInVain { leg, .. }
            | Self::Digit { leg, .. }
            | Self::DigitsSent { leg }
            | Self::Gathered { leg, .. }
            | Self::Quality { leg, .. } => Some(*leg),
            Self::AttemptEnded { leg, .. }
            | Self::Queue { leg, .. }
            | Self::PlayStarted { leg, .. }
            | Self::PlayEnded { leg, .. }
            | Self::Recording { leg, .. } => *leg,
            Self::TransferStarted { transferor, .. } | Self::TransferEnded { transferor, .. } => Some(*transferor),
            Self::CallStarted
            | Self::CallEnded
            | Self::TransferPhase { .. }
            | Self::AttemptStarted { .. }
            | Self::RecordingFile { .. } => None,
        }
    }
}
