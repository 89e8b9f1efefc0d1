//! Session timers (RFC 4028).

use crate::{pair::*, script::Script};
use std::time::Duration;
use warmline::sip::{Cause, Command, Event, Settings};

fn pair(a: Option<u64>, b: Option<u64>) -> Pair {
    let with = |local: &str, expires: Option<u64>| Settings {
        session_expires: expires.map(Duration::from_secs),
        ..settings(local)
    };
    Pair::with(with("10.0.0.1:5060", a), with("10.0.0.2:5060", b))
}

#[test]
fn the_caller_refreshes_by_update_at_half_time_and_the_call_lives_on() {
    let mut pair = pair(Some(600), None);
    let (a, _) = pair.call();
    pair.pass(Duration::from_secs(299));
    assert_eq!(pair.a.count("UPDATE"), 0);
    pair.pass(Duration::from_secs(1700));
    assert_eq!((pair.a.count("UPDATE"), pair.b.count("UPDATE")), (6, 0));
    pair.silence();
    pair.hang_up(A, a);
    pair.end_of_story();
}

#[test]
fn both_who_wish_for_timers_agree_on_one_refresher() {
    let mut pair = pair(Some(600), Some(1200));
    let (a, _) = pair.call();
    pair.pass(Duration::from_secs(1000));
    assert_eq!((pair.a.count("UPDATE"), pair.b.count("UPDATE")), (3, 0));
    pair.hang_up(A, a);
    pair.end_of_story();
}

#[test]
fn without_wishes_nobody_refreshes() {
    let mut pair = pair(None, None);
    let (a, _) = pair.call();
    pair.pass(Duration::from_secs(100_000));
    assert_eq!(pair.a.count("UPDATE") + pair.b.count("UPDATE"), 0);
    pair.hang_up(A, a);
    pair.end_of_story();
}

#[test]
fn the_called_side_that_wishes_is_heard_too() {
    let mut pair = pair(None, Some(600));
    let (a, _) = pair.call();
    pair.pass(Duration::from_secs(700));
    assert_eq!(pair.a.count("UPDATE") + pair.b.count("UPDATE"), 2);
    pair.silence();
    pair.hang_up(A, a);
    pair.end_of_story();
}

#[test]
fn a_dead_peer_is_found_by_its_missing_refresh_and_by_ours() {
    let mut pair = pair(Some(600), None);
    let (a, b) = pair.call();
    pair.filter(|_, _| Fate::Lost);
    pair.pass(Duration::from_secs(700));
    assert!(matches!(pair.event(A), Event::Ended { leg, cause: Cause::Lost } if leg == a));
    assert!(matches!(pair.event(B), Event::Ended { leg, cause: Cause::Expired } if leg == b));
    pair.end_of_story();
}

#[test]
fn a_peer_without_update_is_refreshed_by_the_sdp_that_was_said_last() {
    let session_expires = Some(Duration::from_secs(600));
    let mut script = Script::with(Settings { session_expires, ..settings("10.0.0.1:5060") });
    let leg = script.incoming(&format!("Content-Type: application/sdp\n\n{OFFER}"));
    script.command(Command::Answer { leg, body: Some(sdp(ANSWER)) });
    assert_eq!((script.header("Session-Expires"), script.header("Require")), (Some("600;refresher=uas"), None));
    let tag = script.tag();
    script.acknowledges(&tag);
    assert!(matches!(script.event(), Event::Acked { .. }));
    script.pass(Duration::from_secs(300));
    assert!(script.said().starts_with("INVITE"));
    assert_eq!(script.end.messages.last().unwrap().body(), ANSWER.as_bytes());
    let body = format!("Contact: <sip:peer@10.0.0.9>\nContent-Type: application/sdp\n\n{OFFER}");
    script.answers("INVITE", "200 OK", "", &body);
    assert!(script.said().starts_with("ACK"));
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.answers("BYE", "200 OK", "", "");
    script.end_of_story();
}

#[test]
fn a_refresh_that_the_peer_does_not_know_any_more_ends_the_call() {
    let mut script = Script::new();
    let more = "Supported: timer\nSession-Expires: 90;refresher=uas\nAllow: UPDATE\n";
    let leg = script.incoming(&format!("{more}Content-Type: application/sdp\n\n{OFFER}"));
    script.command(Command::Answer { leg, body: Some(sdp(ANSWER)) });
    let tag = script.tag();
    script.acknowledges(&tag);
    assert!(matches!(script.event(), Event::Acked { .. }));
    script.pass(Duration::from_secs(45));
    script.answers("UPDATE", "481 Gone", "", "");
    assert!(matches!(script.event(), Event::Ended { leg: ended, cause: Cause::Lost } if ended == leg));
    assert!(script.said().starts_with("BYE"));
    script.end_of_story();
}
