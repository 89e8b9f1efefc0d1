//! Where those who command and watch the switch meet the thread that runs it.
//!
//! [`Desk`] takes wishes to the signalling thread and brings the answers back; [`Inbox`] is that thread's side of it. [`Hub`] is where
//! that thread puts [`News`], and where everybody reads them at their own pace; [`Snapshot`] is how all calls are. [`Front`] is what the
//! program's life knows of whoever serves programs.

mod data;
mod desk;
mod flow;
mod front;
mod hub;
mod meters;
mod news;
mod roster;
mod traces;

pub use desk::{Desk, Inbox, Order, Refusal, desk};
pub use flow::{Asked, Flow, Next, Step};
pub use front::Front;
pub use hub::{Hub, Read, Reader, Snapshot};
pub use meters::{METHODS, Meters, TICK_BUCKETS_MS};
pub use news::{Happened, News};
pub use traces::{Traced, Traces};

pub use crate::exchange::{
    AgentView, Done, ExtensionView, Granted, Originate, QueueView, RegistrationView, RoomSettings, RoomView, TrunkView,
    WaitingView, What,
};
pub use crate::switch::{Changes, Difference};
