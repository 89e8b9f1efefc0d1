//! The four transaction machines with their timers (RFC 3261 17, RFC 6026), through the table, in simulated time.

#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::disallowed_methods, reason = "a test needs some point in time to start from")]

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use warmline::sip::{
    transaction::{Arrival, Branches, Event, ServerKey, Table, Timers},
    wire::{Message, Request, Response, StatusCode},
};

#[test]
fn an_invite_without_answer_is_repeated_with_doubled_pauses_and_given_up_after_32_s() {
    let mut side = Side::new();
    let key = side.table.request(request("INVITE", "z9hG4bK1"), peer(), side.now);
    assert_eq!(side.sent(), ["INVITE"]);
    // Timer A: 0.5, 1, 2, 4, 8, 16 s after one another; Timer B at 32 s.
    assert_eq!(side.sent_until(40_000), [500, 1500, 3500, 7500, 15_500, 31_500].map(|ms| (ms, "INVITE".to_owned())));
    assert_eq!(side.events(), [Event::Timeout(key)]);
    side.is_empty();
}

#[test]
fn a_request_without_answer_is_repeated_at_most_every_4_s_and_given_up_after_32_s() {
    let mut side = Side::new();
    let key = side.table.request(request("BYE", "z9hG4bK1"), peer(), side.now);
    assert_eq!(side.sent(), ["BYE"]);
    let times = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert_eq!(side.sent_until(40_000), times.map(|ms| (ms, "BYE".to_owned())));
    assert_eq!(side.events(), [Event::Timeout(key)]);
    side.is_empty();
}

#[test]
fn a_provisional_answer_slows_the_repetitions_of_a_request_down() {
    let mut side = Side::new();
    let key = side.table.request(request("OPTIONS", "z9hG4bK1"), peer(), side.now);
    side.sent();
    assert_eq!(side.told(&answer(&request("OPTIONS", "z9hG4bK1"), 100)), format!("100 {key:?}"));
    assert_eq!(side.sent_until(12_000), [500, 4500, 8500].map(|ms| (ms, "OPTIONS".to_owned())));
    assert_eq!(side.told(&answer(&request("OPTIONS", "z9hG4bK1"), 200)), format!("200 {key:?}"));
    assert_eq!(side.told(&answer(&request("OPTIONS", "z9hG4bK1"), 200)), "absorbed");
    // Timer K: T4.
    assert_eq!(side.sent_until(16_999), []);
    assert_eq!(side.table.len(), 1);
    assert_eq!(side.sent_until(17_000), []);
    assert_eq!(side.events(), [Event::Gone(key)]);
    side.is_empty();
}

#[test]
fn a_refused_invite_is_acknowledged_by_the_transaction_each_time() {
    let mut side = Side::new();
    let invite = request("INVITE", "z9hG4bK1").with("Route", "<sip:proxy;lr>");
    let key = side.table.request(invite.clone(), peer(), side.now);
    side.sent();
    assert_eq!(side.told(&answer(&invite, 180)), format!("180 {key:?}"));
    assert_eq!(side.sent_until(5000), []);
    let busy = Response::to(&invite, StatusCode(486), Some("theirs"));
    assert_eq!(side.told(&Message::Response(busy.clone())), format!("486 {key:?}"));
    let ack = side.table.next_transmit().unwrap();
    assert_eq!(ack.to, peer());
    let Ok(Message::Request(ack)) = Message::parse(&ack.payload) else { panic!("not a request") };
    assert_eq!(ack.method.as_str(), "ACK");
    assert_eq!(ack.uri, invite.uri);
    for name in ["Via", "Route", "From", "Call-ID"] {
        assert_eq!(ack.headers.get(name), invite.headers.get(name), "{name}");
    }
    assert_eq!(ack.headers.get("To"), busy.headers.get("To"));
    assert_eq!(ack.headers.get("CSeq"), Some("1 ACK"));
    assert_eq!(side.told(&Message::Response(busy)), "absorbed");
    assert_eq!(side.sent(), ["ACK"]);
    // Timer D.
    assert_eq!(side.sent_until(36_999), []);
    assert_eq!(side.table.len(), 1);
    side.sent_until(37_000);
    assert_eq!(side.events(), [Event::Gone(key)]);
    side.is_empty();
}

#[test]
fn each_2xx_of_an_accepted_invite_is_told_for_32_s_and_is_a_stray_afterwards() {
    let mut side = Side::new();
    let invite = request("INVITE", "z9hG4bK1");
    let key = side.table.request(invite.clone(), peer(), side.now);
    side.sent();
    assert_eq!(side.told(&answer(&invite, 200)), format!("200 {key:?}"));
    assert_eq!(side.told(&answer(&invite, 200)), format!("200 {key:?}"));
    // Timer M; ACK is the dialog's.
    assert_eq!(side.sent_until(32_000), []);
    assert_eq!(side.events(), [Event::Gone(key)]);
    side.is_empty();
    assert_eq!(side.told(&answer(&invite, 200)), "stray 200");
    assert_eq!(side.told(&answer(&invite, 486)), "absorbed");
    assert_eq!(side.told(&answer(&request("BYE", "z9hG4bK2"), 200)), "absorbed");
}

#[test]
fn cancel_copies_the_invite_and_waits_for_a_provisional_answer() {
    let mut side = Side::new();
    let invite = request("INVITE", "z9hG4bK1").with("Route", "<sip:proxy;lr>");
    let key = side.table.request(invite.clone(), peer(), side.now);
    side.sent();
    assert_eq!(side.table.cancel(key, None, side.now), None);
    side.told(&answer(&invite, 100));
    let cancel_key = side.table.cancel(key, Some("SIP;cause=200"), side.now).unwrap();
    let transmit = side.table.next_transmit().unwrap();
    let Ok(Message::Request(cancel)) = Message::parse(&transmit.payload) else { panic!("not a request") };
    assert_eq!(cancel.method.as_str(), "CANCEL");
    assert_eq!(cancel.uri, invite.uri);
    for name in ["Via", "Route", "From", "To", "Call-ID"] {
        assert_eq!(cancel.headers.get(name), invite.headers.get(name), "{name}");
    }
    assert_eq!(cancel.headers.get("CSeq"), Some("1 CANCEL"));
    assert_eq!(cancel.headers.get("Reason"), Some("SIP;cause=200"));
    // The two share a branch; the method of CSeq tells their responses apart (17.1.3).
    assert_eq!(side.told(&answer(&cancel, 200)), format!("200 {cancel_key:?}"));
    assert_eq!(side.told(&answer(&invite, 487)), format!("487 {key:?}"));
    assert_eq!(side.table.cancel(key, None, side.now), None);
    assert_eq!(side.sent(), ["ACK"]);
}

#[test]
fn a_cancelled_invite_that_stays_silent_is_given_up_after_32_s() {
    let mut side = Side::new();
    let invite = request("INVITE", "z9hG4bK1");
    let key = side.table.request(invite.clone(), peer(), side.now);
    side.told(&answer(&invite, 180));
    side.table.cancel(key, None, side.now).unwrap();
    side.sent_until(32_000);
    assert!(side.events().contains(&Event::Timeout(key)));
    side.is_empty();
}

#[test]
fn an_invite_is_answered_100_at_once_and_its_repetitions_get_the_last_response() {
    let mut side = Side::new();
    let invite = request("INVITE", "z9hG4bK1");
    let key = side.arrives(&invite);
    assert_eq!(side.sent(), ["100"]);
    assert_eq!(side.told(&Message::Request(invite.clone())), "absorbed");
    assert_eq!(side.sent(), ["100"]);
    side.respond(key, &invite, 180);
    assert_eq!(side.sent(), ["180"]);
    side.told(&Message::Request(invite));
    assert_eq!(side.sent(), ["180"]);
}

#[test]
fn a_refusal_is_repeated_until_its_ack_which_nobody_else_sees() {
    let mut side = Side::new();
    let invite = request("INVITE", "z9hG4bK1");
    let key = side.arrives(&invite);
    side.respond(key, &invite, 486);
    assert_eq!(side.sent(), ["100", "486"]);
    // Timer G.
    assert_eq!(side.sent_until(12_000), [500, 1500, 3500, 7500, 11_500].map(|ms| (ms, "486".to_owned())));
    assert_eq!(side.told(&Message::Request(request("ACK", "z9hG4bK1"))), "absorbed");
    assert_eq!(side.told(&Message::Request(invite)), "absorbed");
    // Timer I: T4.
    assert_eq!(side.sent_until(16_999), []);
    assert_eq!(side.table.len(), 1);
    assert_eq!(side.sent_until(17_000), []);
    assert_eq!(side.events(), []);
    side.is_empty();
}

#[test]
fn a_refusal_that_is_never_acknowledged_is_told_after_32_s() {
    let mut side = Side::new();
    let invite = request("INVITE", "z9hG4bK1");
    let key = side.arrives(&invite);
    side.respond(key, &invite, 404);
    side.sent_until(31_999);
    assert_eq!(side.events(), []);
    side.sent_until(32_000);
    assert_eq!(side.events(), [Event::AckTimeout(key)]);
    side.is_empty();
}

#[test]
fn an_accepted_invite_is_absorbed_for_32_s_while_the_dialog_repeats_its_2xx() {
    let mut side = Side::new();
    let invite = request("INVITE", "z9hG4bK1");
    let key = side.arrives(&invite);
    side.respond(key, &invite, 200);
    assert_eq!(side.sent(), ["100", "200"]);
    assert_eq!(side.told(&Message::Request(invite.clone())), "absorbed");
    assert_eq!(side.sent(), [""; 0]);
    side.respond(key, &invite, 200);
    assert_eq!(side.sent(), ["200"]);
    side.respond(key, &invite, 500);
    assert_eq!(side.sent(), [""; 0]);
    assert_eq!(side.told(&Message::Request(request("ACK", "z9hG4bK2"))), "ack");
    assert_eq!(side.told(&Message::Request(request("ACK", "z9hG4bK1"))), "ack");
    // Timer L.
    assert_eq!(side.sent_until(31_999), []);
    assert_eq!(side.table.len(), 1);
    side.sent_until(32_000);
    side.is_empty();
}

#[test]
fn a_repeated_request_is_absorbed_before_its_answer_and_answered_again_afterwards_for_32_s() {
    let mut side = Side::new();
    let bye = request("BYE", "z9hG4bK1");
    let key = side.arrives(&bye);
    assert_eq!(side.told(&Message::Request(bye.clone())), "absorbed");
    assert_eq!(side.sent(), [""; 0]);
    side.respond(key, &bye, 200);
    side.told(&Message::Request(bye));
    assert_eq!(side.sent(), ["200", "200"]);
    // Timer J.
    side.sent_until(31_999);
    assert_eq!(side.table.len(), 1);
    side.sent_until(32_000);
    side.is_empty();
}

#[test]
fn cancel_finds_its_invite_by_branch_and_sent_by() {
    let mut side = Side::new();
    let invite_key = side.arrives(&request("INVITE", "z9hG4bK1"));
    let told = side.receive(&Message::Request(request("CANCEL", "z9hG4bK1"))).unwrap();
    let Arrival::Cancel { invite, .. } = told else { panic!("{told:?}") };
    assert_eq!(invite, Some(invite_key));
    let told = side.receive(&Message::Request(request("CANCEL", "z9hG4bK9"))).unwrap();
    let Arrival::Cancel { invite, .. } = told else { panic!("{told:?}") };
    assert_eq!(invite, None);
}

#[test]
fn nothing_but_what_goes_to_a_dead_address_fails() {
    let mut side = Side::new();
    let other = "10.0.0.3:5060".parse().unwrap();
    let dead = side.table.request(request("INVITE", "z9hG4bK1"), peer(), side.now);
    let alive = side.table.request(request("OPTIONS", "z9hG4bK2"), other, side.now);
    side.table.failed(peer(), side.now);
    assert_eq!(side.events(), [Event::Failed(dead)]);
    assert!(side.table.sent(dead).is_none() && side.table.sent(alive).is_some());
}

#[test]
fn a_flood_of_invites_is_bounded_and_leaves_nothing_behind() {
    let mut side = Side::new();
    let mut branches = Branches::new([7; 32]);
    let template = request("INVITE", "z9hG4bK1");
    let mut refused = 0;
    for _ in 0..100_000 {
        let mut invite = template.clone();
        invite.headers.replace("Via", format_args!("SIP/2.0/UDP 10.0.0.2:5060;branch={}", branches.make()));
        let told = side.table.receive(Message::Request(invite), peer(), side.now).unwrap();
        match told {
            Arrival::Request { key, request } => side.table.respond(key, answer_to(&request, 404), side.now),
            Arrival::Overload(request) => {
                refused += 1;
                side.table.refuse(&request, &answer_to(&request, 503));
            }
            other @ (Arrival::Ack { .. } | Arrival::Cancel { .. } | Arrival::Response { .. } | Arrival::Stray(_)) => {
                panic!("{other:?}")
            }
        }
        while side.table.next_transmit().is_some() {}
    }
    assert_eq!((side.table.len(), refused), (MAX, 100_000 - MAX));
    // Those who have a dialog may still end it.
    let bye = request("BYE", &branches.make()).with("X", "y");
    assert!(matches!(side.receive(&Message::Request(in_dialog(bye))), Some(Arrival::Request { .. })));
    side.sent_until(33_000);
    assert_eq!(side.table.len(), 1, "the BYE that nobody has answered");
}

const MAX: usize = 1000;

/// A table and the time that has passed.
struct Side {
    table: Table,
    start: Instant,
    now: Instant,
}

impl Side {
    fn new() -> Self {
        let now = Instant::now();
        Self { table: Table::new(Timers::default(), MAX), start: now, now }
    }

    fn receive(&mut self, message: &Message) -> Option<Arrival> {
        let parsed = Message::parse(&message.print()).unwrap();
        self.table.receive(parsed, peer(), self.now)
    }

    /// A message comes; what the transaction user sees of it, in a word.
    fn told(&mut self, message: &Message) -> String {
        match self.receive(message) {
            None => "absorbed".to_owned(),
            Some(Arrival::Request { .. }) => "request".to_owned(),
            Some(Arrival::Ack { .. }) => "ack".to_owned(),
            Some(Arrival::Cancel { .. }) => "cancel".to_owned(),
            Some(Arrival::Response { key, response }) => format!("{} {key:?}", response.status.0),
            Some(Arrival::Stray(response)) => format!("stray {}", response.status.0),
            Some(Arrival::Overload(_)) => "overload".to_owned(),
        }
    }

    /// A new request comes.
    fn arrives(&mut self, request: &Request) -> ServerKey {
        match self.receive(&Message::Request(request.clone())) {
            Some(Arrival::Request { key, .. }) => key,
            other => panic!("{other:?}"),
        }
    }

    fn respond(&mut self, key: ServerKey, request: &Request, status: u16) {
        self.table.respond(key, answer_to(request, status), self.now);
    }

    /// What was sent since the last look: method or status.
    fn sent(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.table.next_transmit()).map(|transmit| kind(&transmit.payload)).collect()
    }

    /// Lets time pass to `ms` after the start, timer by timer; what was sent, and when.
    fn sent_until(&mut self, ms: u64) -> Vec<(u64, String)> {
        let end = self.start + Duration::from_millis(ms);
        let mut all = Vec::new();
        while let Some(at) = self.table.next_deadline().filter(|at| *at <= end) {
            self.now = at;
            self.table.wake(at);
            let passed = (at - self.start).as_millis() as u64;
            all.extend(self.sent().into_iter().map(|what| (passed, what)));
        }
        self.now = end;
        all
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.table.next_event()).collect()
    }

    fn is_empty(&mut self) {
        assert!(self.table.is_empty());
        assert_eq!(self.table.next_deadline(), None);
        assert_eq!(self.sent(), [""; 0]);
        assert_eq!(self.events(), []);
    }
}

fn peer() -> SocketAddr {
    "10.0.0.2:5060".parse().unwrap()
}

/// A request that serves as ours and as theirs.
fn request(method: &str, branch: &str) -> Request {
    let text = format!(
        "{method} sip:b@10.0.0.2 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 10.0.0.2:5060;branch={branch}\r\n\
         From: <sip:a@10.0.0.1>;tag=ours\r\n\
         To: <sip:b@10.0.0.2>\r\n\
         Call-ID: call\r\n\
         CSeq: 1 {method}\r\n\r\n"
    );
    match Message::parse(text.as_bytes()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn in_dialog(mut request: Request) -> Request {
    request.headers.replace("To", "<sip:b@10.0.0.2>;tag=theirs");
    request
}

fn answer_to(request: &Request, status: u16) -> Response {
    Response::to(request, StatusCode(status), Some("tag"))
}

fn answer(request: &Request, status: u16) -> Message {
    Message::Response(answer_to(request, status))
}

fn kind(datagram: &[u8]) -> String {
    match Message::parse(datagram).unwrap() {
        Message::Request(request) => request.method.as_str().to_owned(),
        Message::Response(response) => response.status.0.to_string(),
    }
}
