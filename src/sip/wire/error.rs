//! What can be wrong with a message, and what to answer.

use super::{Request, StatusCode};

/// A header that is there but cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Bad {header}: {problem}")]
pub struct HeaderError {
    /// The header's name in its long form.
    pub header: &'static str,
    /// What is wrong with it, in a few words.
    pub problem: &'static str,
}

impl HeaderError {
    /// What the sender of the request is told.
    pub fn status(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }
}

/// A datagram that is not a usable message.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// The request as far as it could be read, good enough for [`super::Response::to`]: it is not an ACK and has a Via
    /// with a readable sent-by and a CSeq. `None` (all responses, garbage): drop it in silence.
    pub answerable: Option<Box<Request>>,
}

impl ParseError {
    /// The answer, if one is due: 400 or what else fits, with the reason in words. `to_tag` as in `Response::to`.
    pub fn response(&self, to_tag: &str) -> Option<super::Response> {
        let request = self.answerable.as_deref()?;
        let mut response = super::Response::to(request, self.kind.status(), Some(to_tag));
        if self.kind.status() == StatusCode::BAD_REQUEST {
            response.reason = self.kind.to_string();
        }
        Some(response)
    }
}

/// What is wrong with a datagram.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseErrorKind {
    /// Nothing but line ends: a keep-alive (RFC 5626 3.5.1, or what phones make of it).
    #[error("Empty")]
    Empty,
    /// It does not begin with anything like a start line.
    #[error("Not SIP")]
    NotSip,
    /// More bytes than a datagram holds, or more header lines, list values or parameters than any honest message has.
    #[error("Message Too Large")]
    TooLarge,
    /// Spaces in the wrong place, a method that is no token, a status code out of range (7.1, 7.2).
    #[error("Bad Start Line: {0}")]
    StartLine(&'static str),
    /// The Request-URI cannot be read.
    #[error("Bad Request-URI: {0}")]
    RequestUri(&'static str),
    /// Another version of SIP.
    #[error("Version Not Supported")]
    Version,
    /// A line that is no header.
    #[error("Bad Header Line")]
    HeaderLine,
    /// A header that every message must have is missing (8.1.1).
    #[error("Missing {0}")]
    Missing(&'static str),
    /// A header that may be there only once is there again with another value.
    #[error("Repeated {0}")]
    Repeated(&'static str),
    /// A header that every message needs cannot be read.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The method of CSeq is not that of the request (8.1.1.5).
    #[error("CSeq Method Mismatch")]
    MethodMismatch,
    /// The body is shorter than Content-Length (18.3).
    #[error("Body Shorter Than Content-Length")]
    BodyTruncated,
}

impl ParseErrorKind {
    /// What the sender of a request is told.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Version => StatusCode::VERSION_NOT_SUPPORTED,
            Self::TooLarge => StatusCode::MESSAGE_TOO_LARGE,
            Self::Empty
            | Self::NotSip
            | Self::StartLine(_)
            | Self::RequestUri(_)
            | Self::HeaderLine
            | Self::Missing(_)
            | Self::Repeated(_)
            | Self::Header(_)
            | Self::MethodMismatch
            | Self::BodyTruncated => StatusCode::BAD_REQUEST,
        }
    }
}
