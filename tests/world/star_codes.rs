//! Transfers from phones without buttons: digits in the call, which the other side does not hear.

use super::sim::{Handle, Span, World};
use warmline::{call::Outcome, phone::Event};

fn digits_seen(phone: &Handle) -> usize {
    phone.events().iter().filter(|event| matches!(event, Event::Digit { .. })).count()
}

#[test]
fn blind_transfer() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    a.events();
    b.dials("*11003#");
    world.run(5.s());
    assert!(c.rings());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!(b.lines(), 0);
    assert_eq!(digits_seen(&a), 0, "the caller hears nothing of it");
    assert_eq!(world.outcomes(), [Outcome::Completed]);
    world.ends();
}

#[test]
fn blind_transfer_by_tones() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.singing_phone("1240"), world.phone("1003"));
    a.talks_to(&b);
    a.events();
    b.dials("*11003#");
    world.run(5.s());
    assert!(c.rings());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!((b.lines(), digits_seen(&a)), (0, 0), "the caller hears nothing of it");
    assert_eq!(world.outcomes(), [Outcome::Completed]);
    world.ends();
}

#[test]
fn warm_transfer_completed() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.dials("*21003#");
    world.run(5.s());
    assert!(a.hears_music());
    c.answers();
    world.run(1.s());
    assert!(b.hears(&c) && c.hears(&b) && !c.hears(&a) && a.hears_music());
    b.dials("*4");
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!(b.lines(), 0);
    world.ends();
}

#[test]
fn warm_transfer_by_hanging_up() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.dials("*21003#");
    world.run(5.s());
    c.answers();
    world.run(1.s());
    b.hangs_up();
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a));
    world.ends();
}

#[test]
fn warm_transfer_cancelled() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.dials("*21003#");
    world.run(5.s());
    c.answers();
    world.run(1.s());
    b.dials("*5");
    world.run(2.s());
    assert!(a.hears(&b) && b.hears(&a) && !a.hears_music());
    assert_eq!(c.lines(), 0);
    world.ends();
}

#[test]
fn three_talk_and_then_the_agent_leaves() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.dials("*21003#");
    world.run(5.s());
    c.answers();
    world.run(1.s());
    b.dials("*6");
    world.run(2.s());
    assert!(a.hears(&b) && a.hears(&c) && b.hears(&a) && b.hears(&c) && c.hears(&a) && c.hears(&b));
    b.hangs_up();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a));
    world.ends();
}

#[test]
fn swapping_between_caller_and_target() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.dials("*21003#");
    world.run(5.s());
    c.answers();
    world.run(1.s());
    b.dials("*7");
    world.run(2.s());
    assert!(a.hears(&b) && b.hears(&a) && c.hears_music() && !b.hears(&c));
    b.dials("*7");
    world.run(2.s());
    assert!(c.hears(&b) && b.hears(&c) && a.hears_music());
    world.ends();
}
