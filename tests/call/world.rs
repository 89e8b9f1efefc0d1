//! A few calls with made-up phones around them: the tests tell what the phones do, and read what the calls want.
//! Carries routes, leases, joins and rooms out as the exchange does.

use bytes::Bytes;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};
use warmline::{
    call::{
        Action, Approach, Call, CallSettings, CallView, Codes, Command, Done, Epoch, Event, LegView, Passenger,
        Queuing, Refused, RoleView, RoomSettings, Sound, TransferView, Verb,
    },
    destination::{Caller, Features, Origin, Plan, Queue, Refusal, Target, Whom},
    ids::{CallId, EntryId, GatherId, LegId, Numbers, PlayId, TransferId},
    media::{
        self, DigitMode, Format, Layout, Playlist, Role, SoundError, Source,
        sdp::{Codec, Direction, Negotiation, Session},
    },
    sip::{
        self, Cause, Failure, Incoming, Refer, Replaces,
        wire::{Headers, Host, Method, NameAddr, Params, Request, Scheme, StatusCode, Uri},
    },
};

pub const DOMAIN: &str = "office.example";

pub struct World {
    pub now: Instant,
    pub plans: BTreeMap<String, Result<Plan, Refusal>>,
    calls: BTreeMap<u64, Call>,
    settings: Arc<CallSettings>,
    rooms: BTreeMap<String, u64>,
    /// Rules of rooms, for when they are made.
    pub rules: BTreeMap<String, RoomSettings>,
    legs: BTreeMap<LegId, Peer>,
    released: BTreeSet<LegId>,
    numbers: Numbers,
    next_call: u64,
    next_leg: u64,
    /// Leases that are refused from now on.
    pub no_ports: bool,
    /// Who waits in the queue, and in which call.
    pub waiting: BTreeMap<EntryId, u64>,
    /// Where those go whom no agent takes.
    pub overflow: Option<String>,
    /// Who asked for the last route.
    pub asked: Option<Origin>,
    /// What was done, in words, SIP and news and digits; media come to nothing but a state.
    said: VecDeque<String>,
    told: Vec<Event>,
    /// What programs gather.
    pub gathers: Vec<GatherId>,
    /// Sounds that calls want.
    pub looked_for: Vec<(PlayId, LegId)>,
}

/// The far end of a leg.
struct Peer {
    call: u64,
    negotiation: Negotiation,
    /// Our last SDP to it.
    heard: Option<Bytes>,
    invite: Option<sip::Invite>,
    rejection: Option<sip::Rejection>,
    mixed: Option<Mixed>,
    answered: bool,
    ended: bool,
}

/// What a mixer knows of a leg.
#[derive(Clone, Debug, Default)]
struct Mixed {
    session: Option<Session>,
    role: Role,
    source: Option<Source>,
    digits: DigitMode,
}

pub fn settings() -> CallSettings {
    let code = |text: &str| Some(text.to_owned());
    CallSettings {
        media_address: "192.0.2.1".parse().unwrap(),
        codecs: vec![Codec::Pcmu, Codec::Pcma],
        ring_timeout: Duration::from_secs(30),
        recall: true,
        recall_timeout: Duration::from_secs(20),
        fallback: None,
        codes: Codes {
            blind_transfer: code("*1"),
            attended_transfer: code("*2"),
            complete: code("*4"),
            cancel: code("*5"),
            three_way: code("*6"),
            swap: code("*7"),
        },
        domain: DOMAIN.to_owned(),
        recording: warmline::call::RecordingSettings::default(),
    }
}

pub fn uri(user: &str) -> Uri {
    Uri {
        scheme: Scheme::Sip,
        user: Some(user.to_owned()),
        password: None,
        host: Host::Name(DOMAIN.to_owned()),
        port: None,
        params: Params::default(),
        headers: Vec::new(),
    }
}

pub fn address(user: &str) -> NameAddr {
    NameAddr { display: Some(format!("Phone {user}")), uri: uri(user), params: Params::default() }
}

pub fn origin(number: &str) -> Origin {
    Origin {
        caller: Caller::Extension(number.to_owned()),
        features: Features { codes: true, refer: true, ..Features::default() },
        identity: address(number),
        privacy: None,
        codecs: Vec::new(),
    }
}

pub fn target(number: &str) -> Target {
    Target {
        callee: Caller::Extension(number.to_owned()),
        features: Features { codes: true, refer: true, ..Features::default() },
        uri: uri(number),
        hop: "192.0.2.7:5060".parse().unwrap(),
        route: Vec::new(),
        to: address(number),
        caller_id: None,
        codecs: Vec::new(),
        trusted: false,
        late_offer: false,
        credentials: None,
        ring_timeout_s: None,
    }
}

pub fn ring(number: &str) -> Result<Plan, Refusal> {
    Ok(Plan::Ring(vec![vec![target(number)]]))
}

pub fn failure(status: u16) -> Failure {
    Failure { status: StatusCode(status), reason: String::new(), contacts: Vec::new(), retry_after_s: None }
}

impl World {
    pub fn new() -> Self {
        Self::with(settings())
    }

    pub fn with(settings: CallSettings) -> Self {
        let mut plans = BTreeMap::new();
        for number in ["1001", "1002", "1003", "1004", "1005"] {
            plans.insert(number.to_owned(), ring(number));
        }
        plans.insert("7001".to_owned(), Ok(Plan::Conference("7001".to_owned())));
        let queue = Queue { name: "support".to_owned(), music: Vec::new(), ring: Duration::from_secs(15) };
        plans.insert("8500".to_owned(), Ok(Plan::Queue(queue)));
        plans.insert("*9".to_owned(), Ok(Plan::Music));
        plans.insert("600".to_owned(), Ok(Plan::Echo));
        plans.insert("group".to_owned(), Ok(Plan::Ring(vec![vec![target("1002"), target("1003")]])));
        plans.insert("hunt".to_owned(), Ok(Plan::Ring(vec![vec![target("1002")], vec![target("1003")]])));
        Self {
            now: start(),
            plans,
            calls: BTreeMap::new(),
            settings: Arc::new(settings),
            rooms: BTreeMap::new(),
            rules: BTreeMap::new(),
            legs: BTreeMap::new(),
            released: BTreeSet::new(),
            numbers: Numbers::default(),
            next_call: 0,
            next_leg: 0,
            no_ports: false,
            waiting: BTreeMap::new(),
            overflow: None,
            asked: None,
            said: VecDeque::new(),
            told: Vec::new(),
            gathers: Vec::new(),
            looked_for: Vec::new(),
        }
    }

    // What phones do.

    /// A phone calls a number.
    pub fn call(&mut self, from: &str, to: &str) -> LegId {
        self.call_as(origin(from), to, true)
    }

    pub fn call_as(&mut self, origin: Origin, to: &str, offers: bool) -> LegId {
        let leg = self.new_leg();
        let body = offers.then(|| self.legs.get_mut(&leg).unwrap().negotiation.offer(Direction::SendRecv, None));
        self.call_with(leg, origin, to, body);
        leg
    }

    pub fn call_referred(&mut self, from: &str, to: &str, referred_by: &str) {
        let leg = self.new_leg();
        let body = self.legs.get_mut(&leg).unwrap().negotiation.offer(Direction::SendRecv, None);
        let plan = self.plan(to);
        let id = self.open(None);
        self.legs.get_mut(&leg).unwrap().call = id;
        let mut incoming = Box::new(incoming(leg, to, Some(body)));
        incoming.referred_by = Some(referred_by.to_owned());
        self.command(id, Command::Admit { incoming, port: 20000, origin: origin(from), plan });
    }

    pub fn call_with(&mut self, leg: LegId, origin: Origin, to: &str, body: Option<Bytes>) {
        let plan = self.plan(to);
        let id = match &plan {
            Ok(Plan::Conference(name)) => self.room(name),
            Ok(Plan::Ring(_) | Plan::Queue(_) | Plan::Music | Plan::Echo | Plan::Flow(_)) | Err(_) => self.open(None),
        };
        self.legs.get_mut(&leg).unwrap().call = id;
        let incoming = Box::new(incoming(leg, to, body));
        self.command(id, Command::Admit { incoming, port: 20000, origin, plan });
    }

    /// A phone calls with Replaces.
    pub fn call_replacing(&mut self, from: &str, replaced: LegId, early_only: bool) -> LegId {
        let leg = self.new_leg();
        let id = self.legs[&replaced].call;
        let body = self.legs.get_mut(&leg).unwrap().negotiation.offer(Direction::SendRecv, None);
        let mut incoming = Box::new(incoming(leg, "x", Some(body)));
        incoming.replaces = Some(Replaces { leg: Some(replaced), confirmed: true, early_only });
        self.legs.get_mut(&leg).unwrap().call = id;
        self.command(id, Command::Replace { incoming, port: 20000, origin: origin(from), replaced });
        leg
    }

    /// The leg of the INVITE that went to this phone last.
    pub fn leg_to(&self, number: &str) -> LegId {
        let mut found =
            self.legs.iter().rev().filter(|(_, peer)| {
                peer.invite.as_ref().is_some_and(|invite| invite.uri.user.as_deref() == Some(number))
            });
        *found.next().unwrap_or_else(|| panic!("{number} was not called")).0
    }

    pub fn invite(&self, leg: LegId) -> &sip::Invite {
        self.legs[&leg].invite.as_ref().unwrap()
    }

    pub fn rejection(&self, leg: LegId) -> &sip::Rejection {
        self.legs[&leg].rejection.as_ref().unwrap()
    }

    pub fn rings(&mut self, leg: LegId) {
        self.sip(sip::Event::Progress { leg, status: StatusCode(180), body: None });
    }

    pub fn early_media(&mut self, leg: LegId) {
        let body = self.answer_of(leg, Codec::Pcmu);
        self.sip(sip::Event::Progress { leg, status: StatusCode(183), body });
    }

    pub fn answers(&mut self, leg: LegId) {
        self.answers_in(leg, Codec::Pcmu);
    }

    pub fn answers_in(&mut self, leg: LegId, codec: Codec) {
        let offers = self.legs[&leg].invite.as_ref().is_some_and(|invite| invite.body.is_none());
        let body = if offers {
            Some(self.legs.get_mut(&leg).unwrap().negotiation.offer(Direction::SendRecv, Some(codec)))
        } else {
            self.answer_of(leg, codec)
        };
        self.sip(sip::Event::Answered { leg, body, asserted: None });
    }

    /// The ACK of our 200, with an answer to our offer in it if `answers`.
    pub fn acks(&mut self, leg: LegId, answers: bool) {
        let body = if answers { self.answer_of(leg, Codec::Pcmu) } else { None };
        self.sip(sip::Event::Acked { leg, body });
    }

    pub fn fails(&mut self, leg: LegId, status: u16) {
        self.sip(sip::Event::Failed { leg, failure: failure(status) });
    }

    pub fn hangs_up(&mut self, leg: LegId) {
        self.sip(sip::Event::Ended { leg, cause: Cause::Normal });
    }

    pub fn cancels(&mut self, leg: LegId) {
        self.sip(sip::Event::Ended { leg, cause: Cause::Cancelled });
    }

    pub fn holds(&mut self, leg: LegId) {
        self.offers(leg, Direction::SendOnly);
    }

    pub fn resumes(&mut self, leg: LegId) {
        self.offers(leg, Direction::SendRecv);
    }

    pub fn offers(&mut self, leg: LegId, direction: Direction) {
        let body = self.legs.get_mut(&leg).unwrap().negotiation.offer(direction, None);
        self.offers_sdp(leg, Some(body));
    }

    pub fn offers_sdp(&mut self, leg: LegId, body: Option<Bytes>) {
        self.sip(sip::Event::Offered { leg, body });
    }

    pub fn refers(&mut self, leg: LegId, to: &str) {
        let refer = Refer { leg, target: uri(to), replaces: None, referred_by: None, notify: true };
        self.sip(sip::Event::Refer(Box::new(refer)));
    }

    pub fn refers_replacing(&mut self, leg: LegId, replaced: Option<LegId>) {
        let replaces = Some(Replaces { leg: replaced, confirmed: true, early_only: false });
        let refer = Refer { leg, target: uri("x"), replaces, referred_by: None, notify: true };
        self.sip(sip::Event::Refer(Box::new(refer)));
    }

    pub fn dials(&mut self, leg: LegId, digits: &str) {
        for digit in digits.chars() {
            let id = self.legs[&leg].call;
            let now = self.now;
            if let Some(call) = self.calls.get_mut(&id) {
                call.media(media::Event::Digit { leg, digit, duration_ms: 100 }, now);
            }
            self.pump();
        }
    }

    pub fn falls_silent(&mut self, leg: LegId) {
        self.media(media::Event::Silent { leg });
    }

    /// Something happens in the mixer.
    pub fn media(&mut self, event: media::Event) {
        let id = self.legs[&event.leg().unwrap()].call;
        let now = self.now;
        if let Some(call) = self.calls.get_mut(&id) {
            call.media(event, now);
        }
        self.pump();
    }

    /// Time passes.
    pub fn wait(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(at) = self.calls.values().filter_map(Call::next_deadline).min().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let now = self.now;
            for call in self.calls.values_mut() {
                call.wake(now);
            }
            self.pump();
        }
        self.now = end;
    }

    pub fn sip(&mut self, event: sip::Event) {
        let leg = leg_of(&event);
        let ends = matches!(event, sip::Event::Failed { .. } | sip::Event::Ended { .. });
        let Some(peer) = self.legs.get_mut(&leg) else { return };
        let id = peer.call;
        peer.ended |= ends;
        peer.answered |= matches!(event, sip::Event::Answered { .. });
        let now = self.now;
        if let Some(call) = self.calls.get_mut(&id) {
            call.sip(event, now);
        }
        self.pump();
    }

    pub fn shut_down(&mut self) {
        for id in self.calls.keys().copied().collect::<Vec<_>>() {
            self.command(id, Command::Shutdown);
        }
    }

    pub fn command(&mut self, id: u64, command: Command) {
        let now = self.now;
        self.calls.get_mut(&id).unwrap().command(command, now);
        self.pump();
    }

    // What can be seen.

    /// All that was said since the last time.
    pub fn said(&mut self) -> Vec<String> {
        self.said.drain(..).collect()
    }

    pub fn skip(&mut self) {
        self.said.clear();
    }

    /// What a leg hears: its source, or who talks to it, or silence.
    pub fn hears(&self, leg: LegId) -> String {
        let peer = &self.legs[&leg];
        let Some(mixed) = &peer.mixed else { return "nothing".to_owned() };
        if !mixed.session.as_ref().is_some_and(|session| session.direction.sends()) {
            return "silence".to_owned();
        }
        match &mixed.source {
            Some(Source::Clip(_)) => return "clip".to_owned(),
            Some(source) => return format!("{source:?}"),
            None => {}
        }
        if matches!(mixed.role, Role::Deaf | Role::Held) {
            return "silence".to_owned();
        }
        let talks = |other: &&(&LegId, &Peer)| {
            *other.0 != leg
                && other.1.call == peer.call
                && other.1.mixed.as_ref().is_some_and(|mixed| {
                    let heard = match mixed.role {
                        Role::Talk | Role::Deaf => true,
                        Role::Coach { target } => target == leg,
                        Role::Muted | Role::Held | Role::Monitor => false,
                    };
                    heard && mixed.session.as_ref().is_some_and(|session| session.direction.receives())
                })
        };
        let voices: Vec<String> =
            self.legs.iter().collect::<Vec<_>>().iter().filter(talks).map(|(leg, _)| leg.0.to_string()).collect();
        if voices.is_empty() { "silence".to_owned() } else { voices.join("+") }
    }

    // What programs do.

    /// A program wishes something of the call of a leg. A refused wish must have changed nothing.
    pub fn obey(&mut self, leg: LegId, verb: Verb) -> Result<Done, Refused> {
        let id = self.legs[&leg].call;
        self.obey_in(id, verb)
    }

    pub fn obey_in(&mut self, id: u64, verb: Verb) -> Result<Done, Refused> {
        let plan = match verb.approach() {
            Some(approach) => Some(self.plan_for(approach)?),
            None => None,
        };
        let (now, before) = (self.now, self.views());
        let call = self.calls.get_mut(&id).ok_or(Refused::UnknownCall)?;
        let done = call.obey(verb, plan, now);
        if done.is_err() {
            assert_eq!(call.next_action().map(|action| format!("{action:?}")), None, "a refused wish did something");
            assert_eq!(self.views(), before, "a refused wish changed something");
        }
        self.pump();
        done
    }

    /// A program makes a call.
    pub fn originate(&mut self, first: Approach, second: Option<Approach>) -> Result<Done, Refused> {
        let plan = self.plan_for(&first)?;
        if let Some(second) = &second {
            self.plan_for(second)?;
        }
        let id = self.open(None);
        let now = self.now;
        let second = second.map(|second| (second, Sound::Ringback));
        let done = self.calls.get_mut(&id).unwrap().originate(&first, second, plan, now);
        if done.is_err() {
            self.calls.remove(&id);
        }
        self.pump();
        done
    }

    fn plan_for(&self, to: &Approach) -> Result<Plan, Refused> {
        match &to.to {
            Whom::Room(name) => Ok(Plan::Conference(name.clone())),
            _ => {
                to.address(DOMAIN)?;
                Ok(self.plan(to.to.said())?)
            }
        }
    }

    /// The sound that was looked for last is found, or not.
    pub fn found(&mut self, there: bool) {
        let (play, leg) = self.looked_for.pop().expect("nothing is looked for");
        let sound = if there { Ok(Arc::new(Playlist::new(Vec::new(), None))) } else { Err(SoundError::Nothing) };
        let id = self.legs[&leg].call;
        if self.calls.contains_key(&id) {
            self.command(id, Command::Fetched { play, leg, sound });
        }
    }

    /// A clip came to its end.
    pub fn played(&mut self, leg: LegId, play: PlayId) {
        let id = self.legs[&leg].call;
        let now = self.now;
        if let Some(call) = self.calls.get_mut(&id) {
            call.media(media::Event::PlayEnded { leg, play, whole: true }, now);
        }
        self.pump();
    }

    pub fn view(&self, leg: LegId) -> LegView {
        let call = &self.calls[&self.legs[&leg].call];
        call.leg_view(leg, self.epoch()).unwrap()
    }

    pub fn transfer(&self, leg: LegId) -> TransferView {
        let call = &self.calls[&self.legs[&leg].call];
        call.view(self.epoch()).transfer.expect("no transfer")
    }

    fn epoch(&self) -> Epoch {
        Epoch { at: self.now, unix_ms: 1_000_000_000_000 }
    }

    /// The transfer under way in the call of a leg.
    pub fn transfer_of(&self, leg: LegId) -> Option<TransferId> {
        let call = &self.calls[&self.legs[&leg].call];
        call.view(self.epoch()).transfer.map(|transfer| transfer.id)
    }

    pub fn is_in_a_call(&self, leg: LegId) -> bool {
        self.calls.contains_key(&self.legs[&leg].call)
    }

    /// All that can be seen of all calls.
    pub fn views(&self) -> Vec<CallView> {
        self.calls.values().map(|call| call.view(self.epoch())).collect()
    }

    /// What was told beside that of which each must come as it should.
    pub fn told(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.told)
    }

    pub fn collects(&self, leg: LegId) -> bool {
        self.legs[&leg].mixed.as_ref().is_some_and(|mixed| mixed.digits == DigitMode::Collect)
    }

    /// Legs that are not released.
    pub fn alive(&self) -> Vec<u64> {
        self.legs.keys().filter(|leg| !self.released.contains(leg)).map(|leg| leg.0).collect()
    }

    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    pub fn deadlines(&self) -> usize {
        self.calls.values().filter_map(Call::next_deadline).count()
    }

    pub fn our_sdp(&self, leg: LegId) -> String {
        String::from_utf8(self.legs[&leg].heard.clone().unwrap_or_default().to_vec()).unwrap()
    }

    /// Legs of ours that were called and have no answer, those that called and have none, and those that are answered.
    pub fn by_state(&self) -> (Vec<LegId>, Vec<LegId>, Vec<LegId>) {
        let (mut called, mut calling, mut answered) = (Vec::new(), Vec::new(), Vec::new());
        for (leg, peer) in self.legs.iter().filter(|(leg, _)| !self.released.contains(leg)) {
            match (&peer.invite, peer.answered) {
                (_, true) => answered.push(*leg),
                (Some(_), false) => called.push(*leg),
                (None, false) => calling.push(*leg),
            }
        }
        (called, calling, answered)
    }

    /// What must hold whenever all is quiet.
    pub fn check(&self) {
        for (leg, peer) in self.legs.iter().filter(|(leg, _)| !self.released.contains(leg)) {
            let call = self.calls.get(&peer.call).unwrap_or_else(|| panic!("{leg} is in a call that ended"));
            assert!(call.legs().contains(leg), "{leg} is not known to its call");
        }
        for (id, call) in &self.calls {
            let legs = call.legs();
            assert!(!legs.is_empty(), "call {id} is empty and did not end: {:?}", call.view(self.epoch()));
            if let ([one, two], None) = (&legs[..], call.next_deadline()) {
                self.check_pair(*one, *two);
            }
            let [last] = legs[..] else { continue };
            let waits = call.next_deadline().is_some();
            let own_ack_to_come = self.legs[&last].mixed.is_none();
            let served = ["HoldMusic", "Echo"].contains(&self.hears(last).as_str());
            let holds = self.legs[&last].mixed.as_ref().is_some_and(|mixed| mixed.role == Role::Held);
            let kept = call.view(self.epoch()).kept;
            let wished = self.as_programs_wish(last);
            assert!(waits || served || own_ack_to_come || holds || kept || wished, "{last} is alone in call {id}");
        }
    }

    /// What a leg hears is as a program wants it.
    fn as_programs_wish(&self, leg: LegId) -> bool {
        let view = self.view(leg);
        let plain = view.role == RoleView::Talk && !view.muted && !view.deaf && view.plays.is_empty();
        let plain = plain && self.calls[&view.call.0].view(self.epoch()).plays.is_empty();
        view.held_by_us || view.gather.is_some() || !plain
    }

    /// Two who wait for nothing hear each other, unless one of them does not want to or the switch itself is their partner.
    fn check_pair(&self, one: LegId, two: LegId) {
        let open = |leg: LegId| {
            let session = self.legs[&leg].mixed.as_ref().and_then(|mixed| mixed.session.as_ref());
            session.is_some_and(|session| session.direction == Direction::SendRecv && !session.held_by_peer)
        };
        if !open(one) || !open(two) || self.as_programs_wish(one) || self.as_programs_wish(two) {
            return;
        }
        let heard = (self.hears(one), self.hears(two));
        let served = heard.0 == heard.1 && ["HoldMusic", "Echo"].contains(&heard.0.as_str());
        assert!(served || heard == (two.0.to_string(), one.0.to_string()), "{one} and {two} hear {heard:?}");
    }

    // The machinery.

    pub fn new_leg(&mut self) -> LegId {
        self.next_leg += 1;
        let leg = LegId(self.next_leg);
        let address = "198.51.100.9".parse().unwrap();
        let port = 30000 + 2 * self.next_leg as u16;
        let negotiation = Negotiation::new(address, port, &[Codec::Pcmu, Codec::Pcma], leg.0);
        let peer = Peer {
            call: 0,
            negotiation,
            heard: None,
            invite: None,
            rejection: None,
            mixed: None,
            answered: false,
            ended: false,
        };
        self.legs.insert(leg, peer);
        leg
    }

    pub fn open(&mut self, conference: Option<String>) -> u64 {
        self.next_call += 1;
        let (settings, numbers) = (Arc::clone(&self.settings), self.numbers.clone());
        let call = Call::new(CallId(self.next_call), settings, conference, numbers, [7; 32], self.now);
        self.calls.insert(self.next_call, call);
        self.next_call
    }

    fn room(&mut self, name: &str) -> u64 {
        match self.rooms.get(name).filter(|id| self.calls.contains_key(id)) {
            Some(id) => *id,
            None => {
                let id = self.open(Some(name.to_owned()));
                self.rooms.insert(name.to_owned(), id);
                if let (Some(rules), Some(call)) = (self.rules.get(name), self.calls.get_mut(&id)) {
                    call.set_rules(rules.clone());
                }
                id
            }
        }
    }

    fn plan(&self, number: &str) -> Result<Plan, Refusal> {
        self.plans.get(number).cloned().unwrap_or(Err(Refusal::Unknown))
    }

    /// The peer's answer to what we offered it.
    fn answer_of(&mut self, leg: LegId, codec: Codec) -> Option<Bytes> {
        let peer = self.legs.get_mut(&leg).unwrap();
        let offer = peer.heard.clone()?;
        peer.negotiation.receive_offer(&offer).ok()?;
        peer.negotiation.answer(Direction::SendRecv, Some(codec)).map(|(body, _)| body)
    }

    fn pump(&mut self) {
        let mut turns = 0;
        while let Some((id, action)) = self.calls.iter_mut().find_map(|(id, call)| Some((*id, call.next_action()?))) {
            turns += 1;
            assert!(turns < 100_000, "the calls never come to rest");
            self.carry_out(id, action);
        }
    }

    fn carry_out(&mut self, id: u64, action: Action) {
        let now = self.now;
        match action {
            Action::Sip(command) => self.send(command),
            Action::Media(command) => self.mix(id, command),
            Action::Route { ticket, origin, target, purpose } => {
                self.asked = Some(*origin);
                let user = target.user.unwrap_or_default();
                self.said.push_back(format!("route {user} for {purpose:?}"));
                let plan = self.plan(&user);
                self.calls.get_mut(&id).unwrap().command(Command::Routed { ticket, plan }, now);
            }
            Action::Lease { ticket, callees } => {
                let mut legs = Vec::new();
                for _ in callees {
                    let lease = (!self.no_ports).then(|| (self.new_leg(), 20000));
                    if let Some((leg, _)) = lease {
                        self.legs.get_mut(&leg).unwrap().call = id;
                    }
                    legs.push(lease);
                }
                self.calls.get_mut(&id).unwrap().command(Command::Leased { ticket, legs }, now);
            }
            Action::Queue { entry, what } => self.queue(id, entry, what),
            Action::Release { leg } => {
                let peer = &self.legs[&leg];
                assert!(peer.mixed.is_none(), "{leg} is still in the mixer");
                assert!(peer.ended || peer.heard.is_none(), "{leg} is released while its dialog lives");
                assert!(self.released.insert(leg), "{leg} is released twice");
            }
            Action::Join { referrer, replaced } => self.join(id, referrer, replaced),
            Action::Enter { conference, legs } => {
                let room = self.room(&conference);
                self.move_legs(id, room, &legs, None);
            }
            Action::Fetch { play, leg, .. } => self.looked_for.push((play, leg)),
            Action::Record { recording, scope, layout, format, .. } => {
                let usual = (Format::default(), Layout::default());
                let kind = if (format, layout) == usual { String::new() } else { format!(", {format:?} {layout:?}") };
                self.said.push_back(format!("{recording} of {scope:?}{kind}"));
            }
            Action::Tell { event, .. } => match news(&event) {
                Some(line) => self.said.push_back(line),
                None => self.told.push(event),
            },
            Action::End => {
                let call = self.calls.remove(&id).unwrap();
                assert_eq!(call.legs(), [], "a call ended with legs in it");
                assert_eq!(call.next_deadline(), None, "a call ended with a deadline");
                self.said.push_back("end".to_owned());
            }
        }
    }

    /// A queue of three agents: each is offered in turn, then it is over. Who waits does so in one place, and leaves it once.
    fn queue(&mut self, id: u64, entry: EntryId, what: Queuing) {
        let now = self.now;
        match what {
            Queuing::Enter { queue, .. } => {
                self.said.push_back(format!("{entry} waits for {queue}"));
                assert!(self.waiting.insert(entry, id).is_none(), "{entry} waits twice");
                self.calls.get_mut(&id).unwrap().command(Command::Queued { entry }, now);
                self.offer(entry, "1002");
            }
            Queuing::Declined { agent, status } => {
                self.said.push_back(format!("{agent} does not take {entry}: {status}"));
                match agent.as_str() {
                    "1002" => self.offer(entry, "1003"),
                    "1003" => self.offer(entry, "1004"),
                    _ => {
                        let id = self.waiting.remove(&entry).expect("it waits");
                        let over = Command::QueueOver { entry, status: 480, fallback: self.overflow.clone() };
                        self.calls.get_mut(&id).unwrap().command(over, now);
                    }
                }
            }
            Queuing::Answered { agent, .. } => {
                self.said.push_back(format!("{agent} has {entry}"));
                assert!(self.waiting.remove(&entry).is_some(), "{entry} was answered and did not wait");
            }
            Queuing::Left => {
                self.said.push_back(format!("{entry} left"));
                assert!(self.waiting.remove(&entry).is_some(), "{entry} left and did not wait");
            }
        }
    }

    fn offer(&mut self, entry: EntryId, agent: &str) {
        let (agent, now) = (agent.to_owned(), self.now);
        let targets = vec![target(&agent)];
        let call = self.calls.get_mut(&self.waiting[&entry]).unwrap();
        call.command(Command::OfferAgent { entry, agent, targets }, now);
    }

    fn join(&mut self, id: u64, referrer: LegId, replaced: LegId) {
        let command = match self.bring_together(id, referrer, replaced) {
            Ok(()) => Command::Joined { referrer },
            Err(status) => Command::JoinFailed { referrer, status },
        };
        let now = self.now;
        self.calls.get_mut(&id).unwrap().command(command, now);
    }

    fn bring_together(&mut self, id: u64, referrer: LegId, replaced: LegId) -> Result<(), StatusCode> {
        let other = self.legs[&replaced].call;
        let is_room = |id: &u64| self.rooms.values().any(|room| room == id);
        let rooms = (is_room(&id), is_room(&other));
        let now = self.now;
        let call = self.calls.get_mut(&other).ok_or(StatusCode(481))?;
        call.may_be_replaced(replaced)?;
        match rooms {
            (true, true) => Err(StatusCode(403)),
            (true, false) => {
                let passengers = call.vacate(replaced, now);
                if passengers.is_empty() {
                    return Err(StatusCode(403));
                }
                self.bring(passengers, id, Some(referrer));
                Ok(())
            }
            (false, _) => {
                let mut legs = self.calls[&id].legs();
                legs.retain(|leg| *leg != referrer);
                self.move_legs(id, other, &legs, Some(replaced));
                Ok(())
            }
        }
    }

    fn move_legs(&mut self, from: u64, to: u64, legs: &[LegId], replaced: Option<LegId>) {
        let now = self.now;
        let passengers = self.calls.get_mut(&from).unwrap().release(legs, now);
        self.bring(passengers, to, replaced);
    }

    fn bring(&mut self, passengers: Vec<Passenger>, to: u64, replaced: Option<LegId>) {
        let now = self.now;
        for passenger in &passengers {
            self.legs.get_mut(&passenger.leg()).unwrap().call = to;
            if let Some(place) = passenger.entry().and_then(|entry| self.waiting.get_mut(&entry)) {
                *place = to;
            }
        }
        self.calls.get_mut(&to).unwrap().adopt(passengers, replaced, now);
    }

    fn send(&mut self, command: sip::Command) {
        let (leg, line) = in_words(&command);
        let peer = self.legs.get_mut(&leg).unwrap_or_else(|| panic!("{line}: no such leg"));
        assert!(!peer.ended && !self.released.contains(&leg), "{line}: the leg is gone");
        let answers = matches!(command, sip::Command::Answer { .. });
        match command {
            sip::Command::Invite(invite) => {
                peer.heard = invite.body.clone();
                peer.invite = Some(*invite);
            }
            sip::Command::Answer { body: None, .. } => peer.answered = true,
            sip::Command::Progress { body: Some(body), .. }
            | sip::Command::Answer { body: Some(body), .. }
            | sip::Command::Ack { body, .. }
            | sip::Command::AnswerOffer { body, .. } => {
                // It is the answer to the peer's offer, or an offer; the peer's side knows which.
                let _ = peer.negotiation.receive_answer(&body);
                peer.heard = Some(body);
                peer.answered |= answers;
            }
            sip::Command::Hangup { .. } => peer.ended = true,
            sip::Command::Reject { rejection, .. } => {
                peer.ended = true;
                peer.rejection = Some(rejection);
            }
            _ => {}
        }
        self.said.push_back(line);
    }

    fn mix(&mut self, id: u64, command: media::Command) {
        if let media::Command::Record { recording, what, .. } = &command {
            return self.said.push_back(format!("{recording}: {what:?}"));
        }
        let leg = command.leg().unwrap();
        let peer = self.legs.get_mut(&leg).unwrap();
        assert_eq!(peer.call, id, "{command:?} comes from a call that the leg is not in");
        match (&mut peer.mixed, command) {
            (mixed @ None, media::Command::Join { .. }) => *mixed = Some(Mixed::default()),
            (Some(mixed), media::Command::Stream { session, .. }) => mixed.session = Some(*session),
            (Some(mixed), media::Command::Role { role, .. }) => mixed.role = role,
            (Some(mixed), media::Command::Play { source, .. }) => mixed.source = source,
            (Some(mixed), media::Command::Digits { mode, .. }) => mixed.digits = mode,
            (Some(_), media::Command::SendDigit { digit, .. }) => {
                self.said.push_back(format!("digit {digit} to {}", leg.0));
            }
            (Some(_), media::Command::Pressed { digit, duration_ms, .. }) => {
                let (event, now) = (media::Event::Digit { leg, digit, duration_ms }, self.now);
                self.calls.get_mut(&id).unwrap().media(event, now);
            }
            (Some(_), media::Command::Whisper { playback, .. }) => {
                let play = playback.map(|playback| playback.id);
                self.said.push_back(format!("whisper {play:?} to {}", leg.0));
            }
            (mixed @ Some(_), media::Command::Leave { .. }) => *mixed = None,
            (_, command) => panic!("{command:?} does not fit"),
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "a test must start at some time")]
fn start() -> Instant {
    Instant::now()
}

fn incoming(leg: LegId, to: &str, body: Option<Bytes>) -> Incoming {
    Incoming {
        leg,
        source: "192.0.2.50:5060".parse().unwrap(),
        from: address("from"),
        asserted: None,
        privacy: None,
        referred_by: None,
        replaces: None,
        body,
        max_forwards: 70,
        request: Request { method: Method::Invite, uri: uri(to), headers: Headers::default(), body: Bytes::new() },
    }
}

fn leg_of(event: &sip::Event) -> LegId {
    match event {
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
        sip::Event::Incoming(_) | sip::Event::Request(_) | sip::Event::Response { .. } => panic!("no leg"),
    }
}

fn in_words(command: &sip::Command) -> (LegId, String) {
    match command {
        sip::Command::Invite(invite) => {
            (invite.leg, format!("{} invite {}", invite.leg.0, invite.uri.user.as_deref().unwrap_or("-")))
        }
        sip::Command::Progress { leg, status, body } => {
            (*leg, format!("{} {}{}", leg.0, status.0, if body.is_some() { " sdp" } else { "" }))
        }
        sip::Command::Answer { leg, .. } => (*leg, format!("{} 200", leg.0)),
        sip::Command::Reject { leg, rejection } => (*leg, format!("{} {}", leg.0, rejection.status.0)),
        sip::Command::Ack { leg, .. } => (*leg, format!("{} ack sdp", leg.0)),
        sip::Command::AnswerOffer { leg, body } => {
            let text = String::from_utf8_lossy(body).into_owned();
            let direction = ["sendonly", "recvonly", "inactive"].into_iter().find(|word| text.contains(word));
            (*leg, format!("{} offer answered {}", leg.0, direction.unwrap_or("sendrecv")))
        }
        sip::Command::RefuseOffer { leg, rejection } => {
            (*leg, format!("{} offer refused {}", leg.0, rejection.status.0))
        }
        sip::Command::AcceptRefer { leg } => (*leg, format!("{} refer accepted", leg.0)),
        sip::Command::RefuseRefer { leg, rejection } => {
            (*leg, format!("{} refer refused {}", leg.0, rejection.status.0))
        }
        sip::Command::Notify { leg, status, reason } => {
            (*leg, format!("{} notify {} {reason}", leg.0, status.0).trim_end().to_owned())
        }
        sip::Command::Hangup { leg, cause } => (*leg, format!("{} hangup {cause:?}", leg.0)),
        sip::Command::Info { leg, body, .. } => {
            (*leg, format!("{} info {}", leg.0, String::from_utf8_lossy(body).replace("\r\n", " ").trim_end()))
        }
        sip::Command::Offer { .. }
        | sip::Command::Refer { .. }
        | sip::Command::Respond { .. }
        | sip::Command::Send { .. } => panic!("a call never does this: {command:?}"),
    }
}

/// The events of which each must come as it should; others are looked at by those tests that are about them.
fn news(event: &Event) -> Option<String> {
    Some(match event {
        Event::LegStarted { leg, .. } => format!("({} started)", leg.0),
        Event::LegRinging { leg } => format!("({} rings)", leg.0),
        Event::LegAnswered { leg } => format!("({} answered)", leg.0),
        Event::LegEnded { leg, status, .. } => format!("({} ended {status})", leg.0),
        Event::Hold { leg, held, .. } => format!("({} {})", leg.0, if *held { "held" } else { "resumed" }),
        Event::TransferStarted { transferor, target, attended, .. } => {
            format!("({} transfers to {target}{})", transferor.0, if *attended { ", attended" } else { "" })
        }
        Event::TransferEnded { transferor, outcome, status, .. } => {
            format!("({} transfer {outcome:?} {status})", transferor.0)
        }
        Event::RecordingFile { recording, news } => format!("({recording}: {news:?})"),
        Event::Digit { leg, digit, .. } => format!("({} dials {digit})", leg.0),
        Event::Quality { leg, .. } => format!("({} is reported on)", leg.0),
        _ => return None,
    })
}
