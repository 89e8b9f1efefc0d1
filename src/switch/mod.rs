//! Who is registered, who may call, and where a number leads. Pure.
//!
//! [`Switchboard`] is the face; its decisions are plain functions of what is known and of `now`.

mod ban;
mod event;
mod extension;
mod login;
mod network;
mod number;
mod pattern;
mod puzzled;
mod rate;
mod recent;
mod registrar;
mod reload;
mod route;
mod settings;
mod switchboard;
mod trunk;

pub use event::Event;
pub use network::{Network, NetworkError};
pub use pattern::{Pattern, PatternError};
pub use reload::{Changes, Difference};
pub use settings::{ExtensionSettings, RouteFrom, RouteSettings, RouteTo, Security, Settings, TrunkSettings};
pub use switchboard::{Admission, Binding, Switchboard};
pub use trunk::TrunkState;
