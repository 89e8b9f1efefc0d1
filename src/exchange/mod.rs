//! The signalling side as one machine: endpoint, switchboard and calls, wired together. Pure.

mod order;
mod wiring;

pub use order::{Order, Ports};
pub use wiring::{Exchange, Settings};
