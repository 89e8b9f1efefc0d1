//! Other settings for an API that runs.

use crate::{
    house::{House, PATIENCE},
    webhooks::Desk,
};
use futures_util::StreamExt;
use reqwest::Method;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

#[test]
fn a_token_that_is_gone_lets_nobody_in_and_ends_what_it_watches() {
    let house = House::open("");
    let agent = house.ask(Method::POST, "/v1/tokens", "{\"extension\":\"1001\"}").body["token"].clone();
    let watch = |token: &str| {
        let url = house.url(&format!("/v1/events?access_token={token}")).replace("http", "ws");
        house.runtime.block_on(tokio_tungstenite::connect_async(url.into_client_request().unwrap())).unwrap().0
    };
    let (mut wall, mut admin) = (watch("wall-token"), watch("admin-token"));
    house.renew("", ("wall-token", "other-token"));
    let status = |token: &str| {
        let bearer = format!("Bearer {token}");
        house.send(Method::GET, "/v1/calls", &[("authorization", &bearer)], "").status
    };
    assert_eq!((status("wall-token"), status("other-token"), status("admin-token")), (401, 200, 200));
    assert_eq!(status(agent.as_str().unwrap()), 200, "the secret that signed it is the same");
    house.runtime.block_on(async {
        let last = timeout(PATIENCE, wall.next()).await.unwrap();
        assert!(matches!(last, Some(Ok(Message::Close(_)))), "{last:?}");
    });
    house.calls("7001");
    house.runtime.block_on(async {
        let next = timeout(PATIENCE, admin.next()).await.unwrap().unwrap().unwrap();
        assert!(next.into_text().unwrap().contains("call.started"));
    });
    house.renew("jwt_secret = \"0123456789abcdef0123456789abcdef\"", ("", ""));
    assert_eq!(status(agent.as_str().unwrap()), 401);
}

#[test]
fn limits_and_origins_are_those_of_now_on_connections_of_before_too() {
    let house = House::open("");
    let preflight = [("origin", "https://desk.example"), ("access-control-request-method", "POST")];
    let long = format!("{{\"to\":\"{}\"}}", "1".repeat(2000));
    assert_ne!(house.ask(Method::POST, "/v1/calls", &long).status, 413);
    house.renew("body_bytes = 1024\nrequests_per_second = 2\ncors_origins = [\"https://desk.example\"]", ("", ""));
    assert_eq!(house.ask(Method::POST, "/v1/calls", &long).status, 413);
    let answer = house.send(Method::OPTIONS, "/v1/calls", &preflight, "");
    assert_eq!(answer.headers["access-control-allow-origin"], "https://desk.example");
    assert!((0..8).any(|_| house.ask(Method::GET, "/v1/calls", "").status == 429));
}

#[test]
fn a_webhook_that_stays_goes_on_one_that_is_gone_is_told_nothing_more() {
    let hook = |desk: &Desk| {
        format!("[[webhook]]\nurl = \"http://{}/\"\nsecret = \"geheim\"\nevents = \"call.started\"\n", desk.address)
    };
    let (stays, goes, comes) = (Desk::open(0), Desk::open(0), Desk::open(0));
    let house = House::open(&format!("{}{}", hook(&stays), hook(&goes)));
    house.calls("7001");
    assert_eq!(stays.next("geheim")["call_id"], goes.next("geheim")["call_id"]);
    house.renew(&format!("{}{}", hook(&comes), hook(&stays)), ("", ""));
    let listed = house.ask(Method::GET, "/v1/webhooks", "").body;
    let names: Vec<_> =
        listed["webhooks"].as_array().unwrap().iter().map(|hook| hook["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["webhook-1", "webhook-3"]);
    house.calls("7002");
    assert_eq!(stays.next("geheim")["call_id"], "call-2");
    assert_eq!(comes.next("geheim")["call_id"], "call-2");
    assert!(goes.is_silent());
}
