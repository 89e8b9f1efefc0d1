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
        Clip, Command, JitterLimits, Layout, Mixer, Music, Playback, Playlist, Position, Record, Recording, Repeat,
        Role, Scope, Settings, Source, Tape,
        audio::frame::Rate,
        rtp::packet::Packet,
        sdp::{Codec, Session},
    },
};

/// Allocations of legs that send for `ticks`, after as many to get used to it.
fn allocations(legs: u64, prepare: impl Fn(&mut Mixer, Instant), ticks: u32) -> u64 {
    let since = Instant::now();
    let settings = Settings {
        timeout: Duration::from_secs(60),
        music: Arc::new(Music::built_in()),
        since,
        jitter: JitterLimits::default(),
    };
    let mut mixer = Mixer::new(settings, 1);
    let address = |leg: u64| SocketAddr::from(([10, 0, 0, leg as u8], 4000));
    for leg in 1..=legs {
        mixer.command(Command::Join { leg: LegId(leg) }, since);
        let session = Session::new(address(leg), Codec::Pcmu);
        mixer.command(Command::Stream { leg: LegId(leg), session: Box::new(session) }, since);
    }
    prepare(&mut mixer, since);
    let mut sent = 0;
    let mut play = |from: u32, to: u32, mixer: &mut Mixer| {
        let mut datagram = [0_u8; 172];
        for tick in from..to {
            let now = since + Duration::from_millis(20) * tick + Duration::from_millis(5);
            for leg in 1..=legs {
                let payload = [(tick * 7) as u8; 160];
                let packet = Packet {
                    marker: false,
                    payload_type: 0,
                    sequence: tick as u16,
                    timestamp: tick * 160,
                    ssrc: leg as u32,
                    payload: &payload,
                };
                datagram[..12].copy_from_slice(&packet.header());
                datagram[12..].copy_from_slice(&payload);
                mixer.receive(LegId(leg), &datagram, address(leg), now);
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
    assert!(sent > u64::from(ticks) * legs, "only {sent} packets");
    counted.count_total
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
