//! RAck (RFC 3262 7.2).

use super::{CSeq, scan};
use std::fmt;

/// Which reliable provisional answer a PRACK means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RAck {
    /// RSeq of the answer.
    pub rseq: u32,
    /// CSeq of the answer.
    pub cseq: CSeq,
}

impl RAck {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (rseq, cseq) = text.split_once([' ', '\t']).ok_or("no CSeq")?;
        Ok(Self { rseq: scan::number(rseq).ok_or("bad RSeq")?, cseq: CSeq::parse(scan::trim(cseq))? })
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rseq, self.cseq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_parts_make_it() {
        assert_eq!(RAck::parse("776656 1  INVITE").unwrap().to_string(), "776656 1 INVITE");
        for text in ["", "1", "1 2", "x 1 INVITE", "1 INVITE"] {
            assert!(RAck::parse(text).is_err(), "{text}");
        }
    }
}
