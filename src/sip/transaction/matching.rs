//! Which transaction a message belongs to (RFC 3261 17.1.3 and 17.2.3): the parts that must be equal, as one text.

use crate::sip::wire::{Method, Request, Response, Via};
use std::fmt::Write as _;

/// What a request of ours and its responses have in common: branch and method (17.1.3). ACK has no transaction.
pub(super) fn client_id(request: &Request) -> String {
    let via = request.headers.via().ok();
    id_of(via.as_ref().and_then(Via::branch).unwrap_or_default(), &request.method)
}

/// The same, of a response.
pub(super) fn response_id(response: &Response) -> String {
    let (Ok(via), Ok(cseq)) = (response.headers.via(), response.headers.cseq()) else { return String::new() };
    id_of(via.branch().unwrap_or_default(), &cseq.method)
}

/// What a request and its repetitions have in common (17.2.3). ACK goes with its INVITE. `method`: as if it were that one,
/// to find what CANCEL means (9.2).
pub(super) fn server_id(request: &Request, method: Option<&Method>) -> String {
    let method = method.unwrap_or(&request.method);
    let method = if *method == Method::Ack { &Method::Invite } else { method };
    let Ok(via) = request.headers.via() else { return String::new() };
    let branch = via.branch().unwrap_or_default();
    let mut id = id_of(branch, method);
    // Two clients may use the same branch: what tells them apart is sent-by. Writing to a String cannot fail.
    let _ = write!(id, " {}:{}", via.host, via.port.unwrap_or(0));
    if !branch.starts_with(Via::MAGIC) || branch.len() == Via::MAGIC.len() {
        // A client of RFC 2543. To is left out: ACK has the tag of our response there, which only a fork before us could
        // make another one, and that has another Via.
        let number = request.headers.cseq().map_or(0, |cseq| cseq.number);
        let call = request.headers.get("Call-ID").unwrap_or_default();
        let tag = request.headers.from_tag().unwrap_or_default();
        let _ = write!(id, " {number} {tag} {call} {}", request.uri);
    }
    id
}

fn id_of(branch: &str, method: &Method) -> String {
    let mut id = String::with_capacity(80);
    id.push_str(method.as_str());
    id.push(' ');
    id.push_str(branch);
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::wire::Message;

    fn request(method: &str, via: &str, cseq: &str) -> Request {
        let text = format!(
            "{method} sip:us@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {via}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:us@b>\r\nCall-ID: c\r\nCSeq: {cseq} {method}\r\n\r\n"
        );
        match Message::parse(text.as_bytes()) {
            Ok(Message::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn id(method: &str, via: &str, cseq: &str) -> String {
        server_id(&request(method, via, cseq), None)
    }

    #[test]
    fn branch_sent_by_and_method_tell_requests_apart() {
        let invite = id("INVITE", "h:5070;branch=z9hG4bKa", "1");
        assert_eq!(invite, id("INVITE", "H:5070;branch=z9hG4bKa;rport", "1"));
        assert_eq!(invite, id("ACK", "h:5070;branch=z9hG4bKa", "1"));
        assert_ne!(invite, id("INVITE", "h:5071;branch=z9hG4bKa", "1"));
        assert_ne!(invite, id("INVITE", "i:5070;branch=z9hG4bKa", "1"));
        assert_ne!(invite, id("INVITE", "h:5070;branch=z9hG4bKb", "1"));
        assert_ne!(invite, id("CANCEL", "h:5070;branch=z9hG4bKa", "1"));
        assert_eq!(invite, server_id(&request("CANCEL", "h:5070;branch=z9hG4bKa", "1"), Some(&Method::Invite)));
    }

    #[test]
    fn without_the_cookie_call_id_cseq_and_tag_count_too() {
        let invite = id("INVITE", "h", "1");
        assert_eq!(invite, id("ACK", "h", "1"));
        assert_ne!(invite, id("INVITE", "h", "2"));
        let odd = id("INVITE", "h;branch=1", "1");
        assert_ne!(odd, invite);
        assert_eq!(odd, server_id(&request("CANCEL", "h;branch=1", "1"), Some(&Method::Invite)));
    }
}
