//! Two people talk.

use super::sim::{Handle, Span, World};
use warmline::{media::sdp::Codec, phone::Event, sip::wire::StatusCode};

#[test]
fn two_phones_hear_each_other_until_one_hangs_up() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    assert!(a.hears(&b) && b.hears(&a));
    assert!(!a.hears(&a) && !b.hears(&b), "nobody hears himself");
    assert_eq!((world.counters().calls, world.counters().legs, world.ports()), (1, 2, 2));
    b.hangs_up();
    world.run(1.s());
    assert_eq!((a.lines(), b.lines()), (0, 0));
    world.ends();
}

#[test]
fn the_caller_is_told_of_ringing_and_the_called_who_calls() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    let line = a.calls("1002");
    world.run(500.ms());
    assert_eq!(a.events(), [Event::Progress { line, status: StatusCode(180) }]);
    let Some(Event::Rings { from, name, .. }) = b.events().pop() else { panic!("does not ring") };
    assert_eq!((from.as_str(), name.as_deref()), ("1001", Some("Extension 1001")));
    a.hangs_up();
    world.ends();
}

#[test]
fn phones_without_a_common_codec_hear_each_other_all_the_same() {
    let world = World::new();
    let (a, b) = (world.phone_with("1001", &[Codec::Pcmu]), world.phone_with("1002", &[Codec::Pcma]));
    a.talks_to(&b);
    assert_ne!(a.session().codec, b.session().codec);
    assert!(a.hears(&b) && b.hears(&a));
    world.ends();
}

#[test]
fn an_invite_without_sdp_gets_its_offer_in_the_2xx() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    b.picks_up_after(1.s());
    let line = a.calls_late("1002");
    world.run(3.s());
    assert!(a.talks_on(line) && a.hears(&b) && b.hears(&a));
    world.ends();
}

#[test]
fn digits_reach_the_other_side() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    b.events();
    a.dials("159#");
    world.run(2.s());
    assert_eq!(digits(&b), "159#");
    assert!(b.hears(&a));
    world.ends();
}

#[test]
fn digits_in_the_sound_reach_the_other_side() {
    let world = World::new();
    let (a, b) = (world.singing_phone("1240"), world.phone("1002"));
    a.talks_to(&b);
    b.events();
    a.dials("159#");
    world.run(2.s());
    assert_eq!(digits(&b), "159#");
    assert!(b.hears(&a) && a.hears(&b));
    b.dials("7");
    world.run(1.s());
    assert_eq!(digits(&b), "");
    world.ends();
}

fn digits(phone: &Handle) -> String {
    let digit = |event: &Event| if let Event::Digit { digit, .. } = event { Some(*digit) } else { None };
    phone.events().iter().filter_map(digit).collect()
}

#[test]
fn a_call_to_nobody_is_refused() {
    let world = World::new();
    let a = world.phone("1001");
    a.calls("4711");
    world.run(1.s());
    assert_eq!(a.failures(), [404]);
    a.calls("1002");
    world.run(1.s());
    assert_eq!(a.failures(), [480]);
    world.ends();
}

#[test]
fn the_echo_and_the_music_can_be_called() {
    let world = World::new();
    let a = world.phone("1001");
    a.calls("8002");
    world.run(2.s());
    assert!(a.hears(&a));
    a.hangs_up();
    a.calls("8001");
    world.run(2.s());
    assert!(a.hears_music());
    world.ends();
}

#[test]
fn a_long_call_survives_its_session_timers() {
    let world = World::new();
    let (a, b) = (world.phone("1001"), world.phone("1002"));
    a.talks_to(&b);
    a.holds();
    world.run(4000.s());
    assert!(a.talks() && b.talks());
    a.resumes();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a));
    world.ends();
}
