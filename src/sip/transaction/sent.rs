//! A request that we sent, while its transaction lives.

use super::{
    action::Action,
    client, invite_client,
    outbox::{Outbox, Owner},
    table::{ClientKey, Event},
    timer::Timer,
};
use crate::sip::wire::{Headers, Method, Request, Response};
use bytes::Bytes;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// A client transaction.
#[derive(Debug)]
pub(super) struct Sent {
    id: Box<str>,
    machine: Machine,
    request: Request,
    to: SocketAddr,
    /// What is sent again: the request, later its ACK.
    datagram: Bytes,
    /// The last span of Timer A or E.
    pause: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Machine {
    Invite(invite_client::State),
    Other(client::State),
}

impl Sent {
    /// Sends the request. `id` is what the table finds it by.
    pub(super) fn new(
        key: ClientKey,
        id: Box<str>,
        request: Request,
        to: SocketAddr,
        out: &mut Outbox,
        now: Instant,
    ) -> Self {
        let (machine, birth) = match request.method == Method::Invite {
            true => (Machine::Invite(invite_client::State::Calling), invite_client::BIRTH),
            false => (Machine::Other(client::State::Trying), client::BIRTH),
        };
        let datagram = request.print();
        let mut sent = Self { id, machine, request, to, datagram, pause: Duration::ZERO };
        sent.carry_out(key, birth, None, out, now);
        sent
    }

    /// A response came; it is given back if the transaction user shall see it.
    pub(super) fn receive(
        &mut self,
        key: ClientKey,
        response: Response,
        out: &mut Outbox,
        now: Instant,
    ) -> Option<Response> {
        let status = response.status;
        let actions = self.step(
            match () {
                () if status.is_provisional() => invite_client::Input::Provisional,
                () if status.is_success() => invite_client::Input::Success,
                () => invite_client::Input::Refusal,
            },
            if status.is_provisional() { client::Input::Provisional } else { client::Input::Final },
        );
        self.carry_out(key, actions, Some(&response), out, now).then_some(response)
    }

    /// A timer of ours is due.
    pub(super) fn wake(&mut self, key: ClientKey, timer: Timer, out: &mut Outbox, now: Instant) {
        let actions = self.step(invite_client::Input::Timer(timer), client::Input::Timer(timer));
        self.carry_out(key, actions, None, out, now);
    }

    /// Nothing can be sent there.
    pub(super) fn fail(&mut self, key: ClientKey, out: &mut Outbox, now: Instant) {
        let actions = self.step(invite_client::Input::TransportError, client::Input::TransportError);
        self.carry_out(key, actions, None, out, now);
    }

    /// The CANCEL of this INVITE and where it goes; `None` where there is nothing to cancel (9.1).
    pub(super) fn cancel(
        &mut self,
        key: ClientKey,
        reason: Option<&str>,
        out: &mut Outbox,
        now: Instant,
    ) -> Option<(Request, SocketAddr)> {
        let Machine::Invite(state @ invite_client::State::Proceeding) = self.machine else { return None };
        let (state, actions) = invite_client::step(state, invite_client::Input::Cancel);
        self.machine = Machine::Invite(state);
        self.carry_out(key, actions, None, out, now);
        let cancel = self.companion(Method::Cancel, self.request.headers.get("To").unwrap_or_default());
        Some((reason.map_or(cancel.clone(), |reason| cancel.with("Reason", reason)), self.to))
    }

    pub(super) fn request(&self) -> &Request {
        &self.request
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn to(&self) -> SocketAddr {
        self.to
    }

    /// Whether nothing of it will be sent again; it is remembered for a while yet.
    fn is_settled(&self) -> bool {
        matches!(
            self.machine,
            Machine::Invite(invite_client::State::Accepted) | Machine::Other(client::State::Completed)
        )
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(
            self.machine,
            Machine::Invite(invite_client::State::Terminated) | Machine::Other(client::State::Terminated)
        )
    }

    /// Steps whichever machine it is.
    fn step(&mut self, if_invite: invite_client::Input, if_other: client::Input) -> &'static [Action] {
        match self.machine {
            Machine::Invite(state) => {
                let (next, actions) = invite_client::step(state, if_invite);
                self.machine = Machine::Invite(next);
                actions
            }
            Machine::Other(state) => {
                let (next, actions) = client::step(state, if_other);
                self.machine = Machine::Other(next);
                actions
            }
        }
    }

    /// Does what the machine asks; says whether the message is to be told.
    fn carry_out(
        &mut self,
        key: ClientKey,
        actions: &[Action],
        response: Option<&Response>,
        out: &mut Outbox,
        now: Instant,
    ) -> bool {
        let owner = Owner::Client(key);
        let mut tell = false;
        let mut end = Event::Gone(key);
        for action in actions {
            match *action {
                Action::Send => out.send(self.to, self.datagram.clone()),
                Action::Acknowledge => {
                    let to = response.and_then(|response| response.headers.get("To")).unwrap_or_default();
                    self.datagram = self.companion(Method::Ack, to).print();
                    out.send(self.to, self.datagram.clone());
                }
                Action::Tell => tell = true,
                Action::TellTimeout => end = Event::Timeout(key),
                Action::TellFailed => end = Event::Failed(key),
                Action::Start(timer @ (Timer::A | Timer::E)) => self.pause = out.start(owner, timer, now),
                Action::Start(timer) => {
                    out.start(owner, timer, now);
                }
                Action::Repeat(timer) => {
                    let pause = out.timers.next(timer, self.pause);
                    self.pause = out.start_for(owner, timer, pause, now);
                }
                Action::RepeatSlowly(timer) => self.pause = out.start_for(owner, timer, out.timers.t2, now),
                Action::Stop(timer) => out.stop(owner, timer),
                Action::TellAckTimeout => {}
            }
        }
        if self.is_settled() {
            self.datagram = Bytes::new();
        }
        if self.is_settled() && response.is_some_and(|response| response.status.is_success()) {
            self.forget_all_but_credentials();
        }
        if self.is_over() {
            let timers =
                if matches!(self.machine, Machine::Invite(_)) { invite_client::TIMERS } else { client::TIMERS };
            timers.iter().for_each(|timer| out.stop(owner, *timer));
            out.events.push_back(end);
        }
        tell
    }

    /// Nobody will send it anew: what is left is for the ACK of further 2xx (13.2.2.4).
    fn forget_all_but_credentials(&mut self) {
        let mut headers = Headers::default();
        for name in ["Authorization", "Proxy-Authorization"] {
            self.request.headers.get_all(name).for_each(|value| headers.push(name, value));
        }
        self.request.headers = headers;
        self.request.body = Bytes::new();
    }

    /// ACK or CANCEL: a request with the Request-URI, top Via, Route, From, Call-ID and CSeq number of this one (17.1.1.3, 9.1).
    fn companion(&self, method: Method, to: &str) -> Request {
        let ours = &self.request.headers;
        let mut request = Request::new(method, self.request.uri.clone());
        if let Some(via) = ours.list("Via").next() {
            request.headers.push("Via", via);
        }
        for route in ours.get_all("Route") {
            request.headers.push("Route", route);
        }
        request.headers.push("Max-Forwards", 70);
        for name in ["From", "Call-ID"] {
            request.headers.push(name, ours.get(name).unwrap_or_default());
        }
        request.headers.push("To", to);
        let number = ours.cseq().map_or(0, |cseq| cseq.number);
        let cseq = format!("{number} {}", request.method.as_str());
        request.headers.push("CSeq", cseq);
        request
    }
}
