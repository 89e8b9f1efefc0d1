//! Warning (RFC 3261 20.43).

use super::scan;
use std::fmt;

/// What is wrong with a session description, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// 3xx.
    pub code: u16,
    /// Who says it: a host or a pseudonym.
    pub agent: String,
    /// In words.
    pub text: String,
}

impl Warning {
    /// A warning of ours.
    pub fn new(code: u16, agent: &str, text: &str) -> Self {
        Self { code, agent: agent.to_owned(), text: text.to_owned() }
    }

    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (code, rest) = text.split_once([' ', '\t']).ok_or("no agent")?;
        let (agent, words) = scan::trim(rest).split_once([' ', '\t']).ok_or("no text")?;
        let words = scan::trim(words);
        let code = scan::number(code).filter(|_| code.len() == 3).ok_or("bad code")?;
        if !words.starts_with('"') || scan::quoted_end(words) != Some(words.len()) {
            return Err("text without quotes");
        }
        Ok(Self { code, agent: agent.to_owned(), text: scan::unquote(words) })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} {} ", self.code, self.agent)?;
        scan::quote(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_parts_make_it() {
        let text = "307 isi.edu \"Session parameter 'foo' not understood\"";
        assert_eq!(Warning::parse(text).unwrap().to_string(), text);
        for text in ["1812 overture \"In Progress\"", "307 x", "307 x y", ""] {
            assert!(Warning::parse(text).is_err(), "{text}");
        }
    }
}
