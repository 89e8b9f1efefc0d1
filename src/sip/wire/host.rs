//! Hosts: domain names and address literals (RFC 3261 25.1, RFC 5954).

use super::scan;
use memchr::memchr;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The host of a URI or Via.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A domain name, lower case.
    Name(String),
    /// An IPv4 literal.
    V4(Ipv4Addr),
    /// An IPv6 literal, in brackets on the wire.
    V6(Ipv6Addr),
}

impl Host {
    /// Reads a name, an IPv4 literal, or an IPv6 literal in brackets. Underscores are let pass, as networks do.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(literal) = text.strip_prefix('[') {
            return literal.strip_suffix(']')?.parse().ok().map(Self::V6);
        }
        let bytes = text.as_bytes();
        if bytes.first().is_some_and(u8::is_ascii_digit)
            && let Ok(address) = text.parse()
        {
            return Some(Self::V4(address));
        }
        Self::is_name(text).then(|| Self::Name(text.to_ascii_lowercase()))
    }

    /// Whether `parse` would take it, found without making anything.
    pub(super) fn is_valid(text: &str) -> bool {
        if text.starts_with('[') { Self::parse(text).is_some() } else { Self::is_name(text) }
    }

    fn is_name(text: &str) -> bool {
        !text.is_empty() && scan::HOST.all(text)
    }

    /// The address, unless it is a name.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(address) => Some(IpAddr::V4(*address)),
            Self::V6(address) => Some(IpAddr::V6(*address)),
        }
    }

    /// Reads `host[:port]`.
    pub(super) fn parse_with_port(text: &str) -> Option<(Self, Option<u16>)> {
        let (host, port) = Self::split_port(text)?;
        Some((Self::parse(host)?, port))
    }

    /// Splits `host[:port]`; the port must be a number up to 65535 if there is a colon.
    pub(super) fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
        let (host, port) = match text.starts_with('[') {
            true => text.split_at(text.find(']')? + 1),
            false => text.split_at(memchr(b':', text.as_bytes()).unwrap_or(text.len())),
        };
        let port = scan::trim_start(port);
        match port.strip_prefix(':') {
            None if port.is_empty() => Some((scan::trim_end(host), None)),
            None => None,
            Some(digits) => Some((scan::trim_end(host), Some(scan::number(scan::trim(digits))?))),
        }
    }

    pub(super) fn print(&self, f: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => {
                for (at, octet) in address.octets().into_iter().enumerate() {
                    if at > 0 {
                        f.write_char('.')?;
                    }
                    scan::print_number(octet.into(), f)?;
                }
                Ok(())
            }
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6(address),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case() {
        assert_eq!(Host::parse("Example.COM"), Some(Host::Name("example.com".into())));
    }

    #[test]
    fn a_name_may_begin_with_a_digit() {
        assert_eq!(Host::parse("3com.example"), Some(Host::Name("3com.example".into())));
        assert_eq!(Host::parse("192.0.2.1"), Some(Host::V4(Ipv4Addr::new(192, 0, 2, 1))));
    }

    #[test]
    fn an_ipv6_literal_needs_its_brackets() {
        let (host, port) = Host::parse_with_port("[2001:DB8::1]:5070").unwrap();
        assert_eq!(host.to_string(), "[2001:db8::1]");
        assert_eq!(port, Some(5070));
        assert_eq!(Host::parse("2001:db8::1"), None);
    }

    #[test]
    fn a_bad_port_is_no_host() {
        for text in ["a:", "a:x", "a:65536", "a:-1", "a:+1", "[::1]x", "[::1", "a b"] {
            assert_eq!(Host::parse_with_port(text), None, "{text}");
        }
    }
}
