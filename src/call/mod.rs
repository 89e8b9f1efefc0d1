//! One conversation: its legs, hold, transfers, star codes, rooms. Pure.
//!
//! Faces: [`Command`] (what may be wished or must be known), [`Action`] (what should happen), [`Event`] (what is told to people),
//! [`Call`] is the machine.

mod action;
mod command;
mod event;
mod lifecycle;

pub use action::Action;
pub use command::Command;
pub use event::{Event, Outcome};
pub use lifecycle::{Call, CallSettings, Codes, Passenger};
