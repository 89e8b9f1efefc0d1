//! Who hears the same gets the same packet: one encoder for all of them, and nobody hears when he gets one of his own.

use super::{
    A, B, C,
    listening::{Hall, Phone, relation},
};
use warmline::media::{
    Command, Role, Source,
    sdp::{Codec, Direction, OpusFormat},
};

/// So many hear, and the first three of them talk.
const LEGS: u64 = 12;
const TALKERS: u64 = 3;

fn room(codec: Codec, legs: u64, talkers: u64) -> Hall {
    let mut hall = Hall::new(30);
    for leg in 1..=legs {
        let phone = Phone::new(leg, codec);
        hall.enter(if leg <= talkers { phone.tone(tone(leg), -20.0) } else { phone });
    }
    hall.run_s(1);
    hall.forget();
    hall
}

fn tone(leg: u64) -> u32 {
    300 + 110 * leg as u32
}

fn mute(hall: &mut Hall, leg: u64, is_muted: bool) {
    let role = if is_muted { Role::Muted } else { Role::Talk };
    hall.command(Command::Role { leg: relation(leg), role });
}

#[test]
fn the_silent_cost_one_encode_together() {
    for codec in Codec::ALL {
        let mut hall = room(codec, LEGS, TALKERS);
        let before = hall.encodes();
        hall.run_s(4);
        assert_eq!(hall.encodes() - before, 200 * (TALKERS + 1), "{codec:?}");
        for listener in 1..=LEGS {
            for speaker in 1..=TALKERS {
                let level = hall.level(listener, tone(speaker));
                if listener == speaker {
                    assert!(level < -45.0, "{codec:?}: {listener} hears itself at {level}");
                } else {
                    assert!((level + 20.0).abs() < 1.0, "{codec:?}: {listener} hears {speaker} at {level}");
                }
            }
            assert_eq!(hall.gaps(listener), 0, "{codec:?}: {listener}");
            hall.assert_one_line(listener);
        }
        let first = hall.heard(TALKERS + 1);
        (TALKERS + 2..=LEGS).for_each(|leg| assert!(hall.heard(leg)[800..] == first[800..], "{codec:?}: {leg}"));
    }
}

#[test]
fn each_codec_has_one_encoder() {
    let mut hall = Hall::new(31);
    for leg in 1..=20 {
        let phone = Phone::new(leg, Codec::ALL[leg as usize % Codec::ALL.len()]);
        hall.enter(if leg == A { phone.tone(400, -20.0) } else { phone });
    }
    hall.run_s(1);
    let before = hall.encodes();
    hall.run_s(1);
    assert_eq!(hall.encodes() - before, 50 * (Codec::ALL.len() as u64 + 1));
}

/// Five who hear tones; the second and the third begin and end to talk all the time, two never do.
fn nobody_hears_a_click(codec: Codec, opus: OpusFormat) {
    let mut hall = Hall::new(32);
    for leg in 1..=5 {
        hall.enter(Phone::new(leg, codec).opus(opus).wide().tone(300 + 103 * leg as u32, -22.0));
    }
    [4, 5].into_iter().for_each(|leg| mute(&mut hall, leg, true));
    hall.run_s(2);
    hall.forget();
    for round in 0..12 {
        mute(&mut hall, B, true);
        hall.run_ms(300 + round * 7);
        mute(&mut hall, C, round % 3 == 0);
        hall.run_ms(150 + round * 11);
        mute(&mut hall, B, false);
        hall.run_ms(170 + round * 3);
    }
    for leg in 1..=5 {
        hall.assert_one_line(leg);
        let click = hall.loudest_click(leg);
        assert!(click < -40.0, "{codec:?} {opus:?} {leg}: {click}");
    }
}

#[test]
fn who_begins_and_ends_to_talk_hears_no_click() {
    [Codec::Pcmu, Codec::G722].into_iter().for_each(|codec| nobody_hears_a_click(codec, OpusFormat::default()));
}

/// At these rates libopus takes each of its ways of coding.
#[test]
fn who_begins_and_ends_to_talk_hears_no_click_by_opus() {
    for (most, fec) in [(None, false), (Some(32_000), true), (Some(20_000), false)] {
        nobody_hears_a_click(Codec::Opus, OpusFormat { max_average_bitrate: most, fec, ..OpusFormat::default() });
    }
}

#[test]
fn who_was_alone_with_an_encoder_keeps_it() {
    for codec in [Codec::G722, Codec::Opus] {
        let mut hall = room(codec, 3, 3);
        let before = hall.encodes();
        for _ in 0..10 {
            mute(&mut hall, C, true);
            hall.run_ms(500);
            mute(&mut hall, C, false);
            hall.run_ms(500);
        }
        assert_eq!(hall.encodes() - before, 500 * 3, "{codec:?}");
    }
}

#[test]
fn the_loud_are_turned_down_for_all_alike() {
    for codec in [Codec::Pcmu, Codec::Opus] {
        let mut hall = Hall::new(33);
        for leg in 1..=8 {
            let phone = Phone::new(leg, codec);
            hall.enter(if leg <= 5 { phone.tone(tone(leg), -3.0) } else { phone });
        }
        hall.run_s(1);
        hall.forget();
        let before = hall.encodes();
        hall.run_s(2);
        assert_eq!(hall.encodes() - before, 100 * 6, "{codec:?}");
        let (one, other) = (hall.heard(7), hall.heard(8));
        assert!(one[800..] == other[800..], "{codec:?}");
        let [loud, noise] = [tone(3), 560].map(|frequency| hall.level(7, frequency));
        assert!(loud > -20.0 && noise < loud - 20.0, "{codec:?}: {loud}, {noise}");
    }
}

#[test]
fn music_and_silence_are_encoded_once_too() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let mut hall = room(codec, LEGS, TALKERS);
        for leg in 5..=8 {
            hall.command(Command::Role { leg: relation(leg), role: Role::Held });
            hall.command(Command::Play { leg: relation(leg), source: Some(Source::HoldMusic) });
        }
        for leg in 9..=10 {
            hall.command(Command::Role { leg: relation(leg), role: Role::Deaf });
        }
        hall.run_s(1);
        hall.forget();
        let before = hall.encodes();
        hall.run_s(1);
        assert_eq!(hall.encodes() - before, 50 * (TALKERS + 3), "{codec:?}");
        assert!(hall.loudness(5) > -30.0 && hall.loudness(9) < -65.0, "{codec:?}");
        assert!(hall.heard(5)[800..] == hall.heard(8)[800..], "{codec:?}");
    }
}

#[test]
fn what_goes_its_own_way_takes_its_encoder_along() {
    for codec in [Codec::G722, Codec::Opus] {
        let mut hall = room(codec, 6, 2);
        hall.move_to_new_room(6);
        hall.move_to_new_room(A);
        hall.run_s(1);
        hall.renegotiate(5, Direction::RecvOnly, true);
        hall.run_ms(300);
        hall.renegotiate(5, Direction::SendRecv, false);
        hall.run_s(1);
        hall.change_codec(4, Codec::Pcma);
        hall.run_s(1);
        for leg in [A, B, C, 6] {
            let click = hall.loudest_click(leg);
            assert!(click < -40.0, "{codec:?} {leg}: {click}");
        }
        hall.forget();
        hall.run_s(1);
        assert!((hall.level(6, tone(A)) + 20.0).abs() < 1.0, "{codec:?}: {}", hall.level(6, tone(A)));
        for leg in [C, 4, 5] {
            assert!((hall.level(leg, tone(B)) + 20.0).abs() < 1.0, "{codec:?} {leg}: {}", hall.level(leg, tone(B)));
        }
    }
}

/// One who listens and one who talks go to another call, which is silent or not, and come back.
#[test]
fn nobody_hears_a_click_who_goes_from_room_to_room() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        for seed in 0..6 {
            let mut hall = Hall::new(seed);
            for leg in 1..=6 {
                let phone = Phone::new(leg, codec).wide();
                hall.enter(if leg <= 4 { phone.tone(280 + 97 * leg as u32 + 31 * seed as u32, -22.0) } else { phone });
            }
            if seed % 2 == 0 {
                hall.move_to_new_room(4);
            }
            hall.run_s(1);
            hall.forget();
            for round in 0..4 {
                for (leg, room) in [(6, 1), (C, 1), (6, 0), (C, 0)] {
                    hall.move_to(leg, room);
                    hall.run_ms(243 + round * 7);
                }
            }
            for leg in 1..=6 {
                hall.assert_one_line(leg);
                let click = hall.loudest_click(leg);
                assert!(click < -40.0, "{codec:?} {seed} {leg}: {click}");
            }
        }
    }
}
