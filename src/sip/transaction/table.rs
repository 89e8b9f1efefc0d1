//! All transactions of one socket: which of them a message belongs to, and what they want.

use super::{
    matching,
    outbox::{Outbox, Owner},
    received::Received,
    sent::Sent,
    source,
    timer::{Timer, Timers},
};
use crate::sip::{
    Transmit,
    wire::{Message, Method, Request, Response, StatusCode},
};
use bytes::Bytes;
use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    time::Instant,
};

/// A request that we sent. Never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey(u64);

/// A request that came to us. Never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerKey(u64);

/// A message that is more than a repetition. The top Via of each request says where it came from (see [`source::stamp`]).
#[derive(Debug)]
pub enum Arrival {
    /// A new request, neither ACK nor CANCEL. 100 was said if it is an INVITE. It needs `respond` with a final status.
    Request {
        /// To answer it by.
        key: ServerKey,
        /// The request.
        request: Request,
    },
    /// ACK of a 2xx, which belongs to no transaction.
    Ack {
        /// The request.
        request: Request,
    },
    /// CANCEL. It needs `respond` itself: 200 where `invite` is known, else 481 (9.2).
    Cancel {
        /// To answer it by.
        key: ServerKey,
        /// The INVITE that it means, as long as that is remembered; it may have its final response.
        invite: Option<ServerKey>,
        /// The request.
        request: Request,
    },
    /// A response to a request of ours: each provisional one, and the final one (each 2xx of an INVITE, RFC 6026).
    Response {
        /// The request that it answers.
        key: ClientKey,
        /// The response.
        response: Response,
    },
    /// A 2xx to an INVITE that is not remembered: the dialog must send ACK again, or ACK and BYE (13.2.2.4).
    Stray(Response),
    /// A new request above the limit: to be answered by [`Table::refuse`] and forgotten.
    Overload(Request),
}

/// What happens without a message. Each client transaction ends in exactly one of `Timeout`, `Failed` and `Gone`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Nobody answered (Timer B or F): as good as 408 (8.1.3.1).
    Timeout(ClientKey),
    /// The request could not be sent: as good as 503 (8.1.3.1).
    Failed(ClientKey),
    /// A client transaction that had its final response is forgotten.
    Gone(ClientKey),
    /// Our refusal of an INVITE was never acknowledged (Timer H).
    AckTimeout(ServerKey),
}

/// All transactions of one socket.
#[derive(Debug)]
pub struct Table {
    max: usize,
    sent: HashMap<ClientKey, Box<Sent>>,
    received: HashMap<ServerKey, Box<Received>>,
    by_branch: HashMap<Box<str>, ClientKey>,
    by_request: HashMap<Box<str>, ServerKey>,
    by_hop: BTreeSet<(SocketAddr, ClientKey)>,
    last_key: u64,
    out: Outbox,
}

impl Table {
    /// No transaction. Above `max_transactions` new requests are `Overload`; requests in dialogs and CANCEL, which end
    /// things as a rule, may go an eighth above that.
    pub fn new(timers: Timers, max_transactions: usize) -> Self {
        Self {
            max: max_transactions,
            sent: HashMap::new(),
            received: HashMap::new(),
            by_branch: HashMap::new(),
            by_request: HashMap::new(),
            by_hop: BTreeSet::new(),
            last_key: 0,
            out: Outbox::new(timers),
        }
    }

    /// Another limit from now on; what is above it stays.
    pub(crate) fn set_max(&mut self, max_transactions: usize) {
        self.max = max_transactions;
    }

    /// A message came. `None`: it was a repetition, or belongs to nothing.
    pub fn receive(&mut self, message: Message, from: SocketAddr, now: Instant) -> Option<Arrival> {
        match message {
            Message::Request(request) => self.receive_request(request, from, now),
            Message::Response(response) => self.receive_response(response, now),
        }
    }

    /// Answers a request. Anything after a final response is dropped, except a 2xx to an INVITE, which the dialog
    /// repeats through here until its ACK comes (13.3.1.4).
    pub fn respond(&mut self, key: ServerKey, response: Response, now: Instant) {
        let Some(received) = self.received.get_mut(&key) else { return };
        received.respond(key, &response, &mut self.out, now);
    }

    /// Sends a request, which has its Via with a branch of its own; not for ACK, see `send`.
    pub fn request(&mut self, request: Request, to: SocketAddr, now: Instant) -> ClientKey {
        let key = ClientKey(self.next_key());
        let id = matching::client_id(&request).into_boxed_str();
        let sent = Sent::new(key, id.clone(), request, to, &mut self.out, now);
        self.by_branch.insert(id, key);
        self.by_hop.insert((to, key));
        self.sent.insert(key, Box::new(sent));
        key
    }

    /// Sends CANCEL for an INVITE, as a transaction of its own, with `reason` as Reason header (RFC 3326). `None`, and
    /// nothing is sent, where there is nothing to cancel: a final response has come, or no provisional one yet (9.1).
    /// The INVITE ends in its final response, or in `Timeout` after 64*T1.
    pub fn cancel(&mut self, invite: ClientKey, reason: Option<&str>, now: Instant) -> Option<ClientKey> {
        let sent = self.sent.get_mut(&invite)?;
        let (request, to) = sent.cancel(invite, reason, &mut self.out, now)?;
        Some(self.request(request, to, now))
    }

    /// The request behind a key, to be sent again with credentials for example; as long as the key lives.
    pub fn sent(&self, key: ClientKey) -> Option<&Request> {
        self.sent.get(&key).map(|sent| sent.request())
    }

    /// Sends a request that has no transaction: ACK of a 2xx (13.2.2.4).
    pub fn send(&mut self, request: &Request, to: SocketAddr) {
        self.out.send(to, request.print());
    }

    /// The same, printed before, again.
    pub(crate) fn send_again(&mut self, datagram: Bytes, to: SocketAddr) {
        self.out.send(to, datagram);
    }

    /// Answers a request without remembering it.
    pub fn refuse(&mut self, request: &Request, response: &Response) {
        if let Some(to) = source::reply_to(request) {
            self.out.send(to, response.print());
        }
    }

    /// Nothing can be sent there (an ICMP error, a route that is missing): requests that wait for an answer fail.
    pub fn failed(&mut self, to: SocketAddr, now: Instant) {
        let waiting: Vec<_> =
            self.by_hop.range((to, ClientKey(0))..=(to, ClientKey(u64::MAX))).map(|(_, key)| *key).collect();
        for key in waiting {
            if let Some(sent) = self.sent.get_mut(&key) {
                sent.fail(key, &mut self.out, now);
                self.forget_sent_if_over(key);
            }
        }
    }

    /// Timers that are due.
    pub fn wake(&mut self, now: Instant) {
        while let Some((owner, timer)) = self.out.deadlines.pop_due(now) {
            match owner {
                Owner::Client(key) => self.wake_sent(key, timer, now),
                Owner::Server(key) => self.wake_received(key, timer, now),
            }
        }
    }

    /// The earliest timer.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.out.deadlines.next()
    }

    /// The next datagram to send.
    pub fn next_transmit(&mut self) -> Option<Transmit> {
        self.out.transmits.pop_front()
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        self.out.events.pop_front()
    }

    /// How many transactions are remembered.
    pub fn len(&self) -> usize {
        self.sent.len() + self.received.len()
    }

    /// Whether no transaction is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn receive_request(&mut self, mut request: Request, from: SocketAddr, now: Instant) -> Option<Arrival> {
        source::stamp(&mut request, from);
        let id = matching::server_id(&request, None);
        if let Some(key) = self.by_request.get(id.as_str()).copied() {
            let received = self.received.get_mut(&key)?;
            let told = received.receive(key, &request, &mut self.out, now);
            return told.then_some(Arrival::Ack { request });
        }
        if request.method == Method::Ack {
            return Some(Arrival::Ack { request });
        }
        if self.is_full_for(&request) {
            return Some(Arrival::Overload(request));
        }
        let to = source::reply_to(&request)?;
        let key = ServerKey(self.next_key());
        let id = id.into_boxed_str();
        self.by_request.insert(id.clone(), key);
        let received = match request.method == Method::Invite {
            true => Received::invite(id, &Response::to(&request, StatusCode::TRYING, None), to, &mut self.out),
            false => Received::other(id, to),
        };
        self.received.insert(key, Box::new(received));
        if request.method == Method::Cancel {
            let invite = self.by_request.get(matching::server_id(&request, Some(&Method::Invite)).as_str()).copied();
            return Some(Arrival::Cancel { key, invite, request });
        }
        Some(Arrival::Request { key, request })
    }

    fn receive_response(&mut self, response: Response, now: Instant) -> Option<Arrival> {
        let key = self.by_branch.get(matching::response_id(&response).as_str()).copied();
        let Some(key) = key else {
            let of_invite =
                response.status.is_success() && response.headers.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
            return of_invite.then_some(Arrival::Stray(response));
        };
        let response = self.sent.get_mut(&key)?.receive(key, response, &mut self.out, now)?;
        Some(Arrival::Response { key, response })
    }

    fn is_full_for(&self, request: &Request) -> bool {
        let ends_things = request.method == Method::Cancel || request.headers.to_tag().is_some();
        let reserve = if ends_things { self.max / 8 } else { 0 };
        self.len() >= self.max.saturating_add(reserve)
    }

    fn wake_sent(&mut self, key: ClientKey, timer: Timer, now: Instant) {
        if let Some(sent) = self.sent.get_mut(&key) {
            sent.wake(key, timer, &mut self.out, now);
            self.forget_sent_if_over(key);
        }
    }

    fn wake_received(&mut self, key: ServerKey, timer: Timer, now: Instant) {
        let Some(received) = self.received.get_mut(&key) else { return };
        received.wake(key, timer, &mut self.out, now);
        if received.is_over() {
            if let Some(gone) = self.received.remove(&key) {
                self.by_request.remove(gone.id());
            }
            self.shrink();
        }
    }

    fn forget_sent_if_over(&mut self, key: ClientKey) {
        if !self.sent.get(&key).is_some_and(|sent| sent.is_over()) {
            return;
        }
        if let Some(gone) = self.sent.remove(&key) {
            self.by_branch.remove(gone.id());
            self.by_hop.remove(&(gone.to(), key));
            self.shrink();
        }
    }

    /// Gives memory back after a flood.
    fn shrink(&mut self) {
        shrink(&mut self.sent);
        shrink(&mut self.received);
        shrink(&mut self.by_branch);
        shrink(&mut self.by_request);
    }

    fn next_key(&mut self) -> u64 {
        self.last_key += 1;
        self.last_key
    }
}

/// Halves a table that is mostly empty; small ones are left alone.
fn shrink<K: Eq + std::hash::Hash, V>(table: &mut HashMap<K, V>) {
    if table.capacity() > 1024 && table.len() < table.capacity() / 8 {
        table.shrink_to(table.capacity() / 4);
    }
}
