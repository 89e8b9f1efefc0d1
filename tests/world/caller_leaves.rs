//! The caller hangs up in each phase of a transfer.

use super::sim::{Handle, Span, World};
use warmline::call::Outcome;

fn three(world: &World) -> [Handle; 3] {
    ["1001", "1002", "1003"].map(|number| world.phone(number))
}

#[test]
fn while_the_target_of_a_cold_transfer_rings() {
    let world = World::new();
    let [a, b, c] = three(&world);
    a.talks_to(&b);
    b.transfers_to("1003");
    world.run(1.s());
    assert!(c.rings());
    a.hangs_up();
    world.run(2.s());
    assert_eq!((c.lines(), world.counters().calls), (0, 0));
    assert_eq!(world.outcomes(), [Outcome::CallerLeft]);
    world.ends();
}

#[test]
fn in_the_moment_of_refer() {
    let world = World::new();
    let [a, b, c] = three(&world);
    a.talks_to(&b);
    b.transfers_to("1003");
    a.hangs_up();
    world.run(3.s());
    assert_eq!((a.lines(), c.lines(), world.counters().calls), (0, 0, 0));
    world.ends();
}

#[test]
fn in_the_moment_of_the_target_s_answer() {
    let world = World::new();
    let [a, b, c] = three(&world);
    a.talks_to(&b);
    b.transfers_to("1003");
    world.run(1.s());
    c.answers();
    a.hangs_up();
    world.run(3.s());
    assert_eq!((a.lines(), c.lines(), world.counters().calls), (0, 0, 0));
    world.ends();
}

#[test]
fn while_on_hold_for_the_consultation() {
    let world = World::new();
    let [a, b, c] = three(&world);
    a.talks_to(&b);
    b.holds();
    world.run(500.ms());
    b.talks_to(&c);
    a.hangs_up();
    world.run(2.s());
    assert!(b.hears(&c) && c.hears(&b), "the two agents talk on");
    world.ends();
}

#[test]
fn in_the_moment_of_the_attended_refer() {
    let world = World::new();
    let [a, b, c] = three(&world);
    a.talks_to(&b);
    b.holds();
    world.run(500.ms());
    b.talks_to(&c);
    b.connects();
    a.hangs_up();
    world.run(5.s());
    assert_eq!(a.lines(), 0);
    assert!(c.lines() == 0 || b.lines() > 0, "the target is left alone");
    world.ends();
}

#[test]
fn during_the_recall() {
    let world = World::new();
    let [a, b, c] = three(&world);
    c.refuses(486);
    a.talks_to(&b);
    b.transfers_to("1003");
    b.hangs_up();
    world.run(2.s());
    assert!(b.rings());
    a.hangs_up();
    world.run(2.s());
    assert_eq!((b.lines(), world.counters().calls), (0, 0));
    world.ends();
}

#[test]
fn during_a_warm_transfer_by_star_code() {
    let world = World::new();
    let [a, b, c] = three(&world);
    a.talks_to(&b);
    b.dials("*21003#");
    world.run(5.s());
    c.answers();
    world.run(1.s());
    a.hangs_up();
    world.run(1.s());
    assert!(b.hears(&c) && c.hears(&b), "the two agents talk on");
    world.ends();
}
