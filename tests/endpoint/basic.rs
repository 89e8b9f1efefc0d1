//! A call from the first INVITE to the last BYE (RFC 3261 13, 15).

use crate::pair::*;
use bytes::Bytes;
use std::time::Duration;
use warmline::sip::{
    Cause, Command, Event, Rejection,
    wire::{Method, StatusCode},
};

#[test]
fn a_call_is_answered_and_hung_up_by_the_caller() {
    let mut pair = Pair::new();
    let (a, _) = pair.call();
    pair.hang_up(A, a);
    assert_eq!(
        pair.a.sent,
        ["INVITE sip:bob@10.0.0.2 SIP/2.0", "ACK sip:10.0.0.2:5060 SIP/2.0", "BYE sip:10.0.0.2:5060 SIP/2.0"]
    );
    assert_eq!(pair.b.sent, ["SIP/2.0 100 Trying", "SIP/2.0 200 OK", "SIP/2.0 200 OK"]);
    pair.end_of_story();
}

#[test]
fn a_call_is_hung_up_by_the_called() {
    let mut pair = Pair::new();
    let (_, b) = pair.call();
    pair.hang_up(B, b);
    pair.end_of_story();
}

#[test]
fn ringing_reaches_the_caller_and_a_refusal_ends_the_leg() {
    let mut pair = Pair::new();
    let a = pair.invite(Some(OFFER));
    pair.settle();
    let b = pair.incoming();
    pair.command(B, Command::Progress { leg: b, status: StatusCode::RINGING, body: None });
    pair.settle();
    assert!(matches!(pair.event(A), Event::Progress { leg, status: StatusCode::RINGING, body: None } if leg == a));
    pair.command(
        B,
        Command::Reject { leg: b, rejection: Rejection::new(StatusCode::BUSY_HERE).with("Retry-After", "7") },
    );
    pair.settle();
    let Event::Failed { leg, failure } = pair.event(A) else { panic!() };
    assert_eq!((leg, failure.status, failure.retry_after_s), (a, StatusCode::BUSY_HERE, Some(7)));
    pair.end_of_story();
}

#[test]
fn the_caller_gives_up_while_it_rings() {
    let mut pair = Pair::new();
    let a = pair.invite(Some(OFFER));
    pair.settle();
    let b = pair.incoming();
    pair.command(A, Command::Hangup { leg: a, cause: Cause::AnsweredElsewhere });
    pair.settle();
    assert!(matches!(pair.event(B), Event::Ended { leg, cause: Cause::AnsweredElsewhere } if leg == b));
    assert_eq!(pair.b.sent[1..], ["SIP/2.0 200 OK", "SIP/2.0 487 Request Terminated"]);
    pair.end_of_story();
}

#[test]
fn cancel_waits_for_a_provisional_answer() {
    let mut pair = Pair::new();
    pair.filter(|side, _| if side == B { Fate::Lost } else { Fate::Arrives });
    let a = pair.invite(Some(OFFER));
    pair.settle();
    let b = pair.incoming();
    pair.command(A, Command::Hangup { leg: a, cause: Cause::Normal });
    pair.settle();
    assert_eq!(pair.a.count("CANCEL"), 0);
    pair.no_filter();
    pair.pass(Duration::from_secs(2));
    assert_eq!(pair.a.count("CANCEL"), 1);
    assert!(matches!(pair.event(B), Event::Ended { leg, cause: Cause::Cancelled } if leg == b));
    pair.end_of_story();
}

#[test]
fn a_200_that_crosses_cancel_is_acknowledged_and_hung_up() {
    let mut pair = Pair::new();
    let a = pair.invite(Some(OFFER));
    pair.settle();
    let b = pair.incoming();
    pair.command(A, Command::Hangup { leg: a, cause: Cause::Normal });
    pair.command(B, Command::Answer { leg: b, body: Some(sdp(ANSWER)) });
    pair.settle();
    assert!(matches!(pair.event(B), Event::Acked { .. }));
    assert!(matches!(pair.event(B), Event::Ended { cause: Cause::Normal, .. }));
    assert_eq!((pair.a.count("ACK"), pair.a.count("BYE")), (1, 1));
    pair.end_of_story();
}

#[test]
fn a_2xx_is_repeated_until_its_ack_and_acknowledged_again() {
    let mut pair = Pair::new();
    let mut lost = 0;
    pair.filter(move |_, message| {
        lost += u32::from(is_request(message, &Method::Ack));
        if is_request(message, &Method::Ack) && lost <= 2 { Fate::Lost } else { Fate::Arrives }
    });
    pair.invite(Some(OFFER));
    pair.settle();
    let b = pair.incoming();
    pair.command(B, Command::Answer { leg: b, body: Some(sdp(ANSWER)) });
    pair.pass(Duration::from_secs(5));
    assert!(matches!(pair.event(A), Event::Answered { .. }));
    assert!(matches!(pair.event(B), Event::Acked { .. }));
    assert_eq!((pair.b.count("SIP/2.0 200"), pair.a.count("ACK")), (3, 3));
    pair.silence();
    pair.hang_up(B, b);
    pair.end_of_story();
}

#[test]
fn a_2xx_without_ack_ends_in_bye() {
    let mut pair = Pair::new();
    pair.filter(|_, message| if is_request(message, &Method::Ack) { Fate::Lost } else { Fate::Arrives });
    pair.invite(Some(OFFER));
    pair.settle();
    let b = pair.incoming();
    pair.command(B, Command::Answer { leg: b, body: Some(sdp(ANSWER)) });
    pair.pass(Duration::from_secs(33));
    assert!(matches!(pair.event(A), Event::Answered { .. }));
    assert!(matches!(pair.event(B), Event::Ended { leg, cause: Cause::NoAck } if leg == b));
    assert!(matches!(pair.event(A), Event::Ended { cause: Cause::Normal, .. }));
    assert_eq!(pair.b.count("SIP/2.0 200"), 11);
    pair.end_of_story();
}

#[test]
fn bye_of_the_called_waits_for_the_ack() {
    let mut pair = Pair::new();
    pair.invite(Some(OFFER));
    pair.settle();
    let b = pair.incoming();
    pair.command(B, Command::Answer { leg: b, body: Some(sdp(ANSWER)) });
    pair.command(B, Command::Hangup { leg: b, cause: Cause::Normal });
    assert_eq!(pair.b.count("BYE"), 0);
    pair.settle();
    assert!(matches!(pair.event(A), Event::Answered { .. }));
    assert!(matches!(pair.event(A), Event::Ended { cause: Cause::Normal, .. }));
    assert_eq!(pair.b.count("BYE"), 1);
    pair.end_of_story();
}

#[test]
fn nobody_answers_and_the_leg_fails_with_408() {
    let mut pair = Pair::new();
    pair.filter(|_, _| Fate::Lost);
    let a = pair.invite(Some(OFFER));
    pair.pass(Duration::from_secs(33));
    let Event::Failed { leg, failure } = pair.event(A) else { panic!() };
    assert_eq!((leg, failure.status), (a, StatusCode::REQUEST_TIMEOUT));
    pair.end_of_story();
}

#[test]
fn a_datagram_that_cannot_be_sent_fails_the_leg_with_503() {
    let mut pair = Pair::new();
    pair.filter(|_, _| Fate::Lost);
    pair.invite(Some(OFFER));
    let (to, now) = (pair.b.address, pair.now);
    pair.a.endpoint.failed(to, now);
    pair.settle();
    assert!(
        matches!(pair.event(A), Event::Failed { failure, .. } if failure.status == StatusCode::SERVICE_UNAVAILABLE)
    );
    pair.end_of_story();
}

#[test]
fn bodies_and_identity_arrive_as_they_were_given() {
    let mut pair = Pair::new();
    pair.invite_with(Some(OFFER), |invite| {
        invite.headers.push(("Referred-By".to_owned(), "<sip:carol@example.com>".to_owned()));
        invite.privacy = Some("id".to_owned());
        invite.max_forwards = 9;
    });
    pair.settle();
    let Event::Incoming(incoming) = pair.event(B) else { panic!() };
    assert_eq!(incoming.body, Some(Bytes::from_static(OFFER.as_bytes())));
    assert_eq!(incoming.from.display.as_deref(), Some("Alice"));
    assert_eq!(incoming.privacy.as_deref(), Some("id"));
    assert_eq!(incoming.referred_by.as_deref(), Some("<sip:carol@example.com>"));
    assert_eq!(incoming.max_forwards, 9);
    let leg = incoming.leg;
    pair.command(B, Command::Hangup { leg, cause: Cause::Shutdown });
    pair.settle();
    assert!(
        matches!(pair.event(A), Event::Failed { failure, .. } if failure.status == StatusCode::SERVICE_UNAVAILABLE)
    );
    pair.end_of_story();
}

#[test]
fn calls_work_over_a_cable_that_loses_a_third() {
    for seed in 0..40 {
        let mut pair = Pair::new();
        pair.lose(33, seed);
        let a = pair.invite(Some(OFFER));
        pair.pass(Duration::from_secs(32));
        if pair.b.events.is_empty() {
            continue;
        }
        let b = pair.incoming();
        pair.command(B, Command::Answer { leg: b, body: Some(sdp(ANSWER)) });
        pair.pass(Duration::from_secs(31));
        pair.command(A, Command::Hangup { leg: a, cause: Cause::Normal });
        pair.pass(Duration::from_secs(120));
        for end in [&pair.a, &pair.b] {
            assert_eq!((end.endpoint.legs(), end.endpoint.transactions()), (0, 0), "seed {seed}: {:#?}", end.sent);
        }
        let ended = pair.b.events.iter().filter(|event| matches!(event, Event::Ended { .. })).count();
        assert_eq!(ended, 1, "seed {seed}: {:?}", pair.b.events);
    }
}
