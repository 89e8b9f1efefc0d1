//! Replaces (RFC 3891 6.1).

use super::{Params, scan};
use std::fmt;

/// The dialog whose place is to be taken, as its other party would name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    /// Call-ID.
    pub call_id: String,
    /// Our tag, if it is a dialog of ours.
    pub to_tag: String,
    /// The peer's tag; `0` for one of RFC 2543 that has none.
    pub from_tag: String,
    /// Only while it is early.
    pub early_only: bool,
}

impl Replaces {
    /// Reads the value of the header, or of a `?Replaces=` after unescaping.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = scan::trim(text);
        let end = text.find(';').unwrap_or(text.len());
        let call_id = scan::trim(&text[..end]);
        if call_id.is_empty() || call_id.contains([' ', '\t', ',']) {
            return Err("bad Call-ID");
        }
        let params = Params::parse_header(&text[end..])?;
        let tag = |name| params.get(name).filter(|tag| !tag.is_empty()).map(str::to_owned);
        Ok(Self {
            call_id: call_id.to_owned(),
            to_tag: tag("to-tag").ok_or("no to-tag")?,
            from_tag: tag("from-tag").ok_or("no from-tag")?,
            early_only: params.has("early-only"),
        })
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let early = if self.early_only { ";early-only" } else { "" };
        write!(f, "{};to-tag={};from-tag={}{early}", self.call_id, self.to_tag, self.from_tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tags_are_needed_in_any_order() {
        let replaces = Replaces::parse("98732@sip.example.com ;from-tag=r33th4x0r;To-Tag=ff87ff;early-only").unwrap();
        assert_eq!(replaces.to_string(), "98732@sip.example.com;to-tag=ff87ff;from-tag=r33th4x0r;early-only");
        for text in ["", "a;to-tag=b", "a;from-tag=b", ";to-tag=b;from-tag=c", "a b;to-tag=b;from-tag=c"] {
            assert!(Replaces::parse(text).is_err(), "{text}");
        }
    }
}
