//! Nobody picks up.

use super::sim::{Span, World};

#[test]
fn a_phone_that_rings_too_long_is_given_up() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.calls("1002");
    world.run(29.s());
    assert!(b.rings());
    world.run(3.s());
    assert!(!b.rings());
    assert!(matches!(a.failures()[..], [480 | 408]));
    world.ends();
}

#[test]
fn a_phone_that_is_switched_off_is_given_up() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    world.cut_off(&b);
    a.calls("1002");
    world.run(40.s());
    assert!(matches!(a.failures()[..], [480 | 408]));
    assert_eq!(world.counters().calls, 0);
}
