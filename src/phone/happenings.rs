//! What happens at the endpoint of a phone, and what it comes to.

use super::{Event, Manner, Phone, Socket, State, Transmit, machine::speaks};
use crate::{
    ids::{LegId, RequestId},
    sip::{self, Rejection, Reply, wire::StatusCode},
};
use std::time::Instant;

impl Phone {
    /// Lets everything that happened have its consequences, and speaks what is due.
    pub(super) fn settle(&mut self, now: Instant) {
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
            for mut packet in packets {
                if let Some(secrecy) = &mut line.secrecy {
                    secrecy.sealer.seal(&mut packet, 0);
                }
                self.transmits.push_back(Transmit { socket, to, payload: packet.into() });
            }
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
