//! Our INVITE until its final answer (RFC 3261 13.2, RFC 3262 4, 9.1).

use super::{
    card, cause,
    client_auth::ClientAuth,
    leg::{Flight, Leg, Phase},
    line::{Alarm, Line, Purpose, token},
    offer::Turn,
    reliable::Received,
    session_timer::Terms,
    state::{Dialog, number_of},
};
use crate::sip::{
    Cause, Event, Failure, Invite,
    transaction::ClientKey,
    wire::{self, Contacts, Method, Request, Response, StatusCode, sdp_body},
};
use bytes::Bytes;
use std::net::SocketAddr;

/// How many early dialogs of a forking proxy are followed; answers of further ones are ignored until they are a 2xx.
const MOST_FORKS: usize = 16;

/// An INVITE that waits for the peer.
#[derive(Debug)]
pub(crate) struct UacInvite {
    key: ClientKey,
    hop: SocketAddr,
    offered: bool,
    /// Some provisional came: CANCEL may be sent (9.1).
    proceeding: bool,
    /// We gave up: CANCEL was sent, or waits for a provisional.
    cancelled: Option<Cause>,
    cancel_sent: bool,
    forks: Vec<Fork>,
    /// A reliable provisional brought the answer (or, without an offer of ours, the peer's offer).
    early: Option<Bytes>,
}

/// One early dialog.
#[derive(Debug)]
struct Fork {
    dialog: Dialog,
    received: Received,
}

impl UacInvite {
    pub(super) fn knows(&self, remote_tag: &str) -> bool {
        self.forks.iter().any(|fork| fork.dialog.remote_tag.as_deref() == Some(remote_tag))
    }

    pub(super) fn dialog_with(&mut self, remote_tag: &str) -> Option<&mut Dialog> {
        let fork = self.forks.iter_mut().find(|fork| fork.dialog.remote_tag.as_deref() == Some(remote_tag))?;
        Some(&mut fork.dialog)
    }

    pub(super) fn first_dialog(&self) -> Option<&Dialog> {
        self.forks.first().map(|fork| &fork.dialog)
    }

    /// The early dialog, where there is only one that an UPDATE could mean.
    pub(super) fn only_dialog(&mut self) -> Option<&mut Dialog> {
        match self.forks.as_mut_slice() {
            [fork] => Some(&mut fork.dialog),
            _ => None,
        }
    }

    /// Whether our offer waits for its answer.
    pub(super) fn owed_answer(&self) -> bool {
        self.early.is_none()
    }

    /// Whether one of the early dialogs is meant.
    pub(super) fn is_meant_by(&self, replaces: &wire::Replaces) -> bool {
        self.forks.iter().any(|fork| fork.dialog.id().is_some_and(|id| id.is_meant_by(replaces)))
    }

    /// CANCEL, once, if it is wished and may go (9.1).
    fn send_cancel(&mut self, line: &mut Line<'_>) {
        let Some(cause) = self.cancelled.filter(|_| self.proceeding && !self.cancel_sent) else { return };
        self.cancel_sent = true;
        let reason = cause::reason(cause).map(|reason| reason.to_string());
        line.table.cancel(self.key, reason.as_deref(), line.now);
    }
}

impl Leg {
    /// Sends the INVITE of a new leg.
    pub(crate) fn outgoing(invite: Invite, line: &mut Line<'_>) -> Self {
        let tag = token(line.chance);
        let call_id = token(line.chance);
        let local = invite.from.clone().with_tag(&tag).to_string();
        let remote = invite.to.to_string();
        let mut dialog =
            Dialog::outgoing(call_id, tag, (local, remote), invite.uri.clone(), invite.route.clone(), invite.hop);
        let (mut request, _) = dialog.request(Method::Invite);
        request.headers.replace("Max-Forwards", invite.max_forwards);
        let supported = if invite.body.is_some() { card::SUPPORTED } else { card::SUPPORTED_UNRELIABLE };
        line.card.introduce(&mut request.headers, supported);
        if let Some(asserted) = &invite.asserted {
            request.headers.push("P-Asserted-Identity", asserted);
        }
        if let Some(privacy) = &invite.privacy {
            request.headers.push("Privacy", privacy);
        }
        for (name, value) in &invite.headers {
            request.headers.push(name, value);
        }
        let offered = invite.body.is_some();
        if let Some(body) = &invite.body {
            request = request.with_body("application/sdp", body.clone());
        }
        let auth = ClientAuth::new(invite.credentials);
        let timer =
            super::session_timer::SessionTimer::new(line.settings.session_expires, line.settings.min_session_expires);
        timer.asked().write(&mut request.headers);
        let key = line.request(invite.leg, request, invite.hop);
        let uac = UacInvite {
            key,
            hop: invite.hop,
            offered,
            proceeding: false,
            cancelled: None,
            cancel_sent: false,
            forks: Vec::new(),
            early: None,
        };
        let mut leg = Self::new(invite.leg, Phase::Outgoing(Box::new(uac)), dialog, auth, line);
        leg.last_sdp = invite.body;
        leg.flights.push(Flight { key, purpose: Purpose::Invite, tries: 0, cancelled: false });
        leg
    }

    /// The INVITE anew, with credentials or a longer session interval; the same dialog as far as there is one (8.1.3.5).
    pub(super) fn invite_again(&mut self, mut request: Request, tries: u8, line: &mut Line<'_>) -> bool {
        let Phase::Outgoing(uac) = &mut self.phase else { return false };
        if uac.cancelled.is_some() {
            return false;
        }
        let cseq = self.dialog.next_cseq();
        request.headers.replace("CSeq", format_args!("{cseq} INVITE"));
        uac.forks.clear();
        uac.proceeding = false;
        uac.early = None;
        uac.key = line.request(self.id, request, uac.hop);
        self.flights.push(Flight { key: uac.key, purpose: Purpose::Invite, tries, cancelled: false });
        true
    }

    pub(super) fn proceeding(&mut self, response: &Response, from: SocketAddr, line: &mut Line<'_>) {
        let Phase::Outgoing(uac) = &mut self.phase else { return };
        uac.proceeding = true;
        uac.send_cancel(line);
        if response.status == StatusCode::TRYING {
            return;
        }
        let body = sdp_body(&response.headers, &response.body);
        let tag = response.headers.to_tag();
        let reliable = response.headers.requires("100rel").then(|| response.headers.rseq().ok().flatten()).flatten();
        let Some(tag) = tag else {
            // Without a tag there is no dialog, and nothing to acknowledge in; it still rings.
            let body = body.filter(|_| uac.offered);
            return self.tell(Event::Progress { leg: self.id, status: response.status, body }, line);
        };
        let Some(fork) = fork_of(uac, &self.dialog, response, tag) else { return };
        fork.dialog.came_from(from);
        if let Some(rseq) = reliable {
            if !fork.received.take(rseq) {
                return;
            }
            let (mut prack, hop) = fork.dialog.request(Method::Prack);
            prack.headers.push("RAck", format_args!("{rseq} {}", response.headers.get("CSeq").unwrap_or_default()));
            if uac.early.is_none() {
                uac.early.clone_from(&body);
            }
            self.launch(Purpose::Prack, prack, hop, line);
        }
        let Phase::Outgoing(uac) = &self.phase else { return };
        let body = body.filter(|_| uac.offered);
        self.tell(Event::Progress { leg: self.id, status: response.status, body }, line);
        self.pump_offers(line);
    }

    pub(super) fn invite_answered(
        &mut self,
        key: ClientKey,
        response: Response,
        from: SocketAddr,
        line: &mut Line<'_>,
    ) {
        if response.status.is_success() {
            return self.invite_accepted(key, &response, from, line);
        }
        if response.status == StatusCode::SESSION_INTERVAL_TOO_SMALL
            && self.timer.raise(response.headers.min_se_s().unwrap_or_default())
            && let Some(mut again) = line.table.sent(key).cloned()
        {
            self.timer.asked().write(&mut again.headers);
            if self.invite_again(again, 0, line) {
                return;
            }
        }
        let failure = Failure {
            status: response.status,
            reason: response.reason.clone(),
            contacts: if response.status.is_redirection() { contacts(&response) } else { Vec::new() },
            retry_after_s: response.headers.retry_after().ok().flatten().map(|retry| retry.seconds),
        };
        self.fail(failure, line);
    }

    pub(super) fn invite_unanswered(&mut self, status: StatusCode, line: &mut Line<'_>) {
        let reason = status.reason().to_owned();
        self.fail(Failure { status, reason, contacts: Vec::new(), retry_after_s: None }, line);
    }

    fn fail(&mut self, failure: Failure, line: &mut Line<'_>) {
        self.tell(Event::Failed { leg: self.id, failure }, line);
        self.silent = true;
        self.stop(line);
    }

    fn invite_accepted(&mut self, key: ClientKey, response: &Response, from: SocketAddr, line: &mut Line<'_>) {
        let tag = response.headers.to_tag().unwrap_or_default().to_owned();
        let Phase::Outgoing(uac) = std::mem::replace(&mut self.phase, Phase::Over) else { return };
        let mut early = uac.forks.into_iter().map(|fork| fork.dialog);
        if let Some(dialog) = early.find(|dialog| dialog.remote_tag.as_deref() == Some(&tag)) {
            self.dialog = dialog;
        }
        self.dialog.came_from(from);
        self.dialog.answered(response, &tag);
        self.acks.open();
        line.wake(self.id, Alarm::Forks, 64 * line.settings.t1);
        let cseq = number_of(&response.headers);
        if let Some(cause) = uac.cancelled {
            // The 2xx crossed our CANCEL (9.1, 15): the call exists, and ends by BYE.
            let dialog = self.dialog.clone();
            self.send_ack(&dialog, cseq, None, &line.credentials_of(key), line);
            self.phase = Phase::Closing(cause);
            return self.bye_when_ready(line);
        }
        self.phase = Phase::Confirmed;
        self.timer.settle(Terms::of(&response.headers));
        self.start_timer(line);
        let said = sdp_body(&response.headers, &response.body);
        let body = if uac.offered { said } else { said.or(uac.early) };
        self.acks.owe(cseq, line.credentials_of(key));
        if uac.offered || body.is_none() {
            self.send_owed(None, line);
        } else {
            // An offer of the early dialog that still waits is overtaken by this one.
            self.refuse_pending(line);
            self.offers.turn = Turn::OweAck;
        }
        let asserted = response.headers.p_asserted_identity().unwrap_or_default().into_iter().next();
        self.tell(Event::Answered { leg: self.id, body, asserted }, line);
        self.pump_offers(line);
    }

    /// A 2xx of a further fork: its call exists too, and ends at once (13.2.2.4).
    pub(super) fn dismiss(&mut self, response: &Response, tag: &str, line: &mut Line<'_>) {
        let mut dialog = self.dialog.clone();
        dialog.answered(response, tag);
        dialog.local_cseq = number_of(&response.headers);
        self.send_ack(&dialog, number_of(&response.headers), None, &[], line);
        let (bye, hop) = dialog.request(Method::Bye);
        // Its answer, or silence, changes nothing for this leg: an INFO has as little to say.
        line.request(self.id, bye, hop);
    }

    pub(super) fn cancel_invite(&mut self, cause: Cause, line: &mut Line<'_>) {
        self.refuse_pending(line);
        let Phase::Outgoing(uac) = &mut self.phase else { return };
        uac.cancelled = Some(cause);
        uac.send_cancel(line);
    }
}

/// The early dialog that a provisional is of, made if it is new.
fn fork_of<'a>(uac: &'a mut UacInvite, template: &Dialog, response: &Response, tag: &str) -> Option<&'a mut Fork> {
    let known = uac.forks.iter().position(|fork| fork.dialog.remote_tag.as_deref() == Some(tag));
    let at = match known {
        Some(at) => {
            // The first 1xx of some says nothing of Contact and Allow.
            uac.forks[at].dialog.refresh(&response.headers);
            at
        }
        None if uac.forks.len() == MOST_FORKS => return None,
        None => {
            let mut dialog = template.clone();
            dialog.answered(response, tag);
            uac.forks.push(Fork { dialog, received: Received::default() });
            uac.forks.len() - 1
        }
    };
    uac.forks.get_mut(at)
}

/// Contacts of a 3xx, best q first.
fn contacts(response: &Response) -> Vec<crate::sip::wire::Uri> {
    match response.headers.contacts() {
        Ok(Contacts::List(mut list)) => {
            list.sort_by_key(|contact| std::cmp::Reverse(contact.q()));
            list.into_iter().map(|contact| contact.uri).collect()
        }
        Ok(Contacts::All) | Err(_) => Vec::new(),
    }
}
