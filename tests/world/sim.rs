//! The simulated world: a switch and phones on a network that loses, delays, reorders and repeats, on a clock of its own.
//!
//! Everything follows from the seed, which is printed with the ladder of SIP messages when a test fails.

use bytes::Bytes;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};
use warmline::{
    call::{self, CallSettings, Codes},
    deadlines::Deadlines,
    exchange::{self, Counters, Exchange, Order, Ports},
    ids::{CallId, LegId},
    media::{
        self, Mixer,
        audio::music::Music,
        sdp::{Codec, Direction, Session},
    },
    phone::{self, Command, Event, HoldStyle, Manner, Phone, Place, Socket, State},
    sip::{
        self, OfferMethod, Secret,
        wire::{StatusCode, digest::Algorithm},
    },
    switch::{self, ExtensionSettings, RouteSettings, RouteTo, Security, Switchboard},
};

/// How the network treats datagrams.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// How many of a thousand datagrams are lost.
    pub lost: u32,
    /// How many of a thousand arrive twice.
    pub repeated: u32,
    /// How long they take at least.
    pub delay: Duration,
    /// How much longer they may take; more than the pause between them means that they overtake one another.
    pub jitter: Duration,
}

impl Network {
    /// A wire on a desk.
    pub const GOOD: Self =
        Self { lost: 0, repeated: 0, delay: Duration::from_millis(1), jitter: Duration::from_millis(0) };
    /// A bad day on the radio.
    pub const BAD: Self =
        Self { lost: 100, repeated: 20, delay: Duration::from_millis(20), jitter: Duration::from_millis(30) };
}

/// What differs from test to test.
#[derive(Clone, Debug)]
pub struct Setup {
    pub network: Network,
    pub recall: bool,
    pub recall_timeout: Duration,
    pub ring_timeout: Duration,
    pub fallback: Option<String>,
    /// Phones say nothing, so that hours pass quickly.
    pub silent: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            network: Network::GOOD,
            recall: true,
            recall_timeout: Duration::from_secs(20),
            ring_timeout: Duration::from_secs(30),
            fallback: None,
            silent: false,
        }
    }
}

/// The tone that is the hold music.
const MUSIC_HZ: u16 = 300;
const SWITCH: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 5060);
const DOMAIN: &str = "office.test";
/// The first media port of the switch.
const FIRST_PORT: u16 = 20_000;

/// The world; clones are the same one.
#[derive(Clone)]
pub struct World(Rc<RefCell<Inner>>);

struct Inner {
    seed: u64,
    setup: Setup,
    start: Instant,
    now: Instant,
    chance: StdRng,
    exchange: Exchange,
    ports: Rc<RefCell<Pool>>,
    mixers: BTreeMap<CallId, Mixer>,
    /// In which call's mixer a leg is.
    homes: HashMap<LegId, CallId>,
    mixers_made: u64,
    phones: Vec<Phone>,
    displays: Vec<Vec<Event>>,
    news: Vec<call::Event>,
    by_address: HashMap<IpAddr, usize>,
    on_the_way: BTreeMap<(Instant, u64), Datagram>,
    sent: u64,
    deadlines: Deadlines<Node>,
    ladder: Vec<String>,
    music: Arc<Music>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Node {
    Exchange,
    Mixer(CallId),
    Phone(usize),
}

/// A line of a phone, and what it hears.
#[derive(Debug)]
#[allow(dead_code, reason = "it is read when a test fails")]
struct Party {
    who: String,
    /// The switch's leg at the other end.
    leg: Option<LegId>,
    direction: Option<Direction>,
    holds: bool,
    is_held: bool,
    hears_somebody: bool,
    hears_music: bool,
}

struct Datagram {
    from: SocketAddr,
    to: SocketAddr,
    payload: Bytes,
}

/// The media ports of the switch.
#[derive(Default)]
struct Pool {
    of_leg: HashMap<LegId, u16>,
    of_port: HashMap<u16, LegId>,
    last: u16,
}

struct Leases(Rc<RefCell<Pool>>);

impl Ports for Leases {
    fn lease(&mut self, leg: LegId) -> Option<u16> {
        let mut pool = self.0.borrow_mut();
        let free = (0..20_000).map(|step| FIRST_PORT + (pool.last + 2 * step) % 40_000);
        let port = free.into_iter().find(|port| !pool.of_port.contains_key(port))?;
        pool.last = (port - FIRST_PORT + 2) % 40_000;
        pool.of_leg.insert(leg, port);
        pool.of_port.insert(port, leg);
        Some(port)
    }

    fn release(&mut self, leg: LegId) {
        let mut pool = self.0.borrow_mut();
        let port = pool.of_leg.remove(&leg).expect("only what was leased comes back");
        pool.of_port.remove(&port);
    }
}

impl World {
    /// A switch with the extensions 1001 to 1299, rooms 70XX, and a good network.
    pub fn new() -> Self {
        Self::with(Setup::default())
    }

    pub fn with(setup: Setup) -> Self {
        let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
        Self::seeded(setup, seed)
    }

    pub fn seeded(setup: Setup, seed: u64) -> Self {
        let now = Instant::now();
        let mut chance = StdRng::seed_from_u64(seed);
        let ports = Rc::new(RefCell::new(Pool::default()));
        let switchboard = Switchboard::new(switch_settings(), chance.random(), now);
        let exchange =
            Exchange::new(exchange_settings(&setup), switchboard, Box::new(Leases(Rc::clone(&ports))), chance.random());
        Self(Rc::new(RefCell::new(Inner {
            seed,
            setup,
            start: now,
            now,
            chance,
            exchange,
            ports,
            mixers: BTreeMap::new(),
            homes: HashMap::new(),
            mixers_made: 0,
            phones: Vec::new(),
            displays: Vec::new(),
            news: Vec::new(),
            by_address: HashMap::new(),
            on_the_way: BTreeMap::new(),
            sent: 0,
            deadlines: Deadlines::new(),
            ladder: Vec::new(),
            music: Arc::new(music()),
        })))
    }

    /// A phone of an extension, registered, that rings when it is called.
    pub fn phone(&self, extension: &str) -> Handle {
        self.phone_with(extension, &[Codec::Pcmu, Codec::Pcma])
    }

    /// The same with other codecs.
    pub fn phone_with(&self, extension: &str, codecs: &[Codec]) -> Handle {
        let handle = self.strange_phone(extension, codecs);
        handle.press(Command::Register { expires_s: 3600 });
        for _ in 0..40 {
            if handle.with(|phone| phone.is_registered()) {
                break;
            }
            self.run(1.s());
        }
        assert!(handle.with(|phone| phone.is_registered()), "{extension} could not register");
        handle.events();
        handle
    }

    /// A phone that is not registered.
    pub fn strange_phone(&self, extension: &str, codecs: &[Codec]) -> Handle {
        let mut inner = self.0.borrow_mut();
        let index = inner.phones.len();
        let number = u16::try_from(index).unwrap();
        let address = IpAddr::V4(Ipv4Addr::new(10, 0, 1 + (number / 200) as u8, 1 + (number % 200) as u8));
        let settings = phone::Settings {
            extension: extension.to_owned(),
            name: format!("Phone {extension}"),
            password: password(extension),
            local: SocketAddr::new(address, 5060),
            switch: SWITCH,
            domain: DOMAIN.to_owned(),
            media_ports: (0..4).map(|line| 40_000 + 2 * line).collect(),
            codecs: codecs.to_vec(),
            tone_hz: if inner.setup.silent { 0 } else { tone_of(index) },
            t1: Duration::from_millis(500),
        };
        let seed = inner.chance.random();
        inner.phones.push(Phone::new(settings, seed));
        inner.displays.push(Vec::new());
        inner.by_address.insert(address, index);
        Handle { world: self.clone(), index }
    }

    /// Lets time pass.
    pub fn run(&self, time: Duration) {
        let mut inner = self.0.borrow_mut();
        let end = inner.now + time;
        while inner.step(end) {}
        inner.now = end;
    }

    /// Lets time pass until something is so, at most for a while; fails if it never is.
    pub fn until(&self, what: &str, within: Duration, is_so: impl Fn() -> bool) {
        let end = self.now() + within;
        while !is_so() {
            assert!(self.now() < end, "not within {within:?}: {what}");
            self.run(20.ms());
        }
    }

    pub fn now(&self) -> Instant {
        self.0.borrow().now
    }

    /// The cable of a phone is pulled.
    pub fn cut_off(&self, phone: &Handle) {
        let address = phone.with(|phone| phone.settings().local.ip());
        self.0.borrow_mut().by_address.remove(&address);
    }

    /// From now on the network is like that.
    pub fn set_network(&self, network: Network) {
        self.0.borrow_mut().setup.network = network;
    }

    pub fn counters(&self) -> Counters {
        self.0.borrow().exchange.counters()
    }

    /// What holds at every moment: each leg has one port, and only legs are in mixers.
    pub fn check(&self) {
        let inner = self.0.borrow();
        let pool = inner.ports.borrow();
        let counters = inner.exchange.counters();
        assert_eq!(counters.legs, pool.of_leg.len(), "each leg has a port");
        let roster = inner.exchange.roster();
        assert_eq!(roster.len(), counters.calls);
        let mut seen = std::collections::BTreeSet::new();
        for (call, room, legs) in &roster {
            assert!(!legs.is_empty() || room.is_some(), "{call} has no legs");
            for leg in legs {
                assert!(seen.insert(*leg), "{leg} is in two calls");
                assert!(pool.of_leg.contains_key(leg), "{leg} of {call} has no port");
                assert!(inner.homes.get(leg).is_none_or(|home| home == call), "{leg} is in the mixer of another call");
            }
        }
        assert_eq!(seen.len(), counters.legs, "each leg is in a call");
        assert!(inner.homes.keys().all(|leg| seen.contains(leg)), "a leg that is gone is in a mixer");
        let mixed: usize = inner.mixers.values().map(Mixer::len).sum();
        assert_eq!(mixed, inner.homes.len(), "what is in the mixers");
        assert!(inner.exchange.endpoint().legs() >= counters.legs, "a leg has no dialog");
    }

    /// What holds when nobody has done anything for longer than any timer: no call hangs in the air, nobody is left alone.
    pub fn check_quiet(&self) {
        self.check();
        let inner = self.0.borrow();
        for (call, room, legs) in inner.exchange.roster() {
            assert!(room.is_some() || legs.len() > 1, "{call}: somebody is left alone");
        }
        let mut lines = 0;
        for phone in &inner.phones {
            for (id, line) in phone.lines() {
                let who = &phone.settings().extension;
                assert_eq!(line.state(), State::Talks, "{who} {id}: no INVITE lasts for ever");
                lines += 1;
            }
        }
        assert_eq!(lines, inner.exchange.counters().legs, "lines of phones and legs of the switch");
        assert_eq!(inner.exchange.endpoint().legs(), lines, "dialogs");
    }

    /// All who speak are heard: in each call everybody hears somebody, but for one who is alone in a room, and one who
    /// hears music while two others talk about it (a warm transfer under way).
    pub fn everybody_hears_somebody(&self) {
        let inner = self.0.borrow();
        for (call, room, legs) in inner.exchange.roster() {
            let parties: Vec<_> =
                inner.parties().filter(|party| party.leg.is_some_and(|leg| legs.contains(&leg))).collect();
            let hearing = parties.iter().filter(|party| party.hears_somebody).count();
            for party in &parties {
                let alone = room.is_some() && legs.len() == 1;
                let waits = party.hears_music && hearing >= 2;
                assert!(party.hears_somebody || alone || waits, "{call}: {party:?} hears nobody, in {parties:#?}");
            }
        }
    }

    /// Media ports of the switch in use.
    pub fn ports(&self) -> usize {
        self.0.borrow().ports.borrow().of_leg.len()
    }

    /// What calls told since the last look.
    pub fn news(&self) -> Vec<call::Event> {
        std::mem::take(&mut self.0.borrow_mut().news)
    }

    /// How transfers ended since the last look.
    pub fn outcomes(&self) -> Vec<call::Outcome> {
        let ended = |event| match event {
            call::Event::TransferEnded { outcome, .. } => Some(outcome),
            _ => None,
        };
        self.news().into_iter().filter_map(ended).collect()
    }

    /// How many legs are in the mixers of all calls.
    pub fn mixed(&self) -> usize {
        self.0.borrow().mixers.values().map(Mixer::len).sum()
    }

    /// Everybody hangs up and leaves; after the longest timer nothing may be left of anything.
    pub fn ends(&self) {
        let phones = self.0.borrow().phones.len();
        for index in 0..phones {
            let phone = Handle { world: self.clone(), index };
            phone.hang_up_all();
            phone.press(Command::Register { expires_s: 0 });
        }
        self.set_network(Network::GOOD);
        self.run(70.s());
        self.is_empty();
    }

    /// Nothing is left of anything.
    pub fn is_empty(&self) {
        let inner = self.0.borrow();
        assert_eq!(inner.exchange.counters(), Counters::default(), "calls, legs or lines are left");
        assert_eq!(inner.ports.borrow().of_leg.len(), 0, "ports are left");
        assert_eq!(inner.mixers.len(), 0, "mixers are left");
        assert_eq!(inner.homes.len(), 0, "legs are left in mixers");
        assert_eq!(
            (inner.exchange.endpoint().legs(), inner.exchange.endpoint().transactions()),
            (0, 0),
            "legs or transactions are left"
        );
        assert_eq!(inner.exchange.next_deadline(), None, "timers are left");
        for phone in &inner.phones {
            assert_eq!(phone.lines().count(), 0, "{} has lines left", phone.settings().extension);
        }
    }
}

/// Time as tests say it.
pub trait Span {
    fn s(self) -> Duration;
    fn ms(self) -> Duration;
    fn us(self) -> Duration;
}

impl Span for u64 {
    fn s(self) -> Duration {
        Duration::from_secs(self)
    }
    fn ms(self) -> Duration {
        Duration::from_millis(self)
    }
    fn us(self) -> Duration {
        Duration::from_micros(self)
    }
}

/// Somebody with a phone. Buttons are pressed for the line that was used last.
#[derive(Clone)]
pub struct Handle {
    world: World,
    pub index: usize,
}

impl Handle {
    /// Presses a button.
    pub fn press(&self, command: Command) {
        let mut inner = self.world.0.borrow_mut();
        let now = inner.now;
        inner.phones[self.index].command(command, now);
        inner.touch_phone(self.index);
    }

    /// Looks at the phone.
    pub fn with<T>(&self, look: impl FnOnce(&Phone) -> T) -> T {
        look(&self.world.0.borrow().phones[self.index])
    }

    /// The line that began last.
    pub fn line(&self) -> LegId {
        self.with(|phone| phone.lines().next_back().expect("no line").0)
    }

    /// The line that began first.
    pub fn first_line(&self) -> LegId {
        self.with(|phone| phone.lines().next().expect("no line").0)
    }

    pub fn lines(&self) -> usize {
        self.with(|phone| phone.lines().count())
    }

    pub fn calls(&self, number: &str) -> LegId {
        self.starts_call(number, false, None)
    }

    /// Calls without SDP.
    pub fn calls_late(&self, number: &str) -> LegId {
        self.starts_call(number, true, None)
    }

    /// Takes somebody's place by INVITE with Replaces.
    pub fn takes_place(&self, place: Place) -> LegId {
        self.starts_call("0", false, Some(place))
    }

    fn starts_call(&self, number: &str, late_offer: bool, replaces: Option<Place>) -> LegId {
        let line = self.world.0.borrow_mut().phones[self.index].new_line();
        self.press(Command::Call { line, number: number.to_owned(), late_offer, replaces });
        line
    }

    /// Calls and waits until both talk.
    pub fn talks_to(&self, other: &Handle) {
        let number = other.with(|phone| phone.settings().extension.clone());
        let line = self.calls(&number);
        self.world.until("it rings", 20.s(), || other.rings());
        other.answers();
        self.world.until("they talk", 20.s(), || self.talks_on(line));
        self.world.run(500.ms());
    }

    pub fn answers(&self) {
        let line = self.with(|phone| phone.lines().find(|(_, line)| line.state() == State::Rings).expect("rings").0);
        self.press(Command::Answer { line });
    }

    pub fn behaves(&self, manner: Manner) {
        self.press(Command::Behave(manner));
    }

    pub fn picks_up_after(&self, time: Duration) {
        self.behaves(Manner::PickUp(time));
    }

    pub fn refuses(&self, status: u16) {
        self.behaves(Manner::Refuse(StatusCode(status)));
    }

    pub fn rejects(&self, status: u16) {
        self.press(Command::Reject { line: self.line(), status: StatusCode(status) });
    }

    pub fn holds(&self) {
        self.holds_by(HoldStyle::SendOnly, OfferMethod::Reinvite);
    }

    pub fn holds_by(&self, style: HoldStyle, method: OfferMethod) {
        self.press(Command::Hold { line: self.line(), style, method });
    }

    pub fn resumes(&self) {
        self.press(Command::Resume { line: self.line(), late_offer: false });
    }

    pub fn resumes_late(&self) {
        self.press(Command::Resume { line: self.line(), late_offer: true });
    }

    pub fn transfers_to(&self, number: &str) {
        self.press(Command::Transfer { line: self.line(), number: number.to_owned() });
    }

    /// Attended transfer: the one on the first line shall talk to the one on the last.
    pub fn connects(&self) {
        self.press(Command::Connect { line: self.first_line(), with: self.line() });
    }

    pub fn dials(&self, digits: &str) {
        self.press(Command::Dial { line: self.line(), digits: digits.to_owned() });
    }

    pub fn hangs_up(&self) {
        self.press(Command::HangUp { line: self.line() });
    }

    pub fn hang_up_all(&self) {
        let lines: Vec<_> = self.with(|phone| phone.lines().map(|(line, _)| line).collect());
        for line in lines {
            self.press(Command::HangUp { line });
        }
    }

    pub fn rings(&self) -> bool {
        self.with(|phone| phone.lines().any(|(_, line)| line.state() == State::Rings))
    }

    pub fn talks(&self) -> bool {
        self.with(|phone| phone.lines().any(|(_, line)| line.state() == State::Talks))
    }

    pub fn talks_on(&self, line: LegId) -> bool {
        self.with(|phone| phone.line(line).is_some_and(|line| line.state() == State::Talks))
    }

    /// Whether the tone of the other is heard now.
    pub fn hears(&self, other: &Handle) -> bool {
        let now = self.world.now();
        self.with(|phone| phone.hears(tone_of(other.index), now))
    }

    pub fn hears_music(&self) -> bool {
        let now = self.world.now();
        self.with(|phone| phone.hears(MUSIC_HZ, now))
    }

    pub fn hears_nothing(&self) -> bool {
        let now = self.world.now();
        self.with(|phone| phone.lines().all(|(_, line)| line.ear().loudness(now) < -50.0))
    }

    /// How often the stream that it hears broke its line of SSRC and timestamps.
    pub fn breaks(&self) -> u32 {
        self.with(|phone| phone.lines().map(|(_, line)| line.ear().breaks()).sum())
    }

    /// The media session of the last line.
    pub fn session(&self) -> Session {
        let line = self.line();
        self.with(|phone| phone.line(line).and_then(phone::Line::session).cloned().expect("no session"))
    }

    /// How the other side names the last line's dialog.
    pub fn place(&self) -> Place {
        let line = self.line();
        self.with(|phone| phone.place(line).expect("no dialog"))
    }

    /// What the display showed since the last look.
    pub fn events(&self) -> Vec<Event> {
        std::mem::take(&mut self.world.0.borrow_mut().displays[self.index])
    }

    /// What REFER came to: the answer, then what NOTIFY told.
    pub fn transfer_told(&self) -> Vec<u16> {
        let told = |event| match event {
            Event::TransferAnswered { status, .. } | Event::TransferProgress { status, .. } => Some(status.0),
            _ => None,
        };
        self.events().into_iter().filter_map(told).collect()
    }

    /// Why the calls of this phone came to nothing since the last look.
    pub fn failures(&self) -> Vec<u16> {
        let failed = |event| match event {
            Event::Failed { status, .. } => Some(status.0),
            _ => None,
        };
        self.events().into_iter().filter_map(failed).collect()
    }
}

/// Each phone has a tone of its own.
fn tone_of(index: usize) -> u16 {
    600 + 30 * u16::try_from(index).unwrap()
}

impl Inner {
    /// The next thing that happens, if it does until `end`.
    fn step(&mut self, end: Instant) -> bool {
        let arrival = self.on_the_way.first_key_value().map(|((at, _), _)| *at);
        let deadline = self.deadlines.next();
        let Some(at) = arrival.into_iter().chain(deadline).min().filter(|at| *at <= end) else { return false };
        self.now = self.now.max(at);
        if arrival == Some(at) {
            let (_, datagram) = self.on_the_way.pop_first().expect("there is one");
            self.deliver(datagram);
        } else if let Some(node) = self.deadlines.pop_due(self.now) {
            self.wake(node);
        }
        true
    }

    fn wake(&mut self, node: Node) {
        let now = self.now;
        match node {
            Node::Exchange => {
                self.exchange.wake(now);
                self.touch_exchange();
            }
            Node::Mixer(call) => {
                if let Some(mixer) = self.mixers.get_mut(&call) {
                    mixer.wake(now);
                    self.touch_mixer(call);
                }
            }
            Node::Phone(index) => {
                self.phones[index].wake(now);
                self.touch_phone(index);
            }
        }
    }

    fn deliver(&mut self, datagram: Datagram) {
        let (now, to, from) = (self.now, datagram.to, datagram.from);
        if to == SWITCH {
            self.exchange.receive(&datagram.payload, from, now);
            self.touch_exchange();
        } else if to.ip() == SWITCH.ip() {
            let leg = self.ports.borrow().of_port.get(&(to.port() & !1)).copied();
            let Some(call) = leg.and_then(|leg| self.homes.get(&leg)).copied() else { return };
            let (Some(leg), Some(mixer)) = (leg, self.mixers.get_mut(&call)) else { return };
            match to.port() & 1 {
                0 => mixer.receive(leg, &datagram.payload, from, now),
                _ => mixer.receive_report(leg, &datagram.payload, from, now),
            }
            self.touch_mixer(call);
        } else if let Some(index) = self.by_address.get(&to.ip()).copied() {
            match to.port() {
                5060 => self.phones[index].receive(&datagram.payload, from, now),
                port => self.phones[index].receive_media(port, &datagram.payload, now),
            }
            self.touch_phone(index);
        }
    }

    /// Takes out what the switch wants.
    fn touch_exchange(&mut self) {
        while let Some(transmit) = self.exchange.next_transmit() {
            self.send(SWITCH, transmit.to, transmit.payload);
        }
        while let Some(order) = self.exchange.next_order() {
            self.carry_out(order);
        }
        while let Some((call, event)) = self.exchange.next_news() {
            let passed = self.passed();
            self.ladder.push(format!("{passed:>9.3}          {call}: {event:?}"));
            self.news.push(event);
        }
        while self.exchange.next_switch_event().is_some() {}
        self.set_deadline(Node::Exchange, self.exchange.next_deadline());
    }

    fn carry_out(&mut self, order: Order) {
        let now = self.now;
        match order {
            Order::Open { call } => {
                self.mixers_made += 1;
                let settings =
                    media::Settings { timeout: Duration::ZERO, music: Arc::clone(&self.music), since: self.start };
                let mixer = Mixer::new(settings, self.seed ^ self.mixers_made);
                assert!(self.mixers.insert(call, mixer).is_none(), "{call} opened twice");
            }
            Order::Mix { call, command } => {
                match command {
                    media::Command::Join { leg } => drop(self.homes.insert(leg, call)),
                    media::Command::Leave { leg } => drop(self.homes.remove(&leg)),
                    _ => {}
                }
                self.mixers.get_mut(&call).expect("opened before").command(command, now);
                self.touch_mixer(call);
            }
            Order::Move { leg, from, to } => {
                let member = self.mixers.get_mut(&from).expect("opened before").release(leg);
                let member = member.expect("only who is in a mixer moves");
                self.mixers.get_mut(&to).expect("opened before").adopt(leg, member, now);
                self.homes.insert(leg, to);
                self.touch_mixer(from);
                self.touch_mixer(to);
            }
            Order::Close { call } => {
                self.touch_mixer(call);
                self.mixers.remove(&call).expect("opened before");
                self.homes.retain(|_, home| *home != call);
                self.set_deadline(Node::Mixer(call), None);
            }
        }
    }

    /// Takes out what a mixer wants.
    fn touch_mixer(&mut self, call: CallId) {
        let mut packets = Vec::new();
        let mut events = Vec::new();
        let Some(mixer) = self.mixers.get_mut(&call) else { return };
        while let Some(transmit) = mixer.next_transmit() {
            packets.push((transmit.leg, transmit.report, transmit.to, Bytes::copy_from_slice(transmit.payload)));
        }
        events.extend(std::iter::from_fn(|| mixer.next_event()));
        let deadline = mixer.next_deadline();
        self.set_deadline(Node::Mixer(call), deadline);
        for (leg, report, to, payload) in packets {
            let port = self.ports.borrow().of_leg.get(&leg).copied();
            if let Some(port) = port {
                self.send(SocketAddr::new(SWITCH.ip(), port + u16::from(report)), to, payload);
            }
        }
        if !events.is_empty() {
            for event in events {
                self.exchange.media(call, event, self.now);
            }
            self.touch_exchange();
        }
    }

    /// Takes out what a phone wants.
    fn touch_phone(&mut self, index: usize) {
        let address = self.phones[index].settings().local;
        while let Some(transmit) = self.phones[index].next_transmit() {
            let port = match transmit.socket {
                Socket::Signalling => address.port(),
                Socket::Media(port) => port,
            };
            self.send(SocketAddr::new(address.ip(), port), transmit.to, transmit.payload);
        }
        while let Some(event) = self.phones[index].next_event() {
            let passed = self.passed();
            let extension = &self.phones[index].settings().extension;
            self.ladder.push(format!("{passed:>9.3}          {extension} sees {event:?}"));
            self.displays[index].push(event);
        }
        let deadline = self.phones[index].next_deadline();
        self.set_deadline(Node::Phone(index), deadline);
    }

    fn set_deadline(&mut self, node: Node, at: Option<Instant>) {
        match at {
            Some(at) if self.deadlines.get(node) == Some(at) => {}
            Some(at) => self.deadlines.set(node, at),
            None => self.deadlines.clear(node),
        }
    }

    fn send(&mut self, from: SocketAddr, to: SocketAddr, payload: Bytes) {
        let network = self.setup.network;
        let lost = self.chance.random_range(0..1000) < network.lost;
        if from.port() == 5060 && to.port() == 5060 {
            self.draw(from, to, &payload, lost);
        }
        if lost {
            return;
        }
        let copies = if self.chance.random_range(0..1000) < network.repeated { 2 } else { 1 };
        for _ in 0..copies {
            let jitter = self.chance.random_range(0..=network.jitter.as_micros() as u64);
            let at = self.now + network.delay + Duration::from_micros(jitter);
            self.sent += 1;
            self.on_the_way.insert((at, self.sent), Datagram { from, to, payload: payload.clone() });
        }
    }

    /// A line of the ladder.
    fn draw(&mut self, from: SocketAddr, to: SocketAddr, payload: &[u8], lost: bool) {
        let name = |address: SocketAddr| match self.by_address.get(&address.ip()) {
            Some(index) => self.phones[*index].settings().extension.clone(),
            None => "switch".to_owned(),
        };
        let text = String::from_utf8_lossy(payload);
        let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
        let first = text.lines().next().unwrap_or_default();
        let sdp =
            text.lines().find(|line| line.starts_with("a=send") || line.starts_with("a=recv") || *line == "a=inactive");
        let line = format!(
            "{:>9.3} {:>6} -> {:<6} {first}  [{} {}{}]{}",
            self.passed(),
            name(from),
            name(to),
            header("CSeq:"),
            header("Call-ID:").chars().take(6).collect::<String>(),
            sdp.map(|line| format!(" {line}")).unwrap_or_default(),
            if lost { "  lost" } else { "" },
        );
        self.ladder.push(line);
    }

    /// All lines of all phones, and what they hear.
    fn parties(&self) -> impl Iterator<Item = Party> {
        let tones: Vec<_> = (0..self.phones.len()).map(tone_of).collect();
        let lines = self.phones.iter().flat_map(|phone| phone.lines().map(move |(id, line)| (phone, id, line)));
        lines.map(move |(phone, id, line)| {
            let port = line.session().map(|session| session.remote.port());
            Party {
                who: format!("{} {id} to {}", phone.settings().extension, line.peer()),
                leg: port.and_then(|port| self.ports.borrow().of_port.get(&port).copied()),
                direction: line.session().map(|session| session.direction),
                holds: line.holds(),
                is_held: line.is_held(),
                // Its own tone counts: a phone may have called itself.
                hears_somebody: tones.iter().any(|tone| line.ear().hears(*tone, self.now)),
                hears_music: line.ear().hears(MUSIC_HZ, self.now),
            }
        })
    }

    fn passed(&self) -> f64 {
        (self.now - self.start).as_secs_f64()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let wanted = std::env::var("LADDER").ok().and_then(|lines| lines.parse().ok()).unwrap_or(400);
            let from = self.ladder.len().saturating_sub(wanted);
            eprintln!("{}\nSEED={}", self.ladder[from..].join("\n"), self.seed);
        }
    }
}

fn password(extension: &str) -> String {
    format!("secret of {extension}")
}

fn switch_settings() -> switch::Settings {
    let extension = |number: u32| ExtensionSettings {
        number: number.to_string(),
        name: Some(format!("Extension {number}")),
        secret: Secret::Password(password(&number.to_string())),
        max_contacts: 3,
    };
    let route = |pattern: &str, to| RouteSettings {
        from: None,
        pattern: pattern.parse().unwrap(),
        strip: 0,
        prepend: String::new(),
        to: vec![to],
    };
    switch::Settings {
        domain: DOMAIN.to_owned(),
        min_expires: Duration::from_secs(60),
        max_expires: Duration::from_secs(3600),
        nonce_lifetime: Duration::from_secs(300),
        security: Security {
            digest: vec![Algorithm::Sha256, Algorithm::Md5],
            login_failures: 10,
            ban: Duration::from_secs(300),
            requests_per_second: 0,
        },
        extensions: (1001..1300).map(extension).collect(),
        trunks: Vec::new(),
        routes: vec![
            route("70XX", RouteTo::Conference("{number}".to_owned())),
            route("8001", RouteTo::Music),
            route("8002", RouteTo::Echo),
        ],
    }
}

fn exchange_settings(setup: &Setup) -> exchange::Settings {
    let code = |code: &str| Some(code.to_owned());
    exchange::Settings {
        sip: sip::Settings {
            local: SWITCH,
            public_address: None,
            domain: DOMAIN.to_owned(),
            agent: "Warmline".to_owned(),
            session_expires: Some(Duration::from_secs(1800)),
            min_session_expires: Duration::from_secs(90),
            t1: Duration::from_millis(500),
            max_transactions: 100_000,
        },
        call: CallSettings {
            media_address: SWITCH.ip(),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            ring_timeout: setup.ring_timeout,
            recall: setup.recall,
            recall_timeout: setup.recall_timeout,
            fallback: setup.fallback.clone(),
            codes: Codes {
                blind_transfer: code("*1"),
                attended_transfer: code("*2"),
                complete: code("*4"),
                cancel: code("*5"),
                three_way: code("*6"),
                swap: code("*7"),
            },
            domain: DOMAIN.to_owned(),
        },
        max_calls: 10_000,
        max_calls_per_second: 10_000,
        shutdown_grace: Duration::from_secs(5),
    }
}

/// One second of one tone, for ever.
fn music() -> Music {
    let sample = |at: u32| {
        let turn = f64::from(at) * f64::from(MUSIC_HZ) / 8000.0 * std::f64::consts::TAU;
        (turn.sin() * 8000.0) as i16
    };
    Music::new((0..8000).map(sample).collect())
}
