//! Thousands of calls, holds, transfers and hang-ups in whatever order chance has them, on a network that does what it likes.
//!
//! After each step the switch must be in order; after each pause nobody may be left alone; at the end nothing may be left.
//! `WALKS=100 cargo test --test world random_walk` walks longer, `SEED=17` begins with another seed.

use super::sim::{Handle, Network, Setup, Span, World};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::time::Duration;
use warmline::{
    phone::{Command, HoldStyle, Manner, State},
    sip::{OfferMethod, wire::StatusCode},
};

/// Steps of one walk, and how many of them lie between two pauses.
const STEPS: usize = 600;
const LEG: usize = 150;
/// Longer than everything that takes time: ringing, recall, fallback, then the longest timer of a transaction twice.
const PAUSE: Duration = Duration::from_secs(30 + 20 + 30 + 70);

#[test]
fn nobody_is_lost_whatever_happens() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("SEED").unwrap_or(1);
    for seed in first..first + number("WALKS").unwrap_or(3) {
        Walk::new(seed).walk();
    }
}

struct Walk {
    world: World,
    phones: Vec<Handle>,
    chance: StdRng,
}

impl Walk {
    /// Twelve phones, two of which share a number.
    fn new(seed: u64) -> Self {
        let setup = Setup { fallback: Some("1001".to_owned()), ..Setup::default() };
        let world = World::seeded(setup, seed);
        let numbers = (1001..1012).chain([1011]);
        let phones: Vec<_> = numbers.map(|number| world.phone(&number.to_string())).collect();
        for phone in &phones {
            phone.press(Command::Mute(true));
        }
        Self { world, phones, chance: StdRng::seed_from_u64(seed) }
    }

    fn walk(&mut self) {
        for step in 1..=STEPS {
            self.step();
            let time = [0, 1, 5, 30, 200, 1000, 4000][self.dice(7)];
            self.world.run(Duration::from_millis(time as u64));
            self.world.check();
            if step % LEG == 0 {
                self.pause();
            }
        }
        self.world.ends();
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
        self.world.run(10.s());
        self.world.check_quiet();
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

    /// An extension as a rule, sometimes a room or nobody.
    fn number(&mut self) -> String {
        match self.dice(10) {
            0 => "7001".to_owned(),
            1 => "4711".to_owned(),
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
