//! Sounds by http and https. The only file that knows reqwest.

use super::shelf::{Edition, Fetched};
use crate::media::{Sound, SoundError};
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{ETAG, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
    redirect::Policy,
};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

/// Fetches what URLs lead to.
pub(super) struct Web {
    /// For URLs of the configuration, which may lead anywhere.
    open: OnceLock<Result<Client, String>>,
    /// For all others.
    confined: OnceLock<Result<Client, String>>,
    hosts: Arc<[String]>,
    timeout: Duration,
    max_bytes: u64,
}

/// Redirects that are followed.
const REDIRECTS: usize = 5;
/// Any host.
const ANY: &str = "*";

impl Web {
    /// `hosts`: those whose URLs anybody may have fetched.
    pub(super) fn new(timeout: Duration, max_bytes: u64, hosts: &[String]) -> Self {
        Self { open: OnceLock::new(), confined: OnceLock::new(), hosts: hosts.into(), timeout, max_bytes }
    }

    /// Whether anybody may have it fetched.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(&self, url: &str) -> Result<(), SoundError> {
        let url: Url = url.parse().map_err(|_| SoundError::BadUrl)?;
        let host = url.host_str().ok_or(SoundError::BadUrl)?;
        if allows(&self.hosts, &url) { Ok(()) } else { Err(SoundError::NotAllowed(host.to_owned())) }
    }

    /// What a URL leads to, unless it is the edition that we have.
    /// `is_ours`: it stands in the configuration.
    pub(super) async fn get(&self, url: &str, is_ours: bool, have: Option<&Edition>) -> Result<Fetched, SoundError> {
        let url: Url = url.parse().map_err(|_| SoundError::BadUrl)?;
        if !["http", "https"].contains(&url.scheme()) || url.host().is_none() {
            return Err(SoundError::BadUrl);
        }
        let host = Sound::host(url.as_str()).unwrap_or_default().to_owned();
        let client = if is_ours {
            self.open.get_or_init(|| client(self.timeout, Policy::limited(REDIRECTS)))
        } else {
            self.confined.get_or_init(|| client(self.timeout, within(Arc::clone(&self.hosts))))
        };
        let client = client.as_ref();
        let client = client.map_err(|reason| SoundError::Unreachable { host: host.clone(), reason: reason.clone() })?;
        let mut request = client.get(url);
        for (header, value) in have.into_iter().flat_map(conditions) {
            request = request.header(header, value);
        }
        let fetched = async {
            let response = request.send().await.map_err(|error| self.failed(&host, error))?;
            match response.status() {
                StatusCode::NOT_MODIFIED if have.is_some() => Ok(Fetched::Same),
                StatusCode::OK => self.read(response, &host).await,
                status => Err(SoundError::Refused { host: host.clone(), status: status.as_u16() }),
            }
        };
        let bound = tokio::time::timeout(self.timeout, fetched).await;
        bound.map_err(|_| SoundError::TooSlow(self.timeout.as_secs()))?
    }

    async fn read(&self, mut response: Response, host: &str) -> Result<Fetched, SoundError> {
        if response.content_length().is_some_and(|length| length > self.max_bytes) {
            return Err(SoundError::TooLarge(self.max_bytes));
        }
        let text = |name: HeaderName| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let edition = Edition { changed: None, etag: text(ETAG), last_modified: text(LAST_MODIFIED) };
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(host, error))? {
            if (bytes.len() + chunk.len()) as u64 > self.max_bytes {
                return Err(SoundError::TooLarge(self.max_bytes));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Fetched::New { bytes, edition })
    }

    fn failed(&self, host: &str, error: reqwest::Error) -> SoundError {
        if error.is_timeout() { SoundError::TooSlow(self.timeout.as_secs()) } else { unreachable(host, error) }
    }
}

/// Only if it is another edition (RFC 9110 13.1.2, 13.1.3).
fn conditions(have: &Edition) -> Vec<(HeaderName, String)> {
    let etag = have.etag.clone().map(|etag| (IF_NONE_MATCH, etag));
    let date = have.last_modified.clone().map(|date| (IF_MODIFIED_SINCE, date));
    etag.into_iter().chain(date).collect()
}

/// Whether a host is among these, with its port or whatever its port.
fn allows(hosts: &[String], url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let with_port = url.port_or_known_default().map(|port| format!("{host}:{port}"));
    hosts.iter().any(|allowed| allowed == ANY || allowed == host || Some(allowed) == with_port.as_ref())
}

/// Follows redirects to these hosts.
fn within(hosts: Arc<[String]>) -> Policy {
    Policy::custom(move |attempt| {
        if attempt.previous().len() > REDIRECTS || !allows(&hosts, attempt.url()) {
            return attempt.error("it leads elsewhere");
        }
        attempt.follow()
    })
}

fn client(timeout: Duration, redirects: Policy) -> Result<Client, String> {
    // Another part of the program may have done so.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("warmline/", env!("CARGO_PKG_VERSION")))
        .redirect(redirects)
        .connect_timeout(timeout)
        .timeout(timeout);
    builder.build().map_err(|error| error.without_url().to_string())
}

/// Without the URL: what is secret may be in it.
fn unreachable(host: &str, error: reqwest::Error) -> SoundError {
    let error = error.without_url();
    let mut reason: &dyn std::error::Error = &error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    SoundError::Unreachable { host: host.to_owned(), reason: reason.to_string() }
}
