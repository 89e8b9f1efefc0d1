//! SIP, SIPS and tel URIs (RFC 3261 19.1, RFC 3966), and the name-addr around them (20.10).

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

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

/// ;name=value parameters in order; names compare without case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Params(pub Vec<(String, Option<String>)>);

/// "Display" <uri>;params (From, To, Contact, Route, Refer-To, P-Asserted-Identity ...).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddr {
    /// The display name, unquoted.
    pub display: Option<String>,
    /// The URI.
    pub uri: Uri,
    /// Header parameters such as tag, expires, q.
    pub params: Params,
}
