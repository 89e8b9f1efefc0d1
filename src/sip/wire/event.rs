//! Event (RFC 6665 8.2.1).

use super::{Params, scan};
use std::fmt;

/// What a subscription is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPackage {
    /// `refer`, `message-summary` ...; case counts.
    pub package: String,
    /// Tells subscriptions of one dialog apart.
    pub id: Option<String>,
}

impl EventPackage {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let end = text.find(';').unwrap_or(text.len());
        let package = scan::trim(&text[..end]);
        if !scan::is_token(package) {
            return Err("bad package");
        }
        let params = Params::parse_header(&text[end..])?;
        Ok(Self { package: package.to_owned(), id: params.get("id").map(str::to_owned) })
    }
}

impl fmt::Display for EventPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.package)?;
        self.id.iter().try_for_each(|id| write!(f, ";id={id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_optional() {
        assert_eq!(EventPackage::parse("refer").unwrap().id, None);
        assert_eq!(EventPackage::parse("refer ; id=93809824").unwrap().to_string(), "refer;id=93809824");
        assert!(EventPackage::parse("").is_err());
    }
}
