//! `[[route]]`

use super::{
    calls::number,
    problem::{Report, nearest},
    sections::{Route, Section, Texts},
    sounds::is_on,
};
use crate::{
    destination::Flow,
    switch::{ExtensionSettings, Pattern, QueueSettings, RouteFrom, RouteSettings, RouteTo, TrunkSettings},
};
use std::{collections::HashSet, time::Duration};
use toml::Spanned;

const FROM: &str = "[route] from";
const TO: &str = "[route] to";
/// How long a program may take to say what becomes of a caller.
const FLOW_TIMEOUT: Duration = Duration::from_secs(5);

/// What routes may lead to.
struct Known<'a> {
    extensions: HashSet<&'a str>,
    trunks: Vec<&'a str>,
    queues: Vec<&'a str>,
}

pub(super) fn read(
    sections: &[Section<Route>],
    extensions: &[ExtensionSettings],
    trunks: &[TrunkSettings],
    queues: &[QueueSettings],
    report: &mut Report<'_>,
) -> Vec<RouteSettings> {
    let known = Known {
        extensions: extensions.iter().map(|extension| extension.number.as_str()).collect(),
        trunks: trunks.iter().map(|trunk| trunk.name.as_str()).collect(),
        queues: queues.iter().map(|queue| queue.name.as_str()).collect(),
    };
    sections.iter().filter_map(|section| route(section, &known, report)).collect()
}

/// `None` when its pattern is none; that is reported.
fn route(section: &Section<Route>, known: &Known<'_>, report: &mut Report<'_>) -> Option<RouteSettings> {
    let keys = &section.keys;
    let from = keys.from.as_ref().and_then(|said| from(said, known, report));
    let to = destinations(&keys.to, known, report);
    let strip = number(&keys.strip, "[route] strip", 0, 0..=64, report);
    let pattern = match keys.pattern.get_ref().parse::<Pattern>() {
        Ok(pattern) => pattern,
        Err(error) => {
            report.add(keys.pattern.span(), "[route] match", error.to_string());
            return None;
        }
    };
    if let Some(said) = keys.strip.as_ref().filter(|_| strip > pattern.shortest()) {
        let longer = format!("takes {strip} characters, but {pattern} fits numbers of {}", pattern.shortest());
        report.add(said.span(), "[route] strip", longer);
    }
    let prepend = keys.prepend.as_ref().map_or(String::new(), |said| said.get_ref().clone());
    if let Some(said) =
        keys.prepend.as_ref().filter(|said| said.get_ref().contains(|c: char| c.is_whitespace() || c.is_control()))
    {
        report.add(said.span(), "[route] prepend", "must be digits or other characters of a number, without spaces");
    }
    let to = to.into_iter().map(|to| with_rules(to, keys, report)).collect();
    Some(RouteSettings { from, pattern, strip, prepend, to, record: is_on(&keys.record) })
}

/// A flow with the time and the fallback that its route says.
fn with_rules(to: RouteTo, keys: &Route, report: &mut Report<'_>) -> RouteTo {
    let RouteTo::Flow(flow) = to else {
        let odd = keys.flow_fallback.as_ref().map(Spanned::span).or(keys.flow_timeout_s.as_ref().map(Spanned::span));
        if let Some(span) = odd {
            report.add(span, TO, "flow_timeout_s and flow_fallback are for routes to \"flow:NAME\"");
        }
        return to;
    };
    let usual = FLOW_TIMEOUT.as_secs() as u32;
    let seconds: u32 = number(&keys.flow_timeout_s, "[route] flow_timeout_s", usual, 1..=60, report);
    let fallback = keys.flow_fallback.as_ref().map(|said| said.get_ref().clone()).filter(|number| !number.is_empty());
    RouteTo::Flow(Flow { timeout: Duration::from_secs(seconds.into()), fallback, ..flow })
}

fn from(said: &Spanned<String>, known: &Known<'_>, report: &mut Report<'_>) -> Option<RouteFrom> {
    match said.get_ref().as_str() {
        "extension" => Some(RouteFrom::Extensions),
        "trunk" => Some(RouteFrom::Trunks),
        other => match other.strip_prefix("trunk:") {
            Some(name) => {
                known.check_trunk(name, said, FROM, report);
                Some(RouteFrom::Trunk(name.to_owned()))
            }
            None => {
                let hint = format!(
                    "{other:?} must be \"extension\", \"trunk\" or \"trunk:NAME\"; without the key it is everybody"
                );
                report.add(said.span(), FROM, hint);
                None
            }
        },
    }
}

fn destinations(said: &Spanned<Texts>, known: &Known<'_>, report: &mut Report<'_>) -> Vec<RouteTo> {
    let texts = Texts::each(said);
    if texts.is_empty() {
        report.add(said.span(), TO, "needs at least one destination");
    }
    let mut to = Vec::with_capacity(texts.len());
    for text in &texts {
        let Some(destination) = destination(text, known, report) else { continue };
        if texts.len() > 1 && !matches!(destination, RouteTo::Trunk(_) | RouteTo::Extension(_)) {
            report.add(text.span(), TO, "stands alone: only trunks and extensions can be tried in turn");
        }
        to.push(destination);
    }
    to
}

fn destination(said: &Spanned<&str>, known: &Known<'_>, report: &mut Report<'_>) -> Option<RouteTo> {
    let text = *said.get_ref();
    match text.split_once(':') {
        Some(("trunk", name)) => {
            known.check_trunk(name, said, TO, report);
            Some(RouteTo::Trunk(name.to_owned()))
        }
        Some(("conference", name)) if !name.is_empty() => Some(RouteTo::Conference(name.to_owned())),
        Some(("flow", name)) if !name.is_empty() => {
            Some(RouteTo::Flow(Flow { name: name.to_owned(), timeout: FLOW_TIMEOUT, fallback: None }))
        }
        Some(("queue", name)) => {
            known.check_queue(name, said, report);
            Some(RouteTo::Queue(name.to_owned()))
        }
        Some(("dialect", name)) if !name.is_empty() => Some(RouteTo::Dialect(name.to_owned())),
        Some(_) => {
            let ways = "\"trunk:NAME\", \"conference:{number}\", \"queue:NAME\", \"music\", \"echo\", \"flow:NAME\", \"{number}\" or the number of an extension";
            report.add(said.span(), TO, format!("{text:?} must be {ways}"));
            None
        }
        None if text == "music" => Some(RouteTo::Music),
        None if text == "echo" => Some(RouteTo::Echo),
        None => {
            if !text.contains("{number}") && !known.extensions.contains(text) {
                let trunk = known.trunks.contains(&text).then(|| format!("; did you mean \"trunk:{text}\"?"));
                let meant = trunk.or_else(|| {
                    nearest(text, known.extensions.iter().copied()).map(|near| format!("; did you mean {near:?}?"))
                });
                report.add(said.span(), TO, format!("there is no extension {text:?}{}", meant.unwrap_or_default()));
            }
            Some(RouteTo::Extension(text.to_owned()))
        }
    }
}

impl Known<'_> {
    fn check_queue(&self, name: &str, said: &Spanned<&str>, report: &mut Report<'_>) {
        if !name.contains("{number}") && !self.queues.contains(&name) {
            let meant = nearest(name, self.queues.iter().copied())
                .map_or(String::new(), |near| format!("; did you mean {near:?}?"));
            report.add(said.span(), TO, format!("there is no queue {name:?}{meant}"));
        }
    }

    fn check_trunk<T>(&self, name: &str, said: &Spanned<T>, place: &str, report: &mut Report<'_>) {
        if !self.trunks.contains(&name) {
            let meant = nearest(name, self.trunks.iter().copied())
                .map_or(String::new(), |near| format!("; did you mean {near:?}?"));
            report.add(said.span(), place, format!("there is no trunk {name:?}{meant}"));
        }
    }
}
