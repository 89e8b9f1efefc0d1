//! Where a request came from and where its responses go (RFC 3261 18.2, RFC 3581).

use crate::sip::wire::{Host, Request};
use std::net::SocketAddr;

/// Notes in the top Via where the request came from: `received` and, where `rport` was asked, the port. What the sender
/// wrote there itself is not believed.
pub fn stamp(request: &mut Request, from: SocketAddr) {
    let Ok(mut via) = request.headers.via() else { return };
    let asks_port = via.wants_rport();
    let differs = via.host != Host::from(from.ip());
    if !asks_port && !differs && !via.params.has("received") {
        return;
    }
    via.params.remove("received");
    if asks_port {
        via.params.set("rport", Some(&from.port().to_string()));
    }
    // With rport, `received` is said even if the address is the same (RFC 3581 4).
    if asks_port || differs {
        via.params.set("received", Some(&from.ip().to_string()));
    }
    request.headers.replace_first_of_list("Via", via);
}

/// Where the responses to a stamped request go. `maddr` is not obeyed: it would let anybody send our responses to others.
pub fn reply_to(request: &Request) -> Option<SocketAddr> {
    let via = request.headers.via().ok()?;
    let address = via.received().or_else(|| via.host.ip())?;
    let port = via.rport().or(via.port);
    Some(SocketAddr::new(address, port.unwrap_or(SIP_PORT)))
}

const SIP_PORT: u16 = 5060;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::wire::Message;

    /// The top Via after stamping, and where the response goes.
    fn stamped(via: &str, from: &str) -> (String, String) {
        let text = format!(
            "OPTIONS sip:us@10.0.0.1 SIP/2.0\r\nVia: {via}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:us@b>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n"
        );
        let Ok(Message::Request(mut request)) = Message::parse(text.as_bytes()) else {
            panic!("not a request: {text}")
        };
        stamp(&mut request, from.parse().unwrap());
        let to = reply_to(&request).unwrap().to_string();
        (request.headers.get("Via").unwrap().to_owned(), to)
    }

    #[test]
    fn an_honest_via_stays_as_it_is() {
        let via = "SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bKx";
        assert_eq!(stamped(via, "10.0.0.9:5070"), (via.to_owned(), "10.0.0.9:5070".to_owned()));
    }

    #[test]
    fn without_rport_the_port_is_that_of_the_via() {
        let (via, to) = stamped("SIP/2.0/UDP phone.example.com;branch=z9hG4bKx", "10.0.0.9:40000");
        assert!(via.contains("received=10.0.0.9"), "{via}");
        assert_eq!(to, "10.0.0.9:5060");
    }

    #[test]
    fn rport_is_filled_in_and_obeyed() {
        let (via, to) = stamped("SIP/2.0/UDP 192.168.1.5:5060;branch=z9hG4bKx;rport", "203.0.113.7:61000");
        assert!(via.contains("rport=61000") && via.contains("received=203.0.113.7"), "{via}");
        assert_eq!(to, "203.0.113.7:61000");
    }

    #[test]
    fn what_the_sender_says_of_itself_is_not_believed() {
        let lie = "SIP/2.0/UDP 10.0.0.9:5060;received=198.51.100.1;rport=9;maddr=198.51.100.2;branch=z9hG4bKx";
        assert_eq!(stamped(lie, "10.0.0.9:5060").1, "10.0.0.9:5060");
        let lie = "SIP/2.0/UDP 10.0.0.9:5060;received=198.51.100.1;branch=z9hG4bKx";
        let (via, to) = stamped(lie, "10.0.0.9:5060");
        assert!(!via.contains("198.51"), "{via}");
        assert_eq!(to, "10.0.0.9:5060");
    }

    #[test]
    fn other_values_of_the_same_line_are_kept() {
        let (via, to) = stamped(
            "SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKx;rport, SIP/2.0/UDP next.example.com",
            "[2001:db8::2]:5061",
        );
        assert!(via.ends_with(", SIP/2.0/UDP next.example.com"), "{via}");
        assert_eq!(to, "[2001:db8::2]:5061");
    }
}
