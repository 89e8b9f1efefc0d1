//! SDP and offer/answer (RFC 8866, RFC 3264) for one audio stream a leg.
//!
//! [`Negotiation`] is one leg's side of it; [`Session`] is what it comes to.

mod codec;
mod crypto;
mod description;
mod direction;
mod error;
mod keyring;
mod negotiation;
mod numbers;
mod opus;
mod print;
mod session;

pub use codec::Codec;
pub use direction::Direction;
pub use error::SdpError;
pub use negotiation::Negotiation;
pub use opus::OpusFormat;
pub use session::Session;
