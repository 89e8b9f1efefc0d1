//! A caller is transferred into a conference room.

use super::sim::{Span, World};

#[test]
fn by_refer_to_the_number_of_the_room() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    c.calls("7001");
    world.run(1.s());
    a.talks_to(&b);
    b.transfers_to("7001");
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!((b.lines(), a.breaks()), (0, 0));
    world.ends();
}

#[test]
fn by_attended_refer_in_the_room_the_room_stays_as_it_is() {
    let world = World::new();
    let phones = ["1001", "1002", "1003", "1004"].map(|number| world.phone(number));
    let [a, b, c, d] = &phones;
    a.calls("7001");
    b.calls("7001");
    world.run(1.s());
    b.holds();
    b.talks_to(c);
    b.connects();
    world.run(8.s());
    assert!(a.hears(c) && c.hears(a));
    assert_eq!(b.lines(), 0);
    d.calls("7001");
    world.run(2.s());
    assert!(d.hears(a) && d.hears(c) && a.hears(d));
    world.ends();
}

#[test]
fn by_attended_refer_from_a_leg_in_the_room() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    c.calls("7001");
    a.talks_to(&b);
    b.holds();
    world.run(500.ms());
    b.calls("7001");
    world.run(1.s());
    assert!(b.hears(&c));
    b.connects();
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!(b.lines(), 0);
    world.ends();
}
