//! The peer's INVITE until its final answer (RFC 3261 13.3, RFC 3262 3).

use super::{
    card, cause,
    client_auth::ClientAuth,
    leg::{Leg, Phase},
    line::{Alarm, Line},
    reliable::{Provisionals, Repeat},
    session_timer::{Granted, Terms, TooSmall},
    state::{Dialog, number_of},
};
use crate::{
    ids::LegId,
    sip::{
        Cause, Event, Rejection,
        transaction::ServerKey,
        wire::{Request, Response, SessionExpires, StatusCode, sdp_body},
    },
};
use bytes::Bytes;
use std::{net::SocketAddr, time::Duration};

/// Proxies forget an INVITE that says nothing for three minutes (13.3.1.1).
const STILL_RINGING: Duration = Duration::from_secs(60);

/// What the caller says of reliable provisionals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reliability {
    Unknown,
    Supported,
    Required,
}

/// An INVITE that waits for us.
#[derive(Debug)]
pub(crate) struct UasInvite {
    pub(super) key: ServerKey,
    pub(super) request: Request,
    offered: bool,
    /// A reliable provisional has carried the answer to its offer.
    pub(super) answered: bool,
    reliability: Reliability,
    provisionals: Provisionals<Response>,
    /// What was said last, to be said again each minute.
    ringing: Option<Response>,
    granted: Option<Granted>,
    /// The 2xx that waits for a PRACK.
    held: Option<Option<Bytes>>,
}

impl UasInvite {
    /// Whether an offer of the INVITE waits for its answer.
    pub(super) fn owes_answer(&self) -> bool {
        self.offered && !self.answered
    }

    /// Whether a reliable provisional waits for its PRACK: no offer of ours before that (RFC 3311 5.1).
    pub(super) fn owed_prack(&self) -> bool {
        self.provisionals.busy()
    }
}

impl Leg {
    /// A leg for an INVITE outside of dialogs. `Err` is what is wrong with it: the answer.
    pub(crate) fn incoming(
        id: LegId,
        (key, request): (ServerKey, Request),
        from: SocketAddr,
        tag: String,
        line: &mut Line<'_>,
    ) -> Result<Self, Box<Response>> {
        let Some(dialog) = Dialog::of_incoming(&request, tag.clone(), from) else {
            let bad = Response::to(&request, StatusCode::BAD_REQUEST, Some(&tag)).with_reason("Bad Contact");
            return Err(Box::new(bad));
        };
        let reliability = match (request.headers.requires("100rel"), request.headers.supports("100rel")) {
            (true, _) => Reliability::Required,
            (false, true) => Reliability::Supported,
            (false, false) => Reliability::Unknown,
        };
        let terms = Terms::of(&request.headers);
        let uas = UasInvite {
            key,
            offered: sdp_body(&request.headers, &request.body).is_some(),
            answered: false,
            reliability,
            provisionals: Provisionals::new(1 + line.dice(1 << 30)),
            ringing: None,
            granted: None,
            held: None,
            request,
        };
        let mut leg = Self::new(id, Phase::Incoming(Box::new(uas)), dialog, ClientAuth::none(), line);
        match leg.timer.answer(terms) {
            Ok(granted) => {
                if let Phase::Incoming(uas) = &mut leg.phase {
                    uas.granted = granted;
                }
                Ok(leg)
            }
            Err(TooSmall { min_s }) => {
                let Phase::Incoming(uas) = &leg.phase else { return Ok(leg) };
                let response = leg.response_to(&uas.request, StatusCode::SESSION_INTERVAL_TOO_SMALL, line);
                Err(Box::new(response.with("Min-SE", min_s)))
            }
        }
    }

    pub(super) fn progress(&mut self, status: StatusCode, body: Option<Bytes>, line: &mut Line<'_>) {
        let Phase::Incoming(uas) = &self.phase else { return };
        if !(101..200).contains(&status.0) || uas.held.is_some() {
            return;
        }
        // Without an offer in the INVITE, SDP here would be our offer, and its answer would come in PRACK: nobody above
        // waits for one there, so our offer comes with the 2xx.
        let body = body.filter(|_| uas.offered);
        let reliable = match uas.reliability {
            Reliability::Required => true,
            Reliability::Supported => body.is_some(),
            Reliability::Unknown => false,
        };
        let mut response = self.response_to(&uas.request, status, line);
        line.card.introduce(&mut response.headers, card::SUPPORTED);
        if let Some(body) = body {
            self.last_sdp = Some(body.clone());
            response = response.with_body("application/sdp", body);
        }
        let Phase::Incoming(uas) = &mut self.phase else { return };
        line.wake(self.id, Alarm::Ringing, STILL_RINGING);
        if reliable {
            response.headers.push("Require", "100rel");
            uas.provisionals.queue(response);
            return self.pump_provisionals(line);
        }
        uas.ringing = Some(response.clone());
        line.respond(uas.key, response);
    }

    pub(super) fn pump_provisionals(&mut self, line: &mut Line<'_>) {
        let Phase::Incoming(uas) = &mut self.phase else { return };
        let Some((rseq, mut response)) = uas.provisionals.next() else { return };
        response.headers.replace("RSeq", rseq);
        uas.answered |= !response.body.is_empty();
        line.respond(uas.key, response.clone());
        let again = uas.provisionals.sent(rseq, response, line.now, line.settings.t1);
        line.wake_at(self.id, Alarm::Provisional, again);
    }

    pub(super) fn repeat_provisional(&mut self, line: &mut Line<'_>) {
        let Phase::Incoming(uas) = &mut self.phase else { return };
        match uas.provisionals.repeat(line.now, line.settings.t1) {
            Repeat::Again(response, at) => {
                line.respond(uas.key, response);
                line.wake_at(self.id, Alarm::Provisional, at);
            }
            Repeat::GiveUp => {
                self.tell(Event::Ended { leg: self.id, cause: Cause::Lost }, line);
                self.silent = true;
                self.refuse(StatusCode::SERVER_TIMEOUT, line);
            }
            Repeat::Nothing => {}
        }
    }

    pub(super) fn still_ringing(&mut self, line: &mut Line<'_>) {
        let Phase::Incoming(uas) = &self.phase else { return };
        match (&uas.ringing, uas.reliability) {
            (Some(response), _) => line.respond(uas.key, response.clone()),
            // A reliable one would need a new RSeq and PRACK; 100 does as well for the proxies.
            (None, _) => line.respond(uas.key, Response::to(&uas.request, StatusCode::TRYING, None)),
        }
        line.wake(self.id, Alarm::Ringing, STILL_RINGING);
    }

    pub(super) fn pracked(&mut self, key: ServerKey, request: Request, line: &mut Line<'_>) {
        let cseq = match &self.phase {
            Phase::Incoming(uas) => Some(number_of(&uas.request.headers)),
            Phase::Outgoing(_) | Phase::Confirmed | Phase::Closing(_) | Phase::Over => None,
        };
        let matched = match (&mut self.phase, request.headers.rack()) {
            (Phase::Incoming(uas), Ok(Some(rack))) => {
                Some(rack.cseq.number) == cseq && uas.provisionals.acknowledge(rack.rseq)
            }
            _ => false,
        };
        if !matched {
            return self.reply(key, &request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST, line);
        }
        line.calm(self.id, Alarm::Provisional);
        if sdp_body(&request.headers, &request.body).is_some() {
            // The answer is out, so this is a new offer (RFC 3262 5); its answer goes with the 200.
            self.offered(key, request, line);
        } else {
            self.reply(key, &request, StatusCode::OK, line);
        }
        let Phase::Incoming(uas) = &mut self.phase else { return };
        match uas.held.take() {
            Some(body) => self.answer(body, line),
            None => {
                self.pump_provisionals(line);
                self.pump_offers(line);
            }
        }
    }

    pub(super) fn answer(&mut self, body: Option<Bytes>, line: &mut Line<'_>) {
        let Phase::Incoming(uas) = &mut self.phase else { return };
        if uas.held.is_some() {
            return;
        }
        if uas.provisionals.busy() {
            // RFC 3262 3: no 2xx before the PRACK of a provisional with SDP; others need not wait, but order is simpler.
            uas.held = Some(body);
            return;
        }
        let answer = body.filter(|_| !(uas.offered && uas.answered));
        let offers = !uas.offered;
        let Phase::Incoming(uas) = std::mem::replace(&mut self.phase, Phase::Confirmed) else { return };
        let mut response = self.response_to(&uas.request, StatusCode::OK, line);
        line.card.introduce(&mut response.headers, card::SUPPORTED);
        grant(&mut response, uas.granted);
        if let Some(body) = answer {
            self.last_sdp = Some(body.clone());
            response = response.with_body("application/sdp", body);
        }
        line.calm(self.id, Alarm::Ringing);
        let cseq = number_of(&uas.request.headers);
        self.succeed(uas.key, (cseq, response), (true, offers), line);
        self.start_timer(line);
    }

    pub(super) fn reject(&mut self, rejection: Rejection, line: &mut Line<'_>) {
        let Phase::Incoming(uas) = &self.phase else { return };
        let status = if rejection.status.is_failure() { rejection.status } else { StatusCode::SERVER_INTERNAL_ERROR };
        let mut response = self.response_to(&uas.request, status, line).with_reason(&rejection.reason);
        for (name, value) in &rejection.headers {
            response.headers.push(name, value);
        }
        line.respond(uas.key, response);
        self.silent = true;
        self.stop(line);
    }

    /// A final refusal with nothing but a status.
    pub(super) fn refuse(&mut self, status: StatusCode, line: &mut Line<'_>) {
        let silent = self.silent;
        self.reject(Rejection::new(status), line);
        self.silent = silent;
    }

    /// CANCEL for the INVITE of this leg; it got its 200. One that crossed our final answer changes nothing (9.2).
    pub(crate) fn cancelled(&mut self, invite: ServerKey, request: &Request, line: &mut Line<'_>) {
        match &self.phase {
            Phase::Incoming(uas) if uas.key == invite => {}
            Phase::Incoming(_) | Phase::Outgoing(_) | Phase::Confirmed | Phase::Closing(_) | Phase::Over => return,
        }
        let cause = cause::of_cancel(&request.headers.reasons());
        self.refuse(StatusCode::REQUEST_TERMINATED, line);
        self.tell(Event::Ended { leg: self.id, cause }, line);
        self.silent = true;
    }
}

/// Session-Expires of a 2xx.
pub(super) fn grant(response: &mut Response, granted: Option<Granted>) {
    let Some(granted) = granted else { return };
    if granted.require {
        response.headers.push("Require", "timer");
    }
    let expires = SessionExpires { delta_s: granted.interval_s, refresher: Some(granted.refresher) };
    response.headers.push("Session-Expires", expires);
}
