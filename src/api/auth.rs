//! Who comes, and what it may do.

use super::{problem::Problem, state::State};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    str::FromStr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use subtle::ConstantTimeEq;
use tokio::time::sleep;

use super::settings::{Key, TokenSettings};

/// What a token may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// See everything.
    Read,
    /// Command all calls, and see everything.
    Control,
    /// That, and tokens, reload, webhooks, recordings' end.
    Admin,
    /// Of this extension: see the calls that it is in, and command them from its own legs.
    Agent(String),
}

/// Somebody whose token is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Access {
    /// The name of the token.
    pub(super) name: Arc<str>,
    pub(super) scopes: Arc<[Scope]>,
    /// When it is good no more, s since 1970; `None`: it does not run out.
    until: Option<u64>,
    proof: Proof,
}

/// By what somebody was known: the hash of its token, or that of the secret that signed it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Proof([u8; 32]);

/// All tokens that are good.
pub(super) struct Keyring {
    tokens: Vec<Access>,
    /// Of those that we sign.
    signed: Proof,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// What stands in a JWT.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The extension.
    sub: String,
    iss: String,
    iat: u64,
    exp: u64,
}

/// Who made a JWT, so that others with the same secret are not taken for ours.
const ISSUER: &str = "warmline";
/// The subprotocol under which a browser may carry its token: it cannot set headers of a WebSocket.
const SUBPROTOCOL: &str = "access_token.";
/// The longest token that is looked at, bytes.
const LONGEST: usize = 4096;

/// SHA-256 of a token.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

impl Keyring {
    pub(super) fn new(tokens: &[TokenSettings], secret: &Key) -> Self {
        let tokens = tokens
            .iter()
            .map(|token| Access {
                name: token.name.as_str().into(),
                scopes: token.scopes.clone().into(),
                until: None,
                proof: Proof(token.hash),
            })
            .collect();
        Self {
            tokens,
            signed: Proof(Sha256::digest(secret.bytes()).into()),
            encoding: EncodingKey::from_secret(secret.bytes()),
            decoding: DecodingKey::from_secret(secret.bytes()),
        }
    }

    /// Whose token it is. All are compared in full, however early one fits: the time taken tells nothing.
    pub(super) fn find(&self, token: &str) -> Option<Access> {
        if token.len() > LONGEST {
            return None;
        }
        let hash = hash(token);
        let mut found = None;
        for access in &self.tokens {
            if bool::from(access.proof.0.as_slice().ct_eq(&hash)) {
                found = Some(access);
            }
        }
        found.cloned().or_else(|| self.agent(token))
    }

    /// Whether somebody who came in once would still come in so.
    pub(super) fn still_knows(&self, access: &Access) -> bool {
        access.proof == self.signed || self.tokens.contains(access)
    }

    fn agent(&self, token: &str) -> Option<Access> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.leeway = 0;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).ok()?.claims;
        let name = format!("agent:{}", claims.sub).into();
        let (scopes, until) = (Arc::new([Scope::Agent(claims.sub)]), Some(claims.exp));
        Some(Access { name, scopes, until, proof: self.signed })
    }

    /// A JWT for an agent, good from `now` for `seconds`.
    pub(super) fn issue(&self, extension: &str, now: u64, seconds: u64) -> Option<String> {
        let claims = Claims { sub: extension.to_owned(), iss: ISSUER.to_owned(), iat: now, exp: now + seconds };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).ok()
    }
}

impl Access {
    /// Waits until it has run out.
    pub(super) async fn runs_out(&self) {
        let Some(until) = self.until else { return std::future::pending().await };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        sleep(Duration::from_secs(until).saturating_sub(now)).await;
    }

    /// May see everything.
    pub(super) fn reads_all(&self) -> bool {
        self.scopes.iter().any(|scope| !matches!(scope, Scope::Agent(_)))
    }

    /// May command everything.
    pub(super) fn controls_all(&self) -> bool {
        self.scopes.iter().any(|scope| matches!(scope, Scope::Control | Scope::Admin))
    }

    /// Is of this extension.
    pub(super) fn is_agent(&self, extension: &str) -> bool {
        self.scopes.iter().any(|scope| matches!(scope, Scope::Agent(own) if own == extension))
    }

    /// The extensions whose agent it is.
    pub(super) fn extensions(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().filter_map(|scope| match scope {
            Scope::Agent(extension) => Some(extension.as_str()),
            Scope::Read | Scope::Control | Scope::Admin => None,
        })
    }

    /// Refuses those who may not see everything.
    pub(super) fn must_read_all(&self) -> Result<(), Problem> {
        if self.reads_all() { Ok(()) } else { Err(Problem::forbidden("read")) }
    }

    /// Refuses those who may not command everything.
    pub(super) fn must_control_all(&self) -> Result<(), Problem> {
        if self.controls_all() { Ok(()) } else { Err(Problem::forbidden("control")) }
    }

    /// Refuses all but administrators.
    pub(super) fn must_administer(&self) -> Result<(), Problem> {
        let admin = self.scopes.contains(&Scope::Admin);
        if admin { Ok(()) } else { Err(Problem::forbidden("admin")) }
    }
}

impl FromRequestParts<State> for Access {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &State) -> Result<Self, Problem> {
        // The way in has looked at the token already.
        let access = parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthorized)?;
        // Who may only read is told so before its body is looked at.
        if parts.method.is_safe() || access.controls_all() || access.extensions().next().is_some() {
            Ok(access)
        } else {
            Err(Problem::forbidden("control"))
        }
    }
}

/// The token of a request: from the header, else as a browser that opens a WebSocket can send it.
pub(super) fn token_of<'a>(headers: &'a HeaderMap, query: Option<&'a str>) -> Option<&'a str> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(header) = header {
        let (scheme, token) = header.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim());
    }
    let upgrade = headers.contains_key(header::UPGRADE);
    let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|value| value.to_str().ok());
    let subprotocol = offered
        .and_then(|offered| offered.split(',').map(str::trim).find_map(|protocol| protocol.strip_prefix(SUBPROTOCOL)));
    let pairs = || query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("access_token="));
    subprotocol.or_else(|| upgrade.then(pairs).flatten())
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "read" => Ok(Self::Read),
            "control" => Ok(Self::Control),
            "admin" => Ok(Self::Admin),
            _ => match text.strip_prefix("agent:") {
                Some(extension) if !extension.is_empty() => Ok(Self::Agent(extension.to_owned())),
                _ => Err(()),
            },
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::Control => f.write_str("control"),
            Self::Admin => f.write_str("admin"),
            Self::Agent(extension) => write!(f, "agent:{extension}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn keyring() -> Keyring {
        let token = TokenSettings { name: "desk".to_owned(), hash: hash("geheim"), scopes: vec![Scope::Control] };
        Keyring::new(&[token], &Key::new(vec![7; 32]))
    }

    #[test]
    fn a_token_is_known_by_its_hash_and_no_other_is() {
        let access = keyring().find("geheim").unwrap();
        assert_eq!(&*access.name, "desk");
        assert!(access.controls_all() && access.reads_all() && access.must_administer().is_err());
        assert_eq!(keyring().find("geheim "), None);
        assert_eq!(keyring().find(""), None);
    }

    #[test]
    fn who_came_in_is_known_until_its_token_its_scopes_or_the_secret_change() {
        let desk = keyring().find("geheim").unwrap();
        let agent =
            keyring().find(&keyring().issue("1001", jsonwebtoken::get_current_timestamp(), 60).unwrap()).unwrap();
        assert!(keyring().still_knows(&desk) && keyring().still_knows(&agent));
        let one = |token: &str, scopes| TokenSettings { name: "desk".to_owned(), hash: hash(token), scopes };
        for tokens in [vec![], vec![one("neu", vec![Scope::Control])], vec![one("geheim", vec![Scope::Read])]] {
            let other = Keyring::new(&tokens, &Key::new(vec![8; 32]));
            assert!(!other.still_knows(&desk) && !other.still_knows(&agent));
        }
    }

    #[test]
    fn a_jwt_is_good_until_it_runs_out_and_only_with_our_secret() {
        let now = jsonwebtoken::get_current_timestamp();
        let access = keyring().find(&keyring().issue("1001", now, 60).unwrap()).unwrap();
        assert!(access.is_agent("1001") && !access.is_agent("1002") && !access.reads_all());
        assert_eq!(keyring().find(&keyring().issue("1001", now - 120, 60).unwrap()), None);
        let stranger = Keyring::new(&[], &Key::new(vec![8; 32]));
        assert_eq!(keyring().find(&stranger.issue("1001", now, 60).unwrap()), None);
    }

    #[test]
    fn a_token_comes_in_the_header_or_as_a_websocket_can_carry_it() {
        let mut headers = HeaderMap::new();
        assert_eq!(
            token_of(&headers, Some("access_token=abc")),
            None,
            "a query is in every log: not for plain requests"
        );
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        assert_eq!(token_of(&headers, Some("a=b&access_token=abc")), Some("abc"));
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("warmline, access_token.xyz"));
        assert_eq!(token_of(&headers, None), Some("xyz"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("bearer t0"));
        assert_eq!(token_of(&headers, None), Some("t0"));
    }
}
