//! CSeq (RFC 3261 20.16).

use super::{Method, scan};
use memchr::memchr2;
use std::fmt;

/// Number and method of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// 0 to 2^31 - 1 (8.1.1.5).
    pub number: u32,
    /// That of the request, or of the request that is answered.
    pub method: Method,
}

impl CSeq {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (number, method) = Self::split(text)?;
        Ok(Self { number, method: Method::parse(method).ok_or("bad method")? })
    }

    /// Number and method name.
    pub(super) fn split(text: &str) -> Result<(u32, &str), &'static str> {
        let end = memchr2(b' ', b'\t', text.as_bytes()).ok_or("no method")?;
        let number = scan::number(&text[..end]).filter(|number| *number < 1 << 31).ok_or("bad number")?;
        Ok((number, scan::trim(&text[end..])))
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_ends_below_two_to_the_31() {
        assert_eq!(CSeq::parse("2147483647  ACK").unwrap().to_string(), "2147483647 ACK");
        for text in ["2147483648 ACK", "-1 ACK", "ACK", "1", "1 A K", ""] {
            assert!(CSeq::parse(text).is_err(), "{text}");
        }
    }
}
