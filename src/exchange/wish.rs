//! What a program may ask of the exchange, and what it is granted.

use super::{AgentView, WaitingView};
use crate::{
    call::{self, Approach, CallView, LegView, Membership, Sound, Stamp, TransferView, Verb},
    ids::{AttemptId, CallId, GatherId, LegId, PlayId, RecordingId, TransferId, WishId},
    switch::Strategy,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A wish. It is granted or refused at once, and a refused one changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// Comes back in the news that it causes at once.
    pub id: WishId,
    /// Who asks, for those who look later.
    pub by: String,
    /// What.
    pub what: What,
}

/// What a program may wish.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// All calls. `Granted::Calls`.
    Calls,
    /// One call. `Granted::Call`.
    Call(CallId),
    /// One leg. `Granted::Leg`.
    Leg(LegId),
    /// A transfer under way. `Granted::Transfer`.
    Transfer(TransferId),
    /// All registrations. `Granted::Registrations`.
    Registrations,
    /// All extensions. `Granted::Extensions`.
    Extensions,
    /// All trunks. `Granted::Trunks`.
    Trunks,
    /// All rooms. `Granted::Rooms`.
    Rooms,
    /// All queues. `Granted::Queues`.
    Queues,
    /// An agent takes calls of queues, or none. `Granted::Done`.
    PauseAgent {
        /// The extension.
        agent: String,
        /// None.
        paused: bool,
    },
    /// Something with a live call. `Granted::Done`.
    Obey {
        /// The call; `None`: the one in which the leg, transfer, play ... is.
        call: Option<CallId>,
        /// What.
        verb: Verb,
    },
    /// A new call. `Granted::Done`.
    Originate(Box<Originate>),
    /// A leg goes to another call. `Granted::Done`.
    Move {
        /// The leg.
        leg: LegId,
        /// Where to.
        to: CallId,
    },
    /// Everybody of one call goes to another. `Granted::Done`.
    MergeCalls {
        /// This one ends.
        from: CallId,
        /// This one goes on.
        into: CallId,
        /// One who does not come along and is hung up: an agent who is in both.
        leaving: Option<LegId>,
    },
    /// Two legs of one person leave, and those whom it talked to in its two calls talk to each other. `Granted::Done`.
    Bridge {
        /// Its leg in the one call.
        leg: LegId,
        /// Its leg in the other.
        with: LegId,
    },
    /// A room, before anybody enters. `Granted::Done`.
    OpenRoom {
        /// Its name.
        name: String,
        /// What is special about it.
        settings: RoomSettings,
    },
    /// What `OpenRoom` said of a room is forgotten; those in it stay. `Granted::Done`.
    CloseRoom {
        /// Its name.
        name: String,
    },
}

/// A call that we make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Originate {
    /// Who is called first.
    pub first: Approach,
    /// Who is called when the first has answered, and joined with it.
    pub second: Option<Approach>,
    /// What the first hears while the second is called.
    pub waiting: Sound,
}

pub use call::RoomSettings;

/// What was granted.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "it is handed over at once and never kept")]
pub enum Granted {
    /// All calls, the oldest first.
    Calls(Vec<CallView>),
    /// One call.
    Call(CallView),
    /// One leg.
    Leg(LegView),
    /// A transfer.
    Transfer(TransferView),
    /// All registrations.
    Registrations(Vec<RegistrationView>),
    /// All extensions, as they are configured.
    Extensions(Vec<ExtensionView>),
    /// All trunks.
    Trunks(Vec<TrunkView>),
    /// All rooms.
    Rooms(Vec<RoomView>),
    /// All queues.
    Queues(Vec<QueueView>),
    /// It is done, or begun; this is how things are now.
    Done(Done),
}

/// How things are after a wish was granted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Done {
    /// The call, if it is not over.
    pub call: Option<CallView>,
    /// The leg that the wish was about, if it is not gone.
    pub leg: Option<LegView>,
    /// The transfer that the wish began or went on with; with its outcome if it is over.
    pub transfer: Option<TransferView>,
    /// The attempt that it began.
    pub attempt: Option<AttemptId>,
    /// What is played.
    pub play: Option<PlayId>,
    /// What is gathered.
    pub gather: Option<GatherId>,
    /// What is recorded.
    pub recording: Option<RecordingId>,
}

/// An extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExtensionView {
    /// What others dial.
    pub number: String,
    /// What the called see beside it.
    pub name: Option<String>,
}

/// A registered phone.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct RegistrationView {
    /// The extension.
    pub extension: String,
    /// The contact URI.
    pub contact: String,
    /// Where its REGISTER came from.
    pub source: String,
    /// What it says that it is.
    pub user_agent: String,
    /// When it runs out.
    pub expires_at: Stamp,
}

/// A trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrunkView {
    /// Its name.
    pub name: String,
    /// Its host, as configured.
    pub host: String,
    /// Where that is; empty while nobody knows.
    pub addresses: Vec<String>,
    /// Lines in use.
    pub lines_in_use: u32,
    /// Lines that there are; `None`: any number.
    pub lines: Option<u32>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueueView {
    /// Its name.
    pub name: String,
    /// The number by which it is dialled.
    pub number: Option<String>,
    /// Who is offered a caller.
    pub strategy: Strategy,
    /// Who waits, the next first; an event names no more than 50.
    pub waiting: Vec<WaitingView>,
    /// How many wait.
    pub length: usize,
    /// Those who take its calls, in the order of the configuration.
    pub agents: Vec<AgentView>,
    /// How many of them may be offered a call now.
    pub free_agents: usize,
    /// No more may wait.
    pub max_length: Option<usize>,
    /// Nobody waits for longer, s.
    pub max_wait_s: Option<u64>,
    /// Where those go whom it does not take, or keeps no longer.
    pub fallback: Option<String>,
}

/// A conference room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoomView {
    /// Its name.
    pub name: String,
    /// The call that it is; `None` while nobody has entered.
    pub call: Option<CallId>,
    /// Who is in it.
    pub members: Vec<LegId>,
    /// Somebody is there whose coming starts the talk.
    pub started: bool,
    /// No more than these.
    pub max_members: Option<usize>,
    /// Settings came by a program.
    pub configured: bool,
    /// What the coming and going of those means who just dial in.
    pub members_start: bool,
    /// The same.
    pub members_end: bool,
}

impl RoomView {
    /// What the coming and going of those means who just dial in.
    pub fn membership(&self) -> Membership {
        Membership { starts: self.members_start, ends: self.members_end }
    }
}
