//! The settings of a switch that runs, read anew.

use super::{Config, Problem};
use crate::{
    api, records,
    server::{self, ReloadError},
    switch::Changes,
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// The file that a switch runs on, and what it said when it was last obeyed.
#[derive(Debug)]
pub struct Reloader {
    path: PathBuf,
    running: Config,
    parts: Parts,
}

/// Who takes new settings over.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The switch.
    pub server: server::Handle,
    /// The API, once it runs.
    pub api: Arc<OnceLock<api::Handle>>,
    /// Call records, if any are kept.
    pub records: Option<records::Retention>,
}

/// Why everything stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum Unchanged {
    /// The file is wrong, or asks for what cannot be done without a restart.
    #[error("{}", lines(.0))]
    Settings(Vec<Problem>),
    /// Something that the file names cannot be used, or the switch is about to end.
    #[error("{0}")]
    Server(#[from] ReloadError),
}

impl Reloader {
    /// For a switch that was started with `running`, read from `path`.
    pub fn new(path: &Path, running: Config, parts: Parts) -> Self {
        Self { path: path.to_owned(), running, parts }
    }

    /// Reads the file and has all of it obeyed, or none of it. Calls in progress go on as they began. Blocks as long as
    /// the disk needs.
    pub fn reload(&mut self) -> Result<Changes, Unchanged> {
        let new = Config::load(&self.path).map_err(Unchanged::Settings)?;
        new.may_follow(&self.running).map_err(Unchanged::Settings)?;
        let changes = self.parts.server.reload(new.server.clone())?;
        // From here on nothing can fail.
        if let (Some(api), Some(settings)) = (self.parts.api.get(), &new.api)
            && new.api != self.running.api
        {
            api.renew(settings);
        }
        if let (Some(retention), Some(settings)) = (&self.parts.records, &new.records) {
            retention.set(settings.retention);
        }
        self.running = new;
        Ok(changes)
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
