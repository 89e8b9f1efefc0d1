//! Two endpoints with a cable between them, on a clock that only moves when the test says so.

use bytes::Bytes;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, Instant},
};
use warmline::{
    ids::{LegId, LegIds},
    sip::{
        Cause, Command, Endpoint, Event, Invite, Settings, Transmit,
        wire::{Message, Method, NameAddr},
    },
};

/// How long a datagram is on its way.
const DELAY: Duration = Duration::from_millis(10);

/// Which end of the cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Calls, as a rule.
    A,
    /// Is called.
    B,
}

pub use Side::{A, B};

/// What happens to each datagram.
pub type Filter = Box<dyn FnMut(Side, &Message) -> Fate>;

/// Whether a datagram arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Arrives,
    Lost,
}

/// One end.
pub struct End {
    pub address: SocketAddr,
    pub endpoint: Endpoint,
    pub legs: LegIds,
    /// What it told and the test has not looked at.
    pub events: VecDeque<Event>,
    /// Start line of all that it sent.
    pub sent: Vec<String>,
    /// All that it sent, whole.
    pub messages: Vec<Message>,
}

pub struct Pair {
    pub now: Instant,
    pub a: End,
    pub b: End,
    cable: Vec<(Instant, Side, Bytes)>,
    filter: Option<Filter>,
    loss: Option<(StdRng, u32)>,
}

pub fn settings(local: &str) -> Settings {
    Settings {
        local: local.parse().unwrap(),
        public_address: None,
        domain: "example.com".to_owned(),
        agent: "Warmline".to_owned(),
        session_expires: None,
        min_session_expires: Duration::from_secs(90),
        t1: Duration::from_millis(500),
        max_transactions: 1000,
    }
}

impl End {
    pub fn new(settings: Settings, seed: u8) -> Self {
        let legs = LegIds::default();
        let address = settings.local;
        let endpoint = Endpoint::new(settings, legs.clone(), [seed; 32]);
        Self { address, endpoint, legs, events: VecDeque::new(), sent: Vec::new(), messages: Vec::new() }
    }

    /// The last message that it sent with that start: `"INVITE"`, `"SIP/2.0 200"`.
    pub fn last(&self, start: &str) -> &Message {
        let at = self.sent.iter().rposition(|line| line.starts_with(start));
        &self.messages[at.unwrap_or_else(|| panic!("no {start} in {:#?}", self.sent))]
    }

    pub fn count(&self, start: &str) -> usize {
        self.sent.iter().filter(|line| line.starts_with(start)).count()
    }

    fn take(&mut self) -> Vec<Transmit> {
        let mut out = Vec::new();
        while let Some(transmit) = self.endpoint.next_transmit() {
            out.push(transmit);
        }
        while let Some(event) = self.endpoint.next_event() {
            self.events.push_back(event);
        }
        out
    }
}

impl Pair {
    pub fn new() -> Self {
        Self::with(settings("10.0.0.1:5060"), settings("10.0.0.2:5060"))
    }

    pub fn with(a: Settings, b: Settings) -> Self {
        Self { now: Instant::now(), a: End::new(a, 1), b: End::new(b, 2), cable: Vec::new(), filter: None, loss: None }
    }

    /// Looks at each datagram from now on.
    pub fn filter(&mut self, filter: impl FnMut(Side, &Message) -> Fate + 'static) {
        self.filter = Some(Box::new(filter));
    }

    pub fn no_filter(&mut self) {
        self.filter = None;
    }

    /// So many of a hundred datagrams are lost.
    pub fn lose(&mut self, percent: u32, seed: u64) {
        self.loss = Some((StdRng::seed_from_u64(seed), percent));
    }

    pub fn end(&mut self, side: Side) -> &mut End {
        match side {
            A => &mut self.a,
            B => &mut self.b,
        }
    }

    pub fn command(&mut self, side: Side, command: Command) {
        let now = self.now;
        self.end(side).endpoint.command(command, now);
        self.collect();
    }

    /// Lets datagrams arrive, and the timers that fall into that, until nothing is on the cable.
    pub fn settle(&mut self) {
        self.collect();
        while let Some(at) = self.cable.iter().map(|(at, ..)| *at).min() {
            self.advance_to(at);
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        self.collect();
        loop {
            let arrival = self.cable.iter().map(|(at, ..)| *at).min();
            let timers = [self.a.endpoint.next_deadline(), self.b.endpoint.next_deadline()];
            let next = timers.into_iter().chain([arrival]).flatten().min();
            match next {
                Some(at) if at <= end => self.advance_to(at.max(self.now)),
                _ => break,
            }
        }
        self.now = end;
    }

    /// The next thing that a side told.
    pub fn event(&mut self, side: Side) -> Event {
        let sent = (self.a.sent.clone(), self.b.sent.clone());
        self.end(side).events.pop_front().unwrap_or_else(|| panic!("{side:?} has nothing to tell; sent: {sent:#?}"))
    }

    /// Nothing that was told was left unread.
    pub fn silence(&self) {
        assert!(self.a.events.is_empty(), "A: {:?}", self.a.events);
        assert!(self.b.events.is_empty(), "B: {:?}", self.b.events);
    }

    /// After all timers nothing is remembered, and nothing is left to tell.
    pub fn end_of_story(mut self) {
        self.silence();
        self.pass(Duration::from_secs(200));
        self.silence();
        for end in [&self.a, &self.b] {
            assert_eq!((end.endpoint.legs(), end.endpoint.transactions()), (0, 0), "{:#?}", end.sent);
            assert_eq!(end.endpoint.next_deadline(), None);
        }
    }

    /// A calls B with this SDP; the result is A's leg.
    pub fn invite(&mut self, body: Option<&'static str>) -> LegId {
        self.invite_with(body, |_| {})
    }

    pub fn invite_with(&mut self, body: Option<&'static str>, change: impl FnOnce(&mut Invite)) -> LegId {
        let leg = self.a.legs.next();
        let address = |text: &str| NameAddr::parse(text).unwrap();
        let mut invite = Invite {
            leg,
            uri: address("<sip:bob@10.0.0.2>").uri,
            hop: self.b.address,
            route: Vec::new(),
            from: address("\"Alice\" <sip:alice@example.com>"),
            to: address("<sip:bob@example.com>"),
            asserted: None,
            privacy: None,
            body: body.map(sdp),
            headers: Vec::new(),
            credentials: None,
            max_forwards: 70,
        };
        change(&mut invite);
        self.command(A, Command::Invite(Box::new(invite)));
        leg
    }

    /// The incoming leg that B has just been told of.
    pub fn incoming(&mut self) -> LegId {
        match self.event(B) {
            Event::Incoming(incoming) => incoming.leg,
            other => panic!("{other:?}"),
        }
    }

    /// A call in which all is said: the legs of A and B.
    pub fn call(&mut self) -> (LegId, LegId) {
        let a = self.invite(Some(OFFER));
        self.settle();
        let b = self.incoming();
        self.command(B, Command::Answer { leg: b, body: Some(Bytes::from_static(ANSWER.as_bytes())) });
        self.settle();
        assert!(matches!(self.event(A), Event::Answered { leg, body: Some(_), .. } if leg == a));
        assert!(matches!(self.event(B), Event::Acked { leg, body: None } if leg == b));
        self.silence();
        (a, b)
    }

    /// `side` hangs up; the other is told.
    pub fn hang_up(&mut self, side: Side, leg: LegId) {
        self.command(side, Command::Hangup { leg, cause: Cause::Normal });
        self.settle();
        let other = if side == A { B } else { A };
        assert!(matches!(self.event(other), Event::Ended { cause: Cause::Normal, .. }));
    }

    fn advance_to(&mut self, at: Instant) {
        self.now = at;
        let mut due: Vec<_> = Vec::new();
        self.cable.retain(|entry| {
            let arrives = entry.0 <= at;
            if arrives {
                due.push(entry.clone());
            }
            !arrives
        });
        let (from_a, from_b) = (self.a.address, self.b.address);
        for (_, to, datagram) in due {
            let from = if to == B { from_a } else { from_b };
            self.end(to).endpoint.receive(&datagram, from, at);
        }
        for side in [A, B] {
            self.end(side).endpoint.wake(at);
        }
        self.collect();
    }

    fn collect(&mut self) {
        for (side, other) in [(A, B), (B, A)] {
            let target = self.end(other).address;
            for transmit in self.end(side).take() {
                let message = Message::parse(&transmit.payload).expect("what we say can be read");
                let line = String::from_utf8_lossy(&transmit.payload).lines().next().unwrap_or_default().to_owned();
                self.end(side).sent.push(line);
                self.end(side).messages.push(message.clone());
                let filtered = self.filter.as_mut().map_or(Fate::Arrives, |filter| filter(side, &message));
                let unlucky =
                    self.loss.as_mut().is_some_and(|(chance, percent)| chance.random_range(0..100) < *percent);
                if filtered == Fate::Arrives && !unlucky && transmit.to == target {
                    self.cable.push((self.now + DELAY, other, transmit.payload));
                }
            }
        }
    }
}

pub const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
pub const ANSWER: &str = "v=0\r\no=- 2 1 IN IP4 10.0.0.2\r\ns=-\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n";

/// As a body of a command.
pub fn sdp(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

pub fn is_request(message: &Message, method: &Method) -> bool {
    matches!(message, Message::Request(request) if request.method == *method)
}
