//! The program's life: limits, start, signals, end.

use super::{error::StartError, introduction::introduction, settings::Settings, start::Server};
use crate::control::{Desk, Front, Hub};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{error::Error, io, panic, process};
use tokio::{
    select,
    signal::unix::{Signal, SignalKind, signal},
};

/// Exit code of a program that a bug ended (EX_SOFTWARE).
const BUG: i32 = 70;

/// Runs a switch until SIGINT or SIGTERM: the first lets calls end and takes no new ones, the second ends at once.
/// `front` opens what serves programs, if anything does; SIGHUP has it read its files again. `say` gets the lines for whoever
/// started it, once all listen. False: a thread failed.
pub fn run(
    settings: Settings,
    front: impl FnOnce(Desk, Hub) -> Result<Option<Box<dyn Front>>, Box<dyn Error + Send + Sync>>,
    say: impl FnOnce(&str),
) -> Result<bool, StartError> {
    end_on_panic();
    raise_file_limit();
    let introduction = introduction(&settings);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut server = Server::start(settings)?;
    let front = match front(server.desk(), server.hub()) {
        Ok(front) => front,
        Err(error) => {
            server.stop();
            return Err(StartError::Front(error));
        }
    };
    let programs = front.as_ref().map_or(String::new(), |front| format!("{}\n", front.says()));
    say(&format!("warmline listens for SIP on udp://{}\n{programs}{introduction}", server.address()));
    runtime.block_on(until_stopped(&mut server, front.as_deref()))?;
    if let Some(front) = front {
        front.stop();
    }
    Ok(server.stop())
}

async fn until_stopped(server: &mut Server, front: Option<&dyn Front>) -> io::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut hangup = signal(SignalKind::hangup())?;
    let Some(mut ended) = server.ended() else { return Ok(()) };
    loop {
        select! {
            () = either(&mut interrupt, &mut terminate) => break,
            _ = &mut ended => return Ok(()),
            _ = hangup.recv() => if let Some(front) = front {
                front.reload();
            },
        }
    }
    tracing::info!("stopping: no new calls; a second signal ends those that are left");
    server.drain();
    select! {
        () = either(&mut interrupt, &mut terminate) => {}
        _ = &mut ended => {}
    }
    Ok(())
}

async fn either(one: &mut Signal, other: &mut Signal) {
    select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
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

/// Each leg needs two sockets: as many files as we may have.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }) {
        tracing::warn!(%error, current = limit.current, "the limit of open files stays as it is");
    }
}
