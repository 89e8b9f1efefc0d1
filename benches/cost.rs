//! What media cost on real sockets: packets relayed and members mixed by a media thread, beside the floor, all in one run.
//!
//! `cargo bench --bench cost` or `make bench`. CPU time of the media thread alone, as the kernel counts it; the floor is a thread that
//! receives and sends as many packets on as many sockets and does nothing else. `COST_LEGS=100,500 COST_SECONDS=5` for other sizes.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench")]

use rustix::{
    event::epoll,
    process::{Resource, Rlimit, setrlimit},
};
use std::{
    fs,
    hint::black_box,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use warmline::{
    control::Meters,
    exchange::{Order, Ports},
    ids::{CallId, LegId},
    media::{
        Command, Music, Settings,
        audio::{codec::Coder, oscillator::Oscillator},
        rtp::packet::Packet,
        sdp::{Codec, Session},
    },
    server::{MediaThreads, PortPool},
};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 76));
const TICK: Duration = Duration::from_millis(20);

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let most = Rlimit { current: Some(20_000), maximum: None };
    let _limited =
        setrlimit(Resource::Nofile, Rlimit { maximum: rustix::process::getrlimit(Resource::Nofile).maximum, ..most });
    let legs: Vec<usize> = setting("COST_LEGS", "100,500,1000").split(',').map(|legs| legs.parse().unwrap()).collect();
    for legs in legs {
        println!("\n{legs} legs, {} s each; CPU time of one media thread", seconds().as_secs());
        let floor = floor(legs);
        println!("  bare receive + send         {:6.2} us a packet", floor * 1e6 / 50.0);
        let relay = ours(legs, 2, Codec::Pcmu);
        println!(
            "  relay                       {:6.2} us a packet: {:.2} times the floor, {:.3} % of a core a call; {}",
            relay.a_second * 1e6 / 50.0,
            relay.a_second / floor,
            relay.a_second * 200.0,
            relay.delay
        );
        for (codec, size) in [
            (Codec::Pcmu, 3),
            (Codec::Pcmu, legs),
            (Codec::G722, 3),
            (Codec::G722, legs),
            (Codec::Opus, 3),
            (Codec::Opus, legs),
        ] {
            let mixed = ours(legs, size, codec);
            let bare = 50.0 * coding(codec);
            println!(
                "  {codec:?} in rooms of {size:<6}     {:6.3} ms a member and second: sockets {:.3}, decode + encode {:.3}, together {:.2} times; {}",
                mixed.a_second * 1e3,
                floor * 1e3,
                bare * 1e3,
                mixed.a_second / (floor + bare),
                mixed.delay
            );
        }
    }
}

fn setting(name: &str, usual: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| usual.to_owned())
}

fn seconds() -> Duration {
    Duration::from_secs(setting("COST_SECONDS", "5").parse().unwrap())
}

/// CPU time of a leg and second, and how late packets come out.
struct Cost {
    a_second: f64,
    delay: String,
}

/// Seconds of CPU time that threads of this name have had.
fn cpu_of(name: &str) -> f64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let named = tasks.filter(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name));
    let nanos = named.filter_map(|task| {
        fs::read_to_string(task.path().join("schedstat")).ok()?.split(' ').next()?.parse::<f64>().ok()
    });
    nanos.sum::<f64>() / 1e9
}

/// Seconds that a frame takes to be decoded and encoded.
fn coding(codec: Codec) -> f64 {
    let (mut coder, payloads) = (Coder::new(codec), payloads(codec));
    let (mut sound, mut code) = (Vec::new(), Vec::new());
    // The best of many rounds: the machine may be busy with other things.
    let rounds = (0..20).map(|_| {
        let start = Instant::now();
        for payload in &payloads {
            sound.clear();
            code.clear();
            coder.decode(payload, &mut sound);
            coder.encode(&sound, &mut code);
            black_box(&code);
        }
        start.elapsed().as_secs_f64() / payloads.len() as f64
    });
    rounds.fold(f64::MAX, f64::min)
}

/// A second of a tone that comes and goes.
fn payloads(codec: Codec) -> Vec<Vec<u8>> {
    let mut coder = Coder::new(codec);
    let mut oscillator = Oscillator::new(440, coder.rate());
    let frames = (0..50).map(|at| {
        let sound: Vec<i16> = (0..coder.rate().frame()).map(|_| (oscillator.next() >> (4 + at / 10)) as i16).collect();
        let mut payload = Vec::new();
        coder.encode(&sound, &mut payload);
        payload
    });
    frames.collect()
}

/// Phones that send a packet every 20 ms each, evenly spread, and take what comes.
struct Phones {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Phones {
    fn start(sockets: Vec<UdpSocket>, to: Vec<SocketAddr>, codec: Codec, listens: bool) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (payloads, step) = (payloads(codec), codec.clock().0 / 50);
            let payload_type = Session::new(to[0], codec).payload_type;
            let start = Instant::now();
            let mut delays = Vec::new();
            let mut datagram = Vec::new();
            for round in 0_u32.. {
                for (index, (socket, to)) in sockets.iter().zip(&to).enumerate() {
                    let due = start + TICK * round + TICK.mul_f64(index as f64 / sockets.len() as f64);
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let packet = Packet {
                        marker: false,
                        payload_type,
                        sequence: round as u16,
                        timestamp: round * step,
                        ssrc: index as u32,
                        payload: &payloads[round as usize % payloads.len()],
                    };
                    datagram.clear();
                    packet.write(&mut datagram);
                    let mut heard = [0; 2000];
                    // What came too late to be waited for is no answer to this one.
                    while index == 1 && sockets[0].recv(&mut heard).is_ok() {}
                    let _sent = socket.send_to(&datagram, to);
                    // The first listens to the second: how long until what that one says is there?
                    if listens && index == 1 {
                        delays.extend(delay(&sockets[0]));
                    }
                    while (index != 0 || !listens) && socket.recv(&mut heard).is_ok() {}
                }
                if stopped.load(Ordering::Relaxed) {
                    return delays;
                }
            }
            delays
        });
        Self { stop, thread }
    }

    fn stop(self) -> Vec<Duration> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Until the next packet is there, for up to 5 ms.
fn delay(socket: &UdpSocket) -> Option<Duration> {
    let (sent, mut heard) = (Instant::now(), [0; 2000]);
    while sent.elapsed() < Duration::from_millis(5) {
        if socket.recv(&mut heard).is_ok() {
            return Some(sent.elapsed());
        }
    }
    None
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind((HERE, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// CPU time of a leg and second in a thread that passes packets on as they come.
fn floor(legs: usize) -> f64 {
    let phones: Vec<UdpSocket> = (0..legs).map(|_| socket()).collect();
    let ours: Vec<UdpSocket> = (0..legs).map(|_| socket()).collect();
    let addresses: Vec<SocketAddr> = ours.iter().map(|socket| socket.local_addr().unwrap()).collect();
    let remotes: Vec<SocketAddr> = phones.iter().map(|socket| socket.local_addr().unwrap()).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thread = std::thread::Builder::new().name("floor".into()).spawn(move || {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
        for (index, socket) in ours.iter().enumerate() {
            epoll::add(&epoll, socket, epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN).unwrap();
        }
        let mut ready: Vec<epoll::Event> = Vec::with_capacity(128);
        let mut packet = [0; 2048];
        let wait = rustix::event::Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
        while !stopped.load(Ordering::Relaxed) {
            ready.clear();
            let _waited = epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut ready), Some(&wait));
            for event in &ready {
                let index = event.data.u64() as usize;
                if let Ok((length, _)) = ours[index].recv_from(&mut packet) {
                    let other = (index ^ 1).min(ours.len() - 1);
                    let _sent = ours[other].send_to(&packet[..length], remotes[other]);
                }
            }
        }
    });
    let phones = Phones::start(phones, addresses, Codec::Pcmu, true);
    let cost = measure("floor", legs);
    phones.stop();
    stop.store(true, Ordering::Relaxed);
    thread.unwrap().join().unwrap();
    cost
}

fn measure(name: &str, legs: usize) -> f64 {
    std::thread::sleep(Duration::from_secs(1));
    let (before, start) = (cpu_of(name), Instant::now());
    std::thread::sleep(seconds());
    (cpu_of(name) - before) / start.elapsed().as_secs_f64() / legs as f64
}

/// The same by a media thread of ours, with so many legs in each call.
fn ours(legs: usize, size: usize, codec: Codec) -> Cost {
    let since = Instant::now();
    let settings = Settings {
        timeout: Duration::ZERO,
        music: Arc::new(Music::new(Vec::new())),
        since,
        jitter: Default::default(),
    };
    let mut ports = PortPool::new(HERE, 22_000..=29_999);
    let (telling, told) = tokio::sync::mpsc::channel(100);
    let mut media = MediaThreads::start(1, &settings, ports.clone(), &telling, &Meters::default()).unwrap();
    let (mut sockets, mut to) = (Vec::new(), Vec::new());
    for leg in 0..legs {
        let (call, id) = (CallId((leg / size) as u64), LegId(leg as u64));
        if leg % size == 0 {
            media.carry_out(Order::Open { call });
        }
        let port = ports.lease(id).unwrap();
        let socket = socket();
        let session = Box::new(Session::new(socket.local_addr().unwrap(), codec));
        media.carry_out(Order::Mix { call, command: Command::Join { leg: id } });
        media.carry_out(Order::Mix { call, command: Command::Stream { leg: id, session } });
        sockets.push(socket);
        to.push(SocketAddr::new(HERE, port));
        while media.flush() {
            std::thread::yield_now();
        }
    }
    let phones = Phones::start(sockets, to, codec, size == 2);
    let a_second = measure("media-0", legs);
    let mut delays = phones.stop();
    drop(told);
    assert!(media.stop());
    delays.sort_unstable();
    let at =
        |part: f64| delays.get((delays.len() as f64 * part) as usize).map_or(0.0, |delay| delay.as_secs_f64() * 1e3);
    let delay = if size == 2 { format!("p50 {:.3} ms, p99 {:.3} ms", at(0.5), at(0.99)) } else { String::new() };
    Cost { a_second, delay }
}
