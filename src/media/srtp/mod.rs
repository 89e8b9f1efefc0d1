//! Secure RTP (RFC 3711) with keys that offer and answer bring (SDES, RFC 4568).
//!
//! [`Srtp`] is what is wanted, [`Keys`] what was agreed on, [`Secrecy`] what is done to packets and remembered of them.

mod context;
mod key;
mod policy;
mod tracks;
mod transform;
mod wipe;

pub use context::{Opener, Sealer, Secrecy};
pub use key::{Keys, MasterKey, Suite};
pub use policy::Srtp;
pub(in crate::media) use wipe::Wiped;
