//! What media cost on real sockets: packets relayed and members mixed by media threads, beside the floor, all in one run.
//!
//! `cargo bench --bench cost` or `make bench`. CPU time of the media threads alone, as the kernel counts it; the floor is a thread that
//! receives and sends as many packets on as many sockets and does nothing else, and the time that the codecs need by themselves.
//! Both are measured twice where that is allowed: with phones on loopback, and with phones behind a card (`net.rs`).
//! `COST_LEGS=100,500 COST_SECONDS=10` for other sizes, `COST_THREADS=4` for more media threads where one is not enough,
//! `COST_ONLY=rooms` for a part of it (`legs`, `rooms`, `memory`), `COST_ROOMS=500` for other than 1000 rooms of three.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench")]

mod floor;
mod net;
mod phones;
mod probes;
mod switch;

use floor::Floor;
use net::Net;
use phones::Silent;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};
use switch::{Calls, Cost, Shape, measured};
use warmline::media::sdp::Codec;

/// As the program has it: memory is measured too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub(crate) const TICK: Duration = Duration::from_millis(20);
/// No thread is asked for more than this part of a core: it would be the machine that is measured.
const FULL: f64 = 0.7;
/// Tells a child to measure the memory of calls of so many legs.
const MEMORY: &str = "COST_MEMORY_OF";
const EXPLAINED: &str = "\
On loopback a thread is charged with what it sends and with what the peer's machine would do to receive it.
Behind a card it is charged with what it sends up to the device, which takes it. Not in that: the card's own driver, and the interrupts of
what arrives, which some core pays for: about as much as the two differ. Receiving is from loopback both times; who sends pays for that.";

fn main() {
    let most = rustix::process::getrlimit(Resource::Nofile).maximum;
    let _limited = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most });
    if let Ok(size) = std::env::var(MEMORY) {
        return println!("{:.1}", memory(size.parse().unwrap()));
    }
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let Some(nets) = Net::all() else { return };
    println!("CPU time of the media threads, {} s each.\n{EXPLAINED}", seconds().as_secs());
    let only = setting("COST_ONLY", "legs,rooms,memory");
    if only.contains("legs") {
        setting("COST_LEGS", "100,500,1000").split(',').for_each(|legs| of_legs(legs.parse().unwrap(), &nets));
    }
    if only.contains("rooms") {
        rooms(setting("COST_ROOMS", "1000").parse().unwrap(), nets[nets.len() - 1]);
    }
    if only.contains("memory") {
        println!("\nMemory of a call, without what the kernel keeps for its sockets");
        for (size, what) in [(2, "two legs, relayed"), (3, "three legs, mixed")] {
            let child = Command::new(std::env::current_exe().unwrap()).env(MEMORY, size.to_string()).output().unwrap();
            println!("  {what:<26} {} KiB", String::from_utf8_lossy(&child.stdout).trim());
        }
    }
}

fn of_legs(legs: usize, nets: &[Net]) {
    for net in nets.iter().copied() {
        println!("\n{legs} legs, {net}");
        let floor = floor::sockets(legs, net);
        relay(legs, net, &floor);
        let codecs = [Codec::Pcmu, Codec::G722, Codec::Opus];
        // Of the others it is the codec that costs, wherever their packets go.
        let codecs = if net == nets[nets.len() - 1] { &codecs[..] } else { &codecs[..1] };
        for codec in codecs.iter().copied() {
            for (size, talking) in [(3, 3), (legs, legs), (legs, 3)] {
                let shape = Shape { legs, size, talking, codec, threads: 1, net };
                let cores = least(shape, &floor) * legs as f64;
                let threads = (cores / FULL).ceil() as usize;
                if threads > most_threads() {
                    println!("  {:<26} not run: needs {cores:.1} cores of this machine", title(shape));
                } else {
                    mix(Shape { threads: threads.max(1), ..shape }, &floor);
                }
            }
        }
    }
}

/// By one thread and by two, or by as many as are wanted.
fn rooms(rooms: usize, net: Net) {
    println!("\n{rooms} rooms of three, {net}");
    let floor = floor::sockets(1000, net);
    for threads in setting("COST_THREADS", "1,2").split(',').map(|threads| threads.parse().unwrap()) {
        let shape = Shape { legs: 3 * rooms, size: 3, talking: 3, codec: Codec::Pcmu, threads, net };
        let (cores, late) = mix(shape, &floor);
        println!("    phones: {cores:.2} of a core, {:.1} ms late at the worst", late.as_secs_f64() * 1e3);
    }
}

fn relay(legs: usize, net: Net, floor: &Floor) {
    let relay = measured(Shape { legs, size: 2, talking: 2, codec: Codec::Pcmu, threads: 1, net });
    println!(
        "  bare receive + send        {:6.2} us a packet: {:13} {:.3} % of a core a call{:9}{}",
        floor.a_second * 2e4,
        "",
        floor.a_second * 200.0,
        "",
        late(&floor.delays)
    );
    println!(
        "  relay                      {:6.2} us a packet: {:4.2} times it, {:.3} % of a core a call{:9}{}",
        relay.a_second * 2e4,
        relay.a_second / floor.a_second,
        relay.a_second * 200.0,
        "",
        late(&relay.delays)
    );
    warn(relay.phones);
}

/// The cores that the phones used, and how late they were.
fn mix(shape: Shape, floor: &Floor) -> (f64, Duration) {
    let Cost { a_second, delays, ticks: [ticks, late_5, late_20], phones } = measured(shape);
    let least = least(shape, floor);
    println!(
        "  {:<26} {:6.3} ms a member and second: {:4.2} times sockets {:.3} + codec {:.3} ({} thread{}); {}; of {ticks} ticks {late_5} over 5 ms late, {late_20} over 20",
        title(shape),
        a_second * 1e3,
        a_second / least,
        floor.a_second * 1e3,
        (least - floor.a_second) * 1e3,
        shape.threads,
        if shape.threads == 1 { "" } else { "s" },
        late(&delays)
    );
    warn(phones);
    phones
}

/// What a member cannot cost less than.
fn least(shape: Shape, floor: &Floor) -> f64 {
    let Shape { size, talking, codec, .. } = shape;
    let coding = floor::coding(codec);
    let part = talking as f64 / size as f64;
    let encodes = if talking < size { part + 1.0 / size as f64 } else { 1.0 };
    let decode = part * coding.decode[1] + (1.0 - part) * coding.decode[0];
    floor.a_second + 50.0 * (decode + encodes * coding.encode)
}

fn title(shape: Shape) -> String {
    let Shape { size, talking, codec, .. } = shape;
    if talking < size { format!("{codec:?}, {talking} of {size} talk") } else { format!("{codec:?}, rooms of {size}") }
}

fn warn((_, late): (f64, Duration)) {
    if late > TICK {
        println!("    the phones were up to {} ms late: this machine had no room for them", late.as_millis());
    }
}

/// Of delays that are sorted.
fn late(delays: &[Duration]) -> String {
    let at =
        |part: f64| delays.get((delays.len() as f64 * part) as usize).map_or(0.0, |delay| delay.as_secs_f64() * 1e3);
    format!("takes {:.2} ms, p99 {:.2}", at(0.5), at(0.99))
}

fn setting(name: &str, usual: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| usual.to_owned())
}

fn seconds() -> Duration {
    Duration::from_secs(setting("COST_SECONDS", "5").parse().unwrap())
}

/// Media threads where one is not enough: the phones need the rest of the machine.
fn most_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = setting("COST_THREADS", &(cores / 2).max(1).to_string());
    threads.split(',').map(|threads| threads.parse().unwrap()).max().unwrap()
}

/// Seconds of CPU time a second, of the threads whose names begin like these.
pub(crate) fn measure<const N: usize>(names: [&str; N]) -> [f64; N] {
    std::thread::sleep(Duration::from_secs(1));
    let (before, start) = (names.map(cpu_of), Instant::now());
    std::thread::sleep(seconds());
    let (after, passed) = (names.map(cpu_of), start.elapsed().as_secs_f64());
    std::array::from_fn(|at| (after[at] - before[at]) / passed)
}

/// Seconds that they have had.
fn cpu_of(name: &str) -> f64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let named =
        tasks.filter(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.starts_with(name)));
    let nanos = named.filter_map(|task| {
        fs::read_to_string(task.path().join("schedstat")).ok()?.split(' ').next()?.parse::<f64>().ok()
    });
    nanos.sum::<f64>() / 1e9
}

/// KiB of this process for each of 300 calls in which everybody talks.
fn memory(size: usize) -> f64 {
    let calls = 300;
    let (mut switch, silent) = (Calls::new(1, Net::Loopback), Silent::new(Net::Loopback));
    let resident = || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let kib = status.split("VmRSS:").nth(1).and_then(|rest| rest.split_whitespace().next());
        kib.and_then(|kib| kib.parse::<f64>().ok()).unwrap()
    };
    let before = resident();
    let at = vec![silent.address(); size];
    let to: Vec<_> = (0..calls).flat_map(|_| switch.open(&at, Codec::Pcmu)).collect();
    let phones = silent.start(&to, Codec::Pcmu, [size, size]);
    std::thread::sleep(Duration::from_secs(3));
    let grown = resident() - before;
    phones.stop();
    switch.stop();
    grown / calls as f64
}
