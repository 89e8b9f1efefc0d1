//! Who is registered, who may call, and where a number leads. Pure.
//!
//! [`Switchboard`] is the face; its decisions are plain functions of what is known and of `now`.

mod agent;
mod ban;
mod event;
mod extension;
mod foreign;
mod login;
mod network;
mod number;
mod pattern;
mod puzzled;
mod queue;
mod queueing;
mod rate;
mod recent;
mod registrar;
mod reload;
mod route;
mod settings;
mod switchboard;
mod trunk;

pub use agent::{AgentState, AgentStatus};
pub use event::Event;
pub use foreign::{ForeignHost, ForeignSettings};
pub use network::{Network, NetworkError};
pub use pattern::{Pattern, PatternError};
pub use queue::{QueueState, WaitingState};
pub use queueing::Offer;
pub use reload::{Changes, Difference};
pub use settings::{
    ExtensionSettings, QueueSettings, RouteFrom, RouteSettings, RouteTo, Security, Settings, Strategy, TrunkSettings,
};
pub use switchboard::{Admission, Binding, Switchboard};
pub use trunk::TrunkState;
