//! The same packets through media threads of ours.

use super::{
    HERE, measure,
    phones::{PROBES, Phones, Probes, socket},
};
use std::{
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::Receiver;
use warmline::{
    control::Meters,
    exchange::{Order, Ports},
    ids::{CallId, LegId},
    media::{
        Command, Music, Settings,
        sdp::{Codec, Session},
    },
    server::{MediaThreads, PortPool, Told},
};

/// What is measured.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) legs: usize,
    /// Legs of a call: two are relayed.
    pub(crate) size: usize,
    /// So many of each call talk, the others listen.
    pub(crate) talking: usize,
    pub(crate) codec: Codec,
    pub(crate) threads: usize,
}

/// What it cost.
pub(crate) struct Cost {
    /// Seconds of CPU time of a leg and second.
    pub(crate) a_second: f64,
    /// From socket to socket.
    pub(crate) delays: Vec<Duration>,
    /// Ticks in all, those more than 5 ms late, and those more than 20 ms late.
    pub(crate) ticks: [u64; 3],
}

/// Media threads with calls on them.
pub(crate) struct Calls {
    media: MediaThreads,
    ports: PortPool,
    last_leg: u64,
    last_call: u64,
    meters: Meters,
    _told: Receiver<Told>,
}

impl Calls {
    pub(crate) fn new(threads: usize) -> Self {
        let settings = Settings {
            timeout: Duration::ZERO,
            music: Arc::new(Music::new(Vec::new())),
            since: Instant::now(),
            jitter: Default::default(),
        };
        let (ports, meters) = (PortPool::new(HERE, 20_000..=29_999), Meters::default());
        let (telling, told) = tokio::sync::mpsc::channel(100);
        let media = MediaThreads::start(threads, &settings, ports.clone(), &telling, &meters).unwrap();
        Self { media, ports, last_leg: 0, last_call: 0, meters, _told: told }
    }

    /// A call of so many: the sockets of its phones, and where they send.
    pub(crate) fn open(&mut self, size: usize, codec: Codec) -> Vec<(UdpSocket, SocketAddr)> {
        self.last_call += 1;
        let call = CallId(self.last_call);
        self.media.carry_out(Order::Open { call });
        let enter = |_| {
            self.last_leg += 1;
            let leg = LegId(self.last_leg);
            let (port, socket) = (self.ports.lease(leg).unwrap(), socket());
            let session = Box::new(Session::new(socket.local_addr().unwrap(), codec));
            self.media.carry_out(Order::Mix { call, command: Command::Join { leg } });
            self.media.carry_out(Order::Mix { call, command: Command::Stream { leg, session } });
            while self.media.flush() {
                std::thread::yield_now();
            }
            (socket, SocketAddr::new(HERE, port))
        };
        (0..size).map(enter).collect()
    }

    fn ticks(&self) -> [u64; 3] {
        let (buckets, _) = self.meters.ticks();
        // Less than 1, 2, 5, 10 and 20 ms late, and so on.
        [0, 3, 5].map(|from| buckets[from..].iter().sum())
    }

    pub(crate) fn stop(self) {
        assert!(self.media.stop());
    }
}

pub(crate) fn measured(shape: Shape) -> Cost {
    let Shape { legs, size, talking, codec, threads } = shape;
    let mut calls = Calls::new(threads);
    let (mut sockets, mut to) = (Vec::new(), Vec::new());
    for _ in 0..legs / size {
        let (ours, theirs): (Vec<_>, Vec<_>) = calls.open(size, codec).into_iter().unzip();
        sockets.extend(ours);
        to.extend(theirs);
    }
    let size_of_probe = if size == 2 { 2 } else { 3 };
    let mut silent = Vec::new();
    let probes = (0..PROBES).map(|_| {
        let mut phones = calls.open(size_of_probe, Codec::Pcmu).into_iter();
        let ((talks, to), (hears, _)) = (phones.next().unwrap(), phones.next().unwrap());
        silent.extend(phones);
        (talks, to, hears)
    });
    let probes = Probes::start(probes.collect());
    let phones = Phones::start(sockets, to, codec, [talking, size]);
    let before = calls.ticks();
    // A probe of three gets three packets for the one that it sends: two of each.
    let probing = if size == 2 { PROBES } else { 2 * PROBES };
    let a_second = measure("media-") / (legs / size * size + probing) as f64;
    let after = calls.ticks();
    phones.stop();
    let delays = probes.stop();
    calls.stop();
    Cost { a_second, delays, ticks: std::array::from_fn(|at| after[at] - before[at]) }
}
