//! ;name=value parameters of URIs and headers.

use super::scan;
use std::fmt;

/// More than this in one place is an attack.
pub(super) const MAX_PARAMS: usize = 64;

/// ;name=value parameters in order; names compare without case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Params(pub Vec<(String, Option<String>)>);

impl Params {
    /// The value of the first of that name; `Some(None)` for one without value.
    pub fn find(&self, name: &str) -> Option<Option<&str>> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_deref())
    }

    /// The value of the first of that name, if it has one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).flatten()
    }

    /// Whether there is one of that name, with a value or without.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Replaces the value of the first of that name, or adds one at the end.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(str::to_owned);
        match self.0.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Takes all of that name away; says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.0.len() != before
    }

    /// Reads the parameters of a header: what follows the value, from its first `;` on. Values may be quoted.
    pub(super) fn parse_header(text: &str) -> Result<Self, &'static str> {
        let mut params = Vec::new();
        for param in scan::HeaderParams::new(text) {
            if params.len() == MAX_PARAMS {
                return Err("too many parameters");
            }
            let (name, value) = param?;
            params.push((name.to_owned(), value.map(scan::unquote)));
        }
        Ok(Self(params))
    }

    /// Whether `parse_header` would take them, found without making anything.
    pub(super) fn check_header(text: &str) -> Result<(), &'static str> {
        let mut count = 0;
        for param in scan::HeaderParams::new(text) {
            param?;
            count += 1;
            if count > MAX_PARAMS {
                return Err("too many parameters");
            }
        }
        Ok(())
    }

    /// Prints them as parameters of a header: values that are neither token nor host in quotes.
    pub(super) fn print_header(&self, f: &mut impl fmt::Write) -> fmt::Result {
        for (name, value) in &self.0 {
            f.write_char(';')?;
            f.write_str(name)?;
            if let Some(value) = value {
                f.write_char('=')?;
                match scan::is_plain_value(value) {
                    true => f.write_str(value)?,
                    false => scan::quote(value, f)?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(params: &Params) -> String {
        let mut text = String::new();
        params.print_header(&mut text).unwrap();
        text
    }

    #[test]
    fn names_compare_without_case() {
        let params = Params::parse_header(";Tag=aB;LR").unwrap();
        assert_eq!(params.get("tag"), Some("aB"));
        assert_eq!(params.find("lr"), Some(None));
        assert!(!params.has("x"));
    }

    #[test]
    fn quoted_values_are_unquoted_and_quoted_again() {
        let params = Params::parse_header(r#" ; a = "x;y, \"z\"" ;b=[::1]"#).unwrap();
        assert_eq!(params.get("a"), Some(r#"x;y, "z""#));
        assert_eq!(printed(&params), r#";a="x;y, \"z\"";b=[::1]"#);
    }

    #[test]
    fn a_trailing_semicolon_is_let_pass_and_an_empty_one_not() {
        assert!(Params::parse_header(";a=1;").is_ok());
        assert!(Params::parse_header(";;a=1").is_err());
        assert!(Params::parse_header("a=1").is_err());
        assert!(Params::parse_header(";=1").is_err());
        assert!(Params::parse_header(";a b").is_err());
        assert!(Params::parse_header(";a=\"x").is_err());
    }

    #[test]
    fn setting_replaces_in_place() {
        let mut params = Params::parse_header(";rport;branch=b").unwrap();
        params.set("RPORT", Some("5061"));
        assert_eq!(printed(&params), ";rport=5061;branch=b");
        assert!(params.remove("branch"));
        assert!(!params.remove("branch"));
    }
}
