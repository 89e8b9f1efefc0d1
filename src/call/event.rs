//! What a call tells to those who watch: logs, the API, call records.

use crate::{destination::Caller, ids::LegId, media::Quality};

/// Something that people want to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
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
    /// A transfer began.
    TransferStarted {
        /// Who transfers.
        transferor: LegId,
        /// Where to, as it was said.
        target: String,
        /// Attended, or cold.
        attended: bool,
    },
    /// A transfer ended.
    TransferEnded {
        /// Who transferred.
        transferor: LegId,
        /// How.
        outcome: Outcome,
        /// The SIP status that decided it.
        status: u16,
    },
    /// A digit was dialled.
    Digit {
        /// By whom.
        leg: LegId,
        /// Which.
        digit: char,
    },
    /// How the media of a leg fare: every 30 s, and once more when it has gone.
    Quality {
        /// The leg; at the end it belongs to no call any more.
        leg: LegId,
        /// The figures.
        quality: Box<Quality>,
    },
}

/// How a transfer ended (design: every branch has a name).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
