//! Bodies of several parts (RFC 2046 5.1, RFC 5621).

use super::{ContentType, Headers, scan};
use bytes::Bytes;

/// The SDP of a message: its body, or the application/sdp part of a multipart body. A body without Content-Type is
/// taken for SDP, as old phones send it.
pub fn sdp_body(headers: &Headers, body: &Bytes) -> Option<Bytes> {
    part(headers, body, "application", "sdp")
}

/// The same for any type, lower case.
pub fn part(headers: &Headers, body: &Bytes, kind: &str, subtype: &str) -> Option<Bytes> {
    if body.is_empty() {
        return None;
    }
    match headers.content_type() {
        Ok(None) => ((kind, subtype) == ("application", "sdp")).then(|| body.clone()),
        Ok(Some(found)) => find(&found, body, kind, subtype, MAX_DEPTH),
        Err(_) => None,
    }
}

/// Multipart within multipart, at most.
const MAX_DEPTH: usize = 3;

fn find(content: &ContentType, body: &Bytes, kind: &str, subtype: &str, depth: usize) -> Option<Bytes> {
    if content.is(kind, subtype) {
        return Some(body.clone());
    }
    if content.kind != "multipart" || depth == 0 {
        return None;
    }
    let boundary = content.params.get("boundary").filter(|boundary| !boundary.is_empty())?;
    Parts { body, boundary: boundary.as_bytes(), at: first_delimiter(body, boundary.as_bytes())? }.find_map(|part| {
        let (content, body) = split_part(&part);
        find(&content?, &body, kind, subtype, depth - 1)
    })
}

/// What lies between the delimiter lines.
struct Parts<'a> {
    body: &'a Bytes,
    boundary: &'a [u8],
    /// Behind the last delimiter's boundary.
    at: usize,
}

impl Iterator for Parts<'_> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let rest = self.body.get(self.at..)?;
        if rest.starts_with(b"--") {
            return None;
        }
        let start = self.at + rest.iter().position(|byte| *byte == b'\n')? + 1;
        let mut line = start;
        loop {
            let rest = self.body.get(line..).filter(|rest| !rest.is_empty());
            let Some(rest) = rest else {
                // The last delimiter is missing: what is there is the part.
                self.at = usize::MAX;
                return Some(self.body.slice(start..));
            };
            if is_delimiter(rest, self.boundary) {
                self.at = line + 2 + self.boundary.len();
                return Some(self.body.slice(start..before_line_end(self.body, start, line)));
            }
            line += rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        }
    }
}

fn is_delimiter(line: &[u8], boundary: &[u8]) -> bool {
    line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)).is_some_and(|rest| {
        rest.starts_with(b"--") || rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) == Some(&b'\n')
    })
}

/// Behind the boundary of the first delimiter.
fn first_delimiter(body: &[u8], boundary: &[u8]) -> Option<usize> {
    let mut line = 0;
    while !is_delimiter(&body[line..], boundary) {
        line += body[line..].iter().position(|byte| *byte == b'\n')? + 1;
    }
    Some(line + 2 + boundary.len())
}

/// The line end before a delimiter belongs to the delimiter.
fn before_line_end(body: &[u8], start: usize, line: usize) -> usize {
    let without_lf = if line > start { line - 1 } else { line };
    if without_lf > start && body[without_lf - 1] == b'\r' { without_lf - 1 } else { without_lf }
}

/// The type and the body of a part. One without Content-Type is text (RFC 2046 5.2), which is of no use here.
fn split_part(part: &Bytes) -> (Option<ContentType>, Bytes) {
    let mut content = None;
    let mut at = 0;
    while let Some(length) = part[at..].iter().position(|byte| *byte == b'\n') {
        let line = part[at..at + length].trim_ascii_end();
        at += length + 1;
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = std::str::from_utf8(line).ok().and_then(|line| line.split_once(':')) else {
            continue;
        };
        if ["Content-Type", "c"].iter().any(|known| known.eq_ignore_ascii_case(scan::trim(name))) {
            content = ContentType::parse(scan::trim(value)).ok();
        }
    }
    (content, part.slice(at..))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sdp(content_type: &str, body: &'static [u8]) -> Option<Bytes> {
        let mut headers = Headers::default();
        headers.push("Content-Type", content_type);
        sdp_body(&headers, &Bytes::from_static(body))
    }

    #[test]
    fn sdp_alone_is_the_body() {
        assert_eq!(sdp("application/SDP", b"v=0").unwrap(), "v=0");
        assert_eq!(sdp("text/plain", b"v=0"), None);
        assert_eq!(sdp_body(&Headers::default(), &Bytes::from_static(b"v=0")).unwrap(), "v=0");
        assert_eq!(sdp_body(&Headers::default(), &Bytes::new()), None);
    }

    #[test]
    fn sdp_is_found_among_parts() {
        let body = b"preamble\r\n--b\r\nContent-Type: text/plain\r\n\r\n--c v=1\r\n--b  \r\nc : application/sdp\r\n\r\nv=0\r\n\xff\x00\r\n--b--\r\n";
        assert_eq!(sdp("multipart/mixed;boundary=b", body).unwrap(), &b"v=0\r\n\xff\x00"[..]);
        assert_eq!(sdp("multipart/mixed", body), None);
    }

    #[test]
    fn parts_may_be_nested_but_not_for_ever() {
        let body = b"--a\r\nContent-Type: multipart/alternative;boundary=b\r\n\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n--a--";
        assert_eq!(sdp("multipart/mixed;boundary=a", body).unwrap(), "v=0");
    }

    #[test]
    fn a_missing_last_delimiter_and_bare_line_feeds_are_let_pass() {
        assert_eq!(sdp("multipart/mixed;boundary=a", b"--a\nContent-Type: application/sdp\n\nv=0").unwrap(), "v=0");
    }

    #[test]
    fn broken_bodies_have_no_sdp() {
        for body in [&b"--a"[..], b"--a--", b"--a\r\n", b"--a\r\n--a\r\n--a--", b"x", b"\n\n\n"] {
            assert_eq!(sdp("multipart/mixed;boundary=a", body), None);
        }
    }
}
