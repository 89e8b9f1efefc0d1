//! What must hold for whatever comes: nothing panics, printing and parsing undo each other, and no input is slow.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use proptest::{prelude::*, test_runner::RngSeed};
use warmline::sip::wire::{
    Host, Message, Method, NameAddr, Params, ParseErrorKind, Reason, Replaces, Request, Response, Scheme, StatusCode,
    Uri, Via, part, sdp_body, sipfrag_status,
};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(3261), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn a_uri_is_read_as_it_was_printed(uri in uri()) {
        prop_assert_eq!(Uri::parse(&uri.to_string()), Ok(uri.clone()));
        prop_assert!(uri.same_as(&uri));
    }

    #[test]
    fn an_address_is_read_as_it_was_printed(address in address()) {
        prop_assert_eq!(NameAddr::parse(&address.to_string()), Ok(address));
    }

    #[test]
    fn addresses_in_a_list_are_told_apart(addresses in prop::collection::vec(address(), 1..5)) {
        let list: Vec<_> = addresses.iter().map(NameAddr::to_string).collect();
        let request = Request::new(Method::Invite, Uri::sip(None, Host::Name("a".into()), None)).with("Route", list.join(" , "));
        prop_assert_eq!(request.headers.routes(), Ok(addresses));
    }

    #[test]
    fn replaces_is_read_as_it_was_printed(call_id in "[!-+\\--:<-~]{1,20}", to in "[a-z0-9.]{1,9}", from in "[a-z0-9.]{1,9}", early_only: bool) {
        let replaces = Replaces { call_id, to_tag: to, from_tag: from, early_only };
        prop_assert_eq!(Replaces::parse(&replaces.to_string()), Ok(replaces.clone()));
        let mut target = Uri::sip(Some("x"), Host::Name("y".into()), None);
        target.headers.push(("Replaces".to_owned(), replaces.to_string()));
        let request = Request::new(Method::Refer, target.clone()).with("Refer-To", NameAddr::new(target));
        prop_assert_eq!(request.headers.refer_to().unwrap().unwrap().replaces, Some(replaces));
    }

    #[test]
    fn a_message_is_read_as_it_was_printed(request in request()) {
        let read = Message::parse(&request.print());
        prop_assert_eq!(read, Ok(Message::Request(request.clone())));
        let answer = Response::to(&request, StatusCode::OK, Some("tag"));
        prop_assert_eq!(Message::parse(&answer.print()), Ok(Message::Response(answer)));
    }

    /// A good message with bytes changed, cut out and put in.
    #[test]
    fn a_damaged_message_does_no_harm(request in request(), wounds in prop::collection::vec((any::<u16>(), wound()), 1..6)) {
        let mut bytes = request.print().to_vec();
        for (at, wound) in wounds {
            let at = usize::from(at) % bytes.len();
            bytes.splice(at..(at + wound.len() / 2).min(bytes.len()), wound);
        }
        touch(&bytes)?;
    }

    #[test]
    fn noise_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        touch(&bytes)?;
        touch(&[b"INVITE sip:a SIP/2.0\r\n", &bytes[..]].concat())?;
    }

    /// Nonsense made of the characters that mean something, where each typed header must cope with it.
    #[test]
    fn nonsense_in_a_header_does_no_harm(name in prop::sample::select(NAMES), value in "([ \t;,<>\"\\\\:@?&=%/*.()\\[\\]]|[a-z0-9]{1,3}|SIP|sip:|Digest |%41|é){0,40}") {
        let head = "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:a>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n";
        touch(format!("{head}{name}: {value}\r\n\r\n").as_bytes())?;
    }
}

const NAMES: &[&str] = &[
    "Via",
    "From",
    "To",
    "Call-ID",
    "CSeq",
    "Max-Forwards",
    "Contact",
    "Route",
    "Record-Route",
    "Path",
    "Expires",
    "Session-Expires",
    "RAck",
    "Replaces",
    "Refer-To",
    "Referred-By",
    "Reason",
    "Event",
    "Subscription-State",
    "Retry-After",
    "Warning",
    "P-Asserted-Identity",
    "Privacy",
    "Diversion",
    "Authorization",
    "WWW-Authenticate",
    "Date",
    "Content-Type",
    "Accept",
];

/// Looks at everything in it. What parses must come out of its own print again.
fn touch(bytes: &[u8]) -> Result<(), TestCaseError> {
    let message = match Message::parse(bytes) {
        Ok(message) => message,
        Err(error) => {
            if let Some(answer) = error.response("tag") {
                prop_assert!(answer.status.is_failure());
                let _ = Message::parse(&answer.print());
            }
            return Ok(());
        }
    };
    prop_assert!(Message::parse(&message.print()).as_ref() == Ok(&message), "{message:?}");
    let headers = message.headers();
    prop_assert!(headers.via().is_ok() && headers.from().is_ok() && headers.to().is_ok());
    prop_assert!(headers.call_id().is_ok() && headers.cseq().is_ok());
    let from = headers.from().unwrap();
    prop_assert_eq!(from.tag(), headers.from_tag());
    let _ = (
        headers.vias(),
        headers.contacts(),
        headers.contact(),
        headers.routes(),
        headers.record_routes(),
        headers.paths(),
    );
    let _ = (headers.expires_s(), headers.session_expires(), headers.rack(), headers.replaces(), headers.referred_by());
    let _ =
        (headers.refer_to(), headers.reasons(), headers.event(), headers.subscription_state(), headers.retry_after());
    let _ = (headers.warnings(), headers.p_asserted_identity(), headers.privacy(), headers.diversion(), headers.date());
    let _ = (
        headers.authorization(),
        headers.www_authenticate(),
        headers.accept(),
        headers.refer_sub(),
        headers.allow().count(),
    );
    let _ = (
        sdp_body(headers, message.body()),
        part(headers, message.body(), "text", "plain"),
        sipfrag_status(message.body()),
    );
    Ok(())
}

fn wound() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6),
        prop::sample::select(vec![
            "\r\n",
            "\r\n ",
            "\n",
            "\r",
            "\"",
            "<",
            ">",
            ",",
            ";",
            ":",
            "%",
            "@",
            "\0",
            "Content-Length: 9\r\n"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let method = prop_oneof!["[A-Z]{1,8}", Just("INVITE".to_owned())].prop_map(|name| Method::parse(&name).unwrap());
    let target = uri().prop_map(|uri| Uri { headers: Vec::new(), ..uri });
    let via = (host(), prop::option::of(any::<u16>()), "z9hG4bK[a-z0-9]{1,9}");
    let more = prop::collection::vec(("[A-Za-z-]{2,12}x", "([^\\s\\p{C}]([^\\p{C}]{0,20}[^\\s\\p{C}])?)?"), 0..5);
    let numbers = (0..1_u32 << 31, any::<u8>());
    (
        method,
        target,
        via,
        address(),
        address(),
        "[!-~]{1,30}",
        numbers,
        more,
        prop::collection::vec(any::<u8>(), 0..100),
    )
        .prop_map(|(method, uri, (host, port, branch), from, to, call_id, (cseq, hops), more, body)| {
            let cseq = format!("{cseq} {method}");
            let request = Request::new(method, uri)
                .with("Via", Via::udp(host, port, &branch))
                .with("From", from)
                .with("To", to)
                .with("Call-ID", call_id)
                .with("CSeq", cseq)
                .with("Max-Forwards", hops)
                .with("Reason", Reason::sip(200, "\"so\\ say\""));
            more.into_iter().fold(request, |request, (name, value)| request.with(&name, value)).with_body("a/b", body)
        })
}

fn address() -> impl Strategy<Value = NameAddr> {
    let params = prop::collection::vec(("[a-z]{1,6}", prop::option::of("[^\\p{C}]{0,8}")), 0..3);
    (prop::option::of("[^\\p{C}]{0,10}"), uri(), params).prop_map(|(display, uri, params)| NameAddr {
        display,
        uri,
        params: Params(params),
    })
}

/// Any that can be: every character may be in every part that is escaped.
fn uri() -> impl Strategy<Value = Uri> {
    let params = prop::collection::vec(("\\PC{1,6}", prop::option::of("\\PC{0,6}")), 0..3);
    let headers = prop::collection::vec(("\\PC{1,6}", "\\PC{0,6}"), 0..3);
    let sip = (
        prop::option::of(("\\PC{1,8}", prop::option::of("\\PC{0,5}"))),
        host(),
        prop::option::of(any::<u16>()),
        params,
        headers,
    )
        .prop_map(|(user, host, port, params, headers)| {
            let (user, password) = user.unzip();
            Uri { scheme: Scheme::Sip, user, password: password.flatten(), host, port, params: Params(params), headers }
        });
    let tel = ("\\+?[0-9().-]{1,12}", prop::option::of("[a-z.]{1,8}")).prop_map(|(number, context)| {
        let params = Params(context.map(|context| ("phone-context".to_owned(), Some(context))).into_iter().collect());
        Uri { scheme: Scheme::Tel, params, ..Uri::sip(Some(&number), Host::Name(String::new()), None) }
    });
    prop_oneof![4 => sip, 1 => tel]
}

fn host() -> impl Strategy<Value = Host> {
    prop_oneof![
        "[a-z]([a-z0-9-]{0,6}\\.){0,2}[a-z]{1,3}".prop_map(Host::Name),
        any::<u32>().prop_map(|bits| Host::V4(bits.into())),
        any::<u128>().prop_map(|bits| Host::V6(bits.into())),
    ]
}

#[test]
fn a_datagram_that_cannot_be_one_is_refused_unread() {
    for piece in ["<", ",", ";", "\"", "%", "a:b\r\n", "\r\n ", "Via: SIP/2.0/UDP a;b"] {
        let text = format!("INVITE sip:a SIP/2.0\r\nVia: {}", piece.repeat(1_000_000));
        assert_eq!(Message::parse(text.as_bytes()).unwrap_err().kind, ParseErrorKind::TooLarge);
    }
}

#[test]
fn more_headers_than_anybody_sends_are_refused_and_answered() {
    let head = "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:a>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n";
    let error = Message::parse(format!("{head}{}\r\n", "x:y\r\n".repeat(300)).as_bytes()).unwrap_err();
    assert_eq!(error.kind, ParseErrorKind::TooLarge);
    assert_eq!(error.response("t").unwrap().status, StatusCode::MESSAGE_TOO_LARGE);
}

/// Work may grow with the length of a header, not with its square: the number of values and parameters that are read ends
/// somewhere.
#[test]
fn long_lists_are_cut_off() {
    let long = |piece: &str| {
        Request::new(Method::Invite, Uri::parse("sip:a").unwrap())
            .with("Route", piece.repeat(20_000))
            .with("To", piece.repeat(20_000))
    };
    for piece in ["<sip:a>,", "<sip:a>;a", "sip:a;a", "<", "<sip:a;a", "\"", "<sip:a?a&"] {
        let request = long(piece);
        assert!(request.headers.routes().is_err() && request.headers.to().is_err(), "{piece}");
    }
}
