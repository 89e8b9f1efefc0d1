//! The commands that speak to a running switch.

use super::switch::{HTTP, Switch, USUAL};

const ROOM: &str = "[[route]]\nmatch = \"7XXX\"\nto = \"conference:{number}\"\n";
const MORE: &str = "[[extension]]\nnumber = \"1002\"\npassword = \"warm-1002\"\n";

#[test]
fn a_call_is_seen_held_and_ended_by_command() {
    let mut switch = Switch::start(&format!("{USUAL}{HTTP}{ROOM}"));
    assert_eq!(switch.command(&["calls"]), Ok("none\n".to_owned()));
    let _call = switch.call("7001");
    switch.fetch_until("/v1/calls/call-1/trace?format=text", |text| text.contains("* leg.answered leg-1"));
    let calls = switch.command(&["calls"]).unwrap();
    assert!(calls.contains("call-1  room 7001") && calls.contains("from +31201234567 over carrier"), "{calls}");
    assert!(switch.command(&["legs", "call-1"]).unwrap().contains("leg-1"));
    assert!(switch.command(&["hold", "leg-1"]).unwrap().contains("answered held"));
    assert!(!switch.command(&["unhold", "leg-1"]).unwrap().contains("held"));
    assert!(switch.command(&["trace", "call-1"]).unwrap().contains(" INVITE "));
    assert!(switch.command(&["trace", "call-1", "--svg"]).unwrap().starts_with("<svg"));
    let json = switch.command(&["--json", "calls", "call-1"]).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["room"], "7001");
    assert!(switch.command(&["trunks"]).unwrap().contains("carrier"));
    assert_eq!(switch.command(&["registrations"]), Ok("none\n".to_owned()));
    switch.command(&["drop", "call-1"]).unwrap();
    switch.ask_until("/v1/calls", |answer| answer["calls"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn what_cannot_be_done_is_said_with_what_to_do_next() {
    let mut switch = Switch::start(&format!("{USUAL}{HTTP}"));
    let said = switch.command(&["hold", "leg-9"]).unwrap_err();
    assert!(said.contains("(unknown-leg)") && said.contains("warmline legs"), "{said}");
    let said = switch.command(&["--token", "wrong", "calls"]).unwrap_err();
    assert!(said.contains("does not know this token") && said.contains("WARMLINE_TOKEN"), "{said}");
    let said = switch.command(&["--url", "http://127.0.6.9:9", "calls"]).unwrap_err();
    assert!(said.contains("no switch answers at http://127.0.6.9:9"), "{said}");
    switch.write(&format!("{USUAL}{HTTP}{MORE}"));
    assert!(switch.command(&["reload"]).unwrap().contains("extensions added: 1002"));
    switch.write(&format!("{USUAL}{HTTP}colour = 1"));
    let said = switch.command(&["reload"]).unwrap_err();
    assert!(said.contains("colour: unknown key"), "{said}");
    assert!(switch.command(&["completions", "bash"]).unwrap().contains("_warmline"));
}
