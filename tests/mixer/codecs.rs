//! Every codec beside every other.

use super::{
    A, B, C, dialled_digit,
    listening::{Hall, Phone, relation},
};
use warmline::media::{
    Command, Role,
    sdp::{Codec, OpusFormat},
};

/// The tone of a leg: within what G.722 and Opus make of telephone sound.
fn tone(leg: u64) -> u32 {
    250 + 60 * leg as u32
}

/// As `everybody_hears_the_others`, with all codecs in turn. Codecs that remember are a little less exact.
fn everybody_hears_the_others(legs: u64, seconds: u64) {
    let mut hall = Hall::new(legs);
    for leg in 1..=legs {
        let codec = Codec::ALL[(leg as usize - 1) % Codec::ALL.len()];
        hall.enter(Phone::new(leg, codec).tone(tone(leg), -36.0));
    }
    hall.run_s(2);
    hall.forget();
    hall.run_s(seconds);
    for listener in 1..=legs {
        for speaker in 1..=legs {
            let level = hall.level(listener, tone(speaker));
            if speaker == listener {
                // What Opus makes of fifty tones at once is 17 to 30 dB below each of them: as loud where the listener is silent.
                assert!(level < -50.0, "{listener} hears itself at {level}");
            } else {
                assert!((level + 36.0).abs() < 2.0, "{listener} hears {speaker} at {level}");
            }
        }
        assert_eq!(hall.gaps(listener), 0, "{listener} has gaps");
        hall.assert_one_line(listener);
    }
}

#[test]
fn two_three_and_ten_of_different_codecs_hear_each_other() {
    everybody_hears_the_others(2, 20);
    everybody_hears_the_others(3, 20);
    everybody_hears_the_others(10, 10);
}

#[test]
fn fifty_of_different_codecs_hear_each_other() {
    everybody_hears_the_others(50, 4);
}

#[test]
fn two_of_one_codec_are_relayed_whatever_it_is() {
    for codec in Codec::ALL {
        let mut hall = Hall::new(20);
        hall.enter(Phone::new(A, codec).tone(400, -20.0));
        hall.enter(Phone::new(B, codec).tone(500, -20.0));
        hall.run_s(1);
        hall.forget();
        let before = hall.wakes;
        hall.run_s(5);
        assert!(hall.wakes - before < 10, "{codec:?}: {} wake-ups", hall.wakes - before);
        assert!((hall.level(A, 500) + 20.0).abs() < 1.0 && (hall.level(B, 400) + 20.0).abs() < 1.0, "{codec:?}");
        assert_eq!((hall.gaps(A), hall.gaps(B)), (0, 0), "{codec:?}");
    }
}

#[test]
fn relay_to_mix_and_back_does_not_click_in_any_codec() {
    for codec in Codec::ALL {
        for (seed, jitter) in [(21, 0), (4, 15), (10, 15), (12, 18)] {
            let mut hall = Hall::new(seed).with_tone_for_music(600, -16.0).jittery(jitter);
            hall.enter(Phone::new(A, codec).wide().tone(397 + 7 * seed as u32, -16.0));
            hall.enter(Phone::new(B, codec).wide().tone(500 + 13 * seed as u32, -16.0));
            hall.run_s(2);
            hall.forget();
            // A codec that remembers waits half a second for a pause of speech.
            let talking = if matches!(codec, Codec::G722 | Codec::Opus) { 650 } else { 300 };
            for round in 0..8 {
                hall.command(Command::Role { leg: relation(A), role: Role::Muted });
                hall.run_ms(300 + round * 7);
                hall.command(Command::Role { leg: relation(A), role: Role::Talk });
                hall.run_ms(talking + round * 3);
            }
            for leg in [A, B] {
                hall.assert_one_line(leg);
                let click = hall.loudest_click(leg);
                assert!(click < -40.0, "{codec:?}, {jitter} ms, {leg}: {click}");
                assert_eq!(hall.holes_in_sound(leg), 0, "{codec:?}, {jitter} ms, {leg}");
            }
        }
    }
}

/// Phones whose encoders are set in ways that make libopus code for music, for speech, and for both. A decoder that went over to
/// another encoder without care was heard at up to -16 dBFS.
fn relay_to_mix_and_back_does_not_click_by_opus(format: OpusFormat, most: f64) {
    for seed in 0..4 {
        let mut hall = Hall::new(seed).jittery(19);
        hall.enter(Phone::new(A, Codec::Opus).wide().speaks(format).tone(804 + 71 * seed as u32, -16.0));
        hall.enter(Phone::new(B, Codec::Opus).wide().speaks(format).tone(732 + 83 * seed as u32, -16.0));
        hall.run_s(2);
        hall.forget();
        for round in 0..6 {
            hall.command(Command::Role { leg: relation(A), role: Role::Muted });
            hall.run_ms(300 + round * 7);
            hall.command(Command::Role { leg: relation(A), role: Role::Talk });
            let before = hall.encodes();
            hall.run_ms(750 + round * 3);
            assert!(hall.encodes() - before < 70, "{format:?} {seed}: it is relayed again");
        }
        for leg in [A, B] {
            hall.assert_one_line(leg);
            let click = hall.loudest_click(leg);
            assert!(click < most, "{format:?} {seed}, {leg}: {click}");
            assert_eq!(hall.holes_in_sound(leg), 0, "{format:?} {seed}, {leg}");
        }
    }
}

#[test]
fn relay_to_mix_and_back_does_not_click_by_opus_for_music() {
    relay_to_mix_and_back_does_not_click_by_opus(OpusFormat::default(), -40.0);
}

#[test]
fn relay_to_mix_and_back_does_not_click_by_opus_for_both() {
    let format = OpusFormat { max_average_bitrate: Some(32_000), ..OpusFormat::default() };
    relay_to_mix_and_back_does_not_click_by_opus(format, -40.0);
}

#[test]
fn relay_to_mix_and_back_does_not_click_by_opus_for_speech() {
    let format = OpusFormat { max_average_bitrate: Some(24_000), fec: true, ..OpusFormat::default() };
    relay_to_mix_and_back_does_not_click_by_opus(format, -40.0);
}

#[test]
fn relay_to_mix_and_back_does_not_click_by_opus_for_narrow_speech() {
    let format = OpusFormat { max_average_bitrate: Some(16_000), ..OpusFormat::default() };
    // A pure tone of 1017 Hz, of which such an encoder says little but that it goes on, takes more packets to be learnt than are kept.
    relay_to_mix_and_back_does_not_click_by_opus(format, -35.0);
}

#[test]
fn a_relay_by_opus_begins_in_a_pause_of_speech() {
    let mut hall = Hall::new(25);
    hall.enter(Phone::new(A, Codec::Opus).tone(400, -20.0));
    hall.enter(Phone::new(B, Codec::Opus).tone(500, -20.0));
    hall.command(Command::Role { leg: relation(A), role: Role::Muted });
    hall.run_s(1);
    hall.command(Command::Role { leg: relation(A), role: Role::Talk });
    hall.run_ms(300);
    let mixed = |hall: &mut Hall| {
        let before = hall.encodes();
        hall.run_ms(100);
        hall.encodes() - before > 4
    };
    assert!(mixed(&mut hall), "both talk");
    for leg in [A, B] {
        hall.say(leg, &[0; 4000]);
    }
    hall.run_ms(100);
    assert!(!mixed(&mut hall), "nobody does");
}

#[test]
fn every_digit_arrives_once_whatever_the_clock() {
    for (from, to) in
        [(Codec::Opus, Codec::Pcma), (Codec::Pcmu, Codec::Opus), (Codec::Opus, Codec::Opus), (Codec::G722, Codec::Opus)]
    {
        let mut hall = Hall::new(22);
        hall.enter(Phone::new(A, from).digits(96).tone(400, -20.0));
        hall.enter(Phone::new(B, to).digits(101));
        hall.run_s(1);
        let dialled = "159#*0DA77";
        for digit in dialled.chars() {
            hall.press(A, digit, 120);
            hall.run_ms(300);
        }
        let told: String = hall.events.iter().filter_map(dialled_digit).collect();
        assert_eq!((told.as_str(), hall.digits_heard(B).as_str()), (dialled, dialled), "{from:?} to {to:?}");
        hall.assert_one_line(B);
    }
}

#[test]
fn jitter_and_loss_are_smoothed_in_every_codec() {
    for codec in Codec::ALL {
        let mut hall = Hall::new(23).jittery(30).lossy(0.01);
        hall.enter(Phone::new(A, codec).tone(400, -20.0));
        hall.enter(Phone::new(B, Codec::Pcma).tone(500, -20.0));
        hall.enter(Phone::new(C, Codec::Pcma));
        hall.run_s(10);
        hall.forget();
        hall.run_s(20);
        assert!((hall.level(B, 400) + 20.0).abs() < 2.0, "{codec:?}: {}", hall.level(B, 400));
        assert!(hall.gaps(B) <= 3, "{codec:?}: {} gaps", hall.gaps(B));
    }
}

#[test]
fn the_line_goes_on_over_a_change_of_codec() {
    let mut hall = Hall::new(24);
    hall.enter(Phone::new(A, Codec::Pcmu).tone(400, -20.0));
    hall.enter(Phone::new(B, Codec::Pcma).tone(500, -20.0));
    hall.run_s(1);
    for codec in [Codec::Opus, Codec::G722, Codec::L16Wide, Codec::Pcma, Codec::Opus] {
        hall.change_codec(A, codec);
        hall.run_ms(500);
        assert_eq!(hall.last_ssrcs(A), 1, "{codec:?}: the line has one SSRC");
        hall.forget();
        hall.run_s(2);
        hall.assert_one_line(A);
        assert!((hall.level(A, 500) + 20.0).abs() < 1.0 && (hall.level(B, 400) + 20.0).abs() < 1.0, "{codec:?}");
        assert_eq!((hall.gaps(A), hall.gaps(B)), (0, 0), "{codec:?}");
    }
}
