//! What the API must know.

use super::auth::Scope;
use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// The API of a switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The TCP socket. Port 0: any free one.
    pub listen: SocketAddr,
    /// HTTPS with these; `None`: plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Who may come in, beside agents with a JWT.
    pub tokens: Vec<TokenSettings>,
    /// What JWTs are signed with; `None`: something made at the start, so that they end with the program.
    pub jwt_secret: Option<Key>,
    /// The longest life of a JWT.
    pub jwt_max: Duration,
    /// Web pages that may use the API from a browser; empty: none.
    pub cors_origins: Vec<String>,
    /// How much may come.
    pub limits: Limits,
    /// Who is told of everything.
    pub webhooks: Vec<WebhookSettings>,
    /// Who is asked what to do with callers.
    pub flows: Vec<FlowSettings>,
    /// How often an event that a webhook did not take is sent again.
    pub webhook_retries: u32,
    /// Hosts (`host` or `host:port`, in small letters) that programs may name in webhooks of calls.
    pub webhook_hosts: Vec<String>,
}

/// Certificate and key, in PEM. They are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, the own certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// A bearer token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// Whose it is, for the log.
    pub name: String,
    /// SHA-256 of the token: the token itself is not kept.
    pub hash: [u8; 32],
    /// What it may do.
    pub scopes: Vec<Scope>,
}

/// How much may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest body of a request; larger ones are answered 413.
    pub body_bytes: usize,
    /// Requests a second of one token, and of one address without any; more are answered 429. Zero: any number.
    pub requests_per_second: u32,
    /// Connections at once; more are answered 503.
    pub connections: usize,
    /// How long the head of a request may take, and how long a connection may be silent between two. Then it is closed.
    pub head_timeout: Duration,
    /// How long the body of a request may take; longer ones are answered 408.
    pub body_timeout: Duration,
}

impl Limits {
    /// Connections at once at the most.
    pub const MOST_CONNECTIONS: u32 = 100_000;
}

/// Where events are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSettings {
    /// `http://` or `https://`.
    pub url: String,
    /// Signs what is sent.
    pub secret: Key,
    /// Types of events, such as `transfer` or `leg.answered`; empty: all.
    pub events: Vec<String>,
}

/// Who is asked what to do with the callers of a route to `flow:NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowSettings {
    /// The name.
    pub name: String,
    /// `http://` or `https://`.
    pub url: String,
    /// Signs what is sent.
    pub secret: Key,
}

impl WebhookSettings {
    /// Host and port of a URL, in small letters, the port only if it is written; `None` if it is no URL of the web.
    pub fn host(url: &str) -> Option<String> {
        let uri: axum::http::Uri = url.parse().ok()?;
        let web = matches!(uri.scheme_str(), Some("http" | "https"));
        let authority = uri.authority().filter(|authority| web && !authority.as_str().contains('@'))?;
        Some(authority.as_str().to_ascii_lowercase())
    }
}

/// A secret that shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Arc<[u8]>);

impl Key {
    /// Of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    /// Something that nobody can guess.
    pub(super) fn random() -> Self {
        Self::new(rand::random::<[u8; 32]>().to_vec())
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
