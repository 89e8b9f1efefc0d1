//! What a mixer tells.

use super::{RecordingNews, sdp::Codec};
use crate::ids::{LegId, PlayId, RecordingId};

/// Something that happened in the media of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A leg dialled a digit; told once, when it ends.
    Digit {
        /// The leg.
        leg: LegId,
        /// 0-9 * # A-D.
        digit: char,
        /// How long it was pressed, ms.
        duration_ms: u16,
    },
    /// A digit is to be dialled towards a leg that wants it by INFO.
    Dial {
        /// The leg that shall get it.
        leg: LegId,
        /// 0-9 * # A-D.
        digit: char,
        /// How long, ms.
        duration_ms: u16,
    },
    /// The first packet of a leg came.
    Started {
        /// The leg.
        leg: LegId,
    },
    /// A leg that ought to send has sent neither RTP nor RTCP for the time allowed; told once until it sends again.
    Silent {
        /// The leg.
        leg: LegId,
    },
    /// How the media of a leg fare; told when it leaves, and every 30 s.
    Report {
        /// The leg.
        leg: LegId,
        /// The figures.
        quality: Quality,
    },
    /// What was played to a leg is over; told once for each.
    PlayEnded {
        /// The leg.
        leg: LegId,
        /// Which.
        play: PlayId,
        /// To its end; else something else was played, or nothing.
        whole: bool,
    },
    /// Something became of a recording. This comes from whoever writes the files, by the same way.
    Recording {
        /// Which.
        recording: RecordingId,
        /// What.
        news: RecordingNews,
    },
}

impl Event {
    /// The leg that it is about, if it is about one.
    pub fn leg(&self) -> Option<LegId> {
        match self {
            Self::Digit { leg, .. }
            | Self::Dial { leg, .. }
            | Self::Started { leg }
            | Self::Silent { leg }
            | Self::Report { leg, .. }
            | Self::PlayEnded { leg, .. } => Some(*leg),
            Self::Recording { .. } => None,
        }
    }
}

/// The figures of one leg since it joined.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quality {
    /// RTP packets received.
    pub received: u64,
    /// RTP packets that never came (RFC 3550 A.3).
    pub lost: u64,
    /// Packets that came too late to be played.
    pub late: u64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that came after one that was sent later.
    pub disordered: u64,
    /// Interarrival jitter, ms (RFC 3550 6.4.1).
    pub jitter_ms: f32,
    /// Round trip by RTCP, ms, when the peer reports.
    pub round_trip_ms: Option<f32>,
    /// RTP packets sent.
    pub sent: u64,
    /// What the leg speaks.
    pub codec: Option<Codec>,
    /// How long sound waits for packets that come late, ms.
    pub buffer_ms: f32,
    /// What a listener would say of what came from the leg, 1 (bad) to 4.5: estimated from codec, loss, bursts and delay
    /// (ITU-T G.107). `None` while nothing came.
    pub mos: Option<f32>,
    /// Of what we sent, as the peer last reported it: packets lost in all.
    pub peer_lost: Option<u32>,
    /// Likewise: interarrival jitter, ms.
    pub peer_jitter_ms: Option<f32>,
    /// Sound that was made up for what was missing, ms.
    pub concealed_ms: u64,
    /// Packets that were not used because nobody with the key had made them, or because they had come before (SRTP).
    pub forged: u64,
    /// It is the last report: the leg is gone.
    pub last: bool,
}
