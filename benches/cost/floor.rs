//! What cannot be left out: receiving and sending a packet, decoding and encoding a frame.

use super::{
    measure,
    net::Net,
    phones::{Silent, payloads},
    probes::{PROBES, Probes},
};
use rustix::event::epoll;
use std::{
    hint::black_box,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use warmline::media::{audio::codec::Coder, sdp::Codec};

/// Of a leg and second, in seconds of CPU time, and how long packets take.
pub(crate) struct Floor {
    pub(crate) a_second: f64,
    pub(crate) delays: Vec<Duration>,
}

/// A thread that passes packets on as they come, on so many sockets, and does nothing else.
pub(crate) fn sockets(legs: usize, net: Net) -> Floor {
    let silent = Silent::new(net);
    let heard: Vec<UdpSocket> = (0..2 * PROBES).map(|_| net.socket()).collect();
    let ours: Vec<UdpSocket> = (0..legs + 2 * PROBES).map(|_| net.socket()).collect();
    let addresses: Vec<SocketAddr> = ours.iter().map(|socket| socket.local_addr().unwrap()).collect();
    let probed = heard.iter().map(|socket| socket.local_addr().unwrap());
    let remotes: Vec<SocketAddr> = std::iter::repeat_n(silent.address(), legs).chain(probed).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thread = std::thread::Builder::new().name("floor".into()).spawn(move || pass_on(&ours, &remotes, &stopped));
    let mut heard = heard.into_iter();
    let probes = addresses[legs..].chunks(2).map(|pair| (heard.next().unwrap(), pair[0], heard.next().unwrap()));
    let probes = Probes::start(probes.collect());
    let phones = silent.start(&addresses[..legs], Codec::Pcmu, [1, 1]);
    let [spent] = measure(["floor"]);
    phones.stop();
    let delays = probes.stop();
    stop.store(true, Ordering::Relaxed);
    thread.unwrap().join().unwrap();
    Floor { a_second: spent / (legs + PROBES) as f64, delays }
}

fn pass_on(ours: &[UdpSocket], remotes: &[SocketAddr], stop: &AtomicBool) {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
    for (index, socket) in ours.iter().enumerate() {
        epoll::add(&epoll, socket, epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN).unwrap();
    }
    let mut ready: Vec<epoll::Event> = Vec::with_capacity(128);
    let mut packet = [0; 2048];
    let wait = rustix::event::Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
    while !stop.load(Ordering::Relaxed) {
        ready.clear();
        let _waited = epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut ready), Some(&wait));
        for event in &ready {
            let index = event.data.u64() as usize;
            if let Ok((length, _)) = ours[index].recv_from(&mut packet) {
                let other = index ^ 1;
                let _sent = ours[other].send_to(&packet[..length], remotes[other]);
            }
        }
    }
}

/// Seconds that a frame takes to be decoded, while somebody talks or not, and to be encoded.
pub(crate) struct Coding {
    pub(crate) decode: [f64; 2],
    pub(crate) encode: f64,
}

pub(crate) fn coding(codec: Codec) -> Coding {
    let decode = [false, true].map(|talks| {
        let (mut coder, payloads, mut sound) = (Coder::new(codec), a_second(codec, talks), Vec::new());
        best(|| {
            for payload in &payloads {
                sound.clear();
                coder.decode(payload, &mut sound);
                black_box(&sound);
            }
        }) / 50.0
    });
    let (mut decoder, mut coder, mut code) = (Coder::new(codec), Coder::new(codec), Vec::new());
    let frames: Vec<Vec<i16>> = a_second(codec, true)
        .iter()
        .map(|payload| {
            let mut sound = Vec::new();
            decoder.decode(payload, &mut sound);
            sound
        })
        .collect();
    let encode = best(|| {
        for frame in &frames {
            code.clear();
            coder.encode(frame, &mut code);
            black_box(&code);
        }
    }) / 50.0;
    Coding { decode, encode }
}

fn a_second(codec: Codec, talks: bool) -> Vec<Vec<u8>> {
    payloads(codec, talks).into_iter().take(50).collect()
}

/// Of many rounds: the machine may be busy with other things.
fn best(mut round: impl FnMut()) -> f64 {
    let mut time = || {
        let start = Instant::now();
        round();
        start.elapsed().as_secs_f64()
    };
    (0..20).map(|_| time()).fold(f64::MAX, f64::min)
}
