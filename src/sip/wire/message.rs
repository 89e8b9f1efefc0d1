//! Requests and responses (RFC 3261 7).

use super::{Headers, Uri};
use bytes::Bytes;

/// A status code, 100 to 699 (RFC 3261 21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusCode(pub u16);

/// A request method. Case counts (7.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// RFC 3261 13.
    Invite,
    /// RFC 3261 17.
    Ack,
    /// RFC 3261 15.
    Bye,
    /// RFC 3261 9.
    Cancel,
    /// RFC 3261 10.
    Register,
    /// RFC 3261 11.
    Options,
    /// RFC 3262.
    Prack,
    /// RFC 3311.
    Update,
    /// RFC 6086.
    Info,
    /// RFC 3515.
    Refer,
    /// RFC 6665.
    Notify,
    /// RFC 6665.
    Subscribe,
    /// RFC 3428.
    Message,
    /// RFC 3903.
    Publish,
    /// One that we do not know.
    Other(String),
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The Request-URI.
    pub uri: Uri,
    /// All headers, in order.
    pub headers: Headers,
    /// The body, as long as Content-Length says.
    pub body: Bytes,
}

/// A response.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The status code.
    pub status: StatusCode,
    /// The reason phrase as it was said.
    pub reason: String,
    /// All headers, in order.
    pub headers: Headers,
    /// The body, as long as Content-Length says.
    pub body: Bytes,
}

/// Either.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}
