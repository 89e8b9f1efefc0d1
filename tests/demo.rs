//! The demo plays to its end, on real sockets.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use warmline::demo;

#[test]
fn caller_agent_and_expert_hear_what_they_should_and_it_is_written_down() {
    let directory = tempfile::tempdir().unwrap();
    let mut said = Vec::new();
    let played = demo::play(Some(directory.path()), &mut |line| said.push(line.to_owned()));
    assert!(played.is_ok(), "{played:?}\n{}", said.join("\n"));
    let files = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(files, 4, "one file a line of each phone");
    assert!(said.iter().any(|line| line.contains("REFER with Replaces")), "the ladder was drawn");
}
