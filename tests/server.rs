//! The running switch on real sockets: phones register, call, hear each other, hang up, and are still known after a restart.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail, and these run on the real clock")]

use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    path::Path,
    time::{Duration, Instant},
};
use warmline::{
    call::{CallSettings, Codes},
    exchange,
    ids::{LegId, LegIds, RequestId},
    media::{
        Dtmf,
        sdp::{Codec, Direction, Negotiation, Session},
        srtp::Srtp,
    },
    server::{HoldMusic, Recordings, ReloadError, Server, Settings, Sounds, Status},
    sip::{
        self, Cause, Command, Credentials, Endpoint, Event, Invite, Secret,
        wire::{Method, Request, StatusCode, digest::Algorithm},
    },
    switch::{self, ExtensionSettings, RouteSettings, RouteTo, Security},
};

#[test]
fn two_phones_register_talk_and_hang_up() {
    let server = Server::start(settings(1, None)).unwrap();
    let mut anna = Phone::new(11, "1001", server.address());
    let mut bert = Phone::new(12, "1002", server.address());
    anna.register();
    bert.register();
    let (leg, called) = connect(&mut anna, &mut bert);

    anna.talks_to(&bert, 0x55);
    bert.talks_to(&anna, 0x2A);
    assert_eq!(server.status().unwrap().counters.calls, 1);

    anna.command(Command::Hangup { leg, cause: Cause::Normal });
    bert.until(|event| matches!(event, Event::Ended { leg, .. } if *leg == called));
    becomes_idle(&server);
    assert!(server.stop());
}

#[test]
fn a_phone_that_registered_before_a_restart_can_be_called_after_it() {
    let state = tempfile::tempdir().unwrap();
    let first = Server::start(settings(2, Some(state.path()))).unwrap();
    let mut bert = Phone::new(22, "1002", first.address());
    bert.register();
    assert!(first.stop());

    let second = Server::start(settings(2, Some(state.path()))).unwrap();
    let mut anna = Phone::new(21, "1001", second.address());
    bert.switch = second.address();
    connect(&mut anna, &mut bert);
    assert!(second.stop());
}

#[test]
fn a_room_is_heard_by_all_who_are_in_it() {
    let server = Server::start(settings(3, None)).unwrap();
    let mut phones: Vec<Phone> = (31..34).map(|host| Phone::new(host, "1001", server.address())).collect();
    for phone in &mut phones {
        let leg = phone.call("7001");
        phone.answered(leg);
    }
    assert_eq!(server.status().unwrap().counters.calls, 1);
    let [anna, bert, carl] = &phones[..] else { unreachable!("three phones") };
    // Silence is there for everybody, whoever talks.
    anna.hears_something();
    bert.hears_something();
    carl.hears_something();
    assert!(server.stop());
}

#[test]
fn a_call_goes_on_while_the_settings_change() {
    let server = Server::start(settings(5, None)).unwrap();
    let mut anna = Phone::new(51, "1001", server.address());
    let mut bert = Phone::new(52, "1002", server.address());
    anna.register();
    bert.register();
    let (leg, called) = connect(&mut anna, &mut bert);
    anna.talks_to(&bert, 0x55);

    let mut new = settings(5, None);
    new.switch.extensions.retain(|extension| extension.number != "1002");
    new.switch.routes.clear();
    (new.exchange.max_calls, new.media_timeout) = (0, Duration::from_secs(1));
    let changes = server.handle().reload(new).unwrap();
    assert_eq!((changes.extensions.removed, changes.registrations_dropped), (vec!["1002".to_owned()], 1));
    anna.talks_to(&bert, 0x2A);
    bert.talks_to(&anna, 0x55);
    assert_eq!(server.status().unwrap().counters.calls, 1);

    anna.command(Command::Hangup { leg, cause: Cause::Normal });
    bert.until(|event| matches!(event, Event::Ended { leg, .. } if *leg == called));
    becomes_idle(&server);
    let handle = server.handle();
    assert!(server.stop());
    assert!(matches!(handle.reload(settings(5, None)), Err(ReloadError::Ended)));
}

#[test]
fn a_switch_that_drains_without_calls_ends_by_itself() {
    let server = Server::start(settings(4, None)).unwrap();
    server.drain();
    assert!(server.wait());
}

/// Calls from one to the other, who answers: both legs, each as its phone knows it.
fn connect(caller: &mut Phone, called: &mut Phone) -> (LegId, LegId) {
    let leg = caller.call(called.number);
    while !called.events.iter().any(|event| matches!(event, Event::Incoming(_))) && caller.events.is_empty() {
        caller.step();
        called.step();
    }
    let Event::Incoming(incoming) = called.until(|event| matches!(event, Event::Incoming(_))) else { unreachable!() };
    called.negotiation.receive_offer(incoming.body.as_deref().unwrap()).unwrap();
    let (body, session) = called.negotiation.answer(Direction::SendRecv, None).unwrap();
    called.session = Some(session);
    called.command(Command::Answer { leg: incoming.leg, body: Some(body) });
    caller.answered(leg);
    called.until(|event| matches!(event, Event::Acked { .. }));
    (leg, incoming.leg)
}

/// Nothing is left of any call, soon.
fn becomes_idle(server: &Server) {
    let deadline = Instant::now() + PATIENCE;
    let idle = |status: Status| (status.counters.calls, status.counters.legs, status.ports) == (0, 0, 0);
    while !server.status().is_some_and(idle) {
        assert!(Instant::now() < deadline, "still there: {:?}", server.status());
        std::thread::yield_now();
    }
}

const PATIENCE: Duration = Duration::from_secs(10);
const PACKET: Duration = Duration::from_millis(20);

struct Phone {
    number: &'static str,
    switch: SocketAddr,
    socket: UdpSocket,
    rtp: UdpSocket,
    endpoint: Endpoint,
    legs: LegIds,
    negotiation: Negotiation,
    session: Option<Session>,
    events: Vec<Event>,
}

impl Phone {
    fn new(host: u8, number: &'static str, switch: SocketAddr) -> Self {
        let ip = IpAddr::V4(Ipv4Addr::new(127, 0, 5, host));
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        let rtp = UdpSocket::bind((ip, 0)).unwrap();
        for socket in [&socket, &rtp] {
            socket.set_read_timeout(Some(PACKET)).unwrap();
        }
        let legs = LegIds::default();
        let settings = endpoint(socket.local_addr().unwrap());
        Self {
            number,
            switch,
            negotiation: Negotiation::new(ip, rtp.local_addr().unwrap().port(), &[Codec::Pcmu], 7),
            endpoint: Endpoint::new(settings, legs.clone(), [host; 32]),
            socket,
            rtp,
            legs,
            session: None,
            events: Vec::new(),
        }
    }

    fn register(&mut self) {
        let uri = format!("sip:{}@127.0.0.1", self.number);
        let contact = format!("<sip:{}@{}>", self.number, self.socket.local_addr().unwrap());
        let outline = Request::new(Method::Register, "sip:127.0.0.1".parse().unwrap())
            .with("From", format!("<{uri}>"))
            .with("To", format!("<{uri}>"))
            .with("Contact", contact)
            .with("Expires", 600);
        self.command(Command::Send {
            request: RequestId(1),
            outline: Box::new(outline),
            hop: self.switch,
            credentials: Some(self.credentials()),
        });
        let Event::Response { response, .. } = self.until(|event| matches!(event, Event::Response { .. })) else {
            unreachable!()
        };
        assert_eq!(response.status, StatusCode(200));
    }

    fn call(&mut self, number: &str) -> LegId {
        let leg = self.legs.next();
        let to = format!("sip:{number}@127.0.0.1");
        let body = self.negotiation.offer(Direction::SendRecv, None);
        let invite = Invite {
            leg,
            uri: to.parse().unwrap(),
            hop: self.switch,
            route: Vec::new(),
            from: format!("<sip:{}@127.0.0.1>", self.number).parse().unwrap(),
            to: format!("<{to}>").parse().unwrap(),
            asserted: None,
            privacy: None,
            body: Some(body),
            headers: Vec::new(),
            credentials: Some(self.credentials()),
            max_forwards: 70,
        };
        self.command(Command::Invite(Box::new(invite)));
        leg
    }

    /// Waits until its call is answered, and knows then where to talk to.
    fn answered(&mut self, leg: LegId) {
        let event = self.until(|event| matches!(event, Event::Answered { .. } | Event::Failed { .. }));
        let Event::Answered { leg: answered, body, .. } = event else { panic!("{event:?}") };
        assert_eq!(answered, leg);
        self.session = Some(self.negotiation.receive_answer(body.as_deref().unwrap()).unwrap());
    }

    fn credentials(&self) -> Credentials {
        Credentials { user: self.number.to_owned(), secret: Secret::Password(format!("pw{}", self.number)) }
    }

    /// The other hears what this one says, at last.
    fn talks_to(&self, other: &Phone, sample: u8) {
        let deadline = Instant::now() + PATIENCE;
        let mut packet = [sample; 172];
        for sequence in 0_u16.. {
            assert!(Instant::now() < deadline, "{} does not hear {}", other.number, self.number);
            packet[..4].copy_from_slice(&[0x80, 0, (sequence >> 8) as u8, sequence as u8]);
            packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
            packet[8..12].copy_from_slice(b"self");
            self.rtp.send_to(&packet, self.session.as_ref().unwrap().remote).unwrap();
            let mut heard = [0; 500];
            if other.rtp.recv(&mut heard).is_ok_and(|length| length == 172 && heard[12..172] == packet[12..172]) {
                return;
            }
        }
    }

    fn hears_something(&self) {
        self.rtp.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(self.rtp.recv(&mut [0; 500]).unwrap(), 172);
    }

    fn command(&mut self, command: Command) {
        self.endpoint.command(command, Instant::now());
        self.send();
    }

    /// Lets time pass until something happens; what happened before it is forgotten.
    fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.events.iter().position(&wanted) {
                return self.events.drain(..=at).next_back().unwrap();
            }
            assert!(Instant::now() < deadline, "phone {} waits in vain; it saw {:?}", self.number, self.events);
            self.step();
        }
    }

    /// One datagram, or a little time without one.
    fn step(&mut self) {
        let mut datagram = [0; 4096];
        match self.socket.recv_from(&mut datagram) {
            Ok((length, from)) => self.endpoint.receive(&datagram[..length], from, Instant::now()),
            Err(error) => assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}"),
        }
        self.endpoint.wake(Instant::now());
        self.events.extend(std::iter::from_fn(|| self.endpoint.next_event()));
        self.send();
    }

    fn send(&mut self) {
        while let Some(sent) = self.endpoint.next_transmit() {
            self.socket.send_to(&sent.payload, sent.to).unwrap();
        }
    }
}

fn endpoint(local: SocketAddr) -> sip::Settings {
    sip::Settings {
        local,
        public_address: None,
        domain: "127.0.0.1".to_owned(),
        agent: "test".to_owned(),
        session_expires: None,
        min_session_expires: Duration::from_secs(90),
        t1: Duration::from_millis(500),
        max_transactions: 10_000,
    }
}

/// A switch at 127.0.4.`host`, with extensions 1001 and 1002 and rooms.
fn settings(host: u8, state_directory: Option<&Path>) -> Settings {
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 4, host));
    let listen = SocketAddr::new(address, 0);
    let extension = |number: &str| ExtensionSettings {
        number: number.to_owned(),
        name: None,
        secret: Secret::Password(format!("pw{number}")),
        max_contacts: 3,
        codecs: Vec::new(),
        srtp: Srtp::Off,
        dtmf: Dtmf::Rfc4733,
    };
    let route = |pattern: &str, to| RouteSettings {
        from: None,
        pattern: pattern.parse().unwrap(),
        strip: 0,
        prepend: String::new(),
        to: vec![to],
        record: false,
    };
    Settings {
        listen,
        exchange: exchange::Settings {
            sip: endpoint(listen),
            call: CallSettings {
                media_address: address,
                codecs: vec![Codec::Pcmu, Codec::Pcma],
                ring_timeout: Duration::from_secs(60),
                recall: true,
                recall_timeout: Duration::from_secs(20),
                fallback: None,
                codes: Codes::default(),
                domain: "127.0.0.1".to_owned(),
                recording: warmline::call::RecordingSettings::default(),
            },
            max_calls: 100,
            max_calls_per_second: 100,
            shutdown_grace: Duration::from_secs(10),
        },
        switch: switch::Settings {
            domain: "127.0.0.1".to_owned(),
            min_expires: Duration::from_secs(60),
            max_expires: Duration::from_secs(3600),
            nonce_lifetime: Duration::from_secs(300),
            security: Security {
                digest: vec![Algorithm::Sha256, Algorithm::Md5],
                login_failures: 10,
                ban: Duration::from_secs(300),
                requests_per_second: 0,
            },
            extensions: vec![extension("1001"), extension("1002")],
            trunks: Vec::new(),
            queues: Vec::new(),
            foreign: Default::default(),
            routes: vec![
                route("1XXX", RouteTo::Extension("{number}".to_owned())),
                route("7XXX", RouteTo::Conference("{number}".to_owned())),
            ],
        },
        media_bind: address,
        media_ports: 20_000..=20_999,
        media_timeout: Duration::from_secs(60),
        jitter: warmline::media::JitterLimits::default(),
        hold_music: HoldMusic::default(),
        sounds: Sounds::default(),
        recordings: Recordings::default(),
        media_threads: 2,
        state_directory: state_directory.map(Path::to_owned),
        watched: false,
        trace_bytes: 0,
        tap: None,
    }
}
