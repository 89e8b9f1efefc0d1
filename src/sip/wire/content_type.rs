//! Content-Type (RFC 3261 20.15).

use super::{Params, scan};
use std::fmt;

/// What a body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType {
    /// `application`, lower case.
    pub kind: String,
    /// `sdp`, lower case.
    pub subtype: String,
    /// charset, boundary ...
    pub params: Params,
}

impl ContentType {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let end = text.find(';').unwrap_or(text.len());
        let (kind, subtype) = text[..end].split_once('/').ok_or("no subtype")?;
        let (kind, subtype) = (scan::trim(kind), scan::trim(subtype));
        if !scan::is_token(kind) || !scan::is_token(subtype) {
            return Err("bad type");
        }
        let params = Params::parse_header(&text[end..])?;
        Ok(Self { kind: kind.to_ascii_lowercase(), subtype: subtype.to_ascii_lowercase(), params })
    }

    /// Whether it is this, parameters apart: `is("application", "sdp")`, lower case.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind == kind && self.subtype == subtype
    }

    /// `application/sdp`: without parameters.
    pub fn essence(&self) -> String {
        format!("{}/{}", self.kind, self.subtype)
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.subtype)?;
        self.params.print_header(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_space_do_not_matter() {
        let kind = ContentType::parse("Multipart / Mixed ; boundary=\"a b\"").unwrap();
        assert!(kind.is("multipart", "mixed"));
        assert_eq!(kind.params.get("boundary"), Some("a b"));
        assert_eq!(kind.to_string(), "multipart/mixed;boundary=\"a b\"");
        assert_eq!(kind.essence(), "multipart/mixed");
    }

    #[test]
    fn half_a_type_is_none() {
        for text in ["", "application", "application/", "/sdp", "a b/c"] {
            assert!(ContentType::parse(text).is_err(), "{text}");
        }
    }
}
