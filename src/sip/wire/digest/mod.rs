//! Digest authentication (RFC 7616, RFC 8760), both sides. Nonces and their counts are the business of who hands them out.

mod authorization;
mod challenge;
mod fields;
mod hash;

pub use authorization::{Authorization, Counted};
pub use challenge::{Challenge, strongest};
pub use hash::Algorithm;

use super::{Headers, name::Name};

impl Headers {
    /// The challenges of WWW-Authenticate that we can answer, in order.
    pub fn www_authenticate(&self) -> Vec<Challenge> {
        self.all(Name::WwwAuthenticate).filter_map(Challenge::parse).collect()
    }

    /// The challenges of Proxy-Authenticate that we can answer, in order.
    pub fn proxy_authenticate(&self) -> Vec<Challenge> {
        self.all(Name::ProxyAuthenticate).filter_map(Challenge::parse).collect()
    }

    /// The digest credentials of Authorization, for all realms, in order; those that cannot be read are left out.
    pub fn authorization(&self) -> Vec<Authorization> {
        self.all(Name::Authorization).filter_map(Authorization::parse).collect()
    }

    /// The same of Proxy-Authorization.
    pub fn proxy_authorization(&self) -> Vec<Authorization> {
        self.all(Name::ProxyAuthorization).filter_map(Authorization::parse).collect()
    }
}
