//! Media: what the legs of one call send, and what each of them hears. Pure.
//!
//! Three faces: [`Command`], [`Event`], [`Mixer`] (one a call). [`sdp`] negotiates (RFC 3264) what `rtp` and `audio` carry out.

pub mod audio;
mod chores;
mod command;
mod dtmf;
mod event;
mod leg;
mod legs;
mod lock;
mod member;
mod mixer;
mod outbox;
mod phase;
mod playback;
mod presses;
mod recorder;
mod recording;
mod relay;
mod room;
pub mod rtp;
mod scribe;
pub mod sdp;
mod sound;
mod source;
pub mod srtp;
mod stream;
mod tape;
mod tick;
mod tones;

pub use audio::{clip::Clip, music::Music, playlist::Playlist};
pub use command::{Command, DigitMode, Role, Source};
pub use dtmf::Dtmf;
pub use event::{Event, Quality};
pub use member::Member;
pub use mixer::{Mixer, Settings, Transmit};
pub use playback::{Playback, Position, Repeat};
pub use recording::{Format, Layout, Record, Recording, RecordingFault, RecordingNews, Scope};
pub use rtp::jitter::Limits as JitterLimits;
pub use sound::{Gender, Sound, SoundError, Speech};
pub use tape::{Frame, Tape};
