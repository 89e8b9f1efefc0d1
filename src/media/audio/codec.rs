//! One leg's codec: payload to samples and back, at the codec's own rate.

use super::{
    frame::Rate,
    g711::{alaw, ulaw},
};
use crate::media::sdp::Codec;

/// The codec of one leg with whatever it remembers from packet to packet.
///
/// G.711 remembers nothing, so that one encoded packet may serve all who hear the same; a codec with a memory says so in
/// [`Coder::is_stateless`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coder {
    /// G.711 u-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

impl Coder {
    /// A fresh coder.
    pub fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcmu => Self::Pcmu,
            Codec::Pcma => Self::Pcma,
        }
    }

    /// Samples a second of the sound.
    pub fn rate(&self) -> Rate {
        match self {
            Self::Pcmu | Self::Pcma => Rate::NARROW,
        }
    }

    /// Ticks a second of the RTP timestamp; for some codecs not the rate of the sound (RFC 3551 4.5.2).
    pub fn clock(&self) -> Rate {
        match self {
            Self::Pcmu | Self::Pcma => Rate::NARROW,
        }
    }

    /// Whether one listener's packet fits every other who hears the same.
    pub fn is_stateless(&self) -> bool {
        match self {
            Self::Pcmu | Self::Pcma => true,
        }
    }

    /// How long a payload lasts, in ticks of the RTP timestamp.
    pub fn duration(&self, payload: &[u8]) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => u32::try_from(payload.len()).unwrap_or(u32::MAX),
        }
    }

    /// Appends the sound of `payload`.
    pub fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) {
        match self {
            Self::Pcmu => sound.extend(payload.iter().map(|code| ulaw::decode(*code))),
            Self::Pcma => sound.extend(payload.iter().map(|code| alaw::decode(*code))),
        }
    }

    /// Appends the payload for `sound`.
    pub fn encode(&mut self, sound: &[i16], payload: &mut Vec<u8>) {
        match self {
            Self::Pcmu => payload.extend(sound.iter().map(|sample| ulaw::encode(*sample))),
            Self::Pcma => payload.extend(sound.iter().map(|sample| alaw::encode(*sample))),
        }
    }
}
