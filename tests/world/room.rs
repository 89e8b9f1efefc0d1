//! Conference rooms.

use super::sim::{Handle, Setup, Span, World};

#[test]
fn three_hear_each_other_and_nobody_himself() {
    let world = World::new();
    let phones: Vec<_> = (1001..1004).map(|number| world.phone(&number.to_string())).collect();
    for phone in &phones {
        phone.calls("7001");
    }
    world.run(2.s());
    for listener in &phones {
        for speaker in &phones {
            assert_eq!(listener.hears(speaker), listener.index != speaker.index);
        }
    }
    phones[0].hangs_up();
    world.run(1.s());
    assert!(phones[1].hears(&phones[2]) && phones[2].hears(&phones[1]) && !phones[1].hears(&phones[0]));
    phones[1].hangs_up();
    world.run(1.s());
    assert!(phones[2].talks(), "the last one stays");
    assert_eq!(world.counters().calls, 1);
    world.ends();
}

#[test]
fn one_who_holds_neither_hears_nor_is_heard_and_the_others_hear_no_music() {
    let world = World::new();
    let phones: Vec<_> = (1001..1004).map(|number| world.phone(&number.to_string())).collect();
    for phone in &phones {
        phone.calls("7001");
    }
    world.run(2.s());
    phones[0].holds();
    world.run(1.s());
    assert!(phones[0].hears_nothing());
    for other in &phones[1..] {
        assert!(!other.hears(&phones[0]) && !other.hears_music());
    }
    assert!(phones[1].hears(&phones[2]) && phones[2].hears(&phones[1]));
    phones[0].resumes();
    world.run(1.s());
    assert!(phones[0].hears(&phones[1]) && phones[1].hears(&phones[0]));
    world.ends();
}

#[test]
fn two_rooms_do_not_hear_each_other() {
    let world = World::new();
    let phones: Vec<_> = (1001..1005).map(|number| world.phone(&number.to_string())).collect();
    for (phone, room) in phones.iter().zip(["7001", "7001", "7002", "7002"]) {
        phone.calls(room);
    }
    world.run(2.s());
    assert!(phones[0].hears(&phones[1]) && phones[2].hears(&phones[3]));
    assert!(!phones[0].hears(&phones[2]) && !phones[3].hears(&phones[1]));
    world.ends();
}

#[test]
fn a_hundred_meet() {
    let world = World::with(Setup { silent: true, ..Setup::default() });
    let phones: Vec<_> = (1001..1101).map(|number| world.phone(&number.to_string())).collect();
    for phone in &phones {
        phone.calls("7001");
    }
    world.run(2.s());
    assert!(phones.iter().all(Handle::talks));
    assert_eq!((world.counters().calls, world.counters().legs, world.mixed()), (1, 100, 100));
    world.ends();
}
