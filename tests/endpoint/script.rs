//! One endpoint and a peer that says what the test writes.

use crate::pair::{End, settings};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use warmline::{
    ids::LegId,
    sip::{Command, Event, Settings, wire::Message},
};

pub struct Script {
    pub now: Instant,
    pub end: End,
    pub peer: SocketAddr,
    cseq: u32,
}

impl Script {
    pub fn new() -> Self {
        Self::with(settings("10.0.0.1:5060"))
    }

    pub fn with(settings: Settings) -> Self {
        let peer = "10.0.0.9:5060".parse().unwrap();
        Self { now: Instant::now(), end: End::new(settings, 3), peer, cseq: 0 }
    }

    /// The peer says this; lines are separated by `\n`, an empty one begins the body.
    pub fn says(&mut self, text: &str) {
        let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
        let mut datagram = head.lines().map(str::trim).collect::<Vec<_>>().join("\r\n");
        datagram.push_str(&format!("\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        self.sends(datagram.as_bytes());
    }

    pub fn sends(&mut self, datagram: &[u8]) {
        self.end.endpoint.receive(datagram, self.peer, self.now);
        self.collect();
    }

    /// A request with all that one needs, and `more` headers and a body.
    pub fn asks(&mut self, method: &str, to_tag: &str, more: &str) {
        self.cseq += 1;
        let cseq = self.cseq;
        let tag = if to_tag.is_empty() { String::new() } else { format!(";tag={to_tag}") };
        self.says(&format!(
            "{method} sip:us@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK{method}{cseq}\nFrom: <sip:peer@10.0.0.9>;tag=peer\n\
             To: <sip:us@10.0.0.1>{tag}\nCall-ID: call@peer\nCSeq: {cseq} {method}\nContact: <sip:peer@10.0.0.9>\n{more}"
        ));
    }

    /// The peer's ACK of our 2xx to its INVITE, which was its first request.
    pub fn acknowledges(&mut self, tag: &str) {
        self.says(&format!(
            "ACK sip:us@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKack\nFrom: <sip:peer@10.0.0.9>;tag=peer\n\
             To: <sip:us@10.0.0.1>;tag={tag}\nCall-ID: call@peer\nCSeq: 1 ACK\n"
        ));
    }

    /// The peer answers the last request of ours with that method.
    pub fn answers(&mut self, method: &str, status: &str, tag: &str, more: &str) {
        let Message::Request(request) = self.end.last(method) else { panic!() };
        let copied: String = ["Via", "From", "Call-ID", "CSeq"]
            .iter()
            .map(|name| format!("{name}: {}\n", request.headers.get(name).unwrap()))
            .collect();
        let to = request.headers.get("To").unwrap();
        let to = if to.contains("tag=") || tag.is_empty() { to.to_owned() } else { format!("{to};tag={tag}") };
        self.says(&format!("SIP/2.0 {status}\n{copied}To: {to}\n{more}"));
    }

    pub fn command(&mut self, command: Command) {
        self.end.endpoint.command(command, self.now);
        self.collect();
    }

    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.end.endpoint.next_deadline().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.end.endpoint.wake(self.now);
            self.collect();
        }
        self.now = end;
    }

    pub fn event(&mut self) -> Event {
        let sent = self.end.sent.clone();
        self.end.events.pop_front().unwrap_or_else(|| panic!("nothing to tell; sent: {sent:#?}"))
    }

    /// The start line of what was said last.
    pub fn said(&self) -> &str {
        self.end.sent.last().map_or("", String::as_str)
    }

    /// A header of what was said last.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.end.messages.last()?.headers().get(name)
    }

    /// The peer calls; the leg, our tag is in `tag`.
    pub fn incoming(&mut self, more: &str) -> LegId {
        self.asks("INVITE", "", more);
        match self.event() {
            Event::Incoming(incoming) => incoming.leg,
            other => panic!("{other:?}"),
        }
    }

    /// Our tag in what was said last.
    pub fn tag(&self) -> String {
        self.end.messages.last().unwrap().headers().to_tag().unwrap().to_owned()
    }

    pub fn end_of_story(mut self) {
        assert!(self.end.events.is_empty(), "{:?}", self.end.events);
        self.pass(Duration::from_secs(300));
        let left = (self.end.endpoint.legs(), self.end.endpoint.transactions(), self.end.endpoint.next_deadline());
        assert_eq!(left, (0, 0, None), "{:#?}", self.end.sent);
    }

    fn collect(&mut self) {
        while let Some(transmit) = self.end.endpoint.next_transmit() {
            match Message::parse(&transmit.payload) {
                Ok(message) => {
                    let text = String::from_utf8_lossy(&transmit.payload).into_owned();
                    self.end.sent.push(text.lines().next().unwrap_or_default().to_owned());
                    self.end.messages.push(message);
                }
                Err(_) => self.end.sent.push(format!("{:?}", transmit.payload)),
            }
        }
        while let Some(event) = self.end.endpoint.next_event() {
            self.end.events.push_back(event);
        }
    }
}
