//! Bytes to types and back: one file a noun.

mod headers;
mod message;
mod uri;

pub use headers::Headers;
pub use message::{Message, Method, Request, Response, StatusCode};
pub use uri::{Host, NameAddr, Params, Scheme, Uri};
