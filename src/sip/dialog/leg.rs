//! One leg: the dialog and the small machines beside it, and which of them a message or a wish is for.

use super::{
    client_auth::ClientAuth,
    ending::give_up,
    id::DialogId,
    line::{Alarm, Line, Purpose, token},
    notify::Subscriptions,
    offer::Offers,
    refer::{Asked, Waiting},
    session_timer::SessionTimer,
    state::{Dialog, number_of},
    success::{Acks, Unacked},
    uac_invite::UacInvite,
    uas_invite::UasInvite,
};
use crate::{
    ids::LegId,
    sip::{
        Cause, Command, Event,
        transaction::{ClientKey, ServerKey},
        wire::{self, Method, Request, Response, StatusCode},
    },
};
use bytes::Bytes;
use std::{collections::VecDeque, net::SocketAddr};

/// How far a leg is.
#[derive(Debug)]
pub(super) enum Phase {
    /// The peer's INVITE waits for us.
    Incoming(Box<UasInvite>),
    /// Our INVITE waits for the peer.
    Outgoing(Box<UacInvite>),
    /// 2xx was said.
    Confirmed,
    /// Hung up by us: BYE waits for something, see `Leg::hang_up`.
    Closing(Cause),
    /// Nothing is left but to let requests under way end.
    Over,
}

/// One request of ours that has no final answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) key: ClientKey,
    pub(super) purpose: Purpose,
    /// How often it was sent anew with credentials.
    pub(super) tries: u8,
    /// CANCEL was sent: a re-INVITE that is given up.
    pub(super) cancelled: bool,
}

/// One leg.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) id: LegId,
    /// We ended it: nothing more is told.
    pub(super) silent: bool,
    pub(super) phase: Phase,
    pub(super) dialog: Dialog,
    /// Whether the Call-ID is ours (14.1).
    pub(super) outgoing: bool,
    /// CSeq of the INVITE, if the peer started the leg.
    invited: Option<u32>,
    pub(super) flights: Vec<Flight>,
    pub(super) unacked: Option<Unacked>,
    pub(super) acks: Acks,
    pub(super) offers: Offers,
    pub(super) timer: SessionTimer,
    /// The last SDP that we said, for refreshes.
    pub(super) last_sdp: Option<Bytes>,
    pub(super) auth: ClientAuth,
    pub(super) refers: VecDeque<Waiting>,
    pub(super) subscriptions: Subscriptions,
    /// REFERs of ours whose end was not told.
    pub(super) referrals: u32,
}

impl Leg {
    pub(super) fn new(id: LegId, phase: Phase, dialog: Dialog, auth: ClientAuth, line: &Line<'_>) -> Self {
        Self {
            id,
            silent: false,
            outgoing: matches!(phase, Phase::Outgoing(_)),
            invited: dialog.remote_cseq(),
            phase,
            dialog,
            flights: Vec::new(),
            unacked: None,
            acks: Acks::default(),
            offers: Offers::new(),
            timer: SessionTimer::new(line.settings.session_expires, line.settings.min_session_expires),
            last_sdp: None,
            auth,
            refers: VecDeque::new(),
            subscriptions: Subscriptions::default(),
            referrals: 0,
        }
    }

    /// Our tag.
    pub(crate) fn local_tag(&self) -> &str {
        &self.dialog.local_tag
    }

    /// Call-ID, From tag and CSeq of the INVITE, if the peer started the leg.
    pub(crate) fn caller(&self) -> Option<(&str, &str, u32)> {
        Some((&self.dialog.call_id, self.dialog.remote_tag.as_deref()?, self.invited?))
    }

    /// The name of the dialog, while there is one to speak of.
    pub(crate) fn dialog_id(&self) -> Option<DialogId> {
        match &self.phase {
            Phase::Outgoing(uac) => uac.first_dialog()?.id(),
            Phase::Incoming(_) | Phase::Confirmed => self.dialog.id(),
            Phase::Closing(_) | Phase::Over => None,
        }
    }

    /// Whether a Replaces means its dialog, or one of its early dialogs.
    pub(crate) fn is_meant_by(&self, replaces: &wire::Replaces) -> bool {
        match &self.phase {
            Phase::Outgoing(uac) => uac.is_meant_by(replaces),
            Phase::Incoming(_) | Phase::Confirmed | Phase::Closing(_) | Phase::Over => {
                self.dialog_id().is_some_and(|id| id.is_meant_by(replaces))
            }
        }
    }

    /// Whether the dialog of that Call-ID and remote tag is of this leg.
    pub(crate) fn is_of(&self, call_id: &str, remote_tag: &str) -> bool {
        let known = match &self.phase {
            Phase::Outgoing(uac) => uac.knows(remote_tag),
            Phase::Incoming(_) | Phase::Confirmed | Phase::Closing(_) | Phase::Over => {
                self.dialog.remote_tag.as_deref() == Some(remote_tag)
            }
        };
        self.dialog.call_id == call_id && known
    }

    /// Whether it is answered.
    pub(crate) fn is_confirmed(&self) -> bool {
        matches!(self.phase, Phase::Confirmed)
    }

    /// Whether nothing is left to wait for.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Over) && self.flights.is_empty() && !self.acks.is_open()
    }

    /// A wish.
    pub(crate) fn command(&mut self, command: Command, line: &mut Line<'_>) {
        if self.silent {
            return;
        }
        match command {
            Command::Progress { status, body, .. } => self.progress(status, body, line),
            Command::Answer { body, .. } => self.answer(body, line),
            Command::Reject { rejection, .. } => self.reject(rejection, line),
            Command::Ack { body, .. } => self.acknowledge(Some(body), line),
            Command::Offer { body, method, .. } => self.offer(body, method, line),
            Command::AnswerOffer { body, .. } => self.answer_offer(body, line),
            Command::RefuseOffer { rejection, .. } => self.refuse_offer(rejection, line),
            Command::AcceptRefer { .. } => self.accept_refer(line),
            Command::RefuseRefer { rejection, .. } => self.refuse_refer(&rejection, line),
            Command::Notify { status, reason, .. } => self.notify(status, reason, line),
            Command::Refer { target, referred_by, .. } => self.refer(&target, referred_by.as_ref(), line),
            Command::Info { content_type, body, .. } => self.info(&content_type, body, line),
            Command::Hangup { cause, .. } => self.hang_up(cause, line),
            // These name no leg; the endpoint does not bring them here.
            Command::Invite(_) | Command::Respond { .. } | Command::Send { .. } => {}
        }
    }

    /// A request of the peer in this dialog, found free of faults that do not depend on the dialog.
    pub(crate) fn receive(&mut self, key: ServerKey, request: Request, from: SocketAddr, line: &mut Line<'_>) {
        if matches!(self.phase, Phase::Over) {
            return self.reply(key, &request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST, line);
        }
        let cseq = number_of(&request.headers);
        let Some(dialog) = self.dialog_with(request.headers.from_tag().unwrap_or_default()) else {
            return self.reply(key, &request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST, line);
        };
        dialog.came_from(from);
        if !dialog.in_order(cseq) {
            let response = self.response_to(&request, StatusCode::SERVER_INTERNAL_ERROR, line);
            return line.respond(key, response.with_reason("CSeq Out Of Order"));
        }
        match request.method {
            Method::Invite => self.reinvited(key, request, line),
            Method::Update => self.updated(key, request, line),
            Method::Prack => self.pracked(key, request, line),
            Method::Bye => self.byed(key, &request, line),
            Method::Info => self.informed(key, &request, line),
            Method::Notify => self.notified(key, &request, line),
            Method::Options => {
                let mut response = self.response_to(&request, StatusCode::OK, line);
                line.card.describe(&mut response.headers);
                line.respond(key, response);
            }
            Method::Refer
            | Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Subscribe
            | Method::Message
            | Method::Publish
            | Method::Other(_) => self.reply(key, &request, StatusCode::METHOD_NOT_ALLOWED, line),
        }
    }

    /// REFER of the peer in this dialog, read by the endpoint.
    pub(crate) fn receive_refer(
        &mut self,
        key: ServerKey,
        request: Request,
        from: SocketAddr,
        asked: Asked,
        line: &mut Line<'_>,
    ) {
        match self.phase {
            Phase::Confirmed | Phase::Incoming(_) => {}
            // Whoever has not answered has nobody to hand over, and may still turn out to be one of several.
            Phase::Outgoing(_) => return self.reply(key, &request, StatusCode::REQUEST_PENDING, line),
            Phase::Closing(_) | Phase::Over => {
                return self.reply(key, &request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST, line);
            }
        }
        let cseq = number_of(&request.headers);
        if let Some(dialog) = self.dialog_with(request.headers.from_tag().unwrap_or_default()) {
            dialog.came_from(from);
            if !dialog.in_order(cseq) {
                return self.reply(key, &request, StatusCode::SERVER_INTERNAL_ERROR, line);
            }
        }
        self.referred(key, request, asked, line);
    }

    /// The answer to a request of ours.
    pub(crate) fn respond(&mut self, key: ClientKey, response: Response, from: SocketAddr, line: &mut Line<'_>) {
        let Some(at) = self.flights.iter().position(|flight| flight.key == key) else {
            return self.repeated(&response, line);
        };
        let flight = self.flights[at];
        if response.status.is_provisional() {
            if flight.purpose == Purpose::Invite {
                self.proceeding(&response, from, line);
            } else if matches!(self.phase, Phase::Over) {
                give_up(&mut self.flights[at], line);
            }
            return;
        }
        self.flights.remove(at);
        if self.again_with_credentials(flight, &response, line) {
            return;
        }
        match flight.purpose {
            Purpose::Invite => self.invite_answered(key, response, from, line),
            Purpose::Offer => self.offer_answered(key, &response, line),
            Purpose::Bye => self.phase = Phase::Over,
            Purpose::Refer => self.refer_answered(response.status, line),
            Purpose::Notify(subscription) => self.notify_answered(subscription, response.status, line),
            Purpose::Info => drop(self.end_if_gone(response.status, line)),
            Purpose::Prack => {}
        }
    }

    /// A request of ours came to nothing: nobody answered (408), or it could not be sent (503).
    pub(crate) fn unanswered(&mut self, key: ClientKey, status: StatusCode, line: &mut Line<'_>) {
        let Some(at) = self.flights.iter().position(|flight| flight.key == key) else { return };
        let flight = self.flights.remove(at);
        match flight.purpose {
            Purpose::Invite => self.invite_unanswered(status, line),
            Purpose::Offer => self.offer_unanswered(status, flight.cancelled, line),
            Purpose::Bye => self.phase = Phase::Over,
            Purpose::Refer => self.refer_answered(status, line),
            // The subscription ends, the dialog does not: that is for the requests of the dialog itself to find out.
            Purpose::Notify(subscription) => self.notify_answered(subscription, StatusCode::REQUEST_TIMEOUT, line),
            Purpose::Info => drop(self.end_if_gone(status, line)),
            Purpose::Prack => {}
        }
    }

    /// An alarm rings.
    pub(crate) fn wake(&mut self, alarm: Alarm, line: &mut Line<'_>) {
        match alarm {
            Alarm::Success => self.repeat_success(line),
            Alarm::Provisional => self.repeat_provisional(line),
            Alarm::Ringing => self.still_ringing(line),
            Alarm::Glare => {
                self.offers.paused = false;
                self.pump_offers(line);
            }
            Alarm::Patience => self.flights.iter_mut().for_each(|flight| give_up(flight, line)),
            Alarm::Refresh => self.refresh(line),
            Alarm::Expire => self.lose(Cause::Expired, line),
            Alarm::Forks => self.acks.close(),
            Alarm::Linger => self.subscriptions = Subscriptions::default(),
        }
        self.bye_when_ready(line);
    }

    fn dialog_with(&mut self, remote_tag: &str) -> Option<&mut Dialog> {
        match &mut self.phase {
            Phase::Outgoing(uac) => uac.dialog_with(remote_tag),
            Phase::Incoming(_) | Phase::Confirmed | Phase::Closing(_) | Phase::Over => {
                (self.dialog.remote_tag.as_deref() == Some(remote_tag)).then_some(&mut self.dialog)
            }
        }
    }

    /// The dialog with that remote tag: an early one of our INVITE, or else that of the leg.
    pub(super) fn dialog_of(&mut self, remote_tag: &str) -> &mut Dialog {
        let early = match &mut self.phase {
            Phase::Outgoing(uac) => uac.dialog_with(remote_tag),
            Phase::Incoming(_) | Phase::Confirmed | Phase::Closing(_) | Phase::Over => None,
        };
        early.unwrap_or(&mut self.dialog)
    }

    fn again_with_credentials(&mut self, flight: Flight, response: &Response, line: &mut Line<'_>) -> bool {
        let asked = matches!(response.status, StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED);
        if !asked || flight.cancelled {
            return false;
        }
        let Some(sent) = line.table.sent(flight.key) else { return false };
        let cnonce = token(line.chance);
        let Some(again) = self.auth.answer(sent, response, flight.tries, &cnonce) else { return false };
        if flight.purpose == Purpose::Invite {
            return self.invite_again(again, flight.tries + 1, line);
        }
        self.launch_again(flight, again, line);
        true
    }

    fn launch_again(&mut self, flight: Flight, mut request: Request, line: &mut Line<'_>) {
        let dialog = self.dialog_of(request.headers.to_tag().unwrap_or_default());
        let (cseq, hop) = (dialog.next_cseq(), dialog.hop());
        request.headers.replace("CSeq", format_args!("{cseq} {}", request.method.as_str()));
        let key = line.request(self.id, request, hop);
        self.flights.push(Flight { key, tries: flight.tries + 1, ..flight });
    }

    /// Sends a request of the dialog.
    pub(super) fn launch(&mut self, purpose: Purpose, request: Request, hop: SocketAddr, line: &mut Line<'_>) {
        let key = line.request(self.id, request, hop);
        self.flights.push(Flight { key, purpose, tries: 0, cancelled: false });
    }

    /// A response of this dialog to a request, with our tag and name.
    pub(super) fn response_to(&self, request: &Request, status: StatusCode, line: &Line<'_>) -> Response {
        let mut response = Response::to(request, status, Some(&self.dialog.local_tag));
        line.card.serve(&mut response);
        response
    }

    /// Answers a request of the peer with nothing but a status.
    pub(super) fn reply(&self, key: ServerKey, request: &Request, status: StatusCode, line: &mut Line<'_>) {
        let mut response = self.response_to(request, status, line);
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers.push("Allow", super::card::ALLOW);
        }
        line.respond(key, response);
    }

    /// Tells what happened, unless the leg was ended from above.
    pub(super) fn tell(&self, event: Event, line: &mut Line<'_>) {
        if !self.silent {
            line.events.push_back(event);
        }
    }
}
