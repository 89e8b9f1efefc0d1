//! One conversation: its legs, hold, transfers, star codes, rooms. Pure.
//!
//! Faces: [`Command`] (what may be wished or must be known), [`Action`] (what should happen), [`Event`] (what is told to people),
//! [`Call`] is the machine.
//!
//! Inside, one file a concern, each with its own state: `leg` (a party, which comes by `entrance` and goes by `parting`), `dial`
//! (an attempt to reach somebody; `target` is one of those whom it calls), `hold`, `cold`, `attended`, `warm` and `recall` (the
//! ways of a transfer, of which `movement` says which is under way), `codes`, `room`, `queued` (an attempt that waits in a
//! queue). `mix` derives from all of them who hears what. `face` is as whom we call, `few` a small map, `ending` how attempts and
//! legs end, `passage` how legs get from one call to another.

mod action;
mod attempt;
mod attended;
mod codes;
mod cold;
mod command;
mod dial;
mod ending;
mod entrance;
mod errand;
mod event;
mod face;
mod few;
mod flow;
mod gather;
mod handover;
mod hold;
mod house;
mod leg;
mod lifecycle;
mod mix;
mod movement;
mod obey;
mod part;
mod parting;
mod passage;
mod queued;
mod recall;
mod recording;
mod refused;
mod room;
mod settings;
mod show;
mod story;
mod target;
mod tune;
mod verb;
mod view;
mod warm;
mod wishes;

pub use action::Action;
pub use command::Command;
pub use event::{Event, GatherEnd, Outcome, PlayEnd, QueueNews, RecordingState};
pub use lifecycle::Call;
pub use obey::Done;
pub use passage::Passenger;
pub use queued::Queuing;
pub use recording::RecordingSettings;
pub use refused::Refused;
pub use room::RoomSettings;
pub use settings::{CallSettings, Codes};
pub use verb::Verb;
pub use view::{
    AttemptView, CallKind, CallView, Epoch, HearsView, LegDirection, LegState, LegView, PartyKind, PartyView,
    QualityView, RoleView, Stamp, TransferKind, TransferPhase, TransferView,
};
pub use wishes::{Add, Approach, Audience, Gather, Manner, Membership, RecordingKind, Role, Sound, Transfer};
// Words of wishes that mixers and libraries know too.
pub use crate::media::{Format, Gender};
