//! One call's media: relay between two, mix among more.

use super::{Command, Event, audio::music::Music};
use crate::ids::LegId;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// What a mixer must know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a leg that is neither held nor silent by agreement may send nothing before `Silent` is told; zero: for ever.
    pub timeout: Duration,
    /// What is heard on hold.
    pub music: Arc<Music>,
    /// The zero of the ticks and of the music: the same for all mixers, so that one wake-up serves them all and everybody on
    /// hold hears the same.
    pub since: Instant,
}

/// A leg with all that its media line is made of, on its way from one mixer to another.
pub struct Member(());

/// A packet to be sent.
#[derive(Debug)]
pub struct Transmit<'a> {
    /// From this leg's socket.
    pub leg: LegId,
    /// RTCP socket instead of RTP.
    pub report: bool,
    /// Where to.
    pub to: SocketAddr,
    /// The packet.
    pub payload: &'a [u8],
}

/// The media of one call.
pub struct Mixer {
    _settings: Settings,
}

impl Mixer {
    /// An empty mixer. `seed` makes SSRCs, first sequence numbers and timestamps.
    pub fn new(settings: Settings, _seed: u64) -> Self {
        Self { _settings: settings }
    }

    /// An RTP packet came to the socket of `leg`.
    pub fn receive(&mut self, _leg: LegId, _packet: &[u8], _from: SocketAddr, _now: Instant) {}

    /// An RTCP packet came to the socket of `leg`.
    pub fn receive_report(&mut self, _leg: LegId, _packet: &[u8], _from: SocketAddr, _now: Instant) {}

    /// A wish.
    pub fn command(&mut self, _command: Command, _now: Instant) {}

    /// The 20 ms tick (or other deadlines) is due.
    pub fn wake(&mut self, _now: Instant) {}

    /// When `wake` wants to be called: the next tick while somebody needs mixing or playing, else RTCP or silence checks.
    pub fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// The next packet to send; lent from a buffer that is used again.
    pub fn next_transmit(&mut self) -> Option<Transmit<'_>> {
        None
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        None
    }

    /// Takes a leg out with its SSRC line, jitter buffer and counters, for another mixer.
    pub fn release(&mut self, _leg: LegId) -> Option<Member> {
        None
    }

    /// Takes a leg in from another mixer.
    pub fn adopt(&mut self, _leg: LegId, _member: Member, _now: Instant) {}

    /// How many legs are in.
    pub fn len(&self) -> usize {
        0
    }

    /// Whether nobody is in.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
