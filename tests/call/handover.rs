//! Transfers as programs wish them.

use crate::world::*;
use warmline::{
    call::{Approach, Event, Manner, Outcome, Refused, Sound, Transfer, TransferPhase, Verb},
    destination::{Refusal, Whom},
    ids::{LegId, TransferId},
};

/// 1001 talks to 1002.
fn talk(world: &mut World) -> (LegId, LegId) {
    let a = world.call("1001", "1002");
    let b = world.leg_to("1002");
    world.answers(b);
    world.skip();
    world.told();
    (a, b)
}

fn transfer(leg: LegId, number: &str, manner: Manner) -> Verb {
    let to = Approach::new(Whom::Number(number.to_owned()));
    Verb::Transfer(Box::new(Transfer { leg, to, manner, music: Sound::Music }))
}

fn begin(world: &mut World, leg: LegId, number: &str, manner: Manner) -> TransferId {
    world.obey(leg, transfer(leg, number, manner)).unwrap().transfer.unwrap()
}

fn hears(world: &World, legs: &[LegId]) -> Vec<String> {
    legs.iter().map(|leg| world.hears(*leg)).collect()
}

/// The phases that were told.
fn phases(world: &mut World) -> Vec<TransferPhase> {
    let phase = |event| match event {
        Event::TransferPhase { phase, .. } => Some(phase),
        _ => None,
    };
    world.told().into_iter().filter_map(phase).collect()
}

#[test]
fn warm_every_step_and_who_hears_whom() {
    use TransferPhase::{Calling, Completing, Consulting, Merged, Ringing, Swapped};
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    let transfer = begin(&mut world, b, "1003", Manner::Warm);
    let c = world.leg_to("1003");
    assert_eq!(world.invite(c).from.uri.user.as_deref(), Some("1001"), "the caller's identity");
    assert_eq!(hears(&world, &[a, b]), ["HoldMusic", "silence"]);
    assert_eq!(world.obey(b, Verb::Swap { transfer }), Err(Refused::NotNow));
    assert_eq!(world.obey(b, Verb::Merge { transfer }), Err(Refused::NotNow));
    world.rings(c);
    assert_eq!(hears(&world, &[a, b]), ["HoldMusic", "Ringback"]);
    world.answers(c);
    assert_eq!(hears(&world, &[a, b, c]), ["HoldMusic", "3", "2"]);
    world.obey(b, Verb::Swap { transfer }).unwrap();
    assert_eq!(hears(&world, &[a, b, c]), ["2", "1", "HoldMusic"]);
    world.obey(b, Verb::Swap { transfer }).unwrap();
    world.obey(b, Verb::Merge { transfer }).unwrap();
    assert_eq!(hears(&world, &[a, b, c]), ["2+3", "1+3", "1+2"]);
    let view = world.transfer(b);
    assert_eq!((view.transferor, view.callers, view.target, view.phase), (b, vec![a], Some(c), Merged));
    world.obey(b, Verb::Complete { transfer }).unwrap();
    assert_eq!(hears(&world, &[a, c]), ["3", "1"]);
    assert_eq!(phases(&mut world), [Calling, Ringing, Consulting, Swapped, Consulting, Merged, Completing]);
    assert!(world.said().contains(&"(2 transfer Completed 200)".to_owned()));
    assert_eq!(world.obey(a, Verb::Cancel { transfer }), Err(Refused::UnknownTransfer));
}

#[test]
fn warm_is_cancelled_while_it_rings_and_in_the_talk() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    let transfer = begin(&mut world, b, "1003", Manner::Warm);
    let c = world.leg_to("1003");
    world.obey(b, Verb::Cancel { transfer }).unwrap();
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
    assert!(world.said().contains(&format!("{} hangup Cancelled", c.0)));
    let transfer = begin(&mut world, b, "1003", Manner::Warm);
    world.answers(world.leg_to("1003"));
    world.obey(b, Verb::Cancel { transfer }).unwrap();
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
    let said = world.said();
    let outcomes = said.iter().filter(|line| *line == "(2 transfer Cancelled 200)").count();
    assert_eq!(outcomes, 1, "{said:?}");
}

#[test]
fn warm_completed_while_the_target_rings_goes_on_without_the_agent() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    let transfer = begin(&mut world, b, "1003", Manner::Warm);
    let c = world.leg_to("1003");
    world.rings(c);
    world.obey(b, Verb::Complete { transfer }).unwrap();
    assert_eq!(world.hears(a), "Ringback");
    world.answers(c);
    assert_eq!(hears(&world, &[a, c]), ["3", "1"]);
}

#[test]
fn cold_is_done_when_the_target_answers() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    begin(&mut world, b, "1003", Manner::Cold);
    let c = world.leg_to("1003");
    assert_eq!(hears(&world, &[a, b]), ["HoldMusic", "silence"]);
    let headers = &world.invite(c).headers;
    assert!(headers.iter().any(|(name, value)| name == "Referred-By" && value.contains("1002")), "{headers:?}");
    world.answers(c);
    assert_eq!(hears(&world, &[a, c]), ["3", "1"]);
    assert!(world.said().contains(&"2 hangup Transferred".to_owned()));
}

#[test]
fn cold_that_fails_gives_the_caller_back_with_the_reason() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    let transfer = begin(&mut world, b, "1003", Manner::Cold);
    world.fails(world.leg_to("1003"), 486);
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
    assert!(world.said().contains(&"(2 transfer Recalled 486)".to_owned()));
    let transfer_2 = begin(&mut world, b, "1003", Manner::Cold);
    assert_ne!(transfer, transfer_2);
    world.obey(b, Verb::Cancel { transfer: transfer_2 }).unwrap();
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn music_is_what_the_program_wants_for_as_long_as_it_lasts() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    let to = Approach::new(Whom::Extension("1003".to_owned()));
    let wish = Transfer { leg: b, to, manner: Manner::Warm, music: Sound::Clips(vec!["calm.wav".into()]) };
    let transfer = world.obey(b, Verb::Transfer(Box::new(wish))).unwrap().transfer.unwrap();
    world.found(true);
    assert_eq!(world.hears(a), "clip");
    world.obey(b, Verb::Cancel { transfer }).unwrap();
    world.obey(a, Verb::Hold { leg: a, music: Sound::Music }).unwrap();
    assert_eq!(world.hears(a), "HoldMusic");
}

#[test]
fn a_caller_on_hold_is_not_on_hold_after_the_transfer() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    world.obey(a, Verb::Hold { leg: a, music: Sound::Music }).unwrap();
    begin(&mut world, b, "1003", Manner::Cold);
    world.answers(world.leg_to("1003"));
    assert_eq!((world.hears(a), world.view(a).held_by_us), ("3".to_owned(), false));
}

#[test]
fn the_caller_leaving_ends_it_and_the_target_rings_no_more() {
    for manner in [Manner::Cold, Manner::Warm] {
        let mut world = World::new();
        let (a, b) = talk(&mut world);
        begin(&mut world, b, "1003", manner);
        world.hangs_up(a);
        assert_eq!((world.alive(), world.calls()), (vec![], 0));
        assert!(world.said().contains(&"(2 transfer CallerLeft 487)".to_owned()), "{manner:?}");
    }
}

#[test]
fn the_target_confirms_before_it_is_joined() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    let to = Approach { confirm: Some('1'), ..Approach::new(Whom::Number("1003".into())) };
    let wish = Transfer { leg: b, to, manner: Manner::Cold, music: Sound::Music };
    world.obey(b, Verb::Transfer(Box::new(wish.clone()))).unwrap();
    let c = world.leg_to("1003");
    world.answers(c);
    assert_eq!(hears(&world, &[a, b, c]), ["HoldMusic", "silence", "silence"]);
    world.wait(11);
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
    assert!(world.said().contains(&"(2 transfer Recalled 480)".to_owned()));
    world.obey(b, Verb::Transfer(Box::new(wish))).unwrap();
    let c = world.leg_to("1003");
    world.answers(c);
    world.dials(c, "1");
    assert_eq!(hears(&world, &[a, c]), [c.0.to_string(), "1".to_owned()]);
}

#[test]
fn what_cannot_be_handed_over_is_refused() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    world.plans.insert("1004".to_owned(), Err(Refusal::Offline));
    for (number, refused) in
        [("4711", Refused::NoSuchTarget), ("1004", Refused::NobodyRegistered), ("600", Refused::TargetUnfit)]
    {
        assert_eq!(world.obey(b, transfer(b, number, Manner::Warm)), Err(refused));
    }
    world.holds(b);
    assert_eq!(world.obey(b, transfer(b, "1003", Manner::Warm)), Err(Refused::OnHold));
    world.resumes(b);
    begin(&mut world, b, "1003", Manner::Warm);
    for leg in [a, b] {
        assert_eq!(world.obey(leg, transfer(leg, "1003", Manner::Cold)), Err(Refused::AlreadyInTransfer));
    }
    let mut world = World::new();
    let a = world.call("1001", "1002");
    assert_eq!(world.obey(a, transfer(a, "1003", Manner::Cold)), Err(Refused::NotAnswered));
    let mut world = World::new();
    let a = world.call("1001", "7001");
    assert_eq!(world.obey(a, transfer(a, "1003", Manner::Cold)), Err(Refused::InRoom));
    let mut world = World::new();
    let a = world.call("1001", "600");
    assert_eq!(world.obey(a, transfer(a, "1003", Manner::Cold)), Err(Refused::NobodyElse));
}

#[test]
fn a_transfer_by_the_phone_is_seen_and_cancelled_by_a_program() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    world.refers(b, "1003");
    let view = world.transfer(b);
    assert_eq!((view.phase, view.outcome, view.to.as_str()), (TransferPhase::Calling, None::<Outcome>, "1003"));
    world.obey(b, Verb::Cancel { transfer: view.id }).unwrap();
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
    let said = world.said();
    assert!(said.contains(&"2 notify 487".to_owned()), "{said:?}");
}

#[test]
fn into_a_room_everybody_goes() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    begin(&mut world, b, "7001", Manner::Cold);
    assert_eq!(world.hears(a), "HoldMusic");
    assert!(world.said().contains(&"(2 transfer Completed 200)".to_owned()));
}
