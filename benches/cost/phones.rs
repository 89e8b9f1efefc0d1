//! Phones that cost little: many of them send from one socket, in bursts, and listen to nothing.

use super::{TICK, net::Net};
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};
use std::{
    io::IoSlice,
    net::{SocketAddr, UdpSocket},
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use warmline::media::{
    audio::{codec::Coder, oscillator::Oscillator},
    rtp::packet::Packet,
    sdp::{Codec, Session},
};

/// A minute of a tone that comes and goes, or of silence: where it begins anew, a codec with a memory makes a sound.
pub(crate) fn payloads(codec: Codec, talks: bool) -> Vec<Vec<u8>> {
    let mut coder = Coder::new(codec);
    let mut oscillator = Oscillator::new(440, coder.rate());
    let frames = (0..3000).map(|at| {
        let mut sample = || if talks { (oscillator.next() >> (4 + at % 50 / 10)) as i16 } else { 0 };
        let sound: Vec<i16> = (0..coder.rate().frame()).map(|_| sample()).collect();
        let mut payload = Vec::new();
        coder.encode(&sound, &mut payload);
        payload
    });
    frames.collect()
}

/// Phones that have a socket, and do not talk yet. The switch may send to one address for many legs: each has a port of its own there.
pub(crate) struct Silent(UdpSocket);

/// Phones that send a packet every 20 ms each, evenly spread.
pub(crate) struct Phones {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

/// Their thread.
pub(crate) const NAME: &str = "phones";
/// What is due is sent this often: many phones at once.
const STEP: Duration = Duration::from_micros(250);

impl Silent {
    pub(crate) fn new(net: Net) -> Self {
        Self(net.deaf())
    }

    /// Where all of them are.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// There is one for each of `to`. The first `talking` of each `size` talk, the others send silence.
    pub(crate) fn start(self, to: &[SocketAddr], codec: Codec, [talking, size]: [usize; 2]) -> Phones {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, to) = (Arc::clone(&stop), to.iter().map(|to| SocketAddrAny::from(*to)).collect());
        let sounds = [payloads(codec, false), payloads(codec, true)];
        let payload_type = Session::new(self.address(), codec).payload_type;
        let step = codec.clock().0 / 50;
        let crowd = Crowd { socket: self.0, to, sounds, payload_type, step, talking, size };
        let thread = std::thread::Builder::new().name(NAME.into()).spawn(move || crowd.talk(&stopped));
        Phones { stop, thread: thread.unwrap() }
    }
}

impl Phones {
    /// How late they were at the worst: if that is much, the machine had no room for them.
    pub(crate) fn stop(self) -> Duration {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

struct Crowd {
    socket: UdpSocket,
    to: Vec<SocketAddrAny>,
    sounds: [Vec<Vec<u8>>; 2],
    payload_type: u8,
    /// Of timestamps.
    step: u32,
    talking: usize,
    size: usize,
}

impl Crowd {
    fn talk(&self, stop: &AtomicBool) -> Duration {
        let (start, mut late) = (Instant::now(), Duration::ZERO);
        let (mut sent, mut bytes) = (0_u64, Vec::new());
        for at in 1_u32.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let due = start + STEP * at;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            late = late.max(due.elapsed());
            let all = (STEP * at).as_nanos() * self.to.len() as u128 / TICK.as_nanos();
            self.send(sent..all as u64, &mut bytes);
            sent = all as u64;
        }
        late
    }

    /// Packets by their number among all of all phones.
    fn send(&self, numbers: Range<u64>, bytes: &mut Vec<u8>) {
        bytes.clear();
        let mut ends = vec![0];
        for number in numbers.clone() {
            let (round, index) = (number / self.to.len() as u64, number as usize % self.to.len());
            let sound = &self.sounds[usize::from(index % self.size < self.talking)];
            let packet = Packet {
                marker: false,
                payload_type: self.payload_type,
                sequence: round as u16,
                timestamp: (round as u32).wrapping_mul(self.step),
                ssrc: index as u32,
                payload: &sound[round as usize % sound.len()],
            };
            packet.write(bytes);
            ends.push(bytes.len());
        }
        let slices: Vec<[IoSlice<'_>; 1]> = ends.windows(2).map(|at| [IoSlice::new(&bytes[at[0]..at[1]])]).collect();
        let mut controls: Vec<SendAncillaryBuffer<'_, '_, '_>> = slices.iter().map(|_| Default::default()).collect();
        let whole = slices.iter().zip(&mut controls).zip(numbers);
        let mut messages: Vec<MMsgHdr<'_>> = whole
            .map(|((slice, control), number)| {
                MMsgHdr::new_with_addr(&self.to[number as usize % self.to.len()], slice, control)
            })
            .collect();
        let mut left = &mut messages[..];
        while !left.is_empty() {
            let sent = sendmmsg(&self.socket, left, SendFlags::empty()).unwrap();
            left = &mut left[sent..];
        }
    }
}
