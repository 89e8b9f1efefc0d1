//! Secure RTP (RFC 3711) with keys that offer and answer bring (SDES, RFC 4568).
//!
//! [`Keys`] are what was agreed on.

mod context;
mod key;
mod transform;

pub use context::{Opener, Sealer, Secrecy};
pub use key::{Keys, MasterKey, Suite};
