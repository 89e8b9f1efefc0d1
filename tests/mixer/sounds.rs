//! Clips, lists, whispers and recordings: who hears them, how they join, and what is on the tape.

use super::{
    A, B, C,
    listening::{Hall, Phone, relation},
};
use std::{f64::consts::TAU, sync::Arc};
use warmline::{
    ids::{LegId, PlayId, RecordingId},
    media::{
        Clip, Command, Event, Layout, Playback, Playlist, Position, Record, Recording, Repeat, Role, Scope, Source,
        Tape,
        audio::{
            frame::Rate,
            goertzel::{level, loudness},
        },
        sdp::Codec,
    },
};

/// A tone of -16 dBFS that begins and ends with full amplitude, unless the clip does something about it.
pub(super) fn tone(hz: f64, ms: u32) -> Arc<Clip> {
    let sound: Vec<f32> = (0..8 * ms).map(|at| (0.158 * (TAU * hz * f64::from(at) / 8000.0).cos()) as f32).collect();
    Arc::new(Clip::new(&sound, 8000, &Rate::ROOMS).unwrap())
}

pub(super) fn playback(id: u64, what: impl Into<Playlist>) -> Playback {
    Playback { id: PlayId(id), what: Arc::new(what.into()), repeat: Repeat::Once, position: Position::Start }
}

fn play(hall: &mut Hall, leg: u64, playback: Playback) {
    hall.command(Command::Play { leg: relation(leg), source: Some(Source::Clip(playback)) });
}

fn three(seed: u64) -> Hall {
    let mut hall = Hall::new(seed);
    for leg in [A, B, C] {
        hall.enter(Phone::new(leg, Codec::Pcmu).tone(300 * leg as u32, -16.0));
    }
    hall.run_s(1);
    hall.forget();
    hall
}

fn ended(hall: &Hall) -> Vec<(LegId, u64, bool)> {
    let end = |event: &Event| match event {
        Event::PlayEnded { leg, play, whole } => Some((*leg, play.0, *whole)),
        Event::Digit { .. }
        | Event::Dial { .. }
        | Event::Started { .. }
        | Event::Silent { .. }
        | Event::Report { .. }
        | Event::Recording { .. } => None,
    };
    hall.events.iter().filter_map(end).collect()
}

#[test]
fn a_clip_is_heard_by_one_alone_and_its_end_is_told_once() {
    let mut hall = three(40);
    play(&mut hall, A, playback(1, tone(1500.0, 1000)));
    hall.run_ms(900);
    assert!((hall.level(A, 1500) + 16.0).abs() < 1.0, "{}", hall.level(A, 1500));
    assert!(hall.level(A, 600) < -40.0 && hall.level(B, 1500) < -45.0 && hall.level(C, 1500) < -45.0);
    hall.run_ms(200);
    hall.forget();
    hall.run_s(1);
    assert!(hall.loudness(A) < -60.0, "silence follows: {}", hall.loudness(A));
    assert_eq!(ended(&hall), [(relation(A), 1, true)]);
    hall.command(Command::Play { leg: relation(A), source: None });
    hall.run_ms(200);
    hall.forget();
    hall.run_s(1);
    assert!(hall.level(A, 600) > -17.0 && ended(&hall).len() == 1);
}

#[test]
fn clips_begin_end_and_break_off_without_a_click() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let mut hall = Hall::new(41);
        hall.enter(Phone::new(A, codec));
        hall.enter(Phone::new(B, codec));
        hall.run_s(1);
        hall.forget();
        for n in 0..10 {
            let list = Playlist::new(vec![tone(400.0, 150), tone(500.0, 130)], None);
            play(&mut hall, A, Playback { repeat: Repeat::Times(2), ..playback(n, list) });
            // Every other one breaks off in the middle.
            hall.run_ms(if n % 2 == 0 { 700 } else { 333 });
            hall.command(Command::Play { leg: relation(A), source: None });
            hall.run_ms(100);
        }
        hall.assert_one_line(A);
        assert!(hall.loudest_click(A) < -40.0, "{codec:?}: {}", hall.loudest_click(A));
        let whole: Vec<bool> = ended(&hall).into_iter().map(|(_, _, whole)| whole).collect();
        assert_eq!(whole, [true, false].repeat(5), "{codec:?}");
    }
}

#[test]
fn a_list_goes_on_for_ever_and_at_one_place_for_all_who_share_it() {
    let mut hall = three(42);
    let list = Arc::new(Playlist::new(vec![tone(700.0, 700), tone(1100.0, 500), tone(1700.0, 900)], Some(5)));
    let shared =
        |id| Playback { id: PlayId(id), what: Arc::clone(&list), repeat: Repeat::Forever, position: Position::Shared };
    play(&mut hall, A, shared(1));
    hall.run_ms(1234);
    play(&mut hall, B, shared(2));
    play(&mut hall, C, Playback { position: Position::Start, ..shared(3) });
    hall.run_ms(100);
    hall.forget();
    hall.run_s(10);
    let (a, b, c) = (hall.heard(A), hall.heard(B), hall.heard(C));
    assert!(a[1000..60_000] == b[1000..60_000] && a[1000..60_000] != c[1000..60_000]);
    assert!([700, 1100, 1700].iter().all(|hz| hall.loudest(A, *hz) > -18.0));
    assert_eq!(ended(&hall), []);
}

#[test]
fn a_digit_that_is_dialled_towards_a_leg_does_not_take_its_clip_back_to_the_beginning() {
    let mut hall = Hall::new(43);
    hall.enter(Phone::new(A, Codec::Pcmu));
    hall.enter(Phone::new(B, Codec::Pcmu));
    play(&mut hall, A, playback(1, Playlist::new(vec![tone(700.0, 500), tone(1500.0, 1000)], None)));
    hall.run_ms(600);
    hall.command(Command::SendDigit { leg: relation(A), digit: '5', duration_ms: 100 });
    hall.run_ms(200);
    hall.forget();
    hall.run_ms(500);
    assert!(hall.level(A, 1500) > -18.0 && hall.level(A, 700) < -50.0);
}

#[test]
fn a_whisper_is_heard_over_the_mix_by_one_alone() {
    for legs in [2, 3] {
        let mut hall = Hall::new(44);
        for leg in 1..=legs {
            hall.enter(Phone::new(leg, Codec::Pcmu).tone(300 * leg as u32, -16.0));
        }
        hall.run_s(1);
        hall.forget();
        hall.command(Command::Whisper { leg: relation(A), playback: Some(playback(9, tone(1500.0, 2000))) });
        hall.run_ms(1000);
        assert!(hall.level(A, 1500) > -19.0 && hall.level(A, 600) > -19.0, "{legs}");
        assert!(hall.level(B, 1500) < -55.0 && hall.level(B, 300) > -17.5, "{legs}");
        hall.run_ms(1500);
        assert_eq!(ended(&hall), [(relation(A), 9, true)]);
        hall.forget();
        hall.run_s(1);
        assert!(hall.level(A, 1500) < -55.0 && hall.level(A, 600) > -17.0);
        for leg in [A, B] {
            hall.assert_one_line(leg);
            assert!(hall.loudest_click(leg) < -40.0, "{legs}: {}", hall.loudest_click(leg));
        }
        hall.command(Command::Whisper { leg: relation(A), playback: Some(playback(10, tone(1500.0, 9000))) });
        hall.run_ms(333);
        hall.command(Command::Whisper { leg: relation(A), playback: None });
        hall.command(Command::Whisper { leg: relation(A), playback: None });
        hall.run_ms(333);
        assert_eq!(ended(&hall), [(relation(A), 9, true), (relation(A), 10, false)]);
        assert!(hall.loudest_click(A) < -40.0, "{legs}: {}", hall.loudest_click(A));
    }
}

/// What a recording of `layout` has on each channel, and how many frames it says it has.
struct Reel {
    tape: Tape,
    channels: Vec<Vec<i16>>,
}

impl Reel {
    fn start(hall: &mut Hall, id: u64, follows: u64, scope: Scope, layout: Layout) -> Self {
        let tape = Tape::new(layout.channels(), Rate::MAX, 100_000 / 20);
        let recording = Box::new(Recording { scope, layout, tape: tape.clone() });
        record(hall, id, follows, Record::Start(recording));
        Self { channels: vec![Vec::new(); layout.channels()], tape }
    }

    /// All that is on it, as it goes into a file.
    fn rewind(mut self) -> Vec<Vec<i16>> {
        let end = self.tape.end().expect("it has ended") as usize;
        self.channels.iter_mut().for_each(|channel| channel.resize(end * 160, 0));
        while let Some(frame) = self.tape.read() {
            assert_eq!(frame.rate, Rate::NARROW);
            let at = frame.number as usize * 160;
            for (channel, sound) in self.channels.iter_mut().zip(frame.sound.chunks(160)) {
                if let Some(place) = channel.get_mut(at..at + 160) {
                    place.copy_from_slice(sound);
                }
            }
        }
        self.channels
    }
}

fn record(hall: &mut Hall, id: u64, follows: u64, what: Record) {
    hall.command(Command::Record { recording: RecordingId(id), follows: Some(relation(follows)), what });
}

fn has(sound: &[i16], hz: u32) -> bool {
    level(sound, f64::from(hz), Rate::NARROW) > -18.0
}

fn lacks(sound: &[i16], hz: u32) -> bool {
    level(sound, f64::from(hz), Rate::NARROW) < -50.0
}

#[test]
fn each_party_has_its_channel_and_the_call_sounds_as_before() {
    let mut hall = Hall::new(45);
    hall.enter(Phone::new(A, Codec::Pcmu).tone(300, -16.0));
    hall.enter(Phone::new(B, Codec::Pcmu).tone(600, -16.0));
    hall.run_s(2);
    hall.forget();
    let mixed = Reel::start(&mut hall, 1, A, Scope::Call, Layout::Mix);
    let apart = Reel::start(&mut hall, 2, A, Scope::Call, Layout::Apart(2));
    let of_b = Reel::start(&mut hall, 3, B, Scope::Leg, Layout::Apart(2));
    hall.run_s(5);
    for id in 1..=3 {
        record(&mut hall, id, if id == 3 { B } else { A }, Record::Stop);
    }
    hall.run_s(2);
    for leg in [A, B] {
        hall.assert_one_line(leg);
        assert!(hall.loudest_click(leg) < -40.0, "{leg}: {}", hall.loudest_click(leg));
    }
    let [mixed, apart, of_b] = [mixed, apart, of_b].map(Reel::rewind);
    for channel in mixed.iter().chain(&apart).chain(&of_b) {
        assert!(channel.len().abs_diff(40_000) <= 320, "{} samples", channel.len());
    }
    let middle = |sound: &[i16]| sound[1600..38_400].to_vec();
    assert!(has(&middle(&mixed[0]), 300) && has(&middle(&mixed[0]), 600));
    for (channel, own, other) in
        [(&apart[0], 300, 600), (&apart[1], 600, 300), (&of_b[0], 600, 300), (&of_b[1], 300, 600)]
    {
        assert!(has(&middle(channel), own) && lacks(&middle(channel), other));
    }
}

#[test]
fn music_whispers_and_coaches_are_on_no_tape() {
    let mut hall = three(46);
    hall.enter(Phone::new(4, Codec::Pcmu).tone(2100, -16.0));
    hall.command(Command::Role { leg: relation(4), role: Role::Coach { target: relation(B) } });
    let mixed = Reel::start(&mut hall, 1, A, Scope::Call, Layout::Mix);
    let apart = Reel::start(&mut hall, 2, A, Scope::Call, Layout::Apart(8));
    let of_a = Reel::start(&mut hall, 3, A, Scope::Leg, Layout::Apart(2));
    hall.run_s(2);
    hall.command(Command::Role { leg: relation(A), role: Role::Held });
    play(&mut hall, A, Playback { repeat: Repeat::Forever, ..playback(1, tone(1500.0, 1000)) });
    hall.command(Command::Whisper { leg: relation(B), playback: Some(playback(2, tone(1500.0, 2000))) });
    hall.run_s(2);
    hall.command(Command::Role { leg: relation(A), role: Role::Talk });
    hall.command(Command::Play { leg: relation(A), source: None });
    hall.run_s(2);
    for id in 1..=3 {
        record(&mut hall, id, A, Record::Stop);
    }
    let reels = [mixed, apart, of_a].map(Reel::rewind);
    for channel in reels.iter().flatten() {
        assert!(channel.len().abs_diff(48_000) <= 320);
        assert!(lacks(channel, 1500) && lacks(channel, 2100));
    }
    let [mixed, apart, of_a] = reels;
    let held = 18_000..30_000;
    assert!(loudness(&apart[0][held.clone()]) < -60.0 && loudness(&of_a[0][held.clone()]) < -60.0);
    assert!(loudness(&of_a[1][held.clone()]) < -60.0, "it heard music, and nobody");
    assert!(has(&mixed[0][held.clone()], 600) && lacks(&mixed[0][held], 300));
    assert!(has(&apart[0][34_000..46_000], 300) && has(&mixed[0][34_000..46_000], 300));
    assert!((3..8).all(|channel| loudness(&apart[channel]) < -90.0));
}

#[test]
fn what_is_said_in_a_pause_is_left_out() {
    let mut hall = three(47);
    let reel = Reel::start(&mut hall, 1, A, Scope::Call, Layout::Mix);
    hall.run_s(1);
    record(&mut hall, 1, A, Record::Pause);
    hall.leave(C);
    hall.run_s(3);
    record(&mut hall, 1, A, Record::Resume);
    hall.run_s(1);
    record(&mut hall, 1, A, Record::Stop);
    let sound = &reel.rewind()[0];
    assert!(sound.len().abs_diff(16_000) <= 480, "{}", sound.len());
    assert!(has(&sound[1000..7000], 900) && lacks(&sound[9000..15_000], 900) && has(&sound[9000..15_000], 600));
}

#[test]
fn a_recording_goes_with_the_caller_and_stays_when_the_caller_leaves() {
    let mut hall = three(48);
    let call = Reel::start(&mut hall, 1, B, Scope::Call, Layout::Apart(3));
    let leg = Reel::start(&mut hall, 2, C, Scope::Leg, Layout::Apart(2));
    hall.run_s(1);
    hall.move_to_new_room(B);
    hall.move_to_new_room(C);
    hall.run_s(1);
    hall.leave(B);
    hall.run_s(1);
    hall.leave(C);
    hall.run_s(1);
    let (call, leg) = (call.rewind(), leg.rewind());
    // The last has left both; a recording of whoever is left ends with them.
    assert!(call[0].len().abs_diff(24_000) <= 320 && leg[0].len().abs_diff(24_000) <= 320);
    assert!(has(&call[0][1000..15_000], 600) && loudness(&call[0][17_000..]) < -60.0);
    // A is heard until B has moved away; C is there all the time.
    assert!(has(&leg[0][1000..23_000], 900) && has(&leg[1][9000..15_000], 600) && has(&leg[1][1000..7000], 300));
    assert!(lacks(&call[1][9000..], 300) && lacks(&call[2][9000..], 300));
}
