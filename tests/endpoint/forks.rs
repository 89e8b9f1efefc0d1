//! What a forking or asking proxy says to our INVITE (RFC 3261 13.2.2, 22; RFC 3262).

use crate::{pair::*, script::Script};
use std::time::Duration;
use warmline::{
    ids::LegId,
    sip::{
        Cause, Command, Credentials, Event, Invite, OfferMethod, Secret, Settings,
        wire::{Message, NameAddr, StatusCode},
    },
};

fn calls_with(script: &mut Script, body: Option<&'static str>, credentials: Option<Credentials>) -> LegId {
    let leg = script.end.legs.next();
    let address = |text: &str| NameAddr::parse(text).unwrap();
    script.command(Command::Invite(Box::new(Invite {
        leg,
        uri: address("<sip:bob@trunk.example>").uri,
        hop: script.peer,
        route: Vec::new(),
        from: address("<sip:alice@example.com>"),
        to: address("<sip:bob@trunk.example>"),
        asserted: None,
        privacy: None,
        body: body.map(sdp),
        headers: Vec::new(),
        credentials,
        max_forwards: 70,
    })));
    leg
}

fn calls(script: &mut Script) -> LegId {
    calls_with(script, Some(OFFER), None)
}

fn with_sdp(more: &str) -> String {
    format!("{more}Contact: <sip:bob@10.0.0.9:5060>\nContent-Type: application/sdp\n\n{ANSWER}")
}

/// To tag and method of each request that was sent.
fn requests(script: &Script) -> Vec<(String, String)> {
    let of = |message: &Message| match message {
        Message::Request(request) => {
            Some((request.method.to_string(), request.headers.to_tag().unwrap_or_default().to_owned()))
        }
        Message::Response(_) => None,
    };
    script.end.messages.iter().filter_map(of).collect()
}

#[test]
fn the_first_2xx_wins_and_the_second_is_acknowledged_and_hung_up() {
    let mut script = Script::new();
    let leg = calls(&mut script);
    for tag in ["one", "two"] {
        script.answers("INVITE", "180 Ringing", tag, "Contact: <sip:bob@10.0.0.9>\n");
        assert!(matches!(script.event(), Event::Progress { .. }));
    }
    script.answers("INVITE", "200 OK", "two", &with_sdp(""));
    assert!(matches!(script.event(), Event::Answered { body: Some(_), .. }));
    script.answers("INVITE", "200 OK", "one", &with_sdp(""));
    script.answers("INVITE", "200 OK", "one", &with_sdp(""));
    let said = requests(&script);
    let expected = [("INVITE", ""), ("ACK", "two"), ("ACK", "one"), ("BYE", "one"), ("ACK", "one")];
    assert_eq!(said, expected.map(|(method, tag)| (method.to_owned(), tag.to_owned())));
    script.answers("BYE", "200 OK", "", "");
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.answers("BYE", "200 OK", "", "");
    script.end_of_story();
}

#[test]
fn early_dialogs_are_bounded() {
    let mut script = Script::new();
    let leg = calls(&mut script);
    for fork in 0..200 {
        script.answers("INVITE", "180 Ringing", &format!("f{fork}"), "Contact: <sip:bob@10.0.0.9>\n");
    }
    assert_eq!(script.end.events.len(), 16);
    script.end.events.clear();
    script.command(Command::Hangup { leg, cause: Cause::NoAnswer });
    assert!(script.said().starts_with("CANCEL"));
    assert_eq!(script.header("Reason"), Some("SIP;cause=480;text=\"No answer\""));
    script.answers("CANCEL", "200 OK", "x", "");
    script.end_of_story();
}

#[test]
fn each_reliable_provisional_gets_its_prack_once() {
    let mut script = Script::new();
    let leg = calls(&mut script);
    let reliable = |rseq: u32| with_sdp(&format!("Require: 100rel\nRSeq: {rseq}\n"));
    script.answers("INVITE", "183 Session Progress", "one", &reliable(7));
    script.answers("INVITE", "183 Session Progress", "one", &reliable(7));
    script.answers("INVITE", "183 Session Progress", "one", &reliable(9));
    assert_eq!(script.end.count("PRACK"), 1);
    assert_eq!(script.header("RAck"), Some("7 1 INVITE"));
    script.answers("PRACK", "200 OK", "", "");
    script.answers("INVITE", "183 Session Progress", "one", &reliable(8));
    assert_eq!((script.end.count("PRACK"), script.header("RAck")), (2, Some("8 1 INVITE")));
    script.answers("PRACK", "200 OK", "", "");
    script.answers("INVITE", "200 OK", "one", "Contact: <sip:bob@10.0.0.9>\n");
    assert!(matches!(script.event(), Event::Progress { body: Some(_), .. }));
    assert!(matches!(script.event(), Event::Progress { body: Some(_), .. }));
    assert!(matches!(script.event(), Event::Answered { body: None, .. }));
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.answers("BYE", "200 OK", "", "");
    script.end_of_story();
}

#[test]
fn a_challenge_is_answered_once_with_the_same_call_id() {
    let mut script = Script::new();
    let credentials = Credentials { user: "alice".to_owned(), secret: Secret::Password("secret".to_owned()) };
    let leg = calls_with(&mut script, Some(OFFER), Some(credentials));
    let call_id = script.header("Call-ID").unwrap().to_owned();
    let via = script.header("Via").unwrap().to_owned();
    let challenge = "Proxy-Authenticate: Digest realm=\"trunk\", nonce=\"n\", algorithm=MD5, qop=\"auth\"\n";
    script.answers("INVITE", "407 Proxy Authentication Required", "p", challenge);
    assert!(script.said().starts_with("INVITE"));
    assert_eq!((script.header("CSeq"), script.header("Call-ID")), (Some("2 INVITE"), Some(call_id.as_str())));
    assert_ne!(script.header("Via"), Some(via.as_str()));
    let authorization = script.header("Proxy-Authorization").unwrap().to_owned();
    script.answers("INVITE", "200 OK", "one", &with_sdp(""));
    assert!(script.said().starts_with("ACK"));
    assert_eq!(script.header("Proxy-Authorization"), Some(authorization.as_str()));
    assert!(matches!(script.event(), Event::Answered { .. }));
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.answers("BYE", "407 Proxy Authentication Required", "", challenge);
    assert!(script.said().starts_with("BYE") && script.header("Proxy-Authorization").is_some());
    assert_eq!(script.header("CSeq"), Some("4 BYE"));
    script.answers("BYE", "200 OK", "", "");
    script.end_of_story();
}

#[test]
fn wrong_credentials_fail_the_leg() {
    let mut script = Script::new();
    let credentials = Credentials { user: "alice".to_owned(), secret: Secret::Password("wrong".to_owned()) };
    calls_with(&mut script, Some(OFFER), Some(credentials));
    for _ in 0..2 {
        script.answers("INVITE", "401 Unauthorized", "p", "WWW-Authenticate: Digest realm=\"t\", nonce=\"n\"\n");
    }
    assert!(matches!(script.event(), Event::Failed { failure, .. } if failure.status == StatusCode::UNAUTHORIZED));
    assert_eq!(script.end.count("INVITE"), 2);
    script.end_of_story();
}

#[test]
fn a_redirection_brings_its_contacts_best_first() {
    let mut script = Script::new();
    calls(&mut script);
    script.answers("INVITE", "302 Moved Temporarily", "r", "Contact: <sip:late@x>;q=0.2, <sip:first@x>;q=0.9\n");
    let Event::Failed { failure, .. } = script.event() else { panic!() };
    let users: Vec<_> = failure.contacts.iter().filter_map(|uri| uri.user.as_deref()).collect();
    assert_eq!((failure.status, users), (StatusCode::MOVED_TEMPORARILY, vec!["first", "late"]));
    script.end_of_story();
}

#[test]
fn a_longer_session_is_asked_for_after_422() {
    let session_expires = Some(Duration::from_secs(120));
    let mut script = Script::with(Settings { session_expires, ..settings("10.0.0.1:5060") });
    let leg = calls(&mut script);
    assert_eq!(script.header("Session-Expires"), Some("120"));
    script.answers("INVITE", "422 Session Interval Too Small", "p", "Min-SE: 600\n");
    assert_eq!((script.header("Session-Expires"), script.header("Min-SE")), (Some("600"), Some("600")));
    assert_eq!(script.header("CSeq"), Some("2 INVITE"));
    script.answers("INVITE", "486 Busy Here", "p", "");
    assert!(matches!(script.event(), Event::Failed { leg: failed, .. } if failed == leg));
    script.end_of_story();
}

#[test]
fn requests_follow_the_recorded_route_in_reverse() {
    let mut script = Script::new();
    let leg = calls(&mut script);
    let route = "Record-Route: <sip:10.0.0.9:5060;lr>, <sip:far.example;lr>\nContact: <sip:bob@192.168.7.7>\n";
    script.answers("INVITE", "200 OK", "one", &format!("{route}Content-Type: application/sdp\n\n{ANSWER}"));
    assert!(matches!(script.event(), Event::Answered { .. }));
    assert_eq!(script.said(), "ACK sip:bob@192.168.7.7 SIP/2.0");
    let routes: Vec<_> = script.end.last("ACK").headers().get_all("Route").collect();
    assert_eq!(routes, ["<sip:far.example;lr>", "<sip:10.0.0.9:5060;lr>"]);
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.answers("BYE", "200 OK", "", "");
    script.end_of_story();
}

#[test]
fn a_cancelled_invite_that_never_ends_is_forgotten() {
    let mut script = Script::new();
    let leg = calls(&mut script);
    script.answers("INVITE", "180 Ringing", "one", "");
    assert!(matches!(script.event(), Event::Progress { .. }));
    script.command(Command::Hangup { leg, cause: Cause::AnsweredElsewhere });
    assert_eq!(script.header("Reason"), Some("SIP;cause=200;text=\"Call completed elsewhere\""));
    script.answers("INVITE", "180 Ringing", "one", "");
    script.pass(Duration::from_secs(70));
    assert_eq!(script.end.endpoint.legs(), 0);
    script.end_of_story();
}

#[test]
fn only_our_own_names_are_shown() {
    let mut script = Script::new();
    calls(&mut script);
    let text = String::from_utf8(script.end.messages[0].print().to_vec()).unwrap();
    for line in text.lines().filter(|line| line.starts_with("Via:") || line.starts_with("Contact:")) {
        assert!(line.contains("10.0.0.1:5060"), "{line}");
    }
    assert!(text.contains("Max-Forwards: 70") && text.contains(";rport"), "{text}");
    script.answers("INVITE", "404 Not Found", "x", "");
    assert!(matches!(script.event(), Event::Failed { .. }));
    script.end_of_story();
}

#[test]
fn a_challenged_prack_goes_on_in_its_early_dialog() {
    let mut script = Script::new();
    let secret = Secret::Password("secret".to_owned());
    let leg = calls_with(&mut script, Some(OFFER), Some(Credentials { user: "us".to_owned(), secret }));
    script.answers("INVITE", "183 Session Progress", "one", &with_sdp("Require: 100rel\nRSeq: 1\n"));
    let ask = "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\n";
    script.answers("PRACK", "407 Proxy Authentication Required", "", ask);
    assert_eq!((script.end.count("PRACK"), script.header("CSeq")), (2, Some("3 PRACK")));
    assert!(script.header("Proxy-Authorization").is_some());
    script.answers("PRACK", "200 OK", "", "");
    script.answers("INVITE", "200 OK", "one", "Contact: <sip:bob@10.0.0.9>\n");
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    assert_eq!(script.header("CSeq"), Some("4 BYE"));
    script.answers("BYE", "200 OK", "", "");
    assert!(matches!(script.event(), Event::Progress { .. }));
    assert!(matches!(script.event(), Event::Answered { .. }));
    script.end_of_story();
}

#[test]
fn an_update_of_ours_in_an_early_dialog_ends_whatever_is_said() {
    for (status, refused) in [("200 OK", None), ("481 Gone", Some(481)), ("500 No", Some(500))] {
        let mut script = Script::new();
        let leg = calls(&mut script);
        let reliable = with_sdp("Require: 100rel\nRSeq: 1\nAllow: UPDATE\n");
        script.answers("INVITE", "180 Ringing", "one", "");
        script.answers("INVITE", "183 Session Progress", "one", &reliable);
        script.answers("PRACK", "200 OK", "", "");
        script.command(Command::Offer { leg, body: Some(sdp(OFFER)), method: OfferMethod::Update });
        assert_eq!((script.header("CSeq"), script.said()), (Some("3 UPDATE"), "UPDATE sip:bob@10.0.0.9:5060 SIP/2.0"));
        script.answers("UPDATE", status, "", &with_sdp("").replace(":5060>", ":5070>"));
        for _ in 0..2 {
            assert!(matches!(script.event(), Event::Progress { .. }));
        }
        match (script.event(), refused) {
            (Event::OfferAnswered { body: Some(_), .. }, None) => {}
            (Event::OfferRefused { status, .. }, Some(refused)) => assert_eq!(status.0, refused),
            (other, _) => panic!("{other:?}"),
        }
        script.answers("INVITE", "200 OK", "one", "");
        let port = if refused.is_none() { 5070 } else { 5060 };
        assert_eq!(script.said(), format!("ACK sip:bob@10.0.0.9:{port} SIP/2.0"));
        assert!(matches!(script.event(), Event::Answered { .. }));
        script.command(Command::Hangup { leg, cause: Cause::Normal });
        script.answers("BYE", "200 OK", "", "");
        script.end_of_story();
    }
}

#[test]
fn a_whole_dialog_behind_a_strict_router_names_it_first_and_the_peer_last() {
    let mut script = Script::new();
    let leg = calls(&mut script);
    let route = "Record-Route: <sip:far.example;lr>, <sip:10.0.0.9:5060>\nContact: <sip:bob@192.168.7.7>\n";
    script.answers("INVITE", "200 OK", "one", &format!("{route}Content-Type: application/sdp\n\n{ANSWER}"));
    assert!(matches!(script.event(), Event::Answered { .. }));
    let seen = |script: &Script, method: &str| {
        let routes: Vec<_> = script.end.last(method).headers().get_all("Route").map(str::to_owned).collect();
        assert_eq!(routes, ["<sip:far.example;lr>", "<sip:bob@192.168.7.7>"], "{method}");
        assert!(script.said().starts_with(&format!("{method} sip:10.0.0.9:5060 SIP")), "{}", script.said());
    };
    seen(&script, "ACK");
    script.command(Command::Offer { leg, body: Some(sdp(OFFER)), method: OfferMethod::Reinvite });
    seen(&script, "INVITE");
    script.answers("INVITE", "486 Busy Here", "", "");
    seen(&script, "ACK");
    assert!(matches!(script.event(), Event::OfferRefused { .. }));
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    seen(&script, "BYE");
    script.answers("BYE", "200 OK", "", "");
    script.end_of_story();
}

#[test]
fn a_refer_of_who_has_not_answered_is_put_off() {
    let mut script = Script::new();
    let leg = calls(&mut script);
    script.answers("INVITE", "180 Ringing", "one", "Contact: <sip:bob@10.0.0.9>\n");
    assert!(matches!(script.event(), Event::Progress { .. }));
    let ours = script.end.last("INVITE").headers();
    let (from, call) = (ours.get("From").unwrap(), ours.get("Call-ID").unwrap());
    let refer = format!(
        "REFER sip:us@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKrefer\nFrom: <sip:bob@trunk.example>;tag=one\n\
         To: {from}\nCall-ID: {call}\nCSeq: 1 REFER\nRefer-To: <sip:carol@example.com>\n"
    );
    script.says(&refer);
    assert_eq!(script.said(), "SIP/2.0 491 Request Pending");
    script.command(Command::Hangup { leg, cause: Cause::Normal });
    script.answers("INVITE", "487 Request Terminated", "one", "");
    script.answers("CANCEL", "200 OK", "", "");
    script.end_of_story();
}
