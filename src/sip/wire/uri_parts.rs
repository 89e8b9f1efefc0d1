//! A URI cut into its parts, as they stand in the text.

use super::{Host, Scheme, UriError, scan, uri::BAD_HOST};
use memchr::memchr;

/// The parts as they stand in the text.
pub(super) struct RawUri<'a> {
    pub(super) scheme: Scheme,
    /// For tel the number, for other schemes the whole rest.
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a str>,
    /// Empty for other schemes only.
    pub(super) host: &'a str,
    pub(super) port: Option<u16>,
    /// From the first `;` on.
    pub(super) params: &'a str,
    /// Behind the `?`.
    pub(super) headers: &'a str,
    /// Whether there is a `%` anywhere.
    pub(super) escaped: bool,
}

impl<'a> RawUri<'a> {
    pub(super) fn split(text: &'a str) -> Result<Self, UriError> {
        // Nearly all there are.
        if let Some(rest) = text.strip_prefix("sip:") {
            return Self::sip(Scheme::Sip, rest, &Marks::find(rest)?);
        }
        let (scheme, rest) = scan::split_at_byte(text, b':').ok_or(UriError("no scheme"))?;
        let marks = Marks::find(rest)?;
        let scheme = Scheme::parse(scheme)?;
        let end = match scheme {
            Scheme::Sip | Scheme::Sips => return Self::sip(scheme, rest, &marks),
            Scheme::Tel => memchr(b';', rest.as_bytes()).unwrap_or(rest.len()),
            Scheme::Other(_) => rest.len(),
        };
        let (user, params) = rest.split_at(end);
        if user.is_empty() {
            return Err(UriError("nothing behind the scheme"));
        }
        let escaped = marks.escaped;
        Ok(Self { scheme, user: Some(user), password: None, host: "", port: None, params, headers: "", escaped })
    }

    fn sip(scheme: Scheme, rest: &'a str, marks: &Marks) -> Result<Self, UriError> {
        // The first @ ends the user part, in which ; ? and / may stand as they are. A second one is then part of the
        // host, which makes it an error: who was meant would be a guess.
        let (user, password) = match (marks.at, marks.password) {
            (None, _) => (None, None),
            (Some(_), Some(0)) => return Err(UriError("password without user")),
            (Some(at), Some(colon)) => (Some(&rest[..colon]), Some(&rest[colon + 1..at])),
            (Some(at), None) => (Some(&rest[..at]), None),
        };
        let question = marks.question.unwrap_or(rest.len());
        let semicolon = marks.semicolon.unwrap_or(question);
        let (host, params) = (&rest[marks.at.map_or(0, |at| at + 1)..semicolon], &rest[semicolon..question]);
        let headers = rest.get(question + 1..).unwrap_or_default();
        let split = if marks.colon.is_some() { Host::split_port(host) } else { Some((host, None)) };
        let (host, port) = split.filter(|(host, _)| !host.is_empty()).ok_or(BAD_HOST)?;
        Ok(Self { scheme, user, password, host, port, params, headers, escaped: marks.escaped })
    }
}

/// Where the parts of a sip URI meet.
#[derive(Default)]
struct Marks {
    at: Option<usize>,
    /// The first colon of the user part.
    password: Option<usize>,
    /// The first one behind the user part.
    colon: Option<usize>,
    /// The first one behind the user part, before any `?`.
    semicolon: Option<usize>,
    /// The first one behind the user part.
    question: Option<usize>,
    escaped: bool,
}

impl Marks {
    fn find(text: &str) -> Result<Self, UriError> {
        let mut marks = Self::default();
        for (at, byte) in text.bytes().enumerate() {
            if scan::URI_PLAIN.has(byte) {
                continue;
            }
            match byte {
                b'@' if marks.at.is_none() => {
                    marks = Self { at: Some(at), password: marks.colon, escaped: marks.escaped, ..Self::default() };
                }
                b':' => marks.colon = marks.colon.or(Some(at)),
                b';' if marks.question.is_none() => marks.semicolon = marks.semicolon.or(Some(at)),
                b'?' => marks.question = marks.question.or(Some(at)),
                b'%' => marks.escaped = true,
                0..=b' ' | b'<' | b'>' | b'"' | 0x7f => return Err(UriError("space, quote or bracket inside")),
                _ => {}
            }
        }
        Ok(marks)
    }
}
