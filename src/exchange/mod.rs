//! The signalling side as one machine: endpoint, switchboard and calls, wired together. Pure.
//!
//! [`Exchange`] is the machine; `obey` carries out what programs wish ([`Wish`]), `admission` decides about new legs, `errands`
//! carries out what calls want, `news` tells who watches. What it wants of the media side comes out as [`Order`]s; ports come from whoever implements [`Ports`].

mod admission;
mod between;
mod errands;
mod gate;
mod news;
mod obey;
mod order;
mod queues;
mod recordings;
mod reload;
mod rooms;
mod wiring;
mod wish;

pub use news::News;
pub use order::{Order, Ports};
pub use queues::{AgentView, QueueLoad, WaitingView};
pub use wiring::{Counters, Exchange, Settings};
pub use wish::{
    Done, ExtensionView, Granted, Originate, QueueView, RegistrationView, RoomSettings, RoomView, TrunkView, What, Wish,
};
