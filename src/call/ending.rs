//! How attempts and legs end, in statuses and words.

use crate::sip::{Cause, Failure, Rejection, wire::StatusCode};

/// A failure of which nothing but its status is known.
pub(super) fn plain_failure(status: u16) -> Failure {
    Failure { status: StatusCode(status), reason: String::new(), contacts: Vec::new(), retry_after_s: None }
}

/// Which failure says most to the caller; less is better (RFC 3261 16.7 step 6): 6xx, then 4xx with busy before the rest,
/// then 5xx; a redirection that led nowhere last.
pub(super) fn rank(status: StatusCode) -> u8 {
    match status.0 {
        600.. => 0,
        486 => 1,
        480 => 3,
        408 => 5,
        401 | 407 | 481 | 487 => 6,
        400..500 => 2,
        503 => 8,
        500..600 => 7,
        _ => 9,
    }
}

/// A failure as the caller may see it: our logins, dialogs and redirections are our own business.
pub(super) fn passed_on(mut failure: Failure) -> Failure {
    let status = match failure.status.0 {
        401 | 407 | 421 | 494 => 500,
        ..=399 | 481 | 487 | 491 => 480,
        other => other.min(699),
    };
    if status != failure.status.0 {
        failure.reason.clear();
    }
    failure.status = StatusCode(status);
    failure
}

/// The answer to a caller whose call came to nothing.
pub(super) fn rejection(failure: &Failure) -> Rejection {
    let mut rejection = Rejection::new(failure.status).with("Reason", format!("SIP;cause={}", failure.status.0));
    rejection.reason.clone_from(&failure.reason);
    match failure.retry_after_s {
        Some(seconds) => rejection.with("Retry-After", seconds.to_string()),
        None => rejection,
    }
}

/// The refusal of a plan that leads nowhere.
pub(super) fn refused(status: StatusCode) -> Rejection {
    let rejection = Rejection::new(status);
    if status.0 == 503 { rejection.with("Retry-After", "5") } else { rejection }
}

/// The status that a leg ended with which was never answered.
pub(super) fn status_of(cause: Cause) -> u16 {
    match cause {
        Cause::Normal | Cause::Cancelled | Cause::AnsweredElsewhere | Cause::Replaced | Cause::Transferred => 487,
        Cause::NoAnswer => 480,
        Cause::NoAck | Cause::Lost | Cause::Expired | Cause::NoMedia => 408,
        Cause::Shutdown => 503,
        Cause::Refused(status) => status,
    }
}

/// Why a leg ended.
pub(super) fn in_words(cause: Cause) -> String {
    match cause {
        Cause::Normal => "hung up".to_owned(),
        Cause::Cancelled => "cancelled".to_owned(),
        Cause::AnsweredElsewhere => "answered elsewhere".to_owned(),
        Cause::NoAnswer => "no answer".to_owned(),
        Cause::NoAck => "answer never acknowledged".to_owned(),
        Cause::Lost => "peer lost".to_owned(),
        Cause::Expired => "session timer ran out".to_owned(),
        Cause::NoMedia => "no media".to_owned(),
        Cause::Replaced => "replaced".to_owned(),
        Cause::Transferred => "transferred".to_owned(),
        Cause::Shutdown => "switch stopped".to_owned(),
        Cause::Refused(status) => format!("refused with {status}"),
    }
}
