//! Our 2xx to an INVITE until its ACK (RFC 3261 13.3.1.4), and our ACKs as long as a 2xx may be repeated (13.2.2.4).

use super::{
    leg::{Leg, Phase},
    line::{Alarm, Line},
    state::{Dialog, number_of},
};
use crate::sip::{
    Cause, Event,
    transaction::ServerKey,
    wire::{Method, Request, Response, sdp_body},
};
use bytes::Bytes;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// How many ACKs are kept: one for each of as many forks as are followed.
const KEPT: usize = 16;

/// A 2xx that waits for its ACK.
#[derive(Debug)]
pub(crate) struct Unacked {
    key: ServerKey,
    cseq: u32,
    response: Response,
    since: Instant,
    interval: Duration,
    /// It answers the INVITE that started the leg.
    pub(crate) initial: bool,
    /// It carries our offer, the answer to which comes in the ACK.
    pub(crate) offers: bool,
}

/// The ACKs that we sent.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    /// Until 64*T1 after the first 2xx: more may come.
    open: bool,
    sent: Vec<Ack>,
    owed: Option<Owed>,
}

/// An ACK that waits for our answer from above.
#[derive(Debug)]
pub(crate) struct Owed {
    pub(super) cseq: u32,
    pub(super) credentials: Vec<(&'static str, String)>,
}

#[derive(Debug)]
struct Ack {
    cseq: u32,
    remote_tag: String,
    datagram: Bytes,
    hop: SocketAddr,
}

impl Acks {
    /// Whether a 2xx may still come that needs one.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// From now on 2xx may come again.
    pub(crate) fn open(&mut self) {
        self.open = true;
    }

    /// No 2xx comes again.
    pub(crate) fn close(&mut self) {
        self.open = false;
        self.sent.clear();
    }

    /// The ACK of that INVITE waits for our answer.
    pub(super) fn owe(&mut self, cseq: u32, credentials: Vec<(&'static str, String)>) {
        self.owed = Some(Owed { cseq, credentials });
    }

    /// The ACK that waits.
    pub(super) fn take_owed(&mut self) -> Option<Owed> {
        self.owed.take()
    }

    fn keep(&mut self, ack: Ack) {
        if self.sent.len() == KEPT {
            self.sent.remove(0);
        }
        self.sent.reserve_exact(1);
        self.sent.push(ack);
    }
}

impl Leg {
    /// Sends a 2xx to an INVITE and repeats it until its ACK.
    pub(super) fn succeed(
        &mut self,
        key: ServerKey,
        (cseq, response): (u32, Response),
        (initial, offers): (bool, bool),
        line: &mut Line<'_>,
    ) {
        let interval = line.settings.t1;
        line.respond(key, response.clone());
        line.wake(self.id, Alarm::Success, interval);
        self.unacked = Some(Unacked { key, cseq, response, since: line.now, interval, initial, offers });
    }

    /// Timer of 13.3.1.4: T1, doubled up to T2, for 64*T1.
    pub(super) fn repeat_success(&mut self, line: &mut Line<'_>) {
        let t1 = line.settings.t1;
        let Some(unacked) = &mut self.unacked else { return };
        if line.now >= unacked.since + 64 * t1 {
            self.unacked = None;
            return self.lose(Cause::NoAck, line);
        }
        line.respond(unacked.key, unacked.response.clone());
        unacked.interval = (unacked.interval * 2).min(8 * t1);
        let next = (line.now + unacked.interval).min(unacked.since + 64 * t1);
        line.wake_at(self.id, Alarm::Success, next);
    }

    /// ACK from the peer. One that fits nothing is a repetition.
    pub(crate) fn receive_ack(&mut self, ack: &Request, from: SocketAddr, line: &mut Line<'_>) {
        if self.unacked.as_ref().is_none_or(|unacked| unacked.cseq != number_of(&ack.headers)) {
            return;
        }
        self.dialog.came_from(from);
        self.settled(sdp_body(&ack.headers, &ack.body), line);
    }

    /// The 2xx has arrived, as its ACK or a later INVITE of the peer proves.
    pub(super) fn settled(&mut self, body: Option<Bytes>, line: &mut Line<'_>) {
        let Some(unacked) = self.unacked.take() else { return };
        line.calm(self.id, Alarm::Success);
        let body = body.filter(|_| unacked.offers);
        self.tell(Event::Acked { leg: self.id, body }, line);
        self.bye_when_ready(line);
        self.pump_offers(line);
    }

    /// Sends the ACK of a 2xx in `dialog`, with the credentials of its INVITE (22.1), and keeps it for repetitions.
    pub(super) fn send_ack(
        &mut self,
        dialog: &Dialog,
        cseq: u32,
        body: Option<Bytes>,
        credentials: &[(&'static str, String)],
        line: &mut Line<'_>,
    ) {
        let remote_tag = dialog.remote_tag.as_deref().unwrap_or_default();
        let (mut ack, hop) = dialog.numbered(Method::Ack, cseq);
        for (name, value) in credentials {
            ack.headers.push(name, value);
        }
        if let Some(body) = body {
            ack = ack.with_body("application/sdp", body);
        }
        let datagram = line.acknowledge(ack, hop);
        self.acks.keep(Ack { cseq, remote_tag: remote_tag.to_owned(), datagram, hop });
    }

    /// A 2xx to an INVITE of ours that had one already: ACK again; of a further fork: ACK and BYE (13.2.2.4).
    pub(crate) fn repeated(&mut self, response: &Response, line: &mut Line<'_>) {
        let Ok(cseq) = response.headers.cseq() else { return };
        if !response.status.is_success() || cseq.method != Method::Invite {
            return;
        }
        let tag = response.headers.to_tag().unwrap_or_default().to_owned();
        let kept = self.acks.sent.iter().find(|ack| ack.cseq == cseq.number && ack.remote_tag == tag);
        if let Some(ack) = kept {
            return line.table.send_again(ack.datagram.clone(), ack.hop);
        }
        let own = self.dialog.remote_tag.as_deref() == Some(tag.as_str());
        if !own && self.acks.is_open() && self.acks.sent.len() < KEPT && !matches!(self.phase, Phase::Outgoing(_)) {
            self.dismiss(response, &tag, line);
        }
    }
}
