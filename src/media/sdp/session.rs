//! What an exchange of offer and answer comes to.

use super::Direction;
use crate::media::srtp::Keys;
use std::net::SocketAddr;

/// A codec of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 u-law, payload type 0.
    Pcmu,
    /// G.711 A-law, payload type 8.
    Pcma,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Pcmu, Self::Pcma];

    /// The encoding name of RFC 3551 6.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The codec of that encoding name; case does not matter (RFC 8866 6.6).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// The static payload type of RFC 3551 6.
    pub fn static_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }
}

/// What an offer and its answer agreed on for our stream, seen from us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Where the peer wants RTP. Symmetric RTP may find a better one (RFC 4961). The unspecified address (0.0.0.0) is
    /// the old way to hold: nothing goes there, `direction` says so too.
    pub remote: SocketAddr,
    /// Where it wants RTCP: a=rtcp (RFC 3605), else the next port.
    pub remote_rtcp: SocketAddr,
    /// The codec both ways.
    pub codec: Codec,
    /// The payload type that we send; the peer's number for it.
    pub payload_type: u8,
    /// The payload type in which it comes to us.
    pub receive_payload_type: u8,
    /// telephone-event (RFC 4733) as we send it, if agreed.
    pub digits_payload_type: Option<u8>,
    /// telephone-event as it comes to us.
    pub receive_digits_payload_type: Option<u8>,
    /// Which way media flow, seen from us.
    pub direction: Direction,
    /// ms of sound a packet that the peer wants, 10 to 60; 20 as a rule.
    pub ptime_ms: u8,
    /// The peer put us on hold: it said sendonly, inactive, or the address 0.0.0.0 (RFC 3264 8.4, RFC 2543 way). What
    /// its answer says because our offer left it no choice does not count.
    pub held_by_peer: bool,
    /// RTP and RTCP are secret (RFC 3711), with these keys.
    pub keys: Option<Keys>,
    /// RTCP shares the port of RTP (RFC 5761).
    pub rtcp_mux: bool,
}

impl Session {
    /// The plainest agreement: both ways, RTCP on the next port, no digits, 20 ms.
    pub fn new(remote: SocketAddr, codec: Codec) -> Self {
        Self {
            remote,
            remote_rtcp: SocketAddr::new(remote.ip(), remote.port().saturating_add(1)),
            codec,
            payload_type: codec.static_type(),
            receive_payload_type: codec.static_type(),
            digits_payload_type: None,
            receive_digits_payload_type: None,
            direction: Direction::SendRecv,
            ptime_ms: 20,
            held_by_peer: false,
            keys: None,
            rtcp_mux: false,
        }
    }
}
