//! SRTP in offer and answer (RFC 4568), also under RTP/AVP (RFC 8643), and several audio streams of which one is secret.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use warmline::media::{
    sdp::{
        Codec::{Pcma, Pcmu},
        Direction::SendRecv,
        Negotiation, SdpError, Session,
    },
    srtp::{Srtp, Suite},
};

/// 30 octets.
const KEY: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
const OTHER: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
/// 28 octets.
const GCM: &str = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYg==";

fn leg(policy: Srtp) -> Negotiation {
    Negotiation::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)), 20000, &[Pcmu, Pcma], 42).secured(policy, [7; 32])
}

fn offer(streams: &[(&str, &str)]) -> Vec<u8> {
    let mut sdp = "v=0\r\no=- 1 1 IN IP4 10.0.0.7\r\ns=-\r\nc=IN IP4 10.0.0.7\r\nt=0 0\r\n".to_owned();
    for (port_and_profile, attributes) in streams {
        sdp += &format!("m=audio {port_and_profile} 0 8\r\n{attributes}");
    }
    sdp.into()
}

fn crypto(tag: u32, suite: &str, key: &str) -> String {
    format!("a=crypto:{tag} {suite} inline:{key}\r\n")
}

/// 80 bits, with the first key.
fn usual(tag: u32) -> String {
    crypto(tag, "AES_CM_128_HMAC_SHA1_80", KEY)
}

/// What comes of an offer: our lines of streams and keys, and the agreement.
fn answered(leg: &mut Negotiation, offer: &[u8]) -> Result<(Vec<String>, Session), SdpError> {
    leg.receive_offer(offer)?;
    let (sdp, session) = leg.answer(SendRecv, None).unwrap();
    let sdp = String::from_utf8(sdp.to_vec()).unwrap();
    let shown = |line: &&str| line.starts_with("m=") || line.starts_with("a=crypto");
    Ok((sdp.lines().filter(shown).map(|line| line.split(" inline").next().unwrap().to_owned()).collect(), session))
}

#[test]
fn keys_under_rtp_avp_are_taken_where_they_are_wanted_and_passed_over_where_not() {
    let offer = offer(&[("4000 RTP/AVP", &usual(3))]);
    for (policy, secret) in [(Srtp::Off, false), (Srtp::Preferred, true), (Srtp::Required, true)] {
        let (lines, session) = answered(&mut leg(policy), &offer).unwrap();
        assert_eq!(session.keys.is_some(), secret, "{policy:?}");
        let expected: &[&str] = if secret {
            &["m=audio 20000 RTP/AVP 0", "a=crypto:3 AES_CM_128_HMAC_SHA1_80"]
        } else {
            &["m=audio 20000 RTP/AVP 0"]
        };
        assert_eq!(lines, expected, "{policy:?}");
    }
}

#[test]
fn of_two_streams_the_one_that_fits_the_wish_is_taken_in_whatever_order() {
    let (secret, plain) = (("4000 RTP/SAVP", &*usual(1)), ("4002 RTP/AVP", ""));
    for (policy, wants_secret) in [(Srtp::Off, false), (Srtp::Preferred, true), (Srtp::Required, true)] {
        for streams in [[secret, plain], [plain, secret]] {
            let (lines, session) = answered(&mut leg(policy), &offer(&streams)).unwrap();
            assert_eq!(
                (session.keys.is_some(), session.remote.port()),
                (wants_secret, if wants_secret { 4000 } else { 4002 })
            );
            let refused = if wants_secret { "m=audio 0 RTP/AVP" } else { "m=audio 0 RTP/SAVP" };
            let taken = if wants_secret { "m=audio 20000 RTP/SAVP" } else { "m=audio 20000 RTP/AVP" };
            assert!(lines.iter().any(|line| line.starts_with(refused)), "{policy:?} {lines:?}");
            assert!(lines.iter().any(|line| line.starts_with(taken)), "{policy:?} {lines:?}");
            let first_is_taken = lines[0].starts_with(taken);
            assert_eq!(first_is_taken, (streams[0].0 == secret.0) == wants_secret, "the order stays: {lines:?}");
        }
    }
}

#[test]
fn of_two_streams_under_rtp_avp_the_one_with_keys_is_preferred() {
    let (lines, session) =
        answered(&mut leg(Srtp::Preferred), &offer(&[("4000 RTP/AVP", ""), ("4002 RTP/AVP", &usual(1))])).unwrap();
    assert_eq!((session.remote.port(), session.keys.is_some(), lines.len()), (4002, true, 3));
}

#[test]
fn the_first_suite_of_the_peer_that_we_can_is_answered_with_its_tag() {
    let lines = crypto(1, "AES_256_CM_HMAC_SHA1_80", KEY)
        + &crypto(2, "AES_CM_128_HMAC_SHA1_80", "short")
        + &crypto(5, "AEAD_AES_128_GCM", GCM)
        + &usual(6);
    let (said, session) = answered(&mut leg(Srtp::Required), &offer(&[("4000 RTP/SAVP", &lines)])).unwrap();
    assert_eq!(said[1], "a=crypto:5 AEAD_AES_128_GCM");
    assert_eq!(session.keys.unwrap().suite(), Suite::AeadAes128Gcm);
}

#[test]
fn what_does_not_fit_the_wish_is_refused_as_not_acceptable() {
    let unknown = crypto(1, "F8_128_HMAC_SHA1_80", KEY);
    for (policy, stream) in [
        (Srtp::Required, ("4000 RTP/AVP", "")),
        (Srtp::Required, ("4000 RTP/SAVP", "")),
        (Srtp::Required, ("4000 RTP/SAVP", &*unknown)),
        (Srtp::Required, ("4000 RTP/AVP", &*unknown)),
        (Srtp::Preferred, ("4000 RTP/SAVP", &*unknown)),
        (Srtp::Off, ("4000 RTP/SAVP", &*usual(1))),
    ] {
        let error = leg(policy).receive_offer(&offer(&[stream])).unwrap_err();
        assert_eq!((error.status(), error), (488, SdpError::Secrecy), "{policy:?} {stream:?}");
    }
}

#[test]
fn a_new_offer_keeps_our_key_takes_over_theirs_and_cannot_make_it_plain_where_that_is_forbidden() {
    let mut leg = leg(Srtp::Required);
    let (_, first) = answered(&mut leg, &offer(&[("4000 RTP/SAVP", &usual(1))])).unwrap();
    let rekeyed = crypto(1, "AES_CM_128_HMAC_SHA1_80", OTHER);
    let (_, second) = answered(&mut leg, &offer(&[("4000 RTP/SAVP", &rekeyed)])).unwrap();
    let (first, second) = (first.keys.unwrap(), second.keys.unwrap());
    assert!(first.send == second.send && first.receive != second.receive);
    assert_eq!(leg.receive_offer(&offer(&[("4000 RTP/AVP", "")])), Err(SdpError::Secrecy));
    assert_eq!(leg.session().unwrap().keys, Some(second), "what was in force goes on");
}

/// Lines of keys, good, odd and broken.
fn line() -> impl Strategy<Value = String> {
    let suite = prop::sample::select(vec![
        "AES_CM_128_HMAC_SHA1_80",
        "aes_cm_128_hmac_sha1_32",
        "AEAD_AES_128_GCM",
        "AEAD_AES_256_GCM",
        "",
    ]);
    let key = prop_oneof![Just(KEY.to_owned()), Just(GCM.to_owned()), "[A-Za-z0-9+/=|:^]{0,60}"];
    let rest =
        prop_oneof![Just(String::new()), "(\\|2\\^[0-9]{1,3})?(\\|[0-9]{1,20}:[0-9]{1,4})?", " [A-Z_=0-9-]{0,20}"];
    prop_oneof![
        8 => ("[0-9]{0,11}", suite, key, rest)
            .prop_map(|(tag, suite, key, rest)| format!("a=crypto:{tag} {suite} inline:{key}{rest}\r\n")),
        1 => "a=crypto:[ -~]{0,80}\r\n",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn whatever_is_offered_no_secret_leg_becomes_plain_and_keys_have_the_length_of_their_suite(
        lines in prop::collection::vec(line(), 0..6),
        secure in any::<bool>(),
        again in any::<bool>(),
    ) {
        let profile = if secure { "4000 RTP/SAVP" } else { "4000 RTP/AVP" };
        for policy in Srtp::ALL {
            let mut leg = leg(policy);
            for _ in 0..=u8::from(again) {
                let Ok((said, session)) = answered(&mut leg, &offer(&[(profile, &lines.concat())])) else { continue };
                let said_keys = said.iter().filter(|line| line.starts_with("a=crypto")).count();
                prop_assert_eq!(said_keys, usize::from(session.keys.is_some()));
                match &session.keys {
                    Some(keys) => {
                        prop_assert!(policy != Srtp::Off);
                        prop_assert_eq!(keys.send.suite(), keys.receive.suite());
                        let length = 16 + keys.suite().salt_length();
                        prop_assert_eq!((keys.send.key_and_salt().len(), keys.receive.key_and_salt().len()), (length, length));
                        prop_assert!(keys.send != keys.receive);
                    }
                    None => prop_assert!(policy != Srtp::Required && !secure),
                }
            }
        }
    }
}
