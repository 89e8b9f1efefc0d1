//! What media cost on real sockets: packets relayed and members mixed by media threads, beside the floor, all in one run.
//!
//! `cargo bench --bench cost` or `make bench`. CPU time of the media threads alone, as the kernel counts it; the floor is a thread that
//! receives and sends as many packets on as many sockets and does nothing else, and the time that the codecs need by themselves.
//! `COST_LEGS=100,500 COST_SECONDS=10` for other sizes, `COST_THREADS=4` for more media threads where one is not enough.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench")]

mod floor;
mod phones;
mod switch;

use floor::Floor;
use phones::Phones;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    process::Command,
    time::{Duration, Instant},
};
use switch::{Calls, Cost, Shape, measured};
use warmline::media::sdp::Codec;

/// As the program has it: memory is measured too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 76));
pub(crate) const TICK: Duration = Duration::from_millis(20);
/// No thread is asked for more than this part of a core: it would be the machine that is measured.
const FULL: f64 = 0.7;
/// Tells a child to measure the memory of calls of so many legs.
const MEMORY: &str = "COST_MEMORY_OF";

fn main() {
    let most = rustix::process::getrlimit(Resource::Nofile).maximum;
    let _limited = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most });
    if let Ok(size) = std::env::var(MEMORY) {
        return println!("{:.1}", memory(size.parse().unwrap()));
    }
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!("CPU time of the media threads, {} s each.", seconds().as_secs());
    for legs in setting("COST_LEGS", "100,500,1000").split(',').map(|legs| legs.parse().unwrap()) {
        println!("\n{legs} legs");
        let floor = floor::sockets(legs);
        relay(legs, &floor);
        for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
            for (size, talking) in [(3, 3), (legs, legs), (legs, 3)] {
                mix(Shape { legs, size, talking, codec, threads: 1 }, &floor);
            }
        }
    }
    println!("\n1000 rooms of three");
    let floor = floor::sockets(1000);
    mix(Shape { legs: 3000, size: 3, talking: 3, codec: Codec::Pcmu, threads: threads() }, &floor);
    println!("\nMemory of a call, without what the kernel keeps for its sockets");
    for (size, what) in [(2, "two legs, relayed"), (3, "three legs, mixed")] {
        let child = Command::new(std::env::current_exe().unwrap()).env(MEMORY, size.to_string()).output().unwrap();
        println!("  {what:<26} {} KiB", String::from_utf8_lossy(&child.stdout).trim());
    }
}

fn relay(legs: usize, floor: &Floor) {
    let relay = measured(Shape { legs, size: 2, talking: 2, codec: Codec::Pcmu, threads: 1 });
    println!("  bare receive + send        {:6.2} us a packet{:50}{}", floor.a_second * 2e4, "", late(&floor.delays));
    println!(
        "  relay                      {:6.2} us a packet: {:4.2} times the floor, {:.3} % of a core a call{:9}{}",
        relay.a_second * 2e4,
        relay.a_second / floor.a_second,
        relay.a_second * 200.0,
        "",
        late(&relay.delays)
    );
}

fn mix(shape: Shape, floor: &Floor) {
    let Shape { legs, size, talking, codec, .. } = shape;
    let title = if talking < size {
        format!("{codec:?}, {talking} of {size} talk")
    } else {
        format!("{codec:?}, rooms of {size}")
    };
    let coding = floor::coding(codec);
    let part = talking as f64 / size as f64;
    let encodes = if talking < size { part + 1.0 / size as f64 } else { 1.0 };
    let decode = part * coding.decode[1] + (1.0 - part) * coding.decode[0];
    let coding = 50.0 * (decode + encodes * coding.encode);
    let least = floor.a_second + coding;
    let cores = least * legs as f64;
    let needed = (cores / FULL).ceil() as usize;
    if needed > shape.threads.max(threads()) {
        return println!(
            "  {title:<26} not run: needs {cores:.1} cores of this machine, which carry {:.0} each",
            1.0 / least
        );
    }
    let shape = Shape { threads: needed.max(shape.threads), ..shape };
    let Cost { a_second, delays, ticks: [ticks, late_5, late_20] } = measured(shape);
    println!(
        "  {title:<26} {:6.3} ms a member and second: {:4.2} times sockets {:.3} + codec {:.3} ({} thread{}); {}; of {ticks} ticks {late_5} over 5 ms late, {late_20} over 20",
        a_second * 1e3,
        a_second / least,
        floor.a_second * 1e3,
        coding * 1e3,
        shape.threads,
        if shape.threads == 1 { "" } else { "s" },
        late(&delays)
    );
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
fn threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    setting("COST_THREADS", &(cores / 2).max(1).to_string()).parse().unwrap()
}

/// Seconds of CPU time a second, of the threads whose names begin like this.
pub(crate) fn measure(name: &str) -> f64 {
    std::thread::sleep(Duration::from_secs(1));
    let (before, start) = (cpu_of(name), Instant::now());
    std::thread::sleep(seconds());
    (cpu_of(name) - before) / start.elapsed().as_secs_f64()
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
    let mut switch = Calls::new(1);
    let resident = || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let kib = status.split("VmRSS:").nth(1).and_then(|rest| rest.split_whitespace().next());
        kib.and_then(|kib| kib.parse::<f64>().ok()).unwrap()
    };
    let before = resident();
    let (sockets, to) = (0..calls).flat_map(|_| switch.open(size, Codec::Pcmu)).unzip();
    let phones = Phones::start(sockets, to, Codec::Pcmu, [size, size]);
    std::thread::sleep(Duration::from_secs(3));
    let grown = resident() - before;
    phones.stop();
    switch.stop();
    grown / calls as f64
}
