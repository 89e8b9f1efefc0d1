//! The call machine: what comes in is handed to who is concerned; after each input the mixer is told what changed and
//! a call in which nobody is left to talk to is ended.

use super::{
    Action, Command, Event, GatherEnd,
    attempt::Second,
    codes::Collector,
    dial::{Dial, DialId, Errand},
    ending::{in_words, plain_failure, refused, status_of},
    gather::{Gathering, Sending},
    house::House,
    leg::{self, Dialog, Facts, Leg, Standing},
    mix::Heard,
    movement::Movement,
    part::Left,
    recording::{RecordingSettings, Taping},
    room::{Invitation, Kind},
    story::Story,
    view::{Epoch, LegState},
};
use crate::{
    deadlines::Deadlines,
    destination::{Caller, Flow, Origin, Plan, Refusal},
    ids::{CallId, LegId, Numbers, RecordingId, TransferId},
    media::{
        self,
        sdp::{Codec, Negotiation},
        srtp::Srtp,
    },
    sip::{self, Cause, Failure, Incoming, Rejection, wire::StatusCode},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// What every call must know.
#[derive(Clone, Debug)]
pub struct CallSettings {
    /// The address in our SDP.
    pub media_address: IpAddr,
    /// Our codecs in order of preference.
    pub codecs: Vec<Codec>,
    /// How long a phone may ring.
    pub ring_timeout: Duration,
    /// A failed transfer brings the caller back to who sent it.
    pub recall: bool,
    /// How long the transferor is rung again.
    pub recall_timeout: Duration,
    /// Where a caller goes when recall fails too.
    pub fallback: Option<String>,
    /// Star codes.
    pub codes: Codes,
    /// Host of our URIs.
    pub domain: String,
    /// How calls are recorded.
    pub recording: RecordingSettings,
}

/// Star codes; `None`: that one is off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// Cold transfer: then the number, then # or 3 s of silence.
    pub blind_transfer: Option<String>,
    /// Warm transfer: likewise; the caller hears music, the target is called for a talk in private.
    pub attended_transfer: Option<String>,
    /// The agent leaves, caller and target talk.
    pub complete: Option<String>,
    /// The target goes, agent and caller talk.
    pub cancel: Option<String>,
    /// All talk.
    pub three_way: Option<String>,
    /// Talk to the other one of caller and target, whoever is left hears music.
    pub swap: Option<String>,
}

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
    pub(super) legs: BTreeMap<LegId, Leg>,
    pub(super) dials: BTreeMap<DialId, Dial>,
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
    pub(super) heard: BTreeMap<LegId, Heard>,
    pub(super) tickets: BTreeMap<u64, Ticket>,
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
            legs: BTreeMap::new(),
            dials: BTreeMap::new(),
            movement: Movement::Still,
            collectors: BTreeMap::new(),
            flows: BTreeMap::new(),
            house: House::default(),
            gathers: BTreeMap::new(),
            sendings: BTreeMap::new(),
            heard: BTreeMap::new(),
            tickets: BTreeMap::new(),
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
                Some(Ticket::Lease(_)) | None => {}
            },
            Command::Leased { ticket, legs } => match self.tickets.remove(&ticket) {
                Some(Ticket::Lease(id)) => self.leased(id, ticket, legs, now),
                Some(
                    Ticket::Redirect(_)
                    | Ticket::Movement
                    | Ticket::Invitation(_)
                    | Ticket::Second(..)
                    | Ticket::Fallback(_),
                )
                | None => {
                    self.give_back(legs);
                }
            },
            Command::Joined { referrer } => self.joined(referrer, now),
            Command::JoinFailed { referrer, status } => self.join_failed(referrer, status),
            Command::Fetched { play, leg, sound } => self.fetched(play, leg, sound),
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
        self.actions.pop_front()
    }

    /// Its legs, ringing ones included.
    pub fn legs(&self) -> Vec<LegId> {
        self.legs.keys().copied().collect()
    }

    /// A new leg, and what it wants.
    fn admit(&mut self, incoming: Incoming, port: u16, origin: Origin, plan: Result<Plan, Refusal>) {
        let leg = incoming.leg;
        let referred_by = incoming.referred_by.clone().map(|value| ("Referred-By".to_owned(), value));
        if let Err(rejection) = self.welcome(incoming, port, origin) {
            return self.reject(leg, rejection);
        }
        match plan {
            Err(refusal) => self.reject(leg, refused(refusal.status())),
            Ok(_) if self.kind == Kind::Room && !self.has_places(0) => self.reject(leg, refused(StatusCode(486))),
            Ok(_) if self.kind == Kind::Room => self.answer_leg(leg, None),
            Ok(Plan::Ring(steps)) => {
                if let Some(face) = self.face(leg, referred_by.into_iter().collect()) {
                    self.dial(Errand::First, face, steps, None);
                }
            }
            Ok(Plan::Conference(conference)) => self.enter(conference, vec![leg]),
            Ok(Plan::Music) => self.serve(media::Source::HoldMusic),
            Ok(Plan::Echo) => self.serve(media::Source::Echo),
            Ok(Plan::Flow(flow)) => self.ask_program(leg, flow),
        }
    }

    /// Takes a caller in; `Err` is how to refuse it because of its SDP.
    pub(super) fn welcome(&mut self, incoming: Incoming, port: u16, origin: Origin) -> Result<(), Rejection> {
        let id = incoming.leg;
        let negotiation = self.negotiation(port, &origin.codecs, origin.features.srtp);
        let who = origin.caller.clone();
        let offer = incoming.body.as_deref();
        let mut facts = Facts::new(true, self.now);
        if self.epoch.is_some() {
            let headers = &incoming.request.headers;
            facts.dialled.clone_from(&incoming.request.uri.user);
            facts.call_id = headers.call_id().ok().map(str::to_owned);
            facts.agent = headers.get("User-Agent").map(str::to_owned);
        }
        let (leg, usable) = Leg::incoming(id, origin, negotiation, offer, incoming.max_forwards, facts);
        self.begin();
        self.legs.insert(id, leg);
        self.tell(Event::LegStarted { leg: id, who, incoming: true });
        usable.map_err(|error| leg::unusable(&error, &self.settings.domain))
    }

    /// Our side of offer and answer for a new leg. No codecs are those of all calls.
    pub(super) fn negotiation(&mut self, port: u16, codecs: &[Codec], srtp: Srtp) -> Negotiation {
        let codecs = if codecs.is_empty() { &self.settings.codecs } else { codecs };
        let (id, secret) = (self.chance.random(), self.chance.random());
        Negotiation::new(self.settings.media_address, port, codecs, id).secured(srtp, secret)
    }

    /// Somebody is in it, or is called.
    pub(super) fn begin(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            self.tell(Event::CallStarted);
        }
        self.ended = false;
    }

    /// Answers a caller, with this codec if it offered it.
    pub(super) fn answer_leg(&mut self, leg: LegId, codec: Option<Codec>) {
        let Some(party) = self.legs.get_mut(&leg) else { return };
        if !matches!(party.dialog, Dialog::Incoming { .. }) {
            return;
        }
        let body = party.answer(codec);
        party.facts.answered = Some(self.now);
        self.sip_out(sip::Command::Answer { leg, body });
        self.tell(Event::LegAnswered { leg });
    }

    /// The ACK of our 2xx came.
    fn acked(&mut self, leg: LegId, sdp: Option<&[u8]>, now: Instant) {
        let Some(party) = self.legs.get_mut(&leg) else { return };
        let before = party.held_by_phone();
        // After a re-INVITE the session before it goes on; without any session there is nothing to talk over.
        if party.acked(sdp).is_err() && party.session().is_none() {
            self.drop_leg(leg, Cause::Refused(488));
            self.left(leg, now);
        }
        self.tell_hold(leg, before);
    }

    /// A leg is over by the doing of its peer.
    fn gone(&mut self, leg: LegId, gone: Gone, now: Instant) {
        let Some(party) = self.legs.get(&leg) else { return };
        match (party.dialog, gone) {
            (Dialog::Outgoing(_), Gone::Failed(failure)) => self.target_failed(leg, failure),
            (Dialog::Screened(_), Gone::Failed(_)) | (Dialog::Outgoing(_) | Dialog::Screened(_), Gone::Ended(_)) => {
                self.target_failed(leg, plain_failure(480))
            }
            (Dialog::Incoming { .. } | Dialog::Confirmed, gone) => {
                let (status, reason) = match gone {
                    Gone::Failed(failure) => (failure.status.0, failure.reason),
                    Gone::Ended(cause) => (if party.confirmed() { 200 } else { 487 }, in_words(cause)),
                };
                self.forget_leg(leg, status, reason);
                self.left(leg, now);
            }
        }
    }

    /// Hangs a leg up. Whose concern it is must be told by the caller of this.
    pub(super) fn drop_leg(&mut self, leg: LegId, cause: Cause) {
        let Some(party) = self.legs.get(&leg) else { return };
        let status = if party.picked_up() { 200 } else { status_of(cause) };
        self.sip_out(sip::Command::Hangup { leg, cause });
        self.forget_leg(leg, status, in_words(cause));
    }

    /// Refuses a caller.
    pub(super) fn reject(&mut self, leg: LegId, rejection: Rejection) {
        let (status, reason) = (rejection.status.0, rejection.reason.clone());
        self.sip_out(sip::Command::Reject { leg, rejection });
        self.forget_leg(leg, status, reason);
    }

    /// A leg is no more.
    pub(super) fn forget_leg(&mut self, leg: LegId, status: u16, reason: String) {
        let Some(party) = self.legs.get(&leg) else { return };
        let last = self.epoch.map(|epoch| {
            let mut view = self.show(party, epoch);
            (view.state, view.ended_at) = (LegState::Ended, Some(epoch.stamp(self.now)));
            Box::new(view)
        });
        self.hush(leg);
        self.end_gather(leg, GatherEnd::LegEnded);
        let Some(party) = self.legs.get(&leg) else { return };
        if party.confirmed() && party.standing == Standing::Present && self.legs.values().any(Leg::held_by_us) {
            self.left_behind = Some(Left { leg, origin: party.origin.clone(), awaited: false });
        }
        self.legs.remove(&leg);
        self.coach_nobody(leg);
        self.untape(leg);
        if self.heard.remove(&leg).is_some() {
            self.media_out(media::Command::Leave { leg });
        }
        self.clear_leg(leg);
        self.act(Action::Release { leg });
        self.act(Action::Tell { event: Event::LegEnded { leg, status, reason }, leg: last, transfer: None });
    }

    /// What waited for a leg, or for its digits, waits no more.
    pub(super) fn clear_leg(&mut self, leg: LegId) {
        self.deadlines.clear(Timer::Ring(leg));
        self.deadlines.clear(Timer::Parting(leg));
        self.deadlines.clear(Timer::Screen(leg));
        self.deadlines.clear(Timer::Gather(leg));
        self.deadlines.clear(Timer::Flow(leg));
        self.flows.remove(&leg);
        self.deadlines.clear(Timer::Send(leg));
        self.sendings.remove(&leg);
        self.deadlines.clear(Timer::Digits(leg));
        self.collectors.remove(&leg);
    }

    /// Everything is ended.
    pub(super) fn end_all(&mut self, cause: Cause) {
        self.movement_cut_off();
        self.call_all_off();
        for leg in self.legs() {
            self.drop_leg(leg, cause);
        }
    }

    /// Brings everything in line with what is so now: ends what has nobody to talk to, tells the mixer what changed.
    pub(super) fn settle(&mut self) {
        self.keep_house();
        self.end_if_alone();
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

    /// One party alone has nobody to talk to, unless it waits for somebody, is in a room or is played something.
    fn end_if_alone(&mut self) {
        if !matches!(self.movement, Movement::Still) {
            self.left_behind = None;
            return;
        }
        if self.legs.values().any(|leg| leg.standing == Standing::Moving) {
            return;
        }
        let mut company = self.company().map(|leg| (leg.id, leg.held_by_us()));
        let (first, second) = (company.next(), company.next());
        drop(company);
        if !self.dials.is_empty() {
            if first.is_none() && !self.dials.values().any(Dial::needs_nobody) {
                self.call_all_off();
            }
            return;
        }
        let waits = self.regrets
            || !self.flows.is_empty()
            || self.tickets.values().any(|ticket| matches!(ticket, Ticket::Second(..) | Ticket::Fallback(_)));
        if self.kind != Kind::Conversation || (first.is_some() && (self.kept || waits || !self.awaits.is_empty())) {
            return;
        }
        let left = self.left_behind.take();
        match (first, second, left) {
            (Some(_), Some(_), Some(_)) => self.inherit(),
            (Some(_), Some(_), None) => {}
            (Some((last, held)), None, Some(left))
                if (held || left.awaited) && matches!(left.origin.caller, Caller::Extension(_)) =>
            {
                self.bring_back(last, left);
            }
            (Some(_) | None, ..) => self.drop_present(),
        }
    }

    fn drop_present(&mut self) {
        for leg in self.present() {
            self.drop_leg(leg, Cause::Normal);
        }
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

/// How a leg went by the doing of its peer.
enum Gone {
    Failed(Failure),
    Ended(Cause),
}
