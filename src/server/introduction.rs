//! What is said at the start to whoever started it.

use super::settings::Settings;
use crate::switch::RouteTo;
use std::fmt::Write;

/// How many extensions are named.
const NAMED: usize = 8;

/// A few lines: who can register, where calls may go, where the log is, what to try first. The address is said by who knows it.
pub(super) fn introduction(settings: &Settings) -> String {
    let switch = &settings.switch;
    let numbers: Vec<&str> = switch.extensions.iter().map(|extension| extension.number.as_str()).collect();
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = match numbers.len() {
        0 => writeln!(text, "  extensions   none: only trunks can call"),
        count if count <= NAMED => writeln!(text, "  extensions   {} (domain {})", numbers.join(" "), switch.domain),
        count => {
            let more = count - NAMED;
            writeln!(text, "  extensions   {} and {more} more (domain {})", numbers[..NAMED].join(" "), switch.domain)
        }
    };
    let trunks: Vec<&str> = switch.trunks.iter().map(|trunk| trunk.name.as_str()).collect();
    if !trunks.is_empty() {
        let _ = writeln!(text, "  trunks       {}", trunks.join(" "));
    }
    let (from, to) = (settings.media_ports.start(), settings.media_ports.end());
    let _ = writeln!(text, "  media        {} ports {from}-{to}", settings.exchange.call.media_address);
    let _ = match &settings.state_directory {
        Some(directory) => writeln!(text, "  state        {}", directory.display()),
        None => writeln!(text, "  state        not kept: phones must register again after a restart"),
    };
    let _ = writeln!(text, "  log          standard error; more with --log debug");
    let _ = write!(text, "  try first    {}", first_steps(settings, &numbers));
    text
}

fn first_steps(settings: &Settings, numbers: &[&str]) -> String {
    let test = settings.switch.routes.iter().find(|route| {
        matches!(route.to.first(), Some(RouteTo::Echo | RouteTo::Music))
            && route.pattern.to_string().chars().all(|c| c.is_ascii_digit())
    });
    match (numbers, test) {
        ([], _) => "warmline demo".to_owned(),
        ([one, ..], Some(route)) => format!("register a phone as {one}, then call {}", route.pattern),
        ([one, other, ..], None) => format!("register two phones as {one} and {other}, then call one from the other"),
        ([one], None) => format!("register a phone as {one}, then call it"),
    }
}
