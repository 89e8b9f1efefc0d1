//! Who is registered, who may call, and where a number leads. Pure.
//!
//! [`Switchboard`] is the face; its decisions are plain functions of what is known and of `now`.

mod ban;
mod event;
mod network;
mod pattern;
mod rate;
mod recent;
mod settings;
mod switchboard;

pub use event::Event;
pub use network::{Network, NetworkError};
pub use pattern::{Pattern, PatternError};
pub use settings::{ExtensionSettings, RouteFrom, RouteSettings, RouteTo, Security, Settings, TrunkSettings};
pub use switchboard::{Admission, Binding, Switchboard};
