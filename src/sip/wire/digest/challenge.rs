//! WWW-Authenticate and Proxy-Authenticate (RFC 7616 3.3).

use super::{Algorithm, Authorization, Counted, fields};
use crate::sip::{
    Credentials, Secret,
    wire::{Method, scan},
};
use std::fmt;

/// What a server asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Whose users are meant.
    pub realm: String,
    /// To be hashed with the password.
    pub nonce: String,
    /// The hash function.
    pub algorithm: Algorithm,
    /// Whether quality of protection `auth` is offered; without it the way of RFC 2069 is left.
    pub qop_auth: bool,
    /// The nonce of the last answer was too old, the password was right.
    pub stale: bool,
    /// To be sent back.
    pub opaque: Option<String>,
}

impl Challenge {
    /// A challenge of ours, with qop `auth`.
    pub fn new(realm: &str, nonce: &str, algorithm: Algorithm, stale: bool) -> Self {
        Self { realm: realm.to_owned(), nonce: nonce.to_owned(), algorithm, qop_auth: true, stale, opaque: None }
    }

    /// `None` when we cannot answer it: another scheme, an unknown algorithm, only auth-int.
    pub(in super::super) fn parse(text: &str) -> Option<Self> {
        let mut fields = fields::parse(text)?;
        let mut take = |name| fields::take(&mut fields, name);
        let algorithm = match take("algorithm") {
            Some(name) => Algorithm::parse(&name)?,
            None => Algorithm::Md5,
        };
        let qop = take("qop");
        let offers_auth = |qop: &str| qop.split(',').any(|way| way.trim().eq_ignore_ascii_case("auth"));
        Some(Self {
            realm: take("realm")?,
            nonce: take("nonce")?,
            algorithm,
            qop_auth: match qop.as_deref() {
                None | Some("") => false,
                Some(qop) => offers_auth(qop).then_some(true)?,
            },
            stale: take("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
            opaque: take("opaque"),
        })
    }

    /// Our answer for a request to `uri`; `None` when the secret is a hash of another algorithm.
    ///
    /// `cnonce` must not be guessed; `count` is 1 for the first use of the nonce and must grow with each.
    pub fn answer(
        &self,
        credentials: &Credentials,
        method: &Method,
        uri: &str,
        cnonce: &str,
        count: u32,
    ) -> Option<Authorization> {
        let mut authorization = Authorization {
            user: credentials.user.clone(),
            realm: self.realm.clone(),
            nonce: self.nonce.clone(),
            uri: uri.to_owned(),
            response: String::new(),
            algorithm: self.algorithm,
            said_algorithm: true,
            opaque: self.opaque.clone(),
            counted: self.qop_auth.then(|| Counted::new(cnonce, count)),
        };
        let ha1 = self.algorithm.ha1_of(&credentials.secret, &credentials.user, &self.realm)?;
        authorization.response = authorization.expected(&ha1, method);
        Some(authorization)
    }
}

/// The one to answer: the strongest for which the secret is known (RFC 8760 2.3 lets the first of equals win).
pub fn strongest<'a>(challenges: &'a [Challenge], secret: &Secret) -> Option<&'a Challenge> {
    let known = |challenge: &&Challenge| match (secret, challenge.algorithm) {
        (Secret::Password(_), _) => true,
        (Secret::Ha1 { sha256, .. }, Algorithm::Sha256) => sha256.is_some(),
        (Secret::Ha1 { md5, .. }, Algorithm::Md5) => md5.is_some(),
    };
    challenges.iter().filter(known).min_by_key(|challenge| challenge.algorithm)
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest realm=")?;
        scan::quote(&self.realm, f)?;
        f.write_str(", nonce=")?;
        scan::quote(&self.nonce, f)?;
        if let Some(opaque) = &self.opaque {
            f.write_str(", opaque=")?;
            scan::quote(opaque, f)?;
        }
        if self.stale {
            f.write_str(", stale=true")?;
        }
        write!(f, ", algorithm={}", self.algorithm)?;
        f.write_str(if self.qop_auth { ", qop=\"auth\"" } else { "" })
    }
}
