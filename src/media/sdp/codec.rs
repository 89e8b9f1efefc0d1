//! The codecs that are spoken here, and what SDP says of them.

use crate::media::audio::frame::Rate;

/// A codec of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// Opus (RFC 6716, RFC 7587), up to 20 kHz of sound.
    Opus,
    /// G.722 at 64 kbit/s, payload type 9: 7 kHz of sound.
    G722,
    /// G.711 u-law, payload type 0.
    Pcmu,
    /// G.711 A-law, payload type 8.
    Pcma,
    /// Samples as they are (RFC 3551 4.5.11), 8000 a second.
    L16Narrow,
    /// The same, 16000 a second.
    L16Wide,
    /// The same, 48000 a second.
    L16Full,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Opus, Self::G722, Self::Pcmu, Self::Pcma, Self::L16Narrow, Self::L16Wide, Self::L16Full];

    /// Those that are offered where nothing else is said, in order of preference.
    pub const USUAL: [Self; 4] = [Self::Opus, Self::G722, Self::Pcmu, Self::Pcma];

    /// Its place in [`Codec::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The encoding name of RFC 3551 6 or RFC 7587 6.1.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::G722 => "G722",
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::L16Narrow | Self::L16Wide | Self::L16Full => "L16",
        }
    }

    /// What it is called in settings: the encoding name, with the clock where there are several of that name.
    pub fn label(self) -> &'static str {
        match self {
            Self::Opus | Self::G722 | Self::Pcmu | Self::Pcma => self.name(),
            Self::L16Narrow => "L16/8000",
            Self::L16Wide => "L16/16000",
            Self::L16Full => "L16/48000",
        }
    }

    /// The codec of that name in settings; case does not matter.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.label().eq_ignore_ascii_case(label))
    }

    /// Ticks a second of its RTP timestamps. G.722 has 8000 for 16000 samples (RFC 3551 4.5.2), Opus 48000 for any sound
    /// (RFC 7587 4.1).
    pub fn clock(self) -> Rate {
        match self {
            Self::G722 | Self::Pcmu | Self::Pcma | Self::L16Narrow => Rate::NARROW,
            Self::L16Wide => Rate::WIDE,
            Self::Opus | Self::L16Full => Rate::FULL,
        }
    }

    /// Samples a second of its sound.
    pub fn rate(self) -> Rate {
        match self {
            Self::Pcmu | Self::Pcma | Self::L16Narrow => Rate::NARROW,
            Self::G722 | Self::L16Wide => Rate::WIDE,
            Self::Opus | Self::L16Full => Rate::FULL,
        }
    }

    /// The payload type that stands for it without a=rtpmap (RFC 3551 6).
    pub fn static_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::G722 => Some(9),
            Self::Opus | Self::L16Narrow | Self::L16Wide | Self::L16Full => None,
        }
    }

    /// The payload type in which we want it, as long as the peer uses that for nothing else.
    pub(super) fn usual_type(self) -> u8 {
        match self {
            Self::Opus => 111,
            Self::L16Narrow => 112,
            Self::L16Wide => 113,
            Self::L16Full => 114,
            Self::G722 => 9,
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// Channels as a=rtpmap has them: Opus is said to have two, whatever it has (RFC 7587 7).
    pub(super) fn channels(self) -> u8 {
        if self == Self::Opus { 2 } else { 1 }
    }

    /// The codec of an a=rtpmap; case does not matter (RFC 8866 6.6).
    pub(super) fn from_map(name: &str, clock: u32, channels: u8) -> Option<Self> {
        let fits = |codec: &Self| {
            // Some forget the second channel of Opus; nothing else can be meant.
            codec.name().eq_ignore_ascii_case(name)
                && codec.clock().0 == clock
                && (channels == 1 || *codec == Self::Opus && channels == 2)
        };
        Self::ALL.into_iter().find(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::Codec;

    #[test]
    fn names_lead_back_to_their_codec() {
        for (index, codec) in Codec::ALL.into_iter().enumerate() {
            assert_eq!(Codec::from_label(&codec.label().to_lowercase()), Some(codec));
            assert_eq!(Codec::from_map(codec.name(), codec.clock().0, codec.channels()), Some(codec));
            assert_eq!(codec.index(), index);
        }
        assert_eq!(Codec::from_map("opus", 48000, 1), Some(Codec::Opus));
        assert_eq!((Codec::from_map("G722", 16000, 1), Codec::from_map("PCMA", 8000, 2)), (None, None));
    }
}
