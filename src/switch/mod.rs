//! Who is registered, who may call, and where a number leads. Pure.

mod event;
mod switchboard;

pub use event::Event;
pub use switchboard::{Admission, Binding, Switchboard};
