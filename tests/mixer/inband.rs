//! Digits in the sound, by INFO, and in several ways at once.

use super::{
    A, B, C, dialled_digit,
    listening::{Hall, Phone, relation},
};
use warmline::media::{Command, DigitMode, Dtmf, Event, Role, sdp::Codec};

const DIALLED: &str = "159#*0DA77";

fn told(hall: &Hall) -> String {
    hall.events.iter().filter_map(dialled_digit).collect()
}

fn lengths(hall: &Hall) -> Vec<u16> {
    let length = |event: &Event| if let Event::Digit { duration_ms, .. } = event { Some(*duration_ms) } else { None };
    hall.events.iter().filter_map(length).collect()
}

/// Dials all of them, 100 ms each.
fn dial(hall: &mut Hall) {
    for digit in DIALLED.chars() {
        hall.sing(A, digit, 100, 100);
        hall.run_ms(200);
    }
    hall.run_ms(500);
}

/// Neither tone of any digit.
fn assert_hears_no_tones(hall: &Hall, leg: u64) {
    for frequency in [697, 770, 852, 941, 1209, 1336, 1477, 1633] {
        let level = hall.loudest(leg, frequency);
        assert!(level < -40.0, "{leg} hears {frequency} Hz at {level}");
    }
}

#[test]
fn digits_in_the_sound_are_told_once_and_go_on_as_events() {
    for codec in Codec::ALL {
        let mut hall = Hall::new(1);
        hall.enter(Phone::new(A, codec).dtmf(Dtmf::Inband));
        hall.enter(Phone::new(B, codec).digits(101).tone(300, -20.0));
        hall.run_s(1);
        hall.forget();
        dial(&mut hall);
        assert_eq!((told(&hall).as_str(), hall.digits_heard(B).as_str()), (DIALLED, DIALLED), "{codec:?}");
        assert!(lengths(&hall).iter().all(|ms| ms.abs_diff(100) <= 20), "{codec:?}: {:?}", lengths(&hall));
        assert_hears_no_tones(&hall, B);
        assert!(hall.loudest_click(B) < -40.0, "{codec:?}: {}", hall.loudest_click(B));
        hall.assert_one_line(B);
        assert!(hall.level(A, 300) > -21.0);
    }
}

#[test]
fn with_loss_and_jitter_each_is_still_told_once() {
    for seed in 0..5 {
        let mut hall = Hall::new(seed).jittery(30).lossy(0.01);
        hall.enter(Phone::new(A, Codec::Pcma).dtmf(Dtmf::Inband).tone(400, -30.0));
        hall.enter(Phone::new(B, Codec::Pcmu).digits(101));
        hall.run_s(3);
        dial(&mut hall);
        assert_eq!((told(&hall).as_str(), hall.digits_heard(B).as_str()), (DIALLED, DIALLED), "seed {seed}");
    }
}

#[test]
fn voice_passes_between_digits() {
    let mut hall = Hall::new(2);
    hall.enter(Phone::new(A, Codec::Pcmu).dtmf(Dtmf::Inband).tone(400, -20.0));
    hall.enter(Phone::new(B, Codec::Pcmu).tone(500, -20.0));
    hall.run_s(1);
    hall.forget();
    hall.run_s(5);
    assert!((hall.level(B, 400) + 20.0).abs() < 0.5 && hall.gaps(B) == 0);
    hall.sing(A, '5', 300, 0);
    hall.run_s(2);
    hall.forget();
    hall.run_s(1);
    assert!((hall.level(B, 400) + 20.0).abs() < 0.5);
}

#[test]
fn a_phone_that_tells_in_every_way_presses_once() {
    let mut hall = Hall::new(3);
    hall.enter(Phone::new(A, Codec::Pcmu).digits(96).dtmf(Dtmf::Inband));
    hall.enter(Phone::new(B, Codec::Pcma).digits(101));
    hall.run_s(1);
    for digit in DIALLED.chars() {
        // A gateway hears the tone before it makes an event of it.
        hall.sing(A, digit, 100, 0);
        hall.run_ms(40);
        hall.press(A, digit, 80);
        hall.run_ms(110);
        hall.command(Command::Pressed { leg: relation(A), digit, duration_ms: 160 });
        hall.run_ms(150);
    }
    assert_eq!((told(&hall).as_str(), hall.digits_heard(B).as_str()), (DIALLED, DIALLED));
}

#[test]
fn collected_digits_are_heard_by_nobody_in_any_way() {
    let mut hall = Hall::new(4);
    hall.enter(Phone::new(A, Codec::Pcmu).dtmf(Dtmf::Inband));
    hall.enter(Phone::new(B, Codec::Pcmu).digits(101));
    hall.command(Command::Digits { leg: relation(A), mode: DigitMode::Collect });
    hall.run_s(1);
    hall.forget();
    dial(&mut hall);
    assert_eq!((told(&hall).as_str(), hall.digits_heard(B).as_str()), (DIALLED, ""));
    assert_hears_no_tones(&hall, B);
}

#[test]
fn the_muted_and_the_held_may_dial() {
    for role in [Role::Muted, Role::Held, Role::Monitor] {
        let mut hall = Hall::new(5);
        hall.enter(Phone::new(A, Codec::Pcmu).dtmf(Dtmf::Inband));
        hall.enter(Phone::new(B, Codec::Pcmu).digits(101));
        hall.enter(Phone::new(C, Codec::Pcmu));
        hall.command(Command::Role { leg: relation(A), role });
        hall.run_s(1);
        dial(&mut hall);
        assert_eq!((told(&hall).as_str(), hall.digits_heard(B).as_str()), (DIALLED, ""), "{role:?}");
    }
}

#[test]
fn who_wants_tones_gets_them_and_its_echo_is_no_digit() {
    let mut hall = Hall::new(6);
    hall.enter(Phone::new(A, Codec::Pcmu).digits(96));
    hall.enter(Phone::new(B, Codec::Pcmu).digits(101).dtmf(Dtmf::Inband));
    hall.run_s(1);
    hall.forget();
    hall.press(A, '5', 500);
    hall.run_ms(100);
    hall.sing(B, '5', 400, 0);
    hall.run_s(1);
    assert!(hall.loudest(B, 770) > -14.0 && hall.loudest(B, 1336) > -14.0);
    assert_eq!((told(&hall).as_str(), hall.digits_heard(B).as_str(), hall.digits_heard(A).as_str()), ("5", "", ""));
    assert_hears_no_tones(&hall, A);
}

#[test]
fn who_wants_info_is_told_to_the_call() {
    let mut hall = Hall::new(7);
    hall.enter(Phone::new(A, Codec::Pcmu).digits(96));
    hall.enter(Phone::new(B, Codec::Pcmu).digits(101).dtmf(Dtmf::Info));
    hall.run_s(1);
    hall.press(A, '5', 140);
    hall.run_ms(500);
    hall.command(Command::SendDigit { leg: relation(B), digit: '6', duration_ms: 100 });
    hall.command(Command::Pressed { leg: relation(B), digit: '7', duration_ms: 120 });
    hall.run_ms(500);
    let dial = |event: &Event| {
        if let Event::Dial { leg, digit, duration_ms } = event { Some((leg.0, *digit, *duration_ms)) } else { None }
    };
    let dialled: Vec<_> = hall.events.iter().filter_map(dial).collect();
    assert_eq!(dialled, [(B, '5', 140), (B, '6', 100)]);
    assert_eq!((told(&hall).as_str(), hall.digits_heard(B).as_str(), hall.digits_heard(A).as_str()), ("57", "", "7"));
}

#[test]
fn auto_listens_where_there_are_no_events() {
    for (events, wakes) in [(Some(101), false), (None, true)] {
        let mut hall = Hall::new(8);
        let phone = Phone::new(A, Codec::Pcmu).dtmf(Dtmf::Auto);
        hall.enter(if let Some(kind) = events { phone.digits(kind) } else { phone });
        hall.enter(Phone::new(B, Codec::Pcmu).digits(101));
        hall.run_s(1);
        let before = hall.wakes;
        hall.run_s(1);
        assert_eq!(hall.wakes - before > 20, wakes, "it is mixed where somebody has to listen");
        dial(&mut hall);
        assert_eq!(told(&hall), if wakes { DIALLED } else { "" });
    }
}

#[test]
fn a_digit_that_sounds_when_the_leg_leaves_ends() {
    let mut hall = Hall::new(9);
    hall.enter(Phone::new(A, Codec::Pcmu).dtmf(Dtmf::Inband));
    hall.enter(Phone::new(B, Codec::Pcma).digits(101));
    hall.run_s(1);
    hall.sing(A, '8', 2000, 0);
    hall.run_ms(500);
    hall.leave(A);
    hall.run_s(1);
    assert_eq!((told(&hall).as_str(), hall.digits_heard(B).as_str()), ("8", "8"));
}
