//! The command line.

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use mimalloc::MiMalloc;
use std::{
    fmt::Display,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};
use warmline::{
    api::{Api, Reload, Tools},
    cli::{self, Ask, Where},
    config::{Config, LogSettings, Parts, Reloader},
    control::{Changes, Front},
    demo,
    exchange::QueueLoad,
    metrics::{self, Load, Page},
    records::Records,
    server::{self, Server, Status},
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
    /// How it is logged: lines for people, or each line an object. [log] format is read when absent.
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    #[command(flatten)]
    place: Where,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Debug, Subcommand)]
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
    /// Writes what a shell needs to complete these commands.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    #[command(flatten)]
    Ask(Ask),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.verb.clone().unwrap_or(Verb::Run { config: "config.toml".into() }) {
        Verb::Run { config: path } => match load(&path) {
            Ok(config) => logged(&arguments, "info", &config.log.clone(), || run(&path, config)),
            Err(code) => code,
        },
        Verb::Check { config } => check(&config),
        Verb::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "warmline", &mut io::stdout());
            ExitCode::SUCCESS
        }
        Verb::Ask(ask) => match cli::run(&ask, &arguments.place, &mut say) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(FAILED, &error),
        },
        // The ladder says what happens, and the log only what goes wrong.
        Verb::Demo { directory } => {
            logged(&arguments, "warn", &LogSettings::default(), || match demo::play(directory.as_deref(), &mut say) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(FAILED, &error),
            })
        }
    }
}

/// Does something while the log is written, as the command line says or else the settings.
fn logged(arguments: &Arguments, usual: &str, settings: &LogSettings, work: impl FnOnce() -> ExitCode) -> ExitCode {
    let json = arguments.log_format.map_or(settings.json, |format| format == LogFormat::Json);
    let usual = settings.filter.as_deref().unwrap_or(usual);
    match server::Log::start(arguments.log.as_deref(), usual, json) {
        Ok(_log) => work(),
        Err(error) => fail(USAGE, &error),
    }
}

fn run(path: &Path, config: Config) -> ExitCode {
    let running = config.clone();
    let recordings = config.server.recordings.directory.clone();
    let state = config.server.state_directory.clone();
    let mut records = None;
    let open = |server: &Server| {
        records = config.records.map(|settings| Records::start(&settings, &server.hub())).transpose()?;
        let programs = Arc::new(OnceLock::new());
        let retention = records.as_ref().map(Records::retention);
        let parts = Parts { server: server.handle(), api: Arc::clone(&programs), records: retention };
        let reloader = Mutex::new(Reloader::new(path, running, parts));
        let reload: Reload = Arc::new(move || reload(&mut reloader.lock().unwrap_or_else(PoisonError::into_inner)));
        let losses = records.iter().map(|records| ("records", records.missed())).collect();
        let handle = server.handle();
        let tools = Tools {
            recordings: recordings.clone(),
            records: records.as_ref().map(Records::archive),
            webhooks: state.map(|directory| directory.join("webhooks.json")),
            reload: Some(Arc::clone(&reload)),
            traces: server.traces(),
            metrics: Some(Page::new(server.meters(), losses)),
            load: Some(Arc::new(move || handle.status().map(load_of).unwrap_or_default())),
        };
        let start = |settings| Api::start(settings, server.desk(), server.hub(), tools);
        let api = config.api.map(start).transpose()?;
        if let Some(api) = &api {
            programs.get_or_init(|| api.handle());
        }
        let front = api.map(|api| Box::new(api) as Box<dyn Front>);
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

/// How much of everything is alive, as the metrics say it.
fn load_of(status: Status) -> Load {
    let Status { counters, ports, commands_waiting, media_waiting, queues } = status;
    let queue = |queue: QueueLoad| metrics::QueueLoad {
        name: queue.name,
        waiting: queue.waiting,
        longest_wait_s: queue.longest_wait.as_secs_f64(),
        free_agents: queue.free_agents,
    };
    Load {
        calls: counters.calls,
        legs: counters.legs,
        lines: counters.lines,
        registrations: counters.registrations,
        ports,
        commands_waiting,
        media_waiting,
        queues: queues.into_iter().map(queue).collect(),
        missed: counters.missed_news,
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
    let config = match load(path) {
        Ok(config) => config,
        Err(code) => return code,
    };
    match Server::check(&config.server) {
        Ok(()) => {
            say(&format!("{}: nothing to complain about", path.display()));
            ExitCode::SUCCESS
        }
        Err(error) => fail(USAGE, &format!("{}: {error}", path.display())),
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
