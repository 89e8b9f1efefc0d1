//! SIP: datagrams in, what happened on a leg out (RFC 3261 as a back-to-back user agent and registrar). Pure.
//!
//! Three faces: [`Command`] is what may be wished, [`Event`] is what is told, [`Endpoint`] is the machine between.
//! Inside: [`wire`] (bytes to types and back), [`transaction`] (RFC 3261 17, RFC 6026), `dialog`.

mod command;
mod dialog;
mod endpoint;
mod event;
pub mod transaction;
pub mod wire;

pub use command::{Command, Credentials, Invite, OfferMethod, Rejection, Reply, Secret};
pub use dialog::DialogId;
pub use endpoint::{Endpoint, Settings, Transmit};
pub use event::{Cause, Event, Failure, Incoming, OutOfDialog, Refer, Replaces};
