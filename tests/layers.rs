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
    ("server", &["ids", "exchange", "call", "switch", "destination", "sip", "media"]),
    ("config.rs", &["server", "exchange", "call", "switch", "destination", "sip", "media"]),
    ("demo.rs", &["config", "server", "exchange", "phone", "call", "switch", "destination", "sip", "media", "ids"]),
];

/// Parts without clock, socket, task or file; and the words that betray one.
const PURE: &[&str] =
    &["ids.rs", "deadlines.rs", "sip", "media", "destination.rs", "call", "switch", "exchange", "phone"];
const IMPURE: &[&str] = &["tokio", "::now()", "std::fs", "std::thread", "UdpSocket", "rand::rng"];

#[test]
fn every_import_runs_downwards() {
    for (part, allowed) in MAY_USE {
        for_each_line(part, |place, line| {
            for path in line.split("crate::").skip(1) {
                let used = path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                let own = used == part.trim_end_matches(".rs");
                assert!(own || allowed.contains(&used), "{place}: {part} must not use `{used}`");
            }
        });
    }
}

#[test]
fn pure_parts_touch_nothing() {
    for part in PURE {
        for_each_line(part, |place, line| {
            let found = IMPURE.iter().find(|word| line.contains(**word));
            assert!(found.is_none(), "{place}: `{}` in a pure part", found.unwrap());
        });
    }
}

/// Calls `check` with the place and text of each code line of `part`, its tests and comments left out.
fn for_each_line(part: &str, mut check: impl FnMut(&str, &str)) {
    let mut open = vec![Path::new("src").join(part)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).enumerate();
        for (at, line) in lines.filter(|(_, line)| !line.trim_start().starts_with("//")) {
            check(&format!("{}:{}", path.display(), at + 1), line);
        }
    }
}
