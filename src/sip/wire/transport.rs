//! Transport protocols as Via names them (RFC 3261 20.42, RFC 4168, RFC 7118).

use super::scan;
use std::fmt;

/// The transport in a Via.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// SCTP.
    Sctp,
    /// WebSocket.
    Ws,
    /// Secure WebSocket.
    Wss,
    /// Another token, upper case.
    Other(String),
}

impl Transport {
    /// Reads a token, in whatever case.
    pub fn parse(text: &str) -> Option<Self> {
        let known = [Self::Udp, Self::Tcp, Self::Tls, Self::Sctp, Self::Ws, Self::Wss];
        let found = known.into_iter().find(|transport| transport.as_str().eq_ignore_ascii_case(text));
        found.or_else(|| scan::is_token(text).then(|| Self::Other(text.to_ascii_uppercase())))
    }

    /// As on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Sctp => "SCTP",
            Self::Ws => "WS",
            Self::Wss => "WSS",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
