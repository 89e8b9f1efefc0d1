//! A phone vanishes in the middle of a call.

use super::sim::{Span, World};

#[test]
fn its_session_timer_frees_the_other_side() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    world.cut_off(&b);
    world.run(2000.s());
    assert_eq!((a.lines(), world.counters().calls, world.ports()), (0, 0, 0));
}

#[test]
fn the_other_side_may_hang_up_and_nothing_is_left() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    world.cut_off(&b);
    a.hangs_up();
    world.run(70.s());
    assert_eq!((world.counters().calls, world.ports(), world.mixed()), (0, 0, 0));
}

#[test]
fn a_transferor_that_vanishes_after_refer_does_not_take_the_caller_with_it() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.transfers_to("1003");
    world.run(10.ms());
    world.cut_off(&b);
    world.run(1.s());
    c.answers();
    world.run(40.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!(world.counters().legs, 2);
}
