//! What a call wants to happen.

use super::{Event, LegView, Queuing, TransferView};
use crate::{
    destination::{Caller, Origin, Purpose},
    ids::{EntryId, LegId, PlayId, RecordingId},
    media::{self, Format, Layout, Scope, Sound},
    sip::{self, wire::Uri},
};

/// Something that the exchange carries out, in order.
#[derive(Debug)]
pub enum Action {
    /// For the endpoint.
    Sip(sip::Command),
    /// For this call's mixer.
    Media(media::Command),
    /// Where does this lead? Answered at once by `Command::Routed`.
    Route {
        /// Comes back with the answer.
        ticket: u64,
        /// Who asks: decides which routes fit.
        origin: Box<Origin>,
        /// The number or URI; the host does not matter.
        target: Uri,
        /// What for.
        purpose: Purpose,
    },
    /// Legs, ports and trunk lines for these targets, please. Answered at once by `Command::Leased`.
    Lease {
        /// Comes back with the answer.
        ticket: u64,
        /// Whom they are for, in order: a leg to a trunk takes one of its lines.
        callees: Vec<Caller>,
    },
    /// The leg is gone: its name is forgotten, its port is free, and so is its trunk line.
    Release {
        /// The leg.
        leg: LegId,
    },
    /// Of one who waits in a queue, or wants to.
    Queue {
        /// Its place in the queue.
        entry: EntryId,
        /// What.
        what: Queuing,
    },
    /// REFER with Replaces: everybody in this call except `referrer` takes the place of `replaced`, which is a leg of another
    /// call; or, where this call is a room, everybody there except `replaced` comes in here. The exchange moves passengers
    /// between calls and answers `Joined` or `JoinFailed`.
    Join {
        /// The leg of this call that sent REFER.
        referrer: LegId,
        /// The leg whose place is taken.
        replaced: LegId,
    },
    /// Everybody in this call except `leaving` enters the room (REFER to a room; `leaving` = the referrer), or one leg alone
    /// (`only`) does (an INVITE to a room). Done at once: those legs are the room's from now on.
    Enter {
        /// The room.
        conference: String,
        /// Who goes there.
        legs: Vec<LegId>,
    },
    /// Find a sound that is to be played to a leg: a file, a URL, speech. It may take seconds, and nothing waits for it: the answer is
    /// `Command::Fetched` to the call in which the leg is by then. What is to be played then is `media::Source::Clip` (instead of the
    /// mix) or `media::Command::Whisper` (over it) with this very `PlayId`, and its end is told by `media::Event::PlayEnded`.
    Fetch {
        /// What it is for.
        play: PlayId,
        /// Whom it is for. When this leg is gone by the time of the answer, nobody is told.
        leg: LegId,
        /// What.
        sound: Box<Sound>,
    },
    /// A recording begins: of this call, or of one leg of it. What becomes of it is told by `media::Event::Recording`, to the call in
    /// which it is by then. It is paused, resumed and stopped by `Action::Media(media::Command::Record ..)` with the same `follows`.
    Record {
        /// Which.
        recording: RecordingId,
        /// The leg that it goes with from call to call; for a recording of a call the caller, whom transfers take elsewhere; `None`
        /// for a room, where it stays.
        follows: Option<LegId>,
        /// Whom it hears.
        scope: Scope,
        /// Who is on which channel.
        layout: Layout,
        /// What kind of file.
        format: Format,
    },
    /// For those who watch.
    Tell {
        /// What.
        event: Event,
        /// The leg that it is about in its end, where somebody watches.
        leg: Option<Box<LegView>>,
        /// The transfer that it is about in its end, where somebody watches.
        transfer: Option<Box<TransferView>>,
    },
    /// No leg is left: forget the call, unless somebody has come by the time this is carried out.
    End,
}
