//! Subscription-State (RFC 6665 8.2.3).

use super::{Params, scan};
use std::fmt;

/// How a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionState {
    /// `active`, `pending`, `terminated`; lower case.
    pub state: String,
    /// What is left of it, s.
    pub expires_s: Option<u32>,
    /// Why it ended, lower case: `noresource`, `timeout` ...
    pub reason: Option<String>,
}

impl SubscriptionState {
    /// One that goes on.
    pub fn active(expires_s: u32) -> Self {
        Self { state: "active".to_owned(), expires_s: Some(expires_s), reason: None }
    }

    /// One that ended.
    pub fn terminated(reason: &str) -> Self {
        Self { state: "terminated".to_owned(), expires_s: None, reason: Some(reason.to_owned()) }
    }

    /// Whether it ended.
    pub fn is_terminated(&self) -> bool {
        self.state == "terminated"
    }

    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let end = text.find(';').unwrap_or(text.len());
        let state = scan::trim(&text[..end]);
        if !scan::is_token(state) {
            return Err("bad state");
        }
        let params = Params::parse_header(&text[end..])?;
        Ok(Self {
            state: state.to_ascii_lowercase(),
            expires_s: params.get("expires").and_then(scan::number),
            reason: params.get("reason").map(str::to_ascii_lowercase),
        })
    }
}

impl fmt::Display for SubscriptionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.state)?;
        self.reason.iter().try_for_each(|reason| write!(f, ";reason={reason}"))?;
        self.expires_s.iter().try_for_each(|expires| write!(f, ";expires={expires}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_and_time_are_read() {
        let state = SubscriptionState::parse("Terminated;reason=noresource").unwrap();
        assert!(state.is_terminated());
        assert_eq!(state, SubscriptionState::terminated("noresource"));
        assert_eq!(SubscriptionState::parse("active;expires=60").unwrap(), SubscriptionState::active(60));
        assert_eq!(SubscriptionState::active(60).to_string(), "active;expires=60");
        assert!(SubscriptionState::parse(";x").is_err());
    }
}
