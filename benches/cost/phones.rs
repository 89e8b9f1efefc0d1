//! Phones on real sockets: many that send all the time, and a few by which is measured how long sound takes.

use super::{HERE, TICK};
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
use warmline::media::{
    audio::{codec::Coder, g711::ulaw, oscillator::Oscillator},
    rtp::packet::Packet,
    sdp::{Codec, Session},
};

/// A socket of a phone or of the floor.
pub(crate) fn socket() -> UdpSocket {
    let socket = UdpSocket::bind((HERE, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// A second of a tone that comes and goes, or of silence.
pub(crate) fn payloads(codec: Codec, talks: bool) -> Vec<Vec<u8>> {
    let mut coder = Coder::new(codec);
    let mut oscillator = Oscillator::new(440, coder.rate());
    let frames = (0..50).map(|at| {
        let mut sample = || if talks { (oscillator.next() >> (4 + at / 10)) as i16 } else { 0 };
        let sound: Vec<i16> = (0..coder.rate().frame()).map(|_| sample()).collect();
        let mut payload = Vec::new();
        coder.encode(&sound, &mut payload);
        payload
    });
    frames.collect()
}

/// Send a packet every 20 ms each, evenly spread, and take what comes.
pub(crate) struct Phones {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Phones {
    /// The first `talking` of each `size` talk, the others send silence.
    pub(crate) fn start(
        sockets: Vec<UdpSocket>,
        to: Vec<SocketAddr>,
        codec: Codec,
        [talking, size]: [usize; 2],
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let sounds = [payloads(codec, false), payloads(codec, true)];
            let step = codec.clock().0 / 50;
            let payload_type = Session::new(SocketAddr::new(HERE, 1), codec).payload_type;
            let start = Instant::now();
            let mut datagram = Vec::new();
            for round in 0_u32.. {
                for (index, (socket, to)) in sockets.iter().zip(&to).enumerate() {
                    let part = index as f64 / sockets.len() as f64;
                    let due = start + TICK * round + TICK.mul_f64(part);
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let sound = &sounds[usize::from(index % size < talking)];
                    let packet = Packet {
                        marker: false,
                        payload_type,
                        sequence: round as u16,
                        timestamp: round.wrapping_mul(step),
                        ssrc: index as u32,
                        payload: &sound[round as usize % sound.len()],
                    };
                    datagram.clear();
                    packet.write(&mut datagram);
                    let _sent = socket.send_to(&datagram, to);
                    let mut heard = [0; 2000];
                    while socket.recv(&mut heard).is_ok() {}
                }
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        Self { stop, thread }
    }

    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

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
