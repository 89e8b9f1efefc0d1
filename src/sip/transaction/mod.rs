//! Transactions over an unreliable transport (RFC 3261 17 with the corrections of RFC 6026).
//!
//! One machine a file: `invite_client`, `invite_server`, `client`, `server` say for each state and input what comes next.
//! [`Table`] owns all transactions, finds the one that a message belongs to, and keeps their timers.

mod action;
mod branch;
mod client;
mod invite_client;
mod invite_server;
mod matching;
mod outbox;
mod received;
mod sent;
mod server;
pub mod source;
mod table;
mod timer;

pub use branch::Branches;
pub use table::{Arrival, ClientKey, Event, ServerKey, Table};
pub use timer::Timers;
