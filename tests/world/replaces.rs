//! INVITE with Replaces (RFC 3891): somebody takes another's place.

use super::sim::{Span, World};

#[test]
fn a_phone_takes_the_place_of_another_in_a_call() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    c.takes_place(b.place());
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!((b.lines(), a.breaks()), (0, 0));
    world.ends();
}

#[test]
fn a_place_that_is_not_there_cannot_be_taken() {
    let world = World::new();
    let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
    a.talks_to(&b);
    let mut place = b.place();
    place.call_id.push('x');
    c.takes_place(place);
    world.run(1.s());
    assert_eq!(c.failures(), [481]);
    assert!(a.hears(&b) && b.hears(&a));
    world.ends();
}

#[test]
fn a_stranger_cannot_take_a_place() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    let stranger = world.strange_phone("9999", &[warmline::media::sdp::Codec::Pcmu]);
    a.talks_to(&b);
    stranger.takes_place(b.place());
    world.run(2.s());
    assert!(matches!(stranger.failures()[..], [401 | 403]));
    assert!(a.hears(&b) && b.hears(&a));
    world.ends();
}
