//! What programs wish of a live call.

use crate::world::*;
use std::time::Duration;
use warmline::{
    call::{
        Add, Approach, Audience, Event, Format, Gather, GatherEnd, HearsView, LegState, PlayEnd, RecordingKind,
        Refused, Role, Sound, Verb,
    },
    destination::{Refusal, Whom},
    ids::LegId,
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

fn to(number: &str) -> Approach {
    Approach::new(Whom::Number(number.to_owned()))
}

fn add(number: &str) -> Verb {
    Verb::Add(Box::new(Add { who: to(number), role: Role::Talk }))
}

fn hold(leg: LegId) -> Verb {
    Verb::Hold { leg, music: Sound::Music }
}

fn hears(world: &World, legs: &[LegId]) -> Vec<String> {
    legs.iter().map(|leg| world.hears(*leg)).collect()
}

#[test]
fn one_on_hold_hears_music_and_comes_back() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    world.obey(a, hold(a)).unwrap();
    assert_eq!(hears(&world, &[a, b]), ["HoldMusic", "silence"]);
    assert_eq!(world.said(), ["(1 held)"], "no re-INVITE is needed");
    assert!(world.view(a).held_by_us && world.view(a).hears == HearsView::Music);
    world.obey(a, Verb::Hold { leg: a, music: Sound::Silence }).unwrap();
    assert_eq!((world.hears(a), world.said()), ("Silence".to_owned(), vec![]));
    world.obey(a, Verb::Unhold { leg: a }).unwrap();
    assert_eq!(
        (hears(&world, &[a, b]), world.said()),
        (vec!["2".to_owned(), "1".to_owned()], vec!["(1 resumed)".to_owned()])
    );
    assert_eq!(world.obey(a, Verb::Unhold { leg: a }), Err(Refused::NotHeld));
}

#[test]
fn hold_by_us_and_by_the_phone_do_not_disturb_each_other() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    world.obey(a, hold(a)).unwrap();
    world.holds(a);
    assert_eq!(world.hears(a), "silence");
    world.obey(a, Verb::Unhold { leg: a }).unwrap();
    assert_eq!(hears(&world, &[a, b]), ["silence", "HoldMusic"]);
    world.resumes(a);
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn music_of_ones_own_comes_when_it_is_found_and_the_usual_when_it_is_not() {
    let mut world = World::new();
    let (a, _) = talk(&mut world);
    let music = Sound::Clips(vec!["https://example.com/hold.wav".to_owned()]);
    world.obey(a, Verb::Hold { leg: a, music: music.clone() }).unwrap();
    assert_eq!(world.hears(a), "Silence");
    world.found(true);
    assert_eq!((world.hears(a), world.view(a).hears), ("clip".to_owned(), HearsView::Clip));
    world.obey(a, Verb::Hold { leg: a, music }).unwrap();
    world.told();
    world.found(false);
    assert_eq!(world.hears(a), "HoldMusic");
    let failed = |event: &Event| matches!(event, Event::PlayEnded { leg: Some(leg), end: PlayEnd::Failed, fault: Some(_), .. } if *leg == a);
    assert!(world.told().iter().any(failed), "whoever holds is told that it is other music");
}

#[test]
fn wishes_for_legs_that_have_no_answer_are_refused() {
    let mut world = World::new();
    let a = world.call("1001", "1002");
    let b = world.leg_to("1002");
    for leg in [a, b] {
        for verb in
            [hold(leg), Verb::Mute { leg, on: true }, Verb::SendDigits { leg, digits: "1".into(), duration_ms: 100 }]
        {
            assert_eq!(world.obey(leg, verb), Err(Refused::NotAnswered));
        }
    }
    assert_eq!(world.obey(a, add("1003")), Err(Refused::NotAnswered));
    assert_eq!(world.obey(a, hold(LegId(99))), Err(Refused::UnknownLeg));
}

#[test]
fn who_hears_whom_follows_from_roles() {
    let mut world = World::new();
    let legs: Vec<_> = (0..3).map(|_| world.call("1001", "7001")).collect();
    let [a, b, c] = legs[..] else { unreachable!() };
    for (verb, heard) in [
        (Verb::Mute { leg: a, on: true }, ["2+3", "3", "2"]),
        (Verb::Deafen { leg: a, on: true }, ["silence", "3", "2"]),
        (Verb::Mute { leg: a, on: false }, ["silence", "1+3", "1+2"]),
        (Verb::Deafen { leg: a, on: false }, ["2+3", "1+3", "1+2"]),
        (Verb::SetRole { leg: a, role: Role::Coach { target: b } }, ["2+3", "1+3", "2"]),
        (Verb::Mute { leg: a, on: true }, ["2+3", "3", "2"]),
        (Verb::SetRole { leg: a, role: Role::Monitor }, ["2+3", "3", "2"]),
        (Verb::SetRole { leg: a, role: Role::Talk }, ["2+3", "1+3", "1+2"]),
    ] {
        world.obey(a, verb.clone()).unwrap();
        assert_eq!(hears(&world, &legs), heard, "{verb:?}");
        assert!(world.told().contains(&Event::Role { leg: a }), "{verb:?}");
    }
    assert!(world.obey(a, Verb::SetRole { leg: a, role: Role::Coach { target: a } }).is_err());
    assert_eq!(
        world.obey(a, Verb::SetRole { leg: a, role: Role::Coach { target: LegId(77) } }),
        Err(Refused::UnknownLeg)
    );
    world.obey(a, Verb::SetRole { leg: a, role: Role::Coach { target: b } }).unwrap();
    world.hangs_up(b);
    assert_eq!(
        (hears(&world, &[a, c]), world.view(a).coach_target),
        (vec!["3".to_owned(), "silence".to_owned()], None)
    );
}

#[test]
fn one_alone_with_a_listener_has_nobody() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    world.obey(a, Verb::Add(Box::new(Add { who: to("1003"), role: Role::Monitor }))).unwrap();
    let c = world.leg_to("1003");
    world.answers(c);
    assert_eq!(hears(&world, &[a, b, c]), ["2", "1", "1+2"]);
    world.hangs_up(a);
    assert_eq!(world.calls(), 0);
}

#[test]
fn one_more_sees_the_caller_or_whom_the_program_says() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    let done = world.obey(a, add("1003")).unwrap();
    let c = world.leg_to("1003");
    assert_eq!(world.invite(c).from.uri.user.as_deref(), Some("1001"), "the original caller");
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
    world.rings(c);
    assert_eq!((world.view(c).state, world.view(c).attempt), (LegState::Ringing, done.attempt));
    world.answers(c);
    assert_eq!(hears(&world, &[a, b, c]), ["2+3", "1+3", "1+2"]);
    let attempt = done.attempt.unwrap();
    let told = world.told();
    assert!(
        told.contains(&Event::AttemptEnded { attempt, leg: Some(c), status: 200, reason: String::new() }),
        "{told:?}"
    );
    let who = Approach { source: Some("+31205550100".into()), display_name: Some("Shop".into()), ..to("1004") };
    world.obey(a, Verb::Add(Box::new(Add { who, role: Role::Talk }))).unwrap();
    let from = &world.invite(world.leg_to("1004")).from;
    assert_eq!((from.uri.user.as_deref(), from.display.as_deref()), (Some("+31205550100"), Some("Shop")));
    let who = Approach { private: true, ..to("1005") };
    world.obey(a, Verb::Add(Box::new(Add { who, role: Role::Talk }))).unwrap();
    assert_eq!(world.invite(world.leg_to("1005")).from.uri.user.as_deref(), Some("anonymous"));
}

#[test]
fn one_who_does_not_come_is_told_with_status_and_reason() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    let attempt = world.obey(a, add("1003")).unwrap().attempt.unwrap();
    world.fails(world.leg_to("1003"), 486);
    assert!(world.told().contains(&Event::AttemptEnded { attempt, leg: None, status: 486, reason: String::new() }));
    let attempt = world.obey(a, add("1003")).unwrap().attempt.unwrap();
    world.wait(31);
    assert!(world.told().contains(&Event::AttemptEnded { attempt, leg: None, status: 480, reason: String::new() }));
    let attempt = world.obey(a, add("1003")).unwrap().attempt.unwrap();
    world.obey(a, Verb::CallOff { attempt }).unwrap();
    assert_eq!(world.obey(a, Verb::CallOff { attempt }), Err(Refused::UnknownAttempt));
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn who_cannot_be_reached_is_refused_at_once() {
    let mut world = World::new();
    let (a, _) = talk(&mut world);
    world.plans.insert("1003".to_owned(), Err(Refusal::Offline));
    for (number, refused) in [
        ("4711", Refused::NoSuchTarget),
        ("1003", Refused::NobodyRegistered),
        ("7001", Refused::TargetUnfit),
        ("600", Refused::TargetUnfit),
    ] {
        assert_eq!(world.obey(a, add(number)), Err(refused), "{number}");
    }
    let queue = Approach::new(Whom::Queue("sales".into()));
    assert_eq!(world.obey(a, Verb::Add(Box::new(Add { who: queue, role: Role::Talk }))), Err(Refused::NoSuchTarget));
    let odd = Approach { confirm: Some('x'), ..to("1004") };
    assert!(matches!(
        world.obey(a, Verb::Add(Box::new(Add { who: odd, role: Role::Talk }))),
        Err(Refused::Invalid { .. })
    ));
}

#[test]
fn the_warm_transfer_of_a_tutorial() {
    // Hold the caller, add the second agent, unhold, the first agent leaves.
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    world.obey(a, hold(a)).unwrap();
    world.obey(a, add("1003")).unwrap();
    let c = world.leg_to("1003");
    assert_eq!(world.invite(c).from.uri.user.as_deref(), Some("1001"));
    assert_eq!(hears(&world, &[a, b]), ["HoldMusic", "Ringback"]);
    world.answers(c);
    assert_eq!(hears(&world, &[a, b, c]), ["HoldMusic", "3", "2"]);
    world.obey(a, Verb::Unhold { leg: a }).unwrap();
    assert_eq!(hears(&world, &[a, b, c]), ["2+3", "1+3", "1+2"]);
    world.obey(b, Verb::Drop { leg: b }).unwrap();
    assert_eq!(hears(&world, &[a, c]), ["3", "1"]);
}

#[test]
fn the_last_in_the_mix_inherits_the_caller() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    world.obey(a, hold(a)).unwrap();
    world.obey(a, add("1003")).unwrap();
    let c = world.leg_to("1003");
    world.answers(c);
    world.hangs_up(b);
    assert_eq!(hears(&world, &[a, c]), ["3", "1"]);
    assert!(!world.view(a).held_by_us);
}

#[test]
fn a_caller_left_alone_on_hold_is_brought_back() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    world.obey(a, hold(a)).unwrap();
    world.hangs_up(b);
    let again = world.leg_to("1002");
    assert_ne!(again, b);
    world.rings(again);
    assert_eq!(world.hears(a), "Ringback");
    world.answers(again);
    assert_eq!(hears(&world, &[a, again]), [again.0.to_string(), "1".to_owned()]);
    assert!(world.said().contains(&"(2 transfer Recalled 480)".to_owned()));
}

#[test]
fn a_caller_on_hold_waits_for_the_second_agent_when_the_first_has_gone() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    world.obey(a, hold(a)).unwrap();
    world.obey(a, add("1003")).unwrap();
    let c = world.leg_to("1003");
    world.hangs_up(b);
    assert_eq!(world.hears(a), "HoldMusic");
    world.answers(c);
    assert_eq!(hears(&world, &[a, c]), ["3", "1"]);
    // And when that one does not come, the first is rung again.
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    world.obey(a, hold(a)).unwrap();
    world.obey(a, add("1003")).unwrap();
    world.hangs_up(b);
    world.fails(world.leg_to("1003"), 603);
    assert_ne!(world.leg_to("1002"), b);
}

#[test]
fn a_whisper_is_heard_before_anybody_is_joined() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    let whisper = Sound::Speech { text: "A caller from the shop".into(), language: None, voice: None, gender: None };
    let who = Approach { whisper: Some(whisper), ..to("1003") };
    world.obey(a, Verb::Add(Box::new(Add { who, role: Role::Talk }))).unwrap();
    let c = world.leg_to("1003");
    world.answers(c);
    assert_eq!(
        (world.view(c).state, hears(&world, &[a, b])),
        (LegState::Screened, vec!["2".to_owned(), "1".to_owned()])
    );
    let play = world.looked_for[0].0;
    world.found(true);
    assert_eq!(world.hears(c), "clip");
    world.played(c, play);
    assert_eq!(hears(&world, &[a, b, c]), ["2+3", "1+3", "1+2"]);
}

#[test]
fn a_whisper_that_is_not_to_be_had_keeps_nobody_waiting() {
    let mut world = World::new();
    let (a, _) = talk(&mut world);
    let who = Approach { whisper: Some(Sound::Clips(vec!["gone.wav".into()])), ..to("1003") };
    world.obey(a, Verb::Add(Box::new(Add { who, role: Role::Talk }))).unwrap();
    let c = world.leg_to("1003");
    world.answers(c);
    world.found(false);
    assert_eq!(world.hears(c), "1+2");
}

#[test]
fn who_must_confirm_is_joined_by_its_digit_alone() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    let who = Approach { confirm: Some('1'), ..to("1003") };
    let verb = Verb::Add(Box::new(Add { who, role: Role::Talk }));
    world.obey(a, verb.clone()).unwrap();
    let c = world.leg_to("1003");
    world.answers(c);
    world.dials(c, "5");
    assert_eq!(world.hears(a), "2");
    world.dials(c, "1");
    assert_eq!(hears(&world, &[a, b, c]), ["2+3", "1+3", "1+2"]);
    world.hangs_up(c);
    world.told();
    let attempt = world.obey(a, verb).unwrap().attempt.unwrap();
    let mailbox = world.leg_to("1003");
    world.answers(mailbox);
    world.wait(11);
    assert!(world.told().contains(&Event::AttemptEnded { attempt, leg: None, status: 480, reason: String::new() }));
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
}

#[test]
fn two_are_called_and_joined() {
    let mut world = World::new();
    world.originate(to("1001"), Some(to("1002"))).unwrap();
    let a = world.leg_to("1001");
    assert_eq!(world.invite(a).from.uri.user.as_deref(), Some("1002"), "the first sees whom it will talk to");
    world.rings(a);
    world.answers(a);
    assert_eq!(world.hears(a), "Ringback");
    let b = world.leg_to("1002");
    assert_eq!(world.invite(b).from.uri.user.as_deref(), Some("1001"));
    world.answers(b);
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
    world.hangs_up(a);
    assert_eq!(world.calls(), 0);
}

#[test]
fn when_the_second_does_not_come_the_first_hears_that_and_is_hung_up() {
    let mut world = World::new();
    world.originate(to("1001"), Some(to("1002"))).unwrap();
    let a = world.leg_to("1001");
    world.answers(a);
    world.fails(world.leg_to("1002"), 486);
    assert_eq!(world.hears(a), "Notice");
    world.wait(4);
    assert_eq!((world.calls(), world.deadlines()), (0, 0));
}

#[test]
fn when_the_first_does_not_come_the_second_is_never_called() {
    let mut world = World::new();
    world.originate(to("1001"), Some(to("1002"))).unwrap();
    world.fails(world.leg_to("1001"), 486);
    assert_eq!((world.calls(), world.deadlines()), (0, 0));
    assert_eq!(world.originate(to("4711"), None), Err(Refused::NoSuchTarget));
    assert_eq!(world.originate(to("1001"), Some(to("4711"))), Err(Refused::NoSuchTarget));
    assert_eq!(world.calls(), 0);
}

#[test]
fn one_alone_stays_for_the_program() {
    let mut world = World::new();
    world.originate(to("1001"), None).unwrap();
    let a = world.leg_to("1001");
    world.answers(a);
    world.wait(60);
    assert_eq!(world.hears(a), "silence");
    world.obey(a, Verb::End).unwrap();
    assert_eq!(world.calls(), 0);
}

#[test]
fn the_first_hanging_up_stops_the_second_from_ringing() {
    let mut world = World::new();
    world.originate(to("1001"), Some(to("1002"))).unwrap();
    let a = world.leg_to("1001");
    world.answers(a);
    world.hangs_up(a);
    assert_eq!((world.alive(), world.calls()), (vec![], 0));
}

#[test]
fn a_wish_says_what_kind_of_recording_it_is() {
    let mut world = World::new();
    let (a, _) = talk(&mut world);
    for (format, channels, kind) in [
        (None, None, " of Call"),
        (Some(Format::Mp3), None, " of Call, Mp3 Mix"),
        (None, Some(8), " of Call, Wav Apart(8)"),
        (Some(Format::Mp3), Some(2), " of Call, Mp3 Apart(2)"),
    ] {
        world.said();
        world.obey(a, Verb::Record { of: Audience::All, kind: RecordingKind { format, channels } }).unwrap();
        assert!(world.said().iter().any(|said| said.ends_with(kind)), "{kind}");
    }
    for (format, channels) in [(None, Some(0)), (None, Some(9)), (Some(Format::Mp3), Some(3))] {
        let wish = Verb::Record { of: Audience::All, kind: RecordingKind { format, channels } };
        assert!(matches!(world.obey(a, wish), Err(Refused::Invalid { field: "channels", .. })), "{channels:?}");
    }
}

#[test]
fn clips_are_played_instead_of_the_mix_and_over_it() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    let sound = Sound::Clips(vec!["welcome.wav".into()]);
    let play = Verb::Play { to: Audience::Leg(a), sound: sound.clone(), over: false, times: 1 };
    let first = world.obey(a, play.clone()).unwrap().play.unwrap();
    world.found(true);
    assert_eq!((hears(&world, &[a, b]), world.view(a).plays), (vec!["clip".to_owned(), "1".to_owned()], vec![first]));
    let second = world.obey(a, play).unwrap().play.unwrap();
    world.found(true);
    world.played(a, second);
    assert_eq!(world.hears(a), "2");
    let ended = |play, end| Event::PlayEnded { play, leg: Some(a), end, fault: None };
    let told = world.told();
    assert!(told.contains(&ended(first, PlayEnd::Stopped)) && told.contains(&ended(second, PlayEnd::Done)), "{told:?}");
    let all = Verb::Play { to: Audience::All, sound, over: true, times: 0 };
    let play = world.obey(a, all).unwrap().play.unwrap();
    world.found(true);
    world.found(true);
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
    let call = &world.views()[0];
    assert_eq!((&call.plays, &call.legs[0].plays), (&vec![play], &Vec::new()), "what all hear is the call's");
    world.obey(a, Verb::StopPlay { play }).unwrap();
    assert_eq!(world.obey(a, Verb::StopPlay { play }), Err(Refused::UnknownPlay));
    let told = world.told();
    let ends = told.iter().filter(|event| matches!(event, Event::PlayEnded { .. })).count();
    assert_eq!(ends, 1, "{told:?}");
}

#[test]
fn digits_are_gathered_and_the_first_interrupts_the_prompt() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    let wish = |prompt| {
        Verb::Gather(Box::new(Gather {
            leg: a,
            max_digits: 4,
            terminators: "#".into(),
            first_timeout: Duration::from_secs(5),
            digit_timeout: Duration::from_secs(3),
            prompt,
        }))
    };
    let gather = world.obey(a, wish(Some(Sound::Clips(vec!["pin.wav".into()])))).unwrap().gather.unwrap();
    world.found(true);
    assert_eq!(world.hears(a), "clip");
    world.dials(a, "*1");
    assert_eq!(world.hears(a), "2");
    world.dials(a, "2#");
    let done = |gather, digits: &str, end| Event::Gathered { leg: a, gather, digits: digits.into(), end };
    assert!(world.told().contains(&done(gather, "*12", GatherEnd::Terminator)));
    for (dialled, wait, digits, end) in
        [("12345", 0, "1234", GatherEnd::MaxDigits), ("", 6, "", GatherEnd::Timeout), ("7", 4, "7", GatherEnd::Timeout)]
    {
        let gather = world.obey(a, wish(None)).unwrap().gather.unwrap();
        assert_eq!(world.obey(a, wish(None)), Err(Refused::NotNow));
        world.dials(a, dialled);
        world.wait(wait);
        assert!(world.told().contains(&done(gather, digits, end)), "{dialled}");
    }
    // What is no prompt goes on.
    let play = Verb::Play { to: Audience::Leg(a), sound: Sound::Music, over: false, times: 0 };
    let play = world.obey(a, play).unwrap().play.unwrap();
    let gather = world.obey(a, wish(None)).unwrap().gather.unwrap();
    world.dials(a, "9");
    assert_eq!(world.hears(a), "HoldMusic");
    world.obey(a, Verb::StopPlay { play }).unwrap();
    world.obey(a, Verb::StopGather { gather }).unwrap();
    assert!(world.told().contains(&done(gather, "9", GatherEnd::Stopped)));
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
    assert!(!world.said().iter().any(|line| line.starts_with("digit 1 to")), "nobody else heard them");
}

#[test]
fn digits_are_dialled_towards_a_leg_with_pauses() {
    let mut world = World::new();
    let (a, _) = talk(&mut world);
    world.obey(a, Verb::SendDigits { leg: a, digits: "1w2,#".into(), duration_ms: 100 }).unwrap();
    assert_eq!(world.said(), ["digit 1 to 1"]);
    world.wait(1);
    assert_eq!(world.said(), ["digit 2 to 1"]);
    world.wait(2);
    assert_eq!(world.said(), ["digit # to 1"]);
    assert!(world.told().contains(&Event::DigitsSent { leg: a }));
    for wrong in ["", "x", "1 2"] {
        let verb = Verb::SendDigits { leg: a, digits: wrong.into(), duration_ms: 100 };
        assert!(matches!(world.obey(a, verb), Err(Refused::Invalid { .. })), "{wrong}");
    }
    let many = || Verb::SendDigits { leg: a, digits: "5".repeat(128), duration_ms: 8000 };
    assert!((0..4).all(|_| world.obey(a, many()).is_ok()));
    assert_eq!(world.obey(a, many()), Err(Refused::Full), "what waits is bounded");
}

#[test]
fn a_program_hangs_up() {
    let mut world = World::new();
    let (a, b) = talk(&mut world);
    world.obey(a, add("1003")).unwrap();
    let c = world.leg_to("1003");
    world.obey(a, Verb::Drop { leg: c }).unwrap();
    assert_eq!(hears(&world, &[a, b]), ["2", "1"]);
    world.obey(a, Verb::Drop { leg: b }).unwrap();
    assert_eq!((world.alive(), world.calls()), (vec![], 0));
    let a = world.call("1001", "1002");
    world.obey(a, Verb::Drop { leg: a }).unwrap();
    assert_eq!((world.alive(), world.calls()), (vec![], 0));
}
