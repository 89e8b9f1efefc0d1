//! Call records: what is written, what outlives a crash, what is found again.

use super::switch::{HTTP, Switch, USUAL};
use serde_json::Value;

const ROOM: &str = "[[route]]\nmatch = \"7XXX\"\nto = \"conference:{number}\"\n";

fn config() -> String {
    let kept = USUAL.replace("state_directory = \"\"", "state_directory = \"state\"");
    format!("{kept}{HTTP}{ROOM}")
}

fn records(answer: &Value) -> &Vec<Value> {
    answer["records"].as_array().unwrap()
}

/// What tells them apart: how the sound was is added a moment after the leg has ended.
fn ids(answer: &Value) -> Vec<&str> {
    records(answer).iter().filter_map(|record| record["id"].as_str()).collect()
}

#[test]
fn a_kill_loses_no_record_of_a_leg_that_had_ended_and_marks_those_that_had_not() {
    let mut switch = Switch::start(&config());
    let first = switch.call("7001");
    switch.end(&first);
    assert_eq!(switch.status_of("1001"), 480);
    let _second = switch.call("7002");
    let answer = switch.ask_until("/v1/records", |answer| records(answer).len() == 2);
    assert_eq!(records(&answer)[0]["status"], 480);

    let directory = switch.kill();
    let switch = Switch::start_in(directory, &config());
    let (_, answer) = switch.ask("GET", "/v1/records");
    let [interrupted, refused, answered] = &records(&answer)[..] else { panic!("{answer:#}") };
    assert_eq!((&answered["status"], &answered["leg"]["dialled"]), (&200.into(), &"7001".into()));
    assert!(answered["talk_s"].is_number() && answered["leg"]["ended_at"].is_string());
    assert_eq!((&refused["status"], &refused["leg"]["dialled"]), (&480.into(), &"1001".into()));
    assert_eq!((&interrupted["interrupted"], &interrupted["leg"]["dialled"]), (&true.into(), &"7002".into()));
    assert_eq!(interrupted["status"], Value::Null);
}

#[test]
fn records_are_found_by_what_they_say_and_page_by_page() {
    let mut switch = Switch::start(&config());
    for number in ["7001", "7002", "1001", "7001"] {
        if number == "1001" {
            switch.status_of(number);
        } else {
            let call = switch.call(number);
            switch.end(&call);
        }
    }
    let all = switch.ask_until("/v1/records", |answer| records(answer).len() == 4);
    let count = |query: &str| records(&switch.ask("GET", &format!("/v1/records?{query}")).1).len();
    assert_eq!((count("number=7001"), count("trunk=carrier"), count("extension=1001")), (2, 4, 0));
    assert_eq!((count("since=2020-01-01T00:00:00Z"), count("until=2020-01-01T00:00:00Z")), (4, 0));
    assert_eq!(count("number=%2B31201234567"), 4);

    let (_, page) = switch.ask("GET", "/v1/records?limit=3");
    let (_, rest) = switch.ask("GET", &format!("/v1/records?limit=3&cursor={}", page["next"].as_str().unwrap()));
    assert_eq!(([ids(&page), ids(&rest)].concat(), &rest["next"]), (ids(&all), &Value::Null));

    for (query, status) in [("since=yesterday", 422), ("cursor=x", 422), ("limit=0", 422), ("colour=red", 422)] {
        assert_eq!(switch.ask("GET", &format!("/v1/records?{query}")).0, status, "{query}");
    }
    let id = ids(&all)[0];
    let (_, story) = switch.ask("GET", &format!("/v1/records/{id}"));
    assert_eq!((&story["record"]["id"], story["legs"].as_array().unwrap().len()), (&id.into(), 1));
    assert_eq!(story["record"]["leg"]["dialled"], "7001");
    assert_eq!(switch.ask("GET", "/v1/records/1-1").0, 404);
}

#[test]
fn a_switch_that_keeps_nothing_says_so() {
    let switch = Switch::start(&format!("{USUAL}{HTTP}"));
    let (status, problem) = switch.ask("GET", "/v1/records");
    assert_eq!((status, problem["rule"].as_str()), (404, Some("no-records")));
}
