//! `[records]`.

use super::{calls::number, problem::Report, sections::File};
use crate::records;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// The file in the state directory.
const FILE: &str = "records.sqlite";
const DAY: Duration = Duration::from_secs(86_400);

/// `None`: none are kept. They are where the API is on or the section is there, and there is a place for them.
pub(super) fn read(file: &File, state: Option<&Path>, report: &mut Report<'_>) -> Option<records::Settings> {
    let keys = file.records.as_ref().map(|section| &section.keys);
    let days = match keys {
        Some(keys) => number(&keys.retention_days, "[records] retention_days", 365, 0..=36_500, report),
        None => 365,
    };
    let path = match keys.and_then(|keys| keys.path.as_ref()) {
        Some(path) if path.get_ref().is_empty() => return None,
        Some(path) => PathBuf::from(path.get_ref()),
        None if file.records.is_some() || file.http.is_some() => state?.join(FILE),
        None => return None,
    };
    Some(records::Settings { path, retention: DAY * days })
}
