//! The exchange as a whole, between phones made of the same endpoint, on a virtual clock: load, ports, lines, rooms, the end.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may fail, and needs some time to start from"
)]

use bytes::Bytes;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use warmline::{
    call::{CallSettings, Codes},
    exchange::{Counters, Exchange, Order, Ports, Settings},
    ids::{LegId, LegIds},
    media::{
        sdp::{Codec, Direction, Negotiation},
        srtp::Srtp,
    },
    sip::{
        self, Cause, Command, Endpoint, Event, Invite,
        wire::{Host, StatusCode, digest::Algorithm},
    },
    switch::{self, RouteSettings, RouteTo, Security, Switchboard, TrunkSettings},
};

const SWITCH: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 5060);

#[test]
fn a_call_gives_back_all_that_it_took() {
    let mut world = World::new(settings());
    let leg = world.call(1, "2001");
    let called = world.ring(2);
    world.answer(2, called);
    assert_eq!(world.counters(), Counters { calls: 1, legs: 2, lines: 2, registrations: 0, missed_news: 0 });
    assert_eq!(world.leased(), 2);
    assert!(world.take(1).iter().any(|event| matches!(event, Event::Answered { .. })));
    world.hang_up(1, leg);
    assert!(world.take(2).iter().any(|event| matches!(event, Event::Ended { cause: Cause::Normal, .. })));
    world.pass(Duration::from_secs(40));
    assert_eq!((world.counters(), world.leased()), (Counters::default(), 0));
    assert_eq!(world.exchange.next_deadline(), None);
}

#[test]
fn orders_for_the_media_side_open_a_mixer_before_they_use_it_and_close_it_last() {
    let mut world = World::new(settings());
    let leg = world.call(1, "2001");
    let called = world.ring(2);
    world.answer(2, called);
    world.hang_up(1, leg);
    let orders: Vec<Order> = std::iter::from_fn(|| world.exchange.next_order()).collect();
    assert!(matches!(orders.first(), Some(Order::Open { .. })), "{orders:?}");
    assert!(matches!(orders.last(), Some(Order::Close { .. })), "{orders:?}");
    let of = |wanted: fn(&warmline::media::Command) -> bool| {
        orders.iter().filter(|order| matches!(order, Order::Mix { command, .. } if wanted(command))).count()
    };
    assert_eq!(of(|command| matches!(command, warmline::media::Command::Join { .. })), 2);
    assert_eq!(of(|command| matches!(command, warmline::media::Command::Leave { .. })), 2);
}

#[test]
fn more_calls_than_allowed_are_told_to_come_back_later() {
    let mut world = World::new(Settings { max_calls: 1, ..settings() });
    world.call(1, "2001");
    let second = world.call(3, "2001");
    assert_eq!(world.refusal(3, second), (503, true));
    assert_eq!(world.counters().calls, 1);
}

#[test]
fn who_takes_a_place_in_a_call_is_let_in_when_no_further_call_is() {
    let mut world = World::new(Settings { max_calls: 1, max_calls_per_second: 1, ..settings() });
    world.call(1, "2001");
    let called = world.ring(2);
    let place_of = called.0;
    world.answer(2, called);
    let place = world.phones[&2].endpoint.dialog(place_of).unwrap();
    world.exchange.shutdown(world.now);
    let header = format!("{};to-tag={};from-tag={}", place.call_id, place.remote_tag, place.local_tag);
    let leg = world.call_with(3, "2001", vec![("Replaces".into(), header)]);
    let answered = |event: &Event| matches!(event, Event::Answered { leg: who, .. } if *who == leg);
    assert!(world.take(3).iter().any(answered));
    assert!(world.take(2).iter().any(|event| matches!(event, Event::Ended { .. })));
}

#[test]
fn more_calls_in_a_second_than_allowed_are_told_to_come_back_later() {
    let mut world = World::new(Settings { max_calls_per_second: 1, ..settings() });
    world.call(1, "2001");
    let second = world.call(1, "2001");
    assert_eq!(world.refusal(1, second), (503, true));
    world.pass(Duration::from_secs(1));
    world.call(1, "2001");
    assert_eq!(world.counters().calls, 2);
}

#[test]
fn without_a_port_nobody_is_let_in() {
    let mut world = World::new(settings());
    world.ports.lock().unwrap().most = 0;
    let leg = world.call(1, "2001");
    assert_eq!(world.refusal(1, leg), (503, true));
    assert_eq!(world.counters(), Counters::default());
}

#[test]
fn a_target_for_which_no_port_is_left_counts_as_one_that_answered_503() {
    let mut world = World::new(settings());
    world.ports.lock().unwrap().most = 1;
    let leg = world.call(1, "2001");
    assert_eq!(world.refusal(1, leg).0, 503);
    assert_eq!((world.counters(), world.leased()), (Counters::default(), 0));
}

#[test]
fn a_trunk_without_a_free_line_is_passed_over() {
    let mut world = World::new(settings());
    // 2 is called by the trunk "called", which has one line; 4 is next in the route.
    world.call(1, "2001");
    world.ring(2);
    world.call(3, "2001");
    world.ring(4);
    assert!(world.take(2).is_empty());
    assert_eq!(world.counters().lines, 4);
}

#[test]
fn a_trunk_to_which_nothing_can_be_sent_is_passed_over_at_once() {
    let mut world = World::new(settings());
    world.unreachable = Some(2);
    let start = world.now;
    world.call(1, "2001");
    world.ring(4);
    assert_eq!(world.now, start);
}

#[test]
fn who_wants_the_place_of_nobody_is_told_so() {
    let mut world = World::new(settings());
    let leg = world.call_with(1, "2001", vec![("Replaces".into(), "none@nowhere;to-tag=1;from-tag=2".into())]);
    assert_eq!(world.refusal(1, leg).0, 481);
    assert_eq!(world.counters(), Counters::default());
}

#[test]
fn all_who_call_a_room_are_in_one_call_which_goes_with_the_last() {
    let mut world = World::new(settings());
    let one = world.call(1, "7001");
    let other = world.call(3, "7001");
    assert_eq!((world.counters().calls, world.counters().legs), (1, 2));
    world.hang_up(1, one);
    assert_eq!((world.counters().calls, world.counters().legs), (1, 1));
    world.hang_up(3, other);
    world.pass(Duration::from_secs(40));
    assert_eq!((world.counters(), world.leased()), (Counters::default(), 0));
    world.call(1, "7001");
    assert_eq!(world.counters().calls, 1);
}

#[test]
fn a_switch_that_is_being_stopped_takes_no_call_and_ends_the_others_after_the_grace() {
    let mut world = World::new(settings());
    world.call(1, "2001");
    let called = world.ring(2);
    world.answer(2, called);
    world.take(1);
    world.exchange.shutdown(world.now);
    let late = world.call(3, "2001");
    assert_eq!(world.refusal(3, late), (503, true));
    world.pass(Duration::from_secs(9));
    assert_eq!(world.counters().calls, 1);
    world.pass(Duration::from_secs(2));
    assert_eq!((world.counters(), world.leased()), (Counters::default(), 0));
    assert!(world.take(1).iter().any(|event| matches!(event, Event::Ended { .. })));
    assert!(world.take(2).iter().any(|event| matches!(event, Event::Ended { .. })));
}

/// The switch at `SWITCH`, and phones 1 to 4 at 10.0.0.(10 + n):5060, which are trunks: they need no password.
struct World {
    exchange: Exchange,
    ports: Arc<Mutex<Counted>>,
    phones: BTreeMap<u8, Phone>,
    /// There is no way to this phone.
    unreachable: Option<u8>,
    now: Instant,
}

struct Phone {
    endpoint: Endpoint,
    legs: LegIds,
    events: Vec<Event>,
    media: HashMap<LegId, Negotiation>,
}

#[derive(Debug)]
struct Counted {
    most: usize,
    next: u16,
    leased: HashSet<LegId>,
}

struct Shared(Arc<Mutex<Counted>>);

impl Ports for Shared {
    fn lease(&mut self, leg: LegId) -> Option<u16> {
        let mut ports = self.0.lock().unwrap();
        if ports.leased.len() >= ports.most {
            return None;
        }
        ports.next += 2;
        assert!(ports.leased.insert(leg), "{leg} has a port already");
        Some(ports.next)
    }

    fn release(&mut self, leg: LegId) {
        assert!(self.0.lock().unwrap().leased.remove(&leg), "{leg} has no port");
    }
}

impl World {
    fn new(settings: Settings) -> Self {
        let now = Instant::now();
        let ports = Arc::new(Mutex::new(Counted { most: 1000, next: 20_000, leased: HashSet::new() }));
        let switchboard = Switchboard::new(switchboard(), [1; 32], now);
        let exchange = Exchange::new(settings, switchboard, Box::new(Shared(Arc::clone(&ports))), [2; 32]);
        let phones = (1..=4).map(|name| (name, Phone::new(name))).collect();
        Self { exchange, ports, phones, unreachable: None, now }
    }

    fn call(&mut self, from: u8, number: &str) -> LegId {
        self.call_with(from, number, Vec::new())
    }

    fn call_with(&mut self, from: u8, number: &str, headers: Vec<(String, String)>) -> LegId {
        let phone = self.phones.get_mut(&from).unwrap();
        let leg = phone.legs.next();
        let mut media = Negotiation::new(address(from).ip(), 4000, &[Codec::Pcmu], 1);
        let body = media.offer(Direction::SendRecv, None);
        phone.media.insert(leg, media);
        let uri = format!("sip:{number}@{}", SWITCH.ip());
        let invite = Invite {
            leg,
            uri: uri.parse().unwrap(),
            hop: SWITCH,
            route: Vec::new(),
            from: format!("<sip:{from}@{}>", address(from).ip()).parse().unwrap(),
            to: format!("<{uri}>").parse().unwrap(),
            asserted: None,
            privacy: None,
            body: Some(body),
            headers,
            credentials: None,
            max_forwards: 70,
        };
        phone.endpoint.command(Command::Invite(Box::new(invite)), self.now);
        self.settle();
        leg
    }

    /// The phone rings: its leg, and the offer.
    fn ring(&mut self, name: u8) -> (LegId, Bytes) {
        let events = self.take(name);
        let Some(Event::Incoming(incoming)) = events.into_iter().next() else { panic!("phone {name} does not ring") };
        (incoming.leg, incoming.body.unwrap())
    }

    fn answer(&mut self, name: u8, (leg, offer): (LegId, Bytes)) {
        let mut media = Negotiation::new(address(name).ip(), 4000, &[Codec::Pcmu], 1);
        media.receive_offer(&offer).unwrap();
        let (body, _) = media.answer(Direction::SendRecv, None).unwrap();
        let phone = self.phones.get_mut(&name).unwrap();
        phone.media.insert(leg, media);
        phone.endpoint.command(Command::Answer { leg, body: Some(body) }, self.now);
        self.settle();
    }

    fn hang_up(&mut self, name: u8, leg: LegId) {
        let phone = self.phones.get_mut(&name).unwrap();
        phone.endpoint.command(Command::Hangup { leg, cause: Cause::Normal }, self.now);
        self.settle();
    }

    /// Status of the refusal of a leg, and whether it says when to try again.
    fn refusal(&mut self, name: u8, wanted: LegId) -> (u16, bool) {
        let events = self.take(name);
        let refusal = events.iter().find_map(|event| {
            let Event::Failed { leg, failure } = event else { return None };
            (*leg == wanted).then_some((failure.status, failure.retry_after_s.is_some()))
        });
        let (StatusCode(status), later) = refusal.unwrap_or_else(|| panic!("not refused: {events:?}"));
        (status, later)
    }

    fn take(&mut self, name: u8) -> Vec<Event> {
        std::mem::take(&mut self.phones.get_mut(&name).unwrap().events)
    }

    fn counters(&self) -> Counters {
        self.exchange.counters()
    }

    fn leased(&self) -> usize {
        self.ports.lock().unwrap().leased.len()
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let phones = self.phones.values().filter_map(|phone| phone.endpoint.next_deadline());
            let Some(next) = phones.chain(self.exchange.next_deadline()).min().filter(|next| *next <= end) else {
                break;
            };
            self.now = self.now.max(next);
            for phone in self.phones.values_mut() {
                phone.endpoint.wake(self.now);
            }
            self.exchange.wake(self.now);
            self.settle();
        }
        self.now = end;
    }

    /// Carries datagrams until nobody sends any more.
    fn settle(&mut self) {
        for _ in 0..1000 {
            let mut quiet = true;
            while let Some(sent) = self.exchange.next_transmit() {
                quiet = false;
                if self.unreachable.is_some_and(|name| address(name) == sent.to) {
                    self.exchange.failed(sent.to, self.now);
                    continue;
                }
                let found = self.phones.iter_mut().find(|(name, _)| address(**name) == sent.to);
                let (_, phone) = found.unwrap_or_else(|| panic!("nobody is at {}", sent.to));
                phone.endpoint.receive(&sent.payload, SWITCH, self.now);
            }
            for name in 1..=4 {
                let phone = self.phones.get_mut(&name).unwrap();
                while let Some(event) = phone.endpoint.next_event() {
                    phone.events.push(event);
                }
                while let Some(sent) = phone.endpoint.next_transmit() {
                    quiet = false;
                    self.exchange.receive(&sent.payload, address(name), self.now);
                }
            }
            if quiet {
                return;
            }
        }
        panic!("they never stop talking");
    }
}

impl Phone {
    fn new(name: u8) -> Self {
        let legs = LegIds::default();
        let settings = sip::Settings { local: address(name), ..endpoint() };
        let endpoint = Endpoint::new(settings, legs.clone(), [name; 32]);
        Self { endpoint, legs, events: Vec::new(), media: HashMap::new() }
    }
}

fn address(name: u8) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 10 + name)), 5060)
}

fn endpoint() -> sip::Settings {
    sip::Settings {
        local: SWITCH,
        public_address: None,
        domain: "office.example".to_owned(),
        agent: "test".to_owned(),
        session_expires: None,
        min_session_expires: Duration::from_secs(90),
        t1: Duration::from_millis(500),
        max_transactions: 10_000,
    }
}

fn settings() -> Settings {
    Settings {
        sip: endpoint(),
        call: CallSettings {
            media_address: SWITCH.ip(),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            ring_timeout: Duration::from_secs(60),
            recall: true,
            recall_timeout: Duration::from_secs(20),
            fallback: None,
            codes: Codes::default(),
            domain: "office.example".to_owned(),
            recording: warmline::call::RecordingSettings::default(),
        },
        max_calls: 100,
        max_calls_per_second: 100,
        shutdown_grace: Duration::from_secs(10),
    }
}

fn switchboard() -> switch::Settings {
    let trunk = |name: &str, phone: u8, channels| TrunkSettings {
        name: name.to_owned(),
        host: match address(phone).ip() {
            IpAddr::V4(ip) => Host::V4(ip),
            IpAddr::V6(ip) => Host::V6(ip),
        },
        port: Some(address(phone).port()),
        accept_from: vec![address(phone).ip().to_string().parse().unwrap()],
        credentials: None,
        caller_id: None,
        channels,
        codecs: Vec::new(),
        late_offer: false,
        refer: false,
        srtp: Srtp::Off,
        dtmf: warmline::media::Dtmf::Rfc4733,
    };
    let route = |pattern: &str, to| RouteSettings {
        from: None,
        pattern: pattern.parse().unwrap(),
        strip: 0,
        prepend: String::new(),
        to,
        record: false,
    };
    switch::Settings {
        domain: "office.example".to_owned(),
        min_expires: Duration::from_secs(60),
        max_expires: Duration::from_secs(3600),
        nonce_lifetime: Duration::from_secs(300),
        security: Security {
            digest: vec![Algorithm::Sha256, Algorithm::Md5],
            login_failures: 10,
            ban: Duration::from_secs(300),
            requests_per_second: 0,
        },
        extensions: Vec::new(),
        trunks: vec![
            trunk("one", 1, None),
            trunk("called", 2, Some(1)),
            trunk("three", 3, None),
            trunk("next", 4, None),
        ],
        queues: Vec::new(),
        foreign: Default::default(),
        routes: vec![
            route("2XXX", vec![RouteTo::Trunk("called".to_owned()), RouteTo::Trunk("next".to_owned())]),
            route("7XXX", vec![RouteTo::Conference("{number}".to_owned())]),
        ],
    }
}
