//! A telephone made of the switch's own parts: for the demo, and for the simulated world of the tests. Pure.
//!
//! Three faces: [`Command`] (the buttons), [`Event`] (the display), [`Phone`] (the machine). A [`Line`] is one call of it;
//! its mouth sends a tone of the phone's own, its [`Ear`] tells whose tones it hears.

mod buttons;
mod command;
mod ear;
mod event;
mod happenings;
mod line;
mod machine;
mod mouth;

pub use command::{Command, HoldStyle, Manner, Place};
pub use ear::{Ear, RATE};
pub use event::Event;
pub use line::{Line, State};
pub use machine::{Past, Phone, Settings, Socket, Transmit};
