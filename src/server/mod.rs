//! The shell: sockets, clock, threads, files.
//!
//! [`Server`] is the running switch. Inside: `signalling` is the thread that owns the exchange; `worker` is a media thread,
//! `mailbox` where it is given its jobs, and `media` what the signalling thread knows of them; `ports` binds their sockets ahead, `way` opens
//! others for what keeps going to the same phone;
//! `journal` keeps registrations over a restart; `programs` is what it knows of those who command and watch; `reload` brings new
//! settings; `resolve` finds the addresses of trunks; `news` says what goes into the [`Log`]; `run` is the program's life from
//! start to signal. `library` finds and decodes sounds, `recorder` writes recordings.

#![allow(clippy::disallowed_methods, reason = "the shell is where the clock is read")]

mod error;
mod introduction;
mod journal;
mod library;
mod log;
mod mailbox;
mod media;
mod news;
mod pace;
mod ports;
mod programs;
mod recorder;
mod reload;
mod resolve;
mod run;
mod settings;
mod signalling;
mod slab;
mod start;
mod way;
mod worker;

pub use error::StartError;
pub use library::{HoldMusic, Piece, Sounds, Speaking};
pub use log::Log;
pub use media::{MediaThreads, Told};
pub use ports::PortPool;
pub use recorder::Recordings;
pub use reload::{Handle, ReloadError};
pub use run::{Opened, run};
pub use settings::{Settings, Trace};
pub use start::{Server, Status};
