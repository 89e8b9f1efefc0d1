//! What happens, sent to somebody who wants to know.

use crate::house::{House, PATIENCE};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::Value;
use sha2::Sha256;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

#[test]
fn events_arrive_in_order_signed_and_again_until_they_are_taken() {
    let desk = Desk::open(1);
    let house = House::open(&format!(
        "[[webhook]]\nurl = \"http://{}/hook\"\nsecret = \"geheim\"\nevents = [\"call\", \"leg\"]\n",
        desk.address
    ));
    house.calls("7001");
    // The first is refused, and comes again before the second.
    let kinds: Vec<String> = (0..4).map(|_| desk.next("geheim")["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["call.started", "call.started", "leg.started", "leg.answered"]);
    let listed = house.ask(Method::GET, "/v1/webhooks", "").body;
    assert_eq!(listed["webhooks"][0]["configured"], true);
    assert!(!listed.to_string().contains("geheim"));
    assert_eq!(house.ask(Method::DELETE, "/v1/webhooks/webhook-1", "").problem(), (409, "configured", ""));
    assert_eq!(house.ask(Method::GET, "/v1/webhooks/dead", "").body["dead"].as_array().unwrap().len(), 0);
}

#[test]
fn a_webhook_goes_only_to_hosts_that_are_allowed() {
    let desk = Desk::open(1);
    let house = House::open("webhook_hosts = [\"127.0.0.1\"]");
    let wish = |url: &str| format!("{{\"url\":\"{url}\",\"secret\":\"0123456789abcdef\",\"call\":\"call-1\"}}");
    let mine = wish(&format!("http://{}/", desk.address));
    assert_eq!(house.ask(Method::POST, "/v1/webhooks", &mine).problem(), (404, "unknown-call", ""));
    house.calls("7001");
    let inside = house.ask(Method::POST, "/v1/webhooks", &wish("http://192.0.2.1/"));
    assert_eq!(inside.problem(), (403, "host-not-allowed", "url"));
    let file = house.ask(Method::POST, "/v1/webhooks", &wish("file:///etc/passwd"));
    assert_eq!(file.problem(), (422, "bad-field", "url"));

    let made = house.ask(Method::POST, "/v1/webhooks", &mine);
    assert_eq!((made.status, made.headers["location"].to_str().unwrap()), (201, "/v1/webhooks/webhook-1"));
    house.calls("7001");
    desk.next("0123456789abcdef");
    let event = desk.next("0123456789abcdef");
    assert_eq!(event["call_id"], "call-1");
    assert_eq!(house.ask(Method::DELETE, "/v1/webhooks/webhook-1", "").status, 200);
    assert_eq!(house.ask(Method::DELETE, "/v1/webhooks/webhook-1", "").problem(), (404, "unknown-webhook", ""));
}

#[test]
fn what_nobody_takes_is_a_dead_letter_and_what_comes_after_it_is_told() {
    let desk = Desk::open(2);
    let house = House::open(&format!(
        "webhook_retries = 1\n[[webhook]]\nurl = \"http://{}/hook\"\nsecret = \"geheim\"\nevents = [\"call\", \"leg\"]\n",
        desk.address
    ));
    house.calls("7001");
    let kinds: Vec<String> = (0..4).map(|_| desk.next("geheim")["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["call.started", "call.started", "leg.started", "leg.answered"]);
    let listed = house.ask(Method::GET, "/v1/webhooks/dead", "").body;
    let [dead] = &listed["dead"].as_array().unwrap()[..] else { panic!("{listed}") };
    assert_eq!((&dead["webhook"], &dead["attempts"], &dead["count"]), (&"webhook-1".into(), &2.into(), &1.into()));
    assert_eq!(
        (&dead["reason"], &dead["event"]["type"]),
        (&"answered 500 Internal Server Error".into(), &"call.started".into())
    );
    assert_eq!(dead["sequence"], dead["event"]["sequence"]);
    assert!(!listed.to_string().contains("geheim"));
    // Whoever missed it can have it again from the events, by its number.
    let since = dead["sequence"].as_u64().unwrap() - 1;
    let again = house.ask(Method::GET, &format!("/v1/events?since={since}"), "").body;
    assert_eq!(again["events"][0], dead["event"]);
    assert_eq!(house.ask(Method::DELETE, "/v1/webhooks/dead", "").body["forgotten"], 1);
    assert_eq!(house.ask(Method::GET, "/v1/webhooks/dead", "").body["dead"].as_array().unwrap().len(), 0);
}

/// Somebody who wants to know, and refuses the first that it is told.
pub(crate) struct Desk {
    pub(crate) address: SocketAddr,
    told: Receiver<(String, String)>,
}

impl Desk {
    /// Refuses so many.
    pub(crate) fn open(refused: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (telling, told) = sync_channel(100);
        thread::spawn(move || {
            for (at, stream) in listener.incoming().enumerate() {
                let status = if at < refused { "500 Not Yet" } else { "204 Thanks" };
                let mut reader = BufReader::new(stream.unwrap());
                let (mut signature, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    let (name, value) = line.trim().split_once(": ").unwrap_or_default();
                    match name {
                        "warmline-signature" => signature = value.to_owned(),
                        "content-length" => length = value.parse().unwrap(),
                        _ => {}
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
                if telling.send((signature, String::from_utf8(body).unwrap())).is_err() {
                    return;
                }
            }
        });
        Self { address, told }
    }

    /// It was told nothing more.
    pub(crate) fn is_silent(&self) -> bool {
        self.told.try_recv().is_err()
    }

    /// The next event, its signature checked.
    pub(crate) fn next(&self, secret: &str) -> Value {
        let (signature, body) = self.told.recv_timeout(PATIENCE).unwrap();
        let (time, hex) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{time}.{body}").as_bytes());
        let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected);
        serde_json::from_str(&body).unwrap()
    }
}
