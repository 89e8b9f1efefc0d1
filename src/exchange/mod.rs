//! The signalling side as one machine: endpoint, switchboard and calls, wired together. Pure.
//!
//! [`Exchange`] is the machine; `admission` decides about new legs, `errands` carries out what calls want. What it wants of the
//! media side comes out as [`Order`]s; ports come from whoever implements [`Ports`].

mod admission;
mod errands;
mod gate;
mod order;
mod reload;
mod wiring;

pub use order::{Order, Ports};
pub use wiring::{Counters, Exchange, Settings};
