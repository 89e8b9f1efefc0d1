//! A few phones by which is measured how long sound takes.

use super::TICK;
use rustix::event::epoll;
use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use warmline::media::{audio::g711::ulaw, rtp::packet::Packet};

/// What one phone of G.711 says and another hears, and how much later.
pub(crate) struct Probes {
    stop: Arc<AtomicBool>,
    talks: JoinHandle<()>,
    hears: JoinHandle<Vec<Duration>>,
}

/// So many at once, each at another moment of the 20 ms.
pub(crate) const PROBES: usize = 8;
/// Every so many packets there is something to hear, so that what is heard can only be that.
const EVERY: u32 = 10;

impl Probes {
    /// Each a socket that talks, where to, and one that hears.
    pub(crate) fn start(probes: Vec<(UdpSocket, SocketAddr, UdpSocket)>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (talking, listening): (Vec<_>, Vec<_>) =
            probes.into_iter().map(|(talks, to, hears)| ((talks, to), hears)).unzip();
        let since = Instant::now();
        let (stopped, deaf) = (Arc::clone(&stop), Arc::clone(&stop));
        // When each said the last loud thing, in us; 0: it was heard.
        let said: Arc<Vec<std::sync::atomic::AtomicU64>> = Arc::new((0..talking.len()).map(|_| 0.into()).collect());
        let heard = Arc::clone(&said);
        let talks = std::thread::spawn(move || {
            let (silence, shout): ([u8; 160], [u8; 160]) =
                ([0xFF; 160], std::array::from_fn(|at| if at % 8 < 4 { 0x90 } else { 0x10 }));
            let mut datagram = Vec::new();
            for round in 0_u32.. {
                for (index, (socket, to)) in talking.iter().enumerate() {
                    let due = since + TICK * round + TICK.mul_f64((index as f64 + 0.5) / talking.len() as f64);
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let loud = round % EVERY == 0;
                    let packet = Packet {
                        marker: false,
                        payload_type: 0,
                        sequence: round as u16,
                        timestamp: round * 160,
                        ssrc: 1 << 20 | index as u32,
                        payload: if loud { &shout } else { &silence },
                    };
                    datagram.clear();
                    packet.write(&mut datagram);
                    if loud {
                        said[index].store(since.elapsed().as_micros() as u64, Ordering::Release);
                    }
                    let _sent = socket.send_to(&datagram, to);
                }
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        let hears = std::thread::spawn(move || hear(&listening, &heard, since, &deaf));
        Self { stop, talks, hears }
    }

    /// How much later it was heard, sorted.
    pub(crate) fn stop(self) -> Vec<Duration> {
        self.stop.store(true, Ordering::Relaxed);
        self.talks.join().unwrap();
        let mut delays = self.hears.join().unwrap();
        // The first second is for the jitter buffers.
        delays.drain(..delays.len() / 5);
        delays.sort_unstable();
        delays
    }
}

fn hear(
    listening: &[UdpSocket],
    said: &[std::sync::atomic::AtomicU64],
    since: Instant,
    stop: &AtomicBool,
) -> Vec<Duration> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
    for (index, socket) in listening.iter().enumerate() {
        epoll::add(&epoll, socket, epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN).unwrap();
    }
    let (mut ready, mut delays, mut packet) = (Vec::with_capacity(PROBES), Vec::new(), [0; 2000]);
    let wait = rustix::event::Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    while !stop.load(Ordering::Relaxed) {
        ready.clear();
        let _waited = epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut ready), Some(&wait));
        let now = since.elapsed().as_micros() as u64;
        for event in &ready {
            let index = event.data.u64() as usize;
            let Ok(length) = listening[index].recv(&mut packet) else { continue };
            let loud = packet[..length].iter().skip(12).any(|code| ulaw::decode(*code).unsigned_abs() > 4000);
            if loud {
                let at = said[index].swap(0, Ordering::AcqRel);
                if at > 0 {
                    delays.push(Duration::from_micros(now.saturating_sub(at)));
                }
            }
        }
    }
    delays
}
