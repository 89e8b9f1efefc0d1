//! `"Display" <uri>;params` (RFC 3261 20.10 and others).

use super::{Params, Uri, UriError, scan};
use memchr::{memchr, memchr2};
use std::{fmt, str::FromStr};

/// `"Display" <uri>;params` (From, To, Contact, Route, Refer-To, P-Asserted-Identity ...).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddr {
    /// The display name, unquoted.
    pub display: Option<String>,
    /// The URI.
    pub uri: Uri,
    /// Header parameters such as tag, expires, q.
    pub params: Params,
}

impl NameAddr {
    /// An address without display name and parameters.
    pub fn new(uri: Uri) -> Self {
        Self { display: None, uri, params: Params::default() }
    }

    /// The same with a display name.
    #[must_use]
    pub fn with_display(mut self, display: &str) -> Self {
        self.display = Some(display.to_owned());
        self
    }

    /// The same with this tag instead of any other.
    #[must_use]
    pub fn with_tag(mut self, tag: &str) -> Self {
        self.params.set("tag", Some(tag));
        self
    }

    /// The tag of From and To, if it is not empty.
    pub fn tag(&self) -> Option<&str> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }

    /// Reads one address. Display names that should be in quotes are let pass unless they hold a comma or a quote;
    /// without angle brackets all parameters belong to the header, and a `?` is an error (20.10).
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let raw = RawNameAddr::split(text)?;
        let uri = Uri::parse(raw.uri)?;
        let params = Params::parse_header(raw.params).map_err(UriError)?;
        Ok(Self { display: raw.display.map(scan::unquote), uri, params })
    }
}

impl NameAddr {
    /// Whether `parse` would take it, found without making anything as a rule.
    pub(super) fn check(text: &str) -> Result<(), UriError> {
        let raw = RawNameAddr::split(text)?;
        Uri::check(raw.uri)?;
        Params::check_header(raw.params).map_err(UriError)
    }
}

/// The three parts as they stand in the text.
pub(super) struct RawNameAddr<'a> {
    /// With its quotes, if any.
    pub(super) display: Option<&'a str>,
    pub(super) uri: &'a str,
    /// Empty, or from the first `;` on.
    pub(super) params: &'a str,
}

impl<'a> RawNameAddr<'a> {
    pub(super) fn split(text: &'a str) -> Result<Self, UriError> {
        let text = scan::trim(text);
        if let Some(rest) = text.strip_prefix('<') {
            return Self::in_brackets(None, rest);
        }
        if text.starts_with('"') {
            let end = scan::quoted_end(text).ok_or(UriError("quote never closed"))?;
            let rest = scan::trim(&text[end..]).strip_prefix('<').ok_or(UriError("no < behind the display name"))?;
            return Self::in_brackets(Some(&text[..end]), rest);
        }
        let Some(open) = memchr2(b'<', b'"', text.as_bytes()).filter(|at| text.as_bytes()[*at] == b'<') else {
            return Self::without_brackets(text);
        };
        // In `sip:a@b;x=<y>` the bracket is not that of an address.
        if memchr(b';', &text.as_bytes()[..open]).is_some() {
            return Self::without_brackets(text);
        }
        let display = scan::trim(&text[..open]);
        if memchr(b',', display.as_bytes()).is_some() {
            return Err(UriError("comma in a display name without quotes"));
        }
        Self::in_brackets(Some(display).filter(|name| !name.is_empty()), &text[open + 1..])
    }

    fn in_brackets(display: Option<&'a str>, rest: &'a str) -> Result<Self, UriError> {
        let (uri, params) = scan::split_at_byte(rest, b'>').ok_or(UriError("bracket never closed"))?;
        Ok(Self { display, uri, params })
    }

    fn without_brackets(text: &'a str) -> Result<Self, UriError> {
        let end = memchr(b';', text.as_bytes()).unwrap_or(text.len());
        let uri = scan::trim(&text[..end]);
        if memchr2(b'?', b',', uri.as_bytes()).is_some() {
            return Err(UriError("a URI with ? or , needs angle brackets"));
        }
        Ok(Self { display: None, uri, params: &text[end..] })
    }
}

impl FromStr for NameAddr {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        Self::parse(text)
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            scan::quote(display, f)?;
            f.write_str(" ")?;
        }
        f.write_str("<")?;
        self.uri.print(f)?;
        f.write_str(">")?;
        self.params.print_header(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> NameAddr {
        text.parse().unwrap()
    }

    #[test]
    fn all_the_ways_to_write_it() {
        for (text, display, printed) in [
            ("sip:a@b;tag=1", None, "<sip:a@b>;tag=1"),
            ("<sip:a@b;lr>;tag=1", None, "<sip:a@b;lr>;tag=1"),
            ("Alice  <sip:a@b>", Some("Alice"), "\"Alice\" <sip:a@b>"),
            ("caller<sip:a@b> ; tag = 1", Some("caller"), "\"caller\" <sip:a@b>;tag=1"),
            ("\"A, \\\"B\\\"\"<sip:a@b>", Some("A, \"B\""), "\"A, \\\"B\\\"\" <sip:a@b>"),
            ("\"\" <sip:a@b>", Some(""), "\"\" <sip:a@b>"),
            ("Jörg M. (Büro) <sip:a@b>", Some("Jörg M. (Büro)"), "\"Jörg M. (Büro)\" <sip:a@b>"),
            ("tel:+4930;tag=1", None, "<tel:+4930>;tag=1"),
        ] {
            assert_eq!(addr(text).display.as_deref(), display, "{text}");
            assert_eq!(addr(text).to_string(), printed);
            assert_eq!(addr(printed), addr(text));
        }
    }

    #[test]
    fn without_brackets_parameters_belong_to_the_header() {
        assert!(addr("sip:a@b;transport=tcp").uri.params.0.is_empty());
        assert_eq!(addr("<sip:a@b;transport=tcp>").uri.transport(), Some("tcp"));
    }

    #[test]
    fn what_is_ambiguous_is_refused() {
        for text in [
            "sip:a@b?Route=c",
            "Bell, Alexander <sip:a@b>",
            "\"Joe <sip:a@b>",
            "< sip:a@b >",
            "<sip:a@b",
            "<sip:a@b> x",
            "\"Joe\" sip:a@b",
            "",
        ] {
            assert!(text.parse::<NameAddr>().is_err(), "{text}");
        }
    }
}
