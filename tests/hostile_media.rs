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
        Command, DigitMode, JitterLimits, Mixer, Music, Role, Settings, Source,
        rtp::packet::Packet,
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
