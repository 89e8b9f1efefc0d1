//! Thousands of calls, holds, transfers and hang-ups in whatever order chance has them, by phones and by programs, with a queue, on a
//! network that does what it likes.
//!
//! After each step the switch must be in order, and who waits in the queue must be in a call; after each pause nobody may be left alone or
//! on music, no phone ring for nobody, and every agent be what its phone is; at the end nothing may be left.
//! `WALKS=100 cargo test --test world random_walk` walks longer, `SEED=17` begins with another seed.

use super::sim::{Handle, Network, Setup, Span, World, queue};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::time::Duration;
use warmline::{
    call::{Add, Approach, CallView, LegState, LegView, Role, Sound, Transfer, Verb},
    destination::Whom,
    exchange::{Originate, What},
    ids::{CallId, TransferId},
    phone::{Command, HoldStyle, Manner, State},
    sip::{OfferMethod, wire::StatusCode},
    switch::{AgentStatus, QueueSettings, Strategy},
};

/// Steps of one walk, and how many of them lie between two pauses.
const STEPS: usize = 600;
const LEG: usize = 150;
/// Longer than everything that takes time: waiting in a queue, ringing, recall, fallback, then the longest timer of a transaction twice.
const PAUSE: Duration = Duration::from_secs(60 + 30 + 20 + 30 + 70);

#[test]
fn nobody_is_lost_whatever_happens() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("SEED").unwrap_or(1);
    for seed in first..first + number("WALKS").unwrap_or(2) {
        Walk::new(seed, false).walk();
    }
}

#[test]
fn nobody_is_lost_whatever_programs_wish_besides() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("SEED").unwrap_or(101);
    for seed in first..first + number("WALKS").unwrap_or(1) {
        Walk::new(seed, true).walk();
    }
}

struct Walk {
    world: World,
    phones: Vec<Handle>,
    chance: StdRng,
    programs: bool,
    /// Wishes that were granted, and that were refused.
    wishes: [usize; 2],
}

impl Walk {
    /// Twelve phones, two of which share a number. Three of them are agents.
    fn new(seed: u64, programs: bool) -> Self {
        let strategies = [Strategy::RingAll, Strategy::InOrder, Strategy::RoundRobin, Strategy::LongestIdle];
        let support = QueueSettings { strategy: strategies[seed as usize % 4], max_wait: Some(60.s()), ..queue() };
        let setup = Setup { fallback: Some("1001".to_owned()), queues: vec![support], ..Setup::default() };
        let world = World::seeded(setup, seed);
        let numbers = (1001..1012).chain([1011]);
        let phones: Vec<_> = numbers.map(|number| world.phone(&number.to_string())).collect();
        for phone in &phones {
            phone.press(Command::Mute(true));
        }
        Self { world, phones, chance: StdRng::seed_from_u64(seed), programs, wishes: [0; 2] }
    }

    fn walk(&mut self) {
        for step in 1..=STEPS {
            if self.programs && self.dice(5) < 2 {
                self.wish();
            } else {
                self.step();
            }
            let time = [0, 1, 5, 30, 200, 1000, 4000][self.dice(7)];
            self.world.run(Duration::from_millis(time as u64));
            self.world.check();
            self.check_queue();
            if step % LEG == 0 {
                self.pause();
            }
        }
        if self.programs {
            assert!(self.wishes.iter().all(|count| *count > 20), "granted and refused: {:?}", self.wishes);
        }
        self.end_what_is_kept();
        self.world.ends();
    }

    /// Who waits in the queue is in a call that is alive.
    fn check_queue(&self) {
        let calls = self.world.views();
        for waiting in self.world.queues().into_iter().flat_map(|queue| queue.waiting) {
            let call = calls.iter().find(|call| Some(call.id) == waiting.call);
            assert!(call.is_some(), "{waiting:?} is in no call");
        }
    }

    /// Nobody waits any more, and no agent is thought to do what it does not.
    fn check_quiet_queue(&self) {
        let queue = self.world.queues().remove(0);
        assert!(queue.waiting.is_empty(), "{queue:?}");
        for agent in queue.agents {
            let talks = self
                .phones
                .iter()
                .any(|phone| phone.lines() > 0 && phone.with(|phone| phone.settings().extension == agent.extension));
            let quiet = [AgentStatus::Free, AgentStatus::Offline];
            assert!(talks == (agent.state == AgentStatus::Busy), "{agent:?}, and its phone has lines: {talks}");
            assert!(talks || quiet.contains(&agent.state), "{agent:?}");
        }
    }

    /// Programs let go whom they keep: calls with one leg, legs on hold, silent or deaf ones.
    fn end_what_is_kept(&mut self) {
        for call in self.world.views() {
            for leg in &call.legs {
                if leg.held_by_us {
                    let _ = self.world.wish(Verb::Unhold { leg: leg.id });
                }
                let _ = self.world.wish(Verb::SetRole { leg: leg.id, role: Role::Talk });
            }
        }
        self.world.run(1.s());
        for call in self.world.views() {
            let waits = call.attempts.is_empty() && call.transfer.is_none();
            if call.legs.len() == 1 && call.room.is_none() && call.kept && waits {
                let _ = self.world.obey(What::Obey { call: Some(call.id), verb: Verb::End });
            }
        }
    }

    /// Everybody takes back who is on hold, and waits; then all who talk must hear somebody.
    fn pause(&mut self) {
        self.world.set_network(Network::GOOD);
        self.world.run(PAUSE);
        for phone in &self.phones {
            let held: Vec<_> =
                phone.with(|phone| phone.lines().filter(|(_, line)| line.holds()).map(|(id, _)| id).collect());
            for line in held {
                phone.press(Command::Resume { line, late_offer: false });
            }
            phone.press(Command::Mute(false));
        }
        if self.programs {
            self.end_what_is_kept();
            self.world.run(90.s());
            self.end_what_is_kept();
        }
        self.world.run(10.s());
        self.world.check_quiet();
        self.check_quiet_queue();
        self.world.everybody_hears_somebody();
        for phone in &self.phones {
            phone.press(Command::Mute(true));
            if self.chance.random_range(0..2) == 0 {
                phone.hang_up_all();
            }
            phone.press(Command::Register { expires_s: 3600 });
        }
    }

    /// Somebody does something.
    fn step(&mut self) {
        let at = self.dice(self.phones.len());
        let phone = self.phones[at].clone();
        let idle = phone.lines() == 0;
        match self.dice(24) {
            0..=5 if idle || self.dice(4) == 0 => self.call(&phone),
            6..=8 => self.answer(&phone),
            9 if !idle => phone.press(Command::Reject { line: phone.line(), status: StatusCode(603) }),
            10..=11 if !idle => self.hold(&phone),
            12..=13 if !idle => phone.press(Command::Resume { line: self.line(&phone), late_offer: self.dice(4) == 0 }),
            14..=15 if !idle => {
                let number = self.number();
                phone.press(Command::Transfer { line: self.line(&phone), number });
            }
            16..=17 if phone.lines() > 1 => phone.connects(),
            18 if !idle => self.dial(&phone),
            19 => self.take_place(&phone),
            20 => self.behave(&phone),
            21 if !idle => phone.press(Command::HangUp { line: self.line(&phone) }),
            22 if !idle => phone.hang_up_all(),
            23 => {
                let network = if self.dice(3) == 0 { Network::BAD } else { Network::GOOD };
                self.world.set_network(network);
            }
            _ => {}
        }
    }

    fn call(&mut self, phone: &Handle) {
        let number = self.number();
        if self.dice(5) == 0 {
            phone.calls_late(&number);
        } else {
            phone.calls(&number);
        }
    }

    fn answer(&mut self, phone: &Handle) {
        if phone.rings() {
            phone.answers();
        }
    }

    fn hold(&mut self, phone: &Handle) {
        let style = [HoldStyle::SendOnly, HoldStyle::Inactive, HoldStyle::ZeroAddress][self.dice(3)];
        let method = [OfferMethod::Reinvite, OfferMethod::Update][self.dice(2)];
        phone.press(Command::Hold { line: self.line(phone), style, method });
    }

    fn dial(&mut self, phone: &Handle) {
        let number = self.number();
        let digits =
            [format!("*1{number}#"), format!("*2{number}#"), "*4".into(), "*5".into(), "*6".into(), "*7".into()];
        phone.press(Command::Dial { line: self.line(phone), digits: digits[self.dice(6)].clone() });
    }

    /// INVITE with Replaces for whatever line of whomever.
    fn take_place(&mut self, phone: &Handle) {
        let at = self.dice(self.phones.len());
        let other = self.phones[at].clone();
        let place = other.with(|other| {
            let line = other.lines().find(|(_, line)| line.state() == State::Talks).map(|(id, _)| id);
            line.and_then(|line| other.place(line))
        });
        if let Some(place) = place.filter(|_| other.index != phone.index) {
            phone.takes_place(place);
        }
    }

    fn behave(&mut self, phone: &Handle) {
        phone.behaves(match self.dice(5) {
            0 => Manner::Refuse(StatusCode(486)),
            1 => Manner::Ring,
            2 => Manner::PickUp(Duration::ZERO),
            _ => Manner::PickUp(2.s()),
        });
    }

    /// A program wishes something of whatever is there.
    fn wish(&mut self) {
        let calls = self.world.views();
        let legs: Vec<LegView> = calls.iter().flat_map(|call| call.legs.clone()).collect();
        let to = self.approach();
        if legs.is_empty() || self.dice(12) == 0 {
            let second = (self.dice(3) > 0).then(|| self.approach());
            return self.ask(What::Originate(Box::new(Originate { first: to, second, waiting: Sound::Music })));
        }
        let answered: Vec<&LegView> = legs.iter().filter(|leg| leg.state == LegState::Answered).collect();
        let any = |from: &[LegView], at: usize| from[at].id;
        let (leg, other) = (any(&legs, self.dice(legs.len())), any(&legs, self.dice(legs.len())));
        let leg = if answered.is_empty() || self.dice(8) == 0 { leg } else { answered[self.dice(answered.len())].id };
        let (call, into) = (calls[self.dice(calls.len())].id, calls[self.dice(calls.len())].id);
        let transfer = self.transfer(&calls);
        let manner = [warmline::call::Manner::Cold, warmline::call::Manner::Warm][self.dice(2)];
        let verb = match self.dice(18) {
            0 => Verb::Hold { leg, music: Sound::Music },
            1..=2 => Verb::Unhold { leg },
            3..=4 => return self.add(call, to),
            5..=8 => Verb::Transfer(Box::new(Transfer { leg, to, manner, music: Sound::Music })),
            9 => Verb::Swap { transfer },
            10 => Verb::Merge { transfer },
            11..=12 => Verb::Complete { transfer },
            13 => Verb::Cancel { transfer },
            14 => return self.ask(What::Move { leg, to: call }),
            15 => {
                let leaving = (self.dice(2) == 0).then_some(leg);
                return self.ask(What::MergeCalls { from: call, into, leaving });
            }
            16 => return self.ask(What::Bridge { leg, with: other }),
            _ => Verb::Drop { leg },
        };
        self.ask(What::Obey { call: None, verb });
    }

    fn add(&mut self, call: CallId, who: Approach) {
        let verb = Verb::Add(Box::new(Add { who, role: Role::Talk }));
        self.ask(What::Obey { call: Some(call), verb });
    }

    fn ask(&mut self, what: What) {
        let refused = self.world.obey(what).is_err();
        self.wishes[usize::from(refused)] += 1;
    }

    fn approach(&mut self) -> Approach {
        let number = self.number();
        Approach::new(if self.dice(6) == 0 { Whom::Queue("support".to_owned()) } else { Whom::Number(number) })
    }

    /// One that is under way, if any is.
    fn transfer(&mut self, calls: &[CallView]) -> TransferId {
        let all: Vec<TransferId> = calls.iter().filter_map(|call| call.transfer.as_ref()).map(|it| it.id).collect();
        if all.is_empty() { TransferId(0) } else { all[self.dice(all.len())] }
    }

    /// An extension as a rule, sometimes a room, the queue or nobody.
    fn number(&mut self) -> String {
        match self.dice(11) {
            0 => "7001".to_owned(),
            1 => "4711".to_owned(),
            2 => "8500".to_owned(),
            _ => (1001 + self.dice(11)).to_string(),
        }
    }

    fn line(&mut self, phone: &Handle) -> warmline::ids::LegId {
        let lines: Vec<_> = phone.with(|phone| phone.lines().map(|(id, _)| id).collect());
        lines[self.dice(lines.len())]
    }

    fn dice(&mut self, sides: usize) -> usize {
        self.chance.random_range(0..sides)
    }
}
