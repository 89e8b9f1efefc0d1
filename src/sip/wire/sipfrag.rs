//! message/sipfrag (RFC 3420) as NOTIFY of a REFER carries it (RFC 3515 2.4.5).

use super::{StatusCode, parse};

/// The body that tells how far a referred call came.
pub fn sipfrag(status: StatusCode, reason: &str) -> String {
    let reason = if reason.is_empty() { status.reason() } else { reason };
    format!("SIP/2.0 {status} {reason}\r\n")
}

/// The status and reason phrase in such a body.
pub fn sipfrag_status(body: &[u8]) -> Option<(StatusCode, &str)> {
    let end = body.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(body.len());
    parse::status_line(std::str::from_utf8(&body[..end]).ok()?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_counts() {
        assert_eq!(sipfrag_status(b"SIP/2.0 200 OK\r\nTo: x\r\n"), Some((StatusCode::OK, "OK")));
        assert_eq!(sipfrag_status(b"SIP/2.0 100"), Some((StatusCode::TRYING, "")));
        assert_eq!(sipfrag_status(b"INVITE sip:a SIP/2.0"), None);
        assert_eq!(sipfrag_status(b"SIP/2.0 99 x"), None);
        assert_eq!(sipfrag_status(b""), None);
        assert_eq!(sipfrag(StatusCode::RINGING, ""), "SIP/2.0 180 Ringing\r\n");
    }
}
