//! Legs that speak SRTP: among each other, with others, for long, with new keys, and under attack.

use super::listening::{Hall, Phone, relation};
use warmline::media::{
    Command, Event, Role, Source,
    sdp::{Codec, Direction},
    srtp::Suite,
};

const A: u64 = 1;
const B: u64 = 2;
const C: u64 = 3;

fn a(suite: Suite) -> Phone {
    Phone::new(A, Codec::Pcmu).tone(400, -20.0).secret(suite)
}

fn b() -> Phone {
    Phone::new(B, Codec::Pcmu).tone(500, -20.0)
}

/// Who talks with whom is heard, without a gap, on one line, and nobody was taken for a forger.
fn all_is_well(hall: &mut Hall, seconds: u64) {
    hall.forget();
    hall.run_s(seconds);
    for (leg, hears) in [(A, 500), (B, 400)] {
        assert!((hall.level(leg, hears) + 20.0).abs() < 0.5, "{leg}: {}", hall.level(leg, hears));
        assert_eq!(hall.gaps(leg), 0, "{leg}");
        hall.assert_one_line(leg);
    }
    assert_eq!(forged(hall), 0);
}

fn forged(hall: &Hall) -> u64 {
    let of = |event: &Event| if let Event::Report { quality, .. } = event { quality.forged } else { 0 };
    hall.events.iter().map(of).max().unwrap_or(0)
}

#[test]
fn with_a_plain_phone_and_with_its_like_in_relay_and_in_mix() {
    for suite in Suite::ALL {
        for partner in [None, Some(Suite::AesCm128HmacSha1_80), Some(Suite::AeadAes128Gcm)] {
            for relayed in [true, false] {
                let mut hall = Hall::new(1);
                hall.enter(a(suite));
                hall.enter(partner.map_or_else(b, |partner| b().secret(partner)));
                if !relayed {
                    hall.enter(Phone::new(C, Codec::Pcmu));
                }
                hall.run_s(1);
                all_is_well(&mut hall, 3);
            }
        }
    }
}

#[test]
fn those_who_hear_the_same_get_it_each_with_its_own_key_or_none() {
    let mut hall = Hall::new(2);
    for leg in 1..=12 {
        let phone = Phone::new(leg, if leg % 4 == 0 { Codec::Pcma } else { Codec::Pcmu });
        let phone = if leg == 1 { phone.tone(400, -20.0) } else { phone };
        hall.enter(match leg % 3 {
            0 => phone,
            1 => phone.secret(Suite::AeadAes128Gcm),
            _ => phone.secret(Suite::AesCm128HmacSha1_80).rtcp_mux(),
        });
    }
    hall.run_s(1);
    hall.forget();
    hall.run_s(35);
    for leg in 2..=12 {
        assert!((hall.level(leg, 400) + 20.0).abs() < 0.5, "{leg}: {}", hall.level(leg, 400));
        assert_eq!(hall.gaps(leg), 0, "{leg}");
        assert!(hall.reports(leg) > 3, "{leg}");
    }
    assert_eq!(forged(&hall), 0);
}

#[test]
fn numbers_go_round_and_a_reinvite_with_the_same_keys_is_not_heard() {
    for suite in [Suite::AesCm128HmacSha1_32, Suite::AeadAes128Gcm] {
        // One whose numbers are about to go round both ways: those of the phones do in the first second.
        let about_to = |seed: &u64| {
            let mut hall = Hall::new(*seed);
            hall.enter(a(suite));
            hall.enter(b().secret(suite));
            hall.run_s(1);
            hall.last_sequence(A) > 65_000
        };
        let seed = (0..).find(about_to).unwrap();
        let mut hall = Hall::new(seed);
        hall.enter(a(suite));
        hall.enter(b().secret(suite));
        hall.run_s(1);
        all_is_well(&mut hall, 12);
        assert!(hall.last_sequence(A) < 1000);
        hall.agree_again(A);
        hall.run_s(1);
        all_is_well(&mut hall, 3);
        hall.move_to_new_room(A);
        hall.move_to_new_room(B);
        hall.run_s(1);
        all_is_well(&mut hall, 3);
    }
}

#[test]
fn a_new_key_is_taken_over_without_a_gap() {
    for relayed in [true, false] {
        for jitter in [0, 40] {
            let mut hall = Hall::new(4).jittery(jitter);
            hall.enter(a(Suite::AesCm128HmacSha1_80));
            hall.enter(b());
            if !relayed {
                hall.enter(Phone::new(C, Codec::Pcma));
            }
            hall.run_s(2);
            hall.forget();
            for (octet, ms) in [(7, 300), (8, 0), (9, 3000), (10, 40)] {
                hall.change_key(A, octet, ms);
                hall.run_s(3);
            }
            hall.run_s(30);
            if !relayed || jitter == 0 {
                assert_eq!(hall.gaps(B), 0, "relayed {relayed}, jitter {jitter}");
                assert!((hall.level(B, 400) + 20.0).abs() < 0.5);
            }
            assert_eq!(forged(&hall), 0);
        }
    }
}

#[test]
fn hold_and_music_come_with_the_key_too() {
    let mut hall = Hall::new(5);
    hall.enter(a(Suite::AesCm128HmacSha1_80).digits(101));
    hall.enter(b().secret(Suite::AeadAes128Gcm).digits(96));
    hall.run_s(1);
    for _ in 0..5 {
        hall.command(Command::Role { leg: relation(B), role: Role::Held });
        hall.command(Command::Play { leg: relation(A), source: Some(Source::HoldMusic) });
        hall.run_ms(700);
        hall.renegotiate(B, Direction::RecvOnly, true);
        hall.run_ms(300);
        hall.renegotiate(B, Direction::SendRecv, false);
        hall.command(Command::Role { leg: relation(B), role: Role::Talk });
        hall.command(Command::Play { leg: relation(A), source: None });
        hall.run_ms(700);
    }
    hall.press(A, '5', 120);
    hall.run_s(1);
    hall.command(Command::SendDigit { leg: relation(A), digit: '7', duration_ms: 100 });
    hall.run_s(1);
    assert_eq!((hall.digits_heard(B), hall.digits_heard(A)), ("5".to_owned(), "7".to_owned()));
    all_is_well(&mut hall, 2);
}

#[test]
fn who_has_no_key_steals_nothing_even_when_the_phone_is_silent() {
    for silent in [false, true] {
        let mut hall = Hall::new(6);
        hall.enter(a(Suite::AesCm128HmacSha1_32));
        hall.enter(b());
        hall.run_s(1);
        hall.forget();
        if silent {
            hall.stop(A);
        }
        hall.attack(A, 400);
        hall.run_s(32);
        assert_eq!(hall.sent_elsewhere, 0, "silent {silent}");
        assert_eq!(forged(&hall), 1200, "silent {silent}");
        assert_eq!(hall.gaps(A), 0, "silent {silent}");
        if !silent {
            assert!((hall.level(B, 400) + 20.0).abs() < 0.5);
            assert_eq!(hall.gaps(B), 0);
        }
    }
}

#[test]
fn an_attacker_who_is_first_does_not_get_the_stream() {
    let mut hall = Hall::new(7);
    hall.attack(A, 50);
    hall.enter(a(Suite::AeadAes128Gcm));
    hall.stop(A);
    hall.enter(b());
    hall.run_s(5);
    assert_eq!(hall.sent_elsewhere, 0);
    assert!(hall.heard(B).iter().all(|sample| sample.abs() < 20));
}

#[test]
fn reports_share_the_port_where_that_was_agreed() {
    let mut hall = Hall::new(8);
    hall.enter(a(Suite::AesCm128HmacSha1_80).rtcp_mux());
    hall.enter(b().rtcp_mux());
    hall.run_s(1);
    hall.stop(A);
    hall.stop(B);
    let silent = |hall: &Hall| hall.events.iter().filter(|event| matches!(event, Event::Silent { .. })).count();
    for _ in 0..6 {
        hall.run_s(5);
        hall.report(A);
        hall.report(B);
    }
    assert_eq!(silent(&hall), 0);
    assert!(hall.reports(A) >= 3 && hall.reports(B) >= 3);
    hall.run_s(11);
    assert_eq!(silent(&hall), 2);
}
