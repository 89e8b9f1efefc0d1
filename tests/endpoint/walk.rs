//! A random walk: two endpoints that do anything at any time, over a cable that loses; each leg ends once and nothing stays.

use crate::pair::*;
use bytes::Bytes;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use warmline::{
    ids::LegId,
    sip::{
        Cause, Command, Event, OfferMethod, Rejection, Settings,
        wire::{Message, NameAddr, StatusCode},
    },
};

/// The legs of one side that live, as one above knows them.
#[derive(Default)]
struct Known {
    legs: BTreeSet<LegId>,
    hung_up: BTreeSet<LegId>,
    ends: BTreeMap<LegId, u32>,
}

impl Known {
    fn hears(&mut self, event: &Event) {
        let ended = match event {
            Event::Incoming(incoming) => {
                self.legs.insert(incoming.leg);
                return;
            }
            Event::Ended { leg, .. } | Event::Failed { leg, .. } => *leg,
            Event::Progress { leg, .. }
            | Event::Answered { leg, .. }
            | Event::Acked { leg, .. }
            | Event::Offered { leg, .. }
            | Event::OfferAnswered { leg, .. }
            | Event::OfferRefused { leg, .. }
            | Event::Info { leg, .. }
            | Event::ReferAnswered { leg, .. }
            | Event::Notified { leg, .. } => {
                assert!(self.legs.contains(leg), "{event:?} of a leg that is over");
                return;
            }
            _ => return,
        };
        assert!(!self.hung_up.contains(&ended), "{event:?} of a leg that was hung up");
        *self.ends.entry(ended).or_default() += 1;
        assert_eq!(self.ends[&ended], 1, "{event:?}");
        self.legs.remove(&ended);
    }
}

fn anything(chance: &mut StdRng, leg: LegId) -> Command {
    let body = || sdp(if leg.0.is_multiple_of(2) { OFFER } else { ANSWER });
    let maybe = chance.random_bool(0.7).then(body);
    let rejection = || Rejection::new(StatusCode::NOT_ACCEPTABLE_HERE);
    let status = StatusCode([180, 183, 200, 486][chance.random_range(0..4)]);
    let method = if chance.random_bool(0.5) { OfferMethod::Update } else { OfferMethod::Reinvite };
    match chance.random_range(0..16) {
        0 | 1 => Command::Progress { leg, status, body: maybe },
        2..=4 => Command::Answer { leg, body: Some(body()) },
        5 => Command::Reject { leg, rejection: rejection() },
        6 | 7 => Command::Ack { leg, body: body() },
        8 | 9 => Command::Offer { leg, body: maybe, method },
        10 | 11 => Command::AnswerOffer { leg, body: body() },
        12 => Command::RefuseOffer { leg, rejection: rejection() },
        13 => Command::AcceptRefer { leg },
        14 => Command::Notify { leg, status, reason: String::new() },
        _ => {
            let target = NameAddr::parse("<sip:carol@example.com>").unwrap().uri;
            Command::Refer { leg, target, referred_by: None }
        }
    }
}

#[test]
fn whatever_is_done_each_leg_ends_once_and_nothing_is_left() {
    for seed in (0..16).chain([143]) {
        let mut chance = StdRng::seed_from_u64(seed);
        let wishes = |local: &str, chance: &mut StdRng| Settings {
            session_expires: chance.random_bool(0.5).then_some(Duration::from_secs(120)),
            ..settings(local)
        };
        let (a, b) = (wishes("10.0.0.1:5060", &mut chance), wishes("10.0.0.2:5060", &mut chance));
        let mut pair = Pair::with(a, b);
        pair.lose(chance.random_range(0..25), seed);
        let mut known = [Known::default(), Known::default()];
        for _ in 0..200 {
            if known[0].legs.len() < 4 && chance.random_bool(0.2) {
                let body = chance.random_bool(0.8).then_some(OFFER);
                let leg = pair.invite(body);
                known[0].legs.insert(leg);
            }
            let side = if chance.random_bool(0.5) { A } else { B };
            let of = &mut known[usize::from(side == B)];
            let legs: Vec<_> = of.legs.iter().copied().collect();
            if !legs.is_empty() {
                let leg = legs[chance.random_range(0..legs.len())];
                let hang_up = chance.random_bool(0.05);
                let command = match hang_up {
                    true => Command::Hangup { leg, cause: Cause::Normal },
                    false => anything(&mut chance, leg),
                };
                if hang_up || matches!(command, Command::Reject { .. }) {
                    hear(&mut pair, &mut known);
                    let incoming = matches!(command, Command::Reject { .. });
                    // A refusal counts only where an INVITE waits for it: hang up instead of guessing.
                    let command = if incoming { Command::Hangup { leg, cause: Cause::NoAnswer } } else { command };
                    let of = &mut known[usize::from(side == B)];
                    if of.legs.remove(&leg) {
                        of.hung_up.insert(leg);
                        pair.command(side, command);
                    }
                } else {
                    pair.command(side, command);
                }
            }
            pair.pass(Duration::from_millis([1, 30, 700, 20_000][chance.random_range(0..4)]));
            hear(&mut pair, &mut known);
        }
        for (at, side) in [A, B].into_iter().enumerate() {
            for leg in std::mem::take(&mut known[at].legs) {
                known[at].hung_up.insert(leg);
                pair.command(side, Command::Hangup { leg, cause: Cause::Shutdown });
            }
        }
        known[1].legs.clear();
        pair.pass(Duration::from_secs(400));
        for end in [&pair.a, &pair.b] {
            let waiting = end.events.iter().any(|event| matches!(event, Event::Incoming(_)));
            let left = (end.endpoint.legs(), end.endpoint.transactions());
            assert!(left == (0, 0) || waiting, "seed {seed}: {left:?}");
        }
    }
}

fn hear(pair: &mut Pair, known: &mut [Known; 2]) {
    for (at, side) in [A, B].into_iter().enumerate() {
        while let Some(event) = pair.end(side).events.pop_front() {
            known[at].hears(&event);
        }
    }
}

#[test]
fn damaged_datagrams_do_no_harm() {
    let mut source = Pair::new();
    let (a, b) = source.call();
    source.command(A, Command::Offer { leg: a, body: Some(sdp(OFFER)), method: OfferMethod::Reinvite });
    source.settle();
    source.command(B, Command::AnswerOffer { leg: b, body: sdp(ANSWER) });
    let target = NameAddr::parse("<sip:carol@example.com>").unwrap().uri;
    source.command(A, Command::Refer { leg: a, target, referred_by: None });
    source.settle();
    source.command(A, Command::Hangup { leg: a, cause: Cause::Normal });
    source.settle();
    let datagrams: Vec<Bytes> = source.a.messages.iter().chain(&source.b.messages).map(Message::print).collect();
    let mut chance = StdRng::seed_from_u64(4);
    let mut end = End::new(settings("10.0.0.2:5060"), 2);
    let (mut now, from) = (source.now, source.a.address);
    for _ in 0..20_000 {
        let mut datagram = datagrams[chance.random_range(0..datagrams.len())].to_vec();
        for _ in 0..chance.random_range(0..4) {
            let at = chance.random_range(0..datagram.len());
            match chance.random_range(0..3) {
                0 => datagram[at] = chance.random(),
                1 => drop(datagram.remove(at)),
                _ => datagram.truncate(at.max(1)),
            }
        }
        end.endpoint.receive(&datagram, from, now);
        now += Duration::from_millis(chance.random_range(0..2000));
        end.endpoint.wake(now);
        while end.endpoint.next_transmit().is_some() {}
        while let Some(event) = end.endpoint.next_event() {
            if let Event::Incoming(incoming) = event {
                let command = match chance.random_bool(0.5) {
                    true => Command::Answer { leg: incoming.leg, body: Some(sdp(ANSWER)) },
                    false => Command::Hangup { leg: incoming.leg, cause: Cause::NoAnswer },
                };
                end.endpoint.command(command, now);
            }
        }
    }
    now += Duration::from_secs(40);
    for _ in 0..1000 {
        let Some(at) = end.endpoint.next_deadline() else { break };
        now = now.max(at);
        end.endpoint.wake(now);
    }
    assert_eq!((end.endpoint.legs(), end.endpoint.transactions()), (0, 0));
}
