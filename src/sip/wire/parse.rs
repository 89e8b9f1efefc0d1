//! A datagram to a message, in one pass (RFC 3261 7, 18.3; RFC 4475 for what must be refused).

use super::{
    CSeq, HeaderError, Headers, Host, Message, Method, NameAddr, ParseError, ParseErrorKind as Kind, Request, Response,
    StatusCode, Uri, call_id, name::Name, scan, via::Via,
};
use bytes::Bytes;
use memchr::{memchr, memchr2};
use std::ops::Range;

/// No UDP datagram is longer.
const MAX_MESSAGE: usize = 65_535;
/// Header fields beside Content-Length, which we add where it is missing; RFC 4475 3.1.1.2 has 44.
const MAX_FIELDS: usize = 256;

pub(super) fn message(datagram: &[u8]) -> Result<Message, ParseError> {
    let start = datagram.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
    let Some(start) = start else { return Err(silent(Kind::Empty)) };
    let datagram = &datagram[start..];
    if datagram.len() > MAX_MESSAGE {
        return Err(silent(Kind::TooLarge));
    }
    let (text, whole) = match std::str::from_utf8(datagram) {
        Ok(text) => (text, true),
        Err(error) => (std::str::from_utf8(&datagram[..error.valid_up_to()]).unwrap_or_default(), false),
    };
    let head = Head::read(text, &[]);
    if whole || head.ended {
        let rest = &datagram[head.end..];
        return assemble(head, rest);
    }
    let decoded = Decoded::from(datagram);
    assemble(Head::read(&decoded.text, &decoded.odd), &datagram[decoded.end..])
}

/// An error that is not answered.
fn silent(kind: Kind) -> ParseError {
    ParseError { kind, answerable: None }
}

fn starts_without_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

fn assemble(head: Head, rest: &[u8]) -> Result<Message, ParseError> {
    if starts_without_case(head.start_line, "SIP/") {
        response(head, rest).map(Message::Response).map_err(silent)
    } else {
        request(head, rest).map(Message::Request)
    }
}

fn response(head: Head, rest: &[u8]) -> Result<Response, Kind> {
    let (status, reason) = status_line(head.start_line)?;
    check_head(&head)?;
    let body = body(&head.headers, rest)?;
    Ok(Response { status, reason: reason.to_owned(), headers: head.headers, body })
}

/// Reads `SIP/2.0 200 OK`; the reason may be missing, even with its space.
pub(super) fn status_line(line: &str) -> Result<(StatusCode, &str), Kind> {
    let (version, rest) = line.split_once(' ').ok_or(Kind::StartLine("no status"))?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err(Kind::Version);
    }
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = scan::number(code).map(StatusCode).filter(|status| code.len() == 3 && status.is_valid());
    Ok((status.ok_or(Kind::StartLine("bad status code"))?, scan::trim(reason)))
}

fn request(head: Head, rest: &[u8]) -> Result<Request, ParseError> {
    let checked = request_line(head.start_line).and_then(|(method, uri)| {
        if check_head(&head)? != method.as_str() {
            return Err(Kind::MethodMismatch);
        }
        head.headers.max_forwards()?;
        Ok((method, uri, body(&head.headers, rest)?))
    });
    match checked {
        Ok((method, uri, body)) => Ok(Request { method, uri, headers: head.headers, body }),
        Err(Kind::NotSip) => Err(silent(Kind::NotSip)),
        Err(kind) => Err(ParseError { kind, answerable: answerable(head.headers) }),
    }
}

fn request_line(line: &str) -> Result<(Method, Uri), Kind> {
    let parts = scan::split_at_byte(line, b' ').and_then(|(method, rest)| {
        let (uri, version) = scan::split_at_byte(rest, b' ')?;
        Some((method, uri, version)).filter(|_| memchr(b' ', version.as_bytes()).is_none())
    });
    let Some((method, uri, version)) = parts else {
        let like_sip = line.split(' ').any(|part| starts_without_case(part, "SIP/"));
        return Err(if like_sip { Kind::StartLine("spaces") } else { Kind::NotSip });
    };
    if !starts_without_case(version, "SIP/") {
        return Err(Kind::NotSip);
    }
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err(Kind::Version);
    }
    let method = Method::parse(method).ok_or(Kind::StartLine("bad method"))?;
    let uri = Uri::parse(uri).map_err(|error| Kind::RequestUri(error.0))?;
    // 19.1.5: headers do not belong into a Request-URI; whoever wrote them there means something we would not do.
    if !uri.headers.is_empty() {
        return Err(Kind::RequestUri("headers inside"));
    }
    Ok((method, uri))
}

/// 8.1.1: what every message has, once, and readable. Says the method of CSeq. Max-Forwards is not asked for: RFC 2543 did not
/// know it.
fn check_head<'a>(head: &'a Head) -> Result<&'a str, Kind> {
    if let Some(kind) = &head.problem {
        return Err(kind.clone());
    }
    let census = head.headers.census();
    if head.headers.len() > MAX_FIELDS && census.count(Name::ContentLength) == 0 {
        return Err(Kind::TooLarge);
    }
    let needed = |name: Name| census.first(name).ok_or(Kind::Missing(name.as_str()));
    let (via, from, to) = (needed(Name::Via)?, needed(Name::From)?, needed(Name::To)?);
    let (call_id, cseq) = (needed(Name::CallId)?, needed(Name::CSeq)?);
    for name in [Name::From, Name::To, Name::CallId, Name::CSeq, Name::MaxForwards] {
        if census.count(name) > 1 {
            return Err(Kind::Repeated(name.as_str()));
        }
    }
    let bad = |name: Name| move |problem| HeaderError { header: name.as_str(), problem };
    Via::check(scan::List::new(via).next().unwrap_or_default()).map_err(bad(Name::Via))?;
    NameAddr::check(from).map_err(|error| bad(Name::From)(error.0))?;
    NameAddr::check(to).map_err(|error| bad(Name::To)(error.0))?;
    call_id::check(call_id).map_err(bad(Name::CallId))?;
    let (_, method) = CSeq::split(cseq).map_err(bad(Name::CSeq))?;
    if scan::is_token(method) { Ok(method) } else { Err(bad(Name::CSeq)("bad method").into()) }
}

/// As many bytes as Content-Length says; the whole rest without it (18.3).
fn body(headers: &Headers, rest: &[u8]) -> Result<Bytes, Kind> {
    let length = match headers.content_length()? {
        Some(length) => length,
        None => rest.len(),
    };
    if headers.all(Name::ContentLength).any(|value| scan::number(value) != Some(length)) {
        return Err(Kind::Repeated(Name::ContentLength.as_str()));
    }
    rest.get(..length).map(Bytes::copy_from_slice).ok_or(Kind::BodyTruncated)
}

/// The request that an answer can be made from: enough for the answer to find its way and its transaction (17.1.3).
fn answerable(headers: Headers) -> Option<Box<Request>> {
    let via = headers.values(Name::Via).next()?;
    Via::sent_by_of(via)?;
    let method = Method::parse(headers.first(Name::CSeq)?.rsplit([' ', '\t']).next()?)?;
    let uri = Uri::sip(None, Host::Name("invalid".to_owned()), None);
    (method != Method::Ack).then(|| Box::new(Request { method, uri, headers, body: Bytes::new() }))
}

/// Start line and headers.
struct Head<'a> {
    start_line: &'a str,
    headers: Headers,
    /// Where the body begins.
    end: usize,
    /// Whether there was an empty line; else the text ended.
    ended: bool,
    /// The first thing that was wrong with a header line.
    problem: Option<Kind>,
}

impl<'a> Head<'a> {
    /// `odd`: places in `text` of the headers that were Latin-1, in order.
    fn read(text: &'a str, odd: &[Range<usize>]) -> Self {
        let (first, mut at) = line_at(text, 0);
        let mut head = Self {
            start_line: &text[..first.end],
            headers: Headers::for_reading(),
            end: 0,
            ended: false,
            problem: None,
        };
        if first.broken {
            head.problem = Some(Kind::HeaderLine);
        }
        let mut folded = Vec::new();
        while at < text.len() {
            let from = at;
            let mut line;
            (line, at) = line_at(text, at);
            if line.end == from {
                head.ended = true;
                break;
            }
            let continued = is_continued(text, at);
            while is_continued(text, at) {
                let (more, next) = line_at(text, at);
                line = Line { end: more.end, broken: line.broken || more.broken };
                at = next;
            }
            if head.headers.len() > MAX_FIELDS {
                head.problem.get_or_insert(Kind::TooLarge);
                continue;
            }
            let latin1 = !odd.is_empty() && odd.binary_search_by(|range| range.start.cmp(&from)).is_ok();
            if line.broken || !head.field(text, from..line.end, latin1) {
                head.problem.get_or_insert(Kind::HeaderLine);
            } else if continued {
                folded.push(head.headers.len() - 1);
            }
        }
        head.end = at;
        head.headers.set_text(&text[..at], &folded);
        head
    }

    /// Takes in `Name : value`; false if it is none.
    fn field(&mut self, text: &str, place: Range<usize>, latin1: bool) -> bool {
        let line = &text.as_bytes()[place.clone()];
        let white = |at: usize| matches!(line[at], b' ' | b'\t' | b'\r' | b'\n');
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return false };
        let mut token = colon;
        while token > 0 && matches!(line[token - 1], b' ' | b'\t') {
            token -= 1;
        }
        let name = Name::of_bytes(&line[..token]);
        if name == Name::Other && !scan::is_token(&text[place.start..place.start + token]) {
            return false;
        }
        let (mut from, mut to) = (colon + 1, line.len());
        while from < to && white(from) {
            from += 1;
        }
        while from < to && white(to - 1) {
            to -= 1;
        }
        let start = place.start;
        self.headers.push_read(name, latin1, start..start + token, start + from..start + to);
        true
    }
}

/// A line, without its end.
struct Line {
    end: usize,
    /// A carriage return inside of a line is an end of line to some and a space to others: nobody may send it.
    broken: bool,
}

/// The line that begins at `at`, and where the next one begins. It ends with CRLF, or LF alone as some send it.
fn line_at(text: &str, at: usize) -> (Line, usize) {
    let bytes = text.as_bytes();
    let Some(end) = memchr2(b'\r', b'\n', &bytes[at..]).map(|length| at + length) else {
        return (Line { end: text.len(), broken: false }, text.len());
    };
    match (bytes[end], bytes.get(end + 1)) {
        (b'\n', _) => (Line { end, broken: false }, end + 1),
        (_, Some(b'\n')) => (Line { end, broken: false }, end + 2),
        (_, None) => (Line { end, broken: false }, end + 1),
        _ => {
            let next = memchr(b'\n', &bytes[end..]).map_or(text.len(), |length| end + length + 1);
            (Line { end: text[..next].trim_end_matches(['\r', '\n']).len().max(at), broken: true }, next)
        }
    }
}

/// Whether the line at `at` continues the one before (7.3.1).
fn is_continued(text: &str, at: usize) -> bool {
    matches!(text.as_bytes().get(at), Some(b' ' | b'\t'))
}

/// A head that is not UTF-8, made readable: headers with other bytes in them are taken for Latin-1.
struct Decoded {
    text: String,
    /// Where those headers are in the text.
    odd: Vec<Range<usize>>,
    /// Where the body begins in the datagram.
    end: usize,
}

impl Decoded {
    fn from(datagram: &[u8]) -> Self {
        let mut decoded = Self { text: String::with_capacity(datagram.len()), odd: Vec::new(), end: datagram.len() };
        let mut at = 0;
        while at < datagram.len() {
            let end = field_end(datagram, at);
            let line = &datagram[at..end];
            let from = decoded.text.len();
            match std::str::from_utf8(line) {
                Ok(text) => decoded.text.push_str(text),
                Err(_) => {
                    decoded.text.extend(line.iter().map(|byte| char::from(*byte)));
                    decoded.odd.push(from..decoded.text.len());
                }
            }
            at = end;
            if matches!(line, b"\r\n" | b"\n") {
                decoded.end = end;
                break;
            }
        }
        decoded
    }
}

/// Behind the line that begins at `at` and those that continue it.
fn field_end(datagram: &[u8], at: usize) -> usize {
    let mut end = at;
    loop {
        end = memchr(b'\n', &datagram[end..]).map_or(datagram.len(), |length| end + length + 1);
        let empty = matches!(&datagram[at..end], b"\r\n" | b"\n");
        if empty || !matches!(datagram.get(end), Some(b' ' | b'\t')) {
            return end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "INVITE sip:bob@biloxi.example SIP/2.0\r\nv: SIP/2.0/UDP a.example;branch=z9hG4bK1, SIP/2.0/UDP b\r\n\
        f: <sip:alice@a.example>;tag=1\r\nTo:\r\n sip:bob@biloxi.example\r\ni: x@a\r\nCSeq: 1 INVITE\r\nSubject: I know\r\n\t you\r\n\
        X-Odd:  kept, as it is\r\nl: 3\r\n\r\nv=0ignored";

    fn parse(text: impl AsRef<[u8]>) -> Result<Message, ParseError> {
        message(text.as_ref())
    }

    #[test]
    fn an_invite_is_read_whole() {
        let Ok(Message::Request(request)) = parse(INVITE) else { unreachable!("it is one") };
        assert_eq!(request.method, Method::Invite);
        assert_eq!(request.uri.to_string(), "sip:bob@biloxi.example");
        assert_eq!(request.headers.vias().unwrap().len(), 2);
        assert_eq!(request.headers.get("Subject"), Some("I know you"));
        assert_eq!(request.headers.to().unwrap().uri.user.as_deref(), Some("bob"));
        assert_eq!(request.headers.from_tag(), Some("1"));
        assert_eq!(request.body, "v=0");
        assert_eq!(
            request.print(),
            "INVITE sip:bob@biloxi.example SIP/2.0\r\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1, SIP/2.0/UDP b\r\n\
            From: <sip:alice@a.example>;tag=1\r\nTo: sip:bob@biloxi.example\r\nCall-ID: x@a\r\nCSeq: 1 INVITE\r\n\
            Subject: I know you\r\nX-Odd: kept, as it is\r\nContent-Length: 3\r\n\r\nv=0"
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_come_out_as_they_came_in() {
        let text = INVITE.replace("X-Odd: ", "X-Odd: ü\r\nOrganization: ");
        let mut bytes = Vec::new();
        for c in text.chars() {
            bytes.push(u8::try_from(u32::from(c)).unwrap());
        }
        let message = parse(&bytes).unwrap();
        assert_eq!(message.headers().get("x-odd"), Some("ü"));
        let printed = message.print();
        assert!(printed.windows(9).any(|window| window == b"X-Odd: \xfc\r"));
        assert_eq!(parse(&printed), Ok(message));
    }

    #[test]
    fn a_body_that_is_not_utf8_is_left_alone() {
        let mut bytes = INVITE.replace("l: 3", "l: 4").into_bytes();
        bytes.truncate(bytes.len() - 10);
        bytes.extend(b"\xff\x00\r\n");
        assert_eq!(&parse(&bytes).unwrap().body()[..], b"\xff\x00\r\n");
    }

    /// Found by the fuzz target `message`: what we print has one field more where Content-Length was missing.
    #[test]
    fn as_many_fields_as_may_be_can_be_read_again_when_printed() {
        let head = INVITE.split("l: 3").next().unwrap();
        let with = |more: usize| parse(format!("{head}{}\r\nv=0", "X-More: 1\r\n".repeat(more)));
        let had = parse(INVITE).unwrap().headers().len() - 1;
        let most = with(MAX_FIELDS - had).unwrap();
        assert_eq!(parse(most.print()), Ok(most));
        assert_eq!(with(MAX_FIELDS - had + 1).unwrap_err().kind, Kind::TooLarge);
    }

    #[test]
    fn bare_line_feeds_are_let_pass() {
        assert_eq!(parse(INVITE.replace("\r\n", "\n")), parse(INVITE));
    }

    #[test]
    fn a_bare_carriage_return_is_an_error() {
        let error = parse(INVITE.replace("kept,", "kept\r,")).unwrap_err();
        assert_eq!(error.kind, Kind::HeaderLine);
        assert!(error.answerable.is_some());
    }

    #[test]
    fn keep_alives_and_garbage_are_silent() {
        for (text, kind) in [("", Kind::Empty), ("\r\n\r\n", Kind::Empty), ("GET / HTTP/1.1\r\n\r\n", Kind::NotSip)] {
            assert_eq!(parse(text), Err(silent(kind)));
        }
    }

    #[test]
    fn an_ack_is_never_answered() {
        let error = parse(INVITE.replace("INVITE", "ACK").replace("ACK sip", "ACK  sip")).unwrap_err();
        assert_eq!(error, silent(Kind::StartLine("spaces")));
    }

    #[test]
    fn the_answer_to_a_broken_request_copies_what_is_there() {
        let error = parse(INVITE.replace("l: 3", "l: x")).unwrap_err();
        let answer = error.response("t").unwrap();
        assert_eq!(
            answer.print(),
            "SIP/2.0 400 Bad Content-Length: bad number\r\n\
            Via: SIP/2.0/UDP a.example;branch=z9hG4bK1, SIP/2.0/UDP b\r\nFrom: <sip:alice@a.example>;tag=1\r\n\
            To: sip:bob@biloxi.example;tag=t\r\nCall-ID: x@a\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
        );
    }
}
