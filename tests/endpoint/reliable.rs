//! Reliable provisional responses of ours (RFC 3262).

use crate::{pair::*, script::Script};
use std::time::Duration;
use warmline::sip::{
    Cause, Command, Event,
    wire::{Method, StatusCode},
};

#[test]
fn early_media_is_reliable_and_the_200_waits_for_its_prack() {
    let mut pair = Pair::new();
    let mut lost = 0;
    pair.filter(move |_, message| {
        lost += u32::from(is_request(message, &Method::Prack));
        if is_request(message, &Method::Prack) && lost == 1 { Fate::Lost } else { Fate::Arrives }
    });
    let a = pair.invite(Some(OFFER));
    pair.settle();
    let b = pair.incoming();
    let early = || Command::Progress { leg: b, status: StatusCode::SESSION_PROGRESS, body: Some(sdp(ANSWER)) };
    pair.command(B, early());
    pair.command(B, Command::Answer { leg: b, body: Some(sdp(ANSWER)) });
    pair.settle();
    assert_eq!(pair.b.count("SIP/2.0 200"), 0);
    pair.pass(Duration::from_secs(2));
    assert!(matches!(pair.event(A), Event::Progress { leg, body: Some(_), .. } if leg == a));
    assert!(matches!(pair.event(A), Event::Answered { leg, body: None, .. } if leg == a));
    assert!(matches!(pair.event(B), Event::Acked { .. }));
    pair.hang_up(A, a);
    pair.end_of_story();
}

#[test]
fn provisionals_go_one_after_the_other_and_count_up() {
    let mut script = Script::new();
    let leg = script.incoming("Require: 100rel\n");
    for status in [StatusCode::RINGING, StatusCode::SESSION_PROGRESS] {
        script.command(Command::Progress { leg, status, body: None });
    }
    assert_eq!(script.said(), "SIP/2.0 180 Ringing");
    let rseq: u32 = script.header("RSeq").unwrap().parse().unwrap();
    let tag = script.tag();
    script.asks("PRACK", &tag, &format!("RAck: {} 1 INVITE\n", rseq + 1));
    assert_eq!(script.said(), "SIP/2.0 481 Call/Transaction Does Not Exist");
    script.asks("PRACK", &tag, &format!("RAck: {rseq} 1 INVITE\n"));
    let said = &script.end.sent[script.end.sent.len() - 2..];
    assert_eq!(said, ["SIP/2.0 200 OK", "SIP/2.0 183 Session Progress"]);
    assert_eq!(script.header("RSeq"), Some((rseq + 1).to_string().as_str()));
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.end_of_story();
}

#[test]
fn a_provisional_that_is_never_acknowledged_ends_the_leg_with_504() {
    let mut script = Script::new();
    let leg = script.incoming("Require: 100rel\n");
    script.command(Command::Progress { leg, status: StatusCode::RINGING, body: None });
    script.pass(Duration::from_secs(32));
    assert!(matches!(script.event(), Event::Ended { leg: ended, cause: Cause::Lost } if ended == leg));
    assert_eq!(script.end.count("SIP/2.0 180"), 7);
    assert!(script.said().starts_with("SIP/2.0 504"));
    script.end_of_story();
}

#[test]
fn a_caller_without_100rel_gets_plain_provisionals_again_each_minute() {
    let mut script = Script::new();
    let leg = script.incoming(&format!("Content-Type: application/sdp\n\n{OFFER}"));
    script.command(Command::Progress { leg, status: StatusCode::SESSION_PROGRESS, body: Some(sdp(ANSWER)) });
    assert_eq!(script.header("RSeq"), None);
    script.pass(Duration::from_secs(125));
    assert_eq!(script.end.count("SIP/2.0 183"), 3);
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.end_of_story();
}

#[test]
fn cancel_ends_a_leg_with_a_provisional_outstanding() {
    let mut pair = Pair::new();
    pair.filter(|_, message| if is_request(message, &Method::Prack) { Fate::Lost } else { Fate::Arrives });
    let a = pair.invite(Some(OFFER));
    pair.settle();
    let b = pair.incoming();
    pair.command(B, Command::Progress { leg: b, status: StatusCode::SESSION_PROGRESS, body: Some(sdp(ANSWER)) });
    pair.settle();
    assert!(matches!(pair.event(A), Event::Progress { .. }));
    pair.command(A, Command::Hangup { leg: a, cause: Cause::Normal });
    pair.settle();
    assert!(matches!(pair.event(B), Event::Ended { cause: Cause::Cancelled, .. }));
    pair.end_of_story();
}
