//! The phone as a machine.

use super::{Command, Ear, Event, Line, Manner, Place, State, mouth::Mouth};
use crate::{
    ids::{LegId, LegIds},
    media::{
        Dtmf,
        rtp::{
            digits::{Key, Listener, Report},
            packet::Packet,
        },
        sdp::{Codec, Negotiation, Session},
        srtp::Srtp,
    },
    sip::{
        self, Credentials, Endpoint, OfferMethod, Rejection, Secret,
        wire::{Host, Uri},
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
    pub(super) settings: Settings,
    srtp: Srtp,
    dtmf: Dtmf,
    pub(super) endpoint: Endpoint,
    pub(super) leg_ids: LegIds,
    pub(super) lines: BTreeMap<LegId, Line>,
    pub(super) free_ports: Vec<u16>,
    pub(super) manner: Manner,
    pub(super) silent: bool,
    pub(super) registered: bool,
    pub(super) last_request: u64,
    pub(super) chance: StdRng,
    pub(super) transmits: VecDeque<Transmit>,
    pub(super) events: VecDeque<Event>,
    pub(super) past: VecDeque<Past>,
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
            srtp: Srtp::Off,
            dtmf: Dtmf::Rfc4733,
            manner: Manner::Ring,
            registered: false,
            last_request: 0,
            chance,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            past: VecDeque::new(),
        }
    }

    /// From now on its lines speak SRTP, as far as that is wanted.
    #[must_use]
    pub fn with_srtp(mut self, srtp: Srtp) -> Self {
        self.srtp = srtp;
        self
    }

    /// From now on its lines dial in this way; by INFO they cannot.
    #[must_use]
    pub fn with_digits(mut self, dtmf: Dtmf) -> Self {
        self.dtmf = dtmf;
        self
    }

    /// A datagram came to the SIP socket.
    pub fn receive(&mut self, datagram: &[u8], from: SocketAddr, now: Instant) {
        self.endpoint.receive(datagram, from, now);
        self.settle(now);
    }

    /// A packet came to an RTP port.
    pub fn receive_media(&mut self, port: u16, packet: &[u8], now: Instant) {
        let Some((id, line)) = self.lines.iter_mut().find(|(_, line)| line.port == port) else { return };
        let mut packet = packet.to_vec();
        let opened = match &mut line.secrecy {
            Some(secrecy) => secrecy.opener.open(&mut packet, now),
            None => Some(&packet[..]),
        };
        let (Some(session), Some(Ok(packet))) = (&line.session, opened.map(Packet::read)) else { return };
        if Some(packet.payload_type) == session.receive_digits_payload_type {
            let Some(report) = Report::read(packet.payload) else { return };
            let keys = line.listener.hear(report, i64::from(packet.timestamp), session.digits_clock, now);
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

/// What all of this needs.
impl Phone {
    /// A new line, if there is a port for it.
    pub(super) fn open(&mut self, state: State, peer: &str, now: Instant) -> Option<Line> {
        let port = self.free_ports.pop()?;
        let address = self.settings.local.ip();
        let number = self.settings.media_ports.iter().position(|own| *own == port).unwrap_or(0);
        let (id, secret) = (self.chance.random(), self.chance.random());
        let negotiation = Negotiation::new(address, port, &self.settings.codecs, id)
            .secured(self.srtp, secret)
            .with_digits(self.dtmf);
        Some(Line {
            state,
            port,
            peer: peer.to_owned(),
            negotiation,
            session: None,
            secrecy: None,
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

    pub(super) fn forget(&mut self, id: LegId) {
        let Some(line) = self.lines.remove(&id) else { return };
        self.free_ports.push(line.port);
        if self.past.len() == PASTS {
            self.past.pop_front();
        }
        self.past.push_back(Past { line: id, peer: line.peer, ear: line.ear });
    }

    pub(super) fn credentials(&self) -> Credentials {
        let secret = Secret::Password(self.settings.password.clone());
        Credentials { user: self.settings.extension.clone(), secret }
    }

    pub(super) fn uri(&self, user: &str) -> Uri {
        Uri::sip(Some(user), self.host(), None)
    }

    pub(super) fn host(&self) -> Host {
        Host::parse(&self.settings.domain).unwrap_or_else(|| Host::from(self.settings.switch.ip()))
    }
}

/// What the line may say at the moment: nothing while it holds.
pub(super) fn speaks(line: &Line) -> Option<Session> {
    let session = line.session.as_ref().filter(|_| line.state == State::Talks && line.hold.is_none())?;
    (session.direction.sends() && !session.remote.ip().is_unspecified()).then(|| session.clone())
}

fn dialled(line: LegId, key: Key) -> Option<Event> {
    match key {
        Key::Down(_) => None,
        Key::Up { digit, .. } => Some(Event::Digit { line, digit }),
    }
}
