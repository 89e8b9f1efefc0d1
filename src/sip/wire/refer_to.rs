//! Refer-To (RFC 3515 2.1).

use super::{Method, NameAddr, Replaces, Uri, UriError, scan};

/// Whom to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferTo {
    /// Display name, URI without header part, and parameters.
    pub address: NameAddr,
    /// The `?headers` of the URI, unescaped, Replaces left out.
    pub headers: Vec<(String, String)>,
    /// The dialog whose place the new one takes.
    pub replaces: Option<Replaces>,
    /// The `method` parameter of the URI; INVITE when there is none (19.1.5).
    pub method: Method,
}

impl ReferTo {
    /// Reads it even where the angle brackets are missing: then everything is URI when there is a `?` in it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut address = match bare(text) {
            Some(uri) => Uri::parse(uri).map(NameAddr::new),
            None => NameAddr::parse(text),
        }
        .map_err(|UriError(problem)| problem)?;
        let mut headers = std::mem::take(&mut address.uri.headers);
        let replaces = headers.iter().position(|(name, _)| name.eq_ignore_ascii_case("Replaces"));
        let replaces = match replaces {
            Some(at) => Some(Replaces::parse(&headers.remove(at).1)?),
            None => None,
        };
        let method = match address.uri.params.get("method") {
            Some(name) => Method::parse(name).ok_or("bad method")?,
            None => Method::Invite,
        };
        Ok(Self { address, headers, replaces, method })
    }
}

fn bare(text: &str) -> Option<&str> {
    let text = scan::trim(text);
    (!text.contains(['<', '"']) && text.contains('?')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_is_taken_out_of_the_uri() {
        let text = "<sip:bob@b.example;method=INVITE?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994&Accept-Contact=x>";
        let refer = ReferTo::parse(text).unwrap();
        let replaces = refer.replaces.unwrap();
        assert_eq!(replaces.call_id, "12345@192.168.118.3");
        assert_eq!((replaces.to_tag.as_str(), replaces.from_tag.as_str()), ("12345", "5FFE-3994"));
        assert_eq!(refer.headers, [("Accept-Contact".to_owned(), "x".to_owned())]);
        assert_eq!(refer.address.to_string(), "<sip:bob@b.example;method=INVITE>");
    }

    #[test]
    fn brackets_may_be_missing() {
        let refer = ReferTo::parse("sip:bob@b.example?Replaces=1%40a%3Bto-tag%3Db%3Bfrom-tag%3Dc").unwrap();
        assert_eq!(refer.replaces.unwrap().call_id, "1@a");
        let refer = ReferTo::parse("sip:bob@b.example?Replaces=1@a;to-tag=b;from-tag=c").unwrap();
        assert_eq!(refer.replaces.unwrap().to_tag, "b");
        assert_eq!(ReferTo::parse("sip:bob@b.example").unwrap().address.uri.user.as_deref(), Some("bob"));
    }

    #[test]
    fn a_broken_replaces_is_an_error() {
        assert!(ReferTo::parse("<sip:bob@b.example?Replaces=1%40a>").is_err());
        assert!(ReferTo::parse("").is_err());
    }
}
