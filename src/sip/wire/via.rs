//! Via (RFC 3261 20.42, RFC 3581).

use super::{Host, Params, Transport, scan};
use memchr::{memchr, memchr_iter};
use std::{borrow::Cow, fmt, net::IpAddr};

/// One hop that a request took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// How it was sent.
    pub transport: Transport,
    /// Who sent it, as it sees itself.
    pub host: Host,
    /// The port of that, if one was said.
    pub port: Option<u16>,
    /// branch, received, rport ...
    pub params: Params,
}

impl Via {
    /// What all branches begin with since RFC 3261 (8.1.1.7).
    pub const MAGIC: &'static str = "z9hG4bK";

    /// A Via of ours over UDP, with `rport` (RFC 3581 3).
    pub fn udp(host: Host, port: Option<u16>, branch: &str) -> Self {
        let params = Params(vec![("branch".to_owned(), Some(branch.to_owned())), ("rport".to_owned(), None)]);
        Self { transport: Transport::Udp, host, port, params }
    }

    /// Reads one value.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let raw = RawVia::split(text).ok_or("protocol or host missing")?;
        if !raw.version.eq_ignore_ascii_case("SIP/2.0") {
            return Err("another protocol than SIP/2.0");
        }
        let transport = Transport::parse(raw.transport).ok_or("bad transport")?;
        let (host, port) = Host::parse_with_port(raw.sent_by).ok_or("bad host or port")?;
        Ok(Self { transport, host, port, params: Params::parse_header(raw.params)? })
    }

    /// Whether `parse` would take it, found without making anything.
    pub(super) fn check(text: &str) -> Result<(), &'static str> {
        let raw = RawVia::split(text).ok_or("protocol or host missing")?;
        if !raw.version.eq_ignore_ascii_case("SIP/2.0") {
            return Err("another protocol than SIP/2.0");
        }
        if !scan::is_token(raw.transport) {
            return Err("bad transport");
        }
        let valid = Host::split_port(raw.sent_by).is_some_and(|(host, _)| Host::is_valid(host));
        if valid { Params::check_header(raw.params) } else { Err("bad host or port") }
    }

    /// Host and port of a value whose other parts may be wrong.
    pub(super) fn sent_by_of(text: &str) -> Option<(Host, Option<u16>)> {
        Host::parse_with_port(RawVia::split(text)?.sent_by)
    }

    /// The branch, if it is not empty.
    pub fn branch(&self) -> Option<&str> {
        self.params.get("branch").filter(|branch| !branch.is_empty())
    }

    /// The address that the request came from, where a server noted it (18.2.1).
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.get("received")?;
        // Some write IPv6 in brackets here, which the grammar does not.
        text.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    /// Whether the sender asks for answers to the port that the request came from (RFC 3581), with a number or without.
    pub fn wants_rport(&self) -> bool {
        self.params.has("rport")
    }

    /// The port that the request came from, where a server noted it.
    pub fn rport(&self) -> Option<u16> {
        scan::number(self.params.get("rport")?)
    }

    /// The address to answer to instead (18.2.2).
    pub fn maddr(&self) -> Option<Host> {
        Host::parse(self.params.get("maddr")?)
    }

    /// Multicast time to live.
    pub fn ttl(&self) -> Option<u8> {
        scan::number(self.params.get("ttl")?)
    }
}

/// The parts as they stand in the text.
struct RawVia<'a> {
    /// White space taken out where there was any.
    version: Cow<'a, str>,
    transport: &'a str,
    sent_by: &'a str,
    /// Empty, or from the first `;` on.
    params: &'a str,
}

impl<'a> RawVia<'a> {
    /// `SIP / 2.0 / UDP host : port ; params`, white space anywhere (RFC 4475 3.1.1.1).
    fn split(text: &'a str) -> Option<Self> {
        let (front, params) = text.split_at(memchr(b';', text.as_bytes()).unwrap_or(text.len()));
        let (version, rest) = match front.strip_prefix("SIP/2.0/") {
            Some(rest) => (Cow::Borrowed("SIP/2.0"), rest),
            None => Self::split_version(front)?,
        };
        let rest = scan::trim(rest);
        let (transport, sent_by) = rest.split_at(rest.bytes().position(|byte| matches!(byte, b' ' | b'\t'))?);
        Some(Self { version, transport, sent_by: scan::trim(sent_by), params })
    }

    fn split_version(front: &'a str) -> Option<(Cow<'a, str>, &'a str)> {
        let mut slashes = memchr_iter(b'/', front.as_bytes());
        let (first, second) = (slashes.next()?, slashes.next()?);
        let (name, number) = (scan::trim(&front[..first]), scan::trim(&front[first + 1..second]));
        let version = match front[..second].len() == name.len() + 1 + number.len() {
            true => front[..second].into(),
            false => format!("{name}/{number}").into(),
        };
        Some((version, &front[second + 1..]))
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        self.params.print_header(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_found() {
        let text =
            "SIP/2.0/UDP [2001:db8::9]:5070;branch=z9hG4bKa;received=2001:db8::10;rport=1024;ttl=16;maddr=224.2.0.1";
        let via = Via::parse(text).unwrap();
        assert_eq!(via.transport, Transport::Udp);
        assert_eq!((via.host.to_string().as_str(), via.port), ("[2001:db8::9]", Some(5070)));
        assert_eq!(via.branch(), Some("z9hG4bKa"));
        assert_eq!(via.received(), "2001:db8::10".parse().ok());
        assert_eq!(via.rport(), Some(1024));
        assert_eq!(via.ttl(), Some(16));
        assert_eq!(via.maddr(), Host::parse("224.2.0.1"));
        assert_eq!(via.to_string(), text);
    }

    #[test]
    fn white_space_may_be_anywhere() {
        let via = Via::parse("SIP  / 2.0  / TCP     spindle.example.com : 5061  ;  branch  =   z9hG4bK9ikj8").unwrap();
        assert_eq!(via.to_string(), "SIP/2.0/TCP spindle.example.com:5061;branch=z9hG4bK9ikj8");
    }

    #[test]
    fn rport_without_a_number_is_a_wish() {
        let via = Via::udp(Host::parse("a").unwrap(), None, "z9hG4bKx");
        assert!(via.wants_rport());
        assert_eq!(via.rport(), None);
        assert_eq!(via.to_string(), "SIP/2.0/UDP a;branch=z9hG4bKx;rport");
    }

    #[test]
    fn junk_is_refused_but_the_sender_may_be_known() {
        for text in
            ["", "SIP/2.0/UDP", "SIP/2.0 host", "SIP/2.0/UDP host:x", "SIP/3.0/UDP host", "SIP/2.0/UDP host;;,;"]
        {
            assert!(Via::parse(text).is_err(), "{text}");
        }
        assert!(Via::sent_by_of("SIP/7.0/UDP host;;,;").is_some());
        assert!(Via::sent_by_of("SIP/2.0/UDP").is_none());
    }
}
