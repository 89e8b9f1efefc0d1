//! Whose turn it is to offer (RFC 3261 14, RFC 3264 4, RFC 3311 5).

use crate::sip::{OfferMethod, transaction::ServerKey, wire::Request};
use bytes::Bytes;
use std::collections::VecDeque;

/// How many of our own offers may wait; more are refused.
const QUEUE: usize = 8;

/// An offer of ours, or a refresh.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// `None` asks the peer to offer, or offers nothing in a refresh by UPDATE.
    pub(crate) body: Option<Bytes>,
    pub(crate) method: OfferMethod,
    /// A refresh of the session timer, whose answer nobody above waits for.
    pub(crate) refresh: bool,
    /// How often it met an offer of the peer (491).
    pub(crate) met: u8,
}

/// An offer of the peer that waits for our answer.
#[derive(Debug)]
pub(crate) struct Theirs {
    pub(crate) key: ServerKey,
    /// The re-INVITE, UPDATE or PRACK.
    pub(crate) request: Request,
}

/// Whose turn it is.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Nobody's: anybody may offer.
    Idle,
    /// Our request went out.
    Ours(Wish),
    /// Our re-INVITE without SDP brought the peer's offer; the ACK with our answer is still to come from above.
    OweAck,
    /// The peer's waits for us.
    Theirs(Box<Theirs>),
}

/// What to do with an offer of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the peer's turn.
    Take,
    /// 491: ours is under way.
    Pending,
    /// 500 with Retry-After: one before it is not answered.
    Busy,
}

/// The offers of one dialog, ours in a queue.
#[derive(Debug)]
pub(crate) struct Offers {
    pub(crate) turn: Turn,
    waiting: VecDeque<Wish>,
    /// Ours met the peer's: nothing of ours until the alarm (14.1).
    pub(crate) paused: bool,
}

impl Offers {
    pub(crate) fn new() -> Self {
        Self { turn: Turn::Idle, waiting: VecDeque::new(), paused: false }
    }

    /// Ours waits for its turn. False: too many do.
    pub(crate) fn queue(&mut self, wish: Wish) -> bool {
        let room = self.waiting.len() < QUEUE;
        if room {
            self.waiting.push_back(wish);
        }
        room
    }

    /// Ours is to be tried again before all others.
    pub(crate) fn again(&mut self, wish: Wish) {
        self.waiting.push_front(wish);
    }

    /// Ours that may go out, if it is anybody's turn; `updates` only: a dialog that is not confirmed takes no re-INVITE.
    pub(crate) fn next(&mut self, updates_only: bool) -> Option<Wish> {
        let idle = matches!(self.turn, Turn::Idle) && !self.paused;
        let fits = |wish: &Wish| !updates_only || wish.method == OfferMethod::Update;
        (idle && self.waiting.front().is_some_and(fits)).then(|| self.waiting.pop_front()).flatten()
    }

    /// What to do with an offer of the peer, where `unacked` says that our 2xx with an offer waits for its answer.
    pub(crate) fn judge(&self, unacked: bool) -> Verdict {
        match &self.turn {
            Turn::Idle if unacked => Verdict::Pending,
            Turn::Idle => Verdict::Take,
            Turn::Ours(_) | Turn::OweAck => Verdict::Pending,
            Turn::Theirs(_) => Verdict::Busy,
        }
    }

    /// The offer of the peer, if one waits.
    pub(crate) fn take_theirs(&mut self) -> Option<Box<Theirs>> {
        match std::mem::replace(&mut self.turn, Turn::Idle) {
            Turn::Theirs(theirs) => Some(theirs),
            other @ (Turn::Idle | Turn::Ours(_) | Turn::OweAck) => {
                self.turn = other;
                None
            }
        }
    }

    /// Our offer, now that its answer is there.
    pub(crate) fn take_ours(&mut self) -> Option<Wish> {
        match std::mem::replace(&mut self.turn, Turn::Idle) {
            Turn::Ours(wish) => Some(wish),
            other @ (Turn::Idle | Turn::Theirs(_) | Turn::OweAck) => {
                self.turn = other;
                None
            }
        }
    }
}
