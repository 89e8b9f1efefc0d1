//! Who may import whom: the table is the architecture, the rest reads `src/` against it.

use std::{fs, path::Path};

/// Each part of `src/`, and the only other parts that it may name.
const MAY_USE: &[(&str, &[&str])] = &[
    ("ids.rs", &[]),
    ("deadlines.rs", &[]),
    ("sip", &["ids", "deadlines"]),
    ("media", &["ids"]),
    ("destination.rs", &["ids", "sip", "media"]),
    ("call", &["ids", "deadlines", "destination", "sip", "media"]),
    ("switch", &["ids", "deadlines", "destination", "sip", "media"]),
    ("exchange", &["ids", "deadlines", "destination", "call", "switch", "sip", "media"]),
    ("phone", &["ids", "deadlines", "sip", "media"]),
    ("control", &["ids", "exchange", "call", "switch"]),
    ("metrics", &["control", "call"]),
    ("trace", &["ids", "control", "call", "sip"]),
    ("records", &["ids", "control", "call"]),
    ("api", &["ids", "control", "metrics", "records", "trace", "call", "destination"]),
    ("server", &["ids", "control", "exchange", "call", "switch", "destination", "sip", "media"]),
    ("cli", &[]),
    ("config", &["api", "records", "server", "exchange", "call", "switch", "destination", "sip", "media"]),
    (
        "demo",
        &["config", "trace", "server", "exchange", "phone", "call", "switch", "destination", "sip", "media", "ids"],
    ),
];

/// Parts without clock, socket, task or file; and the words that betray one.
const PURE: &[&str] =
    &["ids.rs", "deadlines.rs", "sip", "media", "destination.rs", "call", "switch", "exchange", "phone", "trace"];
const IMPURE: &[&str] = &["tokio", "::now()", "std::fs", "std::thread", "UdpSocket", "rand::rng"];

#[test]
fn every_import_runs_downwards() {
    for (part, allowed) in MAY_USE {
        for_each_file(part, |place, lines| {
            let code: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
            for used in code.split("crate::").skip(1).flat_map(rooms_named) {
                let own = used == part.trim_end_matches(".rs");
                assert!(own || allowed.contains(&used.as_str()), "{place}: {part} must not use `{used}`");
            }
        });
    }
}

#[test]
fn every_part_of_the_house_is_in_the_table() {
    for entry in fs::read_dir("src").expect("src is there") {
        let name = entry.expect("readable").file_name().into_string().expect("UTF-8");
        let known = MAY_USE.iter().any(|(part, _)| *part == name);
        assert!(known || ["lib.rs", "main.rs"].contains(&name.as_str()), "src/{name} has no row");
    }
}

#[test]
fn pure_parts_touch_nothing() {
    for part in PURE {
        for_each_file(part, |place, lines| {
            for (at, line) in lines {
                let found = IMPURE.iter().find(|word| line.contains(**word));
                assert!(found.is_none(), "{place}:{at}: `{}` in a pure part", found.unwrap_or(&""));
            }
        });
    }
}

/// The rooms that a path (or group of paths) after `crate::` begins with.
fn rooms_named(path: &str) -> Vec<String> {
    let word =
        |text: &str| text.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned);
    let Some(group) = path.strip_prefix('{') else { return word(path).into_iter().collect() };
    let mut depth = 0;
    let mut rooms: Vec<String> = word(group).into_iter().collect();
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => rooms.extend(word(&group[at + 1..]).filter(|room| !room.is_empty())),
            _ => {}
        }
    }
    rooms
}

/// Calls `check` with the path and the numbered code lines of each file of `part`, its tests and comments left out.
fn for_each_file(part: &str, mut check: impl FnMut(&str, &[(usize, String)])) {
    let mut open = vec![Path::new("src").join(part)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).expect("readable").map(|entry| entry.expect("readable").path()));
            continue;
        }
        if path.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("source is text");
        let code: Vec<_> = (1..)
            .zip(text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(at, line)| (at, line.to_owned()))
            .collect();
        check(&path.display().to_string(), &code);
    }
}
