//! REFER with Replaces, and INVITE with Replaces (RFC 3891).

use crate::{basic::talking, world::*};
use warmline::{
    call::CallSettings,
    destination::Plan,
    ids::LegId,
    sip::{self, Replaces},
};

/// Agent 1002 has its caller 1001 on hold and talks to 1003 in a second call: caller, agent's first and second leg, target.
fn consulting(world: &mut World) -> (LegId, LegId, LegId, LegId) {
    let (a, b) = talking(world);
    world.holds(b);
    let b2 = world.call("1002", "1003");
    let c = world.leg_to("1003");
    world.answers(c);
    world.skip();
    (a, b, b2, c)
}

/// The same, but 1003 only rings.
fn half_consulting(world: &mut World) -> (LegId, LegId, LegId, LegId) {
    let (a, b) = talking(world);
    world.holds(b);
    let b2 = world.call("1002", "1003");
    let c = world.leg_to("1003");
    world.rings(c);
    world.skip();
    (a, b, b2, c)
}

#[test]
fn caller_and_target_talk_and_the_agent_goes() {
    let mut world = World::new();
    let (a, b, b2, c) = consulting(&mut world);
    assert_eq!((world.hears(a), world.hears(c)), ("HoldMusic".to_owned(), "3".to_owned()));
    world.refers_replacing(b, Some(b2));
    assert_eq!(
        world.said(),
        [
            "2 refer accepted",
            "(2 transfers to x, attended)",
            "2 notify 200",
            "(2 transfer Completed 200)",
            "3 hangup Replaced",
            "(3 ended 200)",
        ]
    );
    assert_eq!((world.hears(a), world.hears(c)), ("4".to_owned(), "1".to_owned()));
    assert!(["silence", "nothing"].contains(&world.hears(b).as_str()));
    world.hangs_up(b);
    assert_eq!(world.said(), ["(2 ended 200)", "end"]);
    world.hangs_up(c);
    assert_eq!(world.said(), ["(4 ended 200)", "1 hangup Normal", "(1 ended 200)", "end"]);
}

#[test]
fn the_refer_may_come_in_the_second_call_as_well() {
    let mut world = World::new();
    let (a, b, b2, c) = consulting(&mut world);
    world.refers_replacing(b2, Some(b));
    assert_eq!((world.hears(a), world.hears(c)), ("4".to_owned(), "1".to_owned()));
    world.wait(5);
    assert_eq!(world.alive(), [a.0, c.0]);
}

#[test]
fn an_agent_that_does_not_hang_up_is_hung_up() {
    let mut world = World::new();
    let (_, b, b2, _) = consulting(&mut world);
    world.refers_replacing(b, Some(b2));
    world.skip();
    world.wait(5);
    assert_eq!(world.said(), ["2 hangup Transferred", "(2 ended 200)", "end"]);
}

#[test]
fn a_target_that_holds_is_met_with_music_by_the_caller() {
    let mut world = World::new();
    let (a, b, b2, c) = consulting(&mut world);
    world.holds(c);
    world.refers_replacing(b, Some(b2));
    assert_eq!((world.hears(a), world.hears(c)), ("HoldMusic".to_owned(), "silence".to_owned()));
    world.resumes(c);
    assert_eq!((world.hears(a), world.hears(c)), ("4".to_owned(), "1".to_owned()));
}

#[test]
fn a_dialog_that_is_gone_is_told_as_481_and_the_agent_keeps_its_caller() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.refers_replacing(b, None);
    assert_eq!(
        world.said(),
        ["2 refer accepted", "(2 transfers to x, attended)", "2 notify 481", "(2 transfer Refused 481)"]
    );
    assert_eq!(world.hears(a), "2");
}

#[test]
fn a_join_that_comes_too_late_is_told_and_the_agent_keeps_its_caller() {
    let mut world = World::new();
    let (a, b, b2, c) = consulting(&mut world);
    world.hangs_up(c);
    world.skip();
    world.refers_replacing(b, Some(b2));
    assert_eq!(
        world.said(),
        ["2 refer accepted", "(2 transfers to x, attended)", "2 notify 481", "(2 transfer Recalled 481)"]
    );
    world.resumes(b);
    assert_eq!(world.hears(a), "2");
}

#[test]
fn early_only_does_not_replace_an_answered_dialog() {
    let mut world = World::new();
    let (a, b, b2, _) = consulting(&mut world);
    let replaces = Some(Replaces { leg: Some(b2), confirmed: true, early_only: true });
    let refer = sip::Refer { leg: b, target: uri("x"), replaces, referred_by: None, notify: true };
    world.sip(sip::Event::Refer(Box::new(refer)));
    assert!(world.said().contains(&"2 notify 486".to_owned()));
    assert_eq!(world.hears(a), "HoldMusic");
}

#[test]
fn while_the_target_rings_the_caller_takes_the_waiting_over() {
    let mut world = World::new();
    let (a, b, b2, c) = half_consulting(&mut world);
    world.refers_replacing(b, Some(b2));
    assert_eq!(
        world.said(),
        [
            "2 refer accepted",
            "(2 transfers to x, attended)",
            "2 notify 200",
            "(2 transfer Completed 200)",
            "3 hangup Replaced",
            "(3 ended 487)",
        ]
    );
    assert_eq!(world.hears(a), "Ringback");
    world.hangs_up(b);
    world.answers(c);
    assert_eq!((world.hears(a), world.hears(c)), ("4".to_owned(), "1".to_owned()));
}

#[test]
fn a_target_that_rings_in_vain_brings_the_caller_back_to_the_agent() {
    let mut world = World::new();
    let (a, b, b2, c) = half_consulting(&mut world);
    world.refers_replacing(b, Some(b2));
    world.hangs_up(b);
    world.skip();
    world.fails(c, 486);
    assert_eq!(world.said(), ["(4 ended 486)", "route 1002 for Recall", "(5 started)", "5 invite 1002"]);
    let again = world.leg_to("1002");
    world.answers(again);
    assert_eq!(world.said(), ["(5 answered)", "(3 transfer Recalled 486)"]);
    assert_eq!((world.hears(a), world.hears(again)), ("5".to_owned(), "1".to_owned()));
}

#[test]
fn the_caller_leaving_while_it_waits_for_the_target_stops_it() {
    let mut world = World::new();
    let (a, b, b2, _) = half_consulting(&mut world);
    world.refers_replacing(b, Some(b2));
    world.hangs_up(b);
    world.skip();
    world.hangs_up(a);
    assert_eq!(world.said(), ["(1 ended 200)", "4 hangup Cancelled", "(4 ended 487)", "end"]);
}

#[test]
fn a_ringing_target_may_have_its_own_early_media_for_the_caller() {
    let mut world = World::new();
    let (a, b, b2, c) = half_consulting(&mut world);
    world.refers_replacing(b, Some(b2));
    world.early_media(c);
    assert_eq!(world.hears(a), "4");
}

#[test]
fn both_legs_of_the_agent_in_one_call() {
    let mut world = World::new();
    let room = |world: &mut World, number: &str| world.call(number, "7001");
    let (a, b, b2) = (room(&mut world, "1001"), room(&mut world, "1002"), room(&mut world, "1002"));
    let c = room(&mut world, "1003");
    world.skip();
    world.refers_replacing(b, Some(b2));
    assert_eq!(
        world.said(),
        [
            "2 refer accepted",
            "(2 transfers to x, attended)",
            "3 hangup Replaced",
            "(3 ended 200)",
            "2 notify 200",
            "(2 transfer Completed 200)"
        ]
    );
    world.wait(5);
    assert_eq!((world.hears(a), world.hears(c)), ("4".to_owned(), "1".to_owned()));
}

#[test]
fn a_caller_goes_into_a_room_in_the_place_of_the_agent() {
    let mut world = World::new();
    let (m, b2) = (world.call("1004", "7001"), world.call("1002", "7001"));
    let a = world.call("1001", "1002");
    let b = world.leg_to("1002");
    world.answers(b);
    world.refers_replacing(b, Some(b2));
    assert_eq!((world.hears(a), world.hears(m)), ("1".to_owned(), "3".to_owned()));
}

#[test]
fn a_transferor_that_lingers_does_not_go_along_with_the_next_transfer() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.refers(b, "1003");
    let c = world.leg_to("1003");
    world.answers(c);
    let c2 = world.call("1003", "1004");
    let d = world.leg_to("1004");
    world.answers(d);
    world.refers_replacing(c, Some(c2));
    assert_eq!((world.hears(a), world.hears(d)), (d.0.to_string(), a.0.to_string()));
    world.wait(5);
    assert_eq!(world.alive(), [a.0, d.0]);
}

#[test]
fn a_caller_comes_into_the_room_of_the_agent_and_the_room_stays() {
    let mut world = World::new();
    let (m, b, n) = (world.call("1004", "7001"), world.call("1002", "7001"), world.call("1005", "7001"));
    let b2 = world.call("1002", "1003");
    let c = world.leg_to("1003");
    world.answers(c);
    world.skip();
    world.refers_replacing(b, Some(b2));
    assert_eq!(
        world.said(),
        [
            "2 refer accepted",
            "(2 transfers to x, attended)",
            "2 notify 200",
            "(2 transfer Completed 200)",
            "4 hangup Replaced",
            "(4 ended 200)",
            "end",
        ]
    );
    let later = world.call("1001", "7001");
    world.wait(5);
    assert_eq!(world.hears(c), format!("{}+{}+{}", m.0, n.0, later.0));
    assert_eq!(world.hears(later), format!("{}+{}+{}", m.0, n.0, c.0));
    world.check();
}

#[test]
fn who_rings_for_the_agent_of_a_room_comes_into_the_room() {
    let mut world = World::new();
    let (m, b) = (world.call("1004", "7001"), world.call("1002", "7001"));
    let b2 = world.call("1002", "1003");
    let c = world.leg_to("1003");
    world.rings(c);
    world.refers_replacing(b, Some(b2));
    world.hangs_up(b);
    assert_eq!(world.alive(), [m.0, c.0]);
    world.answers(c);
    assert_eq!((world.hears(m), world.hears(c)), (c.0.to_string(), m.0.to_string()));
    world.check();
}

#[test]
fn two_rooms_are_not_made_one() {
    let mut world = World::new();
    world.plans.insert("7002".to_owned(), Ok(Plan::Conference("7002".to_owned())));
    let (m, b) = (world.call("1004", "7001"), world.call("1002", "7001"));
    let (n, b2) = (world.call("1005", "7002"), world.call("1002", "7002"));
    world.skip();
    world.refers_replacing(b, Some(b2));
    assert!(world.said().contains(&"2 notify 403".to_owned()));
    assert_eq!((world.hears(m), world.hears(n)), (b.0.to_string(), b2.0.to_string()));
}

#[test]
fn music_does_not_come_into_a_room() {
    let mut world = World::new();
    let (m, b) = (world.call("1004", "7001"), world.call("1002", "7001"));
    let b2 = world.call("1002", "*9");
    world.skip();
    world.refers_replacing(b, Some(b2));
    assert!(world.said().contains(&"2 notify 403".to_owned()));
    assert_eq!((world.hears(m), world.hears(b2)), (b.0.to_string(), "HoldMusic".to_owned()));
}

#[test]
fn who_hands_over_in_its_second_call_cannot_be_replaced_there() {
    let mut world = World::new();
    let (a, b, b2, c) = consulting(&mut world);
    world.refers(b2, "1004");
    world.refers_replacing(b, Some(b2));
    assert!(world.said().contains(&"2 notify 491".to_owned()));
    let d = world.leg_to("1004");
    world.answers(d);
    assert_eq!((world.hears(c), world.hears(d)), (d.0.to_string(), c.0.to_string()));
    world.refers_replacing(b, Some(b2));
    assert!(world.said().contains(&"2 notify 603".to_owned()));
    world.resumes(b);
    assert_eq!(world.hears(a), b.0.to_string());
}

#[test]
fn invite_with_replaces_takes_the_place_of_an_answered_leg() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    let d = world.call_replacing("1004", b, false);
    assert_eq!(world.said(), ["(3 started)", "3 200", "(3 answered)", "2 hangup Replaced", "(2 ended 200)"]);
    assert_eq!((world.hears(a), world.hears(d)), ("3".to_owned(), "1".to_owned()));
}

#[test]
fn invite_with_replaces_for_a_ringing_leg_is_pickup() {
    let mut world = World::new();
    let a = world.call("1001", "group");
    let b = world.leg_to("1002");
    world.skip();
    let d = world.call_replacing("1004", b, true);
    assert_eq!(
        world.said(),
        [
            "(4 started)",
            "4 200",
            "(4 answered)",
            "2 hangup Replaced",
            "(2 ended 487)",
            "3 hangup AnsweredElsewhere",
            "(3 ended 487)",
            "1 200",
            "(1 answered)"
        ]
    );
    assert_eq!((world.hears(a), world.hears(d)), ("4".to_owned(), "1".to_owned()));
}

#[test]
fn invite_with_replaces_is_refused_where_the_state_does_not_fit() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.call_replacing("1004", b, true);
    assert_eq!(world.said()[1], "3 486");
    let early = world.call("1004", "1005");
    world.skip();
    world.call_replacing("1003", early, false);
    assert_eq!(world.said()[1], "6 481");
    assert_eq!(world.hears(a), "2");
}

#[test]
fn invite_with_replaces_for_a_leg_that_is_about_to_go_is_declined() {
    let mut world = World::new();
    let (_, b) = talking(&mut world);
    world.refers(b, "1003");
    world.answers(world.leg_to("1003"));
    world.skip();
    world.call_replacing("1004", b, false);
    assert_eq!(world.said()[1], "4 603");
}

#[test]
fn who_takes_the_place_of_the_transferor_gets_the_caller_back_when_the_transfer_fails() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.refers(b, "1003");
    let c = world.leg_to("1003");
    let d = world.call_replacing("1004", b, false);
    world.skip();
    world.fails(c, 486);
    assert_eq!(world.said(), ["(3 ended 486)", "(2 transfer Recalled 486)"]);
    assert_eq!((world.hears(a), world.hears(d)), ("4".to_owned(), "1".to_owned()));
}

#[test]
fn a_second_transfer_of_the_same_kind_works_like_the_first() {
    let mut world = World::new();
    let (a, b, b2, c) = consulting(&mut world);
    world.refers_replacing(b, Some(b2));
    world.hangs_up(b);
    let c2 = world.call("1003", "1004");
    let d = world.leg_to("1004");
    world.answers(d);
    world.refers_replacing(c, Some(c2));
    world.hangs_up(c);
    assert_eq!((world.hears(a), world.hears(d)), ("6".to_owned(), "1".to_owned()));
    world.hangs_up(a);
    assert_eq!((world.calls(), world.alive()), (0, vec![]));
}

#[test]
fn without_recall_a_failed_half_consultation_goes_to_the_fallback() {
    let mut world = World::with(CallSettings { recall: false, fallback: Some("*9".to_owned()), ..settings() });
    let (a, b, b2, c) = half_consulting(&mut world);
    world.refers_replacing(b, Some(b2));
    world.hangs_up(b);
    world.skip();
    world.fails(c, 600);
    assert_eq!(world.said(), ["(4 ended 600)", "route *9 for Fallback", "(3 transfer FellBack 600)"]);
    assert_eq!(world.hears(a), "HoldMusic");
}
