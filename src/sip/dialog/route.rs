//! Where a request of a dialog goes: Request-URI and Route (RFC 3261 12.2.1.1), and the address of the next hop.

use crate::sip::wire::{Host, Scheme, Uri};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How many hops of a route set are kept; longer ones are cut.
pub(crate) const LONGEST: usize = 16;

/// The Request-URI and the Route headers for a remote target behind a route set.
pub(crate) fn aim(target: &Uri, routes: &[Uri]) -> (Uri, Vec<Uri>) {
    match routes.split_first() {
        None => (target.clone(), Vec::new()),
        Some((first, _)) if is_loose(first) => (target.clone(), routes.to_vec()),
        Some((first, rest)) => {
            let mut strict = first.clone();
            strict.headers.clear();
            strict.params.0.retain(|(name, _)| !name.eq_ignore_ascii_case("method"));
            (strict, rest.iter().chain(std::iter::once(target)).cloned().collect())
        }
    }
}

/// The address for a request to `target` behind `routes`, when the peer's messages come from `seen`.
///
/// A literal address is believed when it is the address that is seen, or when both are public ones (a proxy that did
/// not record its route). All else, a name or a private address behind NAT, is reached the way it came.
pub(crate) fn hop(target: &Uri, routes: &[Uri], seen: SocketAddr) -> SocketAddr {
    let next = routes.first().unwrap_or(target);
    let said = match next.host {
        Host::V4(ip) => IpAddr::V4(ip),
        Host::V6(ip) => IpAddr::V6(ip),
        Host::Name(_) => return seen,
    };
    let believed = said == seen.ip().to_canonical() || said == seen.ip() || (is_public(said) && is_public(seen.ip()));
    if believed { SocketAddr::new(said, next.port.unwrap_or(default_port(next))) } else { seen }
}

fn is_loose(uri: &Uri) -> bool {
    uri.params.0.iter().any(|(name, _)| name.eq_ignore_ascii_case("lr"))
}

fn default_port(uri: &Uri) -> u16 {
    if uri.scheme == Scheme::Sips { 5061 } else { 5060 }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64; // RFC 6598
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_unspecified()
        || ip.is_broadcast()
        || ip.is_multicast()
        || shared)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    !(ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        || ip.is_unique_local()
        || ip.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().expect("a URI")
    }

    fn from(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_loose_route_keeps_the_target_in_the_request_uri() {
        let (target, route) = (uri("sip:bob@10.0.0.9"), uri("sip:p1.example.com;lr"));
        assert_eq!(aim(&target, std::slice::from_ref(&route)), (target, vec![route]));
    }

    #[test]
    fn a_strict_router_gets_itself_as_request_uri_and_the_target_last() {
        let (target, first, second) =
            (uri("sip:bob@10.0.0.9"), uri("sip:p1.example.com"), uri("sip:p2.example.com;lr"));
        let (request_uri, routes) = aim(&target, &[first.clone(), second.clone()]);
        assert_eq!((request_uri, routes), (first, vec![second, target]));
    }

    #[test]
    fn a_contact_that_agrees_with_the_source_is_believed_with_its_port() {
        assert_eq!(hop(&uri("sip:bob@192.0.2.7:5080"), &[], from("192.0.2.7:4000")), from("192.0.2.7:5080"));
        assert_eq!(hop(&uri("sip:bob@192.0.2.7"), &[], from("192.0.2.7:4000")), from("192.0.2.7:5060"));
    }

    #[test]
    fn names_and_private_addresses_behind_nat_are_reached_where_they_came_from() {
        for contact in ["sip:bob@192.168.1.9:5060", "sip:bob@phone.invalid", "sip:bob@0.0.0.0"] {
            assert_eq!(hop(&uri(contact), &[], from("198.51.100.3:31000")), from("198.51.100.3:31000"));
        }
    }

    #[test]
    fn the_first_route_counts_before_the_target() {
        let routes = [uri("sip:192.0.2.1:5070;lr")];
        assert_eq!(hop(&uri("sip:bob@192.168.1.9"), &routes, from("192.0.2.1:5060")), from("192.0.2.1:5070"));
    }
}
