//! One party of a call: what its dialog has come to, what offer and answer have come to, and where it stands.

use super::{dial::DialId, part::Part};
use crate::{
    destination::{Origin, Target},
    ids::{AttemptId, LegId},
    media::{
        Quality,
        sdp::{Codec, Direction, Negotiation, SdpError, Session},
    },
    sip::{Rejection, wire::StatusCode},
};
use bytes::Bytes;
use std::time::Instant;

/// A party.
pub(super) struct Leg {
    pub(super) id: LegId,
    pub(super) origin: Origin,
    pub(super) dialog: Dialog,
    pub(super) standing: Standing,
    /// 180 came from it.
    pub(super) rang: bool,
    /// Hops left for whomever this party calls.
    pub(super) max_forwards: u8,
    pub(super) facts: Facts,
    /// What programs wish of it.
    pub(super) part: Part,
    negotiation: Negotiation,
    exchange: Exchange,
    /// The codec that the peer's first offer likes best.
    liked: Option<Codec>,
    /// Whom to invite once more if SRTP is refused, with our port.
    pub(super) again: Option<Box<(Target, u16)>>,
}

/// What is only told of a party.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// It called us.
    pub(super) incoming: bool,
    pub(super) started: Instant,
    pub(super) ringing: Option<Instant>,
    pub(super) answered: Option<Instant>,
    /// What was dialled, by it or for it.
    pub(super) dialled: Option<String>,
    /// Call-ID of its dialog, where somebody watches.
    pub(super) call_id: Option<String>,
    /// User-Agent.
    pub(super) agent: Option<String>,
    /// The attempt of a program that called it.
    pub(super) attempt: Option<AttemptId>,
    /// The queue in which it waits or waited last, or that gave it its caller.
    pub(super) queue: Option<String>,
    /// The last report of its media.
    pub(super) quality: Option<Quality>,
}

impl Facts {
    pub(super) fn new(incoming: bool, started: Instant) -> Self {
        Self {
            incoming,
            started,
            ringing: None,
            answered: None,
            dialled: None,
            call_id: None,
            agent: None,
            attempt: None,
            queue: None,
            quality: None,
        }
    }
}

/// How far the dialog is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialog {
    /// It called us and has no final answer.
    Incoming {
        /// What it was told already.
        told: Told,
    },
    /// We call it, as part of this attempt.
    Outgoing(DialId),
    /// We called it as part of this attempt; it has answered, and is asked before it is joined.
    Screened(DialId),
    /// Answered.
    Confirmed,
}

/// What a caller was told while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Told {
    /// Nothing above 100.
    Nothing,
    /// 180.
    Ringing,
    /// 183 with SDP: it hears what we send.
    EarlyMedia,
}

/// Whether the party takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It does.
    Present,
    /// It handed its caller over and is expected to hang up; it hears nothing and nothing depends on it.
    Parting,
    /// It is on its way to another call: `Action::Enter` is not carried out yet.
    Moving,
}

/// The state of offer and answer (RFC 3264 with RFC 3261 13.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exchange {
    /// The INVITE brought no offer, or ours asked for one.
    NoOffer,
    /// The peer's offer waits for our answer.
    TheyOffered,
    /// A provisional response carried our answer; the 2xx repeats it.
    AnsweredEarly(Bytes),
    /// Our offer waits for the peer's answer.
    WeOffered,
    /// Nothing is open.
    Settled,
}

impl Leg {
    /// A party that called us. `Err` when its offer is of no use.
    pub(super) fn incoming(
        id: LegId,
        origin: Origin,
        mut negotiation: Negotiation,
        offer: Option<&[u8]>,
        max_forwards: u8,
        facts: Facts,
    ) -> (Self, Result<(), SdpError>) {
        let first = offer.map(|sdp| negotiation.receive_offer(sdp)).transpose();
        let exchange = if offer.is_some() { Exchange::TheyOffered } else { Exchange::NoOffer };
        let liked = first.as_ref().ok().and_then(|session| session.as_ref().map(|session| session.codec));
        let dialog = Dialog::Incoming { told: Told::Nothing };
        let standing = Standing::Present;
        let leg = Self {
            id,
            origin,
            dialog,
            standing,
            rang: false,
            max_forwards,
            facts,
            part: Part::default(),
            negotiation,
            exchange,
            liked,
            again: None,
        };
        (leg, first.map(|_| ()))
    }

    /// A party that we call, and the offer for its INVITE.
    pub(super) fn outgoing(
        id: LegId,
        origin: Origin,
        mut negotiation: Negotiation,
        dial: DialId,
        offer: Option<OfferFirst>,
        facts: Facts,
    ) -> (Self, Option<Bytes>) {
        let body = offer.as_ref().map(|first| negotiation.offer(Direction::SendRecv, first.0));
        let exchange = if offer.is_some() { Exchange::WeOffered } else { Exchange::NoOffer };
        let dialog = Dialog::Outgoing(dial);
        let standing = Standing::Present;
        let leg = Self {
            id,
            origin,
            dialog,
            standing,
            rang: false,
            max_forwards: 70,
            facts,
            part: Part::default(),
            negotiation,
            exchange,
            liked: None,
            again: None,
        };
        (leg, body)
    }

    /// The offer of another INVITE, as if there had been none before.
    pub(super) fn offer_anew(&mut self, negotiation: Negotiation, first: Option<Codec>) -> Bytes {
        self.negotiation = negotiation;
        self.exchange = Exchange::WeOffered;
        self.negotiation.offer(Direction::SendRecv, first)
    }

    /// What is agreed on.
    pub(super) fn session(&self) -> Option<&Session> {
        self.negotiation.session()
    }

    /// The codec to offer first to whomever this party is connected with.
    pub(super) fn codec(&self) -> Option<Codec> {
        self.session().map(|session| session.codec).or(self.liked)
    }

    /// Its own phone put us on hold.
    pub(super) fn held_by_phone(&self) -> bool {
        self.session().is_some_and(|session| session.held_by_peer)
    }

    /// It is on hold by us.
    pub(super) fn held_by_us(&self) -> bool {
        self.part.held.is_some()
    }

    /// Whether it has a 2xx.
    pub(super) fn confirmed(&self) -> bool {
        self.dialog == Dialog::Confirmed
    }

    /// It belongs to this attempt from now on.
    pub(super) fn set_dial(&mut self, dial: DialId) {
        self.dialog = match self.dialog {
            Dialog::Outgoing(_) => Dialog::Outgoing(dial),
            Dialog::Screened(_) => Dialog::Screened(dial),
            other @ (Dialog::Incoming { .. } | Dialog::Confirmed) => other,
        };
    }

    /// It has a 2xx, joined or not.
    pub(super) fn picked_up(&self) -> bool {
        matches!(self.dialog, Dialog::Confirmed | Dialog::Screened(_))
    }

    /// The attempt that it is part of.
    pub(super) fn dial(&self) -> Option<DialId> {
        match self.dialog {
            Dialog::Outgoing(dial) | Dialog::Screened(dial) => Some(dial),
            Dialog::Incoming { .. } | Dialog::Confirmed => None,
        }
    }

    /// Our answer for a provisional response, once; `None` when the caller offered nothing or has its answer.
    pub(super) fn answer_early(&mut self, first: Option<Codec>) -> Option<Bytes> {
        if self.exchange != Exchange::TheyOffered {
            return None;
        }
        let (body, _) = self.negotiation.answer(Direction::SendRecv, first)?;
        self.exchange = Exchange::AnsweredEarly(body.clone());
        Some(body)
    }

    /// It is answered now: the SDP of our 200 (13.3.1.4).
    pub(super) fn answer(&mut self, first: Option<Codec>) -> Option<Bytes> {
        self.dialog = Dialog::Confirmed;
        match std::mem::replace(&mut self.exchange, Exchange::Settled) {
            Exchange::TheyOffered => self.negotiation.answer(Direction::SendRecv, first).map(|(body, _)| body),
            Exchange::AnsweredEarly(body) => Some(body),
            Exchange::NoOffer => {
                self.exchange = Exchange::WeOffered;
                Some(self.negotiation.offer(Direction::SendRecv, first))
            }
            open @ (Exchange::WeOffered | Exchange::Settled) => {
                self.exchange = open;
                None
            }
        }
    }

    /// SDP came in a provisional response to our INVITE. Whether there is something to be heard now.
    pub(super) fn hear_early(&mut self, sdp: &[u8]) -> bool {
        self.exchange == Exchange::WeOffered && self.negotiation.receive_answer(sdp).is_ok()
    }

    /// It answered our INVITE. `Ok` with the SDP that the ACK must bring, where the 2xx was the offer. A 2xx may differ
    /// from an unreliable early answer, as after forking further on; then it counts.
    pub(super) fn answered(&mut self, sdp: Option<&[u8]>) -> Result<Option<Bytes>, SdpError> {
        let before = std::mem::replace(&mut self.exchange, Exchange::Settled);
        let ack = match (before, sdp) {
            (Exchange::NoOffer, Some(offer)) => {
                self.negotiation.receive_offer(offer)?;
                let answer = self.negotiation.answer(Direction::SendRecv, self.liked);
                Some(answer.ok_or(SdpError::NoAudio)?.0)
            }
            (Exchange::WeOffered, Some(answer)) => {
                self.negotiation.receive_answer(answer)?;
                None
            }
            _ if self.session().is_some() => None,
            _ => return Err(SdpError::NoAudio),
        };
        self.dialog = Dialog::Confirmed;
        Ok(ack)
    }

    /// The ACK of our 2xx came. `Err` when it had to bring an answer and none that is of use came.
    pub(super) fn acked(&mut self, sdp: Option<&[u8]>) -> Result<(), SdpError> {
        if self.exchange != Exchange::WeOffered || !self.confirmed() {
            return Ok(());
        }
        self.exchange = Exchange::Settled;
        self.negotiation.receive_answer(sdp.ok_or(SdpError::NoAudio)?).map(|_| ())
    }

    /// Its re-INVITE or UPDATE: our SDP for the 200, or the refusal (14.2, RFC 3311 5.2).
    pub(super) fn offered(&mut self, sdp: Option<&[u8]>, domain: &str) -> Result<Bytes, Rejection> {
        match self.exchange {
            Exchange::WeOffered => return Err(Rejection::new(StatusCode(491))),
            Exchange::TheyOffered | Exchange::NoOffer => {
                return Err(Rejection::new(StatusCode(500)).with("Retry-After", "2"));
            }
            Exchange::AnsweredEarly(_) | Exchange::Settled => {}
        }
        let Some(offer) = sdp else {
            self.exchange = Exchange::WeOffered;
            return Ok(self.negotiation.offer(Direction::SendRecv, None));
        };
        let answer = self.negotiation.receive_offer(offer).map(|_| self.negotiation.answer(Direction::SendRecv, None));
        match answer {
            Ok(Some((body, _))) => {
                // Such an offer comes before the 2xx only after a reliable answer (RFC 3311 5.1): that has no need to be repeated.
                self.exchange = Exchange::Settled;
                Ok(body)
            }
            Ok(None) => Err(unusable(&SdpError::NoAudio, domain)),
            Err(error) => Err(unusable(&error, domain)),
        }
    }

    /// For an attempt whose INVITE had no offer: the codec to choose from the peer's.
    pub(super) fn prefer(&mut self, codec: Option<Codec>) {
        self.liked = codec;
    }
}

/// An offer goes in our INVITE, with this codec first if there is one.
pub(super) struct OfferFirst(pub(super) Option<Codec>);

/// The refusal of an SDP, with a Warning that says why (RFC 3261 20.43).
pub(super) fn unusable(error: &SdpError, domain: &str) -> Rejection {
    Rejection::new(StatusCode(error.status())).with("Warning", error.warning(domain))
}
