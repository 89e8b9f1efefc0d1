//! What the world is made of: network, clock, and all who are in it.

use super::{FIRST_PORT, MUSIC_HZ, SWITCH, setup::Setup, tone_of};
use bytes::Bytes;
use rand::{RngExt, rngs::StdRng};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};
use warmline::{
    call::{self, CallView},
    deadlines::Deadlines,
    exchange::{Exchange, Granted, News, Order, Ports, What, Wish},
    ids::{CallId, LegId, WishId},
    media::{self, Mixer, Music, sdp::Direction},
    phone::{Event, Phone, Socket},
};

pub(super) struct Inner {
    pub(super) seed: u64,
    pub(super) setup: Setup,
    pub(super) start: Instant,
    pub(super) now: Instant,
    pub(super) chance: StdRng,
    pub(super) exchange: Exchange,
    pub(super) ports: Rc<RefCell<Pool>>,
    pub(super) mixers: BTreeMap<CallId, Mixer>,
    /// In which call's mixer a leg is.
    pub(super) homes: HashMap<LegId, CallId>,
    pub(super) mixers_made: u64,
    pub(super) phones: Vec<Phone>,
    pub(super) displays: Vec<Vec<Event>>,
    pub(super) news: Vec<call::Event>,
    pub(super) told: Vec<News>,
    pub(super) wishes: u64,
    pub(super) by_address: HashMap<IpAddr, usize>,
    pub(super) on_the_way: BTreeMap<(Instant, u64), Datagram>,
    pub(super) sent: u64,
    pub(super) deadlines: Deadlines<Node>,
    pub(super) ladder: Vec<String>,
    pub(super) music: Arc<Music>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Node {
    Exchange,
    Mixer(CallId),
    Phone(usize),
}

/// A line of a phone, and what it hears.
#[derive(Debug)]
#[allow(dead_code, reason = "it is read when a test fails")]
pub(super) struct Party {
    pub(super) who: String,
    /// The switch's leg at the other end.
    pub(super) leg: Option<LegId>,
    pub(super) direction: Option<Direction>,
    pub(super) holds: bool,
    pub(super) is_held: bool,
    pub(super) hears_somebody: bool,
    pub(super) hears_music: bool,
}

pub(super) struct Datagram {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) payload: Bytes,
}

/// The media ports of the switch.
#[derive(Default)]
pub(super) struct Pool {
    pub(super) of_leg: HashMap<LegId, u16>,
    pub(super) of_port: HashMap<u16, LegId>,
    pub(super) last: u16,
}

pub(super) struct Leases(pub(super) Rc<RefCell<Pool>>);

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

impl Inner {
    /// The next thing that happens, if it does until `end`.
    pub(super) fn step(&mut self, end: Instant) -> bool {
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
    pub(super) fn touch_exchange(&mut self) {
        while let Some(transmit) = self.exchange.next_transmit() {
            self.send(SWITCH, transmit.to, transmit.payload);
        }
        while let Some(order) = self.exchange.next_order() {
            self.carry_out(order);
        }
        while let Some(news) = self.exchange.next_news() {
            self.told.push(news.clone());
            let News { call, event, .. } = news;
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
                let settings = media::Settings {
                    timeout: Duration::ZERO,
                    music: Arc::clone(&self.music),
                    since: self.start,
                    jitter: media::JitterLimits::default(),
                };
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
            Order::Fetch { play, leg, .. } => {
                self.exchange.fetched(play, leg, Err(media::SoundError::Nothing), now);
            }
            Order::Record { .. } => {}
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
    pub(super) fn touch_phone(&mut self, index: usize) {
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
    pub(super) fn parties(&self) -> impl Iterator<Item = Party> {
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

    /// All calls as programs see them.
    pub(super) fn views(&mut self) -> Vec<CallView> {
        let wish = Wish { id: WishId(0), by: "test".to_owned(), what: What::Calls };
        match self.exchange.obey(wish, self.now) {
            Ok(Granted::Calls(views)) => views,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn passed(&self) -> f64 {
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
