//! Conference rooms.

use super::sim::{Handle, Setup, Span, World};
use warmline::{
    call::{Add, Approach, Manner, Refused, Role, Sound, Transfer, Verb},
    destination::Whom,
    exchange::{RoomSettings, What},
};

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

/// A room for two, opened by a program.
fn full_room(world: &World) {
    let settings = RoomSettings { max_members: Some(2), ..RoomSettings::default() };
    world.obey(What::OpenRoom { name: "7005".to_owned(), settings }).unwrap();
}

#[test]
fn a_full_room_takes_nobody_by_any_way_and_nothing_has_changed() {
    let world = World::new();
    full_room(&world);
    let [a, b, c, d, e] = ["1001", "1002", "1003", "1004", "1005"].map(|number| world.phone(number));
    a.calls("7005");
    b.calls("7005");
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a));
    e.calls("7005");
    world.run(1.s());
    assert_eq!(e.failures(), [486], "who dials");
    c.talks_to(&d);
    // By REFER, which says so; the caller stays.
    d.transfers_to("7005");
    world.run(4.s());
    assert!(d.transfer_told().contains(&486) && c.hears(&d) && d.hears(&c));
    // By star code, cold and warm.
    for digits in ["*17005#", "*27005#"] {
        d.dials(digits);
        world.run(8.s());
        assert!(c.hears(&d) && d.hears(&c), "{digits}");
    }
    // By a program, in every way.
    let room = Approach::new(Whom::Room("7005".to_owned()));
    for manner in [Manner::Cold, Manner::Warm] {
        let wish = Transfer { leg: d.leg(), to: room.clone(), manner, music: Sound::Music };
        assert_eq!(world.wish(Verb::Transfer(Box::new(wish))), Err(Refused::Full), "{manner:?}");
    }
    let call_of = |phone: &Handle| {
        let leg = phone.leg();
        world.views().into_iter().find(|view| view.legs.iter().any(|other| other.id == leg)).unwrap().id
    };
    let (home, full) = (call_of(&c), call_of(&a));
    assert_eq!(world.obey(What::Move { leg: c.leg(), to: full }), Err(Refused::Full));
    assert_eq!(world.obey(What::MergeCalls { from: home, into: full, leaving: None }), Err(Refused::Full));
    let add = Verb::Add(Box::new(Add { who: Approach::new(Whom::Number("1005".to_owned())), role: Role::Talk }));
    assert_eq!(world.obey(What::Obey { call: Some(full), verb: add }), Err(Refused::Full));
    assert!(c.hears(&d) && a.hears(&b));
    // Who leaves makes a place; who takes the place of one who is there needs none.
    b.hangs_up();
    world.run(500.ms());
    d.transfers_to("7005");
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a) && d.lines() == 0);
    assert_eq!((a.breaks(), c.breaks()), (0, 0));
    world.ends();
}

#[test]
fn two_do_not_come_where_one_place_is_left() {
    let world = World::new();
    full_room(&world);
    let [a, b, c] = ["1001", "1002", "1003"].map(|number| world.phone(number));
    a.calls("7005");
    world.run(1.s());
    b.talks_to(&c);
    // Warm to a room means both.
    let room = Approach::new(Whom::Room("7005".to_owned()));
    let wish = Transfer { leg: c.leg(), to: room.clone(), manner: Manner::Warm, music: Sound::Music };
    assert_eq!(world.wish(Verb::Transfer(Box::new(wish))), Err(Refused::Full));
    let wish = Transfer { leg: c.leg(), to: room, manner: Manner::Cold, music: Sound::Music };
    world.wish(Verb::Transfer(Box::new(wish))).unwrap();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a) && c.lines() == 0);
    world.ends();
}

#[test]
fn who_is_in_a_full_room_may_be_replaced() {
    let world = World::new();
    full_room(&world);
    let [a, b, c] = ["1001", "1002", "1003"].map(|number| world.phone(number));
    a.calls("7005");
    c.talks_to(&b);
    b.holds();
    world.run(500.ms());
    b.calls("7005");
    world.run(1.s());
    b.connects();
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a) && b.lines() == 0);
    world.ends();
}
