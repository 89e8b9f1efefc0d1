//! The display of a phone.

use crate::{
    ids::LegId,
    sip::{Cause, wire::StatusCode},
};

/// Something that its user sees or hears of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The answer to REGISTER.
    Registered {
        /// 200, or why not.
        status: StatusCode,
    },
    /// Somebody calls.
    Rings {
        /// The new line.
        line: LegId,
        /// User part of who calls.
        from: String,
        /// Display name of who calls.
        name: Option<String>,
    },
    /// The other side rings, or says something like it.
    Progress {
        /// The line.
        line: LegId,
        /// 180, 183 ...
        status: StatusCode,
    },
    /// The call stands.
    Talks {
        /// The line.
        line: LegId,
    },
    /// The line came to nothing.
    Failed {
        /// The line, which is gone.
        line: LegId,
        /// Why.
        status: StatusCode,
    },
    /// The line is over.
    Ended {
        /// The line, which is gone.
        line: LegId,
        /// Why.
        cause: Cause,
    },
    /// Our hold or resume took effect.
    Held {
        /// The line.
        line: LegId,
        /// On hold now.
        held: bool,
    },
    /// Our hold or resume was refused; all stays as it was.
    HoldRefused {
        /// The line.
        line: LegId,
        /// Why.
        status: StatusCode,
    },
    /// The other side put us on hold, or took us back.
    HeldByPeer {
        /// The line.
        line: LegId,
        /// On hold now.
        held: bool,
    },
    /// The answer to our REFER.
    TransferAnswered {
        /// The line.
        line: LegId,
        /// 202, or why not.
        status: StatusCode,
    },
    /// What became of our REFER so far.
    TransferProgress {
        /// The line.
        line: LegId,
        /// Of the referred call.
        status: StatusCode,
    },
    /// A digit was heard.
    Digit {
        /// The line.
        line: LegId,
        /// Which.
        digit: char,
    },
}
