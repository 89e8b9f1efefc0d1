//! The same packets through media threads of ours.

use super::{
    measure,
    net::Net,
    phones::{self, Silent},
    probes::{PROBES, Probes},
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
    pub(crate) net: Net,
}

/// What it cost.
pub(crate) struct Cost {
    /// Seconds of CPU time of a leg and second.
    pub(crate) a_second: f64,
    /// From socket to socket.
    pub(crate) delays: Vec<Duration>,
    /// Ticks in all, those more than 5 ms late, and those more than 20 ms late.
    pub(crate) ticks: [u64; 3],
    /// Cores that the phones used, and how late they were at the worst.
    pub(crate) phones: (f64, Duration),
}

/// Media threads with calls on them.
pub(crate) struct Calls {
    net: Net,
    media: MediaThreads,
    ports: PortPool,
    last_leg: u64,
    last_call: u64,
    meters: Meters,
    _told: Receiver<Told>,
}

impl Calls {
    pub(crate) fn new(threads: usize, net: Net) -> Self {
        let settings = Settings {
            timeout: Duration::ZERO,
            music: Arc::new(Music::new(Vec::new())),
            since: Instant::now(),
            jitter: Default::default(),
        };
        let (ports, meters) = (PortPool::new(net.switch(), 20_000..=29_999), Meters::default());
        let (telling, told) = tokio::sync::mpsc::channel(100);
        let media = MediaThreads::start(threads, &settings, ports.clone(), &telling, &meters).unwrap();
        Self { net, media, ports, last_leg: 0, last_call: 0, meters, _told: told }
    }

    /// A call of phones at these addresses: where they send.
    pub(crate) fn open(&mut self, phones: &[SocketAddr], codec: Codec) -> Vec<SocketAddr> {
        self.last_call += 1;
        let call = CallId(self.last_call);
        self.media.carry_out(Order::Open { call });
        let enter = |phone: &SocketAddr| {
            self.last_leg += 1;
            let leg = LegId(self.last_leg);
            let port = self.ports.lease(leg).unwrap();
            let session = Box::new(Session::new(*phone, codec));
            self.media.carry_out(Order::Mix { call, command: Command::Join { leg } });
            self.media.carry_out(Order::Mix { call, command: Command::Stream { leg, session } });
            while self.media.flush() {
                std::thread::yield_now();
            }
            SocketAddr::new(self.net.switch(), port)
        };
        phones.iter().map(enter).collect()
    }

    /// A call in which one is heard by another; if it has a third, that one only listens.
    fn probe(&mut self, size: usize, silent: &Silent) -> (UdpSocket, SocketAddr, UdpSocket) {
        let (talks, hears) = (self.net.socket(), self.net.socket());
        let phones = [talks.local_addr().unwrap(), hears.local_addr().unwrap(), silent.address()];
        let to = self.open(&phones[..size], Codec::Pcmu);
        (talks, to[0], hears)
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
    let Shape { legs, size, talking, codec, threads, net } = shape;
    let (mut calls, silent) = (Calls::new(threads, net), Silent::new(net));
    let phones = vec![silent.address(); size];
    let to: Vec<SocketAddr> = (0..legs / size).flat_map(|_| calls.open(&phones, codec)).collect();
    let probes = (0..PROBES).map(|_| calls.probe(size.min(3), &silent)).collect();
    let probes = Probes::start(probes);
    let phones = silent.start(&to, codec, [talking, size]);
    // Two seconds until a leg's packets have a socket of their own, which is opened for some hundred legs a second.
    std::thread::sleep(Duration::from_secs_f64(2.0 + legs as f64 / 800.0));
    let before = calls.ticks();
    // A probe of three gets three packets for the one that it sends: two of each.
    let probing = if size == 2 { PROBES } else { 2 * PROBES };
    let [spent, by_phones] = measure(["media-", phones::NAME]);
    let after = calls.ticks();
    let late = phones.stop();
    let delays = probes.stop();
    calls.stop();
    let a_second = spent / (to.len() + probing) as f64;
    Cost { a_second, delays, ticks: std::array::from_fn(|at| after[at] - before[at]), phones: (by_phones, late) }
}
