//! A warm transfer played by three built-in phones over real UDP on loopback, through a switch started in the same process.
//!
//! [`play`] is the story; `stage` drives the phones' sockets, `ladder` draws the messages as they go by, `phase` judges who hears
//! whom.

#![allow(clippy::disallowed_methods, reason = "the demo is a shell: it reads the clock")]

mod ladder;
mod phase;
mod recording;
mod stage;

use crate::{
    phone::{Command, HoldStyle},
    sip::OfferMethod,
};
use phase::Phase;
use stage::{Role, Stage};
use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Why the demo could not be played, or what went otherwise than it should.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Sockets, files.
    #[error("the demo cannot be played: {0}")]
    System(#[from] io::Error),
    /// The switch does not start.
    #[error("the switch does not start: {0}")]
    Start(#[from] crate::server::StartError),
    /// Its settings cannot be read.
    #[error("the demo's own settings are wrong: {0}")]
    Settings(String),
    /// Something that had to happen did not.
    #[error("after {after_s} s still not so: {what}")]
    Waited {
        /// What.
        what: &'static str,
        /// s.
        after_s: u64,
    },
    /// Somebody heard what he should not, or did not hear what he should; the table says who.
    #[error("somebody heard something else than expected: see the table above")]
    Heard,
}

/// How long each phase is listened to.
const LISTENING: Duration = Duration::from_millis(1500);
/// How long the last messages may take to be seen.
const PARTING: Duration = Duration::from_millis(50);
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Plays the whole story. What happens goes to `say` line by line; what was heard goes to WAV files in `directory`.
pub fn play(directory: Option<&Path>, say: &mut dyn FnMut(&str)) -> Result<(), DemoError> {
    let directory = directory.map_or_else(|| std::env::temp_dir().join("warmline-demo"), PathBuf::from);
    let mut stage = Stage::set(say)?;
    let mut phases = Vec::new();
    let played = story(&mut stage, &mut phases);
    let written = recording::write(&directory, stage.recordings())?;
    stage.end();
    say(&format!("\nWhat each phone heard is in {}:", directory.display()));
    for file in written {
        say(&format!("  {file}"));
    }
    say("");
    for phase in &phases {
        phase.lines().iter().for_each(|line| say(line));
    }
    played?;
    match phases.iter().all(Phase::is_as_expected) {
        true => Ok(()),
        false => Err(DemoError::Heard),
    }
}

fn story(stage: &mut Stage<'_>, phases: &mut Vec<Phase>) -> Result<(), DemoError> {
    use Role::{Agent, Caller, Expert};
    stage.title("Three phones register");
    for role in Role::ALL {
        stage.press(role, Command::Register { expires_s: 300 });
    }
    stage.until("all three are registered", PATIENCE, |stage| {
        Role::ALL.iter().all(|role| stage.phone(*role).is_registered())
    })?;

    stage.title("The caller calls the agent");
    stage.call(Caller, Agent);
    stage.until("the agent has answered", PATIENCE, |stage| stage.talking(Caller) == 1)?;
    phases.push(stage.listen("caller and agent talk", LISTENING, &[(Caller, Agent), (Agent, Caller)], &[])?);

    stage.title("The agent puts the caller on hold");
    let line = stage.first_line(Agent)?;
    stage.press(Agent, Command::Hold { line, style: HoldStyle::SendOnly, method: OfferMethod::Reinvite });
    stage.until("the caller is on hold", PATIENCE, |stage| stage.holds(Agent))?;
    phases.push(stage.listen("the caller hears music", LISTENING, &[], &[Caller])?);

    stage.title("The agent asks the expert");
    stage.call(Agent, Expert);
    stage.until("the expert has answered", PATIENCE, |stage| stage.talking(Agent) == 2)?;
    let talk = [(Agent, Expert), (Expert, Agent)];
    phases.push(stage.listen("agent and expert talk, the caller waits", LISTENING, &talk, &[Caller])?);

    stage.title("The agent connects the two and leaves");
    let with = stage.last_line(Agent)?;
    stage.press(Agent, Command::Connect { line, with });
    stage.until("the agent is free", PATIENCE, |stage| stage.lines(Agent) == 0)?;
    phases.push(stage.listen("caller and expert talk", LISTENING, &[(Caller, Expert), (Expert, Caller)], &[])?);

    stage.title("The caller hangs up");
    let line = stage.first_line(Caller)?;
    stage.press(Caller, Command::HangUp { line });
    stage.until("the expert's line is over", PATIENCE, |stage| stage.lines(Expert) == 0)?;
    stage.until("the switch has forgotten the call", PATIENCE, Stage::is_switch_idle)?;
    Ok(stage.pass(PARTING)?)
}
