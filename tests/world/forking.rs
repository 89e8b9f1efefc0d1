//! One number, several phones.

use super::sim::{Span, World};
use warmline::{phone::Event, sip::Cause};

#[test]
fn all_phones_of_an_extension_ring_and_the_first_answer_wins() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1002"));
    a.calls("1002");
    world.run(1.s());
    assert!(b.rings() && c.rings());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!(b.lines(), 0);
    let ended = b.events().pop();
    assert!(
        matches!(ended, Some(Event::Ended { cause: Cause::AnsweredElsewhere | Cause::Cancelled, .. })),
        "{ended:?}"
    );
    world.ends();
}

#[test]
fn two_answers_at_once_leave_one_call() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1002"));
    a.calls("1002");
    world.run(1.s());
    b.answers();
    c.answers();
    world.run(3.s());
    assert_eq!((a.lines(), b.lines() + c.lines(), world.counters().legs), (1, 1, 2));
    assert!(a.hears(&b) || a.hears(&c));
    world.ends();
}

#[test]
fn one_busy_phone_does_not_end_the_ringing_of_the_other() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1002"));
    b.refuses(486);
    a.calls("1002");
    world.run(1.s());
    assert!(c.rings());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c));
    world.ends();
}
