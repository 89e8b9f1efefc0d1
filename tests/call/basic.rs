//! From the first INVITE to the last BYE.

use crate::world::*;
use warmline::{
    destination::{Caller, Plan, Refusal, Target},
    ids::LegId,
    media::sdp::Codec,
    sip::{self, Cause, wire::StatusCode},
};

/// 1001 and 1002 talk: their legs.
pub fn talking(world: &mut World) -> (LegId, LegId) {
    let caller = world.call("1001", "1002");
    let callee = world.leg_to("1002");
    world.answers(callee);
    world.acks(caller, false);
    world.skip();
    (caller, callee)
}

#[test]
fn a_call_rings_is_answered_and_ends() {
    let mut world = World::new();
    let a = world.call("1001", "1002");
    assert_eq!(world.said(), ["(1 started)", "(2 started)", "2 invite 1002"]);
    let b = world.leg_to("1002");
    world.rings(b);
    assert_eq!(world.said(), ["(2 rings)", "1 180"]);
    world.answers(b);
    assert_eq!(world.said(), ["(2 answered)", "1 200", "(1 answered)"]);
    assert_eq!((world.hears(a), world.hears(b)), ("2".to_owned(), "1".to_owned()));
    world.acks(a, false);
    assert_eq!(world.said(), [""; 0]);
    world.hangs_up(a);
    assert_eq!(world.said(), ["(1 ended 200)", "2 hangup Normal", "(2 ended 200)", "end"]);
    assert_eq!(world.alive(), [0; 0]);
}

#[test]
fn the_callee_hanging_up_ends_the_caller() {
    let mut world = World::new();
    let (_, b) = talking(&mut world);
    world.hangs_up(b);
    assert_eq!(world.said(), ["(2 ended 200)", "1 hangup Normal", "(1 ended 200)", "end"]);
}

#[test]
fn a_second_180_is_not_passed_on() {
    let mut world = World::new();
    world.call("1001", "1002");
    let b = world.leg_to("1002");
    world.rings(b);
    world.skip();
    world.rings(b);
    assert_eq!(world.said(), [""; 0]);
}

#[test]
fn the_invite_carries_the_callers_identity_one_hop_less_and_its_codec_first() {
    let mut world = World::new();
    let leg = world.new_leg();
    let sdp =
        "v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
    world.call_with(leg, origin("1001"), "1002", Some(sdp.into()));
    let b = world.leg_to("1002");
    let invite = world.invite(b);
    assert_eq!(invite.from, address("1001"));
    assert_eq!((invite.max_forwards, invite.asserted.is_none()), (69, true));
    assert!(world.our_sdp(b).contains("RTP/AVP 8 0 "), "{}", world.our_sdp(b));
}

#[test]
fn a_trusted_target_is_told_who_asks_for_privacy_and_nobody_else_is() {
    let mut world = World::new();
    let mut trunk = target("1002");
    trunk.trusted = true;
    world.plans.insert("both".to_owned(), Ok(Plan::Ring(vec![vec![trunk, target("1003")]])));
    let mut shy = origin("1001");
    shy.privacy = Some("id".to_owned());
    world.call_as(shy, "both", true);
    let trusted = world.invite(world.leg_to("1002"));
    assert_eq!(trusted.asserted, Some(address("1001")));
    assert_eq!(trusted.privacy.as_deref(), Some("id"));
    assert_eq!(trusted.from.uri.user.as_deref(), Some("anonymous"));
    let other = world.invite(world.leg_to("1003"));
    assert_eq!((&other.asserted, other.from.uri.user.as_deref()), (&None, Some("anonymous")));
}

#[test]
fn nothing_is_asserted_of_who_never_said_who_it_is() {
    let mut world = World::new();
    let mut trunk = target("1002");
    trunk.trusted = true;
    world.plans.insert("1002".to_owned(), Ok(Plan::Ring(vec![vec![trunk]])));
    let mut nobody = origin("1001");
    nobody.caller = Caller::Trunk("carrier".to_owned());
    nobody.identity = "\"Anonymous\" <sip:anonymous@anonymous.invalid>".parse().unwrap();
    nobody.privacy = Some("id".to_owned());
    world.call_as(nobody, "1002", true);
    let invite = world.invite(world.leg_to("1002"));
    assert_eq!((&invite.asserted, invite.privacy.as_deref()), (&None, Some("id")));
}

#[test]
fn caller_id_of_a_target_replaces_the_callers_own() {
    let mut world = World::new();
    let mut trunk = target("1002");
    trunk.caller_id = Some(address("+3120"));
    trunk.trusted = true;
    world.plans.insert("0".to_owned(), Ok(Plan::Ring(vec![vec![trunk]])));
    world.call("1001", "0");
    let invite = world.invite(world.leg_to("1002"));
    assert_eq!((&invite.from, &invite.asserted), (&address("+3120"), &Some(address("+3120"))));
}

#[test]
fn busy_is_passed_to_the_caller() {
    let mut world = World::new();
    world.call("1001", "1002");
    world.skip();
    world.fails(world.leg_to("1002"), 486);
    assert_eq!(world.said(), ["(2 ended 486)", "1 486", "(1 ended 486)", "end"]);
}

#[test]
fn our_own_login_trouble_is_not_passed_on() {
    let mut world = World::new();
    world.call("1001", "1002");
    world.skip();
    world.fails(world.leg_to("1002"), 407);
    assert_eq!(world.said(), ["(2 ended 407)", "1 500", "(1 ended 500)", "end"]);
}

#[test]
fn the_best_failure_of_a_group_counts() {
    for (first, second, passed) in [(480, 486, 486), (486, 480, 486), (408, 404, 404), (503, 486, 486), (486, 600, 600)]
    {
        let mut world = World::new();
        world.call("1001", "group");
        world.skip();
        let (b, c) = (world.leg_to("1002"), world.leg_to("1003"));
        world.fails(b, first);
        world.fails(c, second);
        assert!(world.said().contains(&format!("1 {passed}")), "{first} and {second}");
        assert_eq!(world.alive(), [0; 0]);
    }
}

#[test]
fn a_6xx_speaks_for_the_whole_step() {
    let mut world = World::new();
    world.call("1001", "group");
    world.skip();
    world.fails(world.leg_to("1002"), 603);
    assert_eq!(world.said(), ["(2 ended 603)", "3 hangup Cancelled", "(3 ended 487)", "1 603", "(1 ended 603)", "end"]);
}

#[test]
fn the_next_trunk_is_for_when_the_carrier_fails_not_for_when_the_called_is_busy() {
    for (status, goes_on) in [(503, true), (404, true), (486, false), (603, false)] {
        let mut world = World::new();
        let over = |trunk: &str, number| Target { callee: Caller::Trunk(trunk.to_owned()), ..target(number) };
        let steps = vec![vec![over("first", "0123")], vec![over("second", "0124")], vec![target("1003")]];
        world.plans.insert("0123".to_owned(), Ok(Plan::Ring(steps)));
        world.call("1001", "0123");
        world.skip();
        world.fails(world.leg_to("0123"), status);
        let next = if goes_on { "3 invite 0124" } else { "3 invite 1003" };
        assert_eq!(world.said(), [format!("(2 ended {status})"), "(3 started)".to_owned(), next.to_owned()]);
    }
}

#[test]
fn a_dead_target_is_told_as_408() {
    let mut world = World::new();
    world.call("1001", "1002");
    world.skip();
    world.fails(world.leg_to("1002"), 408);
    assert_eq!(world.said(), ["(2 ended 408)", "1 408", "(1 ended 408)", "end"]);
}

#[test]
fn of_two_that_ring_the_first_answer_wins() {
    let mut world = World::new();
    let a = world.call("1001", "group");
    let (b, c) = (world.leg_to("1002"), world.leg_to("1003"));
    world.rings(b);
    world.rings(c);
    world.skip();
    world.answers(c);
    assert_eq!(world.said(), ["(3 answered)", "2 hangup AnsweredElsewhere", "(2 ended 487)", "1 200", "(1 answered)"]);
    // The other answered in the same moment: the endpoint gets rid of it, we know it no more.
    world.answers(b);
    assert_eq!(world.said(), [""; 0]);
    assert_eq!(world.hears(a), "3");
}

#[test]
fn who_does_not_answer_in_time_gives_way_to_the_next_step() {
    let mut world = World::new();
    let a = world.call("1001", "hunt");
    world.rings(world.leg_to("1002"));
    world.skip();
    world.wait(30);
    assert_eq!(world.said(), ["2 hangup NoAnswer", "(2 ended 480)", "(3 started)", "3 invite 1003"]);
    world.answers(world.leg_to("1003"));
    assert_eq!(world.hears(a), "3");
}

#[test]
fn when_nobody_answers_in_time_the_caller_is_told_480() {
    let mut world = World::new();
    world.call("1001", "1002");
    world.skip();
    world.wait(30);
    assert_eq!(world.said(), ["2 hangup NoAnswer", "(2 ended 480)", "1 480", "(1 ended 480)", "end"]);
}

#[test]
fn a_target_may_have_a_ring_time_of_its_own() {
    let mut world = World::new();
    let mut quick = target("1002");
    quick.ring_timeout_s = Some(5);
    world.plans.insert("q".to_owned(), Ok(Plan::Ring(vec![vec![quick]])));
    world.call("1001", "q");
    world.skip();
    world.wait(5);
    assert_eq!(world.said()[0], "2 hangup NoAnswer");
}

#[test]
fn the_caller_giving_up_stops_everything_that_rings() {
    let mut world = World::new();
    let a = world.call("1001", "group");
    world.skip();
    world.cancels(a);
    assert_eq!(
        world.said(),
        ["(1 ended 487)", "2 hangup Cancelled", "(2 ended 487)", "3 hangup Cancelled", "(3 ended 487)", "end"]
    );
}

#[test]
fn an_answer_that_crosses_with_the_callers_hang_up_is_ignored() {
    let mut world = World::new();
    let a = world.call("1001", "1002");
    world.cancels(a);
    world.skip();
    world.answers(world.leg_to("1002"));
    assert_eq!((world.said(), world.calls()), (Vec::<String>::new(), 0));
}

#[test]
fn a_plan_that_leads_nowhere_is_refused_with_its_status() {
    for (refusal, status) in [(Refusal::Unknown, 404), (Refusal::Offline, 480), (Refusal::Full, 503)] {
        let mut world = World::new();
        world.plans.insert("9".to_owned(), Err(refusal));
        world.call("1001", "9");
        assert_eq!(
            world.said(),
            ["(1 started)".to_owned(), format!("1 {status}"), format!("(1 ended {status})"), "end".to_owned()]
        );
    }
}

#[test]
fn without_ports_the_caller_is_told_503() {
    let mut world = World::new();
    world.no_ports = true;
    world.call("1001", "1002");
    assert_eq!(world.said(), ["(1 started)", "1 503", "(1 ended 503)", "end"]);
}

#[test]
fn an_offer_without_use_is_refused() {
    let mut world = World::new();
    let leg = world.new_leg();
    let sdp =
        "v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n";
    world.call_with(leg, origin("1001"), "1002", Some(sdp.into()));
    assert_eq!(world.said(), ["(1 started)", "1 488", "(1 ended 488)", "end"]);
}

#[test]
fn an_answer_without_use_is_hung_up_and_counts_as_a_failure() {
    let mut world = World::new();
    world.call("1001", "1002");
    world.skip();
    let leg = world.leg_to("1002");
    world.sip(sip::Event::Answered { leg, body: Some("nonsense".into()), asserted: None });
    assert_eq!(world.said(), ["2 hangup Refused(488)", "(2 ended 488)", "1 488", "(1 ended 488)", "end"]);
}

#[test]
fn early_media_reach_the_caller_once_and_stay() {
    let mut world = World::new();
    let a = world.call("1001", "1002");
    let b = world.leg_to("1002");
    world.skip();
    world.early_media(b);
    assert_eq!(world.said(), ["1 183 sdp"]);
    assert_eq!((world.hears(a), world.hears(b)), ("2".to_owned(), "1".to_owned()));
    world.early_media(b);
    world.rings(b);
    assert_eq!(world.said(), ["(2 rings)"]);
    assert_eq!(world.hears(a), "2");
    world.sip(sip::Event::Answered { leg: b, body: None, asserted: None });
    assert_eq!(world.said(), ["(2 answered)", "1 200", "(1 answered)"]);
    assert_eq!(world.hears(a), "2");
}

#[test]
fn the_answer_may_say_other_than_the_early_media() {
    let mut world = World::new();
    let a = world.call("1001", "1002");
    let b = world.leg_to("1002");
    world.early_media(b);
    world.answers_in(b, Codec::Pcma);
    assert_eq!(world.hears(a), "2");
    assert_eq!(world.hears(b), "1");
}

#[test]
fn early_media_of_one_target_only() {
    let mut world = World::new();
    let a = world.call("1001", "group");
    let (b, c) = (world.leg_to("1002"), world.leg_to("1003"));
    world.early_media(b);
    world.early_media(c);
    assert_eq!((world.hears(a), world.hears(c)), ("2".to_owned(), "nothing".to_owned()));
    world.answers(c);
    assert_eq!((world.hears(a), world.hears(c)), ("3".to_owned(), "1".to_owned()));
}

#[test]
fn when_early_media_end_and_the_next_step_rings_we_play_ringback() {
    let mut world = World::new();
    let a = world.call("1001", "hunt");
    let b = world.leg_to("1002");
    world.early_media(b);
    world.fails(b, 480);
    assert_eq!(world.hears(a), "Ringback");
    world.answers(world.leg_to("1003"));
    assert_eq!(world.hears(a), "3");
}

#[test]
fn a_caller_without_offer_gets_ours_and_media_start_with_its_ack() {
    let mut world = World::new();
    let a = world.call_as(origin("1001"), "1002", false);
    let b = world.leg_to("1002");
    world.early_media(b);
    assert_eq!(world.said().last().unwrap(), "1 180");
    assert_eq!(world.hears(b), "silence");
    world.answers_in(b, Codec::Pcma);
    assert_eq!(world.hears(a), "nothing");
    assert!(world.our_sdp(a).contains("RTP/AVP 8 0 "));
    world.acks(a, true);
    assert_eq!((world.hears(a), world.hears(b)), ("2".to_owned(), "1".to_owned()));
}

#[test]
fn an_ack_without_the_answer_it_owes_ends_the_call() {
    let mut world = World::new();
    let a = world.call_as(origin("1001"), "1002", false);
    world.answers(world.leg_to("1002"));
    world.skip();
    world.acks(a, false);
    assert_eq!(world.said(), ["1 hangup Refused(488)", "(1 ended 200)", "2 hangup Normal", "(2 ended 200)", "end"]);
}

#[test]
fn a_target_that_wants_no_offer_makes_one_and_is_answered_in_the_ack() {
    let mut world = World::new();
    let mut late = target("1002");
    late.late_offer = true;
    world.plans.insert("late".to_owned(), Ok(Plan::Ring(vec![vec![late]])));
    let a = world.call("1001", "late");
    let b = world.leg_to("1002");
    assert!(world.invite(b).body.is_none());
    world.skip();
    world.answers(b);
    assert_eq!(world.said(), ["2 ack sdp", "(2 answered)", "1 200", "(1 answered)"]);
    assert_eq!((world.hears(a), world.hears(b)), ("2".to_owned(), "1".to_owned()));
}

#[test]
fn a_redirection_is_followed_once() {
    let mut world = World::new();
    let a = world.call("1001", "1002");
    world.skip();
    let moved = |number: &str| sip::Failure { contacts: vec![uri(number)], ..failure(302) };
    world.sip(sip::Event::Failed { leg: world.leg_to("1002"), failure: moved("1003") });
    assert_eq!(world.said(), ["(2 ended 302)", "route 1003 for Transfer", "(3 started)", "3 invite 1003"]);
    assert_eq!(world.asked.take().unwrap().caller, Caller::Extension("1002".to_owned()));
    let c = world.leg_to("1003");
    let diversion = ("Diversion".to_owned(), "<sip:1002@office.example>;reason=deflection".to_owned());
    assert!(world.invite(c).headers.contains(&diversion));
    world.sip(sip::Event::Failed { leg: c, failure: moved("1004") });
    assert_eq!(world.said(), ["(3 ended 302)", "1 480", "(1 ended 480)", "end"]);
    let _ = a;
}

#[test]
fn a_leg_without_media_is_ended_and_the_other_with_it() {
    let mut world = World::new();
    let (_, b) = talking(&mut world);
    world.falls_silent(b);
    assert_eq!(world.said(), ["2 hangup NoMedia", "(2 ended 200)", "1 hangup Normal", "(1 ended 200)", "end"]);
}

#[test]
fn what_is_told_of_legs_that_are_gone_is_ignored() {
    let mut world = World::new();
    let (a, b) = talking(&mut world);
    world.hangs_up(a);
    world.skip();
    world.hangs_up(b);
    world.rings(b);
    world.falls_silent(a);
    assert_eq!(world.said(), [""; 0]);
}

#[test]
fn music_and_echo_are_answered_at_once() {
    for (number, source) in [("*9", "HoldMusic"), ("600", "Echo")] {
        let mut world = World::new();
        let a = world.call("1001", number);
        assert_eq!(world.said(), ["(1 started)", "1 200", "(1 answered)"]);
        assert_eq!(world.hears(a), source);
        world.hangs_up(a);
        assert_eq!(world.said(), ["(1 ended 200)", "end"]);
    }
}

#[test]
fn who_sent_the_caller_to_us_is_passed_on() {
    let mut world = World::new();
    world.call_referred("1001", "1002", "<sip:boss@office.example>");
    let header = ("Referred-By".to_owned(), "<sip:boss@office.example>".to_owned());
    assert_eq!(world.invite(world.leg_to("1002")).headers, [header]);
}

#[test]
fn shutdown_ends_everything() {
    let mut world = World::new();
    talking(&mut world);
    world.call("1003", "1004");
    world.skip();
    world.shut_down();
    assert_eq!((world.alive(), world.calls()), (vec![], 0));
    assert!(world.said().contains(&"1 hangup Shutdown".to_owned()));
}

#[test]
fn a_caller_whose_200_is_never_acknowledged_ends_the_call() {
    let mut world = World::new();
    let a = world.call("1001", "1002");
    world.answers(world.leg_to("1002"));
    world.skip();
    world.sip(sip::Event::Ended { leg: a, cause: Cause::NoAck });
    assert_eq!(world.said(), ["(1 ended 200)", "2 hangup Normal", "(2 ended 200)", "end"]);
}

#[test]
fn retry_after_and_reason_go_with_the_refusal() {
    let mut world = World::new();
    let a = world.call("1001", "1002");
    let leg = world.leg_to("1002");
    world.skip();
    let failure = sip::Failure { retry_after_s: Some(7), ..failure(503) };
    world.sip(sip::Event::Failed { leg, failure });
    let rejection = world.rejection(a);
    assert_eq!(rejection.status, StatusCode(503));
    assert!(rejection.headers.contains(&("Retry-After".to_owned(), "7".to_owned())));
    assert!(rejection.headers.contains(&("Reason".to_owned(), "SIP;cause=503".to_owned())));
}
