//! Hold and resume in every way that phones do it, with music to the other side.

use super::sim::{Handle, Span, World};
use warmline::{
    media::sdp::Direction,
    phone::{Event, HoldStyle},
    sip::OfferMethod,
};

/// B holds, A hears the music and B nothing; B resumes and all is as before, on one unbroken stream.
fn hold_and_resume(style: HoldStyle, method: OfferMethod, direction: Direction) {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    b.events();
    for _ in 0..3 {
        b.holds_by(style, method);
        world.run(1.s());
        let line = b.line();
        assert_eq!(b.events(), [Event::Held { line, held: true }]);
        assert_eq!(b.session().direction, direction);
        assert!(a.hears_music() && !a.hears(&b));
        assert!(b.hears_nothing());
        b.resumes();
        world.run(1.s());
        assert_eq!(b.events(), [Event::Held { line, held: false }]);
        assert!(a.hears(&b) && b.hears(&a) && !a.hears_music());
    }
    assert_eq!((a.breaks(), b.breaks()), (0, 0));
    world.ends();
}

#[test]
fn by_sendonly() {
    hold_and_resume(HoldStyle::SendOnly, OfferMethod::Reinvite, Direction::SendOnly);
}

#[test]
fn by_inactive() {
    hold_and_resume(HoldStyle::Inactive, OfferMethod::Reinvite, Direction::Inactive);
}

#[test]
fn by_the_address_0_0_0_0() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    b.holds_by(HoldStyle::ZeroAddress, OfferMethod::Reinvite);
    world.run(1.s());
    assert!(a.hears_music() && b.hears_nothing());
    b.resumes();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a));
    world.ends();
}

#[test]
fn by_update() {
    hold_and_resume(HoldStyle::SendOnly, OfferMethod::Update, Direction::SendOnly);
}

#[test]
fn the_caller_can_hold_too_and_resume_without_sdp() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    a.holds();
    world.run(1.s());
    assert!(b.hears_music() && a.hears_nothing());
    a.resumes_late();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a) && !b.hears_music());
    world.ends();
}

#[test]
fn hold_said_twice_is_still_hold() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    b.holds();
    world.run(1.s());
    b.holds_by(HoldStyle::Inactive, OfferMethod::Reinvite);
    world.run(1.s());
    assert!(a.hears_music());
    b.resumes();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a));
    world.ends();
}

#[test]
fn both_hold_and_both_resume() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    let silent = |handle: &Handle| handle.hears_nothing();
    a.holds();
    world.run(1.s());
    b.holds();
    world.run(1.s());
    assert!(silent(&a) && silent(&b));
    a.resumes();
    world.run(1.s());
    assert!(a.hears_music() && silent(&b));
    b.resumes();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a));
    world.ends();
}

#[test]
fn both_hold_in_the_same_moment() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    a.holds();
    b.holds();
    world.run(6.s());
    assert!(a.with(|phone| phone.lines().all(|(_, line)| line.holds())));
    assert!(b.with(|phone| phone.lines().all(|(_, line)| line.holds())));
    a.resumes();
    b.resumes();
    world.run(6.s());
    assert!(a.hears(&b) && b.hears(&a));
    world.ends();
}

#[test]
fn who_holds_may_hang_up() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    b.holds();
    world.run(1.s());
    b.hangs_up();
    world.run(1.s());
    assert_eq!((a.lines(), world.counters().calls), (0, 0));
    world.ends();
}

#[test]
fn hold_fifty_times() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    for _ in 0..50 {
        b.holds();
        world.run(400.ms());
        assert!(a.hears_music());
        b.resumes();
        world.run(400.ms());
        assert!(a.hears(&b) && b.hears(&a));
    }
    assert_eq!((a.breaks(), b.breaks()), (0, 0));
    world.ends();
}
