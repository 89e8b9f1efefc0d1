//! Codecs of telephone sound and of all that can be heard in one room.

use super::{
    A, B, C,
    listening::{Hall, Phone, relation},
};
use warmline::media::{Command, Role, Source, sdp::Codec};

const LEVEL: f64 = -20.0;

fn hall(seed: u64, codecs: [Codec; 3]) -> Hall {
    let mut hall = Hall::new(seed).with_tone_for_music(353, LEVEL);
    for (leg, codec) in (A..).zip(codecs) {
        hall.enter(Phone::new(leg, codec).wide().tone(300 + 103 * leg as u32, LEVEL));
    }
    hall.run_s(1);
    hall.forget();
    hall
}

#[test]
fn those_who_can_hear_more_than_telephone_sound() {
    for best in [Codec::Opus, Codec::L16Full] {
        let mut hall = Hall::new(1);
        hall.enter(Phone::new(A, best).wide().tone(6000, LEVEL));
        hall.enter(Phone::new(B, best).wide().tone(11_000, LEVEL));
        hall.enter(Phone::new(C, Codec::Pcmu).tone(1000, LEVEL));
        hall.enter(Phone::new(4, Codec::L16Wide).tone(2500, LEVEL));
        hall.run_s(3);
        hall.forget();
        hall.run_s(3);
        let heard = |leg, tone| hall.level_of_all(leg, tone);
        assert!((heard(A, 11_000) - LEVEL).abs() < 2.0 && (heard(B, 6000) - LEVEL).abs() < 2.0, "{best:?}");
        assert!((heard(4, 6000) - LEVEL).abs() < 2.0, "{best:?}: {}", heard(4, 6000));
        for leg in [A, B, 4] {
            assert!((heard(leg, 1000) - LEVEL).abs() < 2.0, "{best:?}: {leg} hears {}", heard(leg, 1000));
        }
        // Neither what does not fit, nor its mirror image.
        assert!((heard(C, 2500) - LEVEL).abs() < 1.0, "{best:?}: {}", heard(C, 2500));
        for (leg, image) in [(C, 8000 - 6000), (C, 11_000 - 8000), (4, 16_000 - 11_000), (4, 8000 - 1000)] {
            assert!(heard(leg, image) < -60.0, "{best:?}: {leg} hears {image} at {}", heard(leg, image));
        }
        for leg in [A, B, C, 4] {
            assert_eq!(hall.gaps(leg), 0);
            hall.assert_one_line(leg);
        }
    }
}

#[test]
fn nobody_hears_a_click_when_a_better_codec_comes_and_goes() {
    for (seed, better) in [Codec::L16Wide, Codec::L16Full].into_iter().enumerate() {
        let mut hall = hall(seed as u64, [Codec::Pcmu, Codec::Pcma, Codec::Pcmu]);
        for round in 0..20 {
            hall.enter(Phone::new(4, better).tone(700, LEVEL));
            hall.run_ms(211 + round * 7);
            hall.leave(4);
            hall.run_ms(223 + round * 3);
        }
        for leg in [A, B, C] {
            hall.assert_one_line(leg);
            let click = hall.loudest_click(leg);
            assert!(click < -40.0, "{better:?} {leg}: {click}");
        }
    }
}

#[test]
fn nobody_hears_a_click_when_the_worst_codec_comes_and_goes() {
    let mut hall = hall(5, [Codec::L16Full, Codec::L16Full, Codec::L16Wide]);
    for round in 0..20 {
        hall.enter(Phone::new(4, Codec::Pcma).tone(700, LEVEL));
        hall.run_ms(211 + round * 7);
        hall.leave(4);
        hall.run_ms(223 + round * 3);
    }
    for leg in [A, B, C] {
        hall.assert_one_line(leg);
        let click = hall.loudest_click(leg);
        assert!(click < -40.0, "{leg}: {click}");
    }
}

#[test]
fn roles_and_music_among_different_rates() {
    let mut hall = hall(6, [Codec::Pcmu, Codec::L16Wide, Codec::L16Full]);
    let changes = [
        Command::Role { leg: relation(C), role: Role::Coach { target: relation(A) } },
        Command::Play { leg: relation(B), source: Some(Source::HoldMusic) },
        Command::Role { leg: relation(B), role: Role::Muted },
        Command::Play { leg: relation(B), source: Some(Source::Ringback) },
        Command::Role { leg: relation(C), role: Role::Talk },
        Command::Play { leg: relation(B), source: None },
        Command::Role { leg: relation(B), role: Role::Talk },
        Command::Role { leg: relation(A), role: Role::Coach { target: relation(C) } },
        Command::Role { leg: relation(A), role: Role::Talk },
    ];
    for round in 0..10 {
        for change in changes.clone() {
            hall.command(change);
            hall.run_ms(113 + round * 7);
        }
    }
    for leg in [A, B, C] {
        hall.assert_one_line(leg);
        let click = hall.loudest_click(leg);
        assert!(click < -40.0, "{leg}: {click}");
    }
}

#[test]
fn from_telephone_sound_to_all_that_can_be_heard_in_mid_call() {
    let mut hall = hall(7, [Codec::Pcmu, Codec::Pcmu, Codec::L16Full]);
    for codec in [Codec::L16Full, Codec::Pcmu, Codec::L16Wide, Codec::Pcma] {
        hall.change_codec(A, codec);
        hall.run_ms(500);
        hall.forget();
        hall.run_s(1);
        for (listener, speaker) in [(A, B), (A, C), (B, A), (C, A), (C, B)] {
            let level = hall.level(listener, 300 + 103 * speaker as u32);
            // The phone goes on with the tone it had, now at another rate.
            assert!(speaker == A || (level - LEVEL).abs() < 1.5, "{codec:?}: {listener} hears {speaker} at {level}");
        }
    }
}

/// Whoever changes hears the one sound end and the other begin.
#[test]
fn another_rate_in_mid_call_does_not_click() {
    let codecs = [Codec::Opus, Codec::Pcma, Codec::G722, Codec::L16Full, Codec::Opus, Codec::L16Wide, Codec::Pcmu];
    for (seed, legs) in [(8, 3), (9, 2)] {
        let mut hall = Hall::new(seed).with_tone_for_music(353, LEVEL);
        for leg in 1..=legs {
            let codec = if leg == C { Codec::L16Full } else { Codec::Pcmu };
            hall.enter(Phone::new(leg, codec).wide().tone(300 + 103 * leg as u32, LEVEL));
        }
        hall.run_s(1);
        hall.forget();
        for round in 0..3 {
            if round == 2 {
                hall.command(Command::Play { leg: relation(A), source: Some(Source::HoldMusic) });
            }
            for codec in codecs {
                hall.run_ms(213 + round * 7 + seed);
                hall.change_codec(A, codec);
            }
        }
        hall.run_ms(300);
        assert_eq!(hall.last_ssrcs(A), 1);
        let click = hall.loudest_click_of_parts(A);
        assert!(click < -40.0, "{seed}: {click}");
        for leg in 2..=legs {
            hall.assert_one_line(leg);
            let click = hall.loudest_click(leg);
            // A new encoder of the phone's that begins in the middle of a tone.
            assert!(click < -36.0, "{seed} {leg}: {click}");
        }
    }
}
