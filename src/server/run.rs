//! The program's life: limits, start, signals, end.

use super::{error::StartError, introduction::introduction, settings::Settings, start::Server};
use crate::control::Front;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{error::Error, io, panic, process};
use tokio::{
    runtime::Runtime,
    select,
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

/// Exit code of a program that a bug ended (EX_SOFTWARE).
const BUG: i32 = 70;

/// What serves programs, and what reads the settings again.
pub type Opened = (Option<Box<dyn Front>>, Box<dyn FnMut()>);

/// Runs a switch until SIGINT or SIGTERM: the first lets calls end and takes no new ones, the second ends at once.
/// `open` opens what serves programs, if anything does, and says what reads the settings again at SIGHUP. `say` gets the lines for
/// whoever started it, once all listen. False: a thread failed.
pub fn run(
    settings: Settings,
    open: impl FnOnce(&Server) -> Result<Opened, Box<dyn Error + Send + Sync>>,
    say: impl FnOnce(&str),
) -> Result<bool, StartError> {
    end_on_panic();
    raise_file_limit();
    let introduction = introduction(&settings);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut server = Server::start(settings)?;
    // Before anybody knows that it runs: a SIGHUP that nobody waits for ends the program.
    let signals = runtime.block_on(async { Signals::new() })?;
    let (front, mut reread) = match open(&server) {
        Ok(opened) => opened,
        Err(error) => {
            server.stop();
            return Err(StartError::Front(error));
        }
    };
    let programs = front.as_ref().map_or(String::new(), |front| format!("{}\n", front.says()));
    say(&format!("warmline listens for SIP on udp://{}\n{programs}{introduction}", server.address()));
    let hung_up = || {
        reread();
        if let Some(front) = &front {
            front.reload();
        }
    };
    until_stopped(&runtime, &mut server, signals, hung_up);
    if let Some(front) = front {
        front.stop();
    }
    Ok(server.stop())
}

/// What whoever runs us may send.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self, ended: &mut oneshot::Receiver<()>) -> Happening {
        select! {
            _ = self.interrupt.recv() => Happening::Stop,
            _ = self.terminate.recv() => Happening::Stop,
            _ = self.hangup.recv() => Happening::Reread,
            _ = ended => Happening::Ended,
        }
    }
}

/// What the program's life waits for.
enum Happening {
    Stop,
    Reread,
    Ended,
}

/// `hung_up` may block: it is called outside of the runtime.
fn until_stopped(runtime: &Runtime, server: &mut Server, mut signals: Signals, mut hung_up: impl FnMut()) {
    let Some(mut ended) = server.ended() else { return };
    let mut stopping = false;
    loop {
        match runtime.block_on(signals.next(&mut ended)) {
            Happening::Ended => return,
            Happening::Reread => hung_up(),
            Happening::Stop if stopping => return,
            Happening::Stop => {
                tracing::info!("stopping: no new calls; a second signal ends those that are left");
                server.drain();
                stopping = true;
            }
        }
    }
}

/// A thread that panics is a bug, and a switch without one of its threads is worse than none: whoever supervises us starts a new one.
fn end_on_panic() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        report(info);
        tracing::error!("a thread panicked, the program ends: {info}");
        process::exit(BUG);
    }));
}

/// Each leg needs two sockets, and has a third where there is room: as many files as we may have.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        tracing::warn!(%error, current = limit.current, "the limit of open files stays as it is");
    }
}
