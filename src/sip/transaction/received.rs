//! A request that came to us, while its transaction lives.

use super::{
    action::Action,
    invite_server,
    outbox::{Outbox, Owner},
    server,
    table::{Event, ServerKey},
    timer::Timer,
};
use crate::sip::wire::{Method, Request, Response};
use bytes::Bytes;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// A server transaction.
#[derive(Debug)]
pub(super) struct Received {
    id: Box<str>,
    machine: Machine,
    to: SocketAddr,
    /// The last response.
    datagram: Bytes,
    /// The last span of Timer G.
    pause: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Machine {
    Invite(invite_server::State),
    Other(server::State),
}

impl Received {
    /// An INVITE came, which is answered with 100 at once (17.2.1). `id` is what the table finds it by.
    pub(super) fn invite(id: Box<str>, trying: &Response, to: SocketAddr, out: &mut Outbox) -> Self {
        let datagram = trying.print();
        out.send(to, datagram.clone());
        Self { id, machine: Machine::Invite(invite_server::State::Proceeding), to, datagram, pause: Duration::ZERO }
    }

    /// Any other request came.
    pub(super) fn other(id: Box<str>, to: SocketAddr) -> Self {
        let machine = Machine::Other(server::State::Trying);
        Self { id, machine, to, datagram: Bytes::new(), pause: Duration::ZERO }
    }

    /// The request again, or its ACK; whether the transaction user shall see it.
    pub(super) fn receive(&mut self, key: ServerKey, request: &Request, out: &mut Outbox, now: Instant) -> bool {
        let if_invite = match request.method == Method::Ack {
            true => invite_server::Input::Ack,
            false => invite_server::Input::Invite,
        };
        let actions = self.step(if_invite, server::Input::Request);
        self.carry_out(key, actions, out, now)
    }

    /// The transaction user answers.
    pub(super) fn respond(&mut self, key: ServerKey, response: &Response, out: &mut Outbox, now: Instant) {
        let status = response.status;
        let actions = self.step(
            match () {
                () if status.is_provisional() => invite_server::Input::Provisional,
                () if status.is_success() => invite_server::Input::Success,
                () => invite_server::Input::Refusal,
            },
            if status.is_provisional() { server::Input::Provisional } else { server::Input::Final },
        );
        if !actions.is_empty() {
            self.datagram = response.print();
        }
        self.carry_out(key, actions, out, now);
    }

    /// A timer of ours is due.
    pub(super) fn wake(&mut self, key: ServerKey, timer: Timer, out: &mut Outbox, now: Instant) {
        let actions = self.step(invite_server::Input::Timer(timer), server::Input::Timer(timer));
        self.carry_out(key, actions, out, now);
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(
            self.machine,
            Machine::Invite(invite_server::State::Terminated) | Machine::Other(server::State::Terminated)
        )
    }

    /// Steps whichever machine it is.
    fn step(&mut self, if_invite: invite_server::Input, if_other: server::Input) -> &'static [Action] {
        match self.machine {
            Machine::Invite(state) => {
                let (next, actions) = invite_server::step(state, if_invite);
                self.machine = Machine::Invite(next);
                actions
            }
            Machine::Other(state) => {
                let (next, actions) = server::step(state, if_other);
                self.machine = Machine::Other(next);
                actions
            }
        }
    }

    /// Does what the machine asks; says whether the message is to be told.
    fn carry_out(&mut self, key: ServerKey, actions: &[Action], out: &mut Outbox, now: Instant) -> bool {
        let owner = Owner::Server(key);
        let mut tell = false;
        for action in actions {
            match *action {
                Action::Send => out.send(self.to, self.datagram.clone()),
                Action::Tell => tell = true,
                Action::TellAckTimeout => out.events.push_back(Event::AckTimeout(key)),
                Action::Start(timer @ Timer::G) => self.pause = out.start(owner, timer, now),
                Action::Start(timer) => {
                    out.start(owner, timer, now);
                }
                Action::Repeat(timer) => {
                    let pause = out.timers.next(timer, self.pause);
                    self.pause = out.start_for(owner, timer, pause, now);
                }
                Action::Stop(timer) => out.stop(owner, timer),
                Action::Acknowledge | Action::TellTimeout | Action::TellFailed | Action::RepeatSlowly(_) => {}
            }
        }
        if self.machine == Machine::Invite(invite_server::State::Accepted) {
            // The dialog repeats a 2xx by itself.
            self.datagram = Bytes::new();
        }
        if self.is_over() {
            let timers =
                if matches!(self.machine, Machine::Invite(_)) { invite_server::TIMERS } else { server::TIMERS };
            timers.iter().for_each(|timer| out.stop(owner, *timer));
        }
        tell
    }
}
