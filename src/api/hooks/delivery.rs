//! Sends one event, signed, again and again if need be.

use super::Hook;
use crate::control::News;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{
    fmt::Write,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::time::{Instant, sleep_until};

/// How long one attempt may take.
pub(super) const ATTEMPT: Duration = Duration::from_secs(5);
/// The pause before the second attempt; each further one is twice as long as the one before it.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(60);

/// Why it was given up.
pub(super) struct Failure {
    pub(super) attempts: u32,
    pub(super) reason: String,
}

/// Sends an event until it is taken, or until it was sent again `retries` times.
pub(super) async fn deliver(
    client: &reqwest::Client,
    hook: &Hook,
    news: &News,
    retries: &AtomicU32,
) -> Result<(), Failure> {
    let body = news.json();
    let mut attempts = 0;
    let mut pause = PAUSE;
    loop {
        attempts += 1;
        let reason = match attempt(client, hook, news, &body).await {
            Ok(()) => return Ok(()),
            Err(reason) => reason,
        };
        if attempts > retries.load(Ordering::Relaxed) {
            return Err(Failure { attempts, reason });
        }
        sleep_until(Instant::now() + pause).await;
        pause = (2 * pause).min(LONGEST);
    }
}

async fn attempt(client: &reqwest::Client, hook: &Hook, news: &News, body: &str) -> Result<(), String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let request = client
        .post(&hook.url)
        .header("content-type", "application/json")
        .header("warmline-event", news.kind())
        .header("warmline-sequence", news.sequence)
        .header("warmline-signature", signature(hook.secret.bytes(), now, body))
        .body(body.to_owned());
    // What the other side says beside the status is not read.
    let answer = request.send().await.map_err(|error| without_url(&error))?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("answered {}", answer.status())) }
}

/// The error and its causes; the address is known, and may hold a secret.
fn without_url(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() { "no answer in time".to_owned() } else { "could not be sent".to_owned() };
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let _written = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA256 of the seconds since 1970, a dot and the body.
pub(in crate::api) fn signature(secret: &[u8], now: u64, body: &str) -> String {
    let mut signed = format!("t={now},v1=");
    // A key of any length will do (RFC 2104 3).
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) {
        mac.update(format!("{now}.{body}").as_bytes());
        for byte in mac.finalize().into_bytes() {
            let _written = write!(signed, "{byte:02x}");
        }
    }
    signed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_openssl_says() {
        // printf '%s' '1700000000.{"a":1}' | openssl dgst -sha256 -hmac geheim
        let signed = signature(b"geheim", 1_700_000_000, r#"{"a":1}"#);
        assert_eq!(signed, "t=1700000000,v1=c2f0a59f12d0bcd3933234d85083c03b99e970604203fd059a320436bb602adf");
    }
}
