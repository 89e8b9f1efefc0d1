//! Hold and resume by the phone, in every way phones do it.

use crate::{basic::talking, world::*};
use warmline::{ids::LegId, media::sdp::Direction};

fn hears(world: &World, a: LegId, b: LegId) -> (String, String) {
    (world.hears(a), world.hears(b))
}

fn pair(a: &str, b: &str) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

fn sdp(rest: &str) -> Option<bytes::Bytes> {
    Some(format!("v=0\r\no=- 1 2 IN IP4 198.51.100.9\r\ns=-\r\nt=0 0\r\n{rest}").into())
}

#[test]
fn the_other_hears_music_and_its_dialog_nothing_of_it() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.holds(b);
    assert_eq!(world.said(), ["2 offer answered recvonly", "(2 held)"]);
    assert_eq!(hears(&world, a, b), pair("HoldMusic", "silence"));
    world.resumes(b);
    assert_eq!(world.said(), ["2 offer answered sendrecv", "(2 resumed)"]);
    assert_eq!(hears(&world, a, b), pair("2", "1"));
}

#[test]
fn the_caller_may_hold_as_well() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.holds(a);
    assert_eq!(hears(&world, a, b), pair("silence", "HoldMusic"));
}

#[test]
fn inactive_is_hold() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.offers(b, Direction::Inactive);
    assert_eq!(world.said(), ["2 offer answered inactive", "(2 held)"]);
    assert_eq!(hears(&world, a, b), pair("HoldMusic", "silence"));
}

#[test]
fn the_address_0_0_0_0_is_hold() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.offers_sdp(b, sdp("c=IN IP4 0.0.0.0\r\nm=audio 30004 RTP/AVP 0\r\n"));
    assert_eq!(world.said()[1], "(2 held)");
    assert_eq!(world.hears(a), "HoldMusic");
}

#[test]
fn fifty_holds_are_as_good_as_one() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    for _ in 0..50 {
        world.holds(b);
        assert_eq!(hears(&world, a, b), pair("HoldMusic", "silence"));
        world.resumes(b);
        assert_eq!(hears(&world, a, b), pair("2", "1"));
    }
}

#[test]
fn hold_said_twice_is_told_once() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.holds(b);
    world.skip();
    world.holds(b);
    assert_eq!(world.said(), ["2 offer answered recvonly"]);
    assert_eq!(world.hears(a), "HoldMusic");
}

#[test]
fn hold_with_another_codec_and_port_keeps_the_music() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.offers_sdp(b, sdp("c=IN IP4 198.51.100.9\r\nm=audio 40000 RTP/AVP 8\r\na=sendonly\r\n"));
    assert_eq!(world.said(), ["2 offer answered recvonly", "(2 held)"]);
    assert_eq!(world.hears(a), "HoldMusic");
    world.offers_sdp(b, sdp("c=IN IP4 198.51.100.9\r\nm=audio 40002 RTP/AVP 8\r\n"));
    assert_eq!(hears(&world, a, b), pair("2", "1"));
}

#[test]
fn both_on_hold_hear_nothing_and_one_who_resumes_hears_music() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.holds(a);
    world.holds(b);
    assert_eq!(hears(&world, a, b), pair("silence", "silence"));
    world.resumes(a);
    assert_eq!(hears(&world, a, b), pair("HoldMusic", "silence"));
    world.resumes(b);
    assert_eq!(hears(&world, a, b), pair("2", "1"));
}

#[test]
fn resume_without_sdp_gets_our_offer_and_is_complete_with_the_ack() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.holds(b);
    world.skip();
    world.offers_sdp(b, None);
    assert_eq!(world.said(), ["2 offer answered sendrecv"]);
    assert_eq!(world.hears(a), "HoldMusic");
    world.acks(b, true);
    assert_eq!(world.said(), ["(2 resumed)"]);
    assert_eq!(hears(&world, a, b), pair("2", "1"));
}

#[test]
fn another_offer_before_the_ack_that_owes_an_answer_is_refused() {
    let mut world = World::new();
    let (_, b) = talking(&mut world);
    world.offers_sdp(b, None);
    world.skip();
    world.holds(b);
    assert_eq!(world.said(), ["2 offer refused 491"]);
}

#[test]
fn an_ack_that_owes_an_answer_leaves_the_session_as_it_was() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.offers_sdp(b, None);
    world.skip();
    world.acks(b, false);
    assert_eq!((world.said(), world.hears(a)), (vec![], "2".to_owned()));
}

#[test]
fn an_offer_without_use_is_refused_and_changes_nothing() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.offers_sdp(b, sdp("c=IN IP4 198.51.100.9\r\nm=audio 40000 RTP/AVP 18\r\n"));
    assert_eq!(world.said(), ["2 offer refused 488"]);
    assert_eq!(hears(&world, a, b), pair("2", "1"));
}

#[test]
fn a_new_offer_before_the_first_is_answered_is_refused() {
    let mut world = World::new();
    let a = world.call("1001", "1002");
    world.skip();
    world.holds(a);
    assert_eq!(world.said(), ["1 offer refused 500"]);
}

#[test]
fn hold_during_early_media_is_kept_when_the_call_is_answered() {
    let mut world = World::new();
    let a = world.call("1001", "1002");
    let b = world.leg_to("1002");
    world.early_media(b);
    world.holds(a);
    world.sip(warmline::sip::Event::Answered { leg: b, body: None, asserted: None });
    assert_eq!(hears(&world, a, b), pair("silence", "HoldMusic"));
    world.resumes(a);
    assert_eq!(hears(&world, a, b), pair("2", "1"));
}

#[test]
fn a_call_ends_as_usual_while_it_is_on_hold() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.holds(b);
    world.skip();
    world.hangs_up(a);
    assert_eq!(world.said(), ["(1 ended 200)", "2 hangup Normal", "(2 ended 200)", "end"]);
}
