//! `[log]`.

use super::{
    problem::Report,
    sections::{Log, Section},
};

/// How the log is written, where the command line does not say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// Each line an object of JSON; else text for people.
    pub json: bool,
    /// What is logged, as for `--log`.
    pub filter: Option<String>,
}

pub(super) fn read(section: &Section<Log>, report: &mut Report<'_>) -> LogSettings {
    let keys = &section.keys;
    let json = match keys.format.as_ref().map(|said| said.get_ref().as_str()) {
        None | Some("text") => false,
        Some("json") => true,
        Some(_) => {
            let at = keys.format.as_ref().map(toml::Spanned::span).unwrap_or_default();
            report.add(at, "[log] format", "must be \"text\" or \"json\"");
            false
        }
    };
    LogSettings { json, filter: keys.filter.as_ref().map(|said| said.get_ref().clone()) }
}
