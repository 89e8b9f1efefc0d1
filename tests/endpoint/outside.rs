//! Requests outside of dialogs, and what is wrong with requests (RFC 3261 8.2, 11).

use crate::{pair::settings, script::Script};
use std::time::Duration;
use warmline::{
    ids::RequestId,
    sip::{
        Command, Credentials, Event, Reply, Secret,
        wire::{Method, NameAddr, Request, StatusCode},
    },
};

/// What is answered to a request that no dialog is needed for.
fn answer(method: &str, more: &str) -> Script {
    let mut script = Script::new();
    script.asks(method, "", more);
    script
}

#[test]
fn options_tells_what_we_can() {
    let script = answer("OPTIONS", "Max-Forwards: 0\n");
    assert_eq!(script.said(), "SIP/2.0 200 OK");
    assert!(script.header("Allow").unwrap().contains("INVITE"));
    assert!(script.header("Supported").unwrap().contains("replaces"));
    assert!(script.header("Accept").unwrap().contains("application/sdp"));
    script.end_of_story();
}

#[test]
fn each_fault_has_its_status() {
    for (method, more, status) in [
        ("JUMP", "", "SIP/2.0 501 Not Implemented"),
        ("MESSAGE", "", "SIP/2.0 405 Method Not Allowed"),
        ("PUBLISH", "", "SIP/2.0 405 Method Not Allowed"),
        ("SUBSCRIBE", "Event: presence\n", "SIP/2.0 489 Bad Event"),
        ("REFER", "Refer-To: <sip:x@y>\n", "SIP/2.0 403 Forbidden"),
        ("BYE", "", "SIP/2.0 481 Call/Transaction Does Not Exist"),
        ("NOTIFY", "Event: keep-alive\n", "SIP/2.0 481 Call/Transaction Does Not Exist"),
        ("PRACK", "RAck: 1 1 INVITE\n", "SIP/2.0 481 Call/Transaction Does Not Exist"),
        ("INVITE", "Max-Forwards: 0\n", "SIP/2.0 483 Too Many Hops"),
        ("INVITE", "Require: magic\n", "SIP/2.0 420 Bad Extension"),
        ("OPTIONS", "Proxy-Require: magic\n", "SIP/2.0 420 Bad Extension"),
        ("INVITE", "Content-Type: text/plain\n\nhello", "SIP/2.0 415 Unsupported Media Type"),
        (
            "INVITE",
            "Content-Encoding: gzip\nContent-Type: application/sdp\n\nhello",
            "SIP/2.0 415 Unsupported Media Type",
        ),
        ("INVITE", "Session-Expires: 60\nSupported: timer\n", "SIP/2.0 422 Session Interval Too Small"),
    ] {
        let script = answer(method, more);
        assert_eq!(script.said(), status, "{method} {more}");
        script.end_of_story();
    }
    assert!(answer("JUMP", "").header("Allow").unwrap().contains("BYE"));
    assert_eq!(answer("INVITE", "Require: magic, 100rel\n").header("Unsupported"), Some("magic"));
    assert_eq!(answer("INVITE", "Session-Expires: 60\nSupported: timer\n").header("Min-SE"), Some("90"));
}

#[test]
fn what_callers_and_phones_behind_proxies_require_is_known() {
    let script = answer("INVITE", "Privacy: id\nProxy-Require: privacy\n");
    assert_eq!(script.said(), "SIP/2.0 100 Trying");
    for more in ["Require: path\nPath: <sip:10.0.0.9;lr>\nSupported: path\n", "Max-Forwards: 0\n"] {
        let mut script = answer("REGISTER", more);
        assert!(matches!(script.event(), Event::Request(_)), "{more}");
        script.end_of_story();
    }
    assert_eq!(answer("INVITE", "Require: path\n").header("Unsupported"), Some("path"));
}

#[test]
fn a_header_that_cannot_be_read_is_named() {
    let script = answer("INVITE", "Max-Forwards: many\n");
    assert!(script.said().starts_with("SIP/2.0 400 ") && script.said().contains("Max-Forwards"), "{}", script.said());
    script.end_of_story();
}

#[test]
fn a_request_in_a_dialog_that_is_not_there_is_481_and_an_ack_is_never_answered() {
    let mut script = Script::new();
    script.asks("INVITE", "nowhere", "");
    assert_eq!(script.said(), "SIP/2.0 481 Call/Transaction Does Not Exist");
    let said = script.end.sent.len();
    script.asks("ACK", "nowhere", "");
    script.asks("ACK", "", "");
    assert_eq!(script.end.sent.len(), said);
    script.end_of_story();
}

#[test]
fn cancel_of_nothing_is_481() {
    let script = answer("CANCEL", "");
    assert_eq!(script.said(), "SIP/2.0 481 Call/Transaction Does Not Exist");
    script.end_of_story();
}

#[test]
fn an_invite_that_comes_by_two_ways_is_482_the_second_time() {
    let mut script = Script::new();
    let invite = |branch: &str| {
        format!(
            "INVITE sip:us@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK{branch}\nFrom: <sip:p@10.0.0.9>;tag=p\n\
             To: <sip:us@10.0.0.1>\nCall-ID: merged\nCSeq: 1 INVITE\nContact: <sip:p@10.0.0.9>\n"
        )
    };
    script.says(&invite("one"));
    script.says(&invite("two"));
    assert_eq!(script.said(), "SIP/2.0 482 Loop Detected");
    let Event::Incoming(incoming) = script.event() else { panic!() };
    script.command(Command::Hangup { leg: incoming.leg, cause: warmline::sip::Cause::Normal });
    script.end_of_story();
}

#[test]
fn an_invite_with_the_next_cseq_is_a_call_of_its_own_and_cancelled_alone() {
    let mut script = Script::new();
    let first = script.incoming("");
    let second = script.incoming("");
    assert_ne!(first, second);
    script.says(
        "CANCEL sip:us@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKINVITE1\nFrom: <sip:peer@10.0.0.9>;tag=peer\n\
         To: <sip:us@10.0.0.1>\nCall-ID: call@peer\nCSeq: 1 CANCEL\n",
    );
    assert!(matches!(script.event(), Event::Ended { leg, .. } if leg == first));
    script.command(Command::Hangup { leg: second, cause: warmline::sip::Cause::Normal });
    script.end_of_story();
}

#[test]
fn keep_alives_are_quiet_but_a_ping_has_its_pong() {
    let mut script = Script::new();
    for quiet in [&b"\r\n"[..], b"\0\0\0\0", b""] {
        script.sends(quiet);
    }
    assert!(script.end.sent.is_empty());
    script.sends(b"\r\n\r\n");
    assert_eq!(script.end.sent, ["b\"\\r\\n\""]);
}

#[test]
fn register_is_answered_from_above() {
    let mut script = answer("REGISTER", "Expires: 60\n");
    let Event::Request(request) = script.event() else { panic!() };
    assert_eq!(request.message.method, Method::Register);
    let reply = Reply::new(StatusCode::INTERVAL_TOO_BRIEF).with("Min-Expires", "120");
    script.command(Command::Respond { request: request.request, reply });
    assert_eq!((script.said(), script.header("Min-Expires")), ("SIP/2.0 423 Interval Too Brief", Some("120")));
    script.end_of_story();
}

#[test]
fn register_that_nobody_answers_is_not_kept() {
    let mut script = answer("REGISTER", "");
    assert!(matches!(script.event(), Event::Request(_)));
    script.pass(Duration::from_secs(40));
    assert_eq!(script.said(), "SIP/2.0 500 Server Internal Error");
    script.end_of_story();
}

#[test]
fn our_register_answers_a_challenge_and_a_stale_nonce_once_more() {
    let mut script = Script::new();
    let address = |text: &str| NameAddr::parse(text).unwrap();
    let outline = Request::new(Method::Register, address("<sip:trunk.example>").uri)
        .with("From", "<sip:us@trunk.example>")
        .with("To", "<sip:us@trunk.example>")
        .with("Contact", "<sip:us@10.0.0.1>");
    let credentials = Credentials { user: "us".to_owned(), secret: Secret::Password("secret".to_owned()) };
    let request = RequestId(77);
    let hop = script.peer;
    script.command(Command::Send { request, outline: Box::new(outline), hop, credentials: Some(credentials) });
    script.answers(
        "REGISTER",
        "401 Unauthorized",
        "t",
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\n",
    );
    assert!(script.header("Authorization").unwrap().contains("nonce=\"n1\""));
    assert_eq!(script.header("CSeq"), Some("2 REGISTER"));
    script.answers(
        "REGISTER",
        "401 Unauthorized",
        "t",
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", qop=\"auth\", stale=true\n",
    );
    assert!(script.header("Authorization").unwrap().contains("nonce=\"n2\""));
    script.answers(
        "REGISTER",
        "401 Unauthorized",
        "t",
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"n3\", qop=\"auth\"\n",
    );
    let Event::Response { request, response } = script.event() else { panic!() };
    assert_eq!((request, response.status), (RequestId(77), StatusCode::UNAUTHORIZED));
    assert_eq!(script.end.count("REGISTER"), 3);
    script.end_of_story();
}

#[test]
fn what_nobody_answers_is_told_as_408() {
    let mut script = Script::new();
    let uri = NameAddr::parse("<sip:trunk.example>").unwrap().uri;
    let outline = Request::new(Method::Options, uri).with("From", "<sip:us@a>").with("To", "<sip:trunk.example>");
    let hop = script.peer;
    script.command(Command::Send { request: RequestId(5), outline: Box::new(outline), hop, credentials: None });
    script.pass(Duration::from_secs(33));
    assert!(
        matches!(script.event(), Event::Response { request: RequestId(5), response } if response.status == StatusCode::REQUEST_TIMEOUT)
    );
    script.end_of_story();
}

#[test]
fn overload_is_503_with_retry_after() {
    let mut script = Script::with(warmline::sip::Settings { max_transactions: 1, ..settings("10.0.0.1:5060") });
    script.asks("OPTIONS", "", "");
    script.asks("OPTIONS", "", "");
    assert_eq!((script.said(), script.header("Retry-After")), ("SIP/2.0 503 Service Unavailable", Some("5")));
    script.end_of_story();
}
