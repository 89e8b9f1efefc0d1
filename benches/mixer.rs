//! What a packet and a tick cost: relay, mix, and bare G.711 beside them for the ratio.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods, reason = "a bench")]

use divan::{Bencher, black_box, counter::ItemsCount};
use std::{
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};
use warmline::{
    ids::LegId,
    media::{
        Command, JitterLimits, Mixer, Music, Settings,
        audio::{
            codec::Coder,
            frame::Rate,
            g711::ulaw,
            oscillator::Oscillator,
            sum::{Limiter, Sum},
        },
        rtp::packet::Packet,
        sdp::{Codec, Session},
        srtp::{Keys, MasterKey, Secrecy, Suite},
    },
};

fn main() {
    divan::main();
    if std::env::args().any(|argument| argument == "--bench") {
        print_ratios();
        print_listeners();
        print_secrecy();
        print_memory();
    }
}

/// Times of one run, taken in turns: on a busy machine they say more than figures of different moments.
fn print_ratios() {
    let mut floor = Floor::new();
    for legs in [10, 100, 1000] {
        let mut room = Room::new(legs);
        let rounds = 100_000 / legs;
        let mut least = [f64::MAX; 2];
        for _ in 0..rounds.max(200) {
            let mix = time(|| {
                room.receive();
                room.wake();
            });
            let bare = time(|| (0..100).for_each(|_| floor.run()));
            least = [least[0].min(mix / legs as f64), least[1].min(bare / 100.0)];
        }
        let [mix, bare] = least;
        println!("{legs} legs: {mix:.0} ns a leg and tick, {:.1} times bare G.711 ({bare:.0} ns)", mix / bare);
    }
}

/// Where few talk and many listen, beside what the codec alone takes for that: all that comes is decoded, and encoded is what each
/// talker hears and what all the others hear. Taken in turns.
fn print_listeners() {
    const LEGS: u64 = 500;
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let talks = [false, true].map(|talks| Talk::new(codec, talks));
        let talk = |leg| talks[usize::from(leg <= 3)].clone();
        let mut room = Room::of(LEGS, talk);
        let mut alone: Vec<(Coder, Talk)> = (1..=LEGS).map(|leg| (Coder::new(codec), talk(leg))).collect();
        let (mut sound, mut code) = (Vec::new(), Vec::new());
        let mut least = [f64::MAX; 2];
        for round in 0..200 {
            let mixed = time(|| {
                room.receive();
                room.wake();
            });
            let bare = time(|| {
                for (index, (coder, talk)) in alone.iter_mut().enumerate() {
                    sound.clear();
                    coder.decode(talk.payload(round), &mut sound);
                    if index < 4 {
                        code.clear();
                        coder.encode(&sound, &mut code);
                        black_box(&code);
                    }
                    black_box(&sound);
                }
            });
            least = [least[0].min(mixed / LEGS as f64), least[1].min(bare / LEGS as f64)];
        }
        let [mixed, bare] = least;
        println!(
            "{codec:?}, 3 of {LEGS} talk: {mixed:.0} ns a leg and tick, {:.1} times the codec ({bare:.0} ns)",
            mixed / bare
        );
    }
}

/// What SRTP adds to a relayed packet: it is opened for one leg and sealed for the other. Taken in turns with the plain relay.
fn print_secrecy() {
    const PACKETS: u16 = 50;
    for suite in Suite::ALL {
        let key = |octet| MasterKey::new(suite, &vec![octet; 16 + suite.salt_length()], 0).unwrap();
        let mut pairs = [None, Some(suite)].map(|suite| {
            let keys = suite.map(|_| Keys { send: key(1), receive: key(2) });
            Pair {
                phone: keys
                    .as_ref()
                    .map(|keys| Secrecy::new(&Keys { send: keys.receive.clone(), receive: keys.send.clone() })),
                mixer: pair(keys),
                sequence: 0,
            }
        });
        let mut least = [f64::MAX; 2];
        for _ in 0..2000 {
            for (least, pair) in least.iter_mut().zip(&mut pairs) {
                let packets: Vec<Vec<u8>> = (0..PACKETS).map(|_| pair.packet()).collect();
                let now = Instant::now();
                let spent = time(|| {
                    for packet in &packets {
                        pair.mixer.receive(LegId(1), packet, address(1), now);
                        while let Some(transmit) = pair.mixer.next_transmit() {
                            black_box(transmit.payload);
                        }
                    }
                });
                *least = least.min(spent / f64::from(PACKETS));
            }
        }
        let [plain, secret] = least;
        println!("{}: a relayed packet {secret:.0} ns, plain {plain:.0} ns, {:.1} times", suite.name(), secret / plain);
    }
}

/// Two legs that are relayed, and the phone of the first.
struct Pair {
    phone: Option<Secrecy>,
    mixer: Mixer,
    sequence: u16,
}

impl Pair {
    fn packet(&mut self) -> Vec<u8> {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let mut bytes = Vec::new();
        let timestamp = u32::from(sequence) * 160;
        Packet { marker: false, payload_type: 0, sequence, timestamp, ssrc: 7, payload: &[0x55; 160] }
            .write(&mut bytes);
        if let Some(phone) = &mut self.phone {
            phone.sealer.seal(&mut bytes, 0);
        }
        bytes
    }
}

fn pair(keys: Option<Keys>) -> Mixer {
    let now = Instant::now();
    let settings = Settings {
        timeout: Duration::ZERO,
        music: Arc::new(Music::new(Vec::new())),
        since: now,
        jitter: JitterLimits::default(),
    };
    let mut mixer = Mixer::new(settings, 1);
    for leg in 1..=2 {
        let session = Session { keys: keys.clone(), ..Session::new(address(leg), Codec::Pcmu) };
        mixer.command(Command::Join { leg: LegId(leg) }, now);
        mixer.command(Command::Stream { leg: LegId(leg), session: Box::new(session) }, now);
    }
    // What was mixed until now ends within a tick.
    mixer.wake(now + TICK * 2);
    while mixer.next_transmit().is_some() {}
    mixer
}

/// What a call of two takes of the heap after a second, relayed and mixed.
fn print_memory() {
    let _music = Music::built_in();
    for legs in [2, 3] {
        let mut room = None;
        let counted = allocation_counter::measure(|| room = Some(Room::new(legs)));
        println!("a mixer with {legs} legs: {} bytes", counted.bytes_current);
        drop(room);
    }
}

/// Nanoseconds.
fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e9
}

const TICK: Duration = Duration::from_millis(20);

fn address(leg: u64) -> SocketAddr {
    SocketAddr::from(([10, 1, (leg >> 8) as u8, leg as u8], 4000))
}

/// What a phone says: long enough not to begin anew, for then a codec with a memory makes a sound.
#[derive(Clone)]
struct Talk {
    payload_type: u8,
    clock: u32,
    payloads: Rc<[Vec<u8>]>,
}

impl Talk {
    fn new(codec: Codec, talks: bool) -> Self {
        let (mut coder, clock) = (Coder::new(codec), codec.clock().0 / 50);
        let mut oscillator = Oscillator::new(440, coder.rate());
        let payloads = (0..300).map(|at| {
            let mut sample = || if talks { (oscillator.next() >> (4 + at % 50 / 10)) as i16 } else { 0 };
            let sound: Vec<i16> = (0..coder.rate().frame()).map(|_| sample()).collect();
            let mut payload = Vec::new();
            coder.encode(&sound, &mut payload);
            payload
        });
        Self { payload_type: Session::new(address(1), codec).payload_type, clock, payloads: payloads.collect() }
    }

    /// The same each time, and loud: the limiter of each works, which is the most that a tick can cost.
    fn shout() -> Self {
        Self { payload_type: 0, clock: 160, payloads: Rc::new([(0..160).map(|at| (at * 37) as u8).collect()]) }
    }

    fn payload(&self, tick: u32) -> &[u8] {
        &self.payloads[tick as usize % self.payloads.len()]
    }
}

/// A room, and what its phones say.
struct Room {
    mixer: Mixer,
    talks: Vec<Talk>,
    tick: u32,
    since: Instant,
}

impl Room {
    /// Of legs that all shout.
    fn new(legs: u64) -> Self {
        Self::of(legs, |_| Talk::shout())
    }

    fn of(legs: u64, talk: impl Fn(u64) -> Talk) -> Self {
        let since = Instant::now();
        let settings = Settings {
            timeout: Duration::from_secs(60),
            music: Arc::new(Music::built_in()),
            since,
            jitter: JitterLimits::default(),
        };
        let mut mixer = Mixer::new(settings, 1);
        let talks: Vec<Talk> = (1..=legs).map(talk).collect();
        for (leg, talk) in (1..).zip(&talks) {
            let codec = match talk.payload_type {
                0 => Codec::Pcmu,
                9 => Codec::G722,
                _ => Codec::Opus,
            };
            let session = Session::new(address(leg), codec);
            mixer.command(Command::Join { leg: LegId(leg) }, since);
            mixer.command(Command::Stream { leg: LegId(leg), session: Box::new(session) }, since);
        }
        let mut room = Self { mixer, talks, tick: 0, since };
        for _ in 0..50 {
            room.receive();
            room.wake();
        }
        room
    }

    fn receive(&mut self) {
        let now = self.since + TICK * self.tick + Duration::from_millis(5);
        let mut datagram = Vec::new();
        for (leg, talk) in (1..).zip(&self.talks) {
            let packet = Packet {
                marker: false,
                payload_type: talk.payload_type,
                sequence: self.tick as u16,
                timestamp: self.tick * talk.clock,
                ssrc: leg as u32,
                payload: talk.payload(self.tick),
            };
            datagram.clear();
            packet.write(&mut datagram);
            self.mixer.receive(LegId(leg), &datagram, address(leg), now);
        }
        self.tick += 1;
    }

    fn wake(&mut self) {
        self.mixer.wake(self.since + TICK * self.tick);
        while let Some(transmit) = self.mixer.next_transmit() {
            black_box(transmit.payload);
        }
        while self.mixer.next_event().is_some() {}
    }
}

/// One packet from datagram to datagram, both ways.
#[divan::bench]
fn relay_two_packets(bencher: Bencher<'_, '_>) {
    let mut room = Room::new(2);
    bencher.counter(ItemsCount::new(2_u32)).bench_local(|| {
        room.receive();
        room.wake();
    });
}

/// One tick with its packets in and out; items are legs.
#[divan::bench(args = [3, 10, 100, 1000])]
fn mix_tick(bencher: Bencher<'_, '_>, legs: u64) {
    let mut room = Room::new(legs);
    bencher.counter(ItemsCount::new(legs)).bench_local(|| {
        room.receive();
        room.wake();
    });
}

/// What cannot be left out: decode, sum, subtract, encode.
struct Floor {
    payload: [u8; 160],
    sum: Sum,
    limiter: Limiter,
    out: [u8; 160],
}

impl Floor {
    fn new() -> Self {
        let payload = std::array::from_fn(|at| (at * 37) as u8);
        Self { payload, sum: Sum::new(Rate::NARROW), limiter: Limiter::new(), out: [0; 160] }
    }

    fn run(&mut self) {
        let mut frame = [0; 160];
        let mut heard = [0; 160];
        for (sample, code) in frame.iter_mut().zip(black_box(&self.payload)) {
            *sample = ulaw::decode(*code);
        }
        self.sum.clear(Rate::NARROW);
        self.sum.add(&frame);
        self.sum.add(&[100; 160]);
        self.sum.without(&frame, &mut self.limiter, &mut heard);
        for (code, sample) in self.out.iter_mut().zip(&heard) {
            *code = ulaw::encode(*sample);
        }
        black_box(&self.out);
    }
}

/// One leg.
#[divan::bench]
fn bare_g711(bencher: Bencher<'_, '_>) {
    let mut floor = Floor::new();
    bencher.bench_local(|| floor.run());
}

#[divan::bench]
fn read_header(bencher: Bencher<'_, '_>) {
    let packet = Packet { marker: false, payload_type: 0, sequence: 1, timestamp: 2, ssrc: 3, payload: &[0; 160] };
    let mut datagram = Vec::new();
    packet.write(&mut datagram);
    bencher.bench_local(|| Packet::read(black_box(&datagram)).map(|packet| packet.sequence));
}

/// The same by hand, for the decision in docs/decisions/0004-rtp.md.
#[divan::bench]
fn read_header_by_hand(bencher: Bencher<'_, '_>) {
    let packet = Packet { marker: false, payload_type: 0, sequence: 1, timestamp: 2, ssrc: 3, payload: &[0; 160] };
    let mut datagram = Vec::new();
    packet.write(&mut datagram);
    bencher.bench_local(|| {
        let head: [u8; 12] = *black_box(&datagram[..]).first_chunk()?;
        if head[0] >> 6 != 2 {
            return None;
        }
        let word = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        Some((head[1], u16::from_be_bytes([head[2], head[3]]), word(4), word(8)))
    });
}

#[divan::bench]
fn write_header(bencher: Bencher<'_, '_>) {
    let packet = Packet { marker: false, payload_type: 0, sequence: 1, timestamp: 2, ssrc: 3, payload: &[0; 160] };
    bencher.bench_local(|| black_box(&packet).header());
}
