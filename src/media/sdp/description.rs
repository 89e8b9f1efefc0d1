//! A peer's SDP, read as far as it concerns us. The only file that knows `sdp-types`.

use super::{Codec, Direction, OpusFormat, SdpError, crypto::Crypto};
use crate::media::audio::frame::Rate;
use std::net::{IpAddr, SocketAddr};

/// More m= lines than anybody needs; each is kept and repeated in our answers.
const MAX_STREAMS: usize = 32;
/// More keys than anybody offers.
const MAX_CRYPTO: usize = 16;

/// A peer's SDP.
pub(super) struct Description {
    /// Its m= lines, in order.
    pub(super) streams: Vec<Stream>,
}

/// One m= line with its attributes, session-level ones included where it has none of its own.
pub(super) struct Stream {
    /// audio, video ...
    pub(super) media: String,
    /// RTP/AVP ...
    pub(super) proto: String,
    /// The first of its formats.
    pub(super) format: String,
    /// 0: refused or taken back.
    pub(super) port: u16,
    /// c=; `None` if there is none, or a name.
    pub(super) address: Option<IpAddr>,
    /// a=rtcp (RFC 3605), the address only if it has one.
    pub(super) rtcp: Option<(u16, Option<IpAddr>)>,
    /// As the peer sees it.
    pub(super) direction: Direction,
    /// a=ptime within a=maxptime, 10 to 60.
    pub(super) ptime_ms: u8,
    /// a=maxptime, 10 at least; 255 where there is none.
    pub(super) max_ptime_ms: u8,
    /// Its payload types in order, each once; empty unless it is audio over RTP.
    pub(super) formats: Vec<(u8, Encoding)>,
    /// The a=crypto that we can (RFC 4568).
    pub(super) crypto: Vec<Crypto>,
    /// RTCP may come where RTP does (RFC 5761).
    pub(super) rtcp_mux: bool,
    /// The a=fmtp of its Opus numbers.
    opus: Vec<(u8, OpusFormat)>,
}

/// What a payload type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// A codec of ours.
    Codec(Codec),
    /// telephone-event with this clock, which is that of a codec of ours.
    Digits(Rate),
    /// Comfort noise (RFC 3389), 8000 Hz.
    Noise,
    /// Something else.
    Other,
    /// A dynamic number without a=rtpmap.
    Unmapped,
}

impl Description {
    /// Reads SDP. What does not concern us may be as odd as it likes.
    pub(super) fn parse(sdp: &[u8]) -> Result<Self, SdpError> {
        let parsed = sdp_types::Session::parse(&essence(sdp)).map_err(|e| SdpError::Malformed(e.to_string()))?;
        if parsed.medias.len() > MAX_STREAMS {
            return Err(SdpError::Malformed("too many streams".to_owned()));
        }
        let address = parsed.connection.as_ref().and_then(ip);
        let direction = direction(&parsed.attributes).unwrap_or(Direction::SendRecv);
        Ok(Self { streams: parsed.medias.into_iter().map(|media| Stream::read(media, address, direction)).collect() })
    }
}

impl Stream {
    fn read(media: sdp_types::Media, session_address: Option<IpAddr>, session_direction: Direction) -> Self {
        let mut stream = Self {
            port: media.port,
            address: match media.connections.first() {
                Some(connection) => ip(connection),
                None => session_address,
            },
            rtcp: value(&media.attributes, "rtcp").and_then(rtcp),
            direction: direction(&media.attributes).unwrap_or(session_direction),
            ptime_ms: ptime(&media.attributes).0,
            max_ptime_ms: ptime(&media.attributes).1,
            format: media.fmt.split_ascii_whitespace().next().unwrap_or("0").to_owned(),
            formats: Vec::new(),
            crypto: Vec::new(),
            rtcp_mux: media.attributes.iter().any(|attribute| attribute.attribute.eq_ignore_ascii_case("rtcp-mux")),
            opus: Vec::new(),
            media: media.media,
            proto: media.proto,
        };
        if stream.is_rtp_audio() {
            stream.formats = formats(&media.fmt, &media.attributes);
            stream.opus = opus(&media.attributes);
            stream.crypto = values(&media.attributes, "crypto").filter_map(Crypto::parse).take(MAX_CRYPTO).collect();
        }
        stream
    }

    /// Audio over RTP or SRTP. The profiles with feedback (RFC 4585, RFC 5124) say no more that concerns us.
    pub(super) fn is_rtp_audio(&self) -> bool {
        let plain = ["RTP/AVP", "RTP/AVPF"].iter().any(|proto| self.proto.eq_ignore_ascii_case(proto));
        self.media.eq_ignore_ascii_case("audio") && (plain || self.is_secure())
    }

    /// Over SRTP, and nothing else.
    pub(super) fn is_secure(&self) -> bool {
        ["RTP/SAVP", "RTP/SAVPF"].iter().any(|proto| self.proto.eq_ignore_ascii_case(proto))
    }

    /// Whether the address says that nothing may be sent (RFC 3264 8.4: 0.0.0.0).
    pub(super) fn is_muted(&self) -> bool {
        self.address.is_some_and(|address| address.is_unspecified())
    }

    /// Where RTP goes.
    pub(super) fn remote(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.address?, self.port))
    }

    /// Where RTCP goes: the next port where nothing else is said (RFC 3550 11).
    pub(super) fn remote_rtcp(&self) -> Option<SocketAddr> {
        if self.rtcp_mux {
            return self.remote();
        }
        let (port, address) = self.rtcp.unwrap_or((self.port.saturating_add(1), None));
        // A muted stream is muted for RTCP too, and an address of the other IP version cannot be reached from our socket.
        let address =
            address.filter(|own| !self.is_muted() && self.address.is_some_and(|a| a.is_ipv4() == own.is_ipv4()));
        Some(SocketAddr::new(address.or(self.address)?, port))
    }

    /// The peer's number for `codec`, the first if there are several.
    pub(super) fn number(&self, wanted: Encoding) -> Option<u8> {
        self.formats.iter().find(|(_, encoding)| *encoding == wanted).map(|(number, _)| *number)
    }

    /// What the peer wants of Opus under this number.
    pub(super) fn opus(&self, number: u8) -> OpusFormat {
        self.opus.iter().find(|(of, _)| *of == number).map_or_else(OpusFormat::default, |(_, format)| *format)
    }

    /// Whether it wants comfort noise beside this codec.
    pub(super) fn takes_noise(&self, codec: Codec) -> bool {
        codec.clock() == Rate::NARROW && self.number(Encoding::Noise) == Some(NOISE)
    }

    /// telephone-event with its clock: that of the codec if the peer has it, else 8000.
    pub(super) fn digits(&self, codec: Codec) -> Option<(u8, Rate)> {
        let with = |clock: Rate| self.number(Encoding::Digits(clock)).map(|number| (number, clock));
        with(codec.clock()).or_else(|| with(Rate::NARROW))
    }
}

/// The lines that concern us, in a form that the parser takes: phones are known for spaces at line ends, o= lines with
/// blanks in the user name, and bandwidths of their own making.
fn essence(sdp: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(sdp.len());
    for line in sdp.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        match line {
            [b'v' | b'c' | b'a', b'=', ..] => kept.extend_from_slice(String::from_utf8_lossy(line).as_bytes()),
            [b'm', b'=', rest @ ..] => {
                kept.extend_from_slice(b"m=");
                let rest = String::from_utf8_lossy(rest);
                for (at, word) in rest.split_ascii_whitespace().enumerate() {
                    if at > 0 {
                        kept.push(b' ');
                    }
                    kept.extend_from_slice(word.as_bytes());
                }
            }
            _ => continue,
        }
        kept.extend_from_slice(b"\r\n");
    }
    kept
}

fn ip(connection: &sdp_types::Connection) -> Option<IpAddr> {
    // A multicast time to live or a count may follow a slash (RFC 8866 5.7).
    connection.connection_address.split('/').next()?.parse().ok()
}

fn direction(attributes: &[sdp_types::Attribute]) -> Option<Direction> {
    attributes.iter().rev().find_map(|attribute| Direction::from_attribute(&attribute.attribute))
}

fn value<'a>(attributes: &'a [sdp_types::Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| attribute.attribute.eq_ignore_ascii_case(name))?.value.as_deref()
}

fn values<'a>(attributes: &'a [sdp_types::Attribute], name: &'a str) -> impl Iterator<Item = &'a str> {
    attributes
        .iter()
        .filter(move |attribute| attribute.attribute.eq_ignore_ascii_case(name))
        .filter_map(|attribute| attribute.value.as_deref())
}

/// `port [nettype addrtype address]` (RFC 3605 2.1).
fn rtcp(value: &str) -> Option<(u16, Option<IpAddr>)> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok().filter(|port| *port > 0)?;
    Some((port, words.nth(2).and_then(|address| address.parse().ok())))
}

/// What it wants, and the most that it takes.
fn ptime(attributes: &[sdp_types::Attribute]) -> (u8, u8) {
    let ms = |name| {
        let digits = value(attributes, name)?.trim();
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse::<u16>().ok().filter(|ms| *ms > 0)
    };
    let most = ms("maxptime").unwrap_or(u16::MAX).max(10);
    let wanted = ms("ptime").unwrap_or(20).min(most).clamp(10, 60);
    (u8::try_from(wanted).unwrap_or(20), u8::try_from(most).unwrap_or(u8::MAX))
}

fn formats(list: &str, attributes: &[sdp_types::Attribute]) -> Vec<(u8, Encoding)> {
    let mut meaning: [Encoding; 128] = [Encoding::Unmapped; 128];
    meaning[..96].fill(Encoding::Other);
    for codec in Codec::ALL {
        if let Some(number) = codec.static_type() {
            meaning[usize::from(number)] = Encoding::Codec(codec);
        }
    }
    meaning[usize::from(NOISE)] = Encoding::Noise;
    for attribute in attributes.iter().filter(|attribute| attribute.attribute.eq_ignore_ascii_case("rtpmap")) {
        let mut words = attribute.value.as_deref().unwrap_or_default().split_ascii_whitespace();
        let number = words.next().and_then(|number| number.parse::<usize>().ok());
        if let (Some(slot), Some(encoding)) = (number.and_then(|number| meaning.get_mut(number)), words.next()) {
            *slot = encoding_of(encoding);
        }
    }
    let mut seen = [false; 128];
    list.split_ascii_whitespace()
        .filter_map(|number| number.parse::<u8>().ok())
        .filter(|number| *number < 128 && !std::mem::replace(&mut seen[usize::from(*number)], true))
        .map(|number| (number, meaning[usize::from(number)]))
        .collect()
}

/// What a=fmtp says of Opus. It is read for every number, for it says nothing of others that would hurt.
fn opus(attributes: &[sdp_types::Attribute]) -> Vec<(u8, OpusFormat)> {
    let fmtp = attributes.iter().filter(|attribute| attribute.attribute.eq_ignore_ascii_case("fmtp"));
    fmtp.filter_map(|attribute| {
        let (number, parameters) = attribute.value.as_deref()?.trim().split_once(char::is_whitespace)?;
        Some((number.parse().ok()?, OpusFormat::read(parameters)))
    })
    .take(128)
    .collect()
}

/// `name/clock[/channels]` (RFC 8866 6.6).
fn encoding_of(text: &str) -> Encoding {
    let mut parts = text.split('/');
    let name = parts.next().unwrap_or_default();
    let clock = parts.next().and_then(|clock| clock.parse().ok());
    let channels = parts.next().map_or(Some(1), |channels| channels.parse().ok());
    let (Some(clock), Some(channels)) = (clock, channels) else { return Encoding::Other };
    let ours = Codec::ALL.iter().any(|codec| codec.clock() == Rate(clock));
    if name.eq_ignore_ascii_case("telephone-event") && ours && channels == 1 {
        return Encoding::Digits(Rate(clock));
    }
    if name.eq_ignore_ascii_case("CN") && Rate(clock) == Rate::NARROW {
        return Encoding::Noise;
    }
    Codec::from_map(name, clock, channels).map_or(Encoding::Other, Encoding::Codec)
}

/// The static payload type of comfort noise (RFC 3389 4).
pub(super) const NOISE: u8 = 13;
