//! The 49 messages of RFC 4475, each with what the parser must make of it. What the endpoint answers is told elsewhere.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{collections::BTreeSet, fs};
use warmline::sip::wire::{
    Contacts, Message, Method, ParseErrorKind as Kind, Request, Response, Scheme, StatusCode, Transport, Uri, part,
    sdp_body,
};

/// What becomes of a message.
enum Fate {
    /// A request, and what must be found in it.
    Request(fn(&Request)),
    /// A response, and what must be found in it.
    Response(fn(&Response)),
    /// Refused with this status, for this reason.
    Refused(u16, Kind),
    /// Not usable, and nobody is told.
    Dropped(Kind),
}
use Fate::{Dropped, Refused, Request as Read, Response as Answer};

/// File, section of RFC 4475, fate.
#[rustfmt::skip]
const TABLE: &[(&str, &str, Fate)] = &[
    ("wsinv", "3.1.1.1", Read(wsinv)),
    ("intmeth", "3.1.1.2", Read(intmeth)),
    ("esc01", "3.1.1.3", Read(esc01)),
    ("escnull", "3.1.1.4", Read(escnull)),
    ("esc02", "3.1.1.5", Read(esc02)),
    ("lwsdisp", "3.1.1.6", Read(lwsdisp)),
    ("longreq", "3.1.1.7", Read(longreq)),
    ("dblreq", "3.1.1.8", Read(dblreq)),
    ("semiuri", "3.1.1.9", Read(semiuri)),
    ("transports", "3.1.1.10", Read(transports)),
    ("mpart01", "3.1.1.11", Read(mpart01)),
    ("unreason", "3.1.1.12", Answer(unreason)),
    ("noreason", "3.1.1.13", Answer(noreason)),
    ("badinv01", "3.1.2.1", Refused(400, Kind::Header(header("Via", "parameter without a proper name")))),
    ("clerr", "3.1.2.2", Refused(400, Kind::BodyTruncated)),
    ("ncl", "3.1.2.3", Refused(400, Kind::Header(header("Content-Length", "bad number")))),
    ("scalar02", "3.1.2.4", Refused(400, Kind::Header(header("CSeq", "bad number")))),
    ("scalarlg", "3.1.2.5", Dropped(Kind::Header(header("CSeq", "bad number")))),
    ("quotbal", "3.1.2.6", Refused(400, Kind::Header(header("To", "quote never closed")))),
    ("ltgtruri", "3.1.2.7", Refused(400, Kind::RequestUri("space, quote or bracket inside"))),
    ("lwsruri", "3.1.2.8", Refused(400, Kind::StartLine("spaces"))),
    ("lwsstart", "3.1.2.9", Refused(400, Kind::StartLine("spaces"))),
    ("trws", "3.1.2.10", Refused(400, Kind::StartLine("spaces"))),
    ("escruri", "3.1.2.11", Refused(400, Kind::RequestUri("headers inside"))),
    ("baddate", "3.1.2.12", Read(baddate)),
    ("regbadct", "3.1.2.13", Read(regbadct)),
    ("badaspec", "3.1.2.14", Refused(400, Kind::Header(header("To", "space, quote or bracket inside")))),
    ("baddn", "3.1.2.15", Refused(400, Kind::Header(header("From", "comma in a display name without quotes")))),
    ("badvers", "3.1.2.16", Refused(505, Kind::Version)),
    ("mismatch01", "3.1.2.17", Refused(400, Kind::MethodMismatch)),
    ("mismatch02", "3.1.2.18", Refused(400, Kind::MethodMismatch)),
    ("bigcode", "3.1.2.19", Dropped(Kind::StartLine("bad status code"))),
    ("badbranch", "3.2.1", Read(badbranch)),
    ("insuf", "3.3.1", Refused(400, Kind::Missing("From"))),
    ("unkscm", "3.3.2", Read(unkscm)),
    ("novelsc", "3.3.3", Read(novelsc)),
    ("unksm2", "3.3.4", Read(unksm2)),
    ("bext01", "3.3.5", Read(bext01)),
    ("invut", "3.3.6", Read(invut)),
    ("regaut01", "3.3.7", Read(regaut01)),
    ("multi01", "3.3.8", Refused(400, Kind::Repeated("From"))),
    ("mcl01", "3.3.9", Refused(400, Kind::Repeated("Content-Length"))),
    ("bcast", "3.3.10", Answer(bcast)),
    ("zeromf", "3.3.11", Read(zeromf)),
    ("cparam01", "3.3.12", Read(cparam01)),
    ("cparam02", "3.3.13", Read(cparam02)),
    ("regescrt", "3.3.14", Read(regescrt)),
    ("sdp01", "3.3.15", Read(sdp01)),
    ("inv2543", "3.4.1", Read(inv2543)),
];

#[test]
fn every_message_has_its_fate() {
    for (file, section, fate) in TABLE {
        println!("{file} ({section})");
        let parsed = Message::parse(&bytes(file));
        match (fate, parsed) {
            (Read(check), Ok(Message::Request(request))) => check(&request),
            (Answer(check), Ok(Message::Response(response))) => check(&response),
            (Refused(status, kind), Err(error)) => {
                assert_eq!(&error.kind, kind);
                let answer = error.response("tag").expect("can be answered");
                assert_eq!(answer.status, StatusCode(*status));
                assert!(Message::parse(&answer.print()).is_ok() || !complete(&answer), "{answer:?}");
            }
            (Dropped(kind), Err(error)) => assert_eq!((&error.kind, error.answerable), (kind, None)),
            (_, parsed) => panic!("{file}: {parsed:?}"),
        }
    }
}

/// Whether the headers of a broken request were good enough for an answer that could be parsed.
fn complete(answer: &Response) -> bool {
    let headers = &answer.headers;
    headers.vias().is_ok()
        && headers.from().is_ok()
        && headers.to().is_ok()
        && headers.cseq().is_ok()
        && headers.has("i")
}

#[test]
fn every_file_has_its_row() {
    let files: BTreeSet<_> = fs::read_dir("tests/torture")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".dat", ""))
        .collect();
    assert_eq!(files, TABLE.iter().map(|row| row.0.to_owned()).collect());
    assert_eq!(files.len(), 49);
}

#[test]
fn what_was_read_is_the_same_after_printing() {
    for (file, ..) in TABLE {
        if let Ok(message) = Message::parse(&bytes(file)) {
            assert_eq!(Message::parse(&message.print()), Ok(message), "{file}");
        }
    }
}

#[test]
fn no_beginning_of_a_message_does_harm() {
    for (file, ..) in TABLE {
        let bytes = bytes(file);
        for end in (0..bytes.len()).step_by(5) {
            let _ = Message::parse(&bytes[..end]).map(|message| message.print());
        }
    }
}

fn bytes(file: &str) -> Vec<u8> {
    fs::read(format!("tests/torture/{file}.dat")).unwrap()
}

const fn header(header: &'static str, problem: &'static str) -> warmline::sip::wire::HeaderError {
    warmline::sip::wire::HeaderError { header, problem }
}

fn uri(text: &str) -> Uri {
    text.parse().unwrap()
}

fn contacts(request: &Request) -> Vec<warmline::sip::wire::NameAddr> {
    match request.headers.contacts().unwrap() {
        Contacts::List(contacts) => contacts,
        Contacts::All => panic!("no * here"),
    }
}

fn wsinv(request: &Request) {
    let headers = &request.headers;
    assert_eq!(request.method, Method::Invite);
    assert_eq!(request.uri.params.find("unknownparam"), Some(None));
    let to = headers.to().unwrap();
    assert_eq!((to.uri.user.as_deref(), to.tag()), (Some("vivekg"), Some("1918181833n")));
    let from = headers.from().unwrap();
    assert_eq!((from.display.as_deref(), from.tag()), (Some("J Rosenberg \\\""), Some("98asjd8")));
    assert_eq!(headers.max_forwards(), Ok(Some(68)));
    assert_eq!(headers.cseq().unwrap().number, 9);
    let vias = headers.vias().unwrap();
    let hosts: Vec<_> = vias.iter().map(|via| (&via.transport, via.host.to_string(), via.branch())).collect();
    assert_eq!(
        hosts,
        [
            (&Transport::Udp, "192.0.2.2".to_owned(), Some("390skdjuw")),
            (&Transport::Tcp, "spindle.example.com".to_owned(), Some("z9hG4bK9ikj8")),
            (&Transport::Udp, "192.168.255.111".to_owned(), Some("z9hG4bK30239")),
        ]
    );
    assert_eq!(headers.get("Subject"), Some(""));
    assert_eq!(headers.get("newfangledheader"), Some("newfangled value continued newfangled value"));
    assert_eq!(headers.get("UnknownHeaderWithUnusualValue"), Some(";;,,;;,;"));
    assert!(headers.routes().unwrap()[0].uri.lr());
    let contact = &contacts(request)[0];
    assert_eq!(contact.display.as_deref(), Some("Quoted string \"\""));
    assert_eq!(contact.params.get("newparam"), Some("newvalue"));
    assert_eq!(contact.params.find("secondparam"), Some(None));
    assert_eq!(contact.q(), 330);
    assert_eq!(request.body.len(), 150);
}

fn intmeth(request: &Request) {
    let method = "!interesting-Method0123456789_*+`.%indeed'~";
    assert_eq!(request.method.as_str(), method);
    assert_eq!(request.uri.user.as_deref(), Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
    assert_eq!(request.uri.password.as_deref(), Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
    assert_eq!(request.uri.host.to_string(), "example.com");
    let headers = &request.headers;
    assert_eq!(headers.via().unwrap().branch(), Some("z9hG4bK-.!%66*_+`'~"));
    assert_eq!(headers.to().unwrap().display.as_deref(), Some("BEL:\u{7} NUL:\0 DEL:\u{7f}"));
    let from = headers.from().unwrap();
    assert_eq!(from.display.as_deref(), Some("token1~` token2'+_ token3*%!.-"));
    assert_eq!(from.params.get("fromParam''~+*_!.-%"), Some("работающий"));
    assert_eq!(from.tag(), Some("_token~1'+`*%!-."));
    assert_eq!(headers.from_tag(), from.tag());
    assert_eq!(headers.call_id(), Ok("intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"));
    assert_eq!((headers.cseq().unwrap().number, headers.cseq().unwrap().method.as_str()), (139_122_385, method));
    assert_eq!(headers.max_forwards(), Ok(Some(255)));
    assert_eq!(headers.get("extensionHeader-!.%*+_`'~"), Some("\u{feff}大停電"));
}

fn esc01(request: &Request) {
    assert_eq!(request.uri.user.as_deref(), Some("sips:user@example.com"));
    assert_eq!(request.headers.to().unwrap().uri.user.as_deref(), Some("user"));
    assert_eq!(request.headers.from().unwrap().uri.user.as_deref(), Some("I have spaces"));
    let contact = &contacts(request)[0].uri;
    assert_eq!(contact.user.as_deref(), Some("caller"));
    assert!(contact.lr());
    assert_eq!(contact.params.get("name"), Some("value%41"));
    assert_eq!(request.body.len(), 150);
}

fn escnull(request: &Request) {
    assert_eq!(request.headers.to().unwrap().uri.user.as_deref(), Some("null-\0-null"));
    let users: Vec<_> = contacts(request).into_iter().map(|contact| contact.uri.user.unwrap()).collect();
    assert_eq!(users, ["\0", "\0\0"]);
    assert!(!contacts(request)[0].uri.same_as(&contacts(request)[1].uri));
}

fn esc02(request: &Request) {
    assert_eq!(request.method, Method::Other("RE%47IST%45R".to_owned()));
    assert_eq!(request.headers.to().unwrap().display.as_deref(), Some("%Z%45"));
    assert_eq!(request.headers.via().unwrap().branch(), Some("z9hG4bK209%fzsnel234"));
    assert_eq!(contacts(request).len(), 2);
    assert_eq!(request.headers.get("C%6Fntact"), Some("<sip:alias2@host2.example.com>"));
}

fn lwsdisp(request: &Request) {
    let from = request.headers.from().unwrap();
    assert_eq!((from.display.as_deref(), from.tag()), (Some("caller"), Some("323")));
}

fn longreq(request: &Request) {
    let headers = &request.headers;
    assert_eq!(headers.vias().unwrap().len(), 34);
    assert_eq!(headers.via().unwrap().host.to_string(), "sip33.example.com");
    assert_eq!(headers.vias().unwrap()[33].received(), "192.0.2.5".parse().ok());
    assert_eq!(headers.to().unwrap().uri.port, Some(6000));
    assert!(headers.call_id().unwrap().ends_with("longcallid"));
    assert_eq!(request.body.len(), 150);
}

fn dblreq(request: &Request) {
    assert_eq!(request.method, Method::Register);
    assert_eq!(request.headers.call_id(), Ok("dblreq.0ha0isndaksdj99sdfafnl3lk233412"));
    assert!(request.body.is_empty());
}

fn semiuri(request: &Request) {
    assert_eq!(request.uri.user.as_deref(), Some("user;par=u@example.net"));
    assert_eq!(request.uri.host.to_string(), "example.com");
    assert!(request.uri.params.0.is_empty());
    assert_eq!(request.headers.accept().unwrap().len(), 6);
}

fn transports(request: &Request) {
    let vias = request.headers.vias().unwrap();
    let said: Vec<_> = vias.iter().map(|via| via.transport.as_str()).collect();
    assert_eq!(said, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
}

fn mpart01(request: &Request) {
    assert_eq!(request.body.len(), 553);
    assert_eq!(part(&request.headers, &request.body, "text", "plain").unwrap(), "Hello");
    let binary = part(&request.headers, &request.body, "application", "octet-stream").unwrap();
    assert_eq!((&binary[..4], &binary[binary.len() - 4..]), (&b"\x30\x82\x01\x52"[..], &b"\xbc\x99\xd0\x05"[..]));
    assert_eq!(sdp_body(&request.headers, &request.body), None);
    assert!(request.headers.via().unwrap().wants_rport());
}

fn unreason(response: &Response) {
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(response.reason, "= 2**3 * 5**2 но сто девяносто девять - простое");
}

fn noreason(response: &Response) {
    assert_eq!((response.status, response.reason.as_str()), (StatusCode::TRYING, ""));
}

fn baddate(request: &Request) {
    assert_eq!(request.headers.date().unwrap_err().problem, "not in GMT");
    assert_eq!(request.body.len(), 150);
}

fn regbadct(request: &Request) {
    let error = request.headers.contacts().unwrap_err();
    assert_eq!(error, header("Contact", "a URI with ? or , needs angle brackets"));
    assert_eq!(error.status(), StatusCode::BAD_REQUEST);
}

fn badbranch(request: &Request) {
    assert_eq!(request.headers.via().unwrap().branch(), Some("z9hG4bK"));
}

fn unkscm(request: &Request) {
    assert_eq!(request.uri.scheme, Scheme::Other("nobodyknowsthisscheme".to_owned()));
    assert_eq!(request.uri.user.as_deref(), Some("totallyopaquecontent"));
}

fn novelsc(request: &Request) {
    assert_eq!(request.uri.to_string(), "soap.beep://192.0.2.103:3002");
}

fn unksm2(request: &Request) {
    assert_eq!(request.headers.to().unwrap().uri, uri("isbn:2983792873"));
    assert_eq!(request.headers.from().unwrap().uri, uri("http://www.example.com"));
    assert_eq!(contacts(request)[0].uri, uri("name:John_Smith"));
}

fn bext01(request: &Request) {
    let required: Vec<_> = request.headers.require().collect();
    assert_eq!(required, ["nothingSupportsThis", "nothingSupportsThisEither"]);
    assert_eq!(request.headers.proxy_require().count(), 2);
}

fn invut(request: &Request) {
    assert_eq!(request.headers.content_type().unwrap().unwrap().essence(), "application/unknownformat");
    assert_eq!(sdp_body(&request.headers, &request.body), None);
}

fn regaut01(request: &Request) {
    assert!(request.headers.has("Authorization"));
    assert!(request.headers.authorization().is_empty());
}

fn bcast(response: &Response) {
    assert_eq!(response.headers.vias().unwrap()[1].host.to_string(), "255.255.255.255");
}

fn zeromf(request: &Request) {
    assert_eq!(request.headers.max_forwards(), Ok(Some(0)));
}

fn cparam01(request: &Request) {
    let contact = &contacts(request)[0];
    assert!(contact.params.has("unknownparam") && !contact.uri.params.has("unknownparam"));
    assert_eq!(contact.uri.user.as_deref(), Some("+19725552222"));
}

fn cparam02(request: &Request) {
    let contact = &contacts(request)[0];
    assert!(!contact.params.has("unknownparam") && contact.uri.params.has("unknownparam"));
}

fn regescrt(request: &Request) {
    assert_eq!(contacts(request)[0].uri.header("Route"), Some("<sip:sip.example.com>"));
}

fn sdp01(request: &Request) {
    assert_eq!(request.headers.accept().unwrap()[0].essence(), "text/nobodyknowsthis");
    assert!(sdp_body(&request.headers, &request.body).is_some());
}

fn inv2543(request: &Request) {
    let headers = &request.headers;
    assert_eq!((headers.from_tag(), headers.via().unwrap().branch(), headers.max_forwards()), (None, None, Ok(None)));
    assert_eq!(headers.record_routes().unwrap()[0].uri.maddr().unwrap().to_string(), "ss1.example.com");
    assert!(request.body.ends_with(b"m=audio 49217 RTP/AVP 0\r\n"));
}
