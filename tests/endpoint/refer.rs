//! REFER, NOTIFY, Replaces and INFO (RFC 3515, RFC 4488, RFC 3891, RFC 6086).

use crate::{pair::*, script::Script};
use bytes::Bytes;
use std::time::Duration;
use warmline::{
    ids::LegId,
    sip::{
        Cause, Command, Event, Rejection,
        wire::{Method, NameAddr, StatusCode, Uri},
    },
};

fn target(text: &str) -> Uri {
    NameAddr::parse(text).unwrap().uri
}

fn refer(pair: &mut Pair, leg: LegId, to: &str) {
    pair.command(A, Command::Refer { leg, target: target(to), referred_by: None });
    pair.settle();
}

#[test]
fn a_referral_is_accepted_and_told_how_it_goes() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    refer(&mut pair, a, "<sip:carol@example.com>");
    let Event::Refer(refer) = pair.event(B) else { panic!() };
    assert_eq!((refer.leg, refer.target.user.as_deref(), refer.notify), (b, Some("carol"), true));
    pair.command(B, Command::AcceptRefer { leg: b });
    for status in [StatusCode::RINGING, StatusCode::OK] {
        pair.command(B, Command::Notify { leg: b, status, reason: String::new() });
    }
    pair.settle();
    assert!(matches!(pair.event(A), Event::ReferAnswered { leg, status: StatusCode::ACCEPTED } if leg == a));
    for expected in [StatusCode::TRYING, StatusCode::RINGING, StatusCode::OK] {
        assert!(matches!(pair.event(A), Event::Notified { leg, status } if leg == a && status == expected));
    }
    let last = pair.b.last("NOTIFY").headers();
    assert_eq!(
        (last.get("Event"), last.get("Subscription-State")),
        (Some("refer"), Some("terminated;reason=noresource"))
    );
    pair.command(B, Command::Notify { leg: b, status: StatusCode::OK, reason: String::new() });
    assert_eq!(pair.b.count("NOTIFY"), 3);
    pair.hang_up(B, b);
    pair.end_of_story();
}

#[test]
fn bye_waits_until_the_last_notify_is_answered() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    refer(&mut pair, a, "<sip:carol@example.com>");
    assert!(matches!(pair.event(B), Event::Refer(_)));
    pair.command(B, Command::AcceptRefer { leg: b });
    pair.command(B, Command::Notify { leg: b, status: StatusCode::OK, reason: String::new() });
    pair.command(B, Command::Hangup { leg: b, cause: Cause::Transferred });
    pair.settle();
    let told: Vec<_> = pair.a.events.drain(..).collect();
    assert!(matches!(told[2], Event::Notified { status: StatusCode::OK, .. }), "{told:?}");
    assert!(matches!(told[3], Event::Ended { .. }), "{told:?}");
    pair.end_of_story();
}

#[test]
fn bye_does_not_wait_long_for_a_notify_that_nobody_answers() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    refer(&mut pair, a, "<sip:carol@example.com>");
    assert!(matches!(pair.event(B), Event::Refer(_)));
    pair.filter(|_, message| if is_request(message, &Method::Notify) { Fate::Lost } else { Fate::Arrives });
    pair.command(B, Command::AcceptRefer { leg: b });
    pair.command(B, Command::Hangup { leg: b, cause: Cause::Transferred });
    pair.pass(Duration::from_secs(3));
    assert!(matches!(pair.event(A), Event::ReferAnswered { .. }));
    assert!(matches!(pair.event(A), Event::Ended { .. }));
    pair.end_of_story();
}

#[test]
fn a_refused_referral_is_told() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    refer(&mut pair, a, "<sip:carol@example.com>");
    assert!(matches!(pair.event(B), Event::Refer(_)));
    pair.command(B, Command::RefuseRefer { leg: b, rejection: Rejection::new(StatusCode::DECLINE) });
    pair.settle();
    assert!(matches!(pair.event(A), Event::ReferAnswered { status: StatusCode::DECLINE, .. }));
    pair.hang_up(A, a);
    pair.end_of_story();
}

#[test]
fn bye_right_after_refer_ends_the_leg_only() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.command(A, Command::Refer { leg: a, target: target("<sip:c@d>"), referred_by: None });
    pair.command(A, Command::Hangup { leg: a, cause: Cause::Normal });
    pair.settle();
    assert!(matches!(pair.event(B), Event::Refer(_)));
    assert!(matches!(pair.event(B), Event::Ended { leg, cause: Cause::Normal } if leg == b));
    pair.command(B, Command::AcceptRefer { leg: b });
    pair.end_of_story();
}

/// A call from a scripted peer, answered: the leg and our tag.
fn answered(script: &mut Script) -> (LegId, String) {
    let leg = script.incoming(&format!("Content-Type: application/sdp\n\n{OFFER}"));
    script.command(Command::Answer { leg, body: Some(sdp(ANSWER)) });
    let tag = script.tag();
    script.acknowledges(&tag);
    assert!(matches!(script.event(), Event::Acked { .. }));
    (leg, tag)
}

#[test]
fn a_referral_without_exactly_one_target_is_400() {
    for refer_to in
        ["", "Refer-To: <sip:a@b>\nRefer-To: <sip:c@d>\n", "Refer-To: <sip:a@b>, <sip:c@d>\n", "Refer-To: <>\n"]
    {
        let mut script = Script::new();
        let (leg, tag) = answered(&mut script);
        script.asks("REFER", &tag, refer_to);
        assert!(script.said().starts_with("SIP/2.0 400 ") && script.said().contains("Refer-To"), "{}", script.said());
        script.command(Command::Hangup { leg, cause: Cause::Normal });
        script.end_of_story();
    }
}

#[test]
fn who_wants_no_subscription_gets_no_notify() {
    for unwanted in ["Refer-Sub: false\n", "Require: norefersub\n"] {
        let mut script = Script::new();
        let (leg, tag) = answered(&mut script);
        script.asks("REFER", &tag, &format!("Refer-To: <sip:a@b>\n{unwanted}"));
        assert!(matches!(script.event(), Event::Refer(refer) if !refer.notify));
        script.command(Command::AcceptRefer { leg });
        script.command(Command::Notify { leg, status: StatusCode::OK, reason: String::new() });
        assert_eq!((script.said(), script.header("Refer-Sub")), ("SIP/2.0 202 Accepted", Some("false")));
        script.command(Command::Hangup { leg, cause: Cause::Normal });
        script.end_of_story();
    }
}

#[test]
fn a_notify_that_is_refused_ends_the_subscription_and_not_the_call() {
    let mut script = Script::new();
    let (leg, tag) = answered(&mut script);
    script.asks("REFER", &tag, "Refer-To: <sip:a@b>\n");
    assert!(matches!(script.event(), Event::Refer(_)));
    script.command(Command::AcceptRefer { leg });
    script.answers("NOTIFY", "481 Subscription Does Not Exist", "", "");
    script.command(Command::Notify { leg, status: StatusCode::OK, reason: String::new() });
    assert_eq!(script.end.count("NOTIFY"), 1);
    script.asks("BYE", &tag, "");
    assert!(matches!(script.event(), Event::Ended { cause: Cause::Normal, .. }));
    script.end_of_story();
}

#[test]
fn a_notify_that_nobody_asked_for_is_481() {
    let mut script = Script::new();
    let (leg, tag) = answered(&mut script);
    script.asks("NOTIFY", &tag, "Event: refer\nSubscription-State: active\n");
    assert_eq!(script.said(), "SIP/2.0 481 Call/Transaction Does Not Exist");
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.end_of_story();
}

#[test]
fn replaces_finds_the_dialog_in_either_order_of_tags_whatever_the_host() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    let dialog = pair.b.endpoint.dialog(b).unwrap();
    assert_eq!(pair.a.endpoint.dialog(a).unwrap().remote_tag, dialog.local_tag);
    for (to, from) in [(&dialog.local_tag, &dialog.remote_tag), (&dialog.remote_tag, &dialog.local_tag)] {
        let named = format!("{};to-tag={to};from-tag={from};early-only", dialog.call_id);
        let third = pair.invite_with(Some(OFFER), |invite| invite.headers.push(("Replaces".to_owned(), named)));
        pair.settle();
        let Event::Incoming(incoming) = pair.event(B) else { panic!() };
        let replaces = incoming.replaces.unwrap();
        assert_eq!((replaces.leg, replaces.confirmed, replaces.early_only), (Some(b), true, true));
        pair.command(A, Command::Hangup { leg: third, cause: Cause::Normal });
        pair.settle();
        assert!(matches!(pair.event(B), Event::Ended { cause: Cause::Cancelled, .. }));
        let escaped = format!("{}%3Bto-tag%3D{to}%3Bfrom-tag%3D{from}", dialog.call_id);
        refer(&mut pair, a, &format!("<sip:carol@anywhere.example?Replaces={escaped}>"));
        let Event::Refer(referred) = pair.event(B) else { panic!() };
        assert_eq!(referred.replaces.unwrap().leg, Some(b));
        assert!(referred.target.headers.is_empty());
        pair.command(B, Command::RefuseRefer { leg: b, rejection: Rejection::new(StatusCode::DECLINE) });
        pair.settle();
        assert!(matches!(pair.event(A), Event::ReferAnswered { .. }));
    }
    pair.hang_up(A, a);
    pair.end_of_story();
}

#[test]
fn replaces_that_names_nothing_is_told_as_such() {
    let mut pair = Pair::new();
    let a = pair.invite_with(Some(OFFER), |invite| {
        invite.headers.push(("Replaces".to_owned(), "none;to-tag=1;from-tag=2".to_owned()));
    });
    pair.settle();
    let Event::Incoming(incoming) = pair.event(B) else { panic!() };
    assert_eq!(incoming.replaces.map(|replaces| replaces.leg), Some(None));
    pair.command(A, Command::Hangup { leg: a, cause: Cause::Normal });
    pair.settle();
    assert!(matches!(pair.event(B), Event::Ended { .. }));
    pair.end_of_story();
}

#[test]
fn info_of_a_known_kind_is_told_and_others_are_415() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    let body = Bytes::from_static(b"Signal=5\r\nDuration=160\r\n");
    for content_type in ["application/dtmf-relay", "application/x-unknown"] {
        let content_type = content_type.to_owned();
        pair.command(A, Command::Info { leg: a, content_type, body: body.clone() });
    }
    pair.settle();
    let Event::Info { leg, content_type, body: told } = pair.event(B) else { panic!() };
    assert_eq!((leg, content_type.as_str(), told), (b, "application/dtmf-relay", body));
    assert_eq!(pair.b.count("SIP/2.0 415"), 1);
    pair.hang_up(A, a);
    pair.end_of_story();
}

#[test]
fn a_refer_for_another_method_than_invite_is_refused() {
    let mut script = Script::new();
    let leg = script.incoming(&format!("Content-Type: application/sdp\n\n{OFFER}"));
    script.command(Command::Answer { leg, body: Some(sdp(ANSWER)) });
    let tag = script.tag();
    script.acknowledges(&tag);
    assert!(matches!(script.event(), Event::Acked { .. }));
    script.asks("REFER", &tag, "Refer-To: <sip:carol@example.com;method=BYE>\n");
    assert_eq!(script.said(), "SIP/2.0 400 Bad Refer-To: another method than INVITE");
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.answers("BYE", "200 OK", "", "");
    script.end_of_story();
}
