//! Contact (RFC 3261 20.10).

use super::NameAddr;

/// What Contact says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contacts {
    /// `*`: all of them, to be removed (10.2.2).
    All,
    /// Addresses in order; empty when there is no Contact.
    List(Vec<NameAddr>),
}

impl Contacts {
    /// The first address.
    pub fn first(&self) -> Option<&NameAddr> {
        match self {
            Self::All => None,
            Self::List(contacts) => contacts.first(),
        }
    }
}

impl NameAddr {
    /// The `expires` parameter of a Contact, s. A number too large for us means the longest time (20.19).
    pub fn expires_s(&self) -> Option<u32> {
        let text = self.params.get("expires")?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u32::MAX))
    }

    /// The `q` parameter of a Contact in thousandths, 0 to 1000; 1000 when there is none or it is no qvalue.
    pub fn q(&self) -> u16 {
        self.params.get("q").and_then(thousandths).unwrap_or(1000)
    }
}

/// `0`, `0.5`, `1.000` (25.1 qvalue).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part: u16 = match part.len() {
        0 => 0,
        1..=3 if part.bytes().all(|byte| byte.is_ascii_digit()) => format!("{part:0<3}").parse().ok()?,
        _ => return None,
    };
    match whole {
        "0" | "" => Some(part),
        "1" => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_is_read_in_thousandths() {
        let q = |text: &str| text.parse::<NameAddr>().unwrap().q();
        assert_eq!(q("<sip:a>;q=0.5"), 500);
        assert_eq!(q("<sip:a>;q=0.033"), 33);
        assert_eq!(q("<sip:a>;q=0"), 0);
        assert_eq!(q("<sip:a>;q=1.0"), 1000);
        assert_eq!(q("<sip:a>"), 1000);
        assert_eq!(q("<sip:a>;q=x"), 1000);
    }

    #[test]
    fn expires_that_is_too_long_is_the_longest() {
        let expires = |text: &str| text.parse::<NameAddr>().unwrap().expires_s();
        assert_eq!(expires("<sip:a>;expires=60"), Some(60));
        assert_eq!(expires("<sip:a>;expires=280297596632815"), Some(u32::MAX));
        assert_eq!(expires("<sip:a>;expires=-1"), None);
    }
}
