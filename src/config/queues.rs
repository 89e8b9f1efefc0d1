//! `[[queue]]`

use super::{
    calls::number,
    problem::{Report, nearest},
    sections::{Maybe, Queue, Section, Texts},
};
use crate::switch::{ExtensionSettings, QueueSettings, Strategy};
use std::time::Duration;
use toml::Spanned;

/// For `members`: whoever has a phone.
const ANYBODY: &str = "any registered";
const STRATEGIES: [(&str, Strategy); 4] = [
    ("ring-all", Strategy::RingAll),
    ("round-robin", Strategy::RoundRobin),
    ("longest-idle", Strategy::LongestIdle),
    ("in-order", Strategy::InOrder),
];

pub(super) fn read(
    sections: &[Section<Queue>],
    extensions: &[ExtensionSettings],
    report: &mut Report<'_>,
) -> Vec<QueueSettings> {
    let mut queues: Vec<QueueSettings> = Vec::new();
    for section in sections {
        let queue = queue(&section.keys, extensions, report);
        let (name, number) = (&section.keys.name, &section.keys.number);
        if queues.iter().any(|other| other.name == queue.name) {
            report.add(name.span(), "[queue] name", format!("{:?} is there twice", queue.name));
        }
        if let Some(number) = number
            && queues.iter().any(|other| other.number.as_ref() == Some(number.get_ref()))
        {
            report.add(number.span(), "[queue] number", format!("another queue has the number {:?}", number.get_ref()));
        }
        queues.push(queue);
    }
    queues
}

fn queue(keys: &Queue, extensions: &[ExtensionSettings], report: &mut Report<'_>) -> QueueSettings {
    let seconds = |said, place, usual, range, report: &mut Report<'_>| {
        Duration::from_secs(number::<u64>(said, place, usual, range, report))
    };
    let max_length =
        keys.max_length.as_ref().map(|_| number(&keys.max_length, "[queue] max_length", 1, 1..=10_000, report));
    let max_wait =
        keys.max_wait_s.as_ref().map(|_| seconds(&keys.max_wait_s, "[queue] max_wait_s", 1, 1..=86_400, report));
    QueueSettings {
        name: name(&keys.name, report),
        number: dialled(&keys.number, extensions, report),
        members: members(&keys.members, extensions, report),
        strategy: strategy(&keys.strategy, report),
        ring: seconds(&keys.ring_s, "[queue] ring_s", 20, 1..=600, report),
        retry: seconds(&keys.retry_s, "[queue] retry_s", 5, 1..=3600, report),
        wrap_up: seconds(&keys.wrap_up_s, "[queue] wrap_up_s", 0, 0..=3600, report),
        music: music(&keys.music, report),
        max_length,
        max_wait,
        fallback: keys.fallback.as_ref().map(|number| number.get_ref().clone()).filter(|number| !number.is_empty()),
    }
}

fn name(said: &Spanned<String>, report: &mut Report<'_>) -> String {
    let name = said.get_ref();
    let fits = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        report.add(said.span(), "[queue] name", format!("{name:?} must be 1 to 64 letters, digits, and . _ + -"));
    }
    name.clone()
}

/// The number by which it is dialled; an extension's is none.
fn dialled(said: &Maybe<String>, extensions: &[ExtensionSettings], report: &mut Report<'_>) -> Option<String> {
    let said = said.as_ref()?;
    let number = said.get_ref();
    if number.is_empty() || number.contains(|c: char| c.is_whitespace() || c.is_control()) {
        report.add(said.span(), "[queue] number", "must be digits or other characters of a number, without spaces");
    }
    if extensions.iter().any(|extension| extension.number == *number) {
        report.add(said.span(), "[queue] number", format!("{number:?} is the number of an extension"));
    }
    Some(number.clone())
}

/// Extensions in order; `None`: whoever has a phone.
fn members(said: &Spanned<Texts>, extensions: &[ExtensionSettings], report: &mut Report<'_>) -> Option<Vec<String>> {
    const PLACE: &str = "[queue] members";
    let texts = Texts::each(said);
    if let [one] = &texts[..]
        && *one.get_ref() == ANYBODY
    {
        return None;
    }
    if texts.is_empty() {
        report.add(said.span(), PLACE, format!("needs at least one extension, or {ANYBODY:?}"));
    }
    let mut members: Vec<String> = Vec::new();
    for text in &texts {
        let number = *text.get_ref();
        let known = extensions.iter().map(|extension| extension.number.as_str());
        if !known.clone().any(|known| known == number) {
            let meant = nearest(number, known).map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
            report.add(text.span(), PLACE, format!("there is no extension {number:?}{meant}"));
        } else if members.iter().any(|member| member == number) {
            report.add(text.span(), PLACE, format!("{number:?} is there twice"));
        }
        members.push(number.to_owned());
    }
    Some(members)
}

fn strategy(said: &Maybe<String>, report: &mut Report<'_>) -> Strategy {
    let Some(said) = said else { return Strategy::default() };
    let found = STRATEGIES.into_iter().find(|(word, _)| word == said.get_ref());
    if found.is_none() {
        let words: Vec<String> = STRATEGIES.iter().map(|(word, _)| format!("{word:?}")).collect();
        report.add(
            said.span(),
            "[queue] strategy",
            format!("{:?} must be one of {}", said.get_ref(), words.join(", ")),
        );
    }
    found.map(|(_, strategy)| strategy).unwrap_or_default()
}

fn music(said: &Maybe<Texts>, report: &mut Report<'_>) -> Vec<String> {
    let mut pieces = Vec::new();
    for text in said.iter().flat_map(Texts::each) {
        match text.get_ref().split_once("://") {
            Some((scheme, _)) if !["http", "https"].contains(&scheme) => {
                report.add(
                    text.span(),
                    "[queue] music",
                    format!("{scheme}:// is not played; http:// and https:// are"),
                );
            }
            _ if text.get_ref().is_empty() => {
                report.add(text.span(), "[queue] music", "is empty; leave the key out for the hold music");
            }
            Some(_) | None => pieces.push((*text.get_ref()).to_owned()),
        }
    }
    pieces
}
