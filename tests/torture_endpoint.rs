//! The 49 messages of RFC 4475 as datagrams to an endpoint: the right class of answer or silence, and a call afterwards.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]
#![allow(clippy::disallowed_methods, reason = "one starting point in time")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test names what it expects")]

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};
use warmline::{
    ids::LegIds,
    sip::{Command, Endpoint, Event, Rejection, Settings, wire::StatusCode},
};

/// What an endpoint makes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// A call that somebody above answers.
    Call,
    /// REGISTER, which somebody above answers.
    Register,
    /// This status at once.
    Status(u16),
    /// Nothing.
    Silence,
}
use Fate::{Call, Register, Silence, Status};

#[rustfmt::skip]
const TABLE: &[(&str, Fate)] = &[
    // It has a tag in To, and we have no such dialog.
    ("wsinv", Status(481)), ("intmeth", Status(501)), ("esc01", Call), ("escnull", Register), ("esc02", Status(501)),
    ("lwsdisp", Status(200)), ("longreq", Call), ("dblreq", Register), ("semiuri", Status(200)),
    ("transports", Status(200)), ("mpart01", Status(405)), ("unreason", Silence), ("noreason", Silence),
    ("badinv01", Status(400)), ("clerr", Status(400)), ("ncl", Status(400)), ("scalar02", Status(400)),
    ("scalarlg", Silence), ("quotbal", Status(400)), ("ltgtruri", Status(400)), ("lwsruri", Status(400)),
    ("lwsstart", Status(400)), ("trws", Status(400)), ("escruri", Status(400)),
    // A Date that nobody looks at is no reason to refuse a call.
    ("baddate", Call),
    ("regbadct", Status(400)), ("badaspec", Status(400)), ("baddn", Status(400)), ("badvers", Status(505)),
    ("mismatch01", Status(400)), ("mismatch02", Status(400)), ("bigcode", Silence), ("badbranch", Status(200)),
    ("insuf", Status(400)), ("unkscm", Status(416)), ("novelsc", Status(416)), ("unksm2", Register),
    ("bext01", Status(420)), ("invut", Status(415)), ("regaut01", Register), ("multi01", Status(400)),
    ("mcl01", Status(400)), ("bcast", Silence), ("zeromf", Status(200)), ("cparam01", Register),
    ("cparam02", Register), ("regescrt", Register), ("sdp01", Status(406)), ("inv2543", Call),
];

#[test]
fn each_message_has_its_fate_and_a_call_works_afterwards() {
    for (file, fate) in TABLE {
        let now = Instant::now();
        let mut endpoint = endpoint();
        let datagram = fs::read(format!("tests/torture/{file}.dat")).unwrap();
        endpoint.receive(&datagram, "192.0.2.77:5060".parse().unwrap(), now);
        assert_eq!(fate_of(&mut endpoint, now), *fate, "{file}");
        assert_eq!(fate_of_a_call(&mut endpoint, now), Call, "after {file}");
        pass(&mut endpoint, now, Duration::from_secs(300));
        let left = (endpoint.legs(), endpoint.transactions(), endpoint.next_deadline());
        assert_eq!(left, (0, 0, None), "after {file}");
    }
}

#[test]
fn all_of_them_to_one_endpoint_leave_nothing_behind() {
    let now = Instant::now();
    let mut endpoint = endpoint();
    for (file, _) in TABLE {
        let datagram = fs::read(format!("tests/torture/{file}.dat")).unwrap();
        endpoint.receive(&datagram, "192.0.2.77:5060".parse().unwrap(), now);
        // Some have the branch of another: what they are answered is not what they would be alone.
        fate_of(&mut endpoint, now);
    }
    pass(&mut endpoint, now, Duration::from_secs(300));
    assert_eq!((endpoint.legs(), endpoint.transactions()), (0, 0));
}

#[test]
fn every_file_has_its_row() {
    let files: BTreeSet<_> = fs::read_dir("tests/torture")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".dat", ""))
        .collect();
    assert_eq!(files, TABLE.iter().map(|row| row.0.to_owned()).collect());
}

fn endpoint() -> Endpoint {
    let settings = Settings {
        local: "10.0.0.1:5060".parse().unwrap(),
        public_address: None,
        domain: "example.com".to_owned(),
        agent: "Warmline".to_owned(),
        session_expires: None,
        min_session_expires: Duration::from_secs(90),
        t1: Duration::from_millis(500),
        max_transactions: 1000,
    };
    Endpoint::new(settings, LegIds::default(), [9; 32])
}

/// What was said and told; a call is refused and a registration taken, as somebody above would.
fn fate_of(endpoint: &mut Endpoint, now: Instant) -> Fate {
    let mut said = None;
    while let Some(transmit) = endpoint.next_transmit() {
        let text = String::from_utf8_lossy(&transmit.payload).into_owned();
        said = text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok());
    }
    let fate = match endpoint.next_event() {
        Some(Event::Incoming(incoming)) => {
            assert_eq!(said, Some(100));
            let rejection = Rejection::new(StatusCode::BUSY_HERE);
            endpoint.command(Command::Reject { leg: incoming.leg, rejection }, now);
            Call
        }
        Some(Event::Request(request)) => {
            let reply = warmline::sip::Reply::new(StatusCode::OK);
            endpoint.command(Command::Respond { request: request.request, reply }, now);
            Register
        }
        Some(other) => panic!("{other:?}"),
        None => said.map_or(Silence, Status),
    };
    while endpoint.next_transmit().is_some() {}
    assert!(endpoint.next_event().is_none());
    fate
}

fn fate_of_a_call(endpoint: &mut Endpoint, now: Instant) -> Fate {
    let invite = "INVITE sip:us@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKafter\r\nFrom: <sip:p@10.0.0.9>;tag=p\r\n\
                  To: <sip:us@10.0.0.1>\r\nCall-ID: after\r\nCSeq: 1 INVITE\r\nContact: <sip:p@10.0.0.9>\r\nContent-Length: 0\r\n\r\n";
    endpoint.receive(invite.as_bytes(), "10.0.0.9:5060".parse().unwrap(), now);
    fate_of(endpoint, now)
}

fn pass(endpoint: &mut Endpoint, from: Instant, time: Duration) {
    while let Some(at) = endpoint.next_deadline().filter(|at| *at <= from + time) {
        endpoint.wake(at);
        while endpoint.next_transmit().is_some() {}
        assert!(endpoint.next_event().is_none());
    }
}
