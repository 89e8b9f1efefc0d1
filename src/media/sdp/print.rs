//! Our SDP as text (RFC 8866 5).

use super::{Codec, Direction};
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
    /// RTP/AVP or RTP/AVPF.
    pub(super) proto: &'a str,
    /// Where we receive.
    pub(super) port: u16,
    /// Codecs with their numbers, in order of preference.
    pub(super) codecs: &'a [(Codec, u8)],
    /// The number of telephone-event.
    pub(super) digits: Option<u8>,
    /// Seen from us.
    pub(super) direction: Direction,
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
    for number in audio.codecs.iter().map(|(_, number)| *number).chain(audio.digits) {
        let _ = write!(text, " {number}");
    }
    text.push_str("\r\n");
    for (codec, number) in audio.codecs {
        let _ = write!(text, "a=rtpmap:{number} {}/8000\r\n", codec.name());
    }
    if let Some(number) = audio.digits {
        // 0-15 are the digits 0-9 * # A-D (RFC 4733 3.2).
        let _ = write!(text, "a=rtpmap:{number} telephone-event/8000\r\na=fmtp:{number} 0-15\r\n");
    }
    let _ = write!(text, "a=ptime:20\r\na={}\r\n", audio.direction.attribute());
}

fn typed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("IP4 {address}"),
        IpAddr::V6(address) => format!("IP6 {address}"),
    }
}
