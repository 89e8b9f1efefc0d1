//! How long sound is on its way through a mixer: from the packet that brings it to the packet that takes it on.

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use warmline::{
    ids::LegId,
    media::{
        Command, JitterLimits, Mixer, Music, Settings,
        audio::g711::ulaw,
        rtp::packet::Packet,
        sdp::{Codec, Session},
    },
};

const TICK: Duration = Duration::from_millis(20);
/// Each says something loud in every so many packets, in turn.
const EVERY: u32 = 15;

/// Phones that send at moments of their own, each packet up to `jitter_us` late.
struct Office {
    mixer: Mixer,
    since: Instant,
    sends_at: Vec<Duration>,
    jitter_us: u64,
    chance: SmallRng,
}

fn address(leg: u64) -> SocketAddr {
    SocketAddr::from(([10, 2, (leg >> 8) as u8, leg as u8], 4000))
}

impl Office {
    /// `listeners` send nothing.
    fn new(seed: u64, talkers: u64, listeners: u64, jitter_us: u64) -> Self {
        let since = Instant::now();
        let settings = Settings {
            timeout: Duration::ZERO,
            music: Arc::new(Music::new(Vec::new())),
            since,
            jitter: JitterLimits::default(),
        };
        let (mut mixer, mut chance) = (Mixer::new(settings, seed), SmallRng::seed_from_u64(seed));
        for leg in 1..=talkers + listeners {
            let session = Session::new(address(leg), Codec::Pcmu);
            mixer.command(Command::Join { leg: LegId(leg) }, since);
            mixer.command(Command::Stream { leg: LegId(leg), session: Box::new(session) }, since);
        }
        let sends_at = (0..talkers).map(|_| Duration::from_micros(chance.random_range(0..20_000))).collect();
        Self { mixer, since, sends_at, jitter_us, chance }
    }

    /// How long what each said was on its way to the first who heard it, ms, from the second second on.
    fn talk(mut self, packets: u32) -> Vec<f64> {
        let mut coming = Vec::new();
        for number in 0..packets {
            for (leg, at) in (1..).zip(&self.sends_at) {
                let late = Duration::from_micros(self.chance.random_range(0..=self.jitter_us));
                coming.push((self.since + *at + TICK * number + late, leg, number));
            }
        }
        coming.sort_unstable();
        let (silence, shout): ([u8; 160], [u8; 160]) =
            ([0xFF; 160], std::array::from_fn(|at| if at % 8 < 4 { 0x90 } else { 0x10 }));
        let (mut delays, mut said) = (Vec::new(), None);
        for (at, leg, number) in coming {
            self.wake(at, &mut said, &mut delays);
            let loud = (number + leg as u32 * (EVERY / self.sends_at.len() as u32)).is_multiple_of(EVERY);
            if loud {
                said = Some(self.since + self.sends_at[leg as usize - 1] + TICK * number);
            }
            let packet = Packet {
                marker: false,
                payload_type: 0,
                sequence: number as u16,
                timestamp: number * 160,
                ssrc: leg as u32,
                payload: if loud { &shout } else { &silence },
            };
            let mut datagram = Vec::new();
            packet.write(&mut datagram);
            self.mixer.receive(LegId(leg), &datagram, address(leg), at);
        }
        delays.into_iter().filter(|(at, _)| *at > self.since + TICK * 150).map(|(_, ms)| ms).collect()
    }

    fn wake(&mut self, until: Instant, said: &mut Option<Instant>, delays: &mut Vec<(Instant, f64)>) {
        while let Some(at) = self.mixer.next_deadline().filter(|at| *at <= until) {
            self.mixer.wake(at);
            while let Some(transmit) = self.mixer.next_transmit() {
                let loud = transmit.payload[12..].iter().any(|code| ulaw::decode(*code).unsigned_abs() > 4000);
                if let Some(said) = said.take_if(|_| loud) {
                    delays.push((at, (at - said).as_secs_f64() * 1e3));
                }
            }
            while self.mixer.next_event().is_some() {}
        }
    }
}

/// Half of all, and all but one of a hundred, in forty rooms.
fn delays(talkers: u64, listeners: u64, jitter_us: u64) -> [f64; 2] {
    let mut all: Vec<f64> =
        (0..40).flat_map(|seed| Office::new(seed, talkers, listeners, jitter_us).talk(600)).collect();
    all.sort_by(f64::total_cmp);
    let [half, most] = [0.5, 0.99].map(|part| all[(all.len() as f64 * part) as usize]);
    println!(
        "{talkers} talk, {listeners} listen, {jitter_us} us of jitter: {half:.1} and {most:.1} ms ({})",
        all.len()
    );
    [half, most]
}

#[test]
fn where_few_talk_the_ticks_come_soon_after_what_they_say() {
    for (talkers, listeners, jitter_us, half_ms, most_ms) in
        [(1, 2, 0, 5.0, 8.0), (2, 1, 0, 7.0, 17.0), (3, 0, 0, 9.0, 21.0), (3, 0, 1000, 10.0, 23.0)]
    {
        let [half, most] = delays(talkers, listeners, jitter_us);
        assert!(half < half_ms && most < most_ms, "{talkers} talk: {half} and {most} ms");
    }
}
