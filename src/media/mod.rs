//! Media: what the legs of one call send, and what each of them hears. Pure.
//!
//! Three faces: [`Command`], [`Event`], [`Mixer`] (one a call). [`sdp`] negotiates (RFC 3264) what `rtp` and `audio` carry out.

pub mod audio;
mod chores;
mod command;
mod event;
mod leg;
mod lock;
mod mixer;
mod outbox;
mod relay;
mod room;
pub mod rtp;
pub mod sdp;
mod source;
pub mod srtp;
mod stream;
mod tick;

pub use audio::music::Music;
pub use command::{Command, DigitMode, Role, Source};
pub use event::{Event, Quality};
pub use mixer::{Member, Mixer, Settings, Transmit};
