//! What an attempt is for, by whose wish, and in which way.

use super::{Role, Sound, attempt::Second, cold::Transferor};
use crate::ids::{AttemptId, LegId, TransferId};

/// In which way somebody is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// Those who wait hear what comes before the answer.
    pub(super) early_media: bool,
    /// Played to who answers before it is joined.
    pub(super) whisper: Option<Sound>,
    /// The digit by which it says that it wants to be.
    pub(super) confirm: Option<char>,
}

impl Default for Way {
    fn default() -> Self {
        Self { early_media: true, whisper: None, confirm: None }
    }
}

/// The wish of a program that an attempt carries out.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) id: AttemptId,
    /// Whom, as it was said.
    pub(super) to: String,
}

/// What the attempt is for: who is told how it goes.
#[derive(Clone, Debug)]
pub(super) enum Errand {
    /// The destination of those who called.
    First,
    /// The same, but whoever called has handed its waiting over (semi-attended transfer).
    Handed(Box<Transferor>),
    /// A cold transfer's target.
    Cold,
    /// A warm transfer's target.
    Warm,
    /// One more for the room, asked for by this member.
    Invitation(LegId, TransferId),
    /// The transferor, once more.
    Recall,
    /// Whoever takes callers that nobody else would.
    Fallback,
    /// One more party, by the wish of a program.
    Added(Role),
    /// The first of a call that we make, and who comes after.
    Originated(Option<Box<Second>>),
    /// The second of a call that we make; the first waits.
    Second(LegId),
    /// Where a program puts a caller through to.
    Redirected,
    /// Whoever of a queue is free, for one who waits there and has nobody else.
    Queued,
}
