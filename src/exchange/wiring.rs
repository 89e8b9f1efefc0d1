//! Endpoint, switchboard and calls in one.

use super::{News, Order, Ports, gate::Gate, queues::Waiting, recordings::Recordings};
use crate::{
    call::{self, Call, CallSettings, Epoch, RoomSettings},
    deadlines::Deadlines,
    destination::Caller,
    ids::{CallId, EntryId, LegId, LegIds, Numbers, WishId},
    media,
    sip::{self, Endpoint},
    switch::{self, Binding, Switchboard},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// What an exchange must know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For the endpoint.
    pub sip: sip::Settings,
    /// For each call.
    pub call: CallSettings,
    /// Calls at once, rooms among them; more are answered 503 with Retry-After. Transfers and recalls are not counted.
    pub max_calls: usize,
    /// New calls a second; more are answered 503 with Retry-After.
    pub max_calls_per_second: u32,
    /// How long calls may go on after `shutdown`.
    pub shutdown_grace: Duration,
}

/// How much of everything is alive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls, rooms included.
    pub calls: usize,
    /// Legs that belong to a call; each has a port.
    pub legs: usize,
    /// Trunk lines in use.
    pub lines: usize,
    /// Registered phones.
    pub registrations: usize,
    /// News that nobody fetched in time and that were thrown away, since the start.
    pub missed_news: u64,
}

/// The signalling side of the switch.
pub struct Exchange {
    pub(super) endpoint: Endpoint,
    pub(super) switchboard: Switchboard,
    pub(super) ports: Box<dyn Ports>,
    pub(super) calls: HashMap<CallId, Box<Line>>,
    pub(super) legs: HashMap<LegId, Owned>,
    /// Legs that went to another call, and where somebody waits for them.
    pub(super) awaited: HashMap<LegId, CallId>,
    /// Those who wait in queues.
    pub(super) entries: HashMap<EntryId, Waiting>,
    /// Rules of rooms by name.
    pub(super) rules: HashMap<String, RoomSettings>,
    /// Conference rooms by name.
    pub(super) rooms: HashMap<String, CallId>,
    pub(super) recordings: Recordings,
    pub(super) leg_ids: LegIds,
    pub(super) gate: Gate,
    pub(super) max_calls: usize,
    pub(super) media_behind: bool,
    pub(super) draining: bool,
    pub(super) orders: VecDeque<Order>,
    pub(super) news: VecDeque<News>,
    /// Somebody watches, with this clock.
    pub(super) epoch: Option<Epoch>,
    /// The wish whose consequences are being told.
    pub(super) cause: Option<WishId>,
    /// Names for transfers, attempts and the like.
    pub(super) numbers: Numbers,
    pub(super) missed_news: u64,
    /// Calls that may have something to say.
    pub(super) stirred: VecDeque<CallId>,
    pub(super) call_settings: Arc<CallSettings>,
    last_call: u64,
    chance: StdRng,
    deadlines: Deadlines<CallId>,
    switch_events: VecDeque<switch::Event>,
    pub(super) shutdown_grace: Duration,
    /// When the calls that are left will be ended.
    end_all_at: Option<Instant>,
    /// More happened at this time than one step may do; the rest is for the next `wake`.
    unfinished: Option<Instant>,
}

/// A call and what the exchange must remember of it.
pub(super) struct Line {
    pub(super) call: Call,
    /// The media side knows it.
    pub(super) open: bool,
    /// The room that it is.
    pub(super) conference: Option<String>,
}

/// Whose a leg is, and what it holds until it is released.
pub(super) struct Owned {
    pub(super) call: CallId,
    /// Whose it is: a trunk has a line less, an extension is busy.
    pub(super) party: Caller,
    /// It is in the mixer of its call.
    pub(super) mixed: bool,
}

impl Owned {
    /// The trunk whose line it takes.
    pub(super) fn trunk(&self) -> Option<&String> {
        match &self.party {
            Caller::Trunk(trunk) => Some(trunk),
            Caller::Extension(_) | Caller::Host(_) => None,
        }
    }
}

/// Turns of the pump in one step: far above what any message can set off, so that machines that keep each other busy cannot stop the rest.
const TURNS: usize = 100_000;
/// Actions of one call in one turn.
pub(super) const ERRANDS: usize = 10_000;

impl Exchange {
    /// No call yet. `seed` makes everything that must not be guessed.
    pub fn new(settings: Settings, switchboard: Switchboard, ports: Box<dyn Ports>, seed: [u8; 32]) -> Self {
        let leg_ids = LegIds::default();
        let mut chance = StdRng::from_seed(seed);
        Self {
            endpoint: Endpoint::new(settings.sip, leg_ids.clone(), chance.random()),
            switchboard,
            ports,
            calls: HashMap::new(),
            legs: HashMap::new(),
            awaited: HashMap::new(),
            entries: HashMap::new(),
            rules: HashMap::new(),
            rooms: HashMap::new(),
            recordings: Recordings::default(),
            leg_ids,
            gate: Gate::new(settings.max_calls_per_second),
            max_calls: settings.max_calls,
            media_behind: false,
            draining: false,
            orders: VecDeque::new(),
            news: VecDeque::new(),
            epoch: None,
            cause: None,
            numbers: Numbers::default(),
            missed_news: 0,
            stirred: VecDeque::new(),
            call_settings: Arc::new(settings.call),
            last_call: 0,
            chance,
            deadlines: Deadlines::new(),
            switch_events: VecDeque::new(),
            shutdown_grace: settings.shutdown_grace,
            end_all_at: None,
            unfinished: None,
        }
    }

    /// A datagram came.
    pub fn receive(&mut self, datagram: &[u8], from: SocketAddr, now: Instant) {
        if !self.switchboard.may_enter(from.ip(), now) {
            return;
        }
        self.endpoint.receive(datagram, from, now);
        self.pump(now);
    }

    /// A datagram to there could not be sent: requests that wait for an answer from there fail at once (503), so that the next
    /// destination is tried without waiting for Timer B (RFC 3261 8.1.3.1, 17.1.4).
    pub fn failed(&mut self, to: SocketAddr, now: Instant) {
        self.endpoint.failed(to, now);
        self.pump(now);
    }

    /// Something happened in a mixer. The leg counts, not the call: it may have moved while the event was on its way.
    pub fn media(&mut self, call: CallId, event: media::Event, now: Instant) {
        let id = match &event {
            media::Event::Recording { recording, news } => self.recorded(*recording, news, now),
            media::Event::Report { leg, quality } => {
                // The last one comes when the leg, and perhaps the call, is gone.
                let call = self.legs.get(leg).map_or(call, |owned| owned.call);
                if let Some(line) = self.calls.get_mut(&call) {
                    line.call.reported(*leg, quality);
                }
                let event = call::Event::Quality { leg: *leg, quality: Box::new(*quality) };
                return self.tell(call, event, None, None, now);
            }
            media::Event::Digit { leg, .. }
            | media::Event::Dial { leg, .. }
            | media::Event::Started { leg }
            | media::Event::Silent { leg }
            | media::Event::PlayEnded { leg, .. } => self.legs.get(leg).map(|owned| owned.call),
        };
        let Some(id) = id else { return };
        let Some(line) = self.calls.get_mut(&id) else { return };
        line.call.media(event, now);
        self.stirred.push_back(id);
        self.pump(now);
    }

    /// Deadlines that are due.
    pub fn wake(&mut self, now: Instant) {
        self.endpoint.wake(now);
        self.switchboard.wake(now);
        while let Some(id) = self.deadlines.pop_due(now) {
            if let Some(line) = self.calls.get_mut(&id) {
                line.call.wake(now);
                self.stirred.push_back(id);
            }
        }
        if self.end_all_at.is_some_and(|at| at <= now) {
            self.end_all_at = None;
            self.tell_all_to_end(now);
        }
        self.pump(now);
    }

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        [
            self.endpoint.next_deadline(),
            self.switchboard.next_deadline(),
            self.deadlines.next(),
            self.end_all_at,
            self.unfinished,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The next datagram to send.
    pub fn next_transmit(&mut self) -> Option<sip::Transmit> {
        self.endpoint.next_transmit()
    }

    /// The next thing for the media side.
    pub fn next_order(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    /// The next thing that the switchboard tells.
    pub fn next_switch_event(&mut self) -> Option<switch::Event> {
        self.switch_events.pop_front()
    }

    /// New calls are refused from now on (503), those alive are ended at `wake` after the grace at the latest.
    pub fn shutdown(&mut self, now: Instant) {
        if !self.draining {
            self.draining = true;
            self.end_all_at = Some(now + self.shutdown_grace);
        }
    }

    /// The media side cannot keep up (or can again): new calls are refused meanwhile.
    pub fn set_media_behind(&mut self, behind: bool) {
        self.media_behind = behind;
    }

    /// The addresses of a trunk's host, found (or found anew).
    pub fn resolved(&mut self, trunk: &str, addresses: &[SocketAddr]) {
        self.switchboard.resolved(trunk, addresses);
    }

    /// The address of another SIP host that may be called, found (or found anew).
    pub fn resolved_host(&mut self, name: &str, addresses: &[SocketAddr]) {
        self.switchboard.resolved_host(name, addresses);
    }

    /// All registrations, for the journal.
    pub fn bindings(&self) -> Vec<Binding> {
        self.switchboard.bindings()
    }

    /// Calls alive.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// All calls, the oldest first, with the rooms that they are and their legs.
    pub fn roster(&self) -> Vec<(CallId, Option<String>, Vec<LegId>)> {
        let mut roster: Vec<_> =
            self.calls.iter().map(|(id, line)| (*id, line.conference.clone(), line.call.legs())).collect();
        roster.sort_by_key(|(id, ..)| *id);
        roster
    }

    /// How much of everything is alive.
    pub fn counters(&self) -> Counters {
        Counters {
            calls: self.calls.len(),
            legs: self.legs.len(),
            lines: self.legs.values().filter(|owned| owned.trunk().is_some()).count(),
            registrations: self.switchboard.registrations(),
            missed_news: self.missed_news,
        }
    }

    /// The endpoint, to be looked at.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Lets everything that happened have its consequences, until nothing is left.
    pub(super) fn pump(&mut self, now: Instant) {
        self.unfinished = None;
        for _ in 0..TURNS {
            if let Some(id) = self.stirred.pop_front() {
                self.settle(id, now);
            } else if let Some(event) = self.endpoint.next_event() {
                self.sip(event, now);
            } else if let Some(event) = self.switchboard.next_event() {
                self.switch_events.push_back(event);
            } else if let Some(offer) = self.switchboard.next_offer(now) {
                self.offer(offer, now);
            } else {
                return;
            }
        }
        self.unfinished = Some(now);
    }

    /// Carries out what a call wants, and notes when it wants to be woken.
    fn settle(&mut self, id: CallId, now: Instant) {
        for _ in 0..ERRANDS {
            let Some(line) = self.calls.get_mut(&id) else {
                self.deadlines.clear(id);
                return;
            };
            let Some(action) = line.call.next_action() else {
                match line.call.next_deadline() {
                    Some(at) if self.deadlines.get(id) == Some(at) => {}
                    Some(at) => self.deadlines.set(id, at),
                    None => self.deadlines.clear(id),
                }
                return;
            };
            self.carry_out(id, action, now);
        }
        self.stirred.push_back(id);
    }

    /// Hands what happened at the endpoint to who is concerned.
    fn sip(&mut self, event: sip::Event, now: Instant) {
        let leg = match &event {
            sip::Event::Progress { leg, .. }
            | sip::Event::Answered { leg, .. }
            | sip::Event::Failed { leg, .. }
            | sip::Event::Acked { leg, .. }
            | sip::Event::Offered { leg, .. }
            | sip::Event::OfferAnswered { leg, .. }
            | sip::Event::OfferRefused { leg, .. }
            | sip::Event::Info { leg, .. }
            | sip::Event::ReferAnswered { leg, .. }
            | sip::Event::Notified { leg, .. }
            | sip::Event::Ended { leg, .. } => *leg,
            sip::Event::Refer(refer) => refer.leg,
            sip::Event::Incoming(_) | sip::Event::Request(_) | sip::Event::Response { .. } => {
                return self.outside_of_legs(event, now);
            }
        };
        let Some(id) = self.legs.get(&leg).map(|owned| owned.call) else { return };
        let Some(line) = self.calls.get_mut(&id) else { return };
        line.call.sip(event, now);
        self.stirred.push_back(id);
    }

    /// A new call without legs, or a room.
    pub(super) fn open_call(&mut self, conference: Option<String>, now: Instant) -> CallId {
        self.last_call += 1;
        let id = CallId(self.last_call);
        if let Some(name) = &conference {
            self.rooms.insert(name.clone(), id);
        }
        let (settings, numbers) = (Arc::clone(&self.call_settings), self.numbers.clone());
        let mut call = Call::new(id, settings, conference.clone(), numbers, self.chance.random(), now);
        if let Some(epoch) = self.epoch {
            call.watch(epoch);
        }
        if let Some(rules) = conference.as_ref().and_then(|name| self.rules.get(name)) {
            call.set_rules(rules.clone());
        }
        self.calls.insert(id, Box::new(Line { call, open: false, conference }));
        id
    }

    fn tell_all_to_end(&mut self, now: Instant) {
        let mut all: Vec<CallId> = self.calls.keys().copied().collect();
        all.sort_unstable();
        for id in all {
            if let Some(line) = self.calls.get_mut(&id) {
                line.call.command(call::Command::Shutdown, now);
                self.stirred.push_back(id);
            }
        }
    }
}
