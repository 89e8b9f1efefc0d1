//! What the endpoint may be asked to do.

use super::{
    event::Cause,
    wire::{NameAddr, StatusCode, Uri},
};
use crate::ids::{LegId, RequestId};
use bytes::Bytes;
use std::{fmt, net::SocketAddr};

/// A wish. One that does not fit the state of its leg (the leg is gone, the answer was given) changes nothing:
/// the event that says so is on its way or was told before.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "commands are handed over at once and never kept")]
pub enum Command {
    /// Starts an outgoing leg; ends in one `Answered`, `Failed` or `Ended`.
    Invite(Box<Invite>),
    /// A provisional answer to an incoming leg; goes out reliably (RFC 3262) when the caller requires it, or supports
    /// it and there is a body.
    Progress {
        /// An incoming leg that is not answered.
        leg: LegId,
        /// 180 to 199.
        status: StatusCode,
        /// SDP, for early media.
        body: Option<Bytes>,
    },
    /// 200 to the INVITE of an incoming leg. `Acked` follows, or `Ended` when no ACK comes in 64*T1 (13.3.1.4).
    Answer {
        /// An incoming leg that is not answered.
        leg: LegId,
        /// Our SDP: an answer if the INVITE had an offer that no reliable provisional has answered, else our offer.
        body: Option<Bytes>,
    },
    /// A final refusal of an incoming leg, which is gone with that: no event follows.
    Reject {
        /// An incoming leg that is not answered.
        leg: LegId,
        /// The answer.
        rejection: Rejection,
    },
    /// The ACK of an outgoing leg, or of our re-INVITE, whose 2xx carried an offer: our SDP answer goes in it (13.2.2.4).
    /// All other ACKs are sent by the endpoint itself.
    Ack {
        /// The leg.
        leg: LegId,
        /// Our SDP answer.
        body: Bytes,
    },
    /// A new offer in the dialog (14.1, RFC 3311); ends in `OfferAnswered` or `OfferRefused`. Waits while another
    /// offer is under way; glare (491) is repeated inside, after the times of 14.1.
    Offer {
        /// A confirmed leg (an early one for UPDATE).
        leg: LegId,
        /// `None` asks the peer for its offer (a re-INVITE without SDP); then our answer goes with `Ack`.
        body: Option<Bytes>,
        /// re-INVITE or UPDATE.
        method: OfferMethod,
    },
    /// 200 to the peer's `Offered`.
    AnswerOffer {
        /// The leg.
        leg: LegId,
        /// Our SDP: the answer, or our offer if theirs came without SDP.
        body: Bytes,
    },
    /// Refuses the peer's `Offered`; the session stays as it was (14.2).
    RefuseOffer {
        /// The leg.
        leg: LegId,
        /// The answer, 488 with a Warning as a rule.
        rejection: Rejection,
    },
    /// 202 to the peer's `Refer`, with the first NOTIFY (100) unless it asked for none (RFC 4488).
    AcceptRefer {
        /// The leg.
        leg: LegId,
    },
    /// A refusal of the peer's `Refer`.
    RefuseRefer {
        /// The leg.
        leg: LegId,
        /// The answer.
        rejection: Rejection,
    },
    /// NOTIFY with message/sipfrag (RFC 3515 2.4.5) to who sent REFER; dropped where no subscription was asked.
    Notify {
        /// The leg that sent REFER.
        leg: LegId,
        /// What the referred call came to so far; a final status ends the subscription.
        status: StatusCode,
        /// The reason phrase; empty means the usual one.
        reason: String,
    },
    /// REFER to the peer; ends in one `ReferAnswered`, then `Notified` each time the peer tells how it goes.
    Refer {
        /// A confirmed leg.
        leg: LegId,
        /// Who should be called, Replaces included as a header of the URI.
        target: Uri,
        /// Who refers.
        referred_by: Option<NameAddr>,
    },
    /// INFO in the dialog (RFC 6086, and the older application/dtmf-relay).
    Info {
        /// A confirmed leg.
        leg: LegId,
        /// Content-Type.
        content_type: String,
        /// The body.
        body: Bytes,
    },
    /// Ends the leg in whatever way its state demands: CANCEL, a refusal, or BYE (which waits for the ACK where it must,
    /// section 15). The leg is gone with that: no event follows.
    Hangup {
        /// Any leg.
        leg: LegId,
        /// Why: the status of the refusal, and the Reason header (RFC 3326) of CANCEL and BYE.
        cause: Cause,
    },
    /// The answer to `Event::Request`.
    Respond {
        /// The request.
        request: RequestId,
        /// The answer.
        reply: Reply,
    },
    /// A request outside of dialogs, as a client (REGISTER, OPTIONS); ends in one `Event::Response`.
    Send {
        /// The name that the response will carry.
        request: RequestId,
        /// Method and headers except Via, CSeq, Call-ID, From tag and Max-Forwards, which the endpoint adds.
        outline: Box<super::wire::Request>,
        /// Where to send it.
        hop: SocketAddr,
        /// Who we are if the peer asks.
        credentials: Option<Credentials>,
    },
}

/// An outgoing leg.
#[derive(Debug)]
pub struct Invite {
    /// Its name from now on.
    pub leg: LegId,
    /// Request-URI: a registered contact, or the number at the trunk.
    pub uri: Uri,
    /// Where the datagram goes.
    pub hop: SocketAddr,
    /// Path or service route to be put as Route headers, in order (empty as a rule).
    pub route: Vec<Uri>,
    /// From, without tag.
    pub from: NameAddr,
    /// To, without tag.
    pub to: NameAddr,
    /// P-Asserted-Identity (RFC 3325), for those whom we trust.
    pub asserted: Option<NameAddr>,
    /// Privacy (RFC 3323), as the caller gave it.
    pub privacy: Option<String>,
    /// Our SDP offer; `None` asks the peer to offer in its 2xx.
    pub body: Option<Bytes>,
    /// Further headers, in order: Referred-By, Diversion, History-Info, Alert-Info, Replaces ...
    pub headers: Vec<(String, String)>,
    /// Who we are if the peer asks (401, 407).
    pub credentials: Option<Credentials>,
    /// What is left of Max-Forwards on this side: that of the incoming request less one, else 70.
    pub max_forwards: u8,
}

/// Which request carries a new offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferMethod {
    /// re-INVITE, which everybody understands.
    Reinvite,
    /// UPDATE where the peer allows it, else re-INVITE.
    Update,
}

/// A final answer that refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// 300 to 699.
    pub status: StatusCode,
    /// The reason phrase; empty means the usual one.
    pub reason: String,
    /// Warning, Retry-After, WWW-Authenticate, Contact ..., in order.
    pub headers: Vec<(String, String)>,
}

impl Rejection {
    /// A refusal with the usual reason phrase and nothing else.
    pub fn new(status: StatusCode) -> Self {
        Self { status, reason: String::new(), headers: Vec::new() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// The final answer to a request outside of dialogs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 699.
    pub status: StatusCode,
    /// Headers beside those of 8.2.6, in order.
    pub headers: Vec<(String, String)>,
}

impl Reply {
    /// An answer with nothing to say but its status.
    pub fn new(status: StatusCode) -> Self {
        Self { status, headers: Vec::new() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// What proves who somebody is. Debug shows nothing of it, and it has no Display.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The password itself.
    Password(String),
    /// H(user:realm:password), lower-case hex, for each algorithm of which it is known (RFC 7616 3.4.2).
    Ha1 {
        /// MD5, 32 digits.
        md5: Option<String>,
        /// SHA-256, 64 digits.
        sha256: Option<String>,
    },
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Who we are to a peer that asks for digest authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub user: String,
    /// The password or its hash.
    pub secret: Secret,
}
