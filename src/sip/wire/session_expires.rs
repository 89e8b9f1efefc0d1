//! Session-Expires (RFC 4028 4).

use super::{Params, scan};
use std::fmt;

/// How long a session lives without a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// The interval, s.
    pub delta_s: u32,
    /// Who refreshes, once that is known.
    pub refresher: Option<Refresher>,
}

/// Who refreshes, seen from the request that carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// Who sent the request.
    Uac,
    /// Who answers it.
    Uas,
}

impl SessionExpires {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let end = text.find(';').unwrap_or(text.len());
        let delta_s = scan::number(scan::trim(&text[..end])).ok_or("bad number of seconds")?;
        let params = Params::parse_header(&text[end..])?;
        let refresher = match params.get("refresher") {
            Some(who) if who.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
            Some(who) if who.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
            _ => None,
        };
        Ok(Self { delta_s, refresher })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.delta_s, f)?;
        f.write_str(match self.refresher {
            Some(Refresher::Uac) => ";refresher=uac",
            Some(Refresher::Uas) => ";refresher=uas",
            None => "",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refresher_is_optional() {
        assert_eq!(SessionExpires::parse("1800"), Ok(SessionExpires { delta_s: 1800, refresher: None }));
        let uas = SessionExpires { delta_s: 90, refresher: Some(Refresher::Uas) };
        assert_eq!(SessionExpires::parse("90 ; Refresher=UAS;x"), Ok(uas));
        assert_eq!(uas.to_string(), "90;refresher=uas");
        assert!(SessionExpires::parse(";refresher=uac").is_err());
    }
}
