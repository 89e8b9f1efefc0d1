//! What the shell must know.

use super::{
    library::{HoldMusic, Sounds},
    recorder::Recordings,
};
use crate::{
    exchange,
    media::{JitterLimits, audio::frame::Rate},
    switch,
};
use bytes::Bytes;
use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    sync::mpsc::SyncSender,
    time::{Duration, Instant},
};

/// A whole switch.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The UDP socket for SIP. Port 0: any free one.
    pub listen: SocketAddr,
    /// The signalling side; the `local` address of its endpoint is set to the one that was bound.
    pub exchange: exchange::Settings,
    /// Extensions, trunks and routes.
    pub switch: switch::Settings,
    /// The address that the media sockets are bound to; what SDP says (`exchange.call.media_address`) may be another where we
    /// are behind NAT.
    pub media_bind: IpAddr,
    /// RTP on the even ports, RTCP on the odd ones.
    pub media_ports: RangeInclusive<u16>,
    /// How long a leg that ought to send may send nothing; zero: for ever.
    pub media_timeout: Duration,
    /// Between which the delay of what legs send may move.
    pub jitter: JitterLimits,
    /// What is heard on hold.
    pub hold_music: HoldMusic,
    /// Sounds that are played by name.
    pub sounds: Sounds,
    /// Where recordings are kept.
    pub recordings: Recordings,
    /// Media threads; 0: one a core.
    pub media_threads: usize,
    /// Where registrations are kept over a restart; `None`: nowhere.
    pub state_directory: Option<PathBuf>,
    /// Somebody watches: what happens in calls is told with all that is so after it.
    pub watched: bool,
    /// Bytes for the SIP messages of late, which programs may look at; 0: none are kept.
    pub trace_bytes: usize,
    /// Gets a copy of each datagram as it comes and goes; those for which it has no room are left out.
    pub tap: Option<SyncSender<Trace>>,
}

impl Settings {
    /// The rates that rooms can come to have, by the codecs that may be agreed on; the lowest first.
    pub(super) fn room_rates(&self) -> Vec<Rate> {
        let extensions = self.switch.extensions.iter().flat_map(|extension| &extension.codecs);
        let trunks = self.switch.trunks.iter().flat_map(|trunk| &trunk.codecs);
        let most = self.exchange.call.codecs.iter().chain(extensions).chain(trunks).map(|codec| codec.rate()).max();
        Rate::ROOMS.into_iter().filter(|rate| *rate <= most.unwrap_or(Rate::NARROW)).collect()
    }
}

/// A SIP datagram that came or went.
#[derive(Clone, Debug)]
pub struct Trace {
    /// When.
    pub at: Instant,
    /// We sent it; else we received it.
    pub sent: bool,
    /// The other side.
    pub peer: SocketAddr,
    /// The message.
    pub message: Bytes,
}
