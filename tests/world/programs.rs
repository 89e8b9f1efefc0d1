//! What programs do with live calls, heard by real phones: who hears whom after each step.

use super::sim::{Handle, Span, World};
use warmline::{
    call::{Add, Approach, Event, LegState, Manner, Outcome, Refused, Role, Sound, Transfer, Verb},
    destination::Whom,
    exchange::{Granted, Originate, What},
    ids::{CallId, LegId},
};

fn to(number: &str) -> Approach {
    Approach::new(Whom::Number(number.to_owned()))
}

fn hold(leg: LegId) -> Verb {
    Verb::Hold { leg, music: Sound::Music }
}

fn add(number: &str) -> Verb {
    Verb::Add(Box::new(Add { who: to(number), role: Role::Talk }))
}

fn three(world: &World) -> [Handle; 3] {
    [world.phone("1001"), world.phone("1002"), world.phone("1003")]
}

fn call_of(world: &World, phone: &Handle) -> CallId {
    let leg = phone.leg();
    world.views().into_iter().find(|view| view.legs.iter().any(|other| other.id == leg)).unwrap().id
}

#[test]
fn hold_add_unhold_leave() {
    let world = World::new();
    let [a, b, c] = three(&world);
    a.talks_to(&b);
    world.wish(hold(a.leg())).unwrap();
    world.run(1.s());
    assert!(a.hears_music() && !b.hears(&a));
    world.obey(What::Obey { call: Some(call_of(&world, &a)), verb: add("1003") }).unwrap();
    world.run(1.s());
    c.answers();
    world.run(1.s());
    assert!(b.hears(&c) && c.hears(&b) && a.hears_music() && !c.hears(&a));
    world.wish(Verb::Unhold { leg: a.leg() }).unwrap();
    world.run(1.s());
    assert!(a.hears(&b) && a.hears(&c) && b.hears(&a) && c.hears(&a));
    world.wish(Verb::Drop { leg: b.leg() }).unwrap();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a) && b.lines() == 0);
    assert_eq!((a.breaks(), c.breaks()), (0, 0));
    world.ends();
}

#[test]
fn warm_with_every_step() {
    let world = World::new();
    let [a, b, c] = three(&world);
    a.talks_to(&b);
    let wish = Transfer { leg: b.leg(), to: to("1003"), manner: Manner::Warm, music: Sound::Music };
    let transfer = world.wish(Verb::Transfer(Box::new(wish))).unwrap().transfer.unwrap().id;
    world.run(1.s());
    c.answers();
    world.run(1.s());
    assert!(b.hears(&c) && c.hears(&b) && a.hears_music());
    world.wish(Verb::Swap { transfer }).unwrap();
    world.run(1.s());
    assert!(b.hears(&a) && a.hears(&b) && c.hears_music());
    world.wish(Verb::Merge { transfer }).unwrap();
    world.run(1.s());
    assert!(a.hears(&b) && a.hears(&c) && c.hears(&a));
    world.wish(Verb::Complete { transfer }).unwrap();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a) && b.lines() == 0);
    assert_eq!(world.outcomes(), [Outcome::Completed]);
    world.ends();
}

#[test]
fn news_carry_the_state_after_the_event_and_the_wish_that_caused_them() {
    let world = World::new();
    let [a, b, _] = three(&world);
    a.talks_to(&b);
    world.told();
    world.wish(hold(a.leg())).unwrap();
    let told = world.told();
    let [news] = &told[..] else { panic!("{told:?}") };
    assert!(matches!(news.event, Event::Hold { held: true, by_phone: false, .. }));
    assert!(news.leg.as_ref().unwrap().held_by_us && news.cause.is_some() && news.at.is_some());
    assert!(news.state.as_ref().unwrap().legs.iter().any(|leg| leg.held_by_us));
    assert!(news.leg.as_ref().unwrap().sip_call_id.is_some());
    b.hangs_up();
    world.run(1.s());
    let told = world.told();
    let ended = told.iter().find(|news| matches!(news.event, Event::LegEnded { .. })).unwrap();
    let leg = ended.leg.as_ref().unwrap();
    assert_eq!((leg.state, leg.party.place.as_str()), (LegState::Ended, "1002"));
    assert!(leg.answered_at.is_some() && leg.ended_at.is_some() && ended.cause.is_none());
    world.ends();
}

#[test]
fn two_are_called_and_talk() {
    let world = World::new();
    let [a, b, _] = three(&world);
    let wish = Originate { first: to("1001"), second: Some(to("1002")), waiting: Sound::Ringback };
    world.obey(What::Originate(Box::new(wish))).unwrap();
    world.run(1.s());
    a.answers();
    world.run(1.s());
    b.answers();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a));
    let nobody = Originate { first: to("1250"), second: None, waiting: Sound::Ringback };
    assert_eq!(world.obey(What::Originate(Box::new(nobody))), Err(Refused::NobodyRegistered));
    world.ends();
}

#[test]
fn a_consultation_in_a_call_of_its_own() {
    let world = World::new();
    let [a, b, c] = three(&world);
    a.talks_to(&b);
    let home = call_of(&world, &a);
    world.wish(hold(a.leg())).unwrap();
    let wish = Originate { first: to("1003"), second: None, waiting: Sound::Ringback };
    world.obey(What::Originate(Box::new(wish))).unwrap();
    world.run(1.s());
    c.answers();
    world.run(500.ms());
    let consultation = call_of(&world, &c);
    world.obey(What::Move { leg: b.leg(), to: consultation }).unwrap();
    world.run(1.s());
    assert!(b.hears(&c) && c.hears(&b) && a.hears_music());
    let told = world.told();
    let moved = told.iter().rfind(|news| matches!(news.event, Event::LegMoved { .. })).unwrap();
    let left = moved.left.as_ref().unwrap();
    assert_eq!((left.id, left.legs.iter().map(|leg| leg.id).collect::<Vec<_>>()), (home, vec![a.leg()]));
    // Back to the caller, and once more to the other.
    world.obey(What::Move { leg: b.leg(), to: home }).unwrap();
    world.run(1.s());
    assert!(b.hears(&a) && a.hears(&b) && c.hears_music());
    world.obey(What::Move { leg: b.leg(), to: consultation }).unwrap();
    world.run(1.s());
    assert!(b.hears(&c) && c.hears(&b) && a.hears_music());
    let moved = world.told().iter().filter(|news| matches!(news.event, Event::LegMoved { .. })).count();
    assert_eq!(moved, 2, "since the first");
    let merge = What::MergeCalls { from: consultation, into: home, leaving: Some(b.leg()) };
    world.obey(merge).unwrap();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a) && b.lines() == 0);
    assert_eq!(world.counters().calls, 1);
    assert_eq!((a.breaks(), c.breaks()), (0, 0));
    world.ends();
}

#[test]
fn the_agent_leaving_a_consultation_gets_its_caller_back() {
    let world = World::new();
    let [a, b, c] = three(&world);
    a.talks_to(&b);
    world.wish(hold(a.leg())).unwrap();
    let wish = Originate { first: to("1003"), second: None, waiting: Sound::Ringback };
    world.obey(What::Originate(Box::new(wish))).unwrap();
    world.run(1.s());
    c.answers();
    world.run(500.ms());
    world.obey(What::Move { leg: b.leg(), to: call_of(&world, &c) }).unwrap();
    world.run(500.ms());
    b.hangs_up();
    world.run(1.s());
    assert!(b.rings(), "the caller is brought back");
    b.answers();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a));
    world.ends();
}

#[test]
fn two_calls_of_one_person_are_bridged() {
    let world = World::new();
    let [a, b, c] = three(&world);
    a.talks_to(&b);
    let first = b.leg();
    b.holds();
    world.run(500.ms());
    b.talks_to(&c);
    let second = b.leg();
    assert_ne!(first, second);
    world.obey(What::Bridge { leg: first, with: second }).unwrap();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a) && b.lines() == 0);
    assert_eq!(world.outcomes(), [Outcome::Completed]);
    world.ends();
}

#[test]
fn two_calls_become_one() {
    let world = World::new();
    let [a, b, c] = three(&world);
    let d = world.phone("1004");
    a.talks_to(&b);
    c.talks_to(&d);
    let (from, into) = (call_of(&world, &c), call_of(&world, &a));
    assert_eq!(world.obey(What::MergeCalls { from, into: from, leaving: None }), Err(Refused::SameCall));
    assert_eq!(world.obey(What::MergeCalls { from, into: CallId(99), leaving: None }), Err(Refused::UnknownCall));
    assert_eq!(world.obey(What::MergeCalls { from, into, leaving: Some(LegId(999)) }), Err(Refused::UnknownLeg));
    world.obey(What::MergeCalls { from, into, leaving: None }).unwrap();
    world.run(1.s());
    assert!(a.hears(&b) && a.hears(&c) && a.hears(&d) && d.hears(&a) && d.hears(&c));
    assert_eq!(world.counters().calls, 1);
    world.ends();
}

#[test]
fn what_is_not_there_is_unknown() {
    let world = World::new();
    let [a, b, _] = three(&world);
    a.talks_to(&b);
    let call = call_of(&world, &a);
    assert_eq!(world.obey(What::Call(CallId(99))), Err(Refused::UnknownCall));
    assert_eq!(world.obey(What::Leg(LegId(999))), Err(Refused::UnknownLeg));
    assert_eq!(world.obey(What::Obey { call: Some(CallId(99)), verb: Verb::End }), Err(Refused::UnknownCall));
    assert_eq!(world.obey(What::Obey { call: Some(call), verb: hold(LegId(999)) }), Err(Refused::UnknownLeg));
    assert_eq!(world.obey(What::Move { leg: a.leg(), to: call }), Err(Refused::SameCall));
    assert!(matches!(world.obey(What::Registrations), Ok(Granted::Registrations(all)) if all.len() == 3));
    world.obey(What::Obey { call: Some(call), verb: Verb::End }).unwrap();
    world.run(1.s());
    assert_eq!((a.lines(), b.lines()), (0, 0));
    world.ends();
}
