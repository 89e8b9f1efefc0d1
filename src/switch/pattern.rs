//! Digit patterns as Asterisk users know them.

use std::{fmt, str::FromStr};

/// Which numbers are meant: `X` is a digit, `Z` one of 1-9, `N` one of 2-9, `[15-7]` one of those in the brackets; `.`
/// stands for one or more characters and `!` for any number of them, both at the end only. Everything else stands for
/// itself, except that hyphens in a pattern with one of these are there for the eye. A text with none of these is literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    places: Vec<Place>,
    tail: Tail,
}

/// What one character of the number must be.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Is(char),
    /// One in these ranges, both ends included.
    OneOf(Vec<(char, char)>),
}

/// What may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tail {
    Nothing,
    Something,
    Anything,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing would ever fit.
    #[error("a pattern needs at least one character")]
    Empty,
    /// `[` without `]`, or nothing between them.
    #[error("`[` needs characters and a `]` behind it, as in [1-5]")]
    Bracket,
    /// A range whose end comes before its start.
    #[error("the range {0}-{1} is empty; the lower one comes first")]
    Range(char, char),
    /// Something behind `.` or `!`.
    #[error("`{0}` stands for the rest of the number and must be the last character; [{0}] is the character itself")]
    AfterTail(char),
    /// A space or a control character.
    #[error("{0:?} cannot be part of a number")]
    Character(char),
}

impl Pattern {
    /// Whether `number` is meant.
    pub fn fits(&self, number: &str) -> bool {
        let mut characters = number.chars();
        let head = self.places.iter().all(|place| characters.next().is_some_and(|c| place.fits(c)));
        head && match self.tail {
            Tail::Nothing => characters.next().is_none(),
            Tail::Something => characters.next().is_some(),
            Tail::Anything => true,
        }
    }

    /// The length of the shortest number that fits.
    pub fn shortest(&self) -> usize {
        self.places.len() + usize::from(self.tail == Tail::Something)
    }

    /// Whether it stands for one number alone.
    pub fn is_literal(&self) -> bool {
        self.tail == Tail::Nothing && self.places.iter().all(|place| matches!(place, Place::Is(_)))
    }
}

impl Place {
    fn fits(&self, c: char) -> bool {
        match self {
            Self::Is(own) => *own == c,
            Self::OneOf(ranges) => ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)),
        }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if let Some(odd) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
            return Err(PatternError::Character(odd));
        }
        let special = text.contains(['X', 'Z', 'N', '[', '.', '!']);
        let mut pattern = Self { text: text.to_owned(), places: Vec::new(), tail: Tail::Nothing };
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let place = match c {
                'X' => Place::OneOf(vec![('0', '9')]),
                'Z' => Place::OneOf(vec![('1', '9')]),
                'N' => Place::OneOf(vec![('2', '9')]),
                '[' => {
                    let (inside, behind) = rest.as_str().split_once(']').ok_or(PatternError::Bracket)?;
                    rest = behind.chars();
                    Place::OneOf(ranges(inside)?)
                }
                '.' | '!' if rest.next().is_some() => return Err(PatternError::AfterTail(c)),
                '.' => {
                    pattern.tail = Tail::Something;
                    break;
                }
                '!' => {
                    pattern.tail = Tail::Anything;
                    break;
                }
                '-' if special => continue,
                own => Place::Is(own),
            };
            pattern.places.push(place);
        }
        if pattern.places.is_empty() && pattern.tail == Tail::Nothing {
            return Err(PatternError::Empty);
        }
        Ok(pattern)
    }
}

/// What stands between brackets: single characters and ranges.
fn ranges(inside: &str) -> Result<Vec<(char, char)>, PatternError> {
    let mut ranges = Vec::new();
    let mut rest = inside.chars().peekable();
    while let Some(low) = rest.next() {
        let mut ahead = rest.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(high)) => {
                if high < low {
                    return Err(PatternError::Range(low, high));
                }
                ranges.push((low, high));
                rest = ahead;
            }
            _ => ranges.push((low, low)),
        }
    }
    if ranges.is_empty() {
        return Err(PatternError::Bracket);
    }
    Ok(ranges)
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, number: &str) -> bool {
        pattern.parse::<Pattern>().unwrap().fits(number)
    }

    #[test]
    fn digits_of_each_kind() {
        for (pattern, yes, no) in [
            ("2XXX", "2000 2999", "1000 200 20000 2a00"),
            ("NXX", "200 999", "100 099"),
            ("Z0", "10 90", "00 a0"),
            ("[15-7]0", "10 50 60 70", "20 40 80 -0"),
            ("0X.", "012 0123456", "01 0 112 0a1"),
            ("00!", "00 001", "0"),
            (".", "1 anything", ""),
            ("!", "1", "nothing-fails"),
            ("+316X.", "+31612", "31612 +3161 +31x12"),
            ("*1X", "*10", "10 **0"),
            ("+1-NXX-5", "+12005", "+1-200-5"),
            ("a[.]X", "a.1", "ab1"),
            ("[a-]", "a -", "b"),
        ] {
            for number in yes.split(' ') {
                assert!(fits(pattern, number), "{pattern} {number}");
            }
            for number in no.split(' ').filter(|number| *number != "nothing-fails") {
                assert!(!fits(pattern, number), "not {pattern} {number}");
            }
        }
    }

    #[test]
    fn a_text_without_special_characters_is_literal() {
        assert!(fits("front-desk", "front-desk") && !fits("front-desk", "frontdesk"));
        assert!(fits("zoe", "zoe") && fits("+31201234567", "+31201234567"));
        assert!("6000".parse::<Pattern>().unwrap().is_literal() && !"600X".parse::<Pattern>().unwrap().is_literal());
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (text, error) in [
            ("", PatternError::Empty),
            ("[12", PatternError::Bracket),
            ("[]", PatternError::Bracket),
            ("[5-1]", PatternError::Range('5', '1')),
            ("0.1", PatternError::AfterTail('.')),
            ("0!.", PatternError::AfterTail('!')),
            ("1 2", PatternError::Character(' ')),
        ] {
            assert_eq!(text.parse::<Pattern>(), Err(error), "{text:?}");
        }
    }
}
