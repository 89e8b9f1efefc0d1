//! The simulated world: a switch and phones on a network that loses, delays, reorders and repeats, on a clock of its own.
//!
//! Everything follows from the seed, which is printed with the ladder of SIP messages when a test fails.

mod handle;
mod inner;
mod setup;

pub use handle::Handle;
pub use setup::{Network, Setup, queue};

use inner::{Inner, Leases, Pool};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use setup::{exchange_settings, music, password, switch_settings};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};
use warmline::{
    call::{self, CallView, Epoch, Refused, Verb},
    deadlines::Deadlines,
    exchange::{Counters, Done, Exchange, Granted, News, QueueView, What, Wish},
    ids::{LegId, WishId},
    media::{Dtmf, Mixer, sdp::Codec, srtp::Srtp},
    phone::{self, Command, Phone, State},
    switch::{QueueSettings, Switchboard},
};

/// The tone that is the hold music.
const MUSIC_HZ: u16 = 300;
const SWITCH: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 5060);
const DOMAIN: &str = "office.test";
/// The first media port of the switch.
const FIRST_PORT: u16 = 20_000;

/// The world; clones are the same one.
#[derive(Clone)]
pub struct World(Rc<RefCell<Inner>>);

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
        let switchboard = Switchboard::new(switch_settings(&setup), chance.random(), now);
        let mut exchange =
            Exchange::new(exchange_settings(&setup), switchboard, Box::new(Leases(Rc::clone(&ports))), chance.random());
        exchange.watch(Epoch { at: now, unix_ms: 1_700_000_000_000 });
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
            told: Vec::new(),
            wishes: 0,
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
        self.register(self.strange_phone(extension, codecs), extension)
    }

    /// One that speaks SRTP. Extensions from 1200 on prefer it, those from 1220 on need it.
    pub fn secret_phone(&self, extension: &str, srtp: Srtp) -> Handle {
        let handle = self.strange_phone(extension, &[Codec::Pcmu, Codec::Pcma]);
        let mut inner = self.0.borrow_mut();
        let phone = inner.phones.pop().expect("it was made just now");
        inner.phones.push(phone.with_srtp(srtp));
        drop(inner);
        self.register(handle, extension)
    }

    /// One that dials by tones: extensions from 1240 on.
    pub fn singing_phone(&self, extension: &str) -> Handle {
        let handle = self.strange_phone(extension, &[Codec::Pcmu, Codec::Pcma]);
        let mut inner = self.0.borrow_mut();
        let phone = inner.phones.pop().expect("it was made just now");
        inner.phones.push(phone.with_digits(Dtmf::Inband));
        drop(inner);
        self.register(handle, extension)
    }

    fn register(&self, handle: Handle, extension: &str) -> Handle {
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
        // A call that we make may begin with waiting for an agent.
        let waiting = self.queues().into_iter().flat_map(|queue| queue.waiting).filter(|waiting| waiting.leg.is_none());
        let waiting: Vec<_> = waiting.filter_map(|waiting| waiting.call).collect();
        let inner = self.0.borrow();
        let pool = inner.ports.borrow();
        let counters = inner.exchange.counters();
        assert_eq!(counters.legs, pool.of_leg.len(), "each leg has a port");
        let roster = inner.exchange.roster();
        assert_eq!(roster.len(), counters.calls);
        let mut seen = std::collections::BTreeSet::new();
        for (call, room, legs) in &roster {
            assert!(!legs.is_empty() || room.is_some() || waiting.contains(call), "{call} has no legs");
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

    /// A program wishes something. What is refused must have changed nothing.
    pub fn obey(&self, what: What) -> Result<Granted, Refused> {
        let mut inner = self.0.borrow_mut();
        let now = inner.now;
        let before = inner.views();
        inner.wishes += 1;
        let wish = Wish { id: WishId(inner.wishes), by: "test".to_owned(), what };
        let granted = inner.exchange.obey(wish, now);
        if granted.is_err() {
            assert_eq!(inner.views(), before, "a refused wish changed something");
        }
        inner.touch_exchange();
        granted
    }

    /// The same for a live call.
    pub fn wish(&self, verb: Verb) -> Result<Done, Refused> {
        self.obey(What::Obey { call: None, verb }).map(|granted| match granted {
            Granted::Done(done) => done,
            other => panic!("{other:?}"),
        })
    }

    /// All queues as programs see them.
    pub fn queues(&self) -> Vec<QueueView> {
        match self.obey(What::Queues) {
            Ok(Granted::Queues(queues)) => queues,
            other => panic!("{other:?}"),
        }
    }

    /// New queues, while everything goes on.
    pub fn reload_queues(&self, queues: Vec<QueueSettings>) {
        let mut inner = self.0.borrow_mut();
        let (now, setup) = (inner.now, Setup { queues, ..inner.setup.clone() });
        inner.exchange.reload(exchange_settings(&setup), switch_settings(&setup), now);
        inner.setup = setup;
        inner.touch_exchange();
    }

    /// The leg that has a media port.
    pub fn leg_at(&self, port: u16) -> Option<LegId> {
        self.0.borrow().ports.borrow().of_port.get(&port).copied()
    }

    /// All calls as programs see them.
    pub fn views(&self) -> Vec<CallView> {
        self.0.borrow_mut().views()
    }

    /// What the calls told, with the state of what it is about.
    pub fn told(&self) -> Vec<News> {
        std::mem::take(&mut self.0.borrow_mut().told)
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

/// Each phone has a tone of its own.
fn tone_of(index: usize) -> u16 {
    600 + 30 * u16::try_from(index).unwrap()
}
