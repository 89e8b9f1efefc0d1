//! Answers for people.

use super::ask::Ask;
use serde_json::Value;

/// Nothing said.
const NONE: &str = "-";

pub(super) fn lines(ask: &Ask, answer: &Value) -> Vec<String> {
    match ask {
        Ask::Calls { call: None } => table(
            &["CALL", "KIND", "SINCE", "LEGS", "TRANSFER"],
            each(answer, "calls").map(|call| {
                let who: Vec<String> = each(call, "legs").map(who).collect();
                let kind = call["room"].as_str().map_or_else(|| text(&call["kind"]), |room| format!("room {room}"));
                vec![text(&call["id"]), kind, text(&call["started_at"]), who.join(", "), transfer(&call["transfer"])]
            }),
        ),
        Ask::Calls { call: Some(_) } => {
            let mut all = vec![format!("{} {}", text(&answer["id"]), text(&answer["kind"]))];
            if answer["transfer"].is_object() {
                all.push(transfer(&answer["transfer"]));
            }
            all.extend(legs(each(answer, "legs")));
            all
        }
        Ask::Legs { call: Some(_) } => legs(each(answer, "legs")),
        Ask::Legs { call: None } => legs(each(answer, "calls").flat_map(|call| each(call, "legs"))),
        Ask::Registrations => table(
            &["EXTENSION", "CONTACT", "FROM", "PHONE", "UNTIL"],
            each(answer, "registrations").map(|phone| {
                ["extension", "contact", "source", "user_agent", "expires_at"].map(|key| text(&phone[key])).to_vec()
            }),
        ),
        Ask::Trunks => table(
            &["TRUNK", "HOST", "ADDRESSES", "LINES"],
            each(answer, "trunks").map(|trunk| {
                let addresses: Vec<String> = each(trunk, "addresses").map(text).collect();
                let most = trunk["lines"].as_u64().map_or(String::new(), |most| format!(" of {most}"));
                let lines = format!("{}{most}", text(&trunk["lines_in_use"]));
                vec![text(&trunk["name"]), text(&trunk["host"]), addresses.join(" "), lines]
            }),
        ),
        Ask::Queues { queue: None } => table(
            &["QUEUE", "NUMBER", "STRATEGY", "WAITING", "SINCE", "FREE AGENTS"],
            each(answer, "queues").map(|queue| {
                let since = each(queue, "waiting").next().map_or(NONE.to_owned(), |first| text(&first["since"]));
                let agents = each(queue, "agents").count();
                let free = format!("{} of {agents}", text(&queue["free_agents"]));
                let [name, number, strategy, length] =
                    ["name", "number", "strategy", "length"].map(|key| text(&queue[key]));
                vec![name, number, strategy, length, since, free]
            }),
        ),
        Ask::Queues { queue: Some(_) } => {
            let mut all = table(
                &["PLACE", "WHO", "SINCE", "CALL", "RINGING"],
                each(answer, "waiting").map(|waiting| {
                    let who = waiting["party"]["number"].as_str().unwrap_or(NONE).to_owned();
                    let offered: Vec<String> = each(waiting, "offered").map(text).collect();
                    let [place, since, call] = ["position", "since", "call"].map(|key| text(&waiting[key]));
                    vec![place, who, since, call, offered.join(" ")]
                }),
            );
            all.extend(agents(each(answer, "agents")));
            all
        }
        Ask::Agents { agent: None, .. } => agents(each(answer, "agents")),
        Ask::Agents { agent: Some(_), pause: false, unpause: false } => agents(std::iter::once(answer)),
        Ask::Records { record: None, .. } => {
            let mut all = records(each(answer, "records"));
            if answer["next"].is_string() {
                all.push("(there are more: --limit, --since or --until)".to_owned());
            }
            all
        }
        Ask::Records { record: Some(_), .. } => {
            let mut all = records(each(answer, "legs"));
            all.extend(each(answer, "handovers").map(|handover| {
                let transfer = &handover["transfer"];
                format!(
                    "{}  {} handed over to {}, {}: {} ({})",
                    text(&handover["at"]),
                    text(&transfer["by"]["place"]),
                    text(&transfer["to"]),
                    text(&transfer["kind"]),
                    text(&transfer["outcome"]),
                    text(&transfer["status"])
                )
            }));
            all
        }
        Ask::Reload => {
            let mut all = vec!["the settings were read again".to_owned()];
            for noun in ["extensions", "trunks", "queues"] {
                for what in ["added", "removed", "changed"] {
                    let names: Vec<String> = each(&answer[noun], what).map(text).collect();
                    if !names.is_empty() {
                        all.push(format!("{noun} {what}: {}", names.join(", ")));
                    }
                }
            }
            all
        }
        Ask::Agents { .. }
        | Ask::Hold { .. }
        | Ask::Unhold { .. }
        | Ask::Transfer { .. }
        | Ask::Complete { .. }
        | Ask::Cancel { .. }
        | Ask::Merge { .. }
        | Ask::Swap { .. }
        | Ask::Add { .. }
        | Ask::Drop { .. }
        | Ask::Events { .. }
        | Ask::Trace { .. } => done(answer),
    }
}

/// An event as a line; none for what is none.
pub(super) fn event(json: &str) -> Option<String> {
    let event: Value = serde_json::from_str(json).ok()?;
    let kind = event["type"].as_str()?;
    let mut line = format!("{} {:<10} {kind}", text(&event["at"]), text(&event["call_id"]));
    if event["leg"].is_object() {
        line.push_str(&format!(" {}", who(&event["leg"])));
    }
    for (key, value) in event["data"].as_object().into_iter().flatten() {
        if !value.is_null() && value.as_str() != Some("") {
            line.push_str(&format!(" {key}={}", text(value)));
        }
    }
    Some(line)
}

/// How things are after a command.
fn done(answer: &Value) -> Vec<String> {
    let mut all = Vec::new();
    if answer["transfer"].is_object() {
        all.push(transfer(&answer["transfer"]));
    }
    if answer["attempt"].is_string() {
        all.push(format!("{} is under way", text(&answer["attempt"])));
    }
    if answer["call"].is_object() {
        all.extend(legs(each(&answer["call"], "legs")));
    }
    if all.is_empty() {
        all.push("done".to_owned());
    }
    all
}

fn agents<'a>(agents: impl Iterator<Item = &'a Value>) -> Vec<String> {
    table(
        &["AGENT", "STATE", "PAUSED", "UNTIL", "LAST CALL", "TAKEN", "MISSED"],
        agents.map(|agent| {
            ["extension", "state", "paused", "until", "last_call_at", "taken", "missed"]
                .map(|key| text(&agent[key]))
                .to_vec()
        }),
    )
}

fn legs<'a>(legs: impl Iterator<Item = &'a Value>) -> Vec<String> {
    table(
        &["LEG", "CALL", "WHO", "STATE", "HEARS", "ROLE", "CODEC", "MOS"],
        legs.map(|leg| {
            let held = if leg["held_by_us"] == true { " held" } else { "" };
            let asleep = if leg["held_by_phone"] == true { " holds" } else { "" };
            let muted = if leg["muted"] == true { " muted" } else { "" };
            vec![
                text(&leg["id"]),
                text(&leg["call"]),
                who(leg),
                format!("{}{held}{asleep}", text(&leg["state"])),
                text(&leg["hears"]),
                format!("{}{muted}", text(&leg["role"])),
                text(&leg["codec"]),
                leg["quality"]["mos"].as_f64().map_or(NONE.to_owned(), |mos| format!("{mos:.1}")),
            ]
        }),
    )
}

fn records<'a>(records: impl Iterator<Item = &'a Value>) -> Vec<String> {
    table(
        &["RECORD", "BEGAN", "WHO", "DIALLED", "TALKED", "END", "MOS"],
        records.map(|record| {
            let leg = &record["leg"];
            let end = match record["interrupted"].as_bool() {
                Some(true) => "interrupted".to_owned(),
                Some(false) | None => {
                    format!("{} {}", text(&record["status"]), record["reason"].as_str().unwrap_or_default())
                }
            };
            vec![
                text(&record["id"]),
                text(&leg["started_at"]),
                who(leg),
                text(&leg["dialled"]),
                record["talk_s"].as_f64().map_or(NONE.to_owned(), |talked| format!("{talked:.0} s")),
                end.trim().to_owned(),
                leg["quality"]["mos"].as_f64().map_or(NONE.to_owned(), |mos| format!("{mos:.1}")),
            ]
        }),
    )
}

/// A leg in a word or two: its name is not in it.
fn who(leg: &Value) -> String {
    let party = &leg["party"];
    let arrow = if leg["direction"] == "incoming" { "from" } else { "to" };
    let number = party["number"].as_str().or(party["place"].as_str()).unwrap_or(NONE);
    let over = if party["kind"] == "trunk" { format!(" over {}", text(&party["place"])) } else { String::new() };
    format!("{arrow} {number}{over}")
}

fn transfer(transfer: &Value) -> String {
    if !transfer.is_object() {
        return NONE.to_owned();
    }
    let how = if transfer["outcome"].is_string() { &transfer["outcome"] } else { &transfer["phase"] };
    format!("{} {} to {}: {}", text(&transfer["id"]), text(&transfer["kind"]), text(&transfer["to"]), text(how))
}

fn each<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => NONE.to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Columns as wide as what is in them; a word where there is no row.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return vec!["none".to_owned()];
    }
    let head = head.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let all: Vec<&Vec<String>> = std::iter::once(&head).chain(&rows).collect();
    let width = |column: usize| all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..head.len()).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let trunks = json!({ "trunks": [
            { "name": "carrier", "host": "sip.example", "addresses": ["192.0.2.1:5060"], "lines_in_use": 2, "lines": 30 },
            { "name": "b", "host": "192.0.2.2", "addresses": [], "lines_in_use": 0, "lines": null },
        ]});
        assert_eq!(
            lines(&Ask::Trunks, &trunks),
            [
                "TRUNK    HOST         ADDRESSES       LINES",
                "carrier  sip.example  192.0.2.1:5060  2 of 30",
                "b        192.0.2.2                    0",
            ]
        );
        assert_eq!(lines(&Ask::Trunks, &json!({ "trunks": [] })), ["none"]);
    }
}
