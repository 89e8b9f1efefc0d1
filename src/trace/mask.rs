//! What nobody should see of a message.

/// What stands in its place.
pub(super) const HIDDEN: &str = "(hidden)";
/// Headers that prove who somebody is.
const SECRET_HEADERS: [&str; 2] = ["authorization", "proxy-authorization"];
/// Lines of SDP that hold keys, up to where the key begins.
const SECRET_LINES: [&str; 4] = ["a=ice-pwd:", "a=key-mgmt:", "k=", "signal="];

/// The message as text, without logins, media keys, and digits, which may be part of a card number.
pub fn mask(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    let mut masked = String::with_capacity(text.len());
    let mut hides = false;
    let mut in_head = true;
    let mut is_digits = false;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\r', '\n']);
        let end = &line[bare.len()..];
        if in_head && bare.starts_with([' ', '\t']) && hides {
            // The secret went on in the next line.
            continue;
        }
        hides = false;
        in_head &= !bare.is_empty();
        is_digits |= in_head && says_digits(bare);
        if is_digits && !in_head && !bare.is_empty() {
            hides = true;
            masked.push_str(HIDDEN);
            masked.push_str(end);
            continue;
        }
        match hidden(bare, in_head) {
            Some(shown) => {
                hides = true;
                masked.push_str(&shown);
            }
            None => masked.push_str(bare),
        }
        masked.push_str(end);
    }
    masked
}

/// Whether the header says that the body is nothing but a digit.
fn says_digits(line: &str) -> bool {
    line.split_once(':').is_some_and(|(name, value)| {
        let name = name.trim();
        let is_type = name.eq_ignore_ascii_case("content-type") || name.eq_ignore_ascii_case("c");
        is_type && value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/dtmf"))
    })
}

/// The line without its secret; `None`: there is none in it.
fn hidden(line: &str, in_head: bool) -> Option<String> {
    if in_head {
        let (name, value) = line.split_once(':')?;
        let secret = SECRET_HEADERS.iter().any(|header| name.trim().eq_ignore_ascii_case(header));
        let scheme = value.split_whitespace().next().unwrap_or_default();
        return secret.then(|| format!("{name}: {scheme} {HIDDEN}"));
    }
    let lower = line.to_ascii_lowercase();
    if lower.starts_with("a=crypto:") {
        // Tag and suite say what was agreed on; what follows is the key.
        let shown: Vec<&str> = line.split_whitespace().take(2).collect();
        return Some(format!("{} inline:{HIDDEN}", shown.join(" ")));
    }
    let secret = SECRET_LINES.iter().find(|secret| lower.starts_with(**secret))?;
    Some(format!("{}{HIDDEN}", &line[..secret.len()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_keys_and_digits_are_hidden_and_nothing_else() {
        let message = "INVITE sip:x SIP/2.0\r\nauthorization : Digest username=\"1001\",\r\n response=\"abc\"\r\n\
            Subject: k=1\r\nProxy-Authorization: Basic YTpi\r\n\r\nv=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19z|2^20\r\n\
            k=clear:abc\r\na=ice-pwd:abc\r\nSignal=5\r\na=rtpmap:0 PCMU/8000\r\n";
        let expected = "INVITE sip:x SIP/2.0\r\nauthorization : Digest (hidden)\r\nSubject: k=1\r\n\
            Proxy-Authorization: Basic (hidden)\r\n\r\nv=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:(hidden)\r\n\
            k=(hidden)\r\na=ice-pwd:(hidden)\r\nSignal=(hidden)\r\na=rtpmap:0 PCMU/8000\r\n";
        assert_eq!(mask(message.as_bytes()), expected);
        let digit = "INFO sip:x SIP/2.0\r\nc: application/dtmf\r\n\r\n5\r\n";
        assert_eq!(mask(digit.as_bytes()), "INFO sip:x SIP/2.0\r\nc: application/dtmf\r\n\r\n(hidden)\r\n");
    }

    #[test]
    fn whatever_comes_is_text_afterwards() {
        assert_eq!(mask(b"\xff\xfe"), "\u{fffd}\u{fffd}");
        assert_eq!(mask(b""), "");
    }
}
