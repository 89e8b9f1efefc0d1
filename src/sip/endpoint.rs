//! The machine between datagrams and legs.

mod checks;
mod desk;
mod outside;

use self::{desk::Desk, outside::Outside};
use super::{
    Command, Event,
    dialog::{Asked, DialogId, Leg, Line, token},
    event::{Incoming, Replaces},
    transaction::{self, Arrival, ClientKey, ServerKey, source},
    wire::{self, Message, Method, Request, Response, StatusCode, sdp_body},
};
use crate::ids::{LegId, LegIds};
use bytes::Bytes;
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

/// What an endpoint must know about itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address that we say in Via and Contact; reached by the socket that the shell holds.
    pub local: SocketAddr,
    /// What we say instead of `local`'s address where we are behind NAT.
    pub public_address: Option<IpAddr>,
    /// Host of our URIs in From where nothing better is known.
    pub domain: String,
    /// User-Agent and Server.
    pub agent: String,
    /// Session-Expires that we ask for (RFC 4028); `None`: no session timers of ours.
    pub session_expires: Option<Duration>,
    /// The shortest Session-Expires that we accept (Min-SE), 90 s as a rule.
    pub min_session_expires: Duration,
    /// T1 (RFC 3261 17.1.1.1), 500 ms as a rule.
    pub t1: Duration,
    /// How many transactions may be alive; a request above that is answered 503 with Retry-After.
    pub max_transactions: usize,
}

/// A datagram to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub to: SocketAddr,
    /// The message.
    pub payload: Bytes,
}

/// What a double line end is answered with (RFC 5626 3.5.1).
const PONG: &[u8] = b"\r\n";
/// How many datagrams without a transaction may wait to be sent.
const MOST_LOOSE: usize = 64;
/// When somebody whom we had to turn away should try again, s.
const RETRY_AFTER_S: u32 = 5;

/// All dialogs and transactions behind one socket.
pub struct Endpoint {
    ids: LegIds,
    desk: Desk,
    legs: HashMap<LegId, Box<Leg>>,
    /// Our tag of each leg: what names its dialog in all that the peer sends.
    tags: HashMap<Box<str>, LegId>,
    /// The INVITE of each leg that a peer started: for CANCEL and for INVITEs that reach us twice.
    callers: HashMap<Caller, LegId>,
    outside: Outside,
    /// Datagrams that belong to no transaction: pongs, and answers to what could not be read.
    loose: VecDeque<Transmit>,
}

impl Endpoint {
    /// No dialog, no transaction. `seed` makes tags, branches and Call-IDs, which must not be guessed.
    pub fn new(settings: Settings, legs: LegIds, seed: [u8; 32]) -> Self {
        Self {
            ids: legs,
            desk: Desk::new(settings, seed),
            legs: HashMap::new(),
            tags: HashMap::new(),
            callers: HashMap::new(),
            outside: Outside::default(),
            loose: VecDeque::new(),
        }
    }

    /// Session timers and the limit of transactions as `settings` say, for what begins from now on. Addresses and domain stay:
    /// they are in the dialogs that there are.
    pub fn reload(&mut self, settings: &Settings) {
        self.desk.reload(settings);
    }

    /// A datagram came.
    pub fn receive(&mut self, datagram: &[u8], from: SocketAddr, now: Instant) {
        if datagram.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            if datagram == b"\r\n\r\n" {
                self.send_loose(from, Bytes::from_static(PONG));
            }
            return;
        }
        match Message::parse(datagram) {
            Ok(message) => self.receive_message(message, from, now),
            Err(error) => self.refuse_unreadable(error, from),
        }
        self.drain(now);
    }

    /// A wish.
    pub fn command(&mut self, command: Command, now: Instant) {
        match command {
            Command::Invite(invite) => {
                let id = invite.leg;
                let leg = Leg::outgoing(*invite, &mut self.desk.line(now));
                self.tags.insert(leg.local_tag().into(), id);
                self.legs.insert(id, Box::new(leg));
            }
            Command::Respond { request, reply } => self.outside.respond(request, &reply, &mut self.desk.line(now)),
            Command::Send { request, outline, hop, credentials } => {
                self.outside.send(request, *outline, hop, credentials, &mut self.desk.line(now));
            }
            Command::Progress { leg, .. }
            | Command::Answer { leg, .. }
            | Command::Reject { leg, .. }
            | Command::Ack { leg, .. }
            | Command::Offer { leg, .. }
            | Command::AnswerOffer { leg, .. }
            | Command::RefuseOffer { leg, .. }
            | Command::AcceptRefer { leg }
            | Command::RefuseRefer { leg, .. }
            | Command::Notify { leg, .. }
            | Command::Refer { leg, .. }
            | Command::Info { leg, .. }
            | Command::Hangup { leg, .. } => self.step(leg, now, |leg, line| leg.command(command, line)),
        }
        self.drain(now);
    }

    /// Deadlines that are due.
    pub fn wake(&mut self, now: Instant) {
        self.desk.table.wake(now);
        self.drain(now);
        while let Some((leg, alarm)) = self.desk.deadlines.pop_due(now) {
            self.step(leg, now, |leg, line| leg.wake(alarm, line));
        }
        self.outside.wake(&mut self.desk.line(now));
        self.drain(now);
    }

    /// Nothing can be sent there (an ICMP error, no route): requests that wait for an answer from there fail with 503.
    pub fn failed(&mut self, to: SocketAddr, now: Instant) {
        self.desk.table.failed(to, now);
        self.drain(now);
    }

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        let all = [self.desk.table.next_deadline(), self.desk.deadlines.next(), self.outside.next_deadline()];
        all.into_iter().flatten().min()
    }

    /// The next datagram to send.
    pub fn next_transmit(&mut self) -> Option<Transmit> {
        self.desk.table.next_transmit().or_else(|| self.loose.pop_front())
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        self.desk.events.pop_front()
    }

    /// The name of a leg's dialog, for those who build Replaces; `None` when there is no dialog (yet, or any more).
    pub fn dialog(&self, leg: LegId) -> Option<DialogId> {
        self.legs.get(&leg)?.dialog_id()
    }

    /// How many legs are remembered: those that live, and those whose last messages may still be repeated.
    pub fn legs(&self) -> usize {
        self.legs.len()
    }

    /// How many transactions are remembered.
    pub fn transactions(&self) -> usize {
        self.desk.table.len()
    }

    fn receive_message(&mut self, message: Message, from: SocketAddr, now: Instant) {
        if matches!(&message, Message::Response(response) if response.headers.list("Via").nth(1).is_some()) {
            // 8.1.3.3: it was meant for somebody behind us, and there is nobody.
            return;
        }
        match self.desk.table.receive(message, from, now) {
            Some(Arrival::Request { key, request }) => self.receive_request(key, request, from, now),
            Some(Arrival::Ack { request }) => {
                if let Some(leg) = self.leg_of(&request) {
                    self.step(leg, now, |leg, line| leg.receive_ack(&request, from, line));
                }
            }
            Some(Arrival::Cancel { key, invite, request }) => self.receive_cancel(key, invite, &request, now),
            Some(Arrival::Response { key, response }) => self.receive_response(key, response, from, now),
            Some(Arrival::Stray(response)) => {
                let tag = response.headers.from_tag().unwrap_or_default();
                if let Some(leg) = self.tags.get(tag).copied() {
                    self.step(leg, now, |leg, line| leg.repeated(&response, line));
                }
            }
            Some(Arrival::Overload(request)) => {
                let tag = token(&mut self.desk.chance);
                let response = Response::to(&request, StatusCode::SERVICE_UNAVAILABLE, Some(&tag));
                self.desk.table.refuse(&request, &response.with("Retry-After", RETRY_AFTER_S));
            }
            None => {}
        }
    }

    fn receive_request(&mut self, key: ServerKey, request: Request, from: SocketAddr, now: Instant) {
        let in_dialog = request.headers.to_tag().is_some() && request.method != Method::Register;
        let leg = self.leg_of(&request).filter(|_| in_dialog);
        let tag = match leg.and_then(|leg| self.legs.get(&leg)) {
            Some(leg) => leg.local_tag().to_owned(),
            None => token(&mut self.desk.chance),
        };
        if let Some(refusal) = checks::refusal(&request, in_dialog, &tag) {
            return self.answer(key, refusal, now);
        }
        match leg {
            Some(leg) if request.method == Method::Refer => self.receive_refer(leg, key, request, from, now),
            Some(leg) => self.step(leg, now, |leg, line| leg.receive(key, request, from, line)),
            None if in_dialog => {
                let response = Response::to(&request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST, None);
                self.answer(key, response, now);
            }
            None => self.receive_outside(key, request, from, &tag, now),
        }
    }

    fn receive_outside(&mut self, key: ServerKey, request: Request, from: SocketAddr, tag: &str, now: Instant) {
        match request.method {
            Method::Invite => self.receive_invite(key, request, from, tag, now),
            Method::Options => {
                let mut response = Response::to(&request, StatusCode::OK, Some(tag));
                self.desk.card.describe(&mut response.headers);
                self.answer(key, response, now);
            }
            Method::Register => self.outside.receive(key, request, from, &mut self.desk.line(now)),
            // The checks have refused these already, and the table brings ACK and CANCEL by other ways.
            Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Prack
            | Method::Update
            | Method::Info
            | Method::Refer
            | Method::Notify
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Other(_) => {
                self.answer(key, Response::to(&request, StatusCode::METHOD_NOT_ALLOWED, Some(tag)), now);
            }
        }
    }

    fn receive_invite(&mut self, key: ServerKey, request: Request, from: SocketAddr, tag: &str, now: Instant) {
        let caller = caller_of(&request);
        if self.callers.contains_key(&caller) {
            // 8.2.2.2: the same request came by two ways.
            return self.answer(key, Response::to(&request, StatusCode::LOOP_DETECTED, Some(tag)), now);
        }
        let id = self.ids.next();
        let leg = Leg::incoming(id, (key, request.clone()), from, tag.to_owned(), &mut self.desk.line(now));
        let leg = match leg {
            Ok(leg) => leg,
            Err(refusal) => return self.answer(key, *refusal, now),
        };
        let Some(incoming) = self.incoming(id, request, from) else { return };
        self.tags.insert(tag.into(), id);
        self.callers.insert(caller, id);
        self.legs.insert(id, Box::new(leg));
        self.desk.events.push_back(Event::Incoming(Box::new(incoming)));
    }

    fn incoming(&self, leg: LegId, request: Request, source: SocketAddr) -> Option<Incoming> {
        let headers = &request.headers;
        let asserted = headers.p_asserted_identity().unwrap_or_default().into_iter().next();
        let asserted = asserted.or_else(|| headers.p_preferred_identity().unwrap_or_default().into_iter().next());
        Some(Incoming {
            leg,
            source,
            from: headers.from().ok()?,
            asserted,
            privacy: headers.get("Privacy").map(str::to_owned),
            referred_by: headers.get("Referred-By").map(str::to_owned),
            replaces: headers.replaces().ok().flatten().map(|replaces| self.find(&replaces)),
            body: sdp_body(headers, &request.body),
            max_forwards: headers.max_forwards().ok().flatten().unwrap_or(70),
            request,
        })
    }

    fn receive_refer(&mut self, leg: LegId, key: ServerKey, request: Request, from: SocketAddr, now: Instant) {
        let mut asked = match Asked::of(&request.headers) {
            Ok(asked) => asked,
            Err(error) => {
                let response = Response::to(&request, error.status(), None).with_reason(&error.to_string());
                return self.answer(key, response, now);
            }
        };
        asked.replaces = asked.named.as_ref().map(|replaces| self.find(replaces));
        self.step(leg, now, |leg, line| leg.receive_refer(key, request, from, asked, line));
    }

    fn receive_cancel(&mut self, key: ServerKey, invite: Option<ServerKey>, cancel: &Request, now: Instant) {
        let leg = self.callers.get(&caller_of(cancel)).copied().filter(|_| invite.is_some());
        let status = if invite.is_some() { StatusCode::OK } else { StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST };
        let tag = match leg.and_then(|leg| self.legs.get(&leg)) {
            Some(leg) => leg.local_tag().to_owned(),
            None => token(&mut self.desk.chance),
        };
        self.answer(key, Response::to(cancel, status, Some(&tag)), now);
        if let (Some(leg), Some(invite)) = (leg, invite) {
            self.step(leg, now, |leg, line| leg.cancelled(invite, cancel, line));
        }
    }

    fn receive_response(&mut self, key: ClientKey, response: Response, from: SocketAddr, now: Instant) {
        if let Some(leg) = self.desk.owners.get(&key).copied() {
            return self.step(leg, now, |leg, line| leg.respond(key, response, from, line));
        }
        self.outside.answered(key, &response, &mut self.desk.line(now));
    }

    /// What the transactions have to say by themselves.
    fn drain(&mut self, now: Instant) {
        while let Some(event) = self.desk.table.next_event() {
            let (key, status) = match event {
                transaction::Event::Timeout(key) => (key, Some(StatusCode::REQUEST_TIMEOUT)),
                transaction::Event::Failed(key) => (key, Some(StatusCode::SERVICE_UNAVAILABLE)),
                transaction::Event::Gone(key) => (key, None),
                // A refusal without ACK leaves nothing behind (17.2.1).
                transaction::Event::AckTimeout(_) => continue,
            };
            let leg = self.desk.owners.remove(&key);
            match (leg, status) {
                (Some(leg), Some(status)) => self.step(leg, now, |leg, line| leg.unanswered(key, status, line)),
                (None, Some(status)) => self.outside.unanswered(key, status, &mut self.desk.line(now)),
                (_, None) => {}
            }
        }
    }

    /// Lends a leg its line for one step, and buries it when nothing is left of it.
    fn step(&mut self, id: LegId, now: Instant, step: impl FnOnce(&mut Leg, &mut Line<'_>)) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        step(leg, &mut self.desk.line(now));
        if !leg.is_finished() {
            return;
        }
        if let Some(leg) = self.legs.remove(&id) {
            self.tags.remove(leg.local_tag());
            if let Some((call_id, from_tag, cseq)) = leg.caller() {
                self.callers.remove(&(call_id.into(), from_tag.into(), cseq));
            }
            self.desk.forget(id);
        }
    }

    fn leg_of(&self, request: &Request) -> Option<LegId> {
        let headers = &request.headers;
        let id = *self.tags.get(headers.to_tag()?)?;
        let leg = self.legs.get(&id)?;
        leg.is_of(headers.call_id().ok()?, headers.from_tag().unwrap_or_default()).then_some(id)
    }

    /// Finds the dialog that a Replaces names.
    fn find(&self, replaces: &wire::Replaces) -> Replaces {
        let either = [&replaces.to_tag, &replaces.from_tag];
        let mut legs = either.into_iter().filter_map(|tag| self.legs.get(self.tags.get(tag.as_str())?));
        let leg = legs.find(|leg| leg.is_meant_by(replaces));
        Replaces {
            leg: leg.map(|leg| leg.id),
            confirmed: leg.is_some_and(|leg| leg.is_confirmed()),
            early_only: replaces.early_only,
        }
    }

    fn answer(&mut self, key: ServerKey, mut response: Response, now: Instant) {
        self.desk.card.serve(&mut response);
        self.desk.table.respond(key, response, now);
    }

    fn refuse_unreadable(&mut self, error: wire::ParseError, from: SocketAddr) {
        let tag = token(&mut self.desk.chance);
        let Some(mut error) = Some(error).filter(|error| error.answerable.is_some()) else { return };
        if let Some(request) = &mut error.answerable {
            source::stamp(request, from);
        }
        if let (Some(response), Some(request)) = (error.response(&tag), &error.answerable) {
            // Where not even Via can be read, the sender is where it sent from.
            self.send_loose(source::reply_to(request).unwrap_or(from), response.print());
        }
    }

    fn send_loose(&mut self, to: SocketAddr, payload: Bytes) {
        if self.loose.len() < MOST_LOOSE {
            self.loose.push_back(Transmit { to, payload });
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("legs", &self.legs.len()).field("transactions", &self.transactions()).finish()
    }
}

/// Call-ID, From tag and CSeq: the same in an INVITE, its CANCEL, and what comes of it by another way (8.2.2.2).
type Caller = (Box<str>, Box<str>, u32);

fn caller_of(request: &Request) -> Caller {
    let headers = &request.headers;
    let cseq = headers.cseq().map_or(0, |cseq| cseq.number);
    (headers.call_id().unwrap_or_default().into(), headers.from_tag().unwrap_or_default().into(), cseq)
}
