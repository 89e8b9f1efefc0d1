//! Warm transfer as phones do it: hold, second call, REFER with Replaces.

use super::sim::{Span, World};
use warmline::call::Outcome;

#[test]
fn hold_consult_connect() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.holds();
    world.run(1.s());
    assert!(a.hears_music());
    b.talks_to(&c);
    assert!(b.hears(&c) && c.hears(&b) && a.hears_music() && !c.hears(&a));
    b.events();
    b.connects();
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert!(!a.hears_music() && !a.hears(&b) && !c.hears(&b));
    assert_eq!(b.lines(), 0);
    assert_eq!(b.transfer_told().last(), Some(&200));
    assert_eq!((world.counters().calls, world.counters().legs), (1, 2));
    assert_eq!((a.breaks(), c.breaks()), (0, 0));
    assert_eq!(world.outcomes(), [Outcome::Completed]);
    world.ends();
}

#[test]
fn the_consultation_may_be_on_hold_too() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.holds();
    world.run(500.ms());
    b.talks_to(&c);
    b.holds();
    world.run(500.ms());
    b.connects();
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!(b.lines(), 0);
    world.ends();
}

#[test]
fn semi_attended_the_target_still_rings() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.holds();
    world.run(500.ms());
    b.calls("1003");
    world.run(1.s());
    assert!(c.rings());
    b.connects();
    world.run(2.s());
    assert!(c.rings(), "it goes on ringing");
    c.answers();
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!(b.lines(), 0);
    world.ends();
}

#[test]
fn the_agent_takes_the_caller_back_when_the_consultation_comes_to_nothing() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    c.refuses(486);
    a.talks_to(&b);
    b.holds();
    world.run(500.ms());
    b.calls("1003");
    world.run(1.s());
    b.resumes();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a));
    world.ends();
}

#[test]
fn the_target_hangs_up_in_the_moment_of_the_transfer() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.holds();
    world.run(500.ms());
    b.talks_to(&c);
    c.hangs_up();
    b.connects();
    world.run(5.s());
    // Whoever came first: the caller is with the agent, or on its way back to it, or was let go; never alone on music.
    if a.talks() {
        assert!(b.lines() > 0, "the caller is left alone");
    }
    world.ends();
}

#[test]
fn two_callers_are_connected_by_the_agent_in_the_middle() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.holds();
    world.run(500.ms());
    c.calls("1002");
    world.run(500.ms());
    b.answers();
    world.run(500.ms());
    b.connects();
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!(b.lines(), 0);
    world.ends();
}
