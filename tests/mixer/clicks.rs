//! Whatever begins or ends, nobody hears a click above -40 dBFS, and nobody's line breaks.

use super::sounds::{playback, tone};
use super::{
    A, B, C,
    listening::{Hall, Phone, click, relation},
};
use warmline::media::{
    Command, Role, Source,
    sdp::{Codec, Direction},
};

/// Tones of three, at another phase in each tick; one that breaks off at its crest is a click of -32 dBFS.
const LEVEL: f64 = -20.0;
const MOST: f64 = -40.0;

fn phone(leg: u64) -> Phone {
    Phone::new(leg, if leg == C { Codec::Pcma } else { Codec::Pcmu }).tone(300 + 103 * leg as u32, LEVEL)
}

fn hall(seed: u64, legs: &[u64]) -> Hall {
    let mut hall = Hall::new(seed).with_tone_for_music(353, LEVEL);
    legs.iter().for_each(|leg| hall.enter(phone(*leg)));
    hall.run_s(1);
    hall.forget();
    hall
}

/// Something begins and ends often enough to meet the tones at all their phases.
fn nobody_hears_a_click(mut hall: Hall, begin: impl Fn(&mut Hall), end: impl Fn(&mut Hall)) {
    for round in 0..20 {
        begin(&mut hall);
        hall.run_ms(211 + round * 7);
        end(&mut hall);
        hall.run_ms(223 + round * 3);
    }
    for leg in hall.phones() {
        hall.assert_one_line(leg);
        let click = hall.loudest_click(leg);
        assert!(click < MOST, "{leg}: {click}");
    }
}

fn role(role: Role) -> impl Fn(&mut Hall) {
    move |hall| hall.command(Command::Role { leg: relation(C), role })
}

fn play(leg: u64, source: Option<Source>) -> impl Fn(&mut Hall) {
    move |hall| hall.command(Command::Play { leg: relation(leg), source: source.clone() })
}

#[test]
fn the_meter_tells_a_click_from_a_join() {
    let tone = |at: usize| (3276.8 * (at as f64 * 0.314).sin()) as i16;
    let steady: Vec<i16> = (0..4000).map(tone).collect();
    let cut: Vec<i16> = (0..4000).map(|at| if at < 2005 { tone(at) } else { 0 }).collect();
    let weight = |at: usize| 0.5 + 0.5 * ((at.clamp(2000, 2040) - 2000) as f64 * std::f64::consts::PI / 40.0).cos();
    let faded: Vec<i16> = (0..4000).map(|at| (f64::from(tone(at)) * weight(at)) as i16).collect();
    assert!(click(&steady) < -75.0, "steady: {}", click(&steady));
    assert!(click(&cut) > -34.0, "cut: {}", click(&cut));
    assert!(click(&faded) < -60.0, "faded: {}", click(&faded));
}

#[test]
fn joining_and_leaving() {
    nobody_hears_a_click(hall(1, &[A, B, 4]), |hall| hall.enter(phone(C)), |hall| hall.leave(C));
}

#[test]
fn joining_two_who_are_relayed_and_leaving_them() {
    nobody_hears_a_click(hall(2, &[A, B]), |hall| hall.enter(phone(C)), |hall| hall.leave(C));
}

#[test]
fn every_role() {
    for (seed, other) in [Role::Muted, Role::Held, Role::Deaf, Role::Monitor, Role::Coach { target: relation(A) }]
        .into_iter()
        .enumerate()
    {
        nobody_hears_a_click(hall(seed as u64, &[A, B, C]), role(other), role(Role::Talk));
    }
}

#[test]
fn another_to_coach() {
    let target = |leg| role(Role::Coach { target: relation(leg) });
    nobody_hears_a_click(hall(3, &[A, B, C]), target(A), target(B));
}

#[test]
fn a_coach_and_a_whisper_over_a_loud_mix_are_turned_down_with_it() {
    let loud = |leg| Phone::new(leg, Codec::L16Narrow).tone(300 + 103 * leg as u32, -4.0);
    let mut hall = Hall::new(11);
    [A, B, C, 4].into_iter().for_each(|leg| hall.enter(loud(leg)));
    let role = Role::Coach { target: relation(A) };
    hall.command(Command::Role { leg: relation(C), role });
    hall.command(Command::Whisper { leg: relation(A), playback: Some(playback(1, tone(250.0, 60_000))) });
    hall.run_s(1);
    hall.forget();
    hall.run_s(3);
    for other in [B, C, 4] {
        let level = hall.level(A, 300 + 103 * other as u32);
        assert!((-20.0..-6.0).contains(&level), "{other}: {level}");
    }
    // Cut at full scale they sound above 2 kHz at -20.
    assert!(hall.loudest_click(A) < MOST, "{}", hall.loudest_click(A));
    hall.forget();
    hall.command(Command::Role { leg: relation(C), role: Role::Held });
    hall.command(Command::Whisper { leg: relation(A), playback: None });
    hall.run_s(3);
    assert!(hall.loudest_click(A) < MOST, "{}", hall.loudest_click(A));
    assert!(hall.level(A, 300 + 103 * B as u32) > -8.5, "{}", hall.level(A, 300 + 103 * B as u32));
}

#[test]
fn holding_one_of_three_with_music() {
    let begin = |hall: &mut Hall| {
        role(Role::Held)(hall);
        play(C, Some(Source::HoldMusic))(hall);
    };
    let end = |hall: &mut Hall| {
        role(Role::Talk)(hall);
        play(C, None)(hall);
    };
    nobody_hears_a_click(hall(4, &[A, B, C]), begin, end);
}

#[test]
fn holding_one_of_two_who_are_relayed() {
    let begin = |hall: &mut Hall| {
        hall.command(Command::Role { leg: relation(A), role: Role::Held });
        play(B, Some(Source::HoldMusic))(hall);
    };
    let end = |hall: &mut Hall| {
        hall.command(Command::Role { leg: relation(A), role: Role::Talk });
        play(B, None)(hall);
    };
    nobody_hears_a_click(hall(5, &[A, B]), begin, end);
}

#[test]
fn everything_that_is_played() {
    let sources = [Source::HoldMusic, Source::Ringback, Source::Busy, Source::Echo, Source::Silence];
    for (seed, source) in sources.into_iter().enumerate() {
        nobody_hears_a_click(hall(seed as u64, &[A, B, C]), play(C, Some(source.clone())), play(C, None));
    }
}

#[test]
fn an_echo_on_a_held_leg() {
    let mut hall = hall(6, &[A, B, C]);
    role(Role::Held)(&mut hall);
    nobody_hears_a_click(hall, play(C, Some(Source::Echo)), play(C, None));
}

#[test]
fn from_music_to_a_tone_and_back() {
    nobody_hears_a_click(hall(7, &[A, B, C]), play(C, Some(Source::HoldMusic)), play(C, Some(Source::Busy)));
}

#[test]
fn another_codec_in_mid_call() {
    for (seed, legs) in [(8, &[A, B, C][..]), (9, &[A, B])] {
        let change = |codec| move |hall: &mut Hall| hall.change_codec(B, codec);
        nobody_hears_a_click(hall(seed, legs), change(Codec::Pcma), change(Codec::Pcmu));
    }
}

#[test]
fn a_phone_that_holds_by_itself() {
    let begin = |hall: &mut Hall| hall.renegotiate(C, Direction::SendOnly, true);
    nobody_hears_a_click(hall(10, &[A, B, C]), begin, |hall| hall.renegotiate(C, Direction::SendRecv, false));
}
