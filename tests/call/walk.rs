//! Thousands of interleaved calls, holds, transfers, codes and hang-ups from a seed; what must hold is checked after each step.

use crate::world::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use warmline::{
    call::{
        Add, Approach, Audience, CallSettings, Event, Gather, Manner, Membership, Role, RoomSettings, Sound, Transfer,
        Verb,
    },
    destination::{Flow, Plan, Whom},
    ids::{AttemptId, GatherId, LegId, PlayId, TransferId},
    media::sdp::{Codec, Direction},
};

const NUMBERS: [&str; 13] =
    ["1001", "1002", "1003", "1004", "1005", "7001", "7002", "*9", "600", "group", "hunt", "9999", "8500"];
const CODES: [&str; 13] = ["*1", "*2", "*4", "*5", "*6", "*7", "1003#", "1004#", "7001#", "9999#", "8500#", "5", "*"];

#[test]
fn whatever_happens_in_whatever_order_nobody_is_left_behind() {
    for seed in 0..60 {
        walk(seed, 300);
    }
}

fn walk(seed: u64, steps: usize) {
    println!("seed {seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let mut world = World::with(CallSettings {
        fallback: chance.random_bool(0.5).then(|| NUMBERS[chance.random_range(0..NUMBERS.len())].to_owned()),
        recall: chance.random_bool(0.8),
        ..settings()
    });
    world.overflow = chance.random_bool(0.5).then(|| NUMBERS[chance.random_range(0..NUMBERS.len())].to_owned());
    let room = warmline::destination::Plan::Conference("7002".to_owned());
    world.plans.insert("7002".to_owned(), Ok(room));
    let mut open: BTreeMap<String, i64> = BTreeMap::new();
    for _ in 0..steps {
        step(&mut world, &mut chance);
        world.check();
        count(&mut world, &mut open);
    }
    // Nobody does anything any more: what rings and what is under way comes to its end by itself.
    world.wait(200);
    world.check();
    while let Some(leg) = world.alive().first() {
        let leg = LegId(*leg);
        world.hangs_up(leg);
        world.check();
    }
    world.wait(60);
    count(&mut world, &mut open);
    assert_eq!((world.calls(), world.deadlines()), (0, 0), "seed {seed}");
    assert!(world.waiting.is_empty(), "seed {seed}: nobody waits any more, and the queue does not know");
    assert_eq!(open.into_iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>(), [], "seed {seed}: no outcome");
}

/// Each transfer that began has an outcome in the end.
fn count(world: &mut World, open: &mut BTreeMap<String, i64>) {
    for line in world.said() {
        println!("{line}");
        let who = line.split(' ').next().unwrap_or_default().to_owned();
        if line.contains(" transfers to ") {
            *open.entry(who).or_default() += 1;
        } else if line.contains(" transfer ") {
            *open.entry(who).or_default() -= 1;
        }
    }
}

/// The same with programs that wish whatever comes to their mind.
#[test]
fn whatever_programs_wish_besides() {
    for seed in 1000..1060 {
        programs(seed, 300);
    }
}

fn programs(seed: u64, steps: usize) {
    println!("seed {seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let mut world = World::with(CallSettings {
        fallback: chance.random_bool(0.5).then(|| NUMBERS[chance.random_range(0..5)].to_owned()),
        ..settings()
    });
    world.overflow = chance.random_bool(0.5).then(|| NUMBERS[chance.random_range(0..NUMBERS.len())].to_owned());
    let flow = Flow { name: "flow".to_owned(), timeout: Duration::from_secs(5), fallback: Some("1005".to_owned()) };
    world.plans.insert("9999".to_owned(), Ok(Plan::Flow(flow)));
    let rules = RoomSettings {
        membership: Membership { starts: false, ends: false },
        moderators: vec!["1001".to_owned()],
        max_members: Some(6),
        enters: Some(Sound::Beep),
        leaves: Some(Sound::Clips(vec!["bye.wav".to_owned()])),
        ..RoomSettings::default()
    };
    world.rules.insert("7002".to_owned(), rules);
    world.plans.insert("7002".to_owned(), Ok(Plan::Conference("7002".to_owned())));
    let (mut open, mut begun) = (BTreeMap::new(), Begun::default());
    for _ in 0..steps {
        if chance.random_bool(0.4) {
            wish(&mut world, &mut chance);
        } else {
            step(&mut world, &mut chance);
        }
        count(&mut world, &mut open);
        begun.count(&mut world);
        world.check();
    }
    while !world.looked_for.is_empty() {
        world.found(false);
    }
    world.wait(300);
    world.check();
    while let Some(leg) = world.alive().first() {
        world.hangs_up(LegId(*leg));
        world.check();
    }
    world.wait(60);
    count(&mut world, &mut open);
    begun.count(&mut world);
    assert_eq!((world.calls(), world.deadlines()), (0, 0), "seed {seed}");
    assert!(world.waiting.is_empty(), "seed {seed}: nobody waits any more, and the queue does not know");
    assert_eq!(open.into_iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>(), [], "seed {seed}: no outcome");
    begun.all_ended(seed);
}

/// What programs began and has not ended.
#[derive(Default)]
struct Begun {
    attempts: BTreeSet<AttemptId>,
    plays: BTreeSet<PlayId>,
    gathers: BTreeSet<GatherId>,
}

impl Begun {
    fn count(&mut self, world: &mut World) {
        self.gathers.extend(std::mem::take(&mut world.gathers));
        for event in world.told() {
            match event {
                Event::AttemptStarted { attempt, .. } => assert!(self.attempts.insert(attempt)),
                Event::AttemptEnded { attempt, .. } => assert!(self.attempts.remove(&attempt), "{attempt} ended twice"),
                Event::PlayStarted { play, .. } => assert!(self.plays.insert(play)),
                Event::PlayEnded { play, .. } => drop(self.plays.remove(&play)),
                Event::Gathered { gather, .. } => assert!(self.gathers.remove(&gather), "{gather} ended twice"),
                _ => {}
            }
        }
    }

    fn all_ended(&self, seed: u64) {
        let left = (self.attempts.len(), self.plays.len(), self.gathers.len());
        assert_eq!(left, (0, 0, 0), "seed {seed}: attempts, plays and gatherings that never ended");
    }
}

fn wish(world: &mut World, chance: &mut StdRng) {
    let legs: Vec<LegId> = world.alive().into_iter().map(LegId).filter(|leg| world.is_in_a_call(*leg)).collect();
    let number = NUMBERS[chance.random_range(0..NUMBERS.len())];
    let mut approach = Approach::new(Whom::Number(number.to_owned()));
    approach.confirm = chance.random_bool(0.1).then_some('1');
    approach.whisper = chance.random_bool(0.1).then(|| Sound::Clips(vec!["who.wav".to_owned()]));
    approach.early_media = chance.random_bool(0.8);
    if legs.is_empty() || chance.random_bool(0.05) {
        let second = Approach::new(Whom::Number(NUMBERS[chance.random_range(0..NUMBERS.len())].to_owned()));
        let _ = world.originate(approach, chance.random_bool(0.7).then_some(second));
        return;
    }
    let leg = legs[chance.random_range(0..legs.len())];
    let other = legs[chance.random_range(0..legs.len())];
    let on = chance.random_bool(0.5);
    let transfer = world.transfer_of(leg).unwrap_or(TransferId(0));
    let sound = [Sound::Music, Sound::Beep, Sound::Clips(vec!["a.wav".to_owned()])][chance.random_range(0..3)].clone();
    let role = [Role::Talk, Role::Monitor, Role::Coach { target: other }][chance.random_range(0..3)];
    let manner = if on { Manner::Warm } else { Manner::Cold };
    let to = if on { Audience::All } else { Audience::Leg(leg) };
    let verb = match chance.random_range(0..26) {
        0..=2 => Verb::Hold { leg, music: sound },
        3..=4 => Verb::Unhold { leg },
        5 => Verb::Mute { leg, on },
        6 => Verb::Deafen { leg, on },
        7 => Verb::SetRole { leg, role },
        8 => Verb::Play { to, sound, over: chance.random_bool(0.3), times: 1 },
        9 => Verb::SendDigits { leg, digits: "12w3".to_owned(), duration_ms: 100 },
        10 => {
            let prompt = on.then_some(sound);
            let (first_timeout, digit_timeout) = (Duration::from_secs(5), Duration::from_secs(2));
            let terminators = "#".to_owned();
            Verb::Gather(Box::new(Gather { leg, max_digits: 3, terminators, first_timeout, digit_timeout, prompt }))
        }
        11..=13 => Verb::Add(Box::new(Add { who: approach, role })),
        14..=16 => Verb::Transfer(Box::new(Transfer { leg, to: approach, manner, music: sound })),
        17 => Verb::Swap { transfer },
        18 => Verb::Merge { transfer },
        19 => Verb::Complete { transfer },
        20 => Verb::Cancel { transfer },
        21 => Verb::Answer { leg },
        22 => Verb::Redirect { leg, to: approach },
        23 => Verb::Drop { leg },
        24 => Verb::Membership { leg, membership: Membership { starts: on, ends: !on } },
        _ => {
            if !world.looked_for.is_empty() {
                world.found(chance.random_bool(0.7));
            }
            return;
        }
    };
    println!("wish {verb:?}");
    match world.obey(leg, verb) {
        Ok(done) => world.gathers.extend(done.gather),
        Err(refused) => println!("refused: {refused}"),
    }
}

fn step(world: &mut World, chance: &mut StdRng) {
    let (called, calling, answered) = world.by_state();
    let number = NUMBERS[chance.random_range(0..NUMBERS.len())];
    let mut pick = |legs: &[LegId]| (!legs.is_empty()).then(|| legs[chance.random_range(0..legs.len())]);
    let (ringing, waiting, talker, other) = (pick(&called), pick(&calling), pick(&answered), pick(&answered));
    let any: Vec<LegId> = [&called[..], &calling, &answered].concat();
    let any = pick(&any);
    match (chance.random_range(0..24), ringing, waiting, talker) {
        (0..=2, _, _, _) if world.alive().len() < 24 => {
            let from = NUMBERS[chance.random_range(0..5)];
            let offers = chance.random_bool(0.8);
            world.call_as(origin(from), number, offers);
        }
        (3, Some(leg), _, _) => world.rings(leg),
        (4, Some(leg), _, _) => world.early_media(leg),
        (5..=7, Some(leg), _, _) => {
            let codec = if chance.random_bool(0.5) { Codec::Pcmu } else { Codec::Pcma };
            world.answers_in(leg, codec);
        }
        (8, Some(leg), _, _) => {
            let status = [302, 404, 408, 480, 486, 503, 603][chance.random_range(0..7)];
            world.fails(leg, status);
        }
        (9, _, Some(leg), _) => world.cancels(leg),
        (10..=11, _, _, Some(leg)) => world.hangs_up(leg),
        (12, _, _, Some(leg)) => {
            let direction = [Direction::SendOnly, Direction::Inactive, Direction::RecvOnly][chance.random_range(0..3)];
            world.offers(leg, direction);
        }
        (13, _, _, Some(leg)) => world.resumes(leg),
        (14, _, _, Some(leg)) => world.offers_sdp(leg, None),
        (15, _, _, Some(leg)) => {
            let answers = chance.random_bool(0.9);
            world.acks(leg, answers);
        }
        (16..=17, _, _, Some(leg)) => world.refers(leg, number),
        (18, _, _, Some(leg)) => world.refers_replacing(leg, any),
        (19, _, _, Some(leg)) => world.refers_replacing(leg, other),
        (20, _, _, _) => {
            if let Some(leg) = any {
                let early_only = chance.random_bool(0.2);
                world.call_replacing(NUMBERS[chance.random_range(0..5)], leg, early_only);
            }
        }
        (21, _, _, Some(leg)) => {
            for _ in 0..chance.random_range(1..4) {
                world.dials(leg, CODES[chance.random_range(0..CODES.len())]);
            }
        }
        (22, _, _, Some(leg)) => world.falls_silent(leg),
        _ => world.wait(chance.random_range(0..12)),
    }
}
