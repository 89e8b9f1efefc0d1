//! The grammar's smallest parts (RFC 3261 25.1): tokens, quoted strings, lists, escapes. All linear.

use memchr::{memchr, memchr2, memchr3};
use std::fmt;

/// Without white space at both ends. Line ends are none of a value's any more.
pub(super) fn trim(text: &str) -> &str {
    trim_start(trim_end(text))
}

pub(super) fn trim_start(text: &str) -> &str {
    let white = text.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &text[white..]
}

pub(super) fn trim_end(text: &str) -> &str {
    let white = text.bytes().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    &text[..text.len() - white]
}

/// The text before and behind the first such byte.
pub(super) fn split_at_byte(text: &str, byte: u8) -> Option<(&str, &str)> {
    debug_assert!(byte.is_ascii());
    let at = memchr(byte, text.as_bytes())?;
    Some((&text[..at], &text[at + 1..]))
}

/// A class of bytes, as a table.
pub(super) struct Class([bool; 256]);

/// What is let pass in a header parameter's value without quotes.
static UNQUOTED: Class = Class::without(b" \t\r\n\x0c\"<>,;");
/// What neither divides a URI nor is forbidden in it.
pub(super) static URI_PLAIN: Class = Class::new(true, b"-_.!~*'()&=+$,/");
pub(super) static HOST: Class = Class::new(true, b"-._");

impl Class {
    const fn without(excluded: &[u8]) -> Self {
        let mut table = [true; 256];
        let mut at = 0;
        while at < excluded.len() {
            table[excluded[at] as usize] = false;
            at += 1;
        }
        Self(table)
    }

    const fn new(alphanumeric: bool, others: &[u8]) -> Self {
        let mut table = [false; 256];
        let mut at = 0;
        while at < 128 {
            table[at] = alphanumeric && (at as u8).is_ascii_alphanumeric();
            at += 1;
        }
        let mut at = 0;
        while at < others.len() {
            table[others[at] as usize] = true;
            at += 1;
        }
        Self(table)
    }

    pub(super) fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }

    pub(super) fn all(&self, text: &str) -> bool {
        text.bytes().all(|byte| self.has(byte))
    }

    /// How many bytes of the class `text` begins with.
    fn length_in(&self, text: &str) -> usize {
        text.bytes().position(|byte| !self.has(byte)).unwrap_or(text.len())
    }
}

pub(super) static TOKEN: Class = Class::new(true, b"-.!%*_+`'~");
static PLAIN_VALUE: Class = Class::new(true, b"-.!%*_+`'~[]:");
/// What stands unescaped in the user part (25.1: unreserved, user-unreserved).
pub(super) static USER: Class = Class::new(true, b"-_.!~*'()&=+$,;?/");
pub(super) static PASSWORD: Class = Class::new(true, b"-_.!~*'()&=+$,");
pub(super) static URI_PARAM: Class = Class::new(true, b"-_.!~*'()[]/:&+$");
pub(super) static SCHEME: Class = Class::new(true, b"+-.");
pub(super) static URI_HEADER: Class = Class::new(true, b"-_.!~*'()[]/?:+$");

/// A token of at least one character.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && TOKEN.all(text)
}

/// What may stand behind `=` in a header without quotes: token or host.
pub(super) fn is_plain_value(text: &str) -> bool {
    !text.is_empty() && PLAIN_VALUE.all(text)
}

/// A number of digits only, no sign, that fits.
pub(super) fn number<T: TryFrom<u64>>(digits: &str) -> Option<T> {
    if digits.is_empty() {
        return None;
    }
    let mut value = 0_u64;
    for byte in digits.bytes() {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    T::try_from(value).ok()
}

/// Prints digits, without the detour of `fmt`.
pub(super) fn print_number(mut value: u32, f: &mut impl fmt::Write) -> fmt::Result {
    let mut digits = [0; 10];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return digits[first..].iter().try_for_each(|digit| f.write_char(char::from(*digit)));
        }
    }
}

/// The end of the quoted string that begins at the start of `text` (which is its `"`): the place behind the closing quote.
pub(super) fn quoted_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// What a quoted string means; other text as it is.
pub(super) fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return text.to_owned() };
    if !inner.contains('\\') {
        return inner.to_owned();
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

/// Prints a quoted string.
pub(super) fn quote(text: &str, f: &mut impl fmt::Write) -> fmt::Result {
    f.write_char('"')?;
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\\']) {
        f.write_str(&rest[..at])?;
        f.write_char('\\')?;
        f.write_str(&rest[at..=at])?;
        rest = &rest[at + 1..];
    }
    f.write_str(rest)?;
    f.write_char('"')
}

/// The place of the first `;` outside of quotes; the end if there is none or a quote stays open.
fn next_semicolon(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr2(b';', b'"', &bytes[at..]) {
        at += found;
        if bytes[at] == b';' {
            return at;
        }
        at += quoted_end(&text[at..]).unwrap_or(bytes.len() - at);
    }
    bytes.len()
}

/// The values of a list header: split at commas that are neither in quotes nor in angle brackets, trimmed, empty ones
/// left out.
pub(super) struct List<'a>(Option<&'a str>);

impl<'a> List<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(Some(text))
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a str {
        trim(self.0.unwrap_or_default())
    }
}

impl<'a> Iterator for List<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let text = self.0?;
            let end = list_value_end(text);
            self.0 = text.get(end + 1..);
            let value = trim(&text[..end]);
            if !value.is_empty() {
                return Some(value);
            }
        }
    }
}

fn list_value_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    // Few lists have anything to respect; for the others this is the whole story.
    let Some(mut at) = memchr3(b',', b'"', b'<', bytes) else { return bytes.len() };
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b',' => return at,
            b'"' => quoted_end(&text[at..]).unwrap_or(bytes.len() - at),
            // An open bracket that is never closed runs to the end: nothing behind it can be trusted.
            b'<' => memchr(b'>', &bytes[at..]).map_or(bytes.len() - at, |length| length + 1),
            _ => 1,
        };
    }
    bytes.len()
}

/// Parameters of a header, as (name, raw value with its quotes).
pub(super) struct HeaderParams<'a>(&'a str);

impl<'a> HeaderParams<'a> {
    /// `text` is empty or begins with `;` (white space apart).
    pub(super) fn new(text: &'a str) -> Self {
        Self(trim_start(text))
    }
}

impl<'a> Iterator for HeaderParams<'a> {
    type Item = Result<HeaderParam<'a>, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let Some(text) = self.0.strip_prefix(';').map(trim_start) else {
            self.0 = "";
            return Some(Err("text where a parameter should begin"));
        };
        if text.is_empty() {
            self.0 = "";
            return None;
        }
        match header_param(text) {
            Ok((param, rest)) => {
                self.0 = rest;
                Some(Ok(param))
            }
            Err(problem) => {
                self.0 = &text[next_semicolon(text)..];
                Some(Err(problem))
            }
        }
    }
}

type HeaderParam<'a> = (&'a str, Option<&'a str>);

/// The parameter that `text` begins with, and what comes behind it: nothing, or the `;` of the next.
fn header_param(text: &str) -> Result<(HeaderParam<'_>, &str), &'static str> {
    let (name, rest) = text.split_at(TOKEN.length_in(text));
    let rest = trim_start(rest);
    let (value, rest) = match rest.strip_prefix('=').map(trim_start) {
        None => (None, rest),
        Some(rest) => {
            let end = match rest.starts_with('"') {
                true => quoted_end(rest).ok_or("bad parameter value")?,
                false => UNQUOTED.length_in(rest),
            };
            let (value, rest) = rest.split_at(end);
            (Some(value), trim_start(rest))
        }
    };
    match rest.as_bytes().first() {
        _ if name.is_empty() => Err("parameter without a proper name"),
        None | Some(b';') => Ok(((name, value), rest)),
        Some(_) => Err("bad parameter value"),
    }
}

/// What %-escaped text means; `None` for a broken escape, or when the result is not UTF-8 (19.1.2).
pub(super) fn unescape(text: &str) -> Option<String> {
    if memchr(b'%', text.as_bytes()).is_none() {
        return Some(text.to_owned());
    }
    let hex = |byte: Option<u8>| char::from(byte?).to_digit(16);
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'%' => u8::try_from(hex(bytes.next())? * 16 + hex(bytes.next())?).ok()?,
            _ => byte,
        });
    }
    String::from_utf8(plain).ok()
}

/// Prints text with everything outside of `safe` %-escaped.
pub(super) fn escape(text: &str, safe: &Class, f: &mut impl fmt::Write) -> fmt::Result {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !safe.has(byte)) {
        // `at` is a character boundary: all that was passed is ASCII.
        f.write_str(&rest[..at])?;
        let length = rest[at..].chars().next().map_or(1, char::len_utf8);
        for byte in rest[at..at + length].bytes() {
            write!(f, "%{byte:02X}")?;
        }
        rest = &rest[at + length..];
    }
    f.write_str(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_respect_quotes_and_brackets() {
        let values: Vec<_> = List::new(r#" "a, \"b" <sip:x,y@z>;q=1 , <sip:c>,, d ,"#).collect();
        assert_eq!(values, [r#""a, \"b" <sip:x,y@z>;q=1"#, "<sip:c>", "d"]);
    }

    #[test]
    fn numbers_have_no_sign_and_must_fit() {
        assert_eq!(number::<u8>("0068"), Some(68));
        assert_eq!(number::<u8>("256"), None);
        assert_eq!(number::<u32>("-1"), None);
        assert_eq!(number::<u32>("+1"), None);
        assert_eq!(number::<u32>(""), None);
        assert_eq!(number::<u64>("99999999999999999999999999"), None);
    }

    #[test]
    fn escapes_go_both_ways() {
        let mut text = String::new();
        escape("I have % spaces@ü\0", &USER, &mut text).unwrap();
        assert_eq!(text, "I%20have%20%25%20spaces%40%C3%BC%00");
        assert_eq!(unescape(&text).unwrap(), "I have % spaces@ü\0");
        assert_eq!(unescape("%"), None);
        assert_eq!(unescape("%4"), None);
        assert_eq!(unescape("%zz"), None);
        assert_eq!(unescape("%+4"), None);
        assert_eq!(unescape("%ff"), None);
    }

    #[test]
    fn quotes_go_both_ways() {
        let mut text = String::new();
        quote(r#"a "b" \c"#, &mut text).unwrap();
        assert_eq!(text, r#""a \"b\" \\c""#);
        assert_eq!(unquote(&text), r#"a "b" \c"#);
        assert_eq!(quoted_end(r#""a\"b"#), None);
        assert_eq!(quoted_end(r#""a\"#), None);
    }
}
