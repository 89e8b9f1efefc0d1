//! What is wrong with a configuration, and where.

use std::{fmt, ops::Range};

/// Something wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was named.
    pub file: String,
    /// Line and column, from 1; `None` when it is the whole file.
    pub at: Option<(usize, usize)>,
    /// Section and key, such as `[extension] number`; empty when it is no section's.
    pub place: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Problem {
    /// Something wrong with the whole file.
    pub(super) fn whole(file: &str, message: String) -> Self {
        Self { file: file.to_owned(), at: None, place: String::new(), message }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        if !self.place.is_empty() {
            write!(f, ": {}", self.place)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The problems of one file.
pub(super) struct Report<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<(usize, Problem)>,
}

impl<'a> Report<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, problems: Vec::new() }
    }

    /// Something is wrong with these bytes of the text.
    pub(super) fn add(&mut self, bytes: Range<usize>, place: &str, message: impl Into<String>) {
        self.problems.push((bytes.start, self.problem(bytes.start, place, message.into())));
    }

    /// A problem at this byte of the text, told to nobody yet.
    pub(super) fn problem(&self, at: usize, place: &str, message: String) -> Problem {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Problem { file: self.file.to_owned(), at: Some((line, column)), place: place.to_owned(), message }
    }

    /// All problems in the order of the text.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|(start, _)| *start);
        self.problems.into_iter().map(|(_, problem)| problem).collect()
    }
}

/// The word of `known` that was probably meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = |candidate: &str| distance(word, candidate);
    let near = known.into_iter().map(|candidate| (wrong(candidate), candidate)).min_by_key(|(wrong, _)| *wrong);
    near.filter(|(wrong, candidate)| *wrong <= 1 + candidate.len() / 4).map(|(_, candidate)| candidate)
}

/// How many letters must be put in, taken out or changed to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (index, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[index + 1];
            row[index + 1] = changed.min(diagonal + 1).min(row[index] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_was_meant_is_found() {
        let known = ["min_expires_s", "max_expires_s", "domain", "listen"];
        for (word, meant) in [
            ("min_expire_s", Some("min_expires_s")),
            ("lisen", Some("listen")),
            ("Domain", Some("domain")),
            ("codecs", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
    }

    #[test]
    fn line_and_column_count_characters_from_one() {
        let mut report = Report::new("c.toml", "a = 1\nü = 2\n");
        report.add(9..10, "[a] b", "no");
        report.add(0..1, "", "first");
        let said: Vec<_> = report.finish().iter().map(ToString::to_string).collect();
        assert_eq!(said, ["c.toml:1:1: first", "c.toml:2:3: [a] b: no"]);
    }
}
