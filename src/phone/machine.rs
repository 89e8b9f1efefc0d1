//! The phone as a machine.

use super::{Command, Ear, Event, HoldStyle, Line, Manner, Place, State, mouth::Mouth};
use crate::{
    ids::{LegId, LegIds, RequestId},
    media::{
        rtp::{
            digits::{Key, Listener, Report},
            packet::Packet,
        },
        sdp::{Codec, Negotiation, Session},
    },
    sip::{
        self, Cause, Credentials, Endpoint, OfferMethod, Rejection, Reply, Secret,
        wire::{Host, Method, NameAddr, Replaces, Request, StatusCode, Uri},
    },
};
use bytes::Bytes;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

/// What a phone must know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its number.
    pub extension: String,
    /// Its name.
    pub name: String,
    /// To register and to call with.
    pub password: String,
    /// Its SIP address; media have the same IP address.
    pub local: SocketAddr,
    /// Where the switch is.
    pub switch: SocketAddr,
    /// The domain of all numbers.
    pub domain: String,
    /// Its RTP ports, one a line.
    pub media_ports: Vec<u16>,
    /// Its codecs in order of preference.
    pub codecs: Vec<Codec>,
    /// The tone that it says instead of words, Hz; 0: it says nothing.
    pub tone_hz: u16,
    /// T1 (RFC 3261 17.1.1.1).
    pub t1: Duration,
}

/// Which of its sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Socket {
    /// SIP.
    Signalling,
    /// RTP on this port.
    Media(u16),
}

/// A datagram to be sent.
#[derive(Clone, Debug)]
pub struct Transmit {
    /// From.
    pub socket: Socket,
    /// Where to.
    pub to: SocketAddr,
    /// What.
    pub payload: Bytes,
}

/// A line that is over.
#[derive(Debug)]
pub struct Past {
    /// Its name.
    pub line: LegId,
    /// User part of the other side.
    pub peer: String,
    /// What was heard.
    pub ear: Ear,
}

/// Lines that are over and remembered.
const PASTS: usize = 32;

/// A telephone.
pub struct Phone {
    settings: Settings,
    endpoint: Endpoint,
    leg_ids: LegIds,
    lines: BTreeMap<LegId, Line>,
    free_ports: Vec<u16>,
    manner: Manner,
    silent: bool,
    registered: bool,
    last_request: u64,
    chance: StdRng,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
    past: VecDeque<Past>,
}

impl Phone {
    /// Not registered; calls that come in ring.
    pub fn new(settings: Settings, seed: [u8; 32]) -> Self {
        let mut chance = StdRng::from_seed(seed);
        let leg_ids = LegIds::default();
        let sip = sip::Settings {
            local: settings.local,
            public_address: None,
            domain: settings.domain.clone(),
            agent: format!("Warmline phone {}", settings.extension),
            session_expires: None,
            min_session_expires: Duration::from_secs(90),
            t1: settings.t1,
            max_transactions: 1000,
        };
        Self {
            endpoint: Endpoint::new(sip, leg_ids.clone(), chance.random()),
            leg_ids,
            lines: BTreeMap::new(),
            free_ports: settings.media_ports.iter().rev().copied().collect(),
            silent: settings.tone_hz == 0,
            settings,
            manner: Manner::Ring,
            registered: false,
            last_request: 0,
            chance,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            past: VecDeque::new(),
        }
    }

    /// A datagram came to the SIP socket.
    pub fn receive(&mut self, datagram: &[u8], from: SocketAddr, now: Instant) {
        self.endpoint.receive(datagram, from, now);
        self.settle(now);
    }

    /// A packet came to an RTP port.
    pub fn receive_media(&mut self, port: u16, packet: &[u8], now: Instant) {
        let Some((id, line)) = self.lines.iter_mut().find(|(_, line)| line.port == port) else { return };
        let (Some(session), Ok(packet)) = (&line.session, Packet::read(packet)) else { return };
        if Some(packet.payload_type) == session.receive_digits_payload_type {
            let Some(report) = Report::read(packet.payload) else { return };
            let keys = line.listener.hear(report, i64::from(packet.timestamp), now);
            self.events.extend(keys.into_iter().flatten().filter_map(|key| dialled(*id, key)));
        } else if packet.payload_type == session.receive_payload_type {
            line.ear.hear(&packet, session.codec, now);
        }
    }

    /// Somebody presses a button.
    pub fn command(&mut self, command: Command, now: Instant) {
        match command {
            Command::Register { expires_s } => self.register(expires_s, now),
            Command::Behave(manner) => self.manner = manner,
            Command::Call { line, number, late_offer, replaces } => self.call(line, &number, late_offer, replaces, now),
            Command::Answer { line } => self.answer(line, now),
            Command::Reject { line, status } => {
                if self.lines.get(&line).is_some_and(|line| line.state == State::Rings) {
                    let rejection = Rejection::new(status);
                    self.endpoint.command(sip::Command::Reject { leg: line, rejection }, now);
                    self.forget(line);
                }
            }
            Command::Hold { line, style, method } => self.offer(line, Some(style), false, method, now),
            Command::Resume { line, late_offer } => self.offer(line, None, late_offer, OfferMethod::Reinvite, now),
            Command::Transfer { line, number } => {
                let target = self.uri(&number);
                self.refer(line, target, now);
            }
            Command::Connect { line, with } => self.connect(line, with, now),
            Command::Dial { line, digits } => {
                if let Some(line) = self.lines.get_mut(&line) {
                    line.mouth.dial(&digits);
                }
            }
            Command::Mute(muted) => self.silent = muted || self.settings.tone_hz == 0,
            Command::HangUp { line } => self.hang_up(line, now),
        }
        self.settle(now);
    }

    /// Deadlines that are due.
    pub fn wake(&mut self, now: Instant) {
        self.endpoint.wake(now);
        let due: Vec<_> = self.lines.iter().filter(|(_, line)| line.pick_up_at.is_some_and(|at| at <= now)).collect();
        let due: Vec<_> = due.into_iter().map(|(id, _)| *id).collect();
        for line in due {
            self.answer(line, now);
        }
        for (id, line) in &mut self.lines {
            self.events.extend(line.listener.wake(now).and_then(|key| dialled(*id, key)));
        }
        self.settle(now);
    }

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        let lines = self.lines.values().flat_map(|line| {
            let speak = speaks(line).and_then(|_| line.mouth.next(self.silent));
            [speak, line.pick_up_at, line.listener.deadline()]
        });
        lines.chain([self.endpoint.next_deadline()]).flatten().min()
    }

    /// The next datagram to send.
    pub fn next_transmit(&mut self) -> Option<Transmit> {
        let sip = || {
            let transmit = self.endpoint.next_transmit()?;
            Some(Transmit { socket: Socket::Signalling, to: transmit.to, payload: transmit.payload })
        };
        self.transmits.pop_front().or_else(sip)
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// A name for a new line, for [`Command::Call`].
    pub fn new_line(&mut self) -> LegId {
        self.leg_ids.next()
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the last REGISTER was accepted.
    pub fn is_registered(&self) -> bool {
        self.registered
    }

    /// All lines, the oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = (LegId, &Line)> {
        self.lines.iter().map(|(id, line)| (*id, line))
    }

    /// A line.
    pub fn line(&self, line: LegId) -> Option<&Line> {
        self.lines.get(&line)
    }

    /// Whether a tone is heard on any line at the moment.
    pub fn hears(&self, frequency_hz: u16, now: Instant) -> bool {
        self.lines.values().any(|line| line.ear.hears(frequency_hz, now))
    }

    /// How the other side of a line would name it in Replaces; `None` before there is a dialog.
    pub fn place(&self, line: LegId) -> Option<Place> {
        let dialog = self.endpoint.dialog(line)?;
        Some(Place { call_id: dialog.call_id, to_tag: dialog.remote_tag, from_tag: dialog.local_tag })
    }

    /// Takes the lines that are over, with what was heard on them; the oldest first.
    pub fn take_past(&mut self) -> Vec<Past> {
        self.past.drain(..).collect()
    }
}

/// What buttons do.
impl Phone {
    fn register(&mut self, expires_s: u32, now: Instant) {
        self.last_request += 1;
        let address = NameAddr::new(self.uri(&self.settings.extension));
        let local = self.settings.local;
        let contact = Uri::sip(Some(&self.settings.extension), Host::from(local.ip()), Some(local.port()));
        let outline = Request::new(Method::Register, Uri::sip(None, self.host(), None))
            .with("From", &address)
            .with("To", &address)
            .with("Contact", NameAddr::new(contact))
            .with("Expires", expires_s);
        let command = sip::Command::Send {
            request: RequestId(self.last_request),
            outline: Box::new(outline),
            hop: self.settings.switch,
            credentials: Some(self.credentials()),
        };
        self.endpoint.command(command, now);
    }

    fn call(&mut self, id: LegId, number: &str, late_offer: bool, replaces: Option<Place>, now: Instant) {
        let Some(mut line) = self.open(State::Calls, number, now) else { return };
        line.late = late_offer;
        let body = (!late_offer).then(|| line.offer(None));
        let headers = replaces.iter().map(|place| ("Replaces".to_owned(), place.replaces().to_string()));
        let invite = sip::Invite {
            leg: id,
            uri: self.uri(number),
            hop: self.settings.switch,
            route: Vec::new(),
            from: NameAddr::new(self.uri(&self.settings.extension)).with_display(&self.settings.name),
            to: NameAddr::new(self.uri(number)),
            asserted: None,
            privacy: None,
            body,
            headers: headers.collect(),
            credentials: Some(self.credentials()),
            max_forwards: 70,
        };
        self.lines.insert(id, line);
        self.endpoint.command(sip::Command::Invite(Box::new(invite)), now);
    }

    fn answer(&mut self, id: LegId, now: Instant) {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == State::Rings) else { return };
        line.pick_up_at = None;
        line.state = State::Talks;
        let body = match line.offered {
            true => line.negotiation.answer(line.direction(), None).map(|(sdp, session)| {
                line.session = Some(session);
                sdp
            }),
            false => Some(line.offer(None)),
        };
        self.endpoint.command(sip::Command::Answer { leg: id, body }, now);
        self.events.push_back(Event::Talks { line: id });
    }

    fn offer(&mut self, id: LegId, hold: Option<HoldStyle>, late: bool, method: OfferMethod, now: Instant) {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == State::Talks) else { return };
        (line.wanted, line.late) = (Some(hold), late);
        let body = (!late).then(|| line.offer(hold));
        self.endpoint.command(sip::Command::Offer { leg: id, body, method }, now);
    }

    fn connect(&mut self, id: LegId, with: LegId, now: Instant) {
        let (Some(place), Some(peer)) = (self.place(with), self.lines.get(&with).map(|line| line.peer.clone())) else {
            return;
        };
        let mut target = self.uri(&peer);
        target.headers.push(("Replaces".to_owned(), place.replaces().to_string()));
        self.refer(id, target, now);
    }

    fn refer(&mut self, id: LegId, target: Uri, now: Instant) {
        let referred_by = Some(NameAddr::new(self.uri(&self.settings.extension)));
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == State::Talks) else { return };
        line.refers = true;
        self.endpoint.command(sip::Command::Refer { leg: id, target, referred_by }, now);
    }

    fn hang_up(&mut self, id: LegId, now: Instant) {
        if self.lines.contains_key(&id) {
            self.endpoint.command(sip::Command::Hangup { leg: id, cause: Cause::Normal }, now);
            self.forget(id);
        }
    }
}

/// What happens at the endpoint.
impl Phone {
    /// Lets everything that happened have its consequences, and speaks what is due.
    fn settle(&mut self, now: Instant) {
        while let Some(event) = self.endpoint.next_event() {
            self.sip(event, now);
        }
        for line in self.lines.values_mut() {
            let Some(session) = speaks(line) else {
                line.mouth.hush();
                continue;
            };
            let (to, socket) = (session.remote, Socket::Media(line.port));
            let packets = line.mouth.speak(&session, self.silent, now);
            self.transmits.extend(packets.into_iter().map(|payload| Transmit { socket, to, payload }));
        }
    }

    fn sip(&mut self, event: sip::Event, now: Instant) {
        match event {
            sip::Event::Incoming(incoming) => self.incoming(*incoming, now),
            sip::Event::Progress { leg, status, body } => {
                if let Some(line) = self.lines.get_mut(&leg) {
                    line.learn_answer(body.as_deref());
                    self.events.push_back(Event::Progress { line: leg, status });
                }
            }
            sip::Event::Answered { leg, body, .. } => self.answered(leg, body.as_deref(), now),
            sip::Event::Failed { leg, failure } => {
                self.forget(leg);
                self.events.push_back(Event::Failed { line: leg, status: failure.status });
            }
            sip::Event::Acked { leg, body } => {
                if let Some(line) = self.lines.get_mut(&leg) {
                    line.learn_answer(body.as_deref());
                }
            }
            sip::Event::Offered { leg, body } => self.offered(leg, body.as_deref(), now),
            sip::Event::OfferAnswered { leg, body } => self.offer_answered(leg, body.as_deref(), now),
            sip::Event::OfferRefused { leg, status } => {
                if let Some(line) = self.lines.get_mut(&leg) {
                    line.wanted = None;
                    self.events.push_back(Event::HoldRefused { line: leg, status });
                }
            }
            sip::Event::Refer(refer) => {
                let rejection = Rejection::new(StatusCode(603));
                self.endpoint.command(sip::Command::RefuseRefer { leg: refer.leg, rejection }, now);
            }
            sip::Event::Info { .. } => {}
            sip::Event::ReferAnswered { leg, status } => {
                self.events.push_back(Event::TransferAnswered { line: leg, status });
            }
            sip::Event::Notified { leg, status } => {
                self.events.push_back(Event::TransferProgress { line: leg, status });
                if status.is_success() && self.lines.get(&leg).is_some_and(|line| line.refers) {
                    self.hang_up(leg, now);
                }
            }
            sip::Event::Ended { leg, cause } => {
                self.forget(leg);
                self.events.push_back(Event::Ended { line: leg, cause });
            }
            sip::Event::Request(request) => {
                let reply = Reply::new(StatusCode(405));
                self.endpoint.command(sip::Command::Respond { request: request.request, reply }, now);
            }
            sip::Event::Response { request, response } => {
                if request == RequestId(self.last_request) {
                    let bound = response.headers.has("Contact");
                    self.registered = response.status.is_success() && bound;
                    self.events.push_back(Event::Registered { status: response.status });
                }
            }
        }
    }

    fn incoming(&mut self, incoming: sip::Incoming, now: Instant) {
        let id = incoming.leg;
        let from = incoming.from.uri.user.clone().unwrap_or_default();
        let refusal = match self.manner {
            Manner::Refuse(status) => Some(status),
            Manner::PickUp(_) | Manner::Ring => None,
        };
        let line = if refusal.is_none() { self.open(State::Rings, &from, now) } else { None };
        let Some(mut line) = line else {
            let rejection = Rejection::new(refusal.unwrap_or(StatusCode(486)));
            return self.endpoint.command(sip::Command::Reject { leg: id, rejection }, now);
        };
        if let Some(body) = &incoming.body {
            if line.negotiation.receive_offer(body).is_err() {
                self.free_ports.push(line.port);
                let rejection = Rejection::new(StatusCode(488));
                return self.endpoint.command(sip::Command::Reject { leg: id, rejection }, now);
            }
            line.offered = true;
        }
        if let Manner::PickUp(after) = self.manner {
            line.pick_up_at = Some(now + after);
        }
        self.lines.insert(id, line);
        self.endpoint.command(sip::Command::Progress { leg: id, status: StatusCode(180), body: None }, now);
        self.events.push_back(Event::Rings { line: id, from, name: incoming.from.display });
    }

    fn answered(&mut self, id: LegId, body: Option<&[u8]>, now: Instant) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        line.state = State::Talks;
        if !line.late {
            line.learn_answer(body);
        } else if !self.answer_in_ack(id, body, now) {
            return self.hang_up(id, now);
        }
        self.events.push_back(Event::Talks { line: id });
    }

    /// The peer's 2xx carried its offer: our answer goes in the ACK.
    fn answer_in_ack(&mut self, id: LegId, offer: Option<&[u8]>, now: Instant) -> bool {
        let Some(line) = self.lines.get_mut(&id) else { return false };
        line.late = false;
        let Some(body) = offer.and_then(|offer| line.answer_to(offer)) else { return false };
        self.endpoint.command(sip::Command::Ack { leg: id, body }, now);
        true
    }

    fn offered(&mut self, id: LegId, body: Option<&[u8]>, now: Instant) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let was_held = line.is_held();
        let answer = match body {
            Some(offer) => line.answer_to(offer),
            None => Some(line.offer(line.hold)),
        };
        let is_held = line.is_held();
        let command = match answer {
            Some(body) => sip::Command::AnswerOffer { leg: id, body },
            None => sip::Command::RefuseOffer { leg: id, rejection: Rejection::new(StatusCode(488)) },
        };
        self.endpoint.command(command, now);
        if was_held != is_held {
            self.events.push_back(Event::HeldByPeer { line: id, held: is_held });
        }
    }

    fn offer_answered(&mut self, id: LegId, body: Option<&[u8]>, now: Instant) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let Some(hold) = line.wanted.take() else { return };
        line.hold = hold;
        if line.late {
            self.answer_in_ack(id, body, now);
        } else {
            line.learn_answer(body);
        }
        self.events.push_back(Event::Held { line: id, held: hold.is_some() });
    }
}

/// What all of this needs.
impl Phone {
    /// A new line, if there is a port for it.
    fn open(&mut self, state: State, peer: &str, now: Instant) -> Option<Line> {
        let port = self.free_ports.pop()?;
        let address = self.settings.local.ip();
        let number = self.settings.media_ports.iter().position(|own| *own == port).unwrap_or(0);
        Some(Line {
            state,
            port,
            peer: peer.to_owned(),
            negotiation: Negotiation::new(address, port, &self.settings.codecs, self.chance.random()),
            session: None,
            mouth: Mouth::new(self.settings.tone_hz, number, self.chance.random(), now),
            ear: Ear::default(),
            listener: Listener::default(),
            hold: None,
            wanted: None,
            offered: false,
            late: false,
            pick_up_at: None,
            refers: false,
        })
    }

    fn forget(&mut self, id: LegId) {
        let Some(line) = self.lines.remove(&id) else { return };
        self.free_ports.push(line.port);
        if self.past.len() == PASTS {
            self.past.pop_front();
        }
        self.past.push_back(Past { line: id, peer: line.peer, ear: line.ear });
    }

    fn credentials(&self) -> Credentials {
        let secret = Secret::Password(self.settings.password.clone());
        Credentials { user: self.settings.extension.clone(), secret }
    }

    fn uri(&self, user: &str) -> Uri {
        Uri::sip(Some(user), self.host(), None)
    }

    fn host(&self) -> Host {
        Host::parse(&self.settings.domain).unwrap_or_else(|| Host::from(self.settings.switch.ip()))
    }
}

impl Place {
    fn replaces(&self) -> Replaces {
        let Self { call_id, to_tag, from_tag } = self.clone();
        Replaces { call_id, to_tag, from_tag, early_only: false }
    }
}

/// What the line may say at the moment: nothing while it holds.
fn speaks(line: &Line) -> Option<Session> {
    let session = line.session.as_ref().filter(|_| line.state == State::Talks && line.hold.is_none())?;
    (session.direction.sends() && !session.remote.ip().is_unspecified()).then(|| session.clone())
}

fn dialled(line: LegId, key: Key) -> Option<Event> {
    match key {
        Key::Down(_) => None,
        Key::Up { digit, .. } => Some(Event::Digit { line, digit }),
    }
}
