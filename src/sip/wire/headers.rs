//! The headers of a message, in order, unknown ones kept.

use super::{name::Name, scan};
use std::{
    fmt::{self, Write as _},
    ops::Range,
};

/// Header fields in the order of the message.
///
/// All text lies in one buffer to which new fields are appended, so that a message costs two allocations however many
/// headers it has. Folded lines are joined by one space. Bytes that are not UTF-8 are read as Latin-1, and printed as
/// they came. Known names are printed in their long form, others as they were written.
#[derive(Clone, Default)]
pub struct Headers {
    text: String,
    fields: Vec<Field>,
}

#[derive(Clone, Copy)]
struct Field {
    name: Name,
    latin1: bool,
    /// The name as it was written: only looked at for `Name::Other`.
    written: Span,
    value: Span,
}

/// A piece of the text; datagrams are shorter than 4 GiB.
#[derive(Clone, Copy)]
struct Span {
    from: u32,
    to: u32,
}

impl Headers {
    /// Room for so many fields and bytes.
    pub fn with_capacity(fields: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), fields: Vec::with_capacity(fields) }
    }

    /// The value of the first field of that name (long or compact, in any case), trimmed; a list is not split.
    pub fn get(&self, name: &str) -> Option<&str> {
        let key = Name::of(name);
        self.fields.iter().find(|field| self.is(field, key, name)).map(|field| self.slice(field.value))
    }

    /// The values of all fields of that name, a line each.
    pub fn get_all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        let key = Name::of(name);
        self.fields.iter().filter(move |field| self.is(field, key, name)).map(|field| self.slice(field.value))
    }

    /// The values of a list header: those of all its fields in order, each split at its commas.
    pub fn list<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.get_all(name).flat_map(scan::List::new)
    }

    /// Whether there is one of that name.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Name and value of all fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|field| (self.name_of(field), self.slice(field.value)))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Adds a field at the end. Line ends in the value become spaces: nobody can smuggle in a header.
    pub fn push(&mut self, name: &str, value: impl fmt::Display) {
        let field = self.append(Name::of(name), name, value);
        self.fields.push(field);
    }

    /// Adds a field before all others.
    pub fn prepend(&mut self, name: &str, value: impl fmt::Display) {
        self.insert(0, name, value);
    }

    /// Adds a field before the one at `at` (as counted by [`Headers::iter`]); at the end if there are fewer.
    pub fn insert(&mut self, at: usize, name: &str, value: impl fmt::Display) {
        let field = self.append(Name::of(name), name, value);
        self.fields.insert(at.min(self.fields.len()), field);
    }

    /// Takes all fields of that name away; says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let key = Name::of(name);
        let before = self.fields.len();
        let text = &self.text;
        self.fields.retain(|field| !is(text, field, key, name));
        self.fields.len() != before
    }

    /// Puts the value in the place of the first field of that name and takes the others away; adds it at the end if there
    /// was none.
    pub fn replace(&mut self, name: &str, value: impl fmt::Display) {
        let key = Name::of(name);
        let new = self.append(key, name, value);
        let text = &self.text;
        let mut old = self.fields.iter().enumerate().filter(|(_, field)| is(text, field, key, name)).map(|(at, _)| at);
        let Some(first) = old.next() else { return self.fields.push(new) };
        let more = old.next().is_some();
        self.fields[first] = new;
        if more {
            let mut at = 0;
            self.fields.retain(|field| {
                at += 1;
                at - 1 == first || !is(text, field, key, name)
            });
        }
    }

    /// Puts a value in the place of the first one of a list header, others of the same line kept (a top Via with
    /// `received`, 18.2.1).
    pub fn replace_first_of_list(&mut self, name: &str, value: impl fmt::Display) {
        let key = Name::of(name);
        let Some(at) = self.fields.iter().position(|field| self.is(field, key, name)) else {
            return self.push(name, value);
        };
        let rest = without_first(self.slice(self.fields[at].value)).to_owned();
        let field = match rest.is_empty() {
            true => self.append(key, name, value),
            false => self.append(key, name, format_args!("{value}, {rest}")),
        };
        self.fields[at] = field;
    }

    /// Takes the first value of a list header away (Route and Via of a hop that was passed).
    pub fn remove_first_of_list(&mut self, name: &str) {
        let key = Name::of(name);
        let Some(at) = self.fields.iter().position(|field| self.is(field, key, name)) else { return };
        let rest = without_first(self.slice(self.fields[at].value)).to_owned();
        if rest.is_empty() {
            self.fields.remove(at);
        } else {
            self.fields[at] = self.append(key, name, rest);
        }
    }

    fn append(&mut self, name: Name, written: &str, value: impl fmt::Display) -> Field {
        let from = self.text.len();
        if name == Name::Other {
            self.text.extend(written.chars().filter(|c| !c.is_ascii_whitespace() && !c.is_control() && *c != ':'));
        }
        let written = span(from..self.text.len());
        let from = self.text.len();
        // Writing into a String does not fail; a Display that says it does has written what it could.
        let _ = write!(self.text, "{value}");
        if self.text[from..].contains(['\r', '\n']) {
            let clean = self.text[from..].replace(['\r', '\n'], " ");
            self.text.truncate(from);
            self.text.push_str(&clean);
        }
        Field { name, latin1: false, written, value: span(from..self.text.len()) }
    }

    fn is(&self, field: &Field, key: Name, name: &str) -> bool {
        is(&self.text, field, key, name)
    }

    fn slice(&self, span: Span) -> &str {
        slice(&self.text, span)
    }

    fn name_of<'a>(&'a self, field: &Field) -> &'a str {
        if field.name == Name::Other { self.slice(field.written) } else { field.name.as_str() }
    }
}

/// What the rest of this room needs: by known name, without a look at the text.
impl Headers {
    pub(super) fn first(&self, name: Name) -> Option<&str> {
        self.all(name).next()
    }

    pub(super) fn all(&self, name: Name) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |field| field.name == name).map(|field| self.slice(field.value))
    }

    pub(super) fn values(&self, name: Name) -> impl Iterator<Item = &str> {
        self.all(name).flat_map(scan::List::new)
    }

    /// Adds a parameter to the first field of that name, everything else of it kept as it came.
    pub(super) fn add_param(&mut self, name: Name, param: &str, value: &str) {
        let Some(at) = self.fields.iter().position(|field| field.name == name) else { return };
        let old = self.fields[at];
        let bare = self.slice(old.value).trim_end_matches([';', ' ', '\t']).to_owned();
        let new = self.append(name, "", format_args!("{bare};{param}={value}"));
        self.fields[at] = Field { latin1: old.latin1, ..new };
    }

    pub(super) fn copy_first(&mut self, name: Name, from: &Self) {
        if let Some(field) = from.fields.iter().find(|field| field.name == name) {
            self.copy(field, from);
        }
    }

    pub(super) fn copy_all(&mut self, name: Name, from: &Self) {
        for field in from.fields.iter().filter(|field| field.name == name) {
            self.copy(field, from);
        }
    }

    fn copy(&mut self, field: &Field, from: &Self) {
        let start = self.text.len();
        self.text.push_str(from.slice(field.value));
        self.fields.push(Field { value: span(start..self.text.len()), written: span(0..0), ..*field });
    }

    pub(super) fn census(&self) -> Census<'_> {
        let mut census = Census { headers: self, first: [0; Name::COUNT], count: [0; Name::COUNT] };
        for (at, field) in self.fields.iter().enumerate().rev() {
            census.first[field.name as usize] = u32::try_from(at).unwrap_or(u32::MAX);
            census.count[field.name as usize] = census.count[field.name as usize].saturating_add(1);
        }
        census
    }

    /// Room for the fields of a message that is being read.
    pub(super) fn for_reading() -> Self {
        Self { text: String::new(), fields: Vec::with_capacity(24) }
    }

    /// A field whose places are in the text that `set_text` will bring.
    pub(super) fn push_read(&mut self, name: Name, latin1: bool, written: Range<usize>, value: Range<usize>) {
        self.fields.push(Field { name, latin1, written: span(written), value: span(value) });
    }

    /// The text of all fields that were read. `folded`: those of several lines, which are joined by one space.
    pub(super) fn set_text(&mut self, text: &str, folded: &[usize]) {
        self.text.reserve_exact(text.len());
        self.text.push_str(text);
        for at in folded {
            let from = self.text.len();
            for line in slice(text, self.fields[*at].value).split(['\r', '\n']).map(scan::trim) {
                if !line.is_empty() && self.text.len() > from {
                    self.text.push(' ');
                }
                self.text.push_str(line);
            }
            self.fields[*at].value = span(from..self.text.len());
        }
    }

    /// Prints all but Content-Length.
    pub(super) fn print(&self, out: &mut Vec<u8>) {
        for field in self.fields.iter().filter(|field| field.name != Name::ContentLength) {
            if field.name == Name::Other {
                out.extend_from_slice(self.slice(field.written).as_bytes());
            }
            out.extend_from_slice(field.name.label().as_bytes());
            let value = self.slice(field.value);
            match field.latin1 {
                true => out.extend(value.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))),
                false => out.extend_from_slice(value.as_bytes()),
            }
            out.extend_from_slice(b"\r\n");
        }
    }

    /// About how many bytes `print` needs.
    pub(super) fn print_size(&self) -> usize {
        self.text.len() + self.fields.len() * 24
    }
}

/// Which known headers there are, found in one go.
pub(super) struct Census<'a> {
    headers: &'a Headers,
    first: [u32; Name::COUNT],
    count: [u8; Name::COUNT],
}

impl<'a> Census<'a> {
    pub(super) fn count(&self, name: Name) -> u8 {
        self.count[name as usize]
    }

    pub(super) fn first(&self, name: Name) -> Option<&'a str> {
        let field = self.headers.fields.get(self.first[name as usize] as usize).filter(|_| self.count(name) > 0)?;
        Some(self.headers.slice(field.value))
    }
}

fn span(range: Range<usize>) -> Span {
    // Values beyond 4 GiB cannot come from a datagram, and nobody here makes one.
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { from: narrow(range.start), to: narrow(range.end) }
}

fn slice(text: &str, span: Span) -> &str {
    text.get(span.from as usize..span.to as usize).unwrap_or_default()
}

fn is(text: &str, field: &Field, key: Name, name: &str) -> bool {
    field.name == key && (key != Name::Other || slice(text, field.written).eq_ignore_ascii_case(name))
}

/// A list without its first value.
fn without_first(list: &str) -> &str {
    let mut values = scan::List::new(list);
    values.next();
    values.rest()
}

impl PartialEq for Headers {
    /// The same fields in the same order. Content-Length does not count: it is made when a message is printed.
    fn eq(&self, other: &Self) -> bool {
        let counted = |headers: &Self| {
            headers.fields.iter().copied().filter(|field| field.name != Name::ContentLength).collect::<Vec<_>>()
        };
        let (ours, theirs) = (counted(self), counted(other));
        ours.len() == theirs.len()
            && ours.iter().zip(&theirs).all(|(a, b)| {
                a.name == b.name
                    && self.name_of(a).eq_ignore_ascii_case(other.name_of(b))
                    && self.slice(a.value) == other.slice(b.value)
            })
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = |name: &str| name.ends_with("uthorization");
        f.debug_map()
            .entries(self.iter().map(|(name, value)| (name, if secret(name) { "(..)" } else { value })))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in fields {
            headers.push(name, value);
        }
        headers
    }

    fn lines(headers: &Headers) -> Vec<String> {
        headers.iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn names_are_found_in_every_form() {
        let headers = headers(&[("f", "<sip:a@b>"), ("X-Odd", "1"), ("x-oDD", "2")]);
        assert_eq!(headers.get("FROM"), Some("<sip:a@b>"));
        assert_eq!(headers.get_all("X-ODD").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(headers.get("X-Other"), None);
    }

    #[test]
    fn order_is_kept_through_every_change() {
        let mut headers = headers(&[("Via", "1"), ("X-A", "2"), ("Via", "3"), ("To", "4"), ("Via", "5")]);
        headers.prepend("X-First", "0");
        headers.insert(2, "X-B", 7);
        headers.replace("v", "6");
        headers.replace("Subject", "new");
        assert_eq!(lines(&headers), ["X-First: 0", "Via: 6", "X-B: 7", "X-A: 2", "To: 4", "Subject: new"]);
        assert!(headers.remove("x-a"));
        assert!(!headers.remove("x-a"));
        assert_eq!(headers.len(), 5);
    }

    #[test]
    fn a_line_end_in_a_value_cannot_make_a_header() {
        let headers = headers(&[("Subject", "a\r\nEvil: b"), ("X:\r\n-Y", "c")]);
        assert_eq!(lines(&headers), ["Subject: a  Evil: b", "X-Y: c"]);
    }

    #[test]
    fn the_first_of_a_list_is_replaced_or_removed_alone() {
        let mut headers = headers(&[("Route", "<sip:a,b>, <sip:c>"), ("Route", "<sip:d>")]);
        headers.replace_first_of_list("Route", "<sip:x>");
        assert_eq!(headers.list("Route").collect::<Vec<_>>(), ["<sip:x>", "<sip:c>", "<sip:d>"]);
        headers.remove_first_of_list("Route");
        headers.remove_first_of_list("Route");
        assert_eq!(lines(&headers), ["Route: <sip:d>"]);
        headers.remove_first_of_list("Route");
        headers.remove_first_of_list("Route");
        assert!(headers.is_empty());
    }

    #[test]
    fn debug_hides_authorization() {
        let text = format!("{:?}", headers(&[("Authorization", "Digest x"), ("Proxy-Authorization", "Digest x")]));
        assert!(!text.contains("Digest"), "{text}");
    }
}
