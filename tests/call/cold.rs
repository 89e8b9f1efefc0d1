//! Cold transfer by REFER, and the way back when it fails.

use crate::{basic::talking, world::*};
use warmline::{
    call::CallSettings,
    destination::{Caller, Origin, Plan, Refusal, Target},
    ids::LegId,
    sip,
};

/// 1002 sent its caller 1001 to 1003, who is called.
fn referred(world: &mut World) -> (LegId, LegId, LegId) {
    let (a, b) = talking(world);
    world.refers(b, "1003");
    world.skip();
    (a, b, world.leg_to("1003"))
}

fn with_fallback(number: &str) -> World {
    World::with(CallSettings { fallback: Some(number.to_owned()), ..settings() })
}

#[test]
fn the_target_answers_and_the_transferor_goes() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.refers(b, "1003");
    assert_eq!(
        world.said(),
        ["2 refer accepted", "(2 transfers to 1003)", "route 1003 for Transfer", "(3 started)", "3 invite 1003"]
    );
    assert_eq!((world.hears(a), world.hears(b)), ("HoldMusic".to_owned(), "silence".to_owned()));
    let c = world.leg_to("1003");
    world.rings(c);
    assert_eq!(world.said(), ["(3 rings)", "2 notify 180"]);
    assert_eq!(world.hears(a), "Ringback");
    world.answers(c);
    assert_eq!(world.said(), ["(3 answered)", "2 notify 200", "(2 transfer Completed 200)"]);
    assert_eq!((world.hears(a), world.hears(b), world.hears(c)), ("3".into(), "silence".into(), "1".into()));
    world.hangs_up(b);
    assert_eq!(world.said(), ["(2 ended 200)"]);
    world.hangs_up(a);
    assert_eq!(world.said(), ["(1 ended 200)", "3 hangup Normal", "(3 ended 200)", "end"]);
}

#[test]
fn a_transferor_that_does_not_hang_up_is_hung_up_after_a_while() {
    let mut world = World::new();
    let (a, _, c) = referred(&mut world);
    world.answers(c);
    world.skip();
    world.wait(5);
    assert_eq!(world.said(), ["2 hangup Transferred", "(2 ended 200)"]);
    assert_eq!(world.hears(a), "3");
}

#[test]
fn the_target_sees_the_caller_and_who_sent_it() {
    let mut world = World::new();
    let (_, _, c) = referred(&mut world);
    let invite = world.invite(c);
    assert_eq!(invite.from, address("1001"));
    assert_eq!(
        invite.headers,
        [
            ("Referred-By".to_owned(), "<sip:1002@office.example>".to_owned()),
            ("Diversion".to_owned(), "<sip:1002@office.example>;reason=deflection".to_owned())
        ]
    );
}

/// 1003 is reached by a trunk with a number for the calls of our extensions.
fn with_caller_id() -> World {
    let mut world = World::new();
    let trunk = Target {
        callee: Caller::Trunk("carrier".to_owned()),
        caller_id: Some(address("+3120")),
        trusted: true,
        ..target("1003")
    };
    world.plans.insert("1003".to_owned(), Ok(Plan::Ring(vec![vec![trunk]])));
    world
}

#[test]
fn a_caller_from_outside_keeps_its_number_when_it_is_sent_to_a_trunk() {
    let mut world = with_caller_id();
    let outside = Origin { caller: Caller::Trunk("other".to_owned()), ..origin("1001") };
    world.call_as(outside, "1002", true);
    let b = world.leg_to("1002");
    world.answers(b);
    world.refers(b, "1003");
    let invite = world.invite(world.leg_to("1003"));
    assert_eq!((&invite.from, &invite.asserted), (&address("1001"), &Some(address("1001"))));
}

#[test]
fn an_extension_calls_a_trunk_with_the_number_for_it_whoever_sent_it_there() {
    let mut world = with_caller_id();
    let outside = Origin { caller: Caller::Trunk("other".to_owned()), ..origin("1001") };
    let a = world.call_as(outside, "1002", true);
    world.answers(world.leg_to("1002"));
    world.refers(a, "1003");
    assert_eq!(world.invite(world.leg_to("1003")).from, address("+3120"));
}

#[test]
fn who_wants_to_be_nobody_is_nobody_as_transferor_too() {
    let mut world = World::new();
    let shy = Origin { privacy: Some("id".to_owned()), ..origin("1001") };
    let a = world.call_as(shy, "1002", true);
    world.answers(world.leg_to("1002"));
    world.refers(a, "1003");
    let headers = &world.invite(world.leg_to("1003")).headers;
    assert_eq!(headers[0].1, "<sip:anonymous@anonymous.invalid>");
    assert_eq!(headers[1].1, "<sip:anonymous@anonymous.invalid>;reason=deflection");
}

#[test]
fn referred_by_is_passed_on_as_it_was_said() {
    let mut world = World::new();
    let (_, b) = talking(&mut world);
    let referred_by = Some("\"Sales\" <sip:sales@office.example>".to_owned());
    let refer = sip::Refer { leg: b, target: uri("1003"), replaces: None, referred_by, notify: true };
    world.sip(sip::Event::Refer(Box::new(refer)));
    let header = &world.invite(world.leg_to("1003")).headers[0];
    assert_eq!(header.1, "\"Sales\" <sip:sales@office.example>");
}

#[test]
fn the_caller_may_send_its_callee_elsewhere_too() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.refers(a, "1003");
    let c = world.leg_to("1003");
    assert_eq!(world.invite(c).from, address("1002"));
    world.answers(c);
    world.hangs_up(a);
    assert_eq!((world.hears(b), world.hears(c)), ("3".to_owned(), "2".to_owned()));
}

#[test]
fn a_transferor_that_hangs_up_at_once_ends_nothing() {
    let mut world = World::new();
    let (a, b, c) = referred(&mut world);
    world.hangs_up(b);
    assert_eq!(world.said(), ["(2 ended 200)"]);
    world.answers(c);
    assert_eq!(world.said(), ["(3 answered)", "(2 transfer Completed 200)"]);
    assert_eq!(world.hears(a), "3");
}

#[test]
fn early_media_of_the_target_reach_the_caller() {
    let mut world = World::new();
    let (a, _, c) = referred(&mut world);
    world.early_media(c);
    assert_eq!((world.hears(a), world.hears(c)), ("3".to_owned(), "1".to_owned()));
}

#[test]
fn a_busy_target_gives_the_caller_back_to_a_transferor_that_stayed() {
    let mut world = World::new();
    let (a, b, c) = referred(&mut world);
    world.wait(3);
    world.fails(c, 486);
    assert_eq!(world.said(), ["(3 ended 486)", "2 notify 486", "(2 transfer Recalled 486)"]);
    assert_eq!((world.hears(a), world.hears(b)), ("2".to_owned(), "1".to_owned()));
}

#[test]
fn a_transferor_on_hold_has_its_caller_again_when_it_resumes() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.holds(b);
    world.refers(b, "1003");
    world.wait(3);
    world.fails(world.leg_to("1003"), 486);
    assert_eq!(world.hears(a), "HoldMusic");
    world.resumes(b);
    assert_eq!((world.hears(a), world.hears(b)), ("2".to_owned(), "1".to_owned()));
}

#[test]
fn a_target_that_nobody_knows_fails_at_once_and_the_outcome_waits_for_a_hasty_bye() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.refers(b, "9999");
    assert_eq!(world.said(), ["2 refer accepted", "(2 transfers to 9999)", "route 9999 for Transfer", "2 notify 404"]);
    assert_eq!(world.hears(a), "2");
    world.wait(2);
    assert_eq!(world.said(), ["(2 transfer Recalled 404)"]);
    world.hangs_up(b);
    assert_eq!(world.said(), ["(2 ended 200)", "1 hangup Normal", "(1 ended 200)", "end"]);
}

#[test]
fn who_failed_may_try_again_at_once() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.refers(b, "9999");
    world.skip();
    world.refers(b, "1003");
    assert_eq!(
        world.said(),
        [
            "(2 transfer Recalled 404)",
            "2 refer accepted",
            "(2 transfers to 1003)",
            "route 1003 for Transfer",
            "(3 started)",
            "3 invite 1003"
        ]
    );
    world.wait(5);
    assert_eq!(world.said(), [""; 0]);
    world.answers(world.leg_to("1003"));
    assert_eq!(world.hears(a), "3");
}

#[test]
fn a_bye_that_crosses_with_the_failure_is_no_reason_to_lose_the_caller() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.refers(b, "9999");
    world.skip();
    world.hangs_up(b);
    assert_eq!(world.said(), ["(2 ended 200)", "route 1002 for Recall", "(3 started)", "3 invite 1002"]);
    world.answers(world.leg_to("1002"));
    assert_eq!(world.said(), ["(3 answered)", "(2 transfer Recalled 404)"]);
    assert_eq!(world.hears(a), "3");
}

#[test]
fn a_transferor_that_is_gone_is_rung_again_and_sees_whom_it_gets() {
    let mut world = World::new();
    let (a, b, c) = referred(&mut world);
    world.hangs_up(b);
    world.skip();
    world.fails(c, 486);
    assert_eq!(world.said(), ["(3 ended 486)", "route 1002 for Recall", "(4 started)", "4 invite 1002"]);
    let again = world.leg_to("1002");
    let from = &world.invite(again).from;
    assert_eq!(from.display.as_deref(), Some("Recall: 1002 <- Phone 1001"));
    assert_eq!(from.uri, uri("1001"));
    world.rings(again);
    assert_eq!(world.hears(a), "Ringback");
    world.answers(again);
    assert_eq!(world.said(), ["(4 rings)", "(4 answered)", "(2 transfer Recalled 486)"]);
    assert_eq!((world.hears(a), world.hears(again)), ("4".to_owned(), "1".to_owned()));
}

#[test]
fn a_recall_that_nobody_answers_goes_to_the_fallback() {
    let mut world = with_fallback("1005");
    let (a, b, c) = referred(&mut world);
    world.hangs_up(b);
    world.fails(c, 486);
    world.skip();
    world.wait(20);
    assert_eq!(
        world.said(),
        ["4 hangup NoAnswer", "(4 ended 480)", "route 1005 for Fallback", "(5 started)", "5 invite 1005"]
    );
    let e = world.leg_to("1005");
    assert_eq!(world.invite(e).from, address("1001"));
    world.answers(e);
    assert_eq!(world.said(), ["(5 answered)", "(2 transfer FellBack 486)"]);
    assert_eq!((world.hears(a), world.hears(e)), ("5".to_owned(), "1".to_owned()));
}

#[test]
fn without_fallback_a_notice_is_heard_and_then_the_end() {
    let mut world = World::new();
    let (a, b, c) = referred(&mut world);
    world.hangs_up(b);
    world.fails(c, 486);
    world.skip();
    world.fails(world.leg_to("1002"), 480);
    assert_eq!(world.said(), ["(4 ended 480)", "(2 transfer Abandoned 486)"]);
    assert_eq!(world.hears(a), "Notice");
    world.wait(4);
    assert_eq!(world.said(), ["1 hangup Normal", "(1 ended 200)", "end"]);
}

#[test]
fn a_fallback_that_fails_too_is_followed_by_the_notice() {
    let mut world = with_fallback("1005");
    let (a, b, c) = referred(&mut world);
    world.hangs_up(b);
    world.fails(c, 486);
    world.fails(world.leg_to("1002"), 480);
    world.skip();
    world.fails(world.leg_to("1005"), 503);
    assert_eq!(world.said(), ["(5 ended 503)", "(2 transfer Abandoned 486)"]);
    assert_eq!(world.hears(a), "Notice");
}

#[test]
fn without_recall_the_caller_goes_to_the_fallback_directly() {
    let mut world = World::with(CallSettings { recall: false, fallback: Some("1005".to_owned()), ..settings() });
    let (_, b, c) = referred(&mut world);
    world.hangs_up(b);
    world.skip();
    world.fails(c, 486);
    assert_eq!(world.said(), ["(3 ended 486)", "route 1005 for Fallback", "(4 started)", "4 invite 1005"]);
}

#[test]
fn a_transferor_whose_phone_is_off_is_not_rung() {
    let mut world = with_fallback("7001");
    let (a, b, c) = referred(&mut world);
    world.plans.insert("1002".to_owned(), Err(Refusal::Offline));
    world.hangs_up(b);
    world.skip();
    world.fails(c, 486);
    assert_eq!(
        world.said(),
        ["(3 ended 486)", "route 1002 for Recall", "route 7001 for Fallback", "(2 transfer FellBack 486)", "end"]
    );
    assert_eq!((world.hears(a), world.calls()), ("HoldMusic".to_owned(), 1));
}

#[test]
fn the_caller_leaving_while_the_target_rings_stops_it() {
    let mut world = World::new();
    let (a, _, _) = referred(&mut world);
    world.hangs_up(a);
    assert_eq!(
        world.said(),
        [
            "(1 ended 200)",
            "3 hangup Cancelled",
            "(3 ended 487)",
            "2 notify 487",
            "(2 transfer CallerLeft 487)",
            "2 hangup Normal",
            "(2 ended 200)",
            "end"
        ]
    );
}

#[test]
fn the_caller_leaving_after_the_transferor_stops_the_target() {
    let mut world = World::new();
    let (a, b, _) = referred(&mut world);
    world.hangs_up(b);
    world.skip();
    world.hangs_up(a);
    assert_eq!(
        world.said(),
        ["(1 ended 200)", "3 hangup Cancelled", "(3 ended 487)", "(2 transfer CallerLeft 487)", "end"]
    );
}

#[test]
fn the_caller_leaving_during_the_recall_stops_it() {
    let mut world = World::new();
    let (a, b, c) = referred(&mut world);
    world.hangs_up(b);
    world.fails(c, 486);
    world.skip();
    world.hangs_up(a);
    assert_eq!(
        world.said(),
        ["(1 ended 200)", "4 hangup Cancelled", "(4 ended 487)", "(2 transfer CallerLeft 487)", "end"]
    );
}

#[test]
fn the_caller_leaving_during_the_notice_is_the_end() {
    let mut world = World::new();
    let (a, b, c) = referred(&mut world);
    world.hangs_up(b);
    world.fails(c, 486);
    world.fails(world.leg_to("1002"), 480);
    world.skip();
    world.hangs_up(a);
    assert_eq!(world.said(), ["(1 ended 200)", "end"]);
}

#[test]
fn the_target_answering_as_the_caller_leaves_is_not_left_alone() {
    let mut world = World::new();
    let (a, b, c) = referred(&mut world);
    world.hangs_up(b);
    world.answers(c);
    world.skip();
    world.hangs_up(a);
    assert_eq!(world.said(), ["(1 ended 200)", "3 hangup Normal", "(3 ended 200)", "end"]);
}

#[test]
fn nobody_answering_is_told_as_480() {
    let mut world = World::new();
    let (_, _, _) = referred(&mut world);
    world.wait(30);
    assert_eq!(world.said(), ["3 hangup NoAnswer", "(3 ended 480)", "2 notify 480", "(2 transfer Recalled 480)"]);
}

#[test]
fn a_held_caller_can_be_transferred() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.holds(a);
    world.refers(b, "1003");
    let c = world.leg_to("1003");
    world.answers(c);
    assert_eq!((world.hears(a), world.hears(c)), ("silence".to_owned(), "HoldMusic".to_owned()));
    world.resumes(a);
    assert_eq!((world.hears(a), world.hears(c)), ("3".to_owned(), "1".to_owned()));
}

#[test]
fn a_caller_that_resumes_while_the_target_rings_hears_ringback() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.holds(a);
    world.refers(b, "1003");
    world.rings(world.leg_to("1003"));
    assert_eq!(world.hears(a), "silence");
    world.resumes(a);
    assert_eq!(world.hears(a), "Ringback");
}

#[test]
fn refer_before_the_ack_of_a_re_invite_is_obeyed() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.offers_sdp(b, None);
    world.refers(b, "1003");
    let c = world.leg_to("1003");
    world.acks(b, true);
    world.answers(c);
    assert_eq!((world.hears(a), world.hears(b)), ("3".to_owned(), "silence".to_owned()));
}

#[test]
fn hold_of_the_transferor_after_its_refer_changes_nothing_for_the_caller() {
    let mut world = World::new();
    let (a, b, c) = referred(&mut world);
    world.rings(c);
    world.holds(b);
    assert_eq!(world.hears(a), "Ringback");
    world.answers(c);
    assert_eq!(world.hears(a), "3");
}

#[test]
fn a_second_refer_while_one_is_under_way_is_refused() {
    let mut world = World::new();
    let (_, b, _) = referred(&mut world);
    world.refers(b, "1004");
    assert_eq!(world.said(), ["2 refer refused 491"]);
}

#[test]
fn who_may_not_transfer_is_refused() {
    let mut world = World::new();
    let mut plain = origin("1001");
    plain.features.refer = false;
    let a = world.call_as(plain, "1002", true);
    world.answers(world.leg_to("1002"));
    world.skip();
    world.refers(a, "1003");
    assert_eq!(world.said(), ["1 refer refused 403"]);
}

#[test]
fn refer_before_the_answer_is_refused() {
    let mut world = World::new();
    let a = world.call("1001", "1002");
    world.skip();
    world.refers(a, "1003");
    assert_eq!(world.said(), ["1 refer refused 491"]);
}

#[test]
fn refer_to_a_room_brings_the_caller_there() {
    let mut world = World::new();
    let member = world.call("1005", "7001");
    let (a, b) = {
        let a = world.call("1001", "1002");
        let b = world.leg_to("1002");
        world.answers(b);
        (a, b)
    };
    world.skip();
    world.refers(b, "7001");
    assert_eq!(
        world.said(),
        [
            "3 refer accepted",
            "(3 transfers to 7001)",
            "route 7001 for Transfer",
            "3 notify 200",
            "(3 transfer Completed 200)"
        ]
    );
    assert_eq!((world.hears(a), world.hears(member)), ("1".to_owned(), "2".to_owned()));
    world.hangs_up(b);
    assert_eq!(world.said(), ["(3 ended 200)", "end"]);
}

#[test]
fn refer_to_music_leaves_the_caller_with_it() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.refers(b, "*9");
    assert_eq!(world.hears(a), "HoldMusic");
    world.skip();
    world.hangs_up(b);
    assert_eq!((world.said(), world.hears(a)), (vec!["(2 ended 200)".to_owned()], "HoldMusic".to_owned()));
}

#[test]
fn refer_to_the_own_number_rings_the_own_phone() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.refers(b, "1002");
    let again = world.leg_to("1002");
    assert_ne!(again, b);
    world.answers(again);
    assert_eq!(world.hears(a), "3");
}

#[test]
fn the_transfer_of_a_transferred_caller_works_like_the_first() {
    let mut world = World::new();
    let (a, b, c) = referred(&mut world);
    world.answers(c);
    world.hangs_up(b);
    world.refers(c, "1004");
    let d = world.leg_to("1004");
    assert_eq!(world.invite(d).from, address("1001"));
    world.answers(d);
    world.hangs_up(c);
    assert_eq!((world.hears(a), world.hears(d)), ("4".to_owned(), "1".to_owned()));
}

#[test]
fn the_target_hanging_up_after_the_transfer_ends_the_caller_even_if_the_transferor_lingers() {
    let mut world = World::new();
    let (_, _, c) = referred(&mut world);
    world.answers(c);
    world.skip();
    world.hangs_up(c);
    assert_eq!(world.said(), ["(3 ended 200)", "1 hangup Normal", "(1 ended 200)"]);
    world.wait(5);
    assert_eq!(world.said(), ["2 hangup Transferred", "(2 ended 200)", "end"]);
}

#[test]
fn the_reason_phrase_of_the_target_goes_into_notify() {
    let mut world = World::new();
    let (_, _, c) = referred(&mut world);
    world.sip(sip::Event::Failed { leg: c, failure: sip::Failure { reason: "At lunch".to_owned(), ..failure(480) } });
    assert!(world.said().contains(&"2 notify 480 At lunch".to_owned()));
}
