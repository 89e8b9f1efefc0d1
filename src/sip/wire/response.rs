//! Responses (RFC 3261 7.2).

use super::{Headers, Request, StatusCode, name::Name, print};
use bytes::Bytes;
use std::fmt;

/// A response.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The status code.
    pub status: StatusCode,
    /// The reason phrase as it was said.
    pub reason: String,
    /// All headers, in order.
    pub headers: Headers,
    /// The body, as long as Content-Length says.
    pub body: Bytes,
}

impl Response {
    /// The answer to a request with all that must be copied from it: every Via, From, To, Call-ID, CSeq (8.2.6.2),
    /// Record-Route where a dialog may come of it (12.1.1), Timestamp in 100 (8.2.6.1). `to_tag` is added to To unless it
    /// has a tag already or this is 100.
    pub fn to(request: &Request, status: StatusCode, to_tag: Option<&str>) -> Self {
        let asked = &request.headers;
        let mut headers = Headers::with_capacity(16, 512);
        headers.copy_all(Name::Via, asked);
        if status == StatusCode::TRYING {
            headers.copy_all(Name::Timestamp, asked);
        } else if status.0 < 300 && request.method.makes_dialog() {
            headers.copy_all(Name::RecordRoute, asked);
        }
        headers.copy_first(Name::From, asked);
        headers.copy_first(Name::To, asked);
        if let Some(tag) = to_tag.filter(|_| status != StatusCode::TRYING && asked.to_tag().is_none()) {
            headers.add_param(Name::To, "tag", tag);
        }
        headers.copy_first(Name::CallId, asked);
        headers.copy_first(Name::CSeq, asked);
        Self { status, reason: status.reason().to_owned(), headers, body: Bytes::new() }
    }

    /// The same with another reason phrase; an empty one means the usual.
    #[must_use]
    pub fn with_reason(mut self, reason: &str) -> Self {
        if !reason.is_empty() {
            reason.clone_into(&mut self.reason);
        }
        self
    }

    /// The same with one more header at the end.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.headers.push(name, value);
        self
    }

    /// The same with a body and its Content-Type.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.headers.replace("Content-Type", content_type);
        self.body = body.into();
        self
    }

    /// As it goes over the wire; Content-Length is counted and comes last.
    pub fn print(&self) -> Bytes {
        print::response(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::wire::{Method, Uri};

    fn request(to: &str) -> Request {
        Request::new(Method::Invite, Uri::parse("sip:b").unwrap())
            .with("Via", "SIP/2.0/UDP p;branch=z9hG4bK1")
            .with("Via", "SIP/2.0/UDP a;branch=z9hG4bK2, SIP/2.0/UDP x")
            .with("Record-Route", "<sip:p;lr>")
            .with("Timestamp", "54")
            .with("From", "<sip:a>;tag=1")
            .with("To", to)
            .with("Call-ID", "c")
            .with("CSeq", "1 INVITE")
    }

    fn lines(response: &Response) -> Vec<String> {
        response.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn what_may_make_a_dialog_has_the_tag_and_the_route() {
        assert_eq!(
            lines(&Response::to(&request("<sip:b>"), StatusCode::OK, Some("t"))),
            [
                "Via: SIP/2.0/UDP p;branch=z9hG4bK1",
                "Via: SIP/2.0/UDP a;branch=z9hG4bK2, SIP/2.0/UDP x",
                "Record-Route: <sip:p;lr>",
                "From: <sip:a>;tag=1",
                "To: <sip:b>;tag=t",
                "Call-ID: c",
                "CSeq: 1 INVITE",
            ]
        );
    }

    #[test]
    fn a_refusal_has_no_route_and_a_100_no_tag() {
        let busy = Response::to(&request("<sip:b>"), StatusCode::BUSY_HERE, Some("t"));
        assert!(!busy.headers.has("Record-Route") && !busy.headers.has("Timestamp"));
        let trying = Response::to(&request("<sip:b>"), StatusCode::TRYING, Some("t"));
        assert_eq!((trying.headers.to_tag(), trying.headers.get("Timestamp")), (None, Some("54")));
    }

    #[test]
    fn a_tag_that_is_there_stays() {
        let answer = Response::to(&request("<sip:b>;tag=2"), StatusCode::OK, Some("t"));
        assert_eq!(answer.headers.get("To"), Some("<sip:b>;tag=2"));
    }

    #[test]
    fn a_loose_semicolon_does_not_become_two() {
        let answer = Response::to(&request("<sip:b> ; "), StatusCode::OK, Some("t"));
        assert_eq!(answer.headers.get("To"), Some("<sip:b>;tag=t"));
    }
}
