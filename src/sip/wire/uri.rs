//! SIP, SIPS and tel URIs (RFC 3261 19.1, RFC 3966).

use super::{Host, Params, params::MAX_PARAMS, scan, uri_parts::RawUri};
use std::{fmt, str::FromStr};

/// A URI. Unescaped where it is looked at, escaped anew when printed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Uri {
    /// sip, sips, tel, or something else.
    pub scheme: Scheme,
    /// The user part, unescaped; the number of a tel URI; the whole rest of a URI of another scheme.
    pub user: Option<String>,
    /// The password, which nobody should send.
    pub password: Option<String>,
    /// The host; empty name for tel and others.
    pub host: Host,
    /// The port, if one was said.
    pub port: Option<u16>,
    /// ;name=value, in order.
    pub params: Params,
    /// ?name=value, in order, unescaped.
    pub headers: Vec<(String, String)>,
}

/// The scheme of a URI.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// sip:
    Sip,
    /// sips:
    Sips,
    /// tel:
    Tel,
    /// Any other, lower case.
    Other(String),
}

/// Text that is no URI, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UriError(pub &'static str);

impl Uri {
    /// `sip:user@host:port`.
    pub fn sip(user: Option<&str>, host: Host, port: Option<u16>) -> Self {
        Self {
            scheme: Scheme::Sip,
            user: user.map(str::to_owned),
            password: None,
            host,
            port,
            params: Params::default(),
            headers: Vec::new(),
        }
    }

    /// The same with one more parameter.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: Option<&str>) -> Self {
        self.params.0.push((name.to_owned(), value.map(str::to_owned)));
        self
    }

    /// Reads a URI that stands alone, without angle brackets.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let raw = RawUri::split(text)?;
        let host = match raw.host {
            "" => Host::Name(String::new()),
            host => Host::parse(host).ok_or(BAD_HOST)?,
        };
        let sip = matches!(raw.scheme, Scheme::Sip | Scheme::Sips);
        let unescape = if raw.escaped { unescape } else { unescaped };
        let user = match raw.user {
            Some(user) if sip => Some(unescape(user)?).filter(|user| !user.is_empty()),
            other => other.map(str::to_owned),
        };
        let password = raw.password.map(unescape).transpose()?;
        let (params, headers) = (parse_params(raw.params, unescape)?, parse_headers(raw.headers, unescape)?);
        Ok(Self { scheme: raw.scheme, user, password, host, port: raw.port, params, headers })
    }

    /// Whether `parse` would take it, found without making anything as a rule.
    pub(super) fn check(text: &str) -> Result<(), UriError> {
        let raw = RawUri::split(text)?;
        if raw.escaped || raw.params.len() > MAX_PARAMS || !raw.headers.is_empty() {
            return Self::parse(text).map(drop);
        }
        if raw.host.is_empty() || Host::is_valid(raw.host) { Ok(()) } else { Err(BAD_HOST) }
    }

    /// Whether requests can be routed to it by us: sip or sips.
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The `transport` parameter, as it was said.
    pub fn transport(&self) -> Option<&str> {
        self.params.get("transport")
    }

    /// Whether the hop is a loose router (16.12).
    pub fn lr(&self) -> bool {
        self.params.has("lr")
    }

    /// The `maddr` parameter.
    pub fn maddr(&self) -> Option<Host> {
        Host::parse(self.params.get("maddr")?)
    }

    /// The value of the first `?header` of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Equality as RFC 3261 19.1.4 means it (for tel: RFC 3966 4); `==` compares the parts as they are.
    pub fn same_as(&self, other: &Self) -> bool {
        if self.scheme != other.scheme {
            return false;
        }
        match self.scheme {
            Scheme::Sip | Scheme::Sips => {
                (&self.user, &self.password, &self.host, self.port)
                    == (&other.user, &other.password, &other.host, other.port)
                    && same_params(&self.params, &other.params, &["transport", "user", "ttl", "method", "maddr"])
                    && same_headers(self, other)
            }
            Scheme::Tel => {
                digits(self).eq(digits(other))
                    && same_params(&self.params, &other.params, &["isub", "ext", "phone-context"])
            }
            Scheme::Other(_) => self.user == other.user,
        }
    }
}

pub(super) const BAD_HOST: UriError = UriError("bad host or port");

/// The number of a tel URI without its visual separators.
fn digits(uri: &Uri) -> impl Iterator<Item = char> {
    let number = uri.user.as_deref().unwrap_or_default();
    number.chars().filter(|c| !"-.()".contains(*c)).map(|c| c.to_ascii_lowercase())
}

/// Parameters that both have must be the same; those of `decisive` must be in both or in neither.
fn same_params(ours: &Params, theirs: &Params, decisive: &[&str]) -> bool {
    let one_way = |a: &Params, b: &Params| {
        a.0.iter().all(|(name, value)| match b.find(name) {
            Some(other) => value.as_deref().unwrap_or("").eq_ignore_ascii_case(other.unwrap_or("")),
            None => !decisive.iter().any(|known| known.eq_ignore_ascii_case(name)),
        })
    };
    one_way(ours, theirs) && one_way(theirs, ours)
}

/// Header components are never ignored, their order is.
fn same_headers(ours: &Uri, theirs: &Uri) -> bool {
    let one_way = |a: &Uri, b: &Uri| a.headers.iter().all(|(name, value)| b.header(name) == Some(value));
    ours.headers.len() == theirs.headers.len() && one_way(ours, theirs) && one_way(theirs, ours)
}

fn unescape(text: &str) -> Result<String, UriError> {
    scan::unescape(text).ok_or(UriError("bad % escape"))
}

/// Text in which there is nothing to unescape.
fn unescaped(text: &str) -> Result<String, UriError> {
    Ok(text.to_owned())
}

type Unescape = fn(&str) -> Result<String, UriError>;

fn parse_params(text: &str, unescape: Unescape) -> Result<Params, UriError> {
    let mut params = Vec::new();
    for param in text.split(';').filter(|param| !param.is_empty()) {
        if params.len() == MAX_PARAMS {
            return Err(UriError("too many parameters"));
        }
        params.push(match scan::split_at_byte(param, b'=') {
            Some((name, value)) => (unescape(name)?, Some(unescape(value)?)),
            None => (unescape(param)?, None),
        });
    }
    Ok(Params(params))
}

fn parse_headers(text: &str, unescape: Unescape) -> Result<Vec<(String, String)>, UriError> {
    let mut headers = Vec::new();
    for header in text.split('&').filter(|header| !header.is_empty()) {
        if headers.len() == MAX_PARAMS {
            return Err(UriError("too many headers"));
        }
        let (name, value) = header.split_once('=').unwrap_or((header, ""));
        headers.push((unescape(name)?, unescape(value)?));
    }
    Ok(headers)
}

impl Scheme {
    pub(super) fn parse(text: &str) -> Result<Self, UriError> {
        if text.eq_ignore_ascii_case("sip") {
            Ok(Self::Sip)
        } else if text.eq_ignore_ascii_case("sips") {
            Ok(Self::Sips)
        } else if text.eq_ignore_ascii_case("tel") {
            Ok(Self::Tel)
        } else if text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && scan::SCHEME.all(text) {
            Ok(Self::Other(text.to_ascii_lowercase()))
        } else {
            Err(UriError("bad scheme"))
        }
    }

    /// As on the wire, without colon.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sip => "sip",
            Self::Sips => "sips",
            Self::Tel => "tel",
            Self::Other(name) => name,
        }
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        Self::parse(text)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f)
    }
}

impl Uri {
    pub(super) fn print(&self, f: &mut impl fmt::Write) -> fmt::Result {
        f.write_str(self.scheme.as_str())?;
        f.write_char(':')?;
        if !self.is_sip() {
            f.write_str(self.user.as_deref().unwrap_or_default())?;
        } else {
            if let Some(user) = &self.user {
                scan::escape(user, &scan::USER, f)?;
                if let Some(password) = &self.password {
                    f.write_char(':')?;
                    scan::escape(password, &scan::PASSWORD, f)?;
                }
                f.write_char('@')?;
            }
            self.host.print(f)?;
            if let Some(port) = self.port {
                f.write_char(':')?;
                scan::print_number(port.into(), f)?;
            }
        }
        for (name, value) in &self.params.0 {
            f.write_char(';')?;
            scan::escape(name, &scan::URI_PARAM, f)?;
            if let Some(value) = value {
                f.write_char('=')?;
                scan::escape(value, &scan::URI_PARAM, f)?;
            }
        }
        for (at, (name, value)) in self.headers.iter().enumerate() {
            f.write_char(if at == 0 { '?' } else { '&' })?;
            scan::escape(name, &scan::URI_HEADER, f)?;
            f.write_char('=')?;
            scan::escape(value, &scan::URI_HEADER, f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn every_part_is_found() {
        let uri = uri("sip:al%20ice:p%40ss@Atlanta.COM:5070;transport=tcp;lr?Subject=a%26b&Priority=urgent");
        assert_eq!(uri.user.as_deref(), Some("al ice"));
        assert_eq!(uri.password.as_deref(), Some("p@ss"));
        assert_eq!(uri.host, Host::Name("atlanta.com".into()));
        assert_eq!(uri.port, Some(5070));
        assert_eq!(uri.transport(), Some("tcp"));
        assert!(uri.lr());
        assert_eq!(uri.header("subject"), Some("a&b"));
        assert_eq!(
            uri.to_string(),
            "sip:al%20ice:p%40ss@atlanta.com:5070;transport=tcp;lr?Subject=a%26b&Priority=urgent"
        );
    }

    #[test]
    fn replaces_in_a_header_is_unescaped_and_escaped_again() {
        let uri = uri("sip:bob@192.0.2.4?Replaces=12%40host%3Bto-tag%3Da%3Bfrom-tag%3Db");
        assert_eq!(uri.header("Replaces"), Some("12@host;to-tag=a;from-tag=b"));
        assert_eq!(uri.to_string(), "sip:bob@192.0.2.4?Replaces=12%40host%3Bto-tag%3Da%3Bfrom-tag%3Db");
    }

    #[test]
    fn a_tel_uri_keeps_plus_and_separators() {
        let uri = uri("tel:+49-30.(123);phone-context=example.com");
        assert_eq!(uri.user.as_deref(), Some("+49-30.(123)"));
        assert_eq!(uri.to_string(), "tel:+49-30.(123);phone-context=example.com");
    }

    #[test]
    fn other_schemes_are_kept_whole() {
        for text in ["http://www.example.com/a?b;c@d", "isbn:2983792873", "soap.beep://192.0.2.103:3002"] {
            assert_eq!(uri(text).to_string(), text);
        }
    }

    #[test]
    fn semicolons_may_be_in_the_user_part() {
        assert_eq!(uri("sip:user;par=u%40example.net@example.com").user.as_deref(), Some("user;par=u@example.net"));
    }

    #[test]
    fn a_second_at_is_refused() {
        assert!("sip:a@b@c".parse::<Uri>().is_err());
    }

    #[test]
    fn junk_is_refused() {
        for text in [
            "",
            "sip",
            "sip:",
            "sip:@",
            "sip: a@b",
            "sip:a@b c",
            "<sip:a@b>",
            "1sip:a",
            "tel:",
            "x:",
            "sip:%zz@b",
            "sip::pass@b",
        ] {
            assert!(text.parse::<Uri>().is_err(), "{text}");
        }
    }

    /// The examples of 19.1.4.
    #[test]
    fn equality_is_that_of_the_rfc() {
        for (a, b) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
            ("tel:+1-201-555-0123", "tel:+1(201)5550123"),
        ] {
            assert!(uri(a).same_as(&uri(b)) && uri(b).same_as(&uri(a)), "{a} {b}");
        }
        for (a, b) in [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:a@b", "sips:a@b"),
        ] {
            assert!(!uri(a).same_as(&uri(b)) && !uri(b).same_as(&uri(a)), "{a} {b}");
        }
    }
}
