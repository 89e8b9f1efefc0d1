//! Conference rooms.

use crate::world::*;
use warmline::ids::LegId;

fn room(world: &mut World, members: usize) -> Vec<LegId> {
    let legs = (0..members).map(|_| world.call("1001", "7001")).collect();
    world.skip();
    legs
}

#[test]
fn the_first_hears_music_until_a_second_comes() {
    let mut world = World::new();
    let a = world.call("1001", "7001");
    assert_eq!(world.said(), ["(1 started)", "1 200", "(1 answered)"]);
    assert_eq!(world.hears(a), "HoldMusic");
    let b = world.call("1002", "7001");
    assert_eq!((world.hears(a), world.hears(b)), ("2".to_owned(), "1".to_owned()));
}

#[test]
fn each_of_three_hears_the_two_others() {
    let mut world = World::new();
    let legs = room(&mut world, 3);
    let heard: Vec<_> = legs.iter().map(|leg| world.hears(*leg)).collect();
    assert_eq!(heard, ["2+3", "1+3", "1+2"]);
}

#[test]
fn nobody_hears_of_one_who_holds_among_three() {
    let mut world = World::new();
    let legs = room(&mut world, 3);
    world.holds(legs[2]);
    let heard: Vec<_> = legs.iter().map(|leg| world.hears(*leg)).collect();
    assert_eq!(heard, ["2", "1", "silence"]);
}

#[test]
fn when_a_room_shrinks_to_two_the_one_who_does_not_hold_hears_music() {
    let mut world = World::new();
    let legs = room(&mut world, 3);
    world.holds(legs[2]);
    world.hangs_up(legs[1]);
    assert_eq!((world.hears(legs[0]), world.hears(legs[2])), ("HoldMusic".to_owned(), "silence".to_owned()));
    let d = world.call("1004", "7001");
    assert_eq!((world.hears(legs[0]), world.hears(d)), ("4".to_owned(), "1".to_owned()));
    world.hangs_up(legs[2]);
    assert_eq!(world.hears(legs[0]), "4");
}

#[test]
fn the_last_one_stays_and_the_room_ends_with_it() {
    let mut world = World::new();
    let legs = room(&mut world, 2);
    world.hangs_up(legs[0]);
    assert_eq!(world.said(), ["(1 ended 200)"]);
    assert_eq!(world.hears(legs[1]), "HoldMusic");
    world.hangs_up(legs[1]);
    assert_eq!(world.said(), ["(2 ended 200)", "end"]);
}

#[test]
fn a_hundred_come_and_go() {
    let mut world = World::new();
    let legs = room(&mut world, 100);
    assert_eq!(world.hears(legs[0]).split('+').count(), 99);
    for leg in &legs[1..] {
        world.hangs_up(*leg);
    }
    assert_eq!(world.hears(legs[0]), "HoldMusic");
    world.hangs_up(legs[0]);
    assert_eq!((world.alive(), world.calls()), (vec![], 0));
}

#[test]
fn refer_from_a_member_asks_the_target_in() {
    let mut world = World::new();
    let legs = room(&mut world, 3);
    world.refers(legs[0], "1005");
    let e = world.leg_to("1005");
    world.rings(e);
    assert_eq!(world.hears(legs[1]), "1+3");
    world.answers(e);
    assert_eq!(
        world.said(),
        [
            "1 refer accepted",
            "(1 transfers to 1005)",
            "route 1005 for Transfer",
            "(4 started)",
            "4 invite 1005",
            "(4 rings)",
            "1 notify 180",
            "(4 answered)",
            "1 notify 200",
            "(1 transfer Completed 200)"
        ]
    );
    assert_eq!((world.hears(e), world.hears(legs[0])), ("1+2+3".to_owned(), "2+3+4".to_owned()));
    world.hangs_up(legs[0]);
    assert_eq!(world.hears(e), "2+3");
}

#[test]
fn a_member_that_asks_and_leaves_does_not_stop_the_asking() {
    let mut world = World::new();
    let legs = room(&mut world, 3);
    world.refers(legs[0], "1005");
    world.hangs_up(legs[0]);
    let e = world.leg_to("1005");
    world.answers(e);
    assert_eq!(world.hears(e), "2+3");
}

#[test]
fn one_who_is_asked_and_does_not_come_is_told_to_who_asked() {
    let mut world = World::new();
    let legs = room(&mut world, 3);
    world.refers(legs[0], "1005");
    world.skip();
    world.fails(world.leg_to("1005"), 486);
    assert_eq!(world.said(), ["(4 ended 486)", "1 notify 486", "(1 transfer Recalled 486)"]);
    world.refers(legs[0], "7001");
    assert!(world.said().contains(&"1 notify 488".to_owned()));
}

#[test]
fn the_last_member_leaving_stops_the_asking() {
    let mut world = World::new();
    let legs = room(&mut world, 1);
    world.refers(legs[0], "1005");
    world.skip();
    world.hangs_up(legs[0]);
    assert_eq!(
        world.said(),
        ["(1 ended 200)", "2 hangup Cancelled", "(2 ended 487)", "(1 transfer CallerLeft 487)", "end"]
    );
}

#[test]
fn star_codes_are_digits_in_a_room() {
    let mut world = World::new();
    let legs = room(&mut world, 3);
    assert!(!world.collects(legs[0]));
    world.dials(legs[0], "*11005#");
    assert_eq!(world.hears(legs[1]), "1+3");
}

#[test]
fn a_member_without_media_is_ended_and_the_others_go_on() {
    let mut world = World::new();
    let legs = room(&mut world, 3);
    world.falls_silent(legs[0]);
    assert_eq!(world.said(), ["1 hangup NoMedia", "(1 ended 200)"]);
    assert_eq!(world.hears(legs[1]), "3");
}

#[test]
fn a_caller_without_offer_enters_with_its_ack() {
    let mut world = World::new();
    let a = world.call_as(origin("1001"), "7001", false);
    assert_eq!(world.hears(a), "nothing");
    world.acks(a, true);
    assert_eq!(world.hears(a), "HoldMusic");
}
