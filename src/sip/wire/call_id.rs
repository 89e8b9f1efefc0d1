//! Call-ID (RFC 3261 20.8).

use memchr::memchr2;

/// One word; which characters are in it is nobody's business but its maker's.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || memchr2(b' ', b'\t', text.as_bytes()).is_some() { Err("not one word") } else { Ok(()) }
}
