//! The program goes over to a changed config.toml at SIGHUP, or when a program says so: whole, or not at all.

use super::switch::{HTTP, Switch, USUAL};

const MORE: &str = "[[extension]]\nnumber = \"1002\"\npassword = \"warm-1002\"\n";
const ROOM: &str = "[[route]]\nmatch = \"7XXX\"\nto = \"conference:{number}\"\n";

#[test]
fn what_is_new_is_there_and_what_is_gone_is_gone() {
    let mut switch = Switch::start(USUAL);
    assert_eq!(switch.status_of("1001"), 480);
    assert_eq!(switch.status_of("1002"), 404);
    assert!(switch.hang_up(&format!("{USUAL}{MORE}")).contains("extensions: 1 added"));
    assert_eq!(switch.status_of("1002"), 480);
    assert!(switch.hang_up(USUAL).contains("extensions: 1 removed"));
    assert_eq!(switch.status_of("1002"), 404);
    assert!(switch.hang_up(&format!("{USUAL}{ROOM}")).contains("routes changed"));
    assert!(switch.hang_up(&format!("{USUAL}{ROOM}")).contains("no extension, trunk, queue or route changed"));
}

#[test]
fn a_file_that_is_wrong_changes_nothing_and_says_where_it_is_wrong() {
    let mut switch = Switch::start(USUAL);
    let wrong = format!("{USUAL}{MORE}max_contacts = 0\n");
    let said = switch.hang_up(&wrong);
    assert!(said.contains("config.toml:22:16: [extension] max_contacts: 0 must be 1 to 100"), "{said}");
    assert_eq!(switch.status_of("1002"), 404);
    assert!(switch.hang_up(&format!("{USUAL}{MORE}")).contains("1 added"), "it goes on to obey");
}

#[test]
fn what_needs_a_restart_changes_nothing_and_is_named() {
    let mut switch = Switch::start(USUAL);
    let moved = format!("{USUAL}{MORE}").replace("28099", "28199").replace("office.example", "elsewhere.example");
    let said = switch.hang_up(&moved);
    assert!(said.contains("config.toml:4:10: [sip] domain: cannot change from office.example to"), "{said}");
    assert!(said.contains("config.toml:9:9: [media] ports: cannot change from 28000..=28099 to"), "{said}");
    assert_eq!(switch.status_of("1002"), 404);
    let said = switch.hang_up(&format!("{USUAL}{MORE}[http]\nlisten = \"127.0.6.1:0\"\n"));
    assert!(said.contains("config.toml:23:10: [http] listen: cannot change from None to"), "{said}");
    let said = switch.hang_up(&format!("{USUAL}\n").replace("[sip]", "[sip]\nmax_expires_s = 30"));
    assert!(said.contains("is less than min_expires_s"), "{said}");
}

#[test]
fn hold_music_that_cannot_be_read_changes_nothing() {
    let mut switch = Switch::start(USUAL);
    let deaf = format!("{USUAL}{MORE}").replace("[media]", "[media]\nhold_music = \"nowhere.wav\"");
    let said = switch.hang_up(&deaf);
    assert!(said.contains("nowhere.wav as hold music"), "{said}");
    assert_eq!(switch.status_of("1002"), 404);
}

#[test]
fn a_program_that_has_the_settings_read_is_told_what_changed_or_what_is_wrong() {
    let mut switch = Switch::start(&format!("{USUAL}{HTTP}"));
    let (status, changes) = switch.reload(&format!("{USUAL}{HTTP}{MORE}"));
    assert_eq!((status, &changes["extensions"]["added"][0]), (200, &"1002".into()), "{changes}");
    let (status, problem) = switch.reload(&format!("{USUAL}{HTTP}{MORE}max_contacts = 0\n"));
    assert_eq!((status, problem["rule"].as_str()), (422, Some("settings-refused")));
    assert!(problem["detail"].as_str().unwrap().contains("[extension] max_contacts: 0 must be"), "{problem}");
    assert_eq!(switch.status_of("1002"), 480);
}

#[test]
fn tokens_and_flows_are_taken_over_and_a_listening_address_is_not() {
    let mut switch = Switch::start(&format!("{USUAL}{HTTP}"));
    let other = HTTP.replace("test-token", "other-token");
    let flow = "[[flow]]\nname = \"menu\"\nurl = \"http://127.0.6.8:9/\"\nsecret = \"geheim\"\n\
        [[route]]\nmatch = \"9000\"\nto = \"flow:menu\"\nflow_timeout_s = 1\n";
    let (status, problem) = switch.reload(&format!("{USUAL}{flow}{}", other.replace(":0", ":1")));
    assert_eq!((status, problem["rule"].as_str()), (422, Some("settings-refused")));
    assert!(problem["detail"].as_str().unwrap().contains("[http] listen: cannot change"), "{problem}");
    assert_eq!((switch.ask("GET", "/v1/calls").0, switch.status_of("9000")), (200, 404), "nothing has changed");
    assert_eq!(switch.reload(&format!("{USUAL}{flow}{other}")).0, 200);
    assert_eq!(switch.ask("GET", "/v1/calls").0, 401);
    assert_eq!(switch.command(&["--token", "other-token", "calls"]), Ok("none\n".to_owned()));
    assert_eq!(switch.status_of("9000"), 480, "its program is not there");
}
