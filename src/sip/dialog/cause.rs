//! Why a leg ends, as the peer is told: the status of a refusal and the Reason header (RFC 3326).

use crate::sip::{
    event::Cause,
    wire::{Reason, StatusCode},
};

/// The status of the refusal of an incoming leg that is not answered.
pub(crate) fn status(cause: Cause) -> StatusCode {
    StatusCode(match cause {
        Cause::Normal | Cause::NoAnswer | Cause::NoMedia | Cause::Lost | Cause::Transferred => 480,
        Cause::Cancelled | Cause::AnsweredElsewhere | Cause::Replaced => 487,
        Cause::NoAck | Cause::Expired => 408,
        Cause::Shutdown => 503,
        Cause::Refused(status @ 300..=699) => status,
        Cause::Refused(_) => 500,
    })
}

/// The Reason of CANCEL and BYE; people hanging up need none.
pub(crate) fn reason(cause: Cause) -> Option<Reason> {
    let (status, text) = match cause {
        Cause::Normal | Cause::Cancelled => return None,
        Cause::AnsweredElsewhere => (200, "Call completed elsewhere"),
        Cause::NoAnswer => (480, "No answer"),
        Cause::NoAck => (408, "No ACK"),
        Cause::Lost => (408, "Peer lost"),
        Cause::Expired => (408, "Session expired"),
        Cause::NoMedia => (480, "No media"),
        Cause::Replaced => (200, "Replaced"),
        Cause::Transferred => (200, "Transferred"),
        Cause::Shutdown => (503, "Shutting down"),
        Cause::Refused(status) => (status, StatusCode(status).reason()),
    };
    Some(Reason::sip(status, text))
}

/// What the Reason header of a CANCEL says happened.
pub(crate) fn of_cancel(reasons: &[Reason]) -> Cause {
    let elsewhere = |reason: &Reason| reason.protocol.eq_ignore_ascii_case("SIP") && reason.cause == Some(200);
    if reasons.iter().any(elsewhere) { Cause::AnsweredElsewhere } else { Cause::Cancelled }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancel_tells_whether_somebody_else_answered() {
        let cause = |protocol: &str, cause| {
            of_cancel(&[Reason { protocol: protocol.to_owned(), cause: Some(cause), text: None }])
        };
        assert_eq!(cause("SIP", 200), Cause::AnsweredElsewhere);
        assert_eq!(cause("SIP", 487), Cause::Cancelled);
        assert_eq!(cause("Q.850", 200), Cause::Cancelled);
        assert_eq!(of_cancel(&[]), Cause::Cancelled);
    }
}
