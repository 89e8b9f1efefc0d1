//! As whom we call: what the target sees of who calls and who sent the call (RFC 3323, RFC 3325, RFC 3892, RFC 5806).

use super::Call;
use crate::{
    destination::{Caller, Origin, Target},
    ids::LegId,
    media::sdp::Codec,
    sip::{
        self,
        wire::{Host, NameAddr, Params, Scheme, Uri},
    },
};
use bytes::Bytes;

/// As whom we call.
#[derive(Clone, Debug)]
pub(super) struct Face {
    /// Decides whether `caller_id` of a trunk is for it, and which routes a redirect by a trunk may take.
    pub(super) origin: Origin,
    /// From and, where trusted, P-Asserted-Identity.
    pub(super) identity: NameAddr,
    pub(super) privacy: Option<String>,
    pub(super) codec: Option<Codec>,
    pub(super) max_forwards: u8,
    /// The identity was chosen by a program: a trunk's `caller_id` does not stand for it.
    pub(super) chosen: bool,
    /// Referred-By, Diversion, Alert-Info.
    pub(super) headers: Vec<(String, String)>,
}

impl Call {
    /// As whom `caller` calls, with `headers`.
    pub(super) fn face(&self, caller: LegId, headers: Vec<(String, String)>) -> Option<Face> {
        let leg = self.legs.get(&caller)?;
        Some(Face {
            origin: leg.origin.clone(),
            identity: leg.origin.identity.clone(),
            privacy: leg.origin.privacy.clone(),
            codec: leg.codec(),
            max_forwards: leg.max_forwards,
            chosen: false,
            headers,
        })
    }
}

/// The INVITE for a target.
pub(super) fn invitation(face: &Face, leg: LegId, target: Target, body: Option<Bytes>) -> sip::Invite {
    // Whose call it is decides, not who sent it there: a caller from outside keeps its number through a transfer.
    let ours = matches!(face.origin.caller, Caller::Extension(_)) && !face.chosen;
    let who = target.caller_id.filter(|_| ours).unwrap_or_else(|| face.identity.clone());
    let who = NameAddr { params: Params::default(), ..who };
    let private = face.privacy.as_deref().is_some_and(wants_privacy);
    sip::Invite {
        leg,
        uri: target.uri,
        hop: target.hop,
        route: target.route,
        from: if private { anonymous() } else { who.clone() },
        to: target.to,
        asserted: Some(who).filter(|who| target.trusted && !is_nobody(who)),
        privacy: face.privacy.clone().filter(|_| target.trusted || private),
        body,
        headers: face.headers.clone(),
        credentials: target.credentials,
        max_forwards: face.max_forwards.saturating_sub(1),
    }
}

/// Whether From must not tell who calls (RFC 3323 4.2, RFC 3325 9.3).
pub(super) fn wants_privacy(privacy: &str) -> bool {
    privacy.split([';', ',']).map(str::trim).any(|word| {
        word.eq_ignore_ascii_case("id") || word.eq_ignore_ascii_case("user") || word.eq_ignore_ascii_case("header")
    })
}

/// Nothing can be asserted of one who never said who it is (RFC 3325 9.1).
fn is_nobody(who: &NameAddr) -> bool {
    who.uri.host == anonymous().uri.host
}

/// RFC 3323 4.1.1.3.
fn anonymous() -> NameAddr {
    let uri = Uri {
        scheme: Scheme::Sip,
        user: Some("anonymous".to_owned()),
        password: None,
        host: Host::Name("anonymous.invalid".to_owned()),
        port: None,
        params: Params::default(),
        headers: Vec::new(),
    };
    NameAddr { display: Some("Anonymous".to_owned()), uri, params: Params::default() }
}

/// Diversion (RFC 5806): the party that sent the call elsewhere.
pub(super) fn diversion(party: &Origin, domain: &str) -> String {
    format!("<{}>;reason=deflection", party_uri(party, domain))
}

/// Our URI of a party, or nobody's if it wants to be nobody.
fn party_uri(party: &Origin, domain: &str) -> String {
    if party.privacy.as_deref().is_some_and(wants_privacy) {
        return anonymous().uri.to_string();
    }
    let user = number_of(party);
    let clean: String = user.chars().filter(|c| c.is_ascii_alphanumeric() || "+-_.!~*'()".contains(*c)).collect();
    if clean.is_empty() { format!("sip:{domain}") } else { format!("sip:{clean}@{domain}") }
}

/// What tells a target who sent the caller (RFC 3892, RFC 5806).
pub(super) fn handed_over(by: &Origin, referred_by: Option<String>, domain: &str) -> Vec<(String, String)> {
    let referred_by = referred_by.unwrap_or_else(|| format!("<{}>", party_uri(by, domain)));
    vec![("Referred-By".to_owned(), referred_by), ("Diversion".to_owned(), diversion(by, domain))]
}

/// The number under which a party is reached.
pub(super) fn number_of(party: &Origin) -> &str {
    match &party.caller {
        Caller::Extension(number) => number,
        Caller::Trunk(_) | Caller::Host(_) => party.identity.uri.user.as_deref().unwrap_or_default(),
    }
}

/// Our URI of a number.
pub(super) fn number_uri(number: &str, domain: &str) -> Uri {
    Uri {
        scheme: Scheme::Sip,
        user: Some(number.to_owned()),
        password: None,
        host: Host::parse(domain).unwrap_or_else(|| Host::Name(domain.to_owned())),
        port: None,
        params: Params::default(),
        headers: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_of_a_number_may_be_an_address() {
        assert_eq!(number_uri("1003", "10.99.0.1").host, Host::V4([10, 99, 0, 1].into()));
        assert_eq!(number_uri("1003", "office.example").host, Host::Name("office.example".to_owned()));
    }
}
