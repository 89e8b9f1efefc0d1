//! Authorization and Proxy-Authorization (RFC 7616 3.4).

use super::{Algorithm, fields, hash};
use crate::sip::{
    Secret,
    wire::{Method, scan},
};
use std::fmt;

/// The answer to a challenge.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Who it says it is.
    pub user: String,
    /// The realm of the challenge.
    pub realm: String,
    /// The nonce of the challenge.
    pub nonce: String,
    /// The URI that was hashed: that of the request, as its sender saw it.
    pub uri: String,
    /// The hash, in hex.
    pub response: String,
    /// The hash function.
    pub algorithm: Algorithm,
    /// Whether the algorithm was named; MD5 if not.
    pub said_algorithm: bool,
    /// As in the challenge.
    pub opaque: Option<String>,
    /// With qop `auth`.
    pub counted: Option<Counted>,
}

/// What qop `auth` adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The client's nonce.
    pub cnonce: String,
    /// How many requests were sent with this nonce (`nc`), this one included.
    pub count: u32,
    /// `nc` as it was said: its letter case goes into the hash.
    said: String,
}

impl Counted {
    /// The client's side.
    pub(super) fn new(cnonce: &str, count: u32) -> Self {
        Self { cnonce: cnonce.to_owned(), count, said: format!("{count:08x}") }
    }

    fn parse(cnonce: String, said: String) -> Option<Self> {
        let digits = said.len() == 8 && said.bytes().all(|byte| byte.is_ascii_hexdigit());
        let count = u32::from_str_radix(&said, 16).ok().filter(|_| digits)?;
        Some(Self { cnonce, count, said })
    }
}

impl Authorization {
    /// `None` when we cannot check it: another scheme, an unknown algorithm or qop, hashed user names, parts missing.
    pub(in super::super) fn parse(text: &str) -> Option<Self> {
        let mut fields = fields::parse(text)?;
        let mut take = |name| fields::take(&mut fields, name);
        let named = take("algorithm");
        let algorithm = named.as_deref().map_or(Some(Algorithm::Md5), Algorithm::parse)?;
        if take("userhash").is_some_and(|hashed| hashed.eq_ignore_ascii_case("true")) {
            return None;
        }
        let counted = match take("qop") {
            None => None,
            Some(qop) if qop.eq_ignore_ascii_case("auth") => Some(Counted::parse(take("cnonce")?, take("nc")?)?),
            Some(_) => return None,
        };
        Some(Self {
            user: take("username")?,
            realm: take("realm")?,
            nonce: take("nonce")?,
            uri: take("uri")?,
            response: take("response")?,
            algorithm,
            said_algorithm: named.is_some(),
            opaque: take("opaque"),
            counted,
        })
    }

    /// Whether the response was made with this secret for a request of this method. That realm, nonce, count and URI are
    /// what they should be is for the caller to check.
    ///
    /// The time depends neither on where the response is wrong nor, among secrets of one kind, on which it is: for an
    /// unknown user give some secret of the usual kind, and refuse whatever comes out.
    pub fn verify(&self, method: &Method, secret: &Secret) -> bool {
        let ha1 = self.algorithm.ha1_of(secret, &self.user, &self.realm);
        let known = ha1.is_some();
        let expected = self.expected(ha1.as_deref().unwrap_or("unknown"), method);
        hash::same(&expected, &self.response) & known
    }

    /// The right response (3.4.1).
    pub(super) fn expected(&self, ha1: &str, method: &Method) -> String {
        let ha2 = self.algorithm.hex(&[method.as_str(), &self.uri]);
        match &self.counted {
            None => self.algorithm.hex(&[ha1, &self.nonce, &ha2]),
            Some(Counted { cnonce, said, .. }) => self.algorithm.hex(&[ha1, &self.nonce, said, cnonce, "auth", &ha2]),
        }
    }
}

impl fmt::Display for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest username=")?;
        scan::quote(&self.user, f)?;
        for (name, value) in [("realm", &self.realm), ("nonce", &self.nonce), ("uri", &self.uri)] {
            write!(f, ", {name}=")?;
            scan::quote(value, f)?;
        }
        write!(f, ", response=\"{}\"", self.response)?;
        if self.said_algorithm {
            write!(f, ", algorithm={}", self.algorithm)?;
        }
        if let Some(opaque) = &self.opaque {
            f.write_str(", opaque=")?;
            scan::quote(opaque, f)?;
        }
        if let Some(Counted { cnonce, said, .. }) = &self.counted {
            f.write_str(", cnonce=")?;
            scan::quote(cnonce, f)?;
            write!(f, ", qop=auth, nc={said}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Authorization {
    /// Without the response, from which a weak password can be found.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization").field("user", &self.user).field("realm", &self.realm).finish_non_exhaustive()
    }
}
