//! Callers are handed to phones that speak another codec.

use super::sim::{Span, World};
use warmline::media::sdp::Codec;

#[test]
fn cold_from_u_law_to_a_law() {
    let world = World::new();
    let (a, b) = (world.phone_with("1001", &[Codec::Pcmu]), world.phone("1002"));
    let c = world.phone_with("1003", &[Codec::Pcma]);
    a.talks_to(&b);
    b.transfers_to("1003");
    world.run(1.s());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!((a.breaks(), c.breaks()), (0, 0));
    world.ends();
}

#[test]
fn attended_from_u_law_to_a_law() {
    let world = World::new();
    let (a, b) = (world.phone_with("1001", &[Codec::Pcmu]), world.phone("1002"));
    let c = world.phone_with("1003", &[Codec::Pcma]);
    a.talks_to(&b);
    b.holds();
    world.run(500.ms());
    b.talks_to(&c);
    b.connects();
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!((a.breaks(), c.breaks()), (0, 0));
    world.ends();
}
