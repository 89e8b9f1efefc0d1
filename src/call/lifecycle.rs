//! The call machine: what comes in is handed to who is concerned; after each input the mixer is told what changed and
//! a call in which nobody is left to talk to is ended.

use super::{
    Action, CallSettings, Command, Event, GatherEnd,
    attempt::Second,
    codes::Collector,
    dial::{Dial, DialId},
    few::Few,
    gather::{Gathering, Sending},
    house::House,
    leg::{Leg, Standing},
    mix::Heard,
    movement::Movement,
    part::Left,
    parting::Gone,
    recording::Taping,
    room::{Invitation, Kind},
    story::Story,
    view::Epoch,
};
use crate::{
    deadlines::Deadlines,
    destination::{Features, Flow},
    ids::{CallId, LegId, Numbers, RecordingId, TransferId},
    media::{
        self,
        sdp::{Codec, Negotiation},
    },
    sip::{self, Cause},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Instant,
};

/// One conversation.
pub struct Call {
    id: CallId,
    pub(super) settings: Arc<CallSettings>,
    chance: StdRng,
    tickets_drawn: u64,
    /// Names for transfers, attempts and the like.
    pub(super) numbers: Numbers,
    /// The room that it is.
    pub(super) conference: Option<String>,
    /// The time of what is happening.
    pub(super) now: Instant,
    pub(super) started: Instant,
    /// A program cares for it: it goes on while one is alone in it.
    pub(super) kept: bool,
    /// Who is in it hears that nobody comes.
    pub(super) regrets: bool,
    /// Somebody watches, with this clock.
    pub(super) epoch: Option<Epoch>,
    /// Who last left others whom we hold, until it is clear who cares for them.
    pub(super) left_behind: Option<Left>,
    /// Who went to another call by a program's wish and may come back.
    pub(super) awaits: Vec<Left>,
    /// Transfers under way, as they are told.
    pub(super) stories: BTreeMap<TransferId, Story>,
    pub(super) kind: Kind,
    pub(super) legs: Few<LegId, Leg>,
    pub(super) dials: Few<DialId, Dial>,
    /// The transfer that is under way; the concerns that it is handed to are its own.
    pub(super) movement: Movement,
    /// Digits that may become a star code.
    pub(super) collectors: BTreeMap<LegId, Collector>,
    /// Callers for whom a program was asked.
    pub(super) flows: BTreeMap<LegId, Flow>,
    /// The rules of the room, if it is one.
    pub(super) house: House,
    /// Digits that programs want.
    pub(super) gathers: BTreeMap<LegId, Gathering>,
    /// Digits that programs dial.
    pub(super) sendings: BTreeMap<LegId, Sending>,
    /// What the mixer was told of each leg.
    pub(super) heard: Few<LegId, Heard>,
    pub(super) tickets: Few<u64, Ticket>,
    pub(super) tapings: BTreeMap<RecordingId, Taping>,
    /// The recording that nobody asks for was begun.
    pub(super) is_always_recorded: bool,
    pub(super) deadlines: Deadlines<Timer>,
    pub(super) actions: VecDeque<Action>,
    /// A leg was in it.
    pub(super) begun: bool,
    /// `Action::End` was said, and nobody has come since.
    pub(super) ended: bool,
}

/// Who waits for the answer to a question of ours.
pub(super) enum Ticket {
    /// Names and ports for the targets of an attempt.
    Lease(DialId),
    /// Where a 3xx leads.
    Redirect(DialId),
    /// Where the transfer under way leads.
    Movement,
    /// Where somebody is who is asked into the room.
    Invitation(Invitation),
    /// Where a caller goes for whom no program said anything.
    Fallback(LegId),
    /// Where the second of a call that we make is.
    Second(LegId, Box<Second>),
    /// Names and ports for the phones of an agent.
    Agent(DialId),
    /// Where those go whom a queue does not keep, with what they are told if that is nowhere.
    Overflow { dial: DialId, queues: usize, status: u16 },
}

/// What may be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Timer {
    /// A target rang long enough.
    Ring(LegId),
    /// A transferor had time for its BYE.
    Parting(LegId),
    /// One who answered was to confirm it.
    Screen(LegId),
    /// A pause in the digits of a leg.
    Digits(LegId),
    /// A program waits for digits of a leg.
    Gather(LegId),
    /// The next digit for a leg.
    Send(LegId),
    /// A program was to say what becomes of a caller.
    Flow(LegId),
    /// A tone of the room is over.
    Tone,
    /// The transfer under way waits for something.
    Movement,
    /// Who waited has heard that nobody comes.
    Regret,
}

impl Call {
    /// A call without legs. `conference` names the room that it is. `seed` makes the session ids of our SDP
    /// and the keys of SRTP: nobody may guess it.
    pub fn new(
        id: CallId,
        settings: Arc<CallSettings>,
        conference: Option<String>,
        numbers: Numbers,
        seed: [u8; 32],
        now: Instant,
    ) -> Self {
        Self {
            id,
            settings,
            chance: StdRng::from_seed(seed),
            tickets_drawn: 0,
            numbers,
            now,
            started: now,
            epoch: None,
            kept: false,
            regrets: false,
            left_behind: None,
            awaits: Vec::new(),
            stories: BTreeMap::new(),
            kind: if conference.is_some() { Kind::Room } else { Kind::Conversation },
            conference,
            legs: Few::new(),
            dials: Few::new(),
            movement: Movement::Still,
            collectors: BTreeMap::new(),
            flows: BTreeMap::new(),
            house: House::default(),
            gathers: BTreeMap::new(),
            sendings: BTreeMap::new(),
            heard: Few::new(),
            tickets: Few::new(),
            tapings: BTreeMap::new(),
            is_always_recorded: false,
            deadlines: Deadlines::new(),
            actions: VecDeque::new(),
            begun: false,
            ended: false,
        }
    }

    /// Its name.
    pub fn id(&self) -> CallId {
        self.id
    }

    /// A wish, or the answer to one of ours.
    pub fn command(&mut self, command: Command, now: Instant) {
        self.now = now;
        match command {
            Command::Admit { incoming, port, origin, plan } => self.admit(*incoming, port, origin, plan),
            Command::Replace { incoming, port, origin, replaced } => {
                self.replace(*incoming, port, origin, replaced, now);
            }
            Command::Routed { ticket, plan } => match self.tickets.remove(&ticket) {
                Some(Ticket::Redirect(id)) => self.redirected(id, ticket, plan),
                Some(Ticket::Movement) => self.movement_routed(ticket, plan, now),
                Some(Ticket::Invitation(invitation)) => self.invitation_routed(invitation, plan),
                Some(Ticket::Fallback(leg)) => self.fallback_routed(leg, plan),
                Some(Ticket::Second(first, second)) => self.second_routed(first, &second, plan),
                Some(Ticket::Overflow { dial, queues, status }) => self.overflow_routed(dial, queues, status, plan),
                Some(Ticket::Lease(_) | Ticket::Agent(_)) | None => {}
            },
            Command::Leased { ticket, legs } => match self.tickets.remove(&ticket) {
                Some(Ticket::Lease(id)) => self.leased(id, ticket, legs, now),
                Some(Ticket::Agent(id)) => self.agent_leased(id, ticket, legs, now),
                Some(
                    Ticket::Redirect(_)
                    | Ticket::Movement
                    | Ticket::Invitation(_)
                    | Ticket::Second(..)
                    | Ticket::Overflow { .. }
                    | Ticket::Fallback(_),
                )
                | None => {
                    self.give_back(legs);
                }
            },
            Command::Joined { referrer } => self.joined(referrer, now),
            Command::JoinFailed { referrer, status } => self.join_failed(referrer, status),
            Command::Fetched { play, leg, sound } => self.fetched(play, leg, sound),
            Command::Queued { entry } => self.queue_entered(entry, now),
            Command::OfferAgent { entry, agent, targets } => self.offered_agent(entry, agent, targets),
            Command::QueueOver { entry, status, fallback } => self.queue_over(entry, status, fallback),
            Command::Shutdown => self.end_all(Cause::Shutdown),
        }
        self.settle();
    }

    /// Something happened on the dialog of one of its legs.
    pub fn sip(&mut self, event: sip::Event, now: Instant) {
        self.now = now;
        match event {
            sip::Event::Progress { leg, status, body } => self.target_progress(leg, status, body.as_deref()),
            sip::Event::Answered { leg, body, asserted: _ } => self.target_answered(leg, body.as_deref(), now),
            sip::Event::Failed { leg, failure } => self.gone(leg, Gone::Failed(failure), now),
            sip::Event::Acked { leg, body } => self.acked(leg, body.as_deref(), now),
            sip::Event::Offered { leg, body } => self.offered(leg, body.as_deref()),
            sip::Event::Refer(refer) => self.refer(*refer, now),
            sip::Event::Info { leg, content_type, body } => self.info(leg, &content_type, &body, now),
            sip::Event::Ended { leg, cause } => self.gone(leg, Gone::Ended(cause), now),
            sip::Event::Incoming(_)
            | sip::Event::OfferAnswered { .. }
            | sip::Event::OfferRefused { .. }
            | sip::Event::ReferAnswered { .. }
            | sip::Event::Notified { .. }
            | sip::Event::Request(_)
            | sip::Event::Response { .. } => {}
        }
        self.settle();
    }

    /// Something happened in its mixer.
    pub fn media(&mut self, event: media::Event, now: Instant) {
        self.now = now;
        match event {
            media::Event::Digit { leg, digit, duration_ms } => self.digit(leg, digit, duration_ms, true, now),
            media::Event::Dial { leg, digit, duration_ms } => self.dial_by_info(leg, digit, duration_ms),
            media::Event::Silent { leg } => {
                if self.legs.get(&leg).is_some_and(Leg::confirmed) {
                    self.drop_leg(leg, Cause::NoMedia);
                    self.left(leg, now);
                }
            }
            media::Event::PlayEnded { leg, play, whole } => self.played(leg, play, whole),
            media::Event::Recording { recording, news } => self.recorded(recording, &news),
            media::Event::Started { .. } | media::Event::Report { .. } => {}
        }
        self.settle();
    }

    /// Deadlines that are due.
    pub fn wake(&mut self, now: Instant) {
        self.now = now;
        while let Some(timer) = self.deadlines.pop_due(now) {
            match timer {
                Timer::Ring(leg) => self.ring_timeout(leg),
                Timer::Parting(leg) => {
                    self.drop_leg(leg, Cause::Transferred);
                    self.left(leg, now);
                }
                Timer::Digits(leg) => self.digits_paused(leg, now),
                Timer::Movement => self.movement_due(),
                Timer::Flow(leg) => self.flow_timeout(leg),
                Timer::Tone => self.tone_over(),
                Timer::Gather(leg) => self.end_gather(leg, GatherEnd::Timeout),
                Timer::Send(leg) => self.send_next(leg, now),
                Timer::Screen(leg) => self.not_confirmed(leg),
                Timer::Regret => self.regretted(),
            }
        }
        self.settle();
    }

    /// Somebody watches from now on: what is told of a leg or a transfer in its end comes with how it was.
    pub fn watch(&mut self, epoch: Epoch) {
        self.epoch = Some(epoch);
    }

    /// The Call-ID of a leg's dialog.
    pub fn named(&mut self, leg: LegId, call_id: &str) {
        if let Some(party) = self.legs.get_mut(&leg) {
            party.facts.call_id = Some(call_id.to_owned());
        }
    }

    /// How the media of a leg fare.
    pub fn reported(&mut self, leg: LegId, quality: &media::Quality) {
        if let Some(party) = self.legs.get_mut(&leg) {
            party.facts.quality = Some(*quality);
        }
    }

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    /// What should happen next.
    pub fn next_action(&mut self) -> Option<Action> {
        let action = self.actions.pop_front();
        if self.actions.is_empty() {
            // Room for the next few would be 3 KiB.
            self.actions = VecDeque::new();
        }
        action
    }

    /// Its legs, ringing ones included.
    pub fn legs(&self) -> Vec<LegId> {
        self.legs.keys().copied().collect()
    }

    /// Our side of offer and answer for a new leg. No codecs are those of all calls.
    pub(super) fn negotiation(&mut self, port: u16, codecs: &[Codec], features: Features) -> Negotiation {
        let codecs = if codecs.is_empty() { &self.settings.codecs } else { codecs };
        let (id, secret) = (self.chance.random(), self.chance.random());
        let negotiation = Negotiation::new(self.settings.media_address, port, codecs, id);
        negotiation.secured(features.srtp, secret).with_digits(features.dtmf)
    }

    /// Brings everything in line with what is so now: ends what has nobody to talk to, tells the mixer what changed.
    pub(super) fn settle(&mut self) {
        self.keep_house();
        self.end_if_alone();
        self.play_queues();
        if self.legs.is_empty() && self.dials.is_empty() && self.begun && !self.ended {
            self.ended = true;
            self.regrets = false;
            self.deadlines.clear(Timer::Regret);
            self.deadlines.clear(Timer::Tone);
            self.untape_all();
            self.act(Action::End);
        }
        self.refresh_media();
        self.record_always();
    }

    /// Those who take part: not called and ringing, not parting, not on their way out.
    pub(super) fn present(&self) -> Vec<LegId> {
        let takes_part = |leg: &&Leg| leg.standing == Standing::Present && leg.dial().is_none();
        self.legs.values().filter(takes_part).map(|leg| leg.id).collect()
    }

    /// Those who take part, except one.
    pub(super) fn others(&self, leg: LegId) -> Vec<LegId> {
        let mut present = self.present();
        present.retain(|other| *other != leg);
        present
    }

    pub(super) fn number(&mut self) -> u64 {
        self.tickets_drawn += 1;
        self.tickets_drawn
    }

    pub(super) fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    pub(super) fn sip_out(&mut self, command: sip::Command) {
        self.actions.push_back(Action::Sip(command));
    }

    pub(super) fn media_out(&mut self, command: media::Command) {
        self.actions.push_back(Action::Media(command));
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.actions.push_back(Action::Tell { event, leg: None, transfer: None });
    }
}
