//! What happens, as programs are told it.

use crate::house::{House, PATIENCE};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::TcpStream,
};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

#[test]
fn a_websocket_tells_how_things_are_and_then_what_happens() {
    let house = House::open("");
    house.calls("7001");
    let mut request =
        house.url("/v1/events?snapshot=true&types=call,leg").replace("http", "ws").into_client_request().unwrap();
    // As a browser has to do it.
    request.headers_mut().insert("sec-websocket-protocol", "warmline, access_token.wall-token".parse().unwrap());
    let (mut socket, response) = house.runtime.block_on(tokio_tungstenite::connect_async(request)).unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "warmline");
    let first = house.runtime.block_on(next(&mut socket));
    assert_eq!((first["type"].as_str(), first["calls"][0]["room"].as_str()), (Some("snapshot"), Some("7001")));
    house.calls("7002");
    house.runtime.block_on(async {
        let mut sequence = first["sequence"].as_u64().unwrap();
        let mut kinds = Vec::new();
        while kinds.last().map(String::as_str) != Some("leg.answered") {
            let event = next(&mut socket).await;
            assert!(event["sequence"].as_u64().unwrap() > sequence);
            sequence = event["sequence"].as_u64().unwrap();
            kinds.push(event["type"].as_str().unwrap().to_owned());
            if kinds.last().unwrap() == "leg.answered" {
                assert_eq!(event["leg"]["state"], "answered");
                assert_eq!(event["call"]["legs"][0]["party"]["number"], "4930123");
            }
        }
        assert_eq!(kinds, ["call.started", "leg.started", "leg.answered"]);
    });
}

#[test]
fn a_websocket_takes_a_place_for_as_long_as_it_lasts() {
    let house = House::open("connections = 1");
    let url = house.url("/v1/events?access_token=wall-token").replace("http", "ws");
    let (mut socket, _) = house.runtime.block_on(tokio_tungstenite::connect_async(url)).unwrap();
    let status = || {
        let mut other = TcpStream::connect(house.api).unwrap();
        other.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        // Who is turned away may find the connection reset.
        let _reset = other.read_to_string(&mut answer);
        answer.get(9..12).unwrap_or_default().to_owned()
    };
    assert_eq!(status(), "503");
    house.runtime.block_on(socket.close(None)).unwrap();
    house.runtime.block_on(async { while timeout(PATIENCE, socket.next()).await.unwrap().is_some() {} });
    assert!((0..1000).any(|_| status() == "200"));
}

#[test]
fn a_websocket_ends_with_the_token_of_its_agent() {
    let house = House::open("");
    let made = house.ask(Method::POST, "/v1/tokens", "{\"extension\":\"1001\",\"ttl_s\":2}").body;
    let url = house.url(&format!("/v1/events?access_token={}", made["token"].as_str().unwrap())).replace("http", "ws");
    let (mut socket, _) = house.runtime.block_on(tokio_tungstenite::connect_async(url)).unwrap();
    let last = house.runtime.block_on(async {
        let mut last = None;
        while let Some(Ok(message)) = timeout(PATIENCE, socket.next()).await.expect("it has run out") {
            last = Some(message);
        }
        last
    });
    assert!(matches!(last, Some(Message::Close(_))), "{last:?}");
}

#[test]
fn one_who_asks_piece_by_piece_goes_on_where_it_was() {
    let house = House::open("");
    let start = house.ask(Method::GET, "/v1/events", "").body["sequence"].as_u64().unwrap();
    house.calls("7001");
    let wanted = format!("/v1/events?since={start}&types=call.started,leg.answered&wait_s=10");
    let answer = house.ask(Method::GET, &wanted, "").body;
    let kinds: Vec<_> =
        answer["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds.first(), Some(&"call.started"));
    let end = answer["sequence"].as_u64().unwrap();
    assert!(end > start && answer["missed"].is_null());
    let rest = house.ask(Method::GET, &format!("/v1/events?since={end}&call=call-99"), "").body;
    assert_eq!(rest["events"].as_array().unwrap().len(), 0);
    let long_ago = house.ask(Method::GET, "/v1/events?since=1", "").body;
    assert_eq!(long_ago["missed"].as_u64(), Some(start - 1), "who comes too late is told how many it missed");
}

#[test]
fn server_sent_events_carry_their_number() {
    let house = House::open("");
    let start = house.ask(Method::GET, "/v1/events", "").body["sequence"].as_u64().unwrap();
    house.calls("7001");
    let wanted = house.client.get(house.url("/v1/events?types=call")).header("authorization", "Bearer wall-token");
    let wanted = wanted.header("accept", "text/event-stream").header("last-event-id", start.to_string());
    house.runtime.block_on(async {
        let mut response = wanted.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut text = String::new();
        while !text.contains("\n\n") {
            text.push_str(
                std::str::from_utf8(&timeout(PATIENCE, response.chunk()).await.unwrap().unwrap().unwrap()).unwrap(),
            );
        }
        assert!(text.starts_with("event: call.started\n") && text.contains(&format!("id: {}\n", start + 1)), "{text}");
    });
}

async fn next<S>(socket: &mut S) -> Value
where
    S: StreamExt<Item = Result<Message, tokio_tungstenite::tungstenite::Error>> + Unpin,
{
    loop {
        let message = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
        if let Message::Text(text) = message {
            return serde_json::from_str(&text).unwrap();
        }
    }
}
