//! Our SDP as text (RFC 8866 5).

use super::{Codec, Direction, OpusFormat, crypto::Crypto, description::NOISE};
use crate::media::audio::frame::Rate;
use std::{fmt::Write, net::IpAddr};

/// One m= line of ours.
pub(super) enum Line<'a> {
    /// Our audio stream.
    Audio(Audio<'a>),
    /// A stream of the peer that we do not take part in: port 0 (RFC 3264 6).
    Refused {
        /// As it was offered.
        media: &'a str,
        /// As it was offered.
        proto: &'a str,
        /// One of those offered; it has no meaning.
        format: &'a str,
    },
}

/// Our audio stream.
pub(super) struct Audio<'a> {
    /// RTP/AVP, RTP/SAVP, or one of them with feedback.
    pub(super) proto: &'a str,
    /// Where we receive.
    pub(super) port: u16,
    /// What may be in a packet.
    pub(super) formats: &'a Formats,
    /// How packets go.
    pub(super) transport: &'a Transport,
    /// Seen from us.
    pub(super) direction: Direction,
}

/// How packets go.
#[derive(Default)]
pub(super) struct Transport {
    /// Our keys.
    pub(super) crypto: Vec<Crypto>,
    /// RTCP on the port of RTP.
    pub(super) rtcp_mux: bool,
}

/// The payload types of a stream.
pub(super) struct Formats {
    /// Codecs with their numbers, in order of preference.
    pub(super) codecs: Vec<(Codec, u8)>,
    /// telephone-event: clock and number.
    pub(super) digits: Vec<(Rate, u8)>,
    /// Comfort noise.
    pub(super) noise: bool,
}

impl Formats {
    fn numbers(&self) -> impl Iterator<Item = u8> {
        let codecs = self.codecs.iter().map(|(_, number)| *number);
        codecs.chain(self.noise.then_some(NOISE)).chain(self.digits.iter().map(|(_, number)| *number))
    }
}

/// All that follows the o= line, from s= on.
pub(super) fn body<'a>(address: IpAddr, lines: impl Iterator<Item = Line<'a>>) -> String {
    let mut text = String::with_capacity(256);
    // Writing to a String cannot fail.
    let _ = write!(text, "s=-\r\nc=IN {}\r\nt=0 0\r\n", typed(address));
    for line in lines {
        match line {
            Line::Audio(audio) => print_audio(&mut text, &audio),
            Line::Refused { media, proto, format } => {
                let _ = write!(text, "m={media} 0 {proto} {format}\r\n");
            }
        }
    }
    text
}

/// The v= and o= lines, to stand before `body`.
pub(super) fn head(address: IpAddr, id: u64, version: u64) -> String {
    format!("v=0\r\no=- {id} {version} IN {}\r\n", typed(address))
}

fn print_audio(text: &mut String, audio: &Audio<'_>) {
    let _ = write!(text, "m=audio {} {}", audio.port, audio.proto);
    for number in audio.formats.numbers() {
        let _ = write!(text, " {number}");
    }
    text.push_str("\r\n");
    for (codec, number) in &audio.formats.codecs {
        let _ = write!(text, "a=rtpmap:{number} {}/{}", codec.name(), codec.clock().0);
        if codec.channels() > 1 {
            let _ = write!(text, "/{}", codec.channels());
        }
        text.push_str("\r\n");
        if *codec == Codec::Opus {
            let _ = write!(text, "a=fmtp:{number} {}\r\n", OpusFormat::OURS);
        }
    }
    if audio.formats.noise {
        let _ = write!(text, "a=rtpmap:{NOISE} CN/8000\r\n");
    }
    for (clock, number) in &audio.formats.digits {
        // 0-15 are the digits 0-9 * # A-D (RFC 4733 3.2).
        let _ = write!(text, "a=rtpmap:{number} telephone-event/{}\r\na=fmtp:{number} 0-15\r\n", clock.0);
    }
    for crypto in &audio.transport.crypto {
        let _ = write!(text, "a=crypto:{crypto}\r\n");
    }
    if audio.transport.rtcp_mux {
        text.push_str("a=rtcp-mux\r\n");
    }
    let _ = write!(text, "a=ptime:20\r\na={}\r\n", audio.direction.attribute());
}

fn typed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("IP4 {address}"),
        IpAddr::V6(address) => format!("IP6 {address}"),
    }
}
