//! Cold transfers that fail, and what becomes of the caller.

use super::sim::{Setup, Span, World};
use warmline::call::Outcome;

#[test]
fn to_a_busy_target_gives_the_caller_back() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    c.refuses(486);
    a.talks_to(&b);
    b.events();
    b.transfers_to("1003");
    world.run(2.s());
    assert_eq!(b.transfer_told().last(), Some(&486));
    assert!(a.hears(&b) && b.hears(&a));
    // A transferor who leaves soon after all would be rung again, so the outcome is told a little later.
    world.run(10.s());
    assert_eq!(world.outcomes(), [Outcome::Recalled]);
    world.ends();
}

#[test]
fn to_a_target_that_does_not_answer_gives_the_caller_back() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.transfers_to("1003");
    world.run(2.s());
    assert!(c.rings());
    world.run(32.s());
    assert!(!c.rings());
    assert!(a.hears(&b) && b.hears(&a));
    assert_eq!(world.outcomes(), [Outcome::Recalled]);
    world.ends();
}

#[test]
fn to_nobody_gives_the_caller_back() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    b.events();
    b.transfers_to("4711");
    world.run(2.s());
    assert!(b.transfer_told().contains(&404));
    assert!(a.hears(&b) && b.hears(&a));
    world.ends();
}

#[test]
fn when_the_transferor_has_gone_it_is_rung_again() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.transfers_to("1003");
    world.run(500.ms());
    b.hangs_up();
    world.run(1.s());
    c.rejects(486);
    world.run(2.s());
    assert!(b.rings(), "the recall");
    b.answers();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a));
    assert_eq!(world.outcomes(), [Outcome::Recalled]);
    world.ends();
}

#[test]
fn when_nobody_answers_the_recall_the_caller_goes_to_the_fallback() {
    let world = World::with(Setup { fallback: Some("1004".to_owned()), ..Setup::default() });
    let (a, b, c, d) = (world.phone("1001"), world.phone("1002"), world.phone("1003"), world.phone("1004"));
    c.refuses(486);
    a.talks_to(&b);
    b.transfers_to("1003");
    b.hangs_up();
    world.run(2.s());
    assert!(b.rings(), "the recall");
    world.run(21.s());
    assert!(d.rings() && !b.rings());
    d.answers();
    world.run(1.s());
    assert!(a.hears(&d) && d.hears(&a));
    assert_eq!(world.outcomes(), [Outcome::FellBack]);
    world.ends();
}

#[test]
fn when_nobody_is_left_the_caller_is_told_and_the_call_ends() {
    let world = World::with(Setup { recall: false, ..Setup::default() });
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    c.refuses(486);
    a.talks_to(&b);
    b.transfers_to("1003");
    b.hangs_up();
    world.run(30.s());
    assert_eq!(a.lines(), 0);
    assert_eq!(world.outcomes(), [Outcome::Abandoned]);
    world.ends();
}
