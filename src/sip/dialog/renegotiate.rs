//! Offers within the dialog: re-INVITE and UPDATE in both directions (RFC 3261 14, RFC 3311), and session refresh.

use super::{
    card,
    leg::{Leg, Phase},
    line::{Alarm, Line, Purpose},
    offer::{Theirs, Turn, Verdict, Wish},
    session_timer::{Terms, TooSmall},
    state::number_of,
    uas_invite::grant,
};
use crate::sip::{
    Event, OfferMethod, Rejection,
    transaction::{ClientKey, ServerKey},
    wire::{Method, Request, Response, StatusCode, sdp_body},
};
use bytes::Bytes;
use std::{net::SocketAddr, time::Duration};

/// When a refresh that was refused is tried again.
const REFRESH_AGAIN: Duration = Duration::from_secs(20);
/// How often 491 is believed: a peer that says it more often for one offer will always say it.
const MOST_MEETINGS: u8 = 8;

impl Leg {
    pub(super) fn offer(&mut self, body: Option<Bytes>, method: OfferMethod, line: &mut Line<'_>) {
        let method = if body.is_none() { OfferMethod::Reinvite } else { method };
        if !self.offers.queue(Wish { body, method, refresh: false, met: 0 }) {
            return self.tell(Event::OfferRefused { leg: self.id, status: StatusCode::REQUEST_PENDING }, line);
        }
        self.pump_offers(line);
    }

    /// Sends our next offer if it is its turn.
    pub(super) fn pump_offers(&mut self, line: &mut Line<'_>) {
        let early = match &mut self.phase {
            Phase::Confirmed => false,
            Phase::Incoming(uas) => {
                if uas.owes_answer() || uas.owed_prack() || !self.dialog.peer.update {
                    return;
                }
                true
            }
            Phase::Outgoing(uac) => {
                if uac.owed_answer() || !uac.only_dialog().is_some_and(|dialog| dialog.peer.update) {
                    return;
                }
                true
            }
            Phase::Closing(_) | Phase::Over => return,
        };
        // 14.1: no INVITE of ours while one of theirs is not acknowledged.
        if self.unacked.is_some() {
            return;
        }
        let Some(wish) = self.offers.next(early) else { return };
        let update = wish.method == OfferMethod::Update && (early || self.dialog.peer.update);
        let (request, hop) = self.offer_request(&wish, update, line);
        self.offers.turn = Turn::Ours(wish);
        self.launch(Purpose::Offer, request, hop, line);
        if !update {
            line.wake(self.id, Alarm::Patience, 64 * line.settings.t1);
        }
    }

    fn offer_request(&mut self, wish: &Wish, update: bool, line: &Line<'_>) -> (Request, SocketAddr) {
        let method = if update { Method::Update } else { Method::Invite };
        let dialog = match &mut self.phase {
            Phase::Outgoing(uac) => uac.only_dialog(),
            Phase::Incoming(_) | Phase::Confirmed | Phase::Closing(_) | Phase::Over => None,
        };
        let (mut request, hop) = dialog.unwrap_or(&mut self.dialog).request(method);
        line.card.introduce(&mut request.headers, card::SUPPORTED_UNRELIABLE);
        self.timer.asked().write(&mut request.headers);
        // A refresh by re-INVITE repeats the SDP that was said last (RFC 4028 7.4).
        let body = if wish.refresh && !update { self.last_sdp.clone() } else { wish.body.clone() };
        if let Some(body) = body {
            request = request.with_body("application/sdp", body);
        }
        (request, hop)
    }

    /// The final answer to our re-INVITE or UPDATE.
    pub(super) fn offer_answered(&mut self, key: ClientKey, response: &Response, line: &mut Line<'_>) {
        line.calm(self.id, Alarm::Patience);
        let Some(wish) = self.offers.take_ours() else { return };
        if response.status.is_success() {
            return self.offer_accepted(key, wish, response, line);
        }
        // An early dialog ends with its INVITE, not by what becomes of an UPDATE.
        if matches!(self.phase, Phase::Confirmed) && self.end_if_gone(response.status, line) {
            return;
        }
        match response.status {
            StatusCode::REQUEST_PENDING => return self.glare(wish, line),
            StatusCode::SESSION_INTERVAL_TOO_SMALL
                if self.timer.raise(response.headers.min_se_s().unwrap_or_default()) =>
            {
                self.offers.again(wish);
            }
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED if self.forgoes_update(response) => {
                self.offers.again(wish);
            }
            status => self.offer_failed(&wish, status, line),
        }
        self.pump_offers(line);
    }

    fn offer_accepted(&mut self, key: ClientKey, wish: Wish, response: &Response, line: &mut Line<'_>) {
        let reinvite = response.headers.cseq().is_ok_and(|cseq| cseq.method == Method::Invite);
        let cseq = number_of(&response.headers);
        let body = sdp_body(&response.headers, &response.body);
        if !matches!(self.phase, Phase::Confirmed | Phase::Outgoing(_) | Phase::Incoming(_)) {
            // Hung up meanwhile: the peer gets its ACK, nobody above is interested.
            if reinvite {
                let dialog = self.dialog.clone();
                self.send_ack(&dialog, cseq, None, &line.credentials_of(key), line);
            }
            return;
        }
        self.dialog_of(response.headers.to_tag().unwrap_or_default()).refresh(&response.headers);
        if matches!(self.phase, Phase::Confirmed) {
            self.timer.settle(Terms::of(&response.headers));
            self.start_timer(line);
        }
        let asked = wish.body.is_none() && !wish.refresh;
        if !wish.refresh && wish.body.is_some() {
            self.last_sdp.clone_from(&wish.body);
        }
        if reinvite {
            self.acks.owe(cseq, line.credentials_of(key));
            if asked && body.is_some() {
                self.offers.turn = Turn::OweAck;
            } else {
                self.send_owed(None, line);
            }
        }
        if !wish.refresh {
            self.tell(Event::OfferAnswered { leg: self.id, body }, line);
        }
        self.pump_offers(line);
    }

    /// Silence is the end of the dialog (14.1); that something could not be sent (503) is not, nor that a peer which said
    /// 100 says no more after our CANCEL.
    pub(super) fn offer_unanswered(&mut self, status: StatusCode, cancelled: bool, line: &mut Line<'_>) {
        line.calm(self.id, Alarm::Patience);
        let Some(wish) = self.offers.take_ours() else { return };
        if matches!(self.phase, Phase::Confirmed) && !cancelled && self.end_if_gone(status, line) {
            return;
        }
        self.offer_failed(&wish, status, line);
        self.pump_offers(line);
    }

    /// Our offer came to nothing, the session stays as it was.
    fn offer_failed(&mut self, wish: &Wish, status: StatusCode, line: &mut Line<'_>) {
        match wish.refresh {
            // It is tried again while there is time (RFC 4028 7.4).
            true => line.wake(self.id, Alarm::Refresh, REFRESH_AGAIN),
            false => self.tell(Event::OfferRefused { leg: self.id, status }, line),
        }
    }

    /// Whether it was UPDATE that a peer of a confirmed dialog refuses, against its own Allow: then re-INVITE does it.
    fn forgoes_update(&mut self, response: &Response) -> bool {
        let update = response.headers.cseq().is_ok_and(|cseq| cseq.method == Method::Update);
        self.dialog.peer.update &= !update;
        update && matches!(self.phase, Phase::Confirmed)
    }

    /// 491: both offered at once. Who owns the Call-ID waits 2.1 to 4 s, the other up to 2 s, in steps of 10 ms (14.1).
    fn glare(&mut self, mut wish: Wish, line: &mut Line<'_>) {
        wish.met += 1;
        if wish.met == MOST_MEETINGS {
            self.offer_failed(&wish, StatusCode::REQUEST_PENDING, line);
            return self.pump_offers(line);
        }
        let steps = if self.outgoing { 210 + line.dice(191) } else { line.dice(201) };
        self.offers.again(wish);
        self.offers.paused = true;
        line.wake(self.id, Alarm::Glare, Duration::from_millis(10) * steps);
    }

    /// ACK of the INVITE or re-INVITE whose 2xx waits for it.
    pub(super) fn acknowledge(&mut self, body: Option<Bytes>, line: &mut Line<'_>) {
        if !matches!(self.offers.turn, Turn::OweAck) {
            return;
        }
        self.offers.turn = Turn::Idle;
        if body.is_some() {
            self.last_sdp.clone_from(&body);
        }
        self.send_owed(body, line);
        self.pump_offers(line);
    }

    /// Sends the ACK that is owed, whosever turn it is to offer.
    pub(super) fn send_owed(&mut self, body: Option<Bytes>, line: &mut Line<'_>) {
        let Some(owed) = self.acks.take_owed() else { return };
        let dialog = self.dialog.clone();
        self.send_ack(&dialog, owed.cseq, body, &owed.credentials, line);
    }

    pub(super) fn reinvited(&mut self, key: ServerKey, request: Request, line: &mut Line<'_>) {
        match self.phase {
            Phase::Confirmed => {}
            // 14.2: an INVITE before the final answer to the one before.
            Phase::Incoming(_) => return self.busy(key, &request, line),
            Phase::Outgoing(_) => return self.reply(key, &request, StatusCode::REQUEST_PENDING, line),
            Phase::Closing(_) | Phase::Over => {
                return self.reply(key, &request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST, line);
            }
        }
        // A new INVITE of the peer proves that our 2xx arrived, though its ACK was lost; not what the answer in it was.
        if self.unacked.as_ref().is_some_and(|unacked| !unacked.offers) && matches!(self.offers.turn, Turn::Idle) {
            self.settled(None, line);
        }
        self.offered(key, request, line);
    }

    pub(super) fn updated(&mut self, key: ServerKey, request: Request, line: &mut Line<'_>) {
        if matches!(self.phase, Phase::Closing(_) | Phase::Over) {
            return self.reply(key, &request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST, line);
        }
        if sdp_body(&request.headers, &request.body).is_some() {
            return self.offered(key, request, line);
        }
        // A session refresh says nothing that anybody above must hear.
        self.dialog_of(request.headers.from_tag().unwrap_or_default()).refresh(&request.headers);
        if let Some(response) = self.agree(&request, line) {
            line.respond(key, response);
        }
    }

    /// An offer of the peer, or its wish that we offer.
    pub(super) fn offered(&mut self, key: ServerKey, request: Request, line: &mut Line<'_>) {
        let verdict = match &self.phase {
            Phase::Incoming(uas) if uas.owes_answer() => Verdict::Busy,
            Phase::Outgoing(uac) if uac.owed_answer() => Verdict::Pending,
            Phase::Incoming(_) | Phase::Outgoing(_) | Phase::Confirmed | Phase::Closing(_) | Phase::Over => {
                self.offers.judge(self.unacked.as_ref().is_some_and(|unacked| unacked.offers))
            }
        };
        match verdict {
            Verdict::Take => {}
            Verdict::Pending => return self.reply(key, &request, StatusCode::REQUEST_PENDING, line),
            Verdict::Busy => return self.busy(key, &request, line),
        }
        let terms = Terms::of(&request.headers);
        if request.method != Method::Prack
            && let Err(TooSmall { min_s }) = self.timer.clone().answer(terms)
        {
            let response = self.response_to(&request, StatusCode::SESSION_INTERVAL_TOO_SMALL, line);
            return line.respond(key, response.with("Min-SE", min_s));
        }
        self.dialog_of(request.headers.from_tag().unwrap_or_default()).refresh(&request.headers);
        let body = sdp_body(&request.headers, &request.body);
        self.offers.turn = Turn::Theirs(Box::new(Theirs { key, request }));
        self.tell(Event::Offered { leg: self.id, body }, line);
    }

    pub(super) fn answer_offer(&mut self, body: Bytes, line: &mut Line<'_>) {
        let Some(theirs) = self.offers.take_theirs() else { return };
        let Theirs { key, request } = *theirs;
        let Some(response) = self.agree(&request, line) else { return };
        self.last_sdp = Some(body.clone());
        let response = response.with_body("application/sdp", body);
        if request.method == Method::Invite {
            let offers = sdp_body(&request.headers, &request.body).is_none();
            self.succeed(key, (number_of(&request.headers), response), (false, offers), line);
        } else {
            line.respond(key, response);
            self.pump_offers(line);
        }
    }

    pub(super) fn refuse_offer(&mut self, rejection: Rejection, line: &mut Line<'_>) {
        let Some(theirs) = self.offers.take_theirs() else { return };
        let status = if rejection.status.is_failure() { rejection.status } else { StatusCode::NOT_ACCEPTABLE_HERE };
        let mut response = self.response_to(&theirs.request, status, line).with_reason(&rejection.reason);
        for (name, value) in &rejection.headers {
            response.headers.push(name, value);
        }
        line.respond(theirs.key, response);
        self.pump_offers(line);
    }

    /// 200 to a re-INVITE, UPDATE or PRACK, with the session timer as it stands then.
    fn agree(&mut self, request: &Request, line: &mut Line<'_>) -> Option<Response> {
        let mut response = self.response_to(request, StatusCode::OK, line);
        line.card.introduce(&mut response.headers, card::SUPPORTED);
        if request.method == Method::Prack {
            return Some(response);
        }
        match self.timer.answer(Terms::of(&request.headers)) {
            Ok(granted) => grant(&mut response, granted),
            Err(TooSmall { min_s }) => {
                response = self.response_to(request, StatusCode::SESSION_INTERVAL_TOO_SMALL, line);
                return Some(response.with("Min-SE", min_s));
            }
        }
        if matches!(self.phase, Phase::Confirmed) {
            self.start_timer(line);
        }
        Some(response)
    }

    /// 500 with a Retry-After of 0 to 10 s (14.2).
    fn busy(&self, key: ServerKey, request: &Request, line: &mut Line<'_>) {
        let seconds = line.dice(11);
        let response = self.response_to(request, StatusCode::SERVER_INTERNAL_ERROR, line).with("Retry-After", seconds);
        line.respond(key, response);
    }

    /// Sets the alarms of a session that was started or refreshed just now.
    pub(super) fn start_timer(&mut self, line: &mut Line<'_>) {
        line.calm(self.id, Alarm::Refresh);
        line.calm(self.id, Alarm::Expire);
        let Some(alarms) = self.timer.alarms(line.now) else { return };
        line.wake_at(self.id, Alarm::Expire, alarms.expire);
        if let Some(at) = alarms.refresh {
            line.wake_at(self.id, Alarm::Refresh, at);
        }
    }

    pub(super) fn refresh(&mut self, line: &mut Line<'_>) {
        if !matches!(self.phase, Phase::Confirmed) {
            return;
        }
        if self.offers.queue(Wish { body: None, method: OfferMethod::Update, refresh: true, met: 0 }) {
            self.pump_offers(line);
        }
    }
}
