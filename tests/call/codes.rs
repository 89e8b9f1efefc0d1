//! Star codes: what the other side hears of them (nothing), and the transfers they make.

use crate::{basic::talking, world::*};
use warmline::{
    call::{CallSettings, Codes},
    ids::LegId,
    media, sip,
};

fn heard(world: &World, legs: &[LegId]) -> Vec<String> {
    legs.iter().map(|leg| world.hears(*leg)).collect()
}

/// The digits that were passed on since the last time.
fn passed(world: &mut World) -> Vec<String> {
    world.said().into_iter().filter(|line| line.starts_with("digit")).collect()
}

/// 1002 dialled *2 and 1003, who rings.
fn ringing(world: &mut World) -> (LegId, LegId, LegId) {
    let (a, b) = talking(world);
    world.dials(b, "*21003#");
    let c = world.leg_to("1003");
    world.rings(c);
    world.skip();
    (a, b, c)
}

/// The same, and 1003 answered.
fn private(world: &mut World) -> (LegId, LegId, LegId) {
    let (a, b, c) = ringing(world);
    world.answers(c);
    world.skip();
    (a, b, c)
}

#[test]
fn digits_that_are_no_code_go_on_at_once() {
    let mut world = World::new();
    let (_, b) = talking(&mut world);
    assert!(world.collects(b));
    world.dials(b, "12#");
    assert_eq!(passed(&mut world), ["digit 1 to 1", "digit 2 to 1", "digit # to 1"]);
}

#[test]
fn a_star_waits_and_goes_on_in_order_when_it_becomes_no_code() {
    let mut world = World::new();
    let (_, b) = talking(&mut world);
    world.dials(b, "*");
    assert_eq!(passed(&mut world), [""; 0]);
    world.dials(b, "9");
    assert_eq!(passed(&mut world), ["digit * to 1", "digit 9 to 1"]);
}

#[test]
fn a_star_alone_goes_on_after_two_seconds() {
    let mut world = World::new();
    let (_, b) = talking(&mut world);
    world.dials(b, "*");
    world.wait(1);
    assert_eq!(passed(&mut world), [""; 0]);
    world.wait(1);
    assert_eq!(passed(&mut world), ["digit * to 1"]);
}

#[test]
fn of_two_stars_the_second_may_begin_a_code() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.dials(b, "**1");
    assert_eq!(passed(&mut world), ["digit * to 1"]);
    assert_eq!(world.hears(a), "HoldMusic");
}

#[test]
fn codes_that_do_not_fit_are_swallowed() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.dials(b, "*4*5*6*7");
    assert_eq!(passed(&mut world), [""; 0]);
    assert_eq!(world.hears(a), "2");
}

#[test]
fn who_may_not_use_codes_is_not_listened_to() {
    let mut world = World::new();
    let mut plain = origin("1001");
    plain.features.codes = false;
    let a = world.call_as(plain, "1002", true);
    world.answers(world.leg_to("1002"));
    world.skip();
    assert!(!world.collects(a));
    world.dials(a, "*11003#");
    assert_eq!(passed(&mut world), [""; 0]);
    assert_eq!(world.hears(a), "2");
}

#[test]
fn a_code_that_is_off_is_digits() {
    let codes = Codes { blind_transfer: None, ..settings().codes };
    let mut world = World::with(CallSettings { codes, ..settings() });
    let (_, b) = talking(&mut world);
    world.dials(b, "*1");
    assert_eq!(passed(&mut world), ["digit * to 1", "digit 1 to 1"]);
}

#[test]
fn with_all_codes_off_nothing_is_kept_from_the_others() {
    let mut world = World::with(CallSettings { codes: Codes::default(), ..settings() });
    let (_, b) = talking(&mut world);
    assert!(!world.collects(b));
}

#[test]
fn digits_in_info_go_on_and_make_codes() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    let info = |content_type: &str, body: &'static str| sip::Event::Info {
        leg: b,
        content_type: content_type.to_owned(),
        body: body.into(),
    };
    world.sip(info("application/dtmf-relay", "Signal=5\r\nDuration=250\r\n"));
    assert_eq!(passed(&mut world), ["digit 5 to 1"]);
    world.sip(info("application/dtmf", "7"));
    assert_eq!(passed(&mut world), ["digit 7 to 1"]);
    world.sip(info("application/dtmf", "10"));
    world.sip(info("application/dtmf-relay", "signal= 1\n"));
    assert_eq!(passed(&mut world), [""; 0]);
    assert_eq!(world.hears(a), "HoldMusic");
    world.sip(info("application/dtmf-relay", "Signal=x"));
    world.sip(info("text/plain", "5"));
    world.sip(sip::Event::Info { leg: b, content_type: "application/dtmf".to_owned(), body: vec![0xff, 0].into() });
}

#[test]
fn who_wants_digits_by_info_gets_them_so() {
    let mut world = World::new();
    let (a, _) = talking(&mut world);
    world.skip();
    world.media(media::Event::Dial { leg: a, digit: '#', duration_ms: 120 });
    assert_eq!(world.said(), ["1 info Signal=# Duration=120"]);
}

#[test]
fn while_a_number_is_dialled_the_agent_is_prompted_and_the_caller_hears_music() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.dials(b, "*1");
    assert_eq!(heard(&world, &[a, b]), ["HoldMusic", "Prompt"]);
    world.dials(b, "10");
    assert_eq!(heard(&world, &[a, b]), ["HoldMusic", "silence"]);
    assert_eq!(passed(&mut world), [""; 0]);
}

#[test]
fn no_number_at_all_leads_back_to_the_talk() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.dials(b, "*1");
    world.wait(10);
    assert_eq!(heard(&world, &[a, b]), ["2", "1"]);
    world.dials(b, "*2#");
    assert_eq!(heard(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn the_cancel_code_ends_a_number() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.dials(b, "*110*5");
    assert_eq!(heard(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn a_blind_transfer_lets_the_agent_go_when_the_target_answers() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.dials(b, "*11003#");
    let said = world.said();
    let tail = &said[said.len() - 4..];
    assert_eq!(tail, ["(2 transfers to 1003)", "route 1003 for Transfer", "(3 started)", "3 invite 1003"]);
    let c = world.leg_to("1003");
    assert_eq!(world.invite(c).from, address("1001"));
    assert_eq!(heard(&world, &[a, b]), ["HoldMusic", "silence"]);
    world.answers(c);
    assert_eq!(world.said(), ["(3 answered)", "(2 transfer Completed 200)", "2 hangup Transferred", "(2 ended 200)"]);
    assert_eq!(heard(&world, &[a, c]), ["3", "1"]);
}

#[test]
fn a_pause_ends_the_number_as_well() {
    let mut world = World::new();
    let (_, b) = talking(&mut world);
    world.dials(b, "*11003");
    world.skip();
    world.wait(3);
    assert_eq!(world.said()[0], "(2 transfers to 1003)");
}

#[test]
fn a_failed_blind_transfer_gives_the_caller_back() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.dials(b, "*11003#");
    world.skip();
    world.fails(world.leg_to("1003"), 486);
    assert_eq!(world.said(), ["(3 ended 486)", "(2 transfer Recalled 486)"]);
    assert_eq!(heard(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn a_failed_blind_transfer_recalls_an_agent_that_hung_up() {
    let mut world = World::new();
    let (_, b) = talking(&mut world);
    world.dials(b, "*11003#");
    world.hangs_up(b);
    world.skip();
    world.fails(world.leg_to("1003"), 486);
    assert_eq!(world.said(), ["(3 ended 486)", "route 1002 for Recall", "(4 started)", "4 invite 1002"]);
}

#[test]
fn warm_the_agent_talks_to_the_target_in_private() {
    let mut world = World::new();
    let (a, b, c) = ringing(&mut world);
    assert_eq!(heard(&world, &[a, b]), ["HoldMusic", "Ringback"]);
    world.answers(c);
    assert_eq!(heard(&world, &[a, b, c]), ["HoldMusic", "3", "2"]);
}

#[test]
fn warm_complete_lets_the_agent_go() {
    let mut world = World::new();
    let (a, b, c) = private(&mut world);
    world.dials(b, "*4");
    assert_eq!(
        world.said(),
        ["(2 dials *)", "(2 dials 4)", "2 hangup Transferred", "(2 ended 200)", "(2 transfer Completed 200)"]
    );
    assert_eq!(heard(&world, &[a, c]), ["3", "1"]);
}

#[test]
fn warm_the_agent_hanging_up_completes() {
    let mut world = World::new();
    let (a, b, c) = private(&mut world);
    world.hangs_up(b);
    assert_eq!(world.said(), ["(2 ended 200)", "(2 transfer Completed 200)"]);
    assert_eq!(heard(&world, &[a, c]), ["3", "1"]);
}

#[test]
fn warm_cancel_drops_the_target() {
    let mut world = World::new();
    let (a, b, _) = private(&mut world);
    world.dials(b, "*5");
    assert_eq!(world.said()[2..], ["3 hangup Normal", "(3 ended 200)", "(2 transfer Cancelled 200)"]);
    assert_eq!(heard(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn warm_cancel_while_it_rings() {
    let mut world = World::new();
    let (a, b, _) = ringing(&mut world);
    world.dials(b, "*5");
    assert_eq!(world.said()[2..], ["3 hangup Cancelled", "(3 ended 487)", "(2 transfer Cancelled 487)"]);
    assert_eq!(heard(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn warm_three_way_lets_all_talk() {
    let mut world = World::new();
    let (a, b, c) = private(&mut world);
    world.dials(b, "*6");
    assert_eq!(heard(&world, &[a, b, c]), ["2+3", "1+3", "1+2"]);
    world.skip();
    world.hangs_up(b);
    assert_eq!(world.said(), ["(2 ended 200)", "(2 transfer Completed 200)"]);
    assert_eq!(heard(&world, &[a, c]), ["3", "1"]);
}

#[test]
fn out_of_three_the_agent_leaves_by_code_as_well() {
    let mut world = World::new();
    let (a, b, c) = private(&mut world);
    world.dials(b, "*6*4");
    assert_eq!(world.said()[4..], ["2 hangup Transferred", "(2 ended 200)", "(2 transfer Completed 200)"]);
    assert_eq!(heard(&world, &[a, c]), ["3", "1"]);
}

#[test]
fn out_of_three_the_agent_lets_the_target_go() {
    let mut world = World::new();
    let (a, b, _) = private(&mut world);
    world.dials(b, "*6*5");
    assert_eq!(world.said()[4..], ["3 hangup Normal", "(3 ended 200)", "(2 transfer Cancelled 200)"]);
    assert_eq!(heard(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn out_of_three_the_agent_talks_to_the_target_in_private_again_and_to_both_again() {
    let mut world = World::new();
    let (a, b, c) = private(&mut world);
    world.dials(b, "*6*7");
    assert_eq!(heard(&world, &[a, b, c]), ["HoldMusic", "3", "2"]);
    world.dials(b, "*7");
    assert_eq!(heard(&world, &[a, b, c]), ["2", "1", "HoldMusic"]);
    world.dials(b, "*6");
    assert_eq!(heard(&world, &[a, b, c]), ["2+3", "1+3", "1+2"]);
}

#[test]
fn three_who_talk_may_ask_a_fourth_in() {
    let mut world = World::new();
    let (_, b, _) = private(&mut world);
    world.dials(b, "*6");
    world.skip();
    world.refers(b, "1004");
    assert_eq!(world.said()[..2], ["(2 transfer Completed 200)", "2 refer accepted"]);
    let d = world.leg_to("1004");
    world.answers(d);
    assert_eq!(world.hears(d), "1+2+3");
}

#[test]
fn warm_swap_goes_to_the_caller_and_back() {
    let mut world = World::new();
    let (a, b, c) = private(&mut world);
    world.dials(b, "*7");
    assert_eq!(heard(&world, &[a, b, c]), ["2", "1", "HoldMusic"]);
    world.dials(b, "*7");
    assert_eq!(heard(&world, &[a, b, c]), ["HoldMusic", "3", "2"]);
    world.dials(b, "*7*4");
    assert_eq!(heard(&world, &[a, c]), ["3", "1"]);
}

#[test]
fn warm_the_target_hanging_up_gives_the_caller_back() {
    let mut world = World::new();
    let (a, b, c) = private(&mut world);
    world.hangs_up(c);
    assert_eq!(world.said(), ["(3 ended 200)", "(2 transfer Cancelled 200)"]);
    assert_eq!(heard(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn warm_the_caller_hanging_up_leaves_agent_and_target_talking() {
    let mut world = World::new();
    let (a, b, c) = private(&mut world);
    world.dials(b, "*7");
    world.skip();
    world.hangs_up(a);
    assert_eq!(world.said(), ["(1 ended 200)", "(2 transfer CallerLeft 487)"]);
    assert_eq!(heard(&world, &[b, c]), ["3", "2"]);
}

#[test]
fn warm_the_caller_hanging_up_while_it_rings_stops_it() {
    let mut world = World::new();
    let (a, _, _) = ringing(&mut world);
    world.hangs_up(a);
    assert_eq!(
        world.said(),
        [
            "(1 ended 200)",
            "3 hangup Cancelled",
            "(3 ended 487)",
            "(2 transfer CallerLeft 487)",
            "2 hangup Normal",
            "(2 ended 200)",
            "end"
        ]
    );
}

#[test]
fn warm_a_busy_target_is_heard_as_busy_and_then_the_caller() {
    let mut world = World::new();
    let (a, b, c) = ringing(&mut world);
    world.fails(c, 486);
    assert_eq!(heard(&world, &[a, b]), ["HoldMusic", "Busy"]);
    world.skip();
    world.wait(2);
    assert_eq!(world.said(), ["(2 transfer Recalled 486)"]);
    assert_eq!(heard(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn who_hears_that_the_target_is_busy_may_try_another_at_once() {
    let mut world = World::new();
    let (a, b, c) = ringing(&mut world);
    world.fails(c, 486);
    world.dials(b, "*2");
    assert_eq!(heard(&world, &[a, b]), ["HoldMusic", "Prompt"]);
    world.dials(b, "1004#");
    world.wait(5);
    let d = world.leg_to("1004");
    world.answers(d);
    assert_eq!(heard(&world, &[a, b, d]), ["HoldMusic", "4", "2"]);
}

#[test]
fn warm_an_unknown_number_is_heard_as_notice() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.dials(b, "*29999#");
    assert_eq!(heard(&world, &[a, b]), ["HoldMusic", "Notice"]);
    world.dials(b, "*5");
    assert_eq!(heard(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn warm_an_agent_that_hangs_up_during_the_tone_is_rung_again() {
    let mut world = World::new();
    let (_, b, c) = ringing(&mut world);
    world.fails(c, 486);
    world.skip();
    world.hangs_up(b);
    assert_eq!(world.said(), ["(2 ended 200)", "route 1002 for Recall", "(4 started)", "4 invite 1002"]);
    world.answers(world.leg_to("1002"));
    assert_eq!(world.said(), ["(4 answered)", "(2 transfer Recalled 486)"]);
}

#[test]
fn warm_an_agent_that_hangs_up_while_it_rings_leaves_the_caller_to_the_target() {
    let mut world = World::new();
    let (a, b, c) = ringing(&mut world);
    world.hangs_up(b);
    assert_eq!(world.hears(a), "Ringback");
    world.skip();
    world.answers(c);
    assert_eq!(world.said(), ["(3 answered)", "(2 transfer Completed 200)"]);
    assert_eq!(heard(&world, &[a, c]), ["3", "1"]);
}

#[test]
fn warm_an_agent_that_completed_while_it_rang_is_recalled_when_it_fails() {
    let mut world = World::new();
    let (a, b, c) = ringing(&mut world);
    world.dials(b, "*4");
    world.skip();
    world.fails(c, 480);
    assert_eq!(world.said(), ["(3 ended 480)", "route 1002 for Recall", "(4 started)", "4 invite 1002"]);
    world.answers(world.leg_to("1002"));
    assert_eq!(world.hears(a), "4");
}

#[test]
fn warm_hold_by_phone_during_the_private_talk() {
    let mut world = World::new();
    let (a, b, c) = private(&mut world);
    world.holds(b);
    assert_eq!(heard(&world, &[a, b, c]), ["HoldMusic", "silence", "HoldMusic"]);
    world.resumes(b);
    assert_eq!(heard(&world, &[a, b, c]), ["HoldMusic", "3", "2"]);
}

#[test]
fn warm_early_media_of_the_target_are_for_the_agent_alone() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.dials(b, "*21003#");
    let c = world.leg_to("1003");
    world.early_media(c);
    assert_eq!(heard(&world, &[a, b, c]), ["HoldMusic", "3", "2"]);
}

#[test]
fn digits_of_the_private_talk_reach_the_target_alone() {
    let mut world = World::new();
    let (_, b, _) = private(&mut world);
    world.dials(b, "5");
    assert_eq!(passed(&mut world), ["digit 5 to 3"]);
}

#[test]
fn refer_during_a_warm_transfer_is_refused() {
    let mut world = World::new();
    let (_, b, _) = private(&mut world);
    world.refers(b, "1004");
    assert_eq!(world.said(), ["2 refer refused 491"]);
}

#[test]
fn refer_while_a_number_is_dialled_is_obeyed() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.dials(b, "*110");
    world.refers(b, "1003");
    world.answers(world.leg_to("1003"));
    world.wait(10);
    assert_eq!(world.hears(a), "3");
}

#[test]
fn a_very_long_number_is_given_up() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.dials(b, &format!("*1{}", "1".repeat(33)));
    assert_eq!(heard(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn warm_into_a_room_takes_agent_and_caller_there() {
    let mut world = World::new();
    let m = world.call("1005", "7001");
    let a = world.call("1001", "1002");
    let b = world.leg_to("1002");
    world.answers(b);
    world.dials(b, "*27001#");
    assert_eq!(heard(&world, &[m, a, b]), ["2+3", "1+3", "1+2"]);
}
