//! What is told beside the sound: reports both ways, figures, comfort noise, losses, and late wake-ups.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use warmline::{
    ids::LegId,
    media::{
        Command, Event, JitterLimits, Mixer, Music, Quality, Role, Settings,
        audio::goertzel::loudness,
        rtp::{
            packet::Packet,
            report::{self, Received, Sent},
        },
        sdp::{Codec, Session},
    },
};

fn at(leg: u64, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, leg as u8], port))
}

/// A mixer, told by hand what comes.
struct Desk {
    mixer: Mixer,
    since: Instant,
    now: Instant,
}

/// Leg, whether it is a report, the packet.
type Sending = (u64, bool, Vec<u8>);

impl Desk {
    fn new(codecs: &[Codec]) -> Self {
        let since = Instant::now();
        let settings = Settings {
            timeout: Duration::ZERO,
            music: Arc::new(Music::new(Vec::new())),
            since,
            jitter: JitterLimits::default(),
        };
        let mut desk = Self { mixer: Mixer::new(settings, 1), since, now: since };
        for (leg, codec) in (1..).zip(codecs) {
            let session = Session::new(at(leg, 4000), *codec);
            desk.mixer.command(Command::Join { leg: LegId(leg) }, since);
            desk.mixer.command(Command::Stream { leg: LegId(leg), session: Box::new(session) }, since);
        }
        desk
    }

    fn packet(&mut self, leg: u64, kind: u8, number: u32, payload: &[u8]) {
        let (sequence, timestamp, ssrc) = (number as u16, number * 160, leg as u32);
        let packet = Packet { marker: false, payload_type: kind, sequence, timestamp, ssrc, payload };
        let mut bytes = Vec::new();
        packet.write(&mut bytes);
        self.mixer.receive(LegId(leg), &bytes, at(leg, 4000), self.now);
    }

    fn wait(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(next) = self.mixer.next_deadline().filter(|next| *next <= end) {
            self.mixer.wake(next);
        }
        self.now = end;
    }

    fn sent(&mut self) -> Vec<Sending> {
        let next = || {
            let transmit = self.mixer.next_transmit()?;
            assert_eq!(transmit.to, at(transmit.leg.0, if transmit.report { 4001 } else { 4000 }));
            Some((transmit.leg.0, transmit.report, transmit.payload.to_vec()))
        };
        std::iter::from_fn(next).collect()
    }

    /// Of our line to a leg.
    fn ssrc(&mut self, leg: u64) -> u32 {
        let sent = self.sent();
        sound(&sent, leg)[0].ssrc
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.mixer.next_event()).collect()
    }

    fn leave(&mut self, leg: u64) -> Quality {
        self.events();
        self.mixer.command(Command::Leave { leg: LegId(leg) }, self.now);
        let events = self.events();
        let [Event::Report { leg: of, quality }] = events[..] else { panic!("{events:?}") };
        assert_eq!(of, LegId(leg));
        quality
    }
}

fn sound(sent: &[Sending], leg: u64) -> Vec<Packet<'_>> {
    sent.iter()
        .filter(|(of, report, _)| *of == leg && !report)
        .map(|(.., bytes)| Packet::read(bytes).unwrap())
        .collect()
}

#[test]
fn a_report_tells_what_was_sent_and_received_and_the_answer_gives_the_round_trip() {
    let mut desk = Desk::new(&[Codec::Pcmu, Codec::Pcma]);
    let theirs = Sent { ntp: 0x1234_5678_9ABC_DEF0, timestamp: 9, packets: 1, octets: 160 };
    let mut bytes = Vec::new();
    report::write(1, Some(&theirs), None, "them", false, &mut bytes);
    let mut reports = Vec::new();
    let mut packets = 0;
    for number in 0..400 {
        // Of every ten one is lost.
        if number % 10 != 5 {
            desk.packet(1, 0, number, &[0x30; 160]);
        }
        if number == 0 {
            desk.mixer.receive_report(LegId(1), &bytes, at(1, 4001), desk.now);
        }
        desk.wait(20);
        let sent = desk.sent();
        packets += sound(&sent, 1).len();
        reports.extend(sent.into_iter().filter(|(leg, report, _)| *leg == 1 && *report).map(|(.., report)| report));
        if !reports.is_empty() {
            break;
        }
    }
    let told = report::read(&reports[0], 1).expect("a report that is valid as a whole");
    let (sent, received) = (told.sent.expect("it is a sender"), told.received.expect("it tells of leg 1"));
    assert!((packets - 1..=packets).contains(&(sent.packets as usize)), "{} of {packets}", sent.packets);
    assert_eq!(sent.octets, sent.packets * 160);
    assert_eq!((received.ssrc, received.last_report), (1, 0x5678_9ABC));
    assert!((20..30).contains(&received.fraction_lost), "{}", received.fraction_lost);
    assert!(!told.bye);

    let answer = Received { ssrc: told.from, last_report: report::middle(sent.ntp), delay: 65536 / 2, ..received };
    let mut bytes = Vec::new();
    report::write(1, None, Some(&answer), "them", false, &mut bytes);
    let written = desk.now;
    desk.wait(530);
    desk.mixer.receive_report(LegId(1), &bytes, at(1, 4001), desk.now);
    desk.sent();
    let quality = desk.leave(1);
    let round_trip = f64::from(quality.round_trip_ms.expect("it was measured"));
    // The report was made within the last wait.
    let least = (desk.now - written).as_secs_f64() * 1000.0 - 500.0;
    assert!((least..least + 20.5).contains(&round_trip), "{round_trip}");
    let last = desk.sent();
    let bye = last.iter().find(|(leg, report, _)| *leg == 1 && *report).and_then(|(.., bytes)| report::read(bytes, 1));
    assert!(bye.expect("a goodbye").bye);
}

#[test]
fn a_stranger_s_report_changes_nothing() {
    let mut desk = Desk::new(&[Codec::Pcmu, Codec::Pcma]);
    desk.packet(1, 0, 0, &[0x30; 160]);
    let mut bytes = Vec::new();
    report::write(1, None, None, "them", false, &mut bytes);
    desk.mixer.receive_report(LegId(1), &bytes, at(66, 4001), desk.now);
    desk.wait(20_000);
    // `sent` says where everything went.
    assert!(desk.sent().iter().filter(|(leg, report, _)| *leg == 1 && *report).count() >= 2);
}

#[test]
fn the_figures_of_a_leg_are_its_packets() {
    let mut desk = Desk::new(&[Codec::Pcmu, Codec::Pcmu]);
    desk.wait(50);
    for number in (0..100).filter(|number| number % 10 != 5) {
        desk.packet(1, 0, number, &[0x30; 160]);
        desk.packet(1, 0, number, &[0x30; 160]);
        desk.wait(20);
    }
    let theirs = Received { ssrc: desk.ssrc(1), lost: 2, jitter: 80, ..Received::default() };
    let mut bytes = Vec::new();
    report::write(1, None, Some(&theirs), "them", false, &mut bytes);
    desk.mixer.receive_report(LegId(1), &bytes, at(1, 4001), desk.now);
    let quality = desk.leave(1);
    assert_eq!((quality.received, quality.lost, quality.late, quality.round_trip_ms), (90, 10, 0, None));
    assert_eq!((quality.duplicates, quality.disordered), (90, 0));
    assert_eq!((quality.peer_lost, quality.peer_jitter_ms, quality.last), (Some(2), Some(10.0), true));
    // A tenth lost, one by one: R falls by 27.
    let mos = quality.mos.expect("something came");
    assert!((3.0..3.6).contains(&mos), "{mos}");
    assert_eq!(quality.codec, Some(Codec::Pcmu));
}

#[test]
fn figures_come_every_30_s() {
    let mut desk = Desk::new(&[Codec::Pcmu]);
    desk.wait(95_000);
    let reports = desk.events().iter().filter(|event| matches!(event, Event::Report { .. })).count();
    assert_eq!(reports, 3);
}

#[test]
fn what_was_lost_before_a_relay_is_missing_after_it() {
    let mut desk = Desk::new(&[Codec::Pcmu, Codec::Pcmu]);
    for number in 0..10 {
        desk.packet(1, 0, number, &[0x30; 160]);
        desk.wait(20);
    }
    desk.sent();
    let order = [10, 11, 13, 14, 18, 20, 19, 21];
    for number in order {
        desk.packet(1, 0, number, &[0x30; 160]);
        desk.wait(20);
    }
    let sent = desk.sent();
    let out = sound(&sent, 2);
    let numbers: Vec<u32> =
        out.iter().map(|packet| 10 + u32::from(packet.sequence.wrapping_sub(out[0].sequence))).collect();
    assert_eq!(numbers, order);
    let stamps: Vec<u32> =
        out.iter().map(|packet| 10 + packet.timestamp.wrapping_sub(out[0].timestamp) / 160).collect();
    assert_eq!(stamps, order);
}

#[test]
fn comfort_noise_is_quiet_until_the_next_packet() {
    let mut desk = Desk::new(&[Codec::Pcmu, Codec::Pcma]);
    let talk = |desk: &mut Desk, numbers: std::ops::Range<u32>| {
        for number in numbers {
            desk.packet(1, 0, number, &[0x30; 160]);
            desk.wait(20);
        }
    };
    let heard = |desk: &mut Desk| -> f64 {
        let sent = desk.sent();
        let decode = warmline::media::audio::g711::alaw::decode;
        let samples: Vec<i16> =
            sound(&sent, 2).iter().flat_map(|packet| packet.payload.iter().map(|code| decode(*code))).collect();
        assert!(samples.len() >= 160 * 4);
        loudness(&samples)
    };
    talk(&mut desk, 0..20);
    desk.packet(1, 13, 20, &[70]);
    desk.wait(200);
    desk.sent();
    desk.wait(200);
    assert!(heard(&mut desk) < -65.0);
    talk(&mut desk, 40..50);
    desk.sent();
    talk(&mut desk, 50..60);
    assert!(heard(&mut desk) > -20.0);
    assert_eq!(desk.leave(1).late, 0);
}

#[test]
fn who_wakes_up_late_does_not_make_up_for_all() {
    for (late_ms, most) in [(45, 3), (10_000, 3)] {
        let mut desk = Desk::new(&[Codec::Pcmu, Codec::Pcma]);
        desk.mixer.command(Command::Role { leg: LegId(2), role: Role::Monitor }, desk.now);
        desk.wait(200);
        let before = desk.sent();
        let last = sound(&before, 1).last().map(|packet| (packet.sequence, packet.timestamp)).unwrap();
        desk.now += Duration::from_millis(late_ms);
        desk.mixer.wake(desk.now);
        assert!(desk.mixer.next_deadline().is_some_and(|next| next > desk.now));
        let sent = desk.sent();
        let made_up = sound(&sent, 1);
        assert!((1..=most).contains(&made_up.len()), "{late_ms} ms: {} packets", made_up.len());
        // No number is missing, and the timestamps are those of the clock.
        assert_eq!(made_up[0].sequence, last.0.wrapping_add(1));
        let ahead = made_up.last().unwrap().timestamp.wrapping_sub(last.1) / 8;
        assert!(u64::from(ahead).abs_diff(late_ms) <= 40, "{late_ms} ms: {ahead}");
        assert!(desk.now - desk.since > Duration::from_millis(late_ms));
    }
}
