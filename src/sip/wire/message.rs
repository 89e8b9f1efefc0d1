//! Either of request and response.

use super::{Headers, ParseError, Request, Response, parse};
use bytes::Bytes;

/// Either.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

impl Message {
    /// Reads a datagram. What comes out has a top Via, From, To, Call-ID and CSeq that can be read, no header twice that
    /// may be there only once, and the whole body. Everything else is looked at when it is asked for.
    pub fn parse(datagram: &[u8]) -> Result<Self, ParseError> {
        parse::message(datagram)
    }

    /// As it goes over the wire.
    pub fn print(&self) -> Bytes {
        match self {
            Self::Request(request) => request.print(),
            Self::Response(response) => response.print(),
        }
    }

    /// The headers.
    pub fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => &request.headers,
            Self::Response(response) => &response.headers,
        }
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        match self {
            Self::Request(request) => &request.body,
            Self::Response(response) => &response.body,
        }
    }
}
