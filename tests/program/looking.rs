//! What operators look at: the ladder of a call, the metrics, the log.

use super::switch::{HTTP, Switch, USUAL};
use serde_json::Value;

const ROOM: &str = "[[route]]\nmatch = \"7XXX\"\nto = \"conference:{number}\"\n";

#[test]
fn a_call_is_drawn_while_it_lives_and_afterwards() {
    let mut switch = Switch::start(&format!("{USUAL}{HTTP}{ROOM}"));
    let call = switch.call("7001");
    // The answer is on its way before programs are told of it.
    let alive = switch.fetch_until("/v1/calls/call-1/trace?format=text", |text| text.contains("* leg.answered leg-1"));
    assert!(alive.contains(" INVITE ") && alive.contains(" 200 OK INVITE "), "{alive}");
    switch.end(&call);
    switch.ask_until("/v1/calls/call-1/trace", |story| story["entries"].to_string().contains("call.ended"));
    let (_, over) = switch.fetch("GET", "/v1/calls/call-1/trace?format=text");
    assert!(over.contains(" BYE ") && over.contains(" 200 OK BYE "), "{over}");
    let (_, svg) = switch.fetch("GET", "/v1/calls/call-1/trace?format=svg");
    assert!(svg.starts_with("<svg") && svg.contains("BYE"));
    let (_, story) = switch.ask("GET", "/v1/calls/call-1/trace");
    let first = &story["entries"][0];
    assert_eq!((&first["kind"], &first["sent"], &first["label"]), (&"sip".into(), &false.into(), &"INVITE".into()));
    assert!(first["message"].as_str().unwrap().contains("m=audio 9000"));
    assert_eq!(switch.ask("GET", "/v1/calls/call-9/trace").0, 404);
    assert_eq!(switch.ask("GET", "/v1/calls/call-1/trace?format=png").0, 422);
}

#[test]
fn what_happened_is_counted() {
    let mut switch = Switch::start(&format!("{USUAL}{HTTP}{ROOM}"));
    let call = switch.call("7001");
    assert_eq!(switch.status_of("1001"), 480);
    let wanted = [
        "warmline_calls 1",
        "warmline_calls_started_total 2",
        "warmline_legs_started_total{direction=\"incoming\"} 2",
        "warmline_legs_ended_total{status=\"480\"} 1",
        "warmline_setup_seconds_count 1",
        "warmline_sip_requests_total{way=\"received\",method=\"INVITE\"} 2",
        "warmline_sip_responses_total{way=\"sent\",code=\"480\"} 1",
    ];
    let all = |page: &str| wanted.iter().all(|line| page.lines().any(|one| one == *line));
    let page = switch.fetch_until("/metrics", all);
    assert!(page.contains("warmline_tick_lateness_seconds_bucket"), "{page}");
    switch.end(&call);
    switch.fetch_until("/metrics", |page| page.contains("warmline_talk_seconds_count 1"));
}

#[test]
fn the_log_may_be_json_with_the_call_in_every_line_of_it() {
    let mut switch = Switch::start(&format!("{USUAL}[log]\nformat = \"json\"\n"));
    assert_eq!(switch.status_of("1001"), 480);
    let line = switch.log_line(|line| line.contains("\"status\":480"));
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&line["leg"], &line["spans"][0]["name"], &line["spans"][0]["id"]),
        (&"leg-1".into(), &"call".into(), &1.into())
    );
}
