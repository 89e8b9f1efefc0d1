//! What a call may be asked, and the answers to what it asked.

use crate::{
    destination::{Origin, Plan, Refusal, Target},
    ids::{EntryId, LegId, PlayId},
    media::{Playlist, SoundError},
    sip::{Incoming, wire::StatusCode},
};
use std::sync::Arc;

/// Something for a call, beside the events of its legs (`Call::sip`, `Call::media`).
#[derive(Debug)]
pub enum Command {
    /// The first leg of a new call, or one more of a room. The call decides what to say to it.
    Admit {
        /// The INVITE.
        incoming: Box<Incoming>,
        /// Our media port for it, leased until `Action::Release`.
        port: u16,
        /// Who it is.
        origin: Origin,
        /// What it wants, as the dial plan sees it.
        plan: Result<Plan, Refusal>,
    },
    /// An INVITE with Replaces (RFC 3891) that takes the place of a leg of this call.
    Replace {
        /// The INVITE.
        incoming: Box<Incoming>,
        /// Our media port for it.
        port: u16,
        /// Who it is.
        origin: Origin,
        /// The leg of this call whose place it takes.
        replaced: LegId,
    },
    /// The answer to `Action::Route`.
    Routed {
        /// As in the question.
        ticket: u64,
        /// Where to go.
        plan: Result<Plan, Refusal>,
    },
    /// The targets of the next step of a plan have legs and ports now (the answer to `Action::Lease`).
    Leased {
        /// As in the question.
        ticket: u64,
        /// One name and port a target, in order. `None`: no port was left, or its trunk has no free line; that target
        /// counts as one that answered 503.
        legs: Vec<Option<(LegId, u16)>>,
    },
    /// A leg of this call shall take the place of `replaced`, which is in another call or in this: told to the call of the
    /// referrer when `Action::Join` could not be done.
    JoinFailed {
        /// The leg that asked by REFER.
        referrer: LegId,
        /// What to say in NOTIFY.
        status: StatusCode,
    },
    /// `Action::Join` was done: those who were to move have moved.
    Joined {
        /// The leg that asked by REFER.
        referrer: LegId,
    },
    /// The answer to `Action::Fetch`.
    Fetched {
        /// As in the question.
        play: PlayId,
        /// As in the question; it is in this call.
        leg: LegId,
        /// The clips, or why there are none.
        sound: Result<Arc<Playlist>, SoundError>,
    },
    /// Who wanted to wait in a queue waits there from now on (`Queuing::Enter`).
    Queued {
        /// Its place.
        entry: EntryId,
    },
    /// The queue offers an agent to one who waits. When it does not take the call, `Queuing::Declined` says so.
    OfferAgent {
        /// The place of who waits.
        entry: EntryId,
        /// The agent's extension.
        agent: String,
        /// Its phones.
        targets: Vec<Target>,
    },
    /// Who waited, or wanted to, is not in the queue.
    QueueOver {
        /// Its place.
        entry: EntryId,
        /// The SIP status that says why.
        status: u16,
        /// Where it goes instead.
        fallback: Option<String>,
    },
    /// The switch is being stopped: end everything.
    Shutdown,
}
