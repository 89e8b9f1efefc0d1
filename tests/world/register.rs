//! Phones register, refresh and leave; strangers do not.

use super::sim::{Span, World};
use warmline::{
    media::sdp::Codec,
    phone::{Command, Event},
    sip::wire::StatusCode,
};

#[test]
fn a_phone_registers_is_called_and_leaves() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    a.hangs_up();
    world.run(1.s());
    b.press(Command::Register { expires_s: 0 });
    world.run(1.s());
    assert!(!b.with(|phone| phone.is_registered()));
    a.calls("1002");
    world.run(1.s());
    assert_eq!(a.failures(), [480]);
    world.ends();
}

#[test]
fn a_registration_runs_out() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    b.press(Command::Register { expires_s: 60 });
    world.run(59.s());
    a.calls("1002");
    world.run(500.ms());
    assert!(b.rings());
    a.hangs_up();
    world.run(5.s());
    a.calls("1002");
    world.run(1.s());
    assert_eq!(a.failures(), [480]);
    world.ends();
}

#[test]
fn a_short_registration_is_refused_with_423() {
    let world = World::new();
    let a = world.phone("1001");
    a.press(Command::Register { expires_s: 5 });
    world.run(1.s());
    assert_eq!(a.events(), [Event::Registered { status: StatusCode(423) }]);
}

#[test]
fn a_wrong_number_as_user_cannot_register_and_cannot_call() {
    let world = World::new();
    world.phone("1002");
    let stranger = world.strange_phone("9999", &[Codec::Pcmu]);
    stranger.press(Command::Register { expires_s: 3600 });
    world.run(2.s());
    assert!(!stranger.with(|phone| phone.is_registered()));
    stranger.calls("1002");
    world.run(2.s());
    assert!(matches!(stranger.failures()[..], [401 | 403]));
    world.ends();
}

#[test]
fn a_fourth_phone_of_one_extension_is_refused() {
    let world = World::new();
    let phones: Vec<_> = (0..3).map(|_| world.phone("1001")).collect();
    let fourth = world.strange_phone("1001", &[Codec::Pcmu]);
    fourth.press(Command::Register { expires_s: 3600 });
    world.run(1.s());
    assert!(!fourth.with(|phone| phone.is_registered()));
    assert!(phones.iter().all(|phone| phone.with(|phone| phone.is_registered())));
}
