//! What an INVITE transaction costs through its life, with 100 000 others alive.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs, reason = "a bench measures time and may fail")]

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use warmline::sip::{
    transaction::{Arrival, Branches, Table, Timers},
    wire::{Message, Request, Response, StatusCode},
};

fn main() {
    divan::main();
}

/// INVITE arrives, 100, 180 and 200 go out; its 64*T1 pass some time later. Parsing is not counted.
#[divan::bench(sample_count = 100, sample_size = 100)]
fn server(bencher: divan::Bencher<'_, '_>) {
    let mut world = World::new();
    bencher.bench_local(|| {
        let invite = world.invite();
        let Some(Arrival::Request { key, request }) =
            world.table.receive(Message::Request(invite), world.peer, world.now)
        else {
            panic!("not a request")
        };
        world.table.respond(key, Response::to(&request, StatusCode(180), Some("t")), world.now);
        world.table.respond(key, Response::to(&request, StatusCode(200), Some("t")), world.now);
        world.pass();
    });
}

/// INVITE goes out, 180 and 200 arrive; its 64*T1 pass some time later. Parsing is not counted.
#[divan::bench(sample_count = 100, sample_size = 100)]
fn client(bencher: divan::Bencher<'_, '_>) {
    let mut world = World::new();
    bencher.bench_local(|| {
        let invite = world.invite();
        let ringing = Response::to(&invite, StatusCode(180), Some("t"));
        let ok = Response::to(&invite, StatusCode(200), Some("t"));
        world.table.request(invite, world.peer, world.now);
        world.table.receive(Message::Response(ringing), world.peer, world.now);
        world.table.receive(Message::Response(ok), world.peer, world.now);
        world.pass();
    });
}

struct World {
    table: Table,
    branches: Branches,
    template: Request,
    peer: SocketAddr,
    now: Instant,
}

impl World {
    /// 100 000 accepted INVITEs, the timers of which run out evenly over 32 s.
    fn new() -> Self {
        let template = match Message::parse(INVITE.as_bytes()) {
            Ok(Message::Request(request)) => request,
            other => panic!("{other:?}"),
        };
        let mut world = Self {
            table: Table::new(Timers::default(), 1_000_000),
            branches: Branches::new([1; 32]),
            template,
            peer: "192.0.2.7:5060".parse().unwrap(),
            now: Instant::now(),
        };
        for _ in 0..100_000 {
            let invite = world.invite();
            let arrival = world.table.receive(Message::Request(invite), world.peer, world.now);
            let Some(Arrival::Request { key, request }) = arrival else { panic!("not a request") };
            world.table.respond(key, Response::to(&request, StatusCode(200), Some("t")), world.now);
            world.pass();
        }
        world
    }

    fn invite(&mut self) -> Request {
        let mut invite = self.template.clone();
        let via = format!("SIP/2.0/UDP 192.0.2.7:5060;branch={}", self.branches.make());
        invite.headers.replace("Via", via);
        invite
    }

    /// As much time as keeps 100 000 alive.
    fn pass(&mut self) {
        self.now += Duration::from_micros(320);
        self.table.wake(self.now);
        while self.table.next_transmit().is_some() {}
        while self.table.next_event().is_some() {}
    }
}

const INVITE: &str = "INVITE sip:1002@192.0.2.1 SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1\r\n\
Max-Forwards: 70\r\n\
From: \"Alice\" <sip:1001@192.0.2.1>;tag=9fxced76sl\r\n\
To: <sip:1002@192.0.2.1>\r\n\
Call-ID: 3848276298220188511@192.0.2.7\r\n\
CSeq: 1 INVITE\r\n\
Contact: <sip:1001@192.0.2.7:5060>\r\n\
Content-Length: 0\r\n\r\n";
