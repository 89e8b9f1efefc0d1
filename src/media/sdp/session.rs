//! What an exchange of offer and answer comes to.

use super::{Codec, Direction, OpusFormat};
use crate::media::{Dtmf, audio::frame::Rate, srtp::Keys};
use std::net::SocketAddr;

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
    /// The clock of telephone-event: that of the codec where the peer has it, else 8000.
    pub digits_clock: Rate,
    /// How digits come and go.
    pub dtmf: Dtmf,
    /// Whether the peer takes comfort noise (RFC 3389).
    pub noise: bool,
    /// What the peer's Opus decoder would like; says nothing of other codecs.
    pub opus: OpusFormat,
    /// Which way media flow, seen from us.
    pub direction: Direction,
    /// ms of sound a packet that the peer wants, 10 to 60; 20 as a rule.
    pub ptime_ms: u8,
    /// The longest packet that the peer takes, ms (a=maxptime, 10 at least); 255 where it does not say.
    pub max_ptime_ms: u8,
    /// The peer put us on hold: it said sendonly, inactive, or the address 0.0.0.0 (RFC 3264 8.4, RFC 2543 way). What
    /// its answer says because our offer left it no choice does not count.
    pub held_by_peer: bool,
    /// RTP and RTCP are secret (RFC 3711), with these keys.
    pub keys: Option<Keys>,
    /// RTCP shares the port of RTP (RFC 5761).
    pub rtcp_mux: bool,
}

impl Session {
    /// The plainest agreement: both ways, RTCP on the next port, our usual number, no digits, 20 ms.
    pub fn new(remote: SocketAddr, codec: Codec) -> Self {
        let number = codec.usual_type();
        Self {
            remote,
            remote_rtcp: SocketAddr::new(remote.ip(), remote.port().saturating_add(1)),
            codec,
            payload_type: number,
            receive_payload_type: number,
            digits_payload_type: None,
            receive_digits_payload_type: None,
            digits_clock: codec.clock(),
            dtmf: Dtmf::default(),
            noise: false,
            opus: OpusFormat::default(),
            direction: Direction::SendRecv,
            ptime_ms: 20,
            max_ptime_ms: u8::MAX,
            held_by_peer: false,
            keys: None,
            rtcp_mux: false,
        }
    }

    /// Into how many packets a tick of 20 ms goes.
    pub(crate) fn packets(&self) -> usize {
        if self.max_ptime_ms < 20 { 2 } else { 1 }
    }

    /// Whether the peer takes packets of so many ticks of the clock.
    pub(crate) fn takes_packets_of(&self, ticks: u32) -> bool {
        ticks <= self.codec.clock().0 / 1000 * u32::from(self.max_ptime_ms)
    }

    /// Whether digits go to the peer as telephone-events.
    pub(crate) fn sends_events(&self) -> bool {
        match self.dtmf {
            Dtmf::Rfc4733 | Dtmf::Auto => self.digits_payload_type.is_some(),
            Dtmf::Info | Dtmf::Inband => false,
        }
    }

    /// Whether the peer's digits may be in its sound.
    pub(crate) fn has_tones(&self) -> bool {
        match self.dtmf {
            Dtmf::Inband => true,
            Dtmf::Auto => self.receive_digits_payload_type.is_none(),
            Dtmf::Rfc4733 | Dtmf::Info => false,
        }
    }

    /// Whether packets may go from one to the other as they are, both ways: the codec is the same, and so are its
    /// parameters as far as they bind a sender.
    pub(crate) fn may_be_relayed_to(&self, other: &Self) -> bool {
        // What a peer sends was made for us, who set no limits.
        let ours = OpusFormat::default();
        let binds = |session: &Self| session.codec == Codec::Opus && !session.opus.takes_what_was_made_for(&ours);
        (self.codec, self.ptime_ms) == (other.codec, other.ptime_ms) && !binds(self) && !binds(other)
    }
}
