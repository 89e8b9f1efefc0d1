//! In steady state neither relay nor mix touches the allocator.
#![allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use warmline::{
    ids::{LegId, PlayId, RecordingId},
    media::{
        Clip, Command, Dtmf, JitterLimits, Layout, Mixer, Music, Playback, Playlist, Position, Record, Recording,
        Repeat, Role, Scope, Settings, Source, Tape,
        audio::{codec::Coder, frame::Rate, oscillator::Oscillator},
        rtp::packet::Packet,
        sdp::{Codec, Session},
        srtp::{Keys, MasterKey, Secrecy, Suite},
    },
};

/// Allocations of legs of G.711 that send for `ticks`, after as many to get used to it.
fn allocations(legs: u64, prepare: impl Fn(&mut Mixer, Instant), ticks: u32) -> u64 {
    let legs: Vec<Session> = (1..=legs).map(|leg| Session::new(address(leg), Codec::Pcmu)).collect();
    allocations_of(&legs, prepare, |_, _, _| {}, ticks)
}

fn address(leg: u64) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, leg as u8], 4000))
}

/// The same of legs with these agreements; `meanwhile` is done at the beginning of each tick.
fn allocations_of(
    sessions: &[Session],
    prepare: impl Fn(&mut Mixer, Instant),
    meanwhile: impl Fn(&mut Mixer, u32, Instant),
    ticks: u32,
) -> u64 {
    allocations_over(|_| false, sessions, prepare, meanwhile, ticks)
}

/// The same on a network that loses what is sent in some ticks.
fn allocations_over(
    loses: impl Fn(u32) -> bool,
    sessions: &[Session],
    prepare: impl Fn(&mut Mixer, Instant),
    meanwhile: impl Fn(&mut Mixer, u32, Instant),
    ticks: u32,
) -> u64 {
    let since = Instant::now();
    let settings = Settings {
        timeout: Duration::from_secs(60),
        music: Arc::new(Music::built_in()),
        since,
        jitter: JitterLimits::default(),
    };
    let mut mixer = Mixer::new(settings, 1);
    let mut phones = Vec::new();
    for (leg, session) in (1..).zip(sessions) {
        mixer.command(Command::Join { leg: LegId(leg) }, since);
        mixer.command(Command::Stream { leg: LegId(leg), session: Box::new(session.clone()) }, since);
        let keys = session.keys.clone().map(|keys| Keys { send: keys.receive, receive: keys.send });
        phones.push((leg, session, payloads(session.codec), keys.map(|keys| Secrecy::new(&keys))));
    }
    prepare(&mut mixer, since);
    let mut sent = 0;
    let mut datagram = Vec::with_capacity(3000);
    let mut play = |from: u32, to: u32, mixer: &mut Mixer| {
        for tick in from..to {
            let now = since + Duration::from_millis(20) * tick + Duration::from_millis(5);
            meanwhile(mixer, tick, now);
            for (leg, session, payloads, secrecy) in &mut phones {
                for part in 0..20 / u32::from(session.ptime_ms) {
                    let Some(packet) = packet(*leg, session, payloads, tick, part) else { continue };
                    datagram.clear();
                    packet.write(&mut datagram);
                    if let Some(secrecy) = secrecy {
                        secrecy.sealer.seal(&mut datagram, 0);
                    }
                    if !loses(tick) {
                        mixer.receive(LegId(*leg), &datagram, address(*leg), now);
                    }
                }
            }
            while mixer.next_transmit().is_some() {
                sent += 1;
            }
            mixer.wake(now + Duration::from_millis(15));
            while mixer.next_transmit().is_some() {
                sent += 1;
            }
            while mixer.next_event().is_some() {}
        }
    };
    play(0, ticks, &mut mixer);
    let counted = allocation_counter::measure(|| play(ticks, 2 * ticks, &mut mixer));
    assert!(sent > u64::from(ticks) * sessions.len() as u64, "only {sent} packets");
    counted.count_total
}

/// A packet, one of 20 ms or one of two of 10. Who has telephone-events presses a key for 100 ms of each second, and some of what it
/// says is lost.
fn packet<'a>(leg: u64, session: &Session, payloads: &'a [Vec<u8>], tick: u32, part: u32) -> Option<Packet<'a>> {
    const KEY: [[u8; 4]; 6] =
        [[5, 10, 0, 160], [5, 10, 1, 64], [5, 10, 1, 224], [5, 10, 2, 128], [5, 0x8A, 3, 32], [5, 0x8A, 3, 32]];
    let (parts, clock) = (20 / u32::from(session.ptime_ms), session.codec.clock().0);
    let (mut payload_type, mut timestamp) = (session.payload_type, tick * (clock / 50) + part * (clock / 100));
    let payload = &payloads[tick as usize % payloads.len()];
    let mut payload = payload.chunks(payload.len() / parts as usize).nth(part as usize)?;
    if let Some(number) = session.receive_digits_payload_type {
        let pressed = (tick % 50).checked_sub(10).and_then(|since| KEY.get(since as usize));
        if let Some(report) = pressed {
            (payload_type, payload, timestamp) = (number, report, tick / 50 * clock + clock / 5);
        } else if tick % 17 == 3 {
            return None;
        }
    }
    let sequence = (tick * parts + part) as u16;
    Some(Packet { marker: false, payload_type, sequence, timestamp, ssrc: leg as u32, payload })
}

/// A second of a tone.
fn payloads(codec: Codec) -> Vec<Vec<u8>> {
    let mut coder = Coder::new(codec);
    let mut oscillator = Oscillator::new(440, coder.rate());
    let frames = (0..50).map(|_| {
        let sound: Vec<i16> = (0..coder.rate().frame()).map(|_| (oscillator.next() >> 3) as i16).collect();
        let mut payload = Vec::new();
        coder.encode(&sound, &mut payload);
        payload
    });
    frames.collect()
}

/// Every third talks for half a second and is silent for another, and the rest listens.
fn talk_now_and_then(legs: u64) -> impl Fn(&mut Mixer, u32, Instant) {
    move |mixer, tick, now| {
        let role = match tick % 50 {
            0 => Role::Muted,
            25 => Role::Talk,
            _ => return,
        };
        (1..=legs).step_by(3).for_each(|leg| mixer.command(Command::Role { leg: LegId(leg), role }, now));
    }
}

#[test]
fn what_is_lost_is_made_up_without_allocating() {
    let sessions: Vec<Session> =
        (1..=7).map(|leg| Session::new(address(leg), Codec::ALL[leg as usize % Codec::ALL.len()])).collect();
    // One, two and five packets.
    let loses = |tick: u32| matches!(tick % 50, 10 | 20 | 21 | 35..40);
    assert_eq!(allocations_over(loses, &sessions, |_, _| {}, |_, _, _| {}, 150), 0);
}

#[test]
fn many_rates_of_which_some_talk_allocate_nothing() {
    let sessions: Vec<Session> =
        (1..=14).map(|leg| Session::new(address(leg), Codec::ALL[leg as usize % Codec::ALL.len()])).collect();
    let prepare = |mixer: &mut Mixer, now| {
        (9..=14).for_each(|leg| mixer.command(Command::Role { leg: LegId(leg), role: Role::Muted }, now));
    };
    assert_eq!(allocations_of(&sessions, prepare, talk_now_and_then(8), 300), 0);
}

#[test]
fn secret_packets_allocate_nothing() {
    for suite in Suite::ALL {
        for legs in [2, 5] {
            let key = |octet: u8| MasterKey::new(suite, &vec![octet; 16 + suite.salt_length()], 0);
            let secret = |leg: u64| {
                let (send, receive) = (key(1).expect("it is long enough"), key(2).expect("it is long enough"));
                Session { keys: Some(Keys { send, receive }), ..Session::new(address(leg), Codec::Pcmu) }
            };
            let sessions: Vec<Session> = (1..=legs).map(secret).collect();
            assert_eq!(allocations_of(&sessions, |_, _| {}, |_, _, _| {}, 300), 0, "{suite:?}, {legs} legs");
        }
    }
}

/// One whose key is pressed now and then.
fn with_keys(leg: u64, codec: Codec) -> Session {
    let number = Some(101);
    Session { digits_payload_type: number, receive_digits_payload_type: number, ..Session::new(address(leg), codec) }
}

#[test]
fn keys_and_losses_allocate_nothing() {
    let room = [Codec::Pcmu, Codec::G722, Codec::Opus, Codec::L16Wide];
    let relay = [Codec::Opus; 2];
    for codecs in [&room[..], &relay] {
        let sessions: Vec<Session> = (1..).zip(codecs).map(|(leg, codec)| with_keys(leg, *codec)).collect();
        assert_eq!(allocations_of(&sessions, |_, _| {}, |_, _, _| {}, 500), 0, "{codecs:?}");
    }
}

#[test]
fn tones_that_are_listened_for_allocate_nothing() {
    let listened = |leg| Session { dtmf: Dtmf::Inband, ..Session::new(address(leg), Codec::Pcmu) };
    let sessions: Vec<Session> = (1..=3).map(listened).collect();
    assert_eq!(allocations_of(&sessions, |_, _| {}, |_, _, _| {}, 500), 0);
}

#[test]
fn short_packets_allocate_nothing() {
    let room = [Codec::Pcmu, Codec::G722, Codec::Pcma, Codec::L16Full];
    let relay = [Codec::G722; 2];
    for codecs in [&room[..], &relay] {
        let short = |leg, codec| Session { ptime_ms: 10, max_ptime_ms: 10, ..Session::new(address(leg), codec) };
        let sessions: Vec<Session> = (1..).zip(codecs).map(|(leg, codec)| short(leg, *codec)).collect();
        assert_eq!(allocations_of(&sessions, |_, _| {}, |_, _, _| {}, 500), 0, "{codecs:?}");
    }
}

#[test]
fn a_relay_allocates_nothing() {
    assert_eq!(allocations(2, |_, _| {}, 2000), 0);
}

#[test]
fn a_mix_allocates_nothing() {
    assert_eq!(allocations(10, |_, _| {}, 2000), 0);
}

#[test]
fn music_echo_and_a_coach_allocate_nothing() {
    let prepare = |mixer: &mut Mixer, now| {
        let roles = [(1, Role::Held), (2, Role::Coach { target: LegId(3) }), (4, Role::Muted)];
        for (leg, role) in roles {
            mixer.command(Command::Role { leg: LegId(leg), role }, now);
        }
        for (leg, source) in [(1, Source::HoldMusic), (5, Source::Echo), (6, Source::Ringback)] {
            mixer.command(Command::Play { leg: LegId(leg), source: Some(source) }, now);
        }
    };
    assert_eq!(allocations(7, prepare, 2000), 0);
}

#[test]
fn clips_whispers_and_recordings_allocate_nothing() {
    let clip = Clip::new(&vec![0.1; 4000], 8000, &Rate::ROOMS).expect("it is sound");
    let clip = Arc::new(clip);
    let list = Arc::new(Playlist::new((0..3).map(|_| Arc::clone(&clip)).collect(), Some(7)));
    let playback =
        |id, position| Playback { id: PlayId(id), what: Arc::clone(&list), repeat: Repeat::Forever, position };
    let prepare = |mixer: &mut Mixer, now| {
        let source = Some(Source::Clip(playback(1, Position::Start)));
        mixer.command(Command::Play { leg: LegId(1), source }, now);
        mixer.command(Command::Whisper { leg: LegId(2), playback: Some(playback(2, Position::Shared)) }, now);
        for (id, scope, layout) in
            [(1, Scope::Call, Layout::Mix), (2, Scope::Call, Layout::Apart(4)), (3, Scope::Leg, Layout::Apart(2))]
        {
            let tape = Tape::new(layout.channels(), Rate::NARROW, 5000);
            let what = Record::Start(Box::new(Recording { scope, layout, tape }));
            mixer.command(Command::Record { recording: RecordingId(id), follows: Some(LegId(3)), what }, now);
        }
    };
    assert_eq!(allocations(5, prepare, 2000), 0);
}

#[test]
fn an_allocation_would_be_counted() {
    assert_eq!(allocation_counter::measure(|| drop(std::hint::black_box(Box::new(1)))).count_total, 1);
}
