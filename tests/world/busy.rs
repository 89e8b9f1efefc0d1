//! The called does not want to, or cannot.

use super::sim::{Span, World};

#[test]
fn busy_is_told_to_the_caller() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    b.refuses(486);
    a.calls("1002");
    world.run(1.s());
    assert_eq!(a.failures(), [486]);
    assert_eq!(world.counters().calls, 0);
    world.ends();
}

#[test]
fn a_call_that_is_declined_while_it_rings_is_told_to_the_caller() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.calls("1002");
    world.run(1.s());
    b.rejects(603);
    world.run(1.s());
    assert_eq!(a.failures(), [603]);
    world.ends();
}
