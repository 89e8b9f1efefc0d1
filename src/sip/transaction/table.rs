//! All transactions of one socket: which of them a message belongs to, and what they want.

use super::timer::Timers;
use crate::sip::{
    Transmit,
    wire::{Message, Request, Response},
};
use std::{net::SocketAddr, time::Instant};

/// A request that we sent. Never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientKey(u64);

/// A request that came to us. Never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerKey(u64);

/// A message that is more than a repetition. The top Via of each request says where it came from (RFC 3581).
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
pub struct Table(());

impl Table {
    /// No transaction. Above `max_transactions` new requests are `Overload`; requests in dialogs and CANCEL, which end
    /// things as a rule, may go an eighth above that.
    pub fn new(_timers: Timers, _max_transactions: usize) -> Self {
        Self(())
    }

    /// A message came. `None`: it was a repetition, or belongs to nothing.
    pub fn receive(&mut self, _message: Message, _from: SocketAddr, _now: Instant) -> Option<Arrival> {
        None
    }

    /// Answers a request. Anything after a final response is dropped, except a 2xx to an INVITE, which the dialog
    /// repeats through here until its ACK comes (13.3.1.4).
    pub fn respond(&mut self, _key: ServerKey, _response: Response, _now: Instant) {}

    /// Sends a request, which has its Via with a branch of its own; not for ACK, see `send`.
    pub fn request(&mut self, _request: Request, _to: SocketAddr, _now: Instant) -> ClientKey {
        ClientKey(0)
    }

    /// Sends CANCEL for an INVITE, as a transaction of its own, with `reason` as Reason header (RFC 3326). `None`, and
    /// nothing is sent, where there is nothing to cancel: a final response has come, or no provisional one yet (9.1).
    /// The INVITE ends in its final response, or in `Timeout` after 64*T1.
    pub fn cancel(&mut self, _invite: ClientKey, _reason: Option<&str>, _now: Instant) -> Option<ClientKey> {
        None
    }

    /// The request behind a key, to be sent again with credentials for example; as long as the key lives.
    pub fn sent(&self, _key: ClientKey) -> Option<&Request> {
        None
    }

    /// Sends a request that has no transaction: ACK of a 2xx (13.2.2.4).
    pub fn send(&mut self, _request: &Request, _to: SocketAddr) {}

    /// Answers a request without remembering it.
    pub fn refuse(&mut self, _request: &Request, _response: &Response) {}

    /// Nothing can be sent there (an ICMP error, a route that is missing): requests that wait for an answer fail.
    pub fn failed(&mut self, _to: SocketAddr, _now: Instant) {}

    /// Timers that are due.
    pub fn wake(&mut self, _now: Instant) {}

    /// The earliest timer.
    pub fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// The next datagram to send.
    pub fn next_transmit(&mut self) -> Option<Transmit> {
        None
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        None
    }

    /// How many transactions are remembered.
    pub fn len(&self) -> usize {
        0
    }

    /// Whether no transaction is remembered.
    pub fn is_empty(&self) -> bool {
        true
    }
}
