//! Offer/answer (RFC 3264) between a leg of ours and peers good and bad.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use warmline::media::sdp::{
    Codec::{self, Pcma, Pcmu},
    Direction::{self, Inactive, RecvOnly, SendOnly, SendRecv},
    Negotiation, SdpError, Session,
};

#[test]
fn our_first_offer_says_all_codecs_with_the_wanted_one_first() {
    let sdp = text(leg().offer(SendRecv, Some(Pcma)));
    assert_eq!(
        sdp,
        "v=0\r\no=- 21 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n\
         m=audio 20000 RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    );
}

#[test]
fn an_answer_takes_the_wanted_codec_and_the_numbers_of_the_offer() {
    let mut leg = leg();
    leg.receive_offer(&peer("4000 RTP/AVP 0 8 96", "a=rtpmap:96 telephone-event/8000\r\n")).unwrap();
    let (sdp, session) = leg.answer(SendRecv, Some(Pcma)).unwrap();
    assert!(
        text(sdp)
            .contains("m=audio 20000 RTP/AVP 8 96\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:96 telephone-event/8000\r\n")
    );
    assert_eq!((session.codec, session.receive_digits_payload_type), (Pcma, Some(96)));
    assert_eq!(leg.session(), Some(&session));
    assert_eq!(leg.answer(SendRecv, None), None, "one offer has one answer");
}

#[test]
fn without_a_wish_our_order_decides_and_not_the_peers() {
    let mut leg = leg();
    leg.receive_offer(&peer("4000 RTP/AVP 8 0", "")).unwrap();
    assert_eq!(leg.answer(SendRecv, None).unwrap().1.codec, Pcmu);
}

#[test]
fn a_codec_that_was_not_offered_is_not_answered() {
    let mut leg = leg();
    leg.receive_offer(&peer("4000 RTP/AVP 0", "")).unwrap();
    assert_eq!(leg.answer(SendRecv, Some(Pcma)).unwrap().1.codec, Pcmu);
}

#[test]
fn an_identical_offer_gets_the_identical_answer() {
    let mut leg = leg();
    let offer = peer("4000 RTP/AVP 8 0 101", "a=rtpmap:101 telephone-event/8000\r\n");
    leg.receive_offer(&offer).unwrap();
    let first = leg.answer(SendRecv, Some(Pcma)).unwrap();
    leg.receive_offer(&offer).unwrap();
    assert_eq!(leg.answer(SendRecv, None).unwrap(), first, "the codec in use stays, and so does the version");
}

#[test]
fn the_version_rises_only_with_a_change_and_the_id_never_changes() {
    let mut leg = leg();
    let origins: Vec<_> =
        [SendRecv, SendRecv, SendOnly, SendRecv].map(|way| origin(&text(leg.offer(way, None)))).into();
    assert_eq!(origins, ["21 1", "21 1", "21 2", "21 3"]);
}

#[test]
fn hold_and_resume_are_answered_with_the_matching_direction() {
    let mut leg = agreed();
    for (said, answered, held) in [
        ("sendonly", RecvOnly, true),
        ("inactive", Inactive, true),
        ("recvonly", SendOnly, false),
        ("sendrecv", SendRecv, false),
    ] {
        leg.receive_offer(&peer("4000 RTP/AVP 0", &format!("a={said}\r\n"))).unwrap();
        let (sdp, session) = leg.answer(SendRecv, None).unwrap();
        assert!(text(sdp).contains(&format!("a={}\r\n", answered.attribute())));
        assert_eq!((session.direction, session.held_by_peer), (answered, held), "{said}");
    }
}

#[test]
fn an_answer_that_leaves_us_unheard_is_a_hold_unless_our_offer_asked_for_it() {
    let mut leg = agreed();
    leg.offer(SendRecv, None);
    let held = leg.receive_answer(&peer("4000 RTP/AVP 0", "a=sendonly\r\n")).unwrap();
    assert_eq!((held.direction, held.held_by_peer), (RecvOnly, true));
    leg.offer(Inactive, None);
    assert!(leg.receive_answer(&peer("4000 RTP/AVP 0", "a=inactive\r\n")).unwrap().held_by_peer, "we know no better");
    leg.offer(SendRecv, None);
    assert!(!leg.receive_answer(&peer("4000 RTP/AVP 0", "")).unwrap().held_by_peer);
    leg.offer(Inactive, None);
    let quiet = leg.receive_answer(&peer("4000 RTP/AVP 0", "a=inactive\r\n")).unwrap();
    assert_eq!((quiet.direction, quiet.held_by_peer), (Inactive, false));
}

#[test]
fn an_answer_that_says_more_than_the_offer_allowed_opens_nothing() {
    let mut leg = leg();
    leg.offer(SendOnly, None);
    assert_eq!(leg.receive_answer(&peer("4000 RTP/AVP 0", "a=sendrecv\r\n")).unwrap().direction, SendOnly);
}

#[test]
fn the_peers_numbers_are_for_sending_and_ours_for_receiving() {
    let mut leg = leg();
    leg.offer(SendRecv, None);
    let map = "a=rtpmap:98 PCMA/8000\r\na=rtpmap:99 telephone-event/8000\r\n";
    let session = leg.receive_answer(&peer("4000 RTP/AVP 98 99", map)).unwrap();
    assert_eq!((session.codec, session.payload_type, session.receive_payload_type), (Pcma, 98, 8));
    assert_eq!((session.digits_payload_type, session.receive_digits_payload_type), (Some(99), Some(101)));
}

#[test]
fn a_number_keeps_its_meaning_in_our_later_offers() {
    let mut leg = leg();
    let map = "a=rtpmap:98 PCMU/8000\r\na=rtpmap:96 telephone-event/8000\r\n";
    leg.receive_offer(&peer("4000 RTP/AVP 98 96", map)).unwrap();
    leg.answer(SendRecv, None).unwrap();
    assert!(text(leg.offer(SendRecv, None)).contains("m=audio 20000 RTP/AVP 98 8 96\r\n"));
}

#[test]
fn our_number_for_digits_avoids_what_the_peer_uses_otherwise() {
    let mut leg = leg();
    leg.receive_offer(&peer("4000 RTP/AVP 101 0", "a=rtpmap:101 opus/48000/2\r\n")).unwrap();
    leg.answer(SendRecv, None).unwrap();
    assert!(text(leg.offer(SendRecv, None)).contains("m=audio 20000 RTP/AVP 0 8 127\r\n"));
}

#[test]
fn two_codecs_never_share_a_number_in_our_offers() {
    let mut leg = leg();
    for map in ["98 PCMU", "98 PCMA", "0 PCMA", "98 telephone-event"] {
        let number = map.split(' ').next().unwrap();
        leg.receive_offer(&peer(&format!("4000 RTP/AVP 8 {number}"), &format!("a=rtpmap:{map}/8000\r\n"))).unwrap();
        leg.answer(SendRecv, Some(Pcmu)).unwrap();
        let offer = text(leg.offer(SendRecv, None));
        let line = offer.lines().find(|line| line.starts_with("m=")).unwrap();
        let mut numbers: Vec<_> = line.split(' ').skip(3).collect();
        assert_eq!(numbers.len(), 3, "{line}");
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 3, "{line}");
    }
}

#[test]
fn other_streams_are_refused_in_their_order_and_stay_in_later_offers() {
    let mut leg = leg();
    let offer = b"v=0\r\nc=IN IP4 10.0.0.7\r\nm=video 5000 RTP/AVP 99 100\r\nm=audio 4000 RTP/AVP 0\r\nm=audio 4100 RTP/AVP 8\r\n\
        m=image 4200 udptl t38\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";
    leg.receive_offer(offer).unwrap();
    let streams =
        |sdp| -> Vec<String> { text(sdp).lines().filter(|line| line.starts_with("m=")).map(str::to_owned).collect() };
    let refused = ["m=audio 0 RTP/AVP 8", "m=image 0 udptl t38", "m=application 0 UDP/DTLS/SCTP webrtc-datachannel"];
    let answer = streams(leg.answer(SendRecv, None).unwrap().0);
    assert_eq!(answer[..2], ["m=video 0 RTP/AVP 99", "m=audio 20000 RTP/AVP 0"]);
    assert_eq!(answer[2..], refused);
    let later = streams(leg.offer(SendRecv, None));
    assert_eq!(later[..2], ["m=video 0 RTP/AVP 99", "m=audio 20000 RTP/AVP 0 8 101"]);
    assert_eq!(later[2..], refused);
    let again = b"v=0\r\nc=IN IP4 10.0.0.9\r\nm=video 0 RTP/AVP 99\r\nm=audio 4002 RTP/AVP 8\r\nm=audio 0 RTP/AVP 8\r\nm=image 0 udptl t38\r\n";
    let session = leg.receive_answer(again).unwrap();
    assert_eq!((session.remote, session.codec), ("10.0.0.9:4002".parse().unwrap(), Pcma));
}

#[test]
fn the_profile_with_feedback_is_answered_in_kind() {
    let mut leg = leg();
    leg.receive_offer(&peer("4000 RTP/AVPF 0", "")).unwrap();
    assert!(text(leg.answer(SendRecv, None).unwrap().0).contains("m=audio 20000 RTP/AVPF 0\r\n"));
}

#[test]
fn a_refused_offer_leaves_everything_as_it_was() {
    let mut leg = agreed();
    let before = leg.session().cloned();
    let changed = leg.receive_offer(&peer("4000 RTP/AVP 18", ""));
    assert_eq!(changed, Err(SdpError::NoCodec));
    assert_eq!((leg.session().cloned(), leg.answer(SendRecv, None)), (before, None));
}

#[test]
fn a_changed_port_codec_and_number_are_followed() {
    let mut leg = agreed();
    leg.receive_offer(&peer("4444 RTP/AVP 8 97", "a=rtpmap:97 telephone-event/8000\r\n")).unwrap();
    let (_, session) = leg.answer(SendRecv, None).unwrap();
    assert_eq!((session.remote.port(), session.remote_rtcp.port(), session.codec), (4444, 4445, Pcma));
    assert_eq!(session.digits_payload_type, Some(97));
}

#[test]
fn an_early_answer_and_another_final_one_both_count() {
    let mut leg = leg();
    leg.offer(SendRecv, None);
    assert_eq!(leg.receive_answer(&peer("4000 RTP/AVP 0", "")).unwrap().remote.port(), 4000);
    let last = leg.receive_answer(&peer("5000 RTP/AVP 8", "")).unwrap();
    assert_eq!((last.remote.port(), last.codec, leg.session()), (5000, Pcma, Some(&last)));
}

#[test]
fn answers_that_do_not_fit_are_told_apart() {
    let mut leg = leg();
    assert_eq!(leg.receive_answer(&peer("4000 RTP/AVP 0", "")), Err(SdpError::Misfit), "nothing was offered");
    leg.offer(SendRecv, None);
    assert_eq!(leg.receive_answer(&peer("4000 RTP/AVP 18", "")), Err(SdpError::Misfit));
    assert_eq!(leg.receive_answer(&peer("0 RTP/AVP 0", "")), Err(SdpError::NoAudio));
    assert_eq!(leg.receive_answer(&peer("4000 RTP/SAVP 0", "")), Err(SdpError::Misfit));
    assert_eq!(leg.receive_answer(b"v=0\r\n"), Err(SdpError::Misfit));
    assert_eq!(leg.session(), None);
}

#[test]
fn an_answer_may_leave_out_what_our_number_means() {
    let mut leg = leg();
    leg.offer(SendRecv, None);
    let session = leg.receive_answer(&peer("4000 RTP/AVP 8 101", "")).unwrap();
    assert_eq!((session.codec, session.digits_payload_type), (Pcma, Some(101)));
}

#[test]
fn a_leg_of_one_codec_offers_and_takes_that_alone() {
    let mut leg = Negotiation::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 20000, &[Pcma], 42);
    assert!(text(leg.offer(SendRecv, Some(Pcmu))).contains("RTP/AVP 8 101\r\n"));
    assert_eq!(leg.receive_offer(&peer("4000 RTP/AVP 0", "")), Err(SdpError::NoCodec));
}

fn wide() -> Negotiation {
    Negotiation::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)), 20000, &[], 42)
}

#[test]
fn the_usual_offer_has_opus_and_g722_and_digits_for_both_clocks() {
    let sdp = text(wide().offer(SendRecv, None));
    assert!(sdp.contains("m=audio 20000 RTP/AVP 111 9 0 8 101 110\r\n"), "{sdp}");
    assert!(sdp.contains("a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=rtpmap:9 G722/8000\r\n"));
    assert!(
        sdp.contains("a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=rtpmap:110 telephone-event/48000\r\n")
    );
}

#[test]
fn opus_is_answered_with_its_number_its_digits_and_the_wishes_of_its_decoder() {
    let mut leg = wide();
    let map = "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 maxaveragebitrate=24000;usedtx=1;cbr=0\r\n\
        a=rtpmap:97 telephone-event/8000\r\na=rtpmap:98 telephone-event/48000\r\n";
    leg.receive_offer(&peer("4000 RTP/AVP 0 96 97 98", map)).unwrap();
    let (sdp, session) = leg.answer(SendRecv, None).unwrap();
    assert!(
        text(sdp).contains("m=audio 20000 RTP/AVP 96 98\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n")
    );
    assert_eq!((session.codec, session.payload_type, session.digits_payload_type), (Codec::Opus, 96, Some(98)));
    assert_eq!(
        (session.digits_clock.0, session.opus.max_average_bitrate, session.opus.dtx),
        (48_000, Some(24_000), true)
    );
}

#[test]
fn a_phone_with_opus_that_knows_digits_at_8000_alone_gets_those() {
    let mut leg = wide();
    let map = "a=rtpmap:96 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n";
    leg.receive_offer(&peer("4000 RTP/AVP 96 101", map)).unwrap();
    let session = leg.answer(SendRecv, None).unwrap().1;
    assert_eq!((session.digits_payload_type, session.digits_clock.0), (Some(101), 8000));
}

#[test]
fn an_answer_decides_the_clock_of_digits() {
    for (map, number, ours, clock) in [
        ("a=rtpmap:120 telephone-event/48000\r\n", "120", 110, 48_000),
        ("a=rtpmap:121 telephone-event/8000\r\n", "121", 101, 8000),
    ] {
        let mut leg = wide();
        leg.offer(SendRecv, None);
        let answer = format!("a=rtpmap:111 opus/48000/2\r\n{map}");
        let session = leg.receive_answer(&peer(&format!("4000 RTP/AVP 111 {number}"), &answer)).unwrap();
        assert_eq!((session.codec, session.receive_digits_payload_type), (Codec::Opus, Some(ours)));
        assert_eq!((session.digits_payload_type, session.digits_clock.0), (number.parse().ok(), clock));
    }
}

#[test]
fn g722_is_known_by_its_number_and_has_the_clock_of_8000() {
    let mut leg = wide();
    leg.receive_offer(&peer("4000 RTP/AVP 0 9", "")).unwrap();
    let (sdp, session) = leg.answer(SendRecv, None).unwrap();
    assert!(text(sdp).contains("RTP/AVP 9\r\na=rtpmap:9 G722/8000\r\n"));
    assert_eq!(session.codec, Codec::G722);
}

#[test]
fn comfort_noise_is_answered_and_never_offered() {
    let mut leg = leg();
    leg.receive_offer(&peer("4000 RTP/AVP 0 13", "")).unwrap();
    assert!(
        text(leg.answer(SendRecv, None).unwrap().0)
            .contains("RTP/AVP 0 13\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:13 CN/8000\r\n")
    );
    assert!(!text(leg.offer(SendRecv, None)).contains("CN/8000"));
}

#[test]
fn the_longest_packet_that_a_peer_takes_is_known() {
    for (lines, expected) in [
        ("", (20, 255)),
        ("a=ptime:30\r\n", (30, 255)),
        ("a=maxptime:10\r\n", (10, 10)),
        ("a=ptime:30\r\na=maxptime:20\r\n", (20, 20)),
        ("a=maxptime:5\r\n", (10, 10)),
        ("a=maxptime:400\r\n", (20, 255)),
    ] {
        let session = leg().receive_offer(&peer("4000 RTP/AVP 0", lines)).unwrap();
        assert_eq!((session.ptime_ms, session.max_ptime_ms), expected, "{lines}");
    }
}

#[test]
fn ipv6_goes_the_same_way() {
    let mut leg = Negotiation::new("2001:db8::1".parse().unwrap(), 20000, &[], 42);
    let session = leg.receive_offer(b"v=0\r\nc=IN IP6 2001:db8::7\r\nm=audio 4000 RTP/AVP 0\r\n").unwrap();
    assert_eq!(session.remote, "[2001:db8::7]:4000".parse().unwrap());
    assert!(text(leg.answer(SendRecv, None).unwrap().0).contains("c=IN IP6 2001:db8::1\r\n"));
}

#[test]
fn descriptions_as_they_are_really_sent_come_to_what_they_mean() {
    let corpus = include_str!("sdp/nasty.txt");
    let cases: Vec<_> = corpus.split("\n=== ").skip(1).collect();
    for case in &cases {
        let (title, rest) = case.split_once("\n--- ").unwrap();
        let (outcome, sdp) = rest.split_once('\n').unwrap();
        let came = match leg().receive_offer(sdp.as_bytes()) {
            Ok(session) => summary(&session),
            Err(error) => error.status().to_string(),
        };
        assert_eq!(came, outcome, "{title}");
    }
    assert!(cases.len() > 30, "the corpus was read");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut leg = leg();
        leg.offer(SendRecv, None);
        let _ = leg.receive_answer(&bytes);
        let _ = leg.receive_offer(&bytes);
        leg.answer(SendRecv, None);
    }

    #[test]
    fn no_lines_make_it_panic(lines in proptest::collection::vec("(m=(audio|video) [0-9]{1,5} RTP/AVPF?( [0-9]{1,3}){0,9}|a=rtpmap:[0-9]{1,3} (PCMU|PCMA|telephone-event)/8000|c=IN IP[46] [0-9.:]{1,12}|[a-z]=.{0,20})", 0..12)) {
        let mut leg = leg();
        leg.offer(SendRecv, None);
        let sdp = format!("v=0\r\n{}\r\n", lines.join("\r\n"));
        let _ = leg.receive_answer(sdp.as_bytes());
        if leg.receive_offer(sdp.as_bytes()).is_ok() {
            let (answer, session) = leg.answer(SendRecv, None).expect("an offer waits");
            let answer = text(answer);
            let count = |text: &str| text.lines().filter(|line| line.starts_with("m=")).count();
            prop_assert_eq!(count(&answer), count(&sdp), "as many streams in the answer as in the offer");
            prop_assert_eq!(leg.session(), Some(&session));
            let mut other = Negotiation::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 20002, &[], 2);
            prop_assert!(other.receive_offer(answer.as_bytes()).is_ok(), "our answer is a usable description");
        }
    }

    #[test]
    fn two_of_us_always_come_to_the_same(offered in way(), wanted in way(), first in codec(), choice in codec(), rounds in 1..4) {
        let mut caller = leg();
        let mut called = Negotiation::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 20)), 30000, &[Pcma, Pcmu], 7);
        for _ in 0..rounds {
            called.receive_offer(&caller.offer(offered, first)).unwrap();
            let (answer, theirs) = called.answer(wanted, choice).unwrap();
            let ours = caller.receive_answer(&answer).unwrap();
            prop_assert_eq!(ours.codec, theirs.codec);
            prop_assert_eq!(ours.direction, theirs.direction.reversed());
            prop_assert_eq!(ours.payload_type, theirs.receive_payload_type);
            prop_assert_eq!(ours.receive_digits_payload_type, theirs.digits_payload_type);
            std::mem::swap(&mut caller, &mut called);
        }
    }
}

fn leg() -> Negotiation {
    Negotiation::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)), 20000, &[Pcmu, Pcma], 42)
}

/// A leg whose peer offered PCMU and got it.
fn agreed() -> Negotiation {
    let mut leg = leg();
    leg.receive_offer(&peer("4000 RTP/AVP 0", "")).unwrap();
    leg.answer(SendRecv, None).unwrap();
    leg
}

/// A description with one audio stream: port, profile and payload types, then attributes.
fn peer(audio: &str, attributes: &str) -> Vec<u8> {
    format!("v=0\r\no=- 1 1 IN IP4 10.0.0.7\r\ns=-\r\nc=IN IP4 10.0.0.7\r\nt=0 0\r\nm=audio {audio}\r\n{attributes}")
        .into()
}

fn text(sdp: impl AsRef<[u8]>) -> String {
    String::from_utf8(sdp.as_ref().to_vec()).unwrap()
}

/// Session id and version.
fn origin(sdp: &str) -> String {
    let line = sdp.lines().find_map(|line| line.strip_prefix("o=- ")).unwrap();
    line.split(" IN").next().unwrap().to_owned()
}

fn summary(session: &Session) -> String {
    let digits = session.digits_payload_type.map_or("-".to_owned(), |number| number.to_string());
    let held = if session.held_by_peer { " held" } else { "" };
    format!(
        "{} rtcp {} {} {} digits {digits} {:?} {} ms{held}",
        session.remote,
        session.remote_rtcp,
        session.codec.name(),
        session.payload_type,
        session.direction,
        session.ptime_ms
    )
}

fn way() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(SendRecv), Just(SendOnly), Just(RecvOnly), Just(Inactive)]
}

fn codec() -> impl Strategy<Value = Option<Codec>> {
    prop_oneof![Just(None), Just(Some(Pcmu)), Just(Some(Pcma))]
}
