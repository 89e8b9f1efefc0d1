//! Callers for whom a program says what becomes of them; and rooms with rules.

use crate::world::*;
use std::time::Duration;
use warmline::{
    call::{Approach, Event, Membership, Refused, RoomSettings, Sound, Verb},
    destination::{Flow, Plan, Whom},
    ids::LegId,
};

fn with_flow(fallback: Option<&str>) -> World {
    let mut world = World::new();
    let flow =
        Flow { name: "support".to_owned(), timeout: Duration::from_secs(5), fallback: fallback.map(str::to_owned) };
    world.plans.insert("5000".to_owned(), Ok(Plan::Flow(flow)));
    world
}

fn to(number: &str) -> Approach {
    Approach::new(Whom::Number(number.to_owned()))
}

fn waits(leg: LegId) -> Event {
    Event::Waiting { leg, flow: "support".to_owned() }
}

#[test]
fn a_caller_waits_for_instructions_and_is_answered() {
    let mut world = with_flow(None);
    let a = world.call("1001", "5000");
    assert!(world.told().contains(&waits(a)));
    world.obey(a, Verb::Ring { leg: a }).unwrap();
    world.obey(a, Verb::Answer { leg: a }).unwrap();
    assert_eq!(world.said(), ["(1 started)", "1 180", "1 200", "(1 answered)"]);
    world.wait(60);
    assert_eq!(world.hears(a), "silence");
    assert_eq!(world.obey(a, Verb::Answer { leg: a }), Err(Refused::AlreadyAnswered));
    world.obey(a, Verb::Redirect { leg: a, to: to("1002") }).unwrap();
    let b = world.leg_to("1002");
    assert_eq!(world.hears(a), "Ringback");
    world.answers(b);
    assert_eq!((world.hears(a), world.hears(b)), ("2".to_owned(), "1".to_owned()));
    world.hangs_up(b);
    assert_eq!(world.calls(), 0);
}

#[test]
fn one_who_was_answered_is_the_program_s_again_when_nobody_comes() {
    let mut world = with_flow(None);
    let a = world.call("1001", "5000");
    world.obey(a, Verb::Answer { leg: a }).unwrap();
    let attempt = world.obey(a, Verb::Redirect { leg: a, to: to("1002") }).unwrap().attempt.unwrap();
    assert_eq!(world.obey(a, Verb::Redirect { leg: a, to: to("1003") }), Err(Refused::NotNow));
    world.fails(world.leg_to("1002"), 486);
    assert!(world.told().contains(&Event::AttemptEnded { attempt, leg: None, status: 486, reason: String::new() }));
    world.wait(10);
    assert_eq!(world.hears(a), "silence");
    world.obey(a, Verb::Redirect { leg: a, to: Approach::new(Whom::Room("7001".into())) }).unwrap();
    assert_eq!(world.hears(a), "HoldMusic");
    world.hangs_up(a);
    assert_eq!((world.calls(), world.deadlines()), (0, 0));
}

#[test]
fn a_caller_without_answer_is_refused_or_put_through() {
    let mut world = with_flow(None);
    let a = world.call("1001", "5000");
    assert!(matches!(
        world.obey(a, Verb::Reject { leg: a, status: 200, reason: String::new() }),
        Err(Refused::Invalid { .. })
    ));
    world.obey(a, Verb::Reject { leg: a, status: 486, reason: "Closed".into() }).unwrap();
    assert_eq!((world.rejection(a).status.0, world.rejection(a).reason.as_str()), (486, "Closed"));
    assert_eq!(world.calls(), 0);
    let a = world.call("1001", "5000");
    assert_eq!(world.obey(a, Verb::Redirect { leg: a, to: to("4711") }), Err(Refused::NoSuchTarget));
    world.obey(a, Verb::Redirect { leg: a, to: to("1002") }).unwrap();
    world.wait(20);
    world.fails(world.leg_to("1002"), 603);
    assert_eq!(world.rejection(a).status.0, 603);
    assert_eq!((world.calls(), world.deadlines()), (0, 0));
}

#[test]
fn without_instructions_in_time_the_fallback_is_called_or_the_caller_refused() {
    let mut world = with_flow(Some("1003"));
    let a = world.call("1001", "5000");
    world.wait(6);
    assert!(world.told().contains(&Event::WaitedInVain { leg: a, flow: "support".to_owned() }));
    let c = world.leg_to("1003");
    world.answers(c);
    assert_eq!(world.hears(a), c.0.to_string());
    let mut world = with_flow(None);
    let a = world.call("1001", "5000");
    world.wait(6);
    assert_eq!((world.rejection(a).status.0, world.calls()), (480, 0));
}

#[test]
fn a_caller_that_gives_up_waiting_leaves_nothing() {
    let mut world = with_flow(Some("1003"));
    let a = world.call("1001", "5000");
    world.cancels(a);
    assert_eq!((world.calls(), world.deadlines()), (0, 0));
}

#[test]
fn the_talk_begins_with_the_moderator_and_ends_with_it() {
    let mut world = World::new();
    let rules = RoomSettings {
        membership: Membership { starts: false, ends: false },
        moderators: vec!["1003".to_owned()],
        ..RoomSettings::default()
    };
    world.rules.insert("7001".to_owned(), rules);
    let (a, b) = (world.call("1001", "7001"), world.call("1002", "7001"));
    assert_eq!((world.hears(a), world.hears(b)), ("HoldMusic".to_owned(), "HoldMusic".to_owned()));
    let c = world.call("1003", "7001");
    assert_eq!((world.hears(a), world.hears(c)), ("2+3".to_owned(), "1+2".to_owned()));
    world.hangs_up(c);
    assert_eq!((world.alive(), world.calls()), (vec![], 0));
}

#[test]
fn a_program_says_who_moderates() {
    let mut world = World::new();
    let membership = Membership { starts: false, ends: false };
    world.rules.insert("7001".to_owned(), RoomSettings { membership, ..RoomSettings::default() });
    let (a, b) = (world.call("1001", "7001"), world.call("1002", "7001"));
    assert_eq!(world.hears(a), "HoldMusic");
    world.obey(a, Verb::Membership { leg: a, membership: Membership { starts: true, ends: true } }).unwrap();
    assert_eq!((world.hears(a), world.hears(b)), ("2".to_owned(), "1".to_owned()));
    world.obey(a, Verb::Drop { leg: a }).unwrap();
    assert_eq!(world.calls(), 0);
    let a = world.call("1001", "1002");
    assert_eq!(world.obey(a, Verb::Membership { leg: a, membership }), Err(Refused::NotInRoom));
}

#[test]
fn a_room_is_full() {
    let mut world = World::new();
    world.rules.insert("7001".to_owned(), RoomSettings { max_members: Some(2), ..RoomSettings::default() });
    let (a, _) = (world.call("1001", "7001"), world.call("1002", "7001"));
    let c = world.call("1003", "7001");
    assert_eq!(world.rejection(c).status.0, 486);
    let add = Verb::Add(Box::new(warmline::call::Add { who: to("1004"), role: warmline::call::Role::Talk }));
    assert_eq!(world.obey(a, add.clone()), Err(Refused::Full));
    world.hangs_up(a);
    let b = world.call("1001", "7001");
    world.hangs_up(b);
    let left = LegId(2);
    world.obey(left, add.clone()).unwrap();
    assert_eq!(world.obey(left, add), Err(Refused::Full), "one who is being called takes a place");
}

#[test]
fn comings_and_goings_are_heard() {
    let mut world = World::new();
    let clip = Sound::Clips(vec!["bell.wav".to_owned()]);
    let rules = RoomSettings { enters: Some(Sound::Beep), leaves: Some(clip), ..RoomSettings::default() };
    world.rules.insert("7001".to_owned(), rules);
    let a = world.call("1001", "7001");
    assert_eq!(world.hears(a), "HoldMusic", "the first hears nothing of itself");
    let b = world.call("1002", "7001");
    assert_eq!((world.hears(a), world.hears(b)), ("Prompt".to_owned(), "Prompt".to_owned()));
    world.wait(1);
    assert_eq!((world.hears(a), world.hears(b)), ("2".to_owned(), "1".to_owned()));
    let c = world.call("1003", "7001");
    world.wait(1);
    world.hangs_up(c);
    assert_eq!(world.looked_for.len(), 2, "each who is left hears it");
    assert_eq!(world.hears(a), "2");
}

#[test]
fn waiting_music_of_ones_own() {
    let mut world = World::new();
    let waiting = Sound::Clips(vec!["jazz.mp3".to_owned()]);
    world.rules.insert("7001".to_owned(), RoomSettings { waiting, ..RoomSettings::default() });
    let a = world.call("1001", "7001");
    world.found(true);
    assert_eq!(world.hears(a), "clip");
    let b = world.call("1002", "7001");
    assert_eq!((world.hears(a), world.hears(b)), ("2".to_owned(), "1".to_owned()));
}
