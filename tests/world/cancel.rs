//! The caller gives up before an answer, or in the moment of it.

use super::sim::{Span, World};

#[test]
fn a_caller_who_gives_up_stops_the_ringing() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.calls("1002");
    world.run(2.s());
    assert!(b.rings());
    a.hangs_up();
    world.run(1.s());
    assert_eq!(b.lines(), 0);
    world.ends();
}

#[test]
fn cancel_and_answer_cross_at_every_distance() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    for step in 0..8 {
        a.calls("1002");
        world.run(1.s());
        // The answer needs 2 ms to the caller, and so does CANCEL to the called.
        a.hangs_up();
        world.run((step * 500).us());
        if b.rings() {
            b.answers();
        }
        world.run(5.s());
        assert_eq!((a.lines(), b.lines(), world.counters().calls), (0, 0, 0), "step {step}");
    }
    for step in 0..8 {
        a.calls("1002");
        world.run(1.s());
        b.answers();
        world.run((step * 500).us());
        a.hangs_up();
        world.run(5.s());
        assert_eq!((a.lines(), b.lines(), world.counters().calls), (0, 0, 0), "answer first, step {step}");
    }
    world.ends();
}

#[test]
fn a_caller_who_gives_up_at_once_leaves_nothing() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.calls("1002");
    a.hangs_up();
    world.run(5.s());
    assert_eq!((b.lines(), world.counters().calls), (0, 0));
    world.ends();
}
