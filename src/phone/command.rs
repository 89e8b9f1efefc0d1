//! The buttons of a phone.

use crate::{
    ids::LegId,
    sip::{OfferMethod, wire::StatusCode},
};
use std::time::Duration;

/// What somebody does with the phone. A button that means nothing at the moment does nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Registers for so many seconds; 0 takes the registration back.
    Register {
        /// s.
        expires_s: u32,
    },
    /// What becomes of calls that come in from now on.
    Behave(Manner),
    /// Calls a number on a new line.
    Call {
        /// From [`super::Phone::new_line`].
        line: LegId,
        /// What is dialled.
        number: String,
        /// Without SDP: the other side offers.
        late_offer: bool,
        /// Takes the place of somebody (RFC 3891).
        replaces: Option<Place>,
    },
    /// Picks up.
    Answer {
        /// A line that rings.
        line: LegId,
    },
    /// Does not want to.
    Reject {
        /// A line that rings.
        line: LegId,
        /// 486, 603 ...
        status: StatusCode,
    },
    /// Puts the other side on hold.
    Hold {
        /// A line that talks.
        line: LegId,
        /// How it is said.
        style: HoldStyle,
        /// In which request.
        method: OfferMethod,
    },
    /// Takes the other side back.
    Resume {
        /// A line on hold.
        line: LegId,
        /// re-INVITE without SDP.
        late_offer: bool,
    },
    /// Cold transfer: REFER to a number.
    Transfer {
        /// A line that talks.
        line: LegId,
        /// Where the other side shall go.
        number: String,
    },
    /// Attended transfer: REFER whose target takes our place on another line of ours.
    Connect {
        /// The line of who shall move.
        line: LegId,
        /// The line of whom it shall talk to; may still ring (semi-attended).
        with: LegId,
    },
    /// Dials in the call (RFC 4733), 100 ms a digit.
    Dial {
        /// A line that talks.
        line: LegId,
        /// 0-9 * # A-D.
        digits: String,
    },
    /// Says nothing on any line from now on, or speaks again.
    Mute(bool),
    /// Hangs up, cancels or rejects.
    HangUp {
        /// Any line.
        line: LegId,
    },
}

/// What becomes of calls that come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It rings, and is picked up after a while.
    PickUp(Duration),
    /// It rings until somebody does something.
    Ring,
    /// It is refused.
    Refuse(StatusCode),
}

/// How a phone says hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldStyle {
    /// a=sendonly.
    SendOnly,
    /// a=inactive.
    Inactive,
    /// c=IN IP4 0.0.0.0 (RFC 2543).
    ZeroAddress,
}

/// A dialog as its other party names it in Replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Call-ID.
    pub call_id: String,
    /// The tag of who shall be told of the replacement.
    pub to_tag: String,
    /// The tag of whose place is taken.
    pub from_tag: String,
}
