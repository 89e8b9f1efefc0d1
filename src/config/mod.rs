//! Reads `config.toml`: gathers the settings that each room declares, and says of everything that is wrong where it is wrong
//! and what would be right. `docs/configuration.md` lists all keys.

mod address;
mod calls;
mod extensions;
mod fixed;
mod http;
mod log;
mod media;
mod numbers;
mod problem;
mod queues;
mod read;
mod records;
mod reload;
mod routes;
mod sections;
mod signalling;
mod sounds;
mod trunks;

pub use log::LogSettings;
pub use problem::Problem;
pub use reload::{Parts, Reloader, Unchanged};

use crate::{api, exchange, media::Dtmf, records as call_records, server, switch};
use fixed::Fixed;
use problem::Report;
use sections::File;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What `config.toml` says.
#[derive(Clone, Debug)]
pub struct Config {
    /// The whole switch.
    pub server: server::Settings,
    /// The API for programs; `None`: there is none.
    pub api: Option<api::Settings>,
    /// Call records; `None`: none are kept.
    pub records: Option<call_records::Settings>,
    /// How the log is written.
    pub log: LogSettings,
    /// The file says nothing of `state_directory`: the one in `server` is where the system keeps such things.
    pub state_by_default: bool,
    /// What cannot change while it runs.
    fixed: Vec<Fixed>,
}

impl Config {
    /// Reads a file. Relative paths in it start at its directory. Passwords written as `env:NAME` come from the environment.
    pub fn load(path: &Path) -> Result<Self, Vec<Problem>> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path)
            .map_err(|error| vec![Problem::whole(&name, format!("cannot be read: {error}"))])?;
        let mut config = Self::parse(&text, &name, |variable| std::env::var(variable).ok())?;
        config.drop_unusable_state();
        let directory = path.parent().unwrap_or(Path::new("")).to_owned();
        let beside = |relative: &mut PathBuf| *relative = directory.join(&*relative);
        for piece in &mut config.server.hold_music.pieces {
            if let server::Piece::File(path) = piece {
                beside(path);
            }
        }
        config.server.sounds.directory.as_mut().map(beside);
        config.server.recordings.directory.as_mut().map(beside);
        config.server.state_directory.as_mut().map(beside);
        if let Some(records) = &mut config.records {
            beside(&mut records.path);
        }
        if let Some(tls) = config.api.as_mut().and_then(|api| api.tls.as_mut()) {
            beside(&mut tls.certificate);
            beside(&mut tls.key);
        }
        Ok(config)
    }

    /// Nobody asked for the usual state directory: where it cannot be made (a user without a home), nothing is kept. One that was
    /// asked for must be usable, which the start finds out.
    fn drop_unusable_state(&mut self) {
        let usual = self.server.state_directory.as_deref().filter(|_| self.state_by_default);
        if usual.is_some_and(|directory| fs::create_dir_all(directory).is_err()) {
            self.server.state_directory = None;
            self.records = None;
        }
    }

    /// Reads the text of a file called `name`; `env` looks a variable of the environment up. All that is wrong is told, in the
    /// order of the text.
    pub fn parse(text: &str, name: &str, env: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<Problem>> {
        let mut report = Report::new(name, text);
        let file = read::file(text, &mut report);
        let config = build(&file, &env, &mut report);
        match report.finish() {
            problems if problems.is_empty() => Ok(config),
            problems => Err(problems),
        }
    }
}

/// The settings that the sections come to. What is wrong is reported, and something usable is put in its place.
fn build(file: &File, env: &dyn Fn(&str) -> Option<String>, report: &mut Report<'_>) -> Config {
    let dtmf = media::dtmf(&file.media.keys.dtmf, "[media] dtmf", Dtmf::default(), report);
    let extensions = extensions::read(&file.extensions, dtmf, env, report);
    let trunks = trunks::read(&file.trunks, dtmf, env, report);
    let queues = queues::read(&file.queues, &extensions, report);
    let routes = routes::read(&file.routes, &extensions, &trunks, &queues, report);
    let numbers = numbers::Numbers { extensions: &extensions, routes: &routes, queues: &queues };
    numbers.check_fallbacks(file, report);
    let limits = calls::limits(&file.limits, report);
    let place = address::read(&file.sip, &file.media, report);
    let media = media::read(&file.media, report);
    let sip = signalling::read(&file.sip, &place, &limits, report);
    let call = calls::read(file, &place, &media, report);
    let (min_expires, max_expires) = signalling::registration(&file.sip, report);
    let foreign = calls::foreign(&file.security, &place, report);
    let state_directory = signalling::state_directory(&file.sip, place.listen, env);
    let exchange = exchange::Settings {
        sip,
        call,
        max_calls: limits.calls,
        max_calls_per_second: limits.calls_per_second,
        shutdown_grace: limits.shutdown_grace,
    };
    let switch = switch::Settings {
        domain: place.domain,
        min_expires,
        max_expires,
        nonce_lifetime: signalling::NONCE_LIFETIME,
        security: calls::security(&file.security, report),
        extensions,
        trunks,
        routes,
        queues,
        foreign,
    };
    let trace_bytes = trace(file, report);
    sounds::check_place(file, report);
    let server = server::Settings {
        listen: place.listen,
        exchange,
        switch,
        media_bind: place.media_bind,
        media_ports: media.ports,
        media_timeout: media.timeout,
        jitter: media.jitter,
        hold_music: sounds::hold_music(&file.media, report),
        sounds: sounds::sounds(&file.sounds, report),
        recordings: sounds::recording(&file.recording, report),
        media_threads: media.threads,
        state_directory,
        watched: file.http.is_some() || file.records.is_some(),
        trace_bytes,
        tap: None,
    };
    let api = http::read(file, env, report);
    Config {
        fixed: fixed::read(file, &server, api.as_ref(), report),
        records: records::read(file, server.state_directory.as_deref(), report),
        server,
        api,
        log: log::read(&file.log, report),
        state_by_default: file.sip.keys.state_directory.is_none(),
    }
}

/// Bytes for the SIP messages of late.
fn trace(file: &File, report: &mut Report<'_>) -> usize {
    let mb = calls::number(&file.trace.keys.memory_mb, "[trace] memory_mb", 32, 0..=16_384, report);
    if file.http.is_some() { mb << 20 } else { 0 }
}
