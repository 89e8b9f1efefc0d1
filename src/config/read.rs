//! From text to sections: syntax, sections and keys that nobody knows, values of the wrong kind.

use super::{
    problem::{Report, nearest},
    sections::{File, Section},
};
use serde::Deserialize;
use std::ops::Range;
use toml::{
    Spanned,
    de::{DeTable, DeValue, Deserializer},
};

/// What later versions will know.
const NOT_YET: [&str; 1] = ["dialect"];
const KNOWN: [&str; 18] = [
    "sip",
    "media",
    "sounds",
    "recording",
    "transfer",
    "codes",
    "security",
    "limits",
    "http",
    "webhook",
    "flow",
    "records",
    "trace",
    "log",
    "extension",
    "trunk",
    "route",
    "queue",
];

/// Reads what can be read; the rest is reported.
pub(super) fn file(text: &str, report: &mut Report<'_>) -> File {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        report.add(error.span().unwrap_or(text.len()..text.len()), "", error.message());
    }
    let mut file = File::default();
    for (key, value) in table.into_inner() {
        let (name, at) = (key.get_ref().to_string(), key.span());
        match name.as_str() {
            "sip" => file.sip = single(&name, value, report).unwrap_or_default(),
            "media" => file.media = single(&name, value, report).unwrap_or_default(),
            "sounds" => file.sounds = single(&name, value, report).unwrap_or_default(),
            "recording" => file.recording = single(&name, value, report).unwrap_or_default(),
            "transfer" => file.transfer = single(&name, value, report).unwrap_or_default(),
            "codes" => file.codes = single(&name, value, report).unwrap_or_default(),
            "security" => file.security = single(&name, value, report).unwrap_or_default(),
            "limits" => file.limits = single(&name, value, report).unwrap_or_default(),
            "http" => http(value, &mut file, report),
            "webhook" => file.webhooks = several("webhook", value, report),
            "flow" => file.flows = several(&name, value, report),
            "records" => file.records = single(&name, value, report),
            "trace" => file.trace = single(&name, value, report).unwrap_or_default(),
            "log" => file.log = single(&name, value, report).unwrap_or_default(),
            "extension" => file.extensions = several(&name, value, report),
            "trunk" => file.trunks = several(&name, value, report),
            "route" => file.routes = several(&name, value, report),
            "queue" => file.queues = several(&name, value, report),
            later if NOT_YET.contains(&later) => {
                report.add(at, &format!("[{name}]"), "is not part of this version; take the section out");
            }
            _ => {
                let meant = nearest(&name, KNOWN).map_or(".".to_owned(), |meant| format!("; did you mean [{meant}]?"));
                report.add(at, &format!("[{name}]"), format!("unknown section{meant} There are {}", KNOWN.join(", ")));
            }
        }
    }
    file
}

/// `[http]` and the sections below it, each read by itself, so that what is wrong in one is told of that one.
fn http<'a>(value: Spanned<DeValue<'a>>, file: &mut File, report: &mut Report<'_>) {
    let span = value.span();
    let value = match value.into_inner() {
        DeValue::Table(mut table) => {
            if let Some(tls) = table.remove("tls") {
                file.http_tls = single("http.tls", tls, report);
            }
            if let Some(tokens) = table.remove("token") {
                file.http_tokens = several("http.token", tokens, report);
            }
            DeValue::Table(table)
        }
        other @ (DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)) => other,
    };
    file.http = single("http", Spanned::new(span, value), report);
}

/// A section that is there once.
fn single<'a, T: Deserialize<'a>>(
    name: &str,
    value: Spanned<DeValue<'a>>,
    report: &mut Report<'_>,
) -> Option<Section<T>> {
    let span = value.span();
    let value = value.into_inner();
    if value.is_array() {
        report.add(span, &format!("[{name}]"), format!("there is one such section; write [{name}]"));
        return None;
    }
    let DeValue::Table(table) = value else {
        report.add(span, name, format!("is a section; write [{name}] and its keys below"));
        return None;
    };
    section(name, Spanned::new(span, table), report)
}

/// A section that is there any number of times.
fn several<'a, T: Deserialize<'a>>(
    name: &str,
    value: Spanned<DeValue<'a>>,
    report: &mut Report<'_>,
) -> Vec<Section<T>> {
    let span = value.span();
    let DeValue::Array(list) = value.into_inner() else {
        report.add(span, &format!("[{name}]"), format!("there may be several; write [[{name}]]"));
        return Vec::new();
    };
    let mut sections = Vec::new();
    for value in list {
        let span = value.span();
        let DeValue::Table(table) = value.into_inner() else {
            report.add(span, name, format!("is a section; write [[{name}]] and its keys below"));
            continue;
        };
        sections.extend(section(name, Spanned::new(span, table), report));
    }
    sections
}

/// Reads the keys of a section. One that is wrong is reported and taken out, and the rest is read again, so that all are told
/// at once. `None` when a key that must be there is missing or wrong.
fn section<'a, T: Deserialize<'a>>(
    name: &str,
    table: Spanned<DeTable<'a>>,
    report: &mut Report<'_>,
) -> Option<Section<T>> {
    let span = table.span();
    let mut table = table.into_inner();
    let mut taken_out: Vec<String> = Vec::new();
    loop {
        let error = match T::deserialize(Deserializer::from(Spanned::new(span.clone(), table.clone()))) {
            Ok(keys) => return Some(Section { start: span.start, keys }),
            Err(error) => error,
        };
        let at = error.span().unwrap_or_else(|| span.clone());
        let holds = |range: Range<usize>| range.start <= at.start && at.start < range.end.max(range.start + 1);
        let wrong = table.iter().find(|(key, value)| holds(key.span()) || holds(value.span()));
        let Some((key, _)) = wrong else {
            let missing = quoted(error.message()).next().unwrap_or_default();
            if !taken_out.iter().any(|key| key == missing) {
                report.add(span, &format!("[{name}]"), format!("{missing} is missing"));
            }
            return None;
        };
        let key = key.get_ref().to_string();
        report.add(at, &format!("[{name}] {key}"), explained(&key, error.message()));
        table.remove(key.as_str());
        taken_out.push(key);
    }
}

/// What the deserializer says, in words of the file. It never repeats a secret.
fn explained(key: &str, message: &str) -> String {
    if message.starts_with("unknown field") {
        let known: Vec<&str> = quoted(message).skip(1).collect();
        let meant =
            nearest(key, known.iter().copied()).map_or(".".to_owned(), |meant| format!("; did you mean {meant}?"));
        return format!("unknown key{meant} There are {}", known.join(", "));
    }
    let Some((_, expected)) = message.rsplit_once("expected ") else { return message.to_owned() };
    match expected {
        "i64" => "must be a whole number, without quotes".to_owned(),
        "a string" => "must be text in quotes".to_owned(),
        "a boolean" => "must be true or false".to_owned(),
        "a sequence" => "must be a list in [ ]".to_owned(),
        other => format!("must be {other}"),
    }
}

/// What stands between backticks.
fn quoted(message: &str) -> impl Iterator<Item = &str> {
    message.split('`').skip(1).step_by(2)
}
