//! Requests (RFC 3261 7.1).

use super::{Headers, Method, Uri, print};
use bytes::Bytes;
use std::fmt;

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

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, headers: Headers::default(), body: Bytes::new() }
    }

    /// The same with one more header at the end.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.headers.push(name, value);
        self
    }

    /// The same with a body and its Content-Type.
    #[must_use]
    pub fn with_body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.headers.replace("Content-Type", content_type);
        self.body = body.into();
        self
    }

    /// As it goes over the wire; Content-Length is counted and comes last.
    pub fn print(&self) -> Bytes {
        print::request(self)
    }
}
