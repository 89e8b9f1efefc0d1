//! A held caller is transferred, cold.

use super::sim::{Span, World};

#[test]
fn a_caller_on_hold_is_handed_on_and_hears_the_target() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.holds();
    world.run(2.s());
    assert!(a.hears_music());
    b.transfers_to("1003");
    world.run(1.s());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a) && !a.hears_music());
    world.ends();
}

#[test]
fn when_it_fails_the_caller_is_still_on_hold_and_can_be_taken_back() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    c.refuses(486);
    a.talks_to(&b);
    b.holds();
    world.run(1.s());
    b.transfers_to("1003");
    world.run(2.s());
    assert!(a.hears_music());
    b.resumes();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a));
    world.ends();
}
