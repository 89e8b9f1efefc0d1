//! Retry-After (RFC 3261 20.33).

use super::{Params, scan};
use std::fmt;

/// When to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    /// In so many seconds.
    pub seconds: u32,
    /// How long it will work then, s.
    pub duration_s: Option<u32>,
}

impl RetryAfter {
    /// A comment in parentheses is read over.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let seconds = scan::number(&text[..digits]).ok_or("bad number of seconds")?;
        let rest = scan::trim(&text[digits..]);
        let params = match rest.starts_with('(') {
            true => rest.rsplit_once(')').map(|(_, params)| params).ok_or("comment never closed")?,
            false => rest,
        };
        let params = Params::parse_header(params)?;
        Ok(Self { seconds, duration_s: params.get("duration").and_then(scan::number) })
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seconds)?;
        self.duration_s.iter().try_for_each(|duration| write!(f, ";duration={duration}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comment_and_duration_are_optional() {
        assert_eq!(RetryAfter::parse("18000;duration=3600").unwrap().to_string(), "18000;duration=3600");
        assert_eq!(RetryAfter::parse("120 (I'm in a meeting)").unwrap().seconds, 120);
        for text in ["", "x", "949302838503028349304023988", "1 (a", "1 a"] {
            assert!(RetryAfter::parse(text).is_err(), "{text}");
        }
    }
}
