//! The hash functions, and what digest authentication makes of them (RFC 7616 3.4).

use crate::sip::Secret;
use md5::Md5;
use sha2::Sha256;
use std::{fmt, hint::black_box};

/// A hash function, the stronger one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256 (RFC 8760).
    Sha256,
    /// MD5: what every phone can do.
    Md5,
}

impl Algorithm {
    /// Reads the `algorithm` parameter; `None` for one that we cannot do, the session variants among them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Sha256, Self::Md5].into_iter().find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(text))
    }

    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    /// H(user:realm:password) in lower-case hex, as `Secret::Ha1` keeps it.
    pub fn ha1(self, user: &str, realm: &str, password: &str) -> String {
        self.hex(&[user, realm, password])
    }

    /// The hash of the parts with colons between them, in lower-case hex.
    pub(super) fn hex(self, parts: &[&str]) -> String {
        match self {
            Self::Sha256 => hex(&joined::<Sha256>(parts)),
            Self::Md5 => hex(&joined::<Md5>(parts)),
        }
    }

    /// HA1 of a secret; `None` when it is not known for this function.
    pub(super) fn ha1_of(self, secret: &Secret, user: &str, realm: &str) -> Option<String> {
        match (secret, self) {
            (Secret::Password(password), _) => Some(self.ha1(user, realm, password)),
            (Secret::Ha1 { sha256, .. }, Self::Sha256) => sha256.clone(),
            (Secret::Ha1 { md5, .. }, Self::Md5) => md5.clone(),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn joined<H: md5::Digest>(parts: &[&str]) -> Vec<u8> {
    let mut hash = H::new();
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            hash.update(b":");
        }
        hash.update(part.as_bytes());
    }
    hash.finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Whether two texts are the same, letter case apart, in a time that does not tell where they differ.
pub(super) fn same(a: &str, b: &str) -> bool {
    let differing = a
        .bytes()
        .zip(b.bytes())
        .fold(0, |seen, (a, b)| black_box(seen | (a.to_ascii_lowercase() ^ b.to_ascii_lowercase())));
    (a.len() == b.len()) & (differing == 0)
}
