//! What a call wants to happen.

use super::{Event, LegView, TransferView};
use crate::{
    destination::{Caller, Origin, Purpose},
    ids::LegId,
    media,
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
