//! Legs: a dialog each (RFC 3261 12 to 15), from the first INVITE to the last BYE.
//!
//! [`Leg`] owns the state of one leg and hands each message or wish to the file that is about it: `uas_invite` and
//! `uac_invite` (until the leg is answered), `success` (2xx and ACK), `renegotiate` with `offer` (re-INVITE, UPDATE),
//! `session_timer`, `reliable` (100rel), `refer` with `notify`, `info`, `client_auth`, `ending`. `state`, `route` and `id` are the
//! dialog itself. [`Line`] is what a leg has at hand for one step.

pub(super) mod card;
mod cause;
pub(super) mod client_auth;
mod ending;
mod id;
mod info;
mod leg;
pub(super) mod line;
mod notify;
mod offer;
mod refer;
mod reliable;
mod renegotiate;
mod route;
mod session_timer;
mod state;
mod success;
mod uac_invite;
mod uas_invite;

pub(super) use card::Card;
pub use id::DialogId;
pub(super) use leg::Leg;
pub(super) use line::{Alarm, Line, token};
pub(super) use refer::Asked;
