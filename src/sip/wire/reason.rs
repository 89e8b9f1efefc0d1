//! Reason (RFC 3326).

use super::{Params, scan};
use std::fmt;

/// Why a request was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// `SIP`, `Q.850` ...
    pub protocol: String,
    /// The code in that protocol.
    pub cause: Option<u16>,
    /// In words.
    pub text: Option<String>,
}

impl Reason {
    /// `SIP;cause=200;text="..."`.
    pub fn sip(cause: u16, text: &str) -> Self {
        Self { protocol: "SIP".to_owned(), cause: Some(cause), text: Some(text.to_owned()) }
    }

    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let end = text.find(';').unwrap_or(text.len());
        let protocol = scan::trim(&text[..end]);
        if !scan::is_token(protocol) {
            return Err("bad protocol");
        }
        let params = Params::parse_header(&text[end..])?;
        let cause = params.get("cause").and_then(scan::number);
        Ok(Self { protocol: protocol.to_owned(), cause, text: params.get("text").map(str::to_owned) })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.protocol)?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        if let Some(text) = &self.text {
            f.write_str(";text=")?;
            scan::quote(text, f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_quoted() {
        let reason = Reason::parse("Q.850 ;cause=16 ;text=\"Terminated\"").unwrap();
        assert_eq!(reason.to_string(), "Q.850;cause=16;text=\"Terminated\"");
        assert_eq!(
            Reason::sip(200, "Call completed elsewhere").to_string(),
            "SIP;cause=200;text=\"Call completed elsewhere\""
        );
        assert!(Reason::parse(";cause=1").is_err());
    }
}
