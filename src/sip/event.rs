//! What the endpoint tells.

use super::wire::{NameAddr, Request, Response, StatusCode, Uri};
use crate::ids::{LegId, RequestId};
use bytes::Bytes;
use std::net::SocketAddr;

/// Something that happened. Every leg that began ends with exactly one `Failed` or `Ended`, unless we ended it
/// ourselves by `Command::Reject` or `Command::Hangup`, after which nothing more is told of it.
#[derive(Debug)]
pub enum Event {
    /// An INVITE outside of dialogs. Nothing but 100 has been said; it waits for Progress, Answer, Reject or Hangup.
    Incoming(Box<Incoming>),
    /// A provisional answer above 100 to our INVITE; each reliable one is told once, PRACK is done inside.
    Progress {
        /// The outgoing leg.
        leg: LegId,
        /// 101 to 199.
        status: StatusCode,
        /// SDP of the answer (or, when our INVITE had none and it is reliable, the peer's offer: treated as `None` here
        /// and repeated in `Answered`).
        body: Option<Bytes>,
    },
    /// The first 2xx to our INVITE; forked others get ACK and BYE inside.
    Answered {
        /// The outgoing leg.
        leg: LegId,
        /// SDP: the answer to our offer; `None` when an early one was the answer already. When our INVITE had no offer
        /// this is the peer's, and `Command::Ack` must bring our answer.
        body: Option<Bytes>,
        /// P-Asserted-Identity of who answered.
        asserted: Option<NameAddr>,
    },
    /// Our INVITE ended without an answer. The leg is gone.
    Failed {
        /// The outgoing leg.
        leg: LegId,
        /// Why.
        failure: Failure,
    },
    /// The ACK of our 2xx came (the first time).
    Acked {
        /// The incoming leg, or the one whose re-INVITE we answered.
        leg: LegId,
        /// The SDP answer, when our 2xx carried the offer.
        body: Option<Bytes>,
    },
    /// The peer's re-INVITE or UPDATE. Waits for `AnswerOffer` or `RefuseOffer`; a second one meanwhile is refused inside
    /// (491 or 500 with Retry-After, 14.2).
    Offered {
        /// The leg.
        leg: LegId,
        /// SDP; `None` asks us for an offer, the answer to which comes in `Acked`.
        body: Option<Bytes>,
    },
    /// 2xx to our `Offer`.
    OfferAnswered {
        /// The leg.
        leg: LegId,
        /// The answer; the peer's offer if ours had none, which `Command::Ack` must answer.
        body: Option<Bytes>,
    },
    /// Our `Offer` was refused; the session stays as it was. A dialog that is gone (408, 481) is told by `Ended` instead.
    OfferRefused {
        /// The leg.
        leg: LegId,
        /// The status.
        status: StatusCode,
    },
    /// The peer asks us to call somebody. Waits for `AcceptRefer` or `RefuseRefer`. Malformed ones are refused inside.
    Refer(Box<Refer>),
    /// INFO from the peer; 200 was said.
    Info {
        /// The leg.
        leg: LegId,
        /// Content-Type, lower case, without parameters.
        content_type: String,
        /// The body.
        body: Bytes,
    },
    /// The final answer to our `Command::Refer`.
    ReferAnswered {
        /// The leg.
        leg: LegId,
        /// 202, or why not.
        status: StatusCode,
    },
    /// NOTIFY about our REFER; 200 was said.
    Notified {
        /// The leg.
        leg: LegId,
        /// The status line of the sipfrag.
        status: StatusCode,
    },
    /// The leg is over, by the peer or by time. The leg is gone.
    Ended {
        /// The leg.
        leg: LegId,
        /// Why.
        cause: Cause,
    },
    /// A request outside of dialogs that is not INVITE, ACK, CANCEL or OPTIONS, and whose method we know: REGISTER.
    /// Waits for `Command::Respond`.
    Request(Box<OutOfDialog>),
    /// The final answer to `Command::Send`; 408 when none came.
    Response {
        /// The name of the request.
        request: RequestId,
        /// The answer.
        response: Box<Response>,
    },
}

/// An INVITE that starts a leg.
#[derive(Debug)]
pub struct Incoming {
    /// Its name from now on.
    pub leg: LegId,
    /// Where it came from.
    pub source: SocketAddr,
    /// Who calls, tag included.
    pub from: NameAddr,
    /// P-Asserted-Identity or P-Preferred-Identity as it was said; whether to believe it is the switchboard's business.
    pub asserted: Option<NameAddr>,
    /// Privacy, as it was said.
    pub privacy: Option<String>,
    /// Referred-By, as it was said (RFC 3892).
    pub referred_by: Option<String>,
    /// Whose place it wants to take (RFC 3891).
    pub replaces: Option<Replaces>,
    /// The SDP offer, taken out of a multipart body if it was in one; `None`: we offer in the 2xx.
    pub body: Option<Bytes>,
    /// Hops left, 0 to 255; already found to be more than 0.
    pub max_forwards: u8,
    /// The request whole, for its URI, Authorization and whatever else.
    pub request: Request,
}

/// A dialog to be replaced (RFC 3891), looked up by Call-ID and tags alone: hosts do not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    /// The leg of ours that is that dialog; `None` when there is none (481).
    pub leg: Option<LegId>,
    /// Whether that leg is answered.
    pub confirmed: bool,
    /// Replace it only while it is early (486 otherwise).
    pub early_only: bool,
}

/// REFER in a dialog (RFC 3515).
#[derive(Debug)]
pub struct Refer {
    /// The leg that sent it.
    pub leg: LegId,
    /// Whom to call; header parameters taken out.
    pub target: Uri,
    /// Replaces inside of Refer-To.
    pub replaces: Option<Replaces>,
    /// Referred-By, as it was said (RFC 3892).
    pub referred_by: Option<String>,
    /// Whether the referrer will be told by NOTIFY; false for Refer-Sub: false and norefersub (RFC 4488).
    pub notify: bool,
}

/// A request outside of dialogs.
#[derive(Debug)]
pub struct OutOfDialog {
    /// The name that the answer will carry.
    pub request: RequestId,
    /// Where it came from.
    pub source: SocketAddr,
    /// The request whole.
    pub message: Request,
}

/// Why an outgoing leg came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The final status; 408 when nobody answered (Timer B), 503 when the datagram could not be sent.
    pub status: StatusCode,
    /// The reason phrase.
    pub reason: String,
    /// Contact of a 3xx, best q first.
    pub contacts: Vec<Uri>,
    /// Retry-After, s.
    pub retry_after_s: Option<u32>,
}

/// Why a leg ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// BYE as people hang up.
    Normal,
    /// The caller gave up before an answer (CANCEL).
    Cancelled,
    /// Somebody else answered: Reason: SIP;cause=200;text="Call completed elsewhere" (RFC 3326).
    AnsweredElsewhere,
    /// Nobody answered in time: 480 to a caller, CANCEL to the called.
    NoAnswer,
    /// Our 2xx was never acknowledged (13.3.1.4).
    NoAck,
    /// The peer is gone: no answer to a request in the dialog, or 481 to it (12.2.1.2).
    Lost,
    /// The session timer ran out (RFC 4028 10).
    Expired,
    /// No media for longer than allowed.
    NoMedia,
    /// Its place was taken by another dialog (RFC 3891).
    Replaced,
    /// The leg was transferred: who sent REFER is not needed any more.
    Transferred,
    /// The switch is being stopped.
    Shutdown,
    /// Something could not be done, with this status.
    Refused(u16),
}
