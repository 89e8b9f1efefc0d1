//! SDP and offer/answer (RFC 8866, RFC 3264) for one audio stream a leg.

use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};

/// A codec of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// G.711 u-law, payload type 0.
    Pcmu,
    /// G.711 A-law, payload type 8.
    Pcma,
}

/// Which way media flow, seen from us (RFC 3264 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// We send only.
    SendOnly,
    /// We receive only.
    RecvOnly,
    /// Neither way.
    Inactive,
}

/// What an offer and its answer agreed on for our stream, seen from us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Where the peer wants RTP. Symmetric RTP may find a better one (RFC 4961).
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
    /// The peer put us on hold: it said sendonly, inactive, or the address 0.0.0.0 (RFC 3264 8.4, RFC 2543 way).
    pub held_by_peer: bool,
}

/// Why an SDP cannot be used; answered with `status` and a Warning (RFC 3261 20.43).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// It is not SDP.
    #[error("not SDP: {0}")]
    Malformed(String),
    /// No audio stream over RTP/AVP (or RTP/AVPF, UDP) in it.
    #[error("no usable audio stream")]
    NoAudio,
    /// None of its codecs is ours.
    #[error("no common codec")]
    NoCodec,
    /// The answer does not fit the offer (other number of streams, a codec that was not offered).
    #[error("answer does not fit the offer")]
    Misfit,
}

/// One leg's side of offer/answer: remembers the o= line, the streams in order and the payload types from one exchange to the next.
pub struct Negotiation(());

impl Negotiation {
    /// Nothing agreed yet. `address` and `port` are where our leg receives, `codecs` ours in order of preference, `id` the session id of o=.
    pub fn new(_address: IpAddr, _port: u16, _codecs: &[Codec], _id: u64) -> Self {
        Self(())
    }

    /// Our offer: all our codecs with `first` (what the other party speaks) at the front, telephone-event; in later offers the codec in use first.
    pub fn offer(&mut self, _direction: Direction, _first: Option<Codec>) -> Bytes {
        Bytes::new()
    }

    /// The peer's answer to our last offer.
    pub fn receive_answer(&mut self, _sdp: &[u8]) -> Result<Session, SdpError> {
        Err(SdpError::NoAudio)
    }

    /// The peer's offer: checked and kept until `answer`. An error leaves everything as it was. The `Session` is what would be agreed with
    /// `wanted` = SendRecv on our side.
    pub fn receive_offer(&mut self, _sdp: &[u8]) -> Result<Session, SdpError> {
        Err(SdpError::NoAudio)
    }

    /// Our answer to the last offer received. `wanted` is what we would like; the direction said is the closest that RFC 3264 6.1 allows.
    /// `first`: the codec to choose if it was offered. `None` when no offer waits.
    pub fn answer(&mut self, _wanted: Direction, _first: Option<Codec>) -> Option<(Bytes, Session)> {
        None
    }

    /// What is in force.
    pub fn session(&self) -> Option<&Session> {
        None
    }
}
