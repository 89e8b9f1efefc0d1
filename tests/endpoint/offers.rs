//! Offers within the dialog (RFC 3261 14, RFC 3264, RFC 3311).

use crate::{pair::*, script::Script};
use std::{collections::BTreeSet, time::Duration};
use warmline::sip::{
    Cause, Command, Event, OfferMethod, Rejection,
    wire::{Message, Method, StatusCode},
};

const HOLD: &str = "v=0\r\no=- 1 2 IN IP4 10.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendonly\r\n";
const HELD: &str = "v=0\r\no=- 2 2 IN IP4 10.0.0.2\r\ns=-\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\na=recvonly\r\n";

#[test]
fn a_reinvite_is_answered_and_acknowledged() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.command(A, Command::Offer { leg: a, body: Some(sdp(HOLD)), method: OfferMethod::Reinvite });
    pair.settle();
    assert!(matches!(pair.event(B), Event::Offered { leg, body: Some(body) } if leg == b && body == HOLD));
    pair.command(B, Command::AnswerOffer { leg: b, body: sdp(HELD) });
    pair.settle();
    assert!(matches!(pair.event(A), Event::OfferAnswered { leg, body: Some(body) } if leg == a && body == HELD));
    assert!(matches!(pair.event(B), Event::Acked { body: None, .. }));
    assert_eq!(pair.a.count("ACK"), 2);
    pair.hang_up(A, a);
    pair.end_of_story();
}

#[test]
fn an_update_needs_no_ack() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.command(B, Command::Offer { leg: b, body: Some(sdp(HOLD)), method: OfferMethod::Update });
    pair.settle();
    assert!(matches!(pair.event(A), Event::Offered { leg, body: Some(_) } if leg == a));
    pair.command(A, Command::AnswerOffer { leg: a, body: sdp(HELD) });
    pair.settle();
    assert!(matches!(pair.event(B), Event::OfferAnswered { leg, body: Some(_) } if leg == b));
    assert_eq!((pair.b.count("UPDATE"), pair.b.count("ACK")), (1, 0));
    pair.hang_up(B, b);
    pair.end_of_story();
}

#[test]
fn a_refused_offer_changes_nothing() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.command(A, Command::Offer { leg: a, body: Some(sdp(HOLD)), method: OfferMethod::Reinvite });
    pair.settle();
    assert!(matches!(pair.event(B), Event::Offered { .. }));
    let rejection = Rejection::new(StatusCode::NOT_ACCEPTABLE_HERE).with("Warning", "304 x \"no\"");
    pair.command(B, Command::RefuseOffer { leg: b, rejection });
    pair.settle();
    assert!(matches!(pair.event(A), Event::OfferRefused { status: StatusCode::NOT_ACCEPTABLE_HERE, .. }));
    pair.hang_up(A, a);
    pair.end_of_story();
}

#[test]
fn an_offer_is_asked_for_and_answered_in_the_ack() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.command(A, Command::Offer { leg: a, body: None, method: OfferMethod::Update });
    pair.settle();
    assert!(matches!(pair.event(B), Event::Offered { body: None, .. }));
    pair.command(B, Command::AnswerOffer { leg: b, body: sdp(OFFER) });
    pair.settle();
    assert!(matches!(pair.event(A), Event::OfferAnswered { body: Some(body), .. } if body == OFFER));
    pair.silence();
    pair.command(A, Command::Ack { leg: a, body: sdp(ANSWER) });
    pair.settle();
    assert!(matches!(pair.event(B), Event::Acked { body: Some(body), .. } if body == ANSWER));
    pair.hang_up(A, a);
    pair.end_of_story();
}

#[test]
fn a_late_offer_comes_with_the_200_and_its_answer_with_the_ack() {
    let mut pair = Pair::new();
    let a = pair.invite(None);
    pair.settle();
    let b = pair.incoming();
    pair.command(B, Command::Progress { leg: b, status: StatusCode::SESSION_PROGRESS, body: Some(sdp(OFFER)) });
    pair.command(B, Command::Answer { leg: b, body: Some(sdp(OFFER)) });
    pair.settle();
    assert!(matches!(pair.event(A), Event::Progress { body: None, .. }));
    assert!(matches!(pair.event(A), Event::Answered { body: Some(body), .. } if body == OFFER));
    assert_eq!(pair.a.count("ACK"), 0);
    pair.command(A, Command::Ack { leg: a, body: sdp(ANSWER) });
    pair.settle();
    assert!(matches!(pair.event(B), Event::Acked { leg, body: Some(body) } if leg == b && body == ANSWER));
    pair.hang_up(B, b);
    pair.end_of_story();
}

#[test]
fn own_offers_wait_for_each_other() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    for body in [HOLD, OFFER] {
        pair.command(A, Command::Offer { leg: a, body: Some(sdp(body)), method: OfferMethod::Reinvite });
    }
    for body in [HOLD, OFFER] {
        pair.settle();
        assert!(matches!(pair.event(B), Event::Offered { body: Some(said), .. } if said == body));
        pair.silence();
        pair.command(B, Command::AnswerOffer { leg: b, body: sdp(HELD) });
        pair.settle();
        assert!(matches!(pair.event(A), Event::OfferAnswered { .. }));
        assert!(matches!(pair.event(B), Event::Acked { .. }));
    }
    pair.hang_up(A, a);
    pair.end_of_story();
}

#[test]
fn offers_that_meet_are_tried_again_and_the_called_side_comes_first() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.command(A, Command::Offer { leg: a, body: Some(sdp(HOLD)), method: OfferMethod::Reinvite });
    pair.command(B, Command::Offer { leg: b, body: Some(sdp(HELD)), method: OfferMethod::Reinvite });
    pair.settle();
    pair.silence();
    assert_eq!((pair.a.count("SIP/2.0 491"), pair.b.count("SIP/2.0 491")), (1, 1));
    let met = pair.now;
    while pair.a.events.is_empty() {
        pair.pass(Duration::from_millis(10));
    }
    assert!(pair.now - met <= Duration::from_millis(2100));
    assert!(matches!(pair.event(A), Event::Offered { .. }));
    pair.command(A, Command::AnswerOffer { leg: a, body: sdp(OFFER) });
    pair.settle();
    assert!(matches!(pair.event(B), Event::OfferAnswered { .. }));
    assert!(matches!(pair.event(A), Event::Acked { .. }));
    while pair.b.events.is_empty() {
        pair.pass(Duration::from_millis(10));
    }
    assert!(pair.now - met >= Duration::from_millis(2100) && pair.now - met <= Duration::from_millis(4100));
    assert!(matches!(pair.event(B), Event::Offered { .. }));
    pair.command(B, Command::AnswerOffer { leg: b, body: sdp(ANSWER) });
    pair.settle();
    assert!(matches!(pair.event(A), Event::OfferAnswered { .. }));
    assert!(matches!(pair.event(B), Event::Acked { .. }));
    pair.hang_up(A, a);
    pair.end_of_story();
}

#[test]
fn the_ack_of_a_reinvite_that_never_comes_ends_the_call() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.filter(|_, message| if is_request(message, &Method::Ack) { Fate::Lost } else { Fate::Arrives });
    pair.command(A, Command::Offer { leg: a, body: Some(sdp(HOLD)), method: OfferMethod::Reinvite });
    pair.settle();
    assert!(matches!(pair.event(B), Event::Offered { .. }));
    pair.command(B, Command::AnswerOffer { leg: b, body: sdp(HELD) });
    pair.pass(Duration::from_secs(33));
    assert!(matches!(pair.event(A), Event::OfferAnswered { .. }));
    assert!(matches!(pair.event(B), Event::Ended { cause: Cause::NoAck, .. }));
    assert!(matches!(pair.event(A), Event::Ended { cause: Cause::Normal, .. }));
    pair.end_of_story();
}

#[test]
fn a_peer_that_is_gone_is_found_by_the_offer() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.filter(|side, _| if side == B { Fate::Lost } else { Fate::Arrives });
    pair.command(A, Command::Offer { leg: a, body: Some(sdp(HOLD)), method: OfferMethod::Update });
    pair.pass(Duration::from_secs(33));
    assert!(matches!(pair.event(B), Event::Offered { .. }));
    assert!(matches!(pair.event(A), Event::Ended { leg, cause: Cause::Lost } if leg == a));
    assert!(matches!(pair.event(B), Event::Ended { leg, .. } if leg == b));
    pair.end_of_story();
}

#[test]
fn hanging_up_answers_the_offer_that_waits() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.command(A, Command::Offer { leg: a, body: Some(sdp(HOLD)), method: OfferMethod::Reinvite });
    pair.settle();
    assert!(matches!(pair.event(B), Event::Offered { .. }));
    pair.command(B, Command::Hangup { leg: b, cause: Cause::Normal });
    pair.settle();
    assert_eq!(pair.b.count("SIP/2.0 487"), 1);
    let told: Vec<_> = pair.a.events.drain(..).collect();
    assert!(matches!(told.last(), Some(Event::Ended { cause: Cause::Normal, .. })), "{told:?}");
    pair.end_of_story();
}

/// A call from a scripted peer, answered: the leg and our tag.
fn answered(script: &mut Script) -> (warmline::ids::LegId, String) {
    let leg = script.incoming(&format!("Content-Type: application/sdp\n\n{OFFER}"));
    script.command(Command::Answer { leg, body: Some(sdp(ANSWER)) });
    let tag = script.tag();
    script.acknowledges(&tag);
    assert!(matches!(script.event(), Event::Acked { .. }));
    (leg, tag)
}

#[test]
fn a_second_offer_before_the_answer_to_the_first_is_500_with_retry_after() {
    let mut script = Script::new();
    let (leg, tag) = answered(&mut script);
    for _ in 0..2 {
        script.asks("INVITE", &tag, &format!("Content-Type: application/sdp\n\n{OFFER}"));
    }
    assert_eq!(script.said(), "SIP/2.0 500 Server Internal Error");
    assert!(script.header("Retry-After").unwrap().parse::<u32>().unwrap() <= 10);
    assert!(matches!(script.event(), Event::Offered { .. }));
    script.command(Command::RefuseOffer { leg, rejection: Rejection::new(StatusCode::NOT_ACCEPTABLE_HERE) });
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.end_of_story();
}

#[test]
fn an_update_without_sdp_is_answered_inside() {
    let mut script = Script::new();
    let (leg, tag) = answered(&mut script);
    script.asks("UPDATE", &tag, "Supported: timer\nSession-Expires: 300;refresher=uac\n");
    assert_eq!((script.said(), script.header("Session-Expires")), ("SIP/2.0 200 OK", Some("300;refresher=uac")));
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.end_of_story();
}

#[test]
fn a_cseq_that_goes_back_is_500_and_a_gap_is_fine() {
    let mut script = Script::new();
    let (leg, tag) = answered(&mut script);
    let options = |cseq: u32| {
        format!(
            "OPTIONS sip:us@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKo{cseq}\nFrom: <sip:peer@10.0.0.9>;tag=peer\n\
             To: <sip:us@10.0.0.1>;tag={tag}\nCall-ID: call@peer\nCSeq: {cseq} OPTIONS\n"
        )
    };
    script.says(&options(700));
    assert_eq!(script.said(), "SIP/2.0 200 OK");
    script.says(&options(699));
    assert_eq!(script.said(), "SIP/2.0 500 CSeq Out Of Order");
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.end_of_story();
}

#[test]
fn a_peer_that_says_100_and_no_more_to_an_offer_is_spared_and_the_next_offer_goes_on() {
    let mut script = Script::new();
    let (leg, _) = answered(&mut script);
    for _ in 0..2 {
        script.command(Command::Offer { leg, body: Some(sdp(HOLD)), method: OfferMethod::Reinvite });
    }
    script.answers("INVITE", "100 Trying", "", "");
    script.pass(Duration::from_secs(40));
    assert!(script.said().starts_with("CANCEL "), "{}", script.said());
    script.answers("CANCEL", "200 OK", "", "");
    script.pass(Duration::from_secs(25));
    assert!(matches!(script.event(), Event::OfferRefused { status: StatusCode::REQUEST_TIMEOUT, .. }));
    script.answers("INVITE", "200 OK", "", &format!("Content-Type: application/sdp\n\n{HELD}"));
    assert!(matches!(script.event(), Event::OfferAnswered { body: Some(_), .. }));
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.answers("BYE", "200 OK", "", "");
    script.end_of_story();
}

#[test]
fn a_reinvite_that_is_given_up_is_cancelled_once_however_often_the_peer_says_100() {
    let mut script = Script::new();
    let (leg, _) = answered(&mut script);
    script.command(Command::Offer { leg, body: Some(sdp(HOLD)), method: OfferMethod::Reinvite });
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    for _ in 0..5 {
        script.answers("INVITE", "100 Trying", "", "");
    }
    assert_eq!(script.end.count("CANCEL"), 1);
    script.answers("INVITE", "487 Request Terminated", "", "");
    script.answers("CANCEL", "200 OK", "", "");
    script.answers("BYE", "200 OK", "", "");
    script.end_of_story();
}

#[test]
fn a_peer_that_always_says_491_is_believed_a_few_times() {
    let mut script = Script::new();
    let (leg, _) = answered(&mut script);
    script.command(Command::Offer { leg, body: Some(sdp(HOLD)), method: OfferMethod::Reinvite });
    let offers = |script: &Script| {
        let numbers = script.end.messages.iter().filter_map(|message| match message {
            Message::Request(request) if request.method == Method::Invite => request.headers.get("CSeq"),
            Message::Request(_) | Message::Response(_) => None,
        });
        numbers.collect::<BTreeSet<_>>().len()
    };
    for times in 1..=8 {
        assert_eq!(offers(&script), times);
        script.answers("INVITE", "491 Request Pending", "", "");
        script.pass(Duration::from_secs(3));
    }
    assert!(matches!(script.event(), Event::OfferRefused { status: StatusCode::REQUEST_PENDING, .. }));
    assert_eq!(offers(&script), 8);
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.answers("BYE", "200 OK", "", "");
    script.end_of_story();
}

#[test]
fn a_peer_that_refuses_update_against_its_own_word_gets_a_reinvite() {
    let mut script = Script::new();
    let leg = script.incoming(&format!("Allow: INVITE, UPDATE\nContent-Type: application/sdp\n\n{OFFER}"));
    script.command(Command::Answer { leg, body: Some(sdp(ANSWER)) });
    let tag = script.tag();
    script.acknowledges(&tag);
    assert!(matches!(script.event(), Event::Acked { .. }));
    script.command(Command::Offer { leg, body: Some(sdp(HOLD)), method: OfferMethod::Update });
    script.answers("UPDATE", "405 Method Not Allowed", "", "");
    script.answers("INVITE", "200 OK", "", &format!("Content-Type: application/sdp\n\n{HELD}"));
    assert!(matches!(script.event(), Event::OfferAnswered { body: Some(_), .. }));
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.answers("BYE", "200 OK", "", "");
    script.end_of_story();
}
