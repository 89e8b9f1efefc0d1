//! Calls through an exchange on a virtual clock; `tests/memory.rs` has use for them too.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};
use warmline::{
    call::{CallSettings, Codes},
    exchange::{Exchange, Ports, Settings},
    ids::LegId,
    media::sdp::Codec,
    sip::{
        self,
        wire::{Host, digest::Algorithm},
    },
    switch::{self, RouteSettings, RouteTo, Security, Switchboard, TrunkSettings},
};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CALLER: SocketAddr = SocketAddr::new(HERE, 5080);
const CALLED: SocketAddr = SocketAddr::new(HERE, 5090);
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 8 101\r\n\
    a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n";

/// An exchange between callers and those they call, all of whom answer at once.
pub(crate) struct Calls {
    pub(crate) exchange: Exchange,
    now: Instant,
    clock: fn() -> Duration,
    /// Processor time spent in the exchange, and the part of it for timers.
    pub(crate) inside: Duration,
    pub(crate) waking: Duration,
    pub(crate) answered: usize,
    /// 200 to the INVITE of each caller.
    dialogs: Vec<String>,
}

impl Calls {
    /// So many at most; `clock` says how much processor time was spent.
    pub(crate) fn new(calls: usize, clock: fn() -> Duration) -> Self {
        let now = Instant::now();
        let switchboard = Switchboard::new(switchboard(), [7; 32], now);
        let exchange = Exchange::new(settings(), switchboard, Box::new(Numbers(40_000)), [7; 32]);
        Self {
            exchange,
            now,
            clock,
            inside: Duration::ZERO,
            waking: Duration::ZERO,
            answered: 0,
            dialogs: vec![String::new(); calls],
        }
    }

    pub(crate) fn begin(&mut self, number: usize) {
        let invite = format!(
            "INVITE sip:2001@127.0.0.1:5066 SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bK-i-{number};rport\r\n\
             From: \"load\" <sip:load@{CALLER}>;tag=c{number}\r\nTo: <sip:2001@127.0.0.1:5066>\r\nCall-ID: {number}@load\r\n\
             CSeq: 1 INVITE\r\nContact: <sip:load@{CALLER}>\r\nMax-Forwards: 70\r\nUser-Agent: load\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SDP}",
            SDP.len()
        );
        self.play(invite);
    }

    pub(crate) fn end(&mut self, number: usize) {
        let bye = self.in_dialog(number, "BYE", 2);
        self.play(bye);
    }

    /// Sends a message as the caller and lets both peers answer until nobody has anything to say.
    fn play(&mut self, message: String) {
        let mut wire = VecDeque::from([(CALLER, message)]);
        while let Some((from, message)) = wire.pop_front() {
            let before = (self.clock)();
            self.exchange.receive(message.as_bytes(), from, self.now);
            self.inside += (self.clock)() - before;
            for (to, message) in self.take_out() {
                wire.extend(self.answer(to, &message).into_iter().map(|answer| (to, answer)));
            }
        }
    }

    fn take_out(&mut self) -> Vec<(SocketAddr, String)> {
        let before = (self.clock)();
        let mut out = Vec::new();
        while let Some(transmit) = self.exchange.next_transmit() {
            out.push(transmit);
        }
        while self.exchange.next_order().is_some() {}
        while self.exchange.next_news().is_some() {}
        self.inside += (self.clock)() - before;
        out.into_iter().map(|sent| (sent.to, String::from_utf8(sent.payload.to_vec()).unwrap())).collect()
    }

    /// What a peer says to a message.
    fn answer(&mut self, peer: SocketAddr, message: &str) -> Vec<String> {
        if message.starts_with("INVITE") && peer == CALLED {
            return vec![reply(message, "180 Ringing", ""), reply(message, "200 OK", SDP)];
        }
        if message.starts_with("BYE") {
            return vec![reply(message, "200 OK", "")];
        }
        if message.starts_with("SIP/2.0 200") && header(message, "CSeq").ends_with("INVITE") && peer == CALLER {
            let number: usize = header(message, "Call-ID").split('@').next().unwrap().parse().unwrap();
            self.answered += 1;
            self.dialogs[number] = message.to_owned();
            return vec![self.in_dialog(number, "ACK", 1)];
        }
        let expected =
            ["SIP/2.0 100", "SIP/2.0 180", "SIP/2.0 200", "ACK"].iter().any(|start| message.starts_with(start));
        assert!(expected, "unexpected: {message}");
        Vec::new()
    }

    fn in_dialog(&self, number: usize, method: &str, cseq: u32) -> String {
        let ok = &self.dialogs[number];
        let target = header(ok, "Contact").trim_start_matches('<').split('>').next().unwrap();
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bK-{method}-{number};rport\r\nFrom: {}\r\nTo: {}\r\n\
             Call-ID: {}\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            header(ok, "From"),
            header(ok, "To"),
            header(ok, "Call-ID"),
        )
    }

    pub(crate) fn pass_time(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.exchange.next_deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            let before = (self.clock)();
            self.exchange.wake(self.now);
            let spent = (self.clock)() - before;
            self.inside += spent;
            self.waking += spent;
            let out = self.take_out();
            assert!(out.is_empty(), "nothing is said twice: {out:?}");
        }
        self.now = until;
    }
}

struct Numbers(u16);

impl Ports for Numbers {
    fn lease(&mut self, _leg: LegId) -> Option<u16> {
        self.0 = if self.0 >= 59_998 { 40_000 } else { self.0 + 2 };
        Some(self.0)
    }

    fn release(&mut self, _leg: LegId) {}
}

fn reply(request: &str, status: &str, body: &str) -> String {
    let via: String =
        request.lines().filter(|line| line.starts_with("Via:")).map(|line| format!("{line}\r\n")).collect();
    let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let to = header(request, "To");
    let tag = if to.contains(";tag=") { "" } else { ";tag=called" };
    format!(
        "SIP/2.0 {status}\r\n{via}From: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <sip:2001@{CALLED}>\r\n\
         {content}Content-Length: {}\r\n\r\n{body}",
        header(request, "From"),
        header(request, "Call-ID"),
        header(request, "CSeq"),
        body.len()
    )
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let found = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    found.unwrap_or_else(|| panic!("no {name} in {message}")).trim()
}

fn settings() -> Settings {
    Settings {
        sip: sip::Settings {
            local: SocketAddr::new(HERE, 5066),
            public_address: None,
            domain: "127.0.0.1".to_owned(),
            agent: "warmline".to_owned(),
            session_expires: Some(Duration::from_secs(1800)),
            min_session_expires: Duration::from_secs(90),
            t1: Duration::from_millis(500),
            max_transactions: 1_000_000,
        },
        call: CallSettings {
            media_address: HERE,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            ring_timeout: Duration::from_secs(60),
            recall: true,
            recall_timeout: Duration::from_secs(20),
            fallback: None,
            codes: Codes::default(),
            domain: "127.0.0.1".to_owned(),
            recording: warmline::call::RecordingSettings::default(),
        },
        max_calls: 100_000,
        max_calls_per_second: 100_000,
        shutdown_grace: Duration::from_secs(1),
    }
}

fn switchboard() -> switch::Settings {
    switch::Settings {
        domain: "127.0.0.1".to_owned(),
        min_expires: Duration::from_secs(60),
        max_expires: Duration::from_secs(3600),
        nonce_lifetime: Duration::from_secs(300),
        security: Security {
            digest: vec![Algorithm::Sha256, Algorithm::Md5],
            login_failures: 10,
            ban: Duration::from_secs(300),
            requests_per_second: 0,
        },
        extensions: Vec::new(),
        trunks: vec![TrunkSettings {
            name: "loop".to_owned(),
            host: Host::V4(Ipv4Addr::LOCALHOST),
            port: Some(CALLED.port()),
            accept_from: vec!["127.0.0.1".parse().unwrap()],
            credentials: None,
            caller_id: None,
            channels: None,
            codecs: Vec::new(),
            late_offer: false,
            refer: false,
            srtp: warmline::media::srtp::Srtp::Off,
            dtmf: warmline::media::Dtmf::Rfc4733,
        }],
        queues: Vec::new(),
        foreign: Default::default(),
        routes: vec![RouteSettings {
            from: None,
            pattern: "2XXX".parse().unwrap(),
            strip: 0,
            prepend: String::new(),
            to: vec![RouteTo::Trunk("loop".to_owned())],
            record: false,
        }],
    }
}
