//! A peer and a switch that both do anything at any time: nothing panics, what waits stays bounded, and when all legs are
//! hung up and all timers have run, nothing is remembered.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use std::{
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, Instant},
};
use warmline::{
    ids::{LegId, LegIds, RequestId},
    sip::{
        Cause, Command, Credentials, Endpoint, Event, Invite, OfferMethod, Rejection, Reply, Secret, Settings,
        wire::{Message, Method, NameAddr, Request, StatusCode},
    },
};

const METHODS: &[&str] = &[
    "INVITE",
    "INVITE",
    "ACK",
    "ACK",
    "PRACK",
    "UPDATE",
    "INFO",
    "REFER",
    "NOTIFY",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "SUBSCRIBE",
];
const STATUSES: &[u16] =
    &[100, 180, 183, 183, 200, 200, 200, 202, 302, 401, 407, 408, 422, 481, 487, 491, 500, 503, 603];
const MORE: &[&str] = &[
    "Require: 100rel\r\nRSeq: 1\r\n",
    "Require: 100rel\r\nRSeq: 2\r\n",
    "Supported: 100rel, timer\r\n",
    "Session-Expires: 90;refresher=uas\r\n",
    "Session-Expires: 90;refresher=uac\r\nSupported: timer\r\n",
    "Session-Expires: 1\r\nMin-SE: 4294967295\r\n",
    "Min-SE: 500\r\n",
    "Allow: INVITE, UPDATE\r\n",
    "Record-Route: <sip:10.0.0.7;lr>, <sip:10.0.0.8>\r\n",
    "Refer-To: <sip:carol@example.com?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>\r\n",
    "Refer-To: sip:carol@example.com\r\nRefer-Sub: false\r\n",
    "Event: refer\r\nSubscription-State: terminated\r\nContent-Type: message/sipfrag\r\n",
    "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n",
    "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", stale=true\r\n",
    "Content-Type: application/sdp\r\n",
    "Retry-After: 5\r\n",
];
const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
/// How many messages of ours the peer remembers.
const MEMORY: usize = 32;
/// Far more than one step may have to say.
const MOST_OUT: usize = 4096;

/// What the data says should happen, byte by byte.
struct Plan<'a>(&'a [u8]);

impl<'a> Plan<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.byte()?);
        let (now, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        Some(now)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let at = usize::from(self.byte()?);
        choices.get(at % choices.len().max(1)).copied()
    }

    fn sdp(&mut self) -> Option<Option<Bytes>> {
        Some((self.byte()? % 3 > 0).then(|| Bytes::from_static(SDP)))
    }
}

struct Scene {
    endpoint: Endpoint,
    ids: LegIds,
    now: Instant,
    peer: SocketAddr,
    /// What the endpoint sent lately, the newest first.
    heard: VecDeque<Message>,
    legs: Vec<LegId>,
    requests: Vec<RequestId>,
    cseq: u32,
}

impl Scene {
    fn new() -> Self {
        let settings = Settings {
            local: "10.0.0.1:5060".parse().expect("an address"),
            public_address: None,
            domain: "example.com".to_owned(),
            agent: "Warmline".to_owned(),
            session_expires: Some(Duration::from_secs(600)),
            min_session_expires: Duration::from_secs(90),
            t1: Duration::from_millis(500),
            max_transactions: 64,
        };
        let ids = LegIds::default();
        Self {
            endpoint: Endpoint::new(settings, ids.clone(), [7; 32]),
            ids,
            now: Instant::now(),
            peer: "10.0.0.9:5060".parse().expect("an address"),
            heard: VecDeque::new(),
            legs: Vec::new(),
            requests: Vec::new(),
            cseq: 0,
        }
    }

    fn step(&mut self, plan: &mut Plan<'_>) -> Option<()> {
        match plan.byte()? % 16 {
            0 => self.endpoint.receive(plan.bytes()?, self.peer, self.now),
            1..5 => self.ask(plan)?,
            5..9 => self.answer(plan)?,
            9..14 => {
                let command = self.command(plan)?;
                self.endpoint.command(command, self.now);
            }
            _ => self.wait(plan.byte()?),
        }
        self.collect();
        Some(())
    }

    /// A request, in the dialog of something that we heard or outside of all.
    fn ask(&mut self, plan: &mut Plan<'_>) -> Option<()> {
        let method = plan.of(METHODS)?;
        let choice = plan.byte()?;
        let heard = self.heard.iter().nth(usize::from(choice & 7)).filter(|_| choice < 208);
        let header = |name| heard.and_then(|message| message.headers().get(name));
        let (ours, theirs) = match heard {
            Some(Message::Request(_)) => (header("From"), header("To")),
            Some(Message::Response(_)) => (header("To"), header("From")),
            None => (None, None),
        };
        let mut theirs = theirs.unwrap_or("<sip:peer@10.0.0.9>").to_owned();
        if !theirs.contains("tag=") {
            theirs.push_str(";tag=peer");
        }
        let ours = ours.unwrap_or("<sip:us@10.0.0.1>");
        let call = header("Call-ID").map_or_else(|| format!("call{}", choice & 3), str::to_owned);
        let said = header("CSeq").unwrap_or("0 INVITE").to_owned();
        let rack = format!("{} {said}", header("RSeq").unwrap_or("1"));
        let cseq = match (method, plan.byte()? % 8) {
            ("ACK" | "CANCEL", _) => said.split(' ').next().unwrap_or_default().to_owned(),
            (_, 0) => self.cseq.to_string(),
            _ => {
                self.cseq += 1;
                self.cseq.to_string()
            }
        };
        let (more, body) = rest(plan)?;
        let text = format!(
            "{method} sip:us@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK{cseq}\r\nFrom: {theirs}\r\nTo: {ours}\r\n\
             Call-ID: {call}\r\nCSeq: {cseq} {method}\r\nRAck: {rack}\r\nContact: <sip:peer@10.0.0.9>\r\n{more}\r\n"
        );
        self.says(text, body);
        Some(())
    }

    /// A response to something that we heard.
    fn answer(&mut self, plan: &mut Plan<'_>) -> Option<()> {
        let status = plan.of(STATUSES)?;
        let choice = plan.byte()?;
        let (more, body) = rest(plan)?;
        let mut requests = self.heard.iter().filter_map(|message| match message {
            Message::Request(request) if request.method != Method::Ack => Some(request),
            Message::Request(_) | Message::Response(_) => None,
        });
        let request = requests.nth(usize::from(choice & 3));
        let Some(request) = request else { return Some(()) };
        let mut text = format!("SIP/2.0 {status} X\r\n");
        for name in ["Via", "From", "Call-ID", "CSeq"] {
            text.push_str(&format!("{name}: {}\r\n", request.headers.get(name).unwrap_or_default()));
        }
        let to = request.headers.get("To").unwrap_or_default();
        let tag = if to.contains("tag=") { String::new() } else { format!(";tag=peer{}", choice >> 6) };
        text.push_str(&format!("To: {to}{tag}\r\nContact: <sip:peer@10.0.0.9>\r\n{more}\r\n"));
        self.says(text, body);
        Some(())
    }

    fn says(&mut self, head: String, body: &[u8]) {
        let mut datagram = head.into_bytes();
        datagram.extend_from_slice(body);
        self.endpoint.receive(&datagram, self.peer, self.now);
    }

    fn command(&mut self, plan: &mut Plan<'_>) -> Option<Command> {
        let choice = plan.byte()?;
        let body = plan.sdp()?;
        if choice % 16 == 0 || self.legs.is_empty() {
            return Some(self.outside(choice, body));
        }
        let back = usize::from(plan.byte()? & 3).min(self.legs.len() - 1);
        let leg = self.legs[self.legs.len() - 1 - back];
        let status = StatusCode(plan.of(STATUSES)?);
        let some = || body.clone().unwrap_or_default();
        let rejection = Rejection { status, reason: String::new(), headers: Vec::new() };
        let method = if choice & 16 == 0 { OfferMethod::Update } else { OfferMethod::Reinvite };
        Some(match choice % 16 {
            1 | 2 => Command::Progress { leg, status, body },
            3 | 4 => Command::Answer { leg, body },
            5 => Command::Reject { leg, rejection },
            6 => Command::Ack { leg, body: some() },
            7 | 8 => Command::Offer { leg, body, method },
            9 => Command::AnswerOffer { leg, body: some() },
            10 => Command::RefuseOffer { leg, rejection },
            11 => Command::AcceptRefer { leg },
            12 => Command::Notify { leg, status, reason: "why\r\nnot".to_owned() },
            13 => Command::Refer { leg, target: address().uri, referred_by: Some(address()) },
            14 => Command::Info { leg, content_type: "application/dtmf-relay".to_owned(), body: some() },
            _ => Command::Hangup { leg, cause: Cause::Refused(status.0) },
        })
    }

    /// A wish that begins something, or answers a request that is of no leg.
    fn outside(&mut self, choice: u8, body: Option<Bytes>) -> Command {
        let credentials = Some(Credentials { user: "us".to_owned(), secret: Secret::Password("secret".to_owned()) });
        match (choice >> 4, self.requests.pop()) {
            (0..4, Some(request)) => Command::Respond { request, reply: Reply::new(StatusCode(200)) },
            (4..6, _) => {
                let mut outline = Request::new(Method::Register, address().uri);
                outline.headers.push("From", address());
                outline.headers.push("To", address());
                Command::Send { request: RequestId(u64::MAX), outline: Box::new(outline), hop: self.peer, credentials }
            }
            _ => {
                let leg = self.ids.next();
                self.legs.push(leg);
                let (from, to) = (address(), address());
                let uri = address().uri;
                let invite = Invite {
                    leg,
                    uri,
                    hop: self.peer,
                    route: Vec::new(),
                    from,
                    to,
                    asserted: None,
                    privacy: None,
                    body,
                    headers: Vec::new(),
                    credentials,
                    max_forwards: 70,
                };
                Command::Invite(Box::new(invite))
            }
        }
    }

    /// To the next deadline, or less far.
    fn wait(&mut self, choice: u8) {
        match (choice % 4, self.endpoint.next_deadline()) {
            (0, _) | (_, None) => self.now += Duration::from_millis(u64::from(choice) * 10),
            (_, Some(at)) => self.now = self.now.max(at),
        }
        self.endpoint.wake(self.now);
    }

    fn collect(&mut self) {
        let mut count = 0;
        while let Some(transmit) = self.endpoint.next_transmit() {
            count += 1;
            if let Ok(message) = Message::parse(&transmit.payload) {
                self.heard.truncate(MEMORY - 1);
                self.heard.push_front(message);
            }
        }
        while let Some(event) = self.endpoint.next_event() {
            count += 1;
            match event {
                Event::Incoming(incoming) => self.legs.push(incoming.leg),
                Event::Request(asked) => self.requests.push(asked.request),
                _ => {}
            }
        }
        assert!(count < MOST_OUT, "{count} things at once");
    }

    /// Hangs up everything and lets all time pass.
    fn end(mut self) {
        for leg in std::mem::take(&mut self.legs) {
            self.endpoint.command(Command::Hangup { leg, cause: Cause::Normal }, self.now);
            self.collect();
        }
        let mut steps = 0;
        while let Some(at) = self.endpoint.next_deadline() {
            self.now = self.now.max(at);
            self.endpoint.wake(self.now);
            self.collect();
            steps += 1;
            assert!(steps < 100_000, "it never ends: {:?}", self.endpoint);
        }
        assert_eq!((self.endpoint.legs(), self.endpoint.transactions()), (0, 0), "something is left");
    }
}

/// Further headers and the body of what the peer says.
fn rest<'a>(plan: &mut Plan<'a>) -> Option<(String, &'a [u8])> {
    let choice = plan.byte()?;
    let mut more = String::new();
    for _ in 0..choice & 3 {
        more.push_str(plan.of(MORE)?);
    }
    let body = match choice >> 2 & 3 {
        0 | 1 => &[],
        2 => SDP,
        _ => plan.bytes()?,
    };
    if !body.is_empty() && !more.contains("Content-Type") {
        more.push_str("Content-Type: application/sdp\r\n");
    }
    Some((more, body))
}

fn address() -> NameAddr {
    NameAddr::parse("<sip:us@example.com>").expect("an address")
}

fuzz_target!(|data: &[u8]| {
    let mut scene = Scene::new();
    let mut plan = Plan(data);
    while scene.step(&mut plan).is_some() {}
    scene.end();
});
