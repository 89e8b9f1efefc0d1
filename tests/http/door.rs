//! Who may come in, and what is refused before anybody looks at it.

use crate::house::{House, PATIENCE};
use reqwest::Method;
use std::{
    io::{Read, Write},
    net::TcpStream,
};

#[test]
fn only_who_has_a_token_comes_in_and_each_may_what_its_scopes_say() {
    let house = House::open("");
    assert_eq!(house.send(Method::GET, "/healthz", &[], "").status, 200);
    assert_eq!(house.send(Method::GET, "/readyz", &[], "").status, 200);

    let nobody = house.send(Method::GET, "/v1/calls", &[], "");
    assert_eq!(nobody.problem(), (401, "unauthorized", ""));
    assert_eq!(nobody.headers["www-authenticate"], "Bearer");
    let wrong = house.send(Method::GET, "/v1/calls?access_token=admin-token", &[("authorization", "Bearer x")], "");
    assert_eq!(wrong.status, 401);

    let wall = [("authorization", "bearer wall-token"), ("content-type", "application/json")];
    assert_eq!(house.send(Method::GET, "/v1/calls", &wall, "").status, 200);
    assert_eq!(house.send(Method::POST, "/v1/calls", &wall, "{\"to\":\"1001\"}").problem(), (403, "forbidden", ""));
    let token = house.send(Method::POST, "/v1/tokens", &wall, "{\"extension\":\"1001\"}");
    assert_eq!(token.problem(), (403, "forbidden", ""));
    // Whatever it says: what is wrong with it is for those who may.
    assert_eq!(house.send(Method::POST, "/v1/calls", &wall, "nonsense").problem(), (403, "forbidden", ""));
}

#[test]
fn an_agent_gets_a_token_that_is_good_for_its_own_legs() {
    let house = House::open("jwt_max_s = 600");
    let made = house.ask(Method::POST, "/v1/tokens", "{\"extension\":\"1001\",\"ttl_s\":60}");
    assert_eq!((made.status, made.body["scope"].as_str()), (201, Some("agent:1001")));
    let bearer = format!("Bearer {}", made.body["token"].as_str().unwrap());
    let agent = [("authorization", bearer.as_str()), ("content-type", "application/json")];

    house.calls("7001");
    assert_eq!(house.ask(Method::GET, "/v1/calls", "").body["calls"].as_array().unwrap().len(), 1);
    assert_eq!(house.send(Method::GET, "/v1/calls", &agent, "").body["calls"].as_array().unwrap().len(), 0);
    assert_eq!(house.send(Method::GET, "/v1/calls/call-1", &agent, "").problem(), (404, "unknown-call", ""));
    assert_eq!(house.send(Method::POST, "/v1/legs/leg-1/hold", &agent, "").problem(), (403, "forbidden", ""));
    assert_eq!(house.send(Method::GET, "/v1/trunks", &agent, "").problem(), (403, "forbidden", ""));
    let own = house.send(Method::GET, "/v1/extensions", &agent, "");
    assert_eq!(own.body["extensions"][0]["number"], "1001");

    let long = house.ask(Method::POST, "/v1/tokens", "{\"extension\":\"1001\",\"ttl_s\":601}");
    assert_eq!(long.problem(), (422, "bad-field", "ttl_s"));
}

#[test]
fn an_agent_comes_nowhere_near_the_calls_of_others_by_any_way() {
    let house = House::open("webhook_hosts = [\"*\"]");
    house.calls("7001");
    let made = house.ask(Method::POST, "/v1/tokens", "{\"extension\":\"1001\"}");
    let bearer = format!("Bearer {}", made.body["token"].as_str().unwrap());
    let agent = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    // What it sees there is its own.
    let own = ["/v1/agents", "/v1/calls", "/v1/events", "/v1/extensions", "/v1/registrations"];
    let names = [
        ("{call}", "call-1"),
        ("{leg}", "leg-1"),
        ("{extension}", "1002"),
        ("{conference}", "7001"),
        ("{attempt}", "attempt-1"),
        ("{play}", "play-1"),
        ("{gather}", "gather-1"),
        ("{recording}", "recording-1"),
        ("{transfer}", "transfer-1"),
        ("{webhook}", "webhook-1"),
        ("{trunk}", "loop"),
        ("{queue}", "support"),
        ("{record}", "1-1"),
        ("{day}", "2026-11-21"),
        ("{file}", "2026.wav"),
    ];
    let bodies = [
        ("/merge", "{\"into\":\"call-1\"}"),
        ("/play", "{\"sound\":\"beep\"}"),
        ("/role", "{\"role\":\"talk\"}"),
        ("/digits", "{\"digits\":\"1\"}"),
        ("/move", "{\"to\":\"call-1\"}"),
        ("/bridge", "{\"with\":\"leg-1\"}"),
        ("/transfer", "{\"to\":\"1001\",\"kind\":\"cold\"}"),
        ("/conferences", "{\"name\":\"9\"}"),
        ("/webhooks", "{\"url\":\"http://192.0.2.1/\",\"secret\":\"0123456789abcdef\"}"),
        ("/tokens", "{\"extension\":\"1002\"}"),
        ("/calls", "{\"to\":\"1002\"}"),
        ("/participants", "{\"to\":\"1002\"}"),
        ("/consult", "{\"to\":\"1002\"}"),
        ("/redirect", "{\"to\":\"1002\"}"),
    ];
    let api = house.send(Method::GET, "/openapi.json", &[], "").body;
    let before = house.ask(Method::GET, "/v1/calls/call-1", "").body;
    let mut tried = 0;
    for (path, item) in api["paths"].as_object().unwrap().iter().filter(|(path, _)| !path.ends_with('z')) {
        let place = names.iter().fold(path.clone(), |place, (name, value)| place.replace(name, value));
        assert!(!place.contains('{'), "{path}");
        for method in item.as_object().unwrap().keys().filter(|method| *method != "parameters") {
            let method: Method = method.to_uppercase().parse().unwrap();
            if method == Method::GET && own.contains(&path.as_str()) {
                continue;
            }
            let body = bodies.iter().find(|(end, _)| place.ends_with(end)).map_or("{}", |(_, body)| *body);
            let body = if method == Method::GET { "" } else { body };
            let answer = house.send(method.clone(), &place, &agent, body);
            assert!(matches!(answer.status, 403 | 404), "{method} {place}: {} {}", answer.status, answer.body);
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
    assert_eq!(house.ask(Method::GET, "/v1/calls/call-1", "").body, before, "nothing has happened to it");
    for path in own.iter().filter(|path| **path != "/v1/extensions") {
        let seen = house.send(Method::GET, path, &agent, "").body.to_string();
        assert!(!seen.contains("leg-1"), "{path}: {seen}");
    }
    let told = house.send(Method::GET, "/v1/events?since=1", &agent, "").body;
    assert_eq!(told["events"], serde_json::json!([]), "nor is it told of it");
}

#[test]
fn what_does_not_fit_is_refused_with_the_reason_and_the_place() {
    let house = House::open("body_bytes = 1024");
    let ask = |method, path, body| house.ask(method, path, body);
    let large = format!("{{\"to\":\"{}\"}}", "1".repeat(2000));
    for (answer, problem) in [
        (ask(Method::POST, "/v1/calls", "{"), (400, "bad-json", "")),
        (ask(Method::POST, "/v1/calls", "{}"), (422, "bad-field", "")),
        (ask(Method::POST, "/v1/calls", "{\"to\":7}"), (422, "bad-field", "to")),
        (ask(Method::POST, "/v1/calls", "{\"to\":{\"destination\":\"1\",\"ring\":1}}"), (422, "bad-field", "to.ring")),
        (ask(Method::POST, "/v1/calls", &large), (413, "too-large", "")),
        (ask(Method::GET, "/v1/calls?limt=1", ""), (422, "bad-field", "limt")),
        (ask(Method::GET, "/v1/calls?limit=0", ""), (422, "bad-field", "limit")),
        (ask(Method::GET, "/v1/calls/call-99", ""), (404, "unknown-call", "")),
        (ask(Method::GET, "/v1/calls/leg-1", ""), (404, "unknown-call", "")),
        (ask(Method::POST, "/v1/legs/leg-99/hold", ""), (404, "unknown-leg", "")),
        (ask(Method::POST, "/v1/transfers/transfer-9/swap", ""), (404, "unknown-transfer", "")),
        (ask(Method::GET, "/v1/nothing", ""), (404, "unknown-path", "")),
        (ask(Method::PUT, "/v1/calls", "{}"), (405, "method-not-allowed", "")),
    ] {
        assert_eq!(answer.problem(), problem, "{:?}", answer.body);
    }
    let text = [("authorization", "Bearer admin-token"), ("content-type", "text/plain")];
    assert_eq!(house.send(Method::POST, "/v1/calls", &text, "{\"to\":\"1001\"}").problem(), (415, "not-json", ""));
    assert_eq!(ask(Method::PUT, "/v1/calls", "{}").headers["allow"], "GET,HEAD,POST");
}

#[test]
fn a_post_with_the_same_key_is_carried_out_once() {
    let house = House::open("");
    let with_key = |body: &str| {
        let headers = [
            ("authorization", "Bearer admin-token"),
            ("content-type", "application/json"),
            ("idempotency-key", "key-1"),
        ];
        house.send(Method::POST, "/v1/conferences/7001/play", &headers, body)
    };
    let first = with_key("{\"sound\":\"beep\"}");
    assert_eq!(first.problem(), (404, "unknown-room", ""));
    house.calls("7001");
    let again = with_key("{\"sound\":\"beep\"}");
    assert_eq!((again.status, &again.headers["idempotent-replayed"]), (404, &"true".parse().unwrap()));
    assert_eq!(with_key("{\"sound\":\"busy\"}").problem(), (422, "idempotency-key-reused", ""));
    // A secret is not kept to be given out again.
    let headers =
        [("authorization", "Bearer admin-token"), ("content-type", "application/json"), ("idempotency-key", "k")];
    let token = || house.send(Method::POST, "/v1/tokens", &headers, "{\"extension\":\"1001\"}");
    assert_eq!((token().status, token().headers.get("idempotent-replayed")), (201, None));
}

#[test]
fn who_comes_too_often_is_told_when_to_come_again() {
    let house = House::open("requests_per_second = 2");
    let mut answers: Vec<_> = (0..8).map(|_| house.ask(Method::GET, "/v1/calls", "")).collect();
    assert_eq!(answers[0].status, 200);
    let last = answers.pop().unwrap();
    assert_eq!(last.problem(), (429, "too-often", ""));
    assert_eq!(last.headers["retry-after"], "1");
    // Others are not kept waiting by that one.
    let wall = [("authorization", "Bearer wall-token")];
    assert_eq!(house.send(Method::GET, "/v1/calls", &wall, "").status, 200);
}

#[test]
fn one_connection_too_many_is_turned_away() {
    let house = House::open("connections = 1");
    let mut first = TcpStream::connect(house.api).unwrap();
    first.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = [0; 15];
    first.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    let mut second = TcpStream::connect(house.api).unwrap();
    let mut answer = String::new();
    second.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("Retry-After: 1\r\n"), "{answer}");
}

#[test]
fn who_sends_its_request_drop_by_drop_is_not_waited_for() {
    let house = House::open("head_timeout_s = 1\nbody_timeout_s = 1");
    let says = |text: &str| {
        let mut slow = TcpStream::connect(house.api).unwrap();
        slow.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        slow.set_read_timeout(Some(PATIENCE)).unwrap();
        slow.read_to_string(&mut answer).unwrap();
        answer
    };
    let head =
        "POST /v1/calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer admin-token\r\nContent-Type: application/json\r\n";
    let body = "Content-Length: 16\r\n\r\n{\"to\":";
    for key in ["", "Idempotency-Key: k\r\n"] {
        let answer = says(&format!("{head}{key}{body}"));
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"rule\":\"too-slow\""), "{answer}");
    }
    // Half of a head is no request: there is nobody to be answered.
    assert_eq!(says(head), "");
    assert_eq!(says(""), "");
    assert_eq!(house.ask(Method::GET, "/v1/calls", "").status, 200);
}

#[test]
fn a_switch_that_is_being_stopped_is_not_ready_while_its_calls_go_on() {
    let house = House::open("");
    house.calls("7001");
    house.drain();
    let ready = || house.send(Method::GET, "/readyz", &[], "");
    assert!((0..10_000).any(|_| ready().status == 503));
    assert_eq!(ready().body["status"], "stopping");
    assert_eq!(house.send(Method::GET, "/healthz", &[], "").status, 200);
    assert_eq!(house.ask(Method::GET, "/v1/calls/call-1", "").status, 200);
    assert_eq!(house.ask(Method::POST, "/v1/calls", "{\"to\":\"1001\"}").problem(), (503, "stopping", ""));
}

#[test]
fn web_pages_come_in_only_from_the_origins_of_the_configuration() {
    let preflight = [("origin", "https://desk.example"), ("access-control-request-method", "POST")];
    let closed = House::open("");
    let answer = closed.send(Method::OPTIONS, "/v1/calls", &preflight, "");
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    let open = House::open("cors_origins = [\"https://desk.example\"]");
    let answer = open.send(Method::OPTIONS, "/v1/calls", &preflight, "");
    assert_eq!(answer.headers["access-control-allow-origin"], "https://desk.example");
}

#[test]
fn the_description_names_every_path_once_and_each_refusal() {
    let house = House::open("");
    let api = house.send(Method::GET, "/openapi.json", &[], "").body;
    assert_eq!(api["openapi"], "3.1.0");
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(method, _)| *method != "parameters") {
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
            if !path.ends_with("z") {
                assert!(operation["responses"].get("401").is_some(), "{method} {path}");
            }
        }
    }
    assert!(names.contains("post_legs_leg_transfer"));
    assert_eq!(house.send(Method::GET, "/docs/", &[], "").status, 200);
}
