//! Cold transfer by REFER that succeeds.

use super::sim::{Span, World};
use warmline::{call::Outcome, phone::Event};

#[test]
fn the_caller_hears_music_while_it_rings_and_then_talks_to_the_target() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    b.events();
    b.transfers_to("1003");
    world.run(2.s());
    assert!(c.rings());
    assert!(!a.hears(&b), "the transferor's sound stops");
    let Some(Event::Rings { from, .. }) = c.events().pop() else { panic!("does not ring") };
    assert_eq!(from, "1001", "the target sees the caller");
    c.answers();
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!((b.lines(), a.lines(), c.lines()), (0, 1, 1));
    let told = b.transfer_told();
    assert_eq!((told.first(), told.last()), (Some(&202), Some(&200)), "{told:?}");
    assert!(told.contains(&180), "{told:?}");
    assert_eq!(world.outcomes(), [Outcome::Completed]);
    assert_eq!(a.breaks(), 0);
    world.ends();
}

#[test]
fn the_caller_can_transfer_the_called() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    c.picks_up_after(1.s());
    a.talks_to(&b);
    a.transfers_to("1003");
    world.run(3.s());
    assert!(b.hears(&c) && c.hears(&b));
    assert_eq!(a.lines(), 0);
    world.ends();
}

#[test]
fn a_caller_is_handed_on_ten_times() {
    let world = World::new();
    let a = world.phone("1001");
    let agents: Vec<_> = (0..11).map(|n| world.phone(&format!("{}", 1100 + n))).collect();
    a.talks_to(&agents[0]);
    for pair in agents.windows(2) {
        let [from, to] = pair else { panic!("two") };
        to.picks_up_after(500.ms());
        from.transfers_to(&to.with(|phone| phone.settings().extension.clone()));
        world.run(2.s());
        assert!(a.hears(to) && to.hears(&a));
        assert_eq!(from.lines(), 0);
    }
    assert_eq!((world.counters().calls, world.counters().legs, a.breaks()), (1, 2, 0));
    world.ends();
}

#[test]
fn refer_while_the_hold_before_it_is_still_under_way() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    c.picks_up_after(500.ms());
    a.talks_to(&b);
    b.holds();
    b.transfers_to("1003");
    world.run(4.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!(b.lines(), 0);
    world.ends();
}
