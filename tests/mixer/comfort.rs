//! Comfort noise (RFC 3389): heard as loud as was said, and sent to nobody who did not ask.

use super::{
    A, B, C,
    listening::{Hall, Phone},
};
use warmline::media::sdp::Codec;

/// -50 dBov; a sine of full scale has 3 dB less power than that counts from.
const QUIET: [u8; 1] = [50];
const HEARD: f64 = -47.0;

fn is_heard(hall: &mut Hall, leg: u64, expected: f64) {
    hall.run_ms(500);
    hall.forget();
    hall.run_s(3);
    let level = hall.loudness(leg);
    assert!((level - expected).abs() < 1.5, "{leg} hears {level}");
    assert_eq!(hall.gaps(leg), 0);
}

#[test]
fn in_a_mix_it_is_heard_until_somebody_talks_again() {
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
        let mut hall = Hall::new(1);
        hall.enter(Phone::new(A, codec).tone(400, -20.0));
        hall.enter(Phone::new(B, Codec::L16Narrow));
        hall.enter(Phone::new(C, Codec::L16Narrow));
        hall.run_s(1);
        hall.forget();
        hall.fall_quiet(A, &QUIET);
        hall.run_s(1);
        assert!(hall.loudest_click(B) < -40.0, "{}", hall.loudest_click(B));
        for leg in [B, C] {
            // Half of it is above what is looked at.
            is_heard(&mut hall, leg, if codec == Codec::G722 { HEARD - 3.0 } else { HEARD });
        }
        hall.forget();
        hall.talk_again(A);
        hall.run_s(1);
        hall.forget();
        hall.run_s(1);
        assert!((hall.level(B, 400) + 20.0).abs() < 0.5 && hall.gaps(B) == 0);
    }
}

#[test]
fn who_did_not_ask_for_it_hears_it_as_sound() {
    let mut hall = Hall::new(2);
    hall.enter(Phone::new(A, Codec::Pcmu).tone(400, -20.0));
    hall.enter(Phone::new(B, Codec::Pcmu).tone(500, -20.0));
    hall.run_s(1);
    hall.fall_quiet(A, &QUIET);
    is_heard(&mut hall, B, HEARD);
    hall.assert_one_line(B);
    hall.talk_again(A);
    hall.run_s(1);
    hall.forget();
    hall.run_s(1);
    assert!((hall.level(B, 400) + 20.0).abs() < 0.5 && hall.gaps(B) == 0);
    assert!((hall.level(A, 500) + 20.0).abs() < 0.5);
}

#[test]
fn who_asked_for_it_gets_it() {
    let mut hall = Hall::new(3);
    hall.enter(Phone::new(A, Codec::Pcmu).tone(400, -20.0));
    hall.enter(Phone::new(B, Codec::Pcmu).takes_noise());
    hall.run_s(1);
    let before = hall.wakes;
    hall.fall_quiet(A, &[60, 100, 140]);
    hall.run_s(2);
    assert_eq!(hall.noises(B), [vec![60, 100, 140]]);
    hall.talk_again(A);
    hall.run_s(1);
    assert!(hall.wakes - before < 10, "it is relayed all the time");
    hall.forget();
    hall.run_s(1);
    assert!((hall.level(B, 400) + 20.0).abs() < 0.5);
}
