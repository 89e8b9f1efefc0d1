//! The mixer as a whole: phones that send tones, and what each of them hears.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail, and needs a time to start from")]

mod clicks;
mod codecs;
mod comfort;
mod inband;
mod latency;
mod listening;
mod rates;
mod reports;
mod secret;
mod shared;
mod sounds;
mod walk;

use listening::{Hall, Phone, relation};
use warmline::media::{
    Command, DigitMode, Event, Role, Source,
    sdp::{Codec, Direction},
};

const A: u64 = 1;
const B: u64 = 2;
const C: u64 = 3;

/// Each hears all others within 1 dB of how they speak, itself not at all, and nothing has a gap.
fn everybody_hears_the_others(legs: u64, seconds: u64) {
    let mut hall = Hall::new(u64::from(legs as u32));
    for leg in 1..=legs {
        let codec = if leg % 2 == 0 { Codec::Pcma } else { Codec::Pcmu };
        hall.enter(Phone::new(leg, codec).tone(250 + 60 * leg as u32, -36.0));
    }
    hall.run_s(2);
    hall.forget();
    hall.run_s(seconds);
    for listener in 1..=legs {
        for speaker in 1..=legs {
            let level = hall.level(listener, 250 + 60 * speaker as u32);
            if speaker == listener {
                assert!(level < -50.0 - 36.0 + 20.0, "{listener} hears itself at {level}");
            } else {
                assert!((level + 36.0).abs() < 1.0, "{listener} hears {speaker} at {level}");
            }
        }
        assert_eq!(hall.gaps(listener), 0, "{listener} has gaps");
    }
}

#[test]
fn two_hear_each_other() {
    everybody_hears_the_others(2, 60);
}

#[test]
fn three_hear_each_other() {
    everybody_hears_the_others(3, 60);
}

#[test]
fn ten_hear_each_other() {
    everybody_hears_the_others(10, 20);
}

#[test]
fn fifty_hear_each_other() {
    everybody_hears_the_others(50, 5);
}

#[test]
fn two_with_one_codec_are_relayed_and_sleep_between_packets() {
    let mut hall = Hall::new(1);
    hall.enter(Phone::new(A, Codec::Pcma).tone(400, -20.0));
    hall.enter(Phone::new(B, Codec::Pcma).tone(500, -20.0));
    hall.run_s(1);
    let before = hall.wakes;
    hall.run_s(10);
    assert!(hall.wakes - before < 20, "{} wake-ups", hall.wakes - before);
    assert!((hall.level(A, 500) + 20.0).abs() < 0.3 && (hall.level(B, 400) + 20.0).abs() < 0.3);
}

#[test]
fn roles_decide_who_hears_whom() {
    let roles = [
        (Role::Talk, true, true),
        (Role::Muted, false, true),
        (Role::Deaf, true, false),
        (Role::Held, false, false),
        (Role::Monitor, false, true),
    ];
    let mut hall = Hall::new(3);
    for leg in [A, B, C] {
        hall.enter(Phone::new(leg, Codec::Pcmu).tone(300 * leg as u32, -20.0));
    }
    for (role, is_heard, hears) in roles.into_iter().chain(roles.into_iter().rev()) {
        hall.command(Command::Role { leg: relation(B), role });
        hall.run_ms(200);
        hall.forget();
        hall.run_s(1);
        assert_eq!(hall.level(A, 600) > -21.0, is_heard, "{role:?}: heard");
        assert_eq!(hall.level(B, 300) > -21.0 && hall.level(B, 900) > -21.0, hears, "{role:?}: hears");
        assert!(hall.level(A, 900) > -21.0 && hall.level(C, 300) > -21.0, "{role:?}: the others");
        if !is_heard {
            assert!(hall.level(A, 600) < -70.0);
        }
        if !hears {
            assert!(hall.loudness(B) < -70.0);
        }
    }
}

#[test]
fn a_coach_is_heard_by_one() {
    let mut hall = Hall::new(4);
    for leg in [A, B, C] {
        hall.enter(Phone::new(leg, Codec::Pcmu).tone(300 * leg as u32, -20.0));
    }
    for target in [A, B, A] {
        hall.command(Command::Role { leg: relation(C), role: Role::Coach { target: relation(target) } });
        hall.run_ms(200);
        hall.forget();
        hall.run_s(1);
        for leg in [A, B] {
            assert_eq!(hall.level(leg, 900) > -21.0, leg == target, "{leg} hears the coach of {target}");
            assert!(hall.level(C, 300 * leg as u32) > -21.0);
        }
        assert!(hall.loudest_click(A) < -40.0 && hall.loudest_click(B) < -40.0);
    }
}

#[test]
fn the_held_hear_music_and_each_the_same() {
    let mut hall = Hall::new(5);
    for leg in [A, B, C] {
        hall.enter(Phone::new(leg, if leg == A { Codec::Pcma } else { Codec::Pcmu }).tone(300 * leg as u32, -20.0));
    }
    for leg in [B, C] {
        hall.command(Command::Role { leg: relation(leg), role: Role::Held });
        hall.command(Command::Play { leg: relation(leg), source: Some(Source::HoldMusic) });
    }
    hall.run_ms(100);
    hall.forget();
    hall.run_s(5);
    assert!(hall.loudness(B) > -30.0 && hall.level(B, 600) < -50.0 && hall.loudness(A) < -70.0);
    assert_eq!(hall.heard(B)[8000..16_000], hall.heard(C)[8000..16_000]);
}

#[test]
fn an_echo_is_what_was_said() {
    let mut hall = Hall::new(6);
    hall.enter(Phone::new(A, Codec::Pcmu).tone(700, -20.0));
    hall.command(Command::Play { leg: relation(A), source: Some(Source::Echo) });
    hall.run_s(1);
    hall.forget();
    hall.run_s(2);
    assert!((hall.level(A, 700) + 20.0).abs() < 0.5);
    assert_eq!(hall.gaps(A), 0);
}

#[test]
fn tones_are_played_to_one_alone() {
    for (source, frequency) in [(Source::Busy, 425), (Source::Ringback, 425), (Source::Notice, 950)] {
        let mut hall = Hall::new(7);
        hall.enter(Phone::new(A, Codec::Pcmu));
        hall.enter(Phone::new(B, Codec::Pcmu));
        hall.run_ms(100);
        hall.forget();
        hall.command(Command::Play { leg: relation(A), source: Some(source) });
        hall.run_s(2);
        assert!(hall.loudest(A, frequency) > -30.0 && hall.loudness(B) < -70.0);
    }
}

#[test]
fn relay_to_mix_and_back_is_one_line_without_a_click() {
    let mut hall = Hall::new(8);
    hall.enter(Phone::new(A, Codec::Pcmu).tone(400, -16.0));
    hall.enter(Phone::new(B, Codec::Pcmu).tone(500, -16.0));
    hall.run_s(2);
    hall.forget();
    for round in 0..50 {
        hall.command(Command::Role { leg: relation(A), role: Role::Held });
        hall.command(Command::Play { leg: relation(B), source: Some(Source::HoldMusic) });
        hall.run_ms(400 + round * 7);
        hall.command(Command::Role { leg: relation(A), role: Role::Talk });
        hall.command(Command::Play { leg: relation(B), source: None });
        hall.run_ms(500 + round * 3);
    }
    for leg in [A, B] {
        hall.assert_one_line(leg);
        let click = hall.loudest_click(leg);
        assert!(click < -40.0, "{leg}: {click}");
    }
    hall.run_ms(200);
    hall.forget();
    hall.run_s(1);
    assert!(hall.level(A, 500) > -17.0 && hall.level(B, 400) > -17.0);
}

#[test]
fn a_third_who_joins_and_leaves_does_not_click() {
    let mut hall = Hall::new(9);
    hall.enter(Phone::new(A, Codec::Pcmu).tone(400, -16.0));
    hall.enter(Phone::new(B, Codec::Pcmu).tone(500, -16.0));
    hall.run_s(2);
    hall.forget();
    for _ in 0..10 {
        hall.enter(Phone::new(C, Codec::Pcma).tone(700, -16.0));
        hall.run_ms(610);
        hall.leave(C);
        hall.run_ms(530);
    }
    for leg in [A, B] {
        hall.assert_one_line(leg);
        let click = hall.loudest_click(leg);
        assert!(click < -40.0, "{leg}: {click}");
    }
}

#[test]
fn an_idle_room_is_silent() {
    let mut hall = Hall::new(10);
    for leg in 1..=20 {
        hall.enter(Phone::new(leg, if leg % 2 == 0 { Codec::Pcma } else { Codec::Pcmu }).silent());
    }
    hall.run_s(3);
    for leg in 1..=20 {
        assert!(hall.loudness(leg) < -70.0, "{leg}: {}", hall.loudness(leg));
    }
}

#[test]
fn a_member_moves_with_its_line() {
    let mut hall = Hall::new(11);
    for leg in [A, B, C] {
        hall.enter(Phone::new(leg, Codec::Pcmu).tone(300 * leg as u32, -16.0));
    }
    hall.run_s(2);
    hall.forget();
    hall.move_to_new_room(C);
    hall.run_s(1);
    hall.move_to_new_room(B);
    hall.run_s(1);
    for leg in [B, C] {
        hall.assert_one_line(leg);
        assert!(hall.loudest_click(leg) < -40.0, "{leg}: {}", hall.loudest_click(leg));
    }
    assert!(hall.loudest_click(A) < -40.0, "A: {}", hall.loudest_click(A));
    hall.forget();
    hall.run_s(1);
    assert!(hall.level(B, 900) > -17.0 && hall.level(C, 600) > -17.0 && hall.loudness(A) < -70.0);
}

#[test]
fn every_digit_arrives_once_with_the_number_of_each_leg() {
    for relayed in [true, false] {
        for seed in 0..10 {
            let mut hall = Hall::new(seed).lossy(if seed == 0 { 0.0 } else { 0.2 });
            hall.enter(Phone::new(A, Codec::Pcmu).digits(96).tone(400, -20.0));
            hall.enter(Phone::new(B, if relayed { Codec::Pcmu } else { Codec::Pcma }).digits(101));
            hall.run_s(1);
            let dialled = "159#*0DA77";
            for digit in dialled.chars() {
                hall.press(A, digit, 120);
                hall.run_ms(300);
            }
            let told: String = hall.events.iter().filter_map(dialled_digit).collect();
            assert_eq!(told, dialled, "seed {seed}");
            assert_eq!(hall.digits_heard(B), dialled, "seed {seed}");
            hall.assert_one_line(B);
        }
    }
}

fn dialled_digit(event: &Event) -> Option<char> {
    if let Event::Digit { digit, .. } = event { Some(*digit) } else { None }
}

#[test]
fn collected_digits_are_heard_by_nobody() {
    let mut hall = Hall::new(12);
    hall.enter(Phone::new(A, Codec::Pcmu).digits(101));
    hall.enter(Phone::new(B, Codec::Pcmu).digits(101));
    hall.command(Command::Digits { leg: relation(A), mode: DigitMode::Collect });
    hall.run_s(1);
    hall.press(A, '7', 100);
    hall.run_s(1);
    assert!(hall.events.iter().any(|event| matches!(event, Event::Digit { digit: '7', duration_ms: 100, .. })));
    assert_eq!(hall.digits_heard(B), "");
    hall.command(Command::SendDigit { leg: relation(B), digit: '8', duration_ms: 100 });
    hall.run_s(1);
    assert_eq!(hall.digits_heard(B), "8");
}

#[test]
fn who_does_not_take_events_hears_the_tones_of_a_digit() {
    let mut hall = Hall::new(13);
    hall.enter(Phone::new(A, Codec::Pcmu));
    hall.enter(Phone::new(B, Codec::Pcmu));
    hall.run_s(1);
    hall.forget();
    hall.command(Command::SendDigit { leg: relation(A), digit: '5', duration_ms: 1000 });
    hall.run_s(1);
    assert!(hall.level(A, 770) > -12.0 && hall.level(A, 1336) > -12.0 && hall.loudness(B) < -70.0);
    // Two tones of -10 dBFS have codec noise of their own; breaking off would be -16.
    assert!(hall.loudest_click(A) < -30.0, "{}", hall.loudest_click(A));
}

#[test]
fn a_third_party_steals_nothing() {
    let mut hall = Hall::new(14);
    hall.enter(Phone::new(A, Codec::Pcmu).tone(400, -20.0));
    hall.enter(Phone::new(B, Codec::Pcma).tone(500, -20.0));
    hall.run_s(1);
    hall.forget();
    hall.attack(A, 100);
    hall.run_s(2);
    assert!((hall.level(B, 400) + 20.0).abs() < 0.5);
    assert_eq!((hall.sent_elsewhere, hall.gaps(B)), (0, 0));
}

#[test]
fn nothing_is_sent_where_the_direction_forbids_it() {
    let mut hall = Hall::new(15);
    hall.enter(Phone::new(A, Codec::Pcmu).tone(400, -20.0));
    hall.enter(Phone::new(B, Codec::Pcmu).tone(500, -20.0));
    hall.run_s(1);
    hall.renegotiate(B, Direction::RecvOnly, true);
    hall.run_ms(20);
    hall.forget();
    hall.run_s(20);
    assert_eq!(hall.heard(B).len(), 0);
    assert!(hall.loudness(A) < -70.0 && hall.reports(B) > 0);
    hall.renegotiate(B, Direction::SendRecv, false);
    hall.run_ms(200);
    hall.forget();
    hall.run_s(1);
    assert!(hall.level(B, 400) > -21.0 && hall.level(A, 500) > -21.0);
}

#[test]
fn silence_is_told_once_and_not_while_held() {
    let mut hall = Hall::new(16);
    hall.enter(Phone::new(A, Codec::Pcmu).tone(400, -20.0));
    hall.enter(Phone::new(B, Codec::Pcmu).tone(500, -20.0));
    hall.run_s(1);
    let silent = |hall: &Hall| hall.events.iter().filter(|event| matches!(event, Event::Silent { .. })).count();
    hall.command(Command::Role { leg: relation(B), role: Role::Held });
    hall.stop(B);
    hall.run_s(30);
    assert_eq!(silent(&hall), 0);
    hall.command(Command::Role { leg: relation(B), role: Role::Talk });
    hall.run_s(30);
    assert_eq!(silent(&hall), 1);
    assert_eq!(hall.events.iter().filter(|event| matches!(event, Event::Started { .. })).count(), 2);
}

#[test]
fn a_muted_phone_that_only_reports_is_not_silent_until_it_stops_that_too() {
    let mut hall = Hall::new(16);
    hall.enter(Phone::new(A, Codec::Pcmu).tone(400, -20.0));
    hall.enter(Phone::new(B, Codec::Pcmu).tone(500, -20.0));
    hall.run_s(1);
    let silent = |hall: &Hall| hall.events.iter().filter(|event| matches!(event, Event::Silent { .. })).count();
    hall.stop(B);
    for _ in 0..6 {
        hall.run_s(5);
        hall.report(B);
    }
    assert_eq!(silent(&hall), 0);
    hall.run_s(11);
    assert_eq!(silent(&hall), 1);
}

#[test]
fn jitter_loss_and_disorder_are_smoothed() {
    for seed in 0..5 {
        let mut hall = Hall::new(100 + seed).jittery(30).lossy(0.01);
        hall.enter(Phone::new(A, Codec::Pcmu).tone(400, -20.0));
        hall.enter(Phone::new(B, Codec::Pcma).tone(500, -20.0));
        hall.run_s(10);
        hall.forget();
        hall.run_s(20);
        assert!((hall.level(B, 400) + 20.0).abs() < 1.5, "seed {seed}: {}", hall.level(B, 400));
        assert!(hall.gaps(B) <= 2, "seed {seed}: {} gaps", hall.gaps(B));
    }
}

/// Ten minutes of somebody whose clock is not ours.
fn drifts(codec: Codec, ppm: i64) {
    let mut hall = Hall::new(17);
    hall.enter(Phone::new(A, codec).tone(400, -20.0).drift(ppm));
    hall.enter(Phone::new(B, Codec::Pcma).tone(500, -20.0));
    hall.run_s(5);
    hall.forget();
    hall.run_s(600);
    assert_eq!(hall.gaps(B), 0, "{codec:?} {ppm} ppm");
    assert!((hall.level(B, 400) + 20.0).abs() < 1.0, "{codec:?} {ppm} ppm: {}", hall.level(B, 400));
}

#[test]
fn a_clock_that_is_fast_does_not_pile_up() {
    drifts(Codec::Pcmu, 200);
}

#[test]
fn a_clock_that_is_slow_does_not_starve() {
    drifts(Codec::Pcmu, -200);
}

#[test]
fn a_fast_clock_with_opus_does_not_pile_up() {
    drifts(Codec::Opus, 200);
}

#[test]
fn a_slow_clock_with_opus_does_not_starve() {
    drifts(Codec::Opus, -200);
}

#[test]
fn a_fast_clock_with_g722_does_not_pile_up() {
    drifts(Codec::G722, 200);
}

#[test]
fn a_slow_clock_with_g722_does_not_starve() {
    drifts(Codec::G722, -200);
}

#[test]
fn who_takes_short_packets_only_gets_them() {
    for codec in Codec::USUAL {
        for (max_ptime, expected) in [(10, 10), (15, 10), (20, 20), (60, 20)] {
            let mut hall = Hall::new(19);
            hall.enter(Phone::new(A, codec).tone(400, -20.0).max_ptime(max_ptime));
            hall.enter(Phone::new(B, codec).tone(500, -20.0));
            hall.run_s(2);
            hall.forget();
            let before = hall.wakes;
            hall.run_s(3);
            assert_eq!(hall.packet_lengths(A).into_iter().collect::<Vec<_>>(), [expected], "{codec:?} {max_ptime}");
            assert!((hall.level(A, 500) + 20.0).abs() < 1.0, "{codec:?}: {}", hall.level(A, 500));
            assert_eq!((hall.gaps(A), hall.gaps(B)), (0, 0), "{codec:?}");
            assert_eq!(hall.wakes - before < 10, expected == 20, "{codec:?}: relayed unless packets are too long");
            hall.assert_one_line(A);
        }
    }
}

#[test]
fn a_relay_ends_when_packets_become_longer_than_the_other_takes() {
    let mut hall = Hall::new(20);
    hall.enter(Phone::new(A, Codec::Pcmu).tone(400, -20.0).ptime(10).max_ptime(10));
    hall.enter(Phone::new(B, Codec::Pcmu).tone(500, -20.0).ptime(10).max_ptime(10));
    hall.run_s(2);
    let before = hall.wakes;
    hall.run_s(1);
    assert!(hall.wakes - before < 10, "two of short packets are relayed");
    hall.forget();
    hall.pack(B, 30);
    hall.run_s(5);
    assert_eq!(hall.packet_lengths(A).into_iter().collect::<Vec<_>>(), [10]);
    assert!((hall.level(A, 500) + 20.0).abs() < 1.0 && hall.loudest_click(A) < -40.0, "{}", hall.loudest_click(A));
    hall.assert_one_line(A);
}

#[test]
fn packets_of_every_length_are_played() {
    for ptime in [10, 20, 30, 40, 60] {
        let mut hall = Hall::new(18);
        hall.enter(Phone::new(A, Codec::Pcmu).tone(400, -20.0).ptime(ptime));
        hall.enter(Phone::new(B, Codec::Pcma).tone(500, -20.0));
        hall.run_s(2);
        hall.forget();
        hall.run_s(10);
        assert!((hall.level(B, 400) + 20.0).abs() < 0.5, "{ptime} ms: {}", hall.level(B, 400));
        assert_eq!(hall.gaps(B), 0, "{ptime} ms");
    }
}

#[test]
fn short_packets_are_played_wherever_in_a_tick_they_come() {
    for after_ms in (0..20).step_by(3) {
        let mut hall = Hall::new(19).jittery(2);
        hall.enter(Phone::new(A, Codec::Pcmu).tone(400, -20.0));
        hall.run_ms(100 + after_ms);
        hall.enter(Phone::new(B, Codec::G722).tone(500, -20.0).ptime(10));
        hall.run_s(1);
        hall.forget();
        hall.run_s(4);
        // Late ones would be made up: that has no gaps, and takes from the tone.
        assert!((hall.level(A, 500) + 20.0).abs() < 0.5, "{after_ms} ms: {}", hall.level(A, 500));
        assert_eq!(hall.gaps(A), 0, "{after_ms} ms");
    }
}
