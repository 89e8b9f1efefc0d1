//! Whatever arrives, at whatever time: the mixer neither panics nor runs wild.
#![allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]

use proptest::prelude::*;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use warmline::{
    ids::LegId,
    media::{
        Command, DigitMode, Event, JitterLimits, Mixer, Music, Quality, Role, Settings, Source,
        rtp::{
            packet::Packet,
            report::{self, Received},
        },
        sdp::{Codec, Direction, Session},
    },
};

#[derive(Clone, Debug)]
enum Step {
    Rtp { leg: u64, own: bool, kind: u8, sequence: u16, timestamp: u32, ssrc: u32, payload: Vec<u8> },
    Noise { leg: u64, bytes: Vec<u8>, report: bool },
    Wait { ms: u64 },
    Command(Box<Command>),
    Move { leg: u64 },
}

/// Two legs that talk, and somebody who sends whatever he likes to the first.
struct Victims {
    mixer: Mixer,
    start: Instant,
    now: Instant,
    sequence: u16,
    heard: usize,
    events: Vec<Event>,
    /// The SSRC that the first leg is sent, as reports say it.
    ours: Option<u32>,
}

const DIALLER: u32 = 7;

impl Victims {
    fn new(codecs: [Codec; 2]) -> Self {
        let now = Instant::now();
        let settings = Settings {
            timeout: Duration::from_secs(10),
            music: Arc::new(Music::new(vec![1; 500])),
            since: now,
            jitter: JitterLimits::default(),
        };
        let mut mixer = Mixer::new(settings, 1);
        for (leg, codec) in (1..).zip(codecs) {
            let remote = place(leg as u8);
            let session = Session {
                digits_payload_type: Some(101),
                receive_digits_payload_type: Some(101),
                ..Session::new(remote, codec)
            };
            mixer.command(Command::Join { leg: LegId(leg) }, now);
            mixer.command(Command::Stream { leg: LegId(leg), session: Box::new(session) }, now);
        }
        Self { mixer, start: now, now, sequence: 0, heard: 0, events: Vec::new(), ours: None }
    }

    /// The first leg's phone sends a packet, with the next number.
    fn says(&mut self, kind: u8, timestamp: u32, payload: &[u8]) {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let mut bytes = Vec::new();
        let ssrc = DIALLER;
        Packet { marker: false, payload_type: kind, sequence, timestamp, ssrc, payload }.write(&mut bytes);
        self.mixer.receive(LegId(1), &bytes, place(1), self.now);
        self.drain();
    }

    fn reports(&mut self, bytes: &[u8]) {
        self.mixer.receive_report(LegId(1), bytes, SocketAddr::new(place(1).ip(), 4001), self.now);
        self.drain();
    }

    fn passes(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(at) = self.mixer.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.mixer.wake(self.now);
            self.drain();
        }
        self.now = end;
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.mixer.next_transmit() {
            assert!(transmit.payload.len() <= 2048);
            if transmit.report && transmit.leg == LegId(1) {
                self.ours = transmit
                    .payload
                    .get(4..8)
                    .map(|octets| octets.iter().fold(0, |word, octet| word << 8 | u32::from(*octet)));
            }
            assert!(transmit.to.ip() == place(transmit.leg.0 as u8).ip(), "it was led astray to {}", transmit.to);
            let loud = transmit.payload.get(12..).unwrap_or_default().iter().filter(|octet| **octet == 0x10).count();
            self.heard += usize::from(!transmit.report && transmit.leg == LegId(2) && loud > 100);
        }
        self.events.extend(std::iter::from_fn(|| self.mixer.next_event()));
    }

    /// After all that, and the digits that wait: two seconds of honest sound are heard by the other.
    fn still_talk(&mut self) {
        self.passes(6000);
        self.heard = 0;
        let timestamp = 1_000_000 + (self.now - self.start).as_millis() as u32 * 8;
        for n in 0..100 {
            self.says(0, timestamp + n * 160, &[0x10; 160]);
            self.passes(20);
        }
        assert!(self.heard > 80, "{} packets of honest sound", self.heard);
    }

    fn digits(&self) -> Vec<u16> {
        let ended = |event: &Event| {
            if let Event::Digit { duration_ms, .. } = event { Some(*duration_ms) } else { None }
        };
        self.events.iter().filter_map(ended).collect()
    }

    fn quality(&mut self) -> Quality {
        self.passes(31_000);
        let report = |event: &Event| {
            if let Event::Report { leg: LegId(1), quality } = event { Some(*quality) } else { None }
        };
        self.events.iter().rev().find_map(report).expect("one each half minute")
    }
}

fn place(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], 4000))
}

/// Relayed, mixed, and at other rates.
const PAIRS: [[Codec; 2]; 3] =
    [[Codec::Pcmu, Codec::Pcmu], [Codec::Pcmu, Codec::L16Narrow], [Codec::Pcmu, Codec::Opus]];

#[test]
fn timestamps_that_leap_with_every_packet_wear_nothing_out() {
    for pair in PAIRS {
        for leap in [i32::MAX as u32, 0x8000_0000, 8000 * 59, 0_u32.wrapping_sub(8000 * 3)] {
            let mut victims = Victims::new(pair);
            for n in 0..20_000_u32 {
                victims.says(0, n.wrapping_mul(leap), &[0x55; 160]);
                if n % 50 == 0 {
                    victims.passes(20);
                }
            }
            if pair[1] == Codec::Pcmu {
                victims.still_talk();
            }
        }
    }
}

#[test]
fn a_key_that_is_held_for_ever_is_a_digit_of_some_seconds_to_others_and_ends_when_it_ends() {
    let mut victims = Victims::new(PAIRS[0]);
    // Whole segments one after the other (RFC 4733 2.5.1.3), more than any clock can count.
    for n in 0..70_000_u32 {
        victims.says(101, n.wrapping_mul(0xFFFF), &[5, 10, 0xFF, 0xFF]);
        if n % 1000 == 0 {
            victims.passes(20);
        }
    }
    victims.passes(60_000);
    assert!(victims.digits().len() <= 1 + 70 * 20 / 40 + 40, "{}", victims.digits().len());
    victims.still_talk();
}

#[test]
fn a_flood_of_keys_is_no_flood_of_events() {
    let mut victims = Victims::new(PAIRS[0]);
    for n in 0..50_000_u32 {
        victims.says(101, n * 400, &[(n % 16) as u8, 0x8A, 1, 0x90]);
        if n % 50 == 0 {
            victims.passes(1);
        }
    }
    let told = victims.digits().len();
    assert!((40..=40 + 1000 / 40).contains(&told), "{told} digits in a second");
    victims.still_talk();
}

#[test]
fn what_is_no_sound_of_the_agreement_is_not_heard_and_does_not_stop_what_is() {
    for pair in PAIRS {
        let mut victims = Victims::new(pair);
        for n in 0..5000_u32 {
            let length = [0, 1, 159, 161, 500, 1900, 2030][n as usize % 7];
            victims.says((n % 128) as u8, n * 160, &vec![n as u8; length]);
            if n % 4 == 0 {
                victims.passes(20);
            }
        }
        if pair[1] == Codec::Pcmu {
            victims.still_talk();
        }
    }
}

#[test]
fn what_a_report_says_is_not_believed_beyond_reason_and_its_goodbye_ends_nothing() {
    let mut victims = Victims::new(PAIRS[0]);
    for n in 0..50 {
        victims.says(0, n * 160, &[0x55; 160]);
        victims.passes(20);
    }
    victims.passes(10_000);
    let ours = victims.ours.expect("a report every five seconds");
    let lie = Received {
        ssrc: ours,
        fraction_lost: 255,
        lost: 0x7F_FFFF,
        highest: u32::MAX,
        jitter: u32::MAX,
        last_report: 1,
        delay: u32::MAX,
    };
    for bye in [false, true] {
        let mut bytes = Vec::new();
        report::write(DIALLER, None, Some(&lie), "liar", bye, &mut bytes);
        for _ in 0..1000 {
            victims.reports(&bytes);
        }
        // Of somebody else, from there; and cut off anywhere.
        let mut other = Vec::new();
        report::write(99, None, Some(&lie), "other", true, &mut other);
        victims.reports(&other);
        for end in 0..bytes.len() {
            victims.reports(&bytes[..end]);
        }
    }
    let quality = victims.quality();
    assert!(quality.peer_lost.is_some_and(|lost| u64::from(lost) <= quality.sent), "{quality:?}");
    assert_eq!(quality.peer_jitter_ms, None);
    assert!(quality.round_trip_ms.is_none_or(|ms| ms < 60_000.0), "{quality:?}");
    victims.still_talk();
}

fn session(leg: u64, codec: bool, direction: u8) -> Box<Session> {
    let remote = SocketAddr::from(([10, 0, 0, leg as u8], 4000));
    Box::new(Session {
        remote_rtcp: remote,
        payload_type: 0,
        receive_payload_type: 0,
        digits_payload_type: (leg != 2).then_some(101),
        receive_digits_payload_type: Some(101),
        direction: [Direction::SendRecv, Direction::SendRecv, Direction::SendOnly, Direction::Inactive]
            [usize::from(direction % 4)],
        held_by_peer: direction == 3,
        ..Session::new(remote, if codec { Codec::Pcmu } else { Codec::Pcma })
    })
}

fn command() -> impl Strategy<Value = Command> {
    let leg = (1..4_u64).prop_map(LegId);
    let source = prop::sample::select(vec![
        None,
        Some(Source::HoldMusic),
        Some(Source::Echo),
        Some(Source::Prompt),
        Some(Source::Notice),
    ]);
    let role =
        prop::sample::select(vec![Role::Talk, Role::Talk, Role::Held, Role::Coach { target: LegId(1) }, Role::Deaf]);
    prop_oneof![
        leg.clone().prop_map(|leg| Command::Join { leg }),
        (leg.clone(), any::<bool>(), 0..4_u8)
            .prop_map(|(leg, codec, way)| Command::Stream { leg, session: session(leg.0, codec, way) }),
        (leg.clone(), role).prop_map(|(leg, role)| Command::Role { leg, role }),
        (leg.clone(), source).prop_map(|(leg, source)| Command::Play { leg, source }),
        (leg.clone(), any::<bool>()).prop_map(|(leg, pass)| Command::Digits {
            leg,
            mode: if pass { DigitMode::Pass } else { DigitMode::Collect },
        }),
        (leg.clone(), any::<char>(), any::<u16>()).prop_map(|(leg, digit, duration_ms)| Command::SendDigit {
            leg,
            digit,
            duration_ms
        }),
        leg.prop_map(|leg| Command::Leave { leg }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let sequence = prop_oneof![0..20_u16, any::<u16>()];
    let timestamp = prop_oneof![(0..20_u32).prop_map(|n| n * 160), any::<u32>()];
    let payload = prop_oneof![
        prop::collection::vec(any::<u8>(), 160),
        prop::collection::vec(any::<u8>(), 0..1500),
        Just(vec![5, 0x8A, 1, 0])
    ];
    prop_oneof![
        6 => (1..4_u64, prop::bool::weighted(0.9), prop::sample::select(vec![0_u8, 0, 0, 13, 101, 77]), sequence, timestamp, 0..3_u32, payload)
            .prop_map(|(leg, own, kind, sequence, timestamp, ssrc, payload)| Step::Rtp { leg, own, kind, sequence, timestamp, ssrc, payload }),
        1 => (1..4_u64, prop::collection::vec(any::<u8>(), 0..100), any::<bool>())
            .prop_map(|(leg, bytes, report)| Step::Noise { leg, bytes, report }),
        4 => prop_oneof![0..50_u64, 0..100_000_u64].prop_map(|ms| Step::Wait { ms }),
        2 => command().prop_map(|command| Step::Command(Box::new(command))),
        1 => (1..4_u64).prop_map(|leg| Step::Move { leg }),
    ]
}

/// Takes everything out, and says how many packets there were.
fn drain(mixer: &mut Mixer) -> usize {
    while mixer.next_event().is_some() {}
    std::iter::from_fn(|| mixer.next_transmit().map(|transmit| assert!(transmit.payload.len() <= 1600))).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn nothing_that_arrives_does_harm(steps in prop::collection::vec(step(), 1..150)) {
        let since = Instant::now();
        let settings = Settings { timeout: Duration::from_secs(10), music: Arc::new(Music::new(vec![1; 500])), since, jitter: JitterLimits::default() };
        let mut mixers = [Mixer::new(settings.clone(), 1), Mixer::new(settings, 2)];
        let mut now = since;
        for leg in 1..3 {
            mixers[0].command(Command::Join { leg: LegId(leg) }, now);
            mixers[0].command(Command::Stream { leg: LegId(leg), session: session(leg, true, 0) }, now);
        }
        for step in steps {
            let [here, there] = &mut mixers;
            match step {
                Step::Rtp { leg, own, kind, sequence, timestamp, ssrc, payload } => {
                    let mut bytes = Vec::new();
                    Packet { marker: false, payload_type: kind, sequence, timestamp, ssrc, payload: &payload }.write(&mut bytes);
                    let host = if own { leg as u8 } else { 99 };
                    for mixer in [&mut *here, &mut *there] {
                        mixer.receive(LegId(leg), &bytes, SocketAddr::from(([10, 0, 0, host], 4000)), now);
                    }
                }
                Step::Noise { leg, bytes, report } => {
                    let from = SocketAddr::from(([10, 0, 0, leg as u8], 4000));
                    if report { here.receive_report(LegId(leg), &bytes, from, now) } else { here.receive(LegId(leg), &bytes, from, now) }
                }
                Step::Wait { ms } => {
                    now += Duration::from_millis(ms);
                    for mixer in [&mut *here, &mut *there] {
                        mixer.wake(now);
                        prop_assert!(mixer.next_deadline().is_none_or(|at| at > now));
                    }
                }
                Step::Command(command) => here.command(*command, now),
                Step::Move { leg } => {
                    if let Some(member) = here.release(LegId(leg)) {
                        there.adopt(LegId(leg), member, now);
                    }
                }
            }
            let packets = drain(here) + drain(there);
            prop_assert!(packets <= 60, "{packets} packets at once");
        }
    }
}
