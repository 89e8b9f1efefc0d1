//! Thousands of interleaved calls, holds, transfers, codes and hang-ups from a seed; what must hold is checked after each step.

use crate::world::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::collections::BTreeMap;
use warmline::{
    call::CallSettings,
    ids::LegId,
    media::sdp::{Codec, Direction},
};

const NUMBERS: [&str; 12] =
    ["1001", "1002", "1003", "1004", "1005", "7001", "7002", "*9", "600", "group", "hunt", "9999"];
const CODES: [&str; 12] = ["*1", "*2", "*4", "*5", "*6", "*7", "1003#", "1004#", "7001#", "9999#", "5", "*"];

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
