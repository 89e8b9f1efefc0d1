//! The command line.

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;
use std::{
    fmt::Display,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};
use warmline::{
    api::{Api, Reload, Tools},
    config::{Config, Reloader},
    control::{Changes, Front},
    demo,
    records::Records,
    server::{self, Server},
};

/// Faster than the system's own for the small and short-lived pieces that messages are made of.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Something in the settings or the arguments must be put right.
const USAGE: u8 = 2;
/// Something went wrong while it ran.
const FAILED: u8 = 1;

/// A SIP switch that hands a live caller from one person to another.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// What is logged: error, warn, info, debug, or a filter such as `warmline::sip=debug`. RUST_LOG is read when absent.
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Runs the switch until Ctrl-C or SIGTERM (the default).
    Run {
        /// The settings.
        #[arg(default_value = "config.toml")]
        config: PathBuf,
    },
    /// Says what is wrong with the settings, without starting.
    Check {
        /// The settings.
        #[arg(default_value = "config.toml")]
        config: PathBuf,
    },
    /// Plays a warm transfer with three built-in phones over loopback, and says who heard whom.
    Demo {
        /// Where to write what each phone heard; a directory for passing things when absent.
        directory: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // In the demo the ladder says what happens, and the log only what goes wrong.
    let usual = if matches!(arguments.verb, Some(Verb::Demo { .. })) { "warn" } else { "info" };
    let _log = match server::Log::start(arguments.log.as_deref(), usual) {
        Ok(log) => log,
        Err(error) => return fail(USAGE, &error),
    };
    match arguments.verb.unwrap_or(Verb::Run { config: "config.toml".into() }) {
        Verb::Run { config } => run(&config),
        Verb::Check { config } => check(&config),
        Verb::Demo { directory } => match demo::play(directory.as_deref(), &mut say) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(FAILED, &error),
        },
    }
}

fn run(path: &Path) -> ExitCode {
    let config = match load(path) {
        Ok(config) => config,
        Err(code) => return code,
    };
    let running = config.clone();
    let mut records = None;
    let open = |server: &Server| {
        let reloader = Mutex::new(Reloader::new(path, running, server.handle()));
        let reload: Reload = Arc::new(move || reload(&mut reloader.lock().unwrap_or_else(PoisonError::into_inner)));
        records = config.records.map(|settings| Records::start(&settings, &server.hub())).transpose()?;
        let tools = Tools { records: records.as_ref().map(Records::archive), reload: Some(Arc::clone(&reload)) };
        let start = |settings| Api::start(settings, server.desk(), server.hub(), tools);
        let front = config.api.map(start).transpose()?.map(|api| Box::new(api) as Box<dyn Front>);
        // Whoever sent SIGHUP has no other ear than the log.
        Ok((front, Box::new(move || drop(reload())) as Box<dyn FnMut()>))
    };
    let ended = server::run(config.server, open, say);
    // All that the calls told until their end is written.
    if let Some(records) = records {
        records.stop();
    }
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => fail(FAILED, &"a thread failed; the log says which"),
        Err(error) => fail(FAILED, &error),
    }
}

/// Has the settings read anew, and says in the log what came of it.
fn reload(reloader: &mut Reloader) -> Result<Changes, String> {
    match reloader.reload() {
        Ok(changes) => {
            tracing::info!(%changes, "settings reloaded");
            Ok(changes)
        }
        Err(unchanged) => {
            let unchanged = unchanged.to_string();
            for line in unchanged.lines() {
                tracing::error!("{line}");
            }
            tracing::error!("the settings stay as they were");
            Err(unchanged)
        }
    }
}

fn check(path: &Path) -> ExitCode {
    match load(path) {
        Ok(_) => {
            say(&format!("{}: nothing to complain about", path.display()));
            ExitCode::SUCCESS
        }
        Err(code) => code,
    }
}

/// The settings, or the exit code after all that is wrong with them was said.
fn load(path: &Path) -> Result<Config, ExitCode> {
    Config::load(path).map_err(|problems| {
        for problem in problems {
            fail(USAGE, &problem);
        }
        ExitCode::from(USAGE)
    })
}

fn fail(code: u8, error: &dyn Display) -> ExitCode {
    // Nobody can be told that nobody can be told.
    let _unheard = writeln!(io::stderr(), "{error}");
    ExitCode::from(code)
}

fn say(text: &str) {
    let _unheard = writeln!(io::stdout(), "{text}");
}
