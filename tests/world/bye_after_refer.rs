//! A transferor who hangs up straight after REFER ends nothing but its own leg.

use super::sim::{Span, World};
use warmline::call::Outcome;

#[test]
fn at_once() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.transfers_to("1003");
    b.hangs_up();
    world.run(1.s());
    assert!(c.rings() && a.talks());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!(world.outcomes(), [Outcome::Completed]);
    world.ends();
}

#[test]
fn after_202() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.transfers_to("1003");
    world.run(10.ms());
    b.hangs_up();
    world.run(1.s());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a));
    world.ends();
}

#[test]
fn after_an_attended_refer() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.holds();
    world.run(500.ms());
    b.talks_to(&c);
    b.connects();
    b.hang_up_all();
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a));
    world.ends();
}
