//! Privacy (RFC 3323 4.2).

use std::fmt;

/// What the caller wants hidden.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privacy(pub Vec<String>);

impl Privacy {
    pub(super) fn parse<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let each = values.flat_map(|value| value.split([';', ',', ' ', '\t'])).filter(|part| !part.is_empty());
        Self(each.take(16).map(str::to_ascii_lowercase).collect())
    }

    /// Whether the identity is not to be shown to the called: `id` (RFC 3325), `user` or `header`; `none` wins.
    pub fn hides_identity(&self) -> bool {
        !self.has("none") && ["id", "user", "header"].iter().any(|part| self.has(part))
    }

    /// Whether this was said.
    pub fn has(&self, part: &str) -> bool {
        self.0.iter().any(|said| said == part)
    }
}

impl fmt::Display for Privacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(";"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_wins() {
        let privacy = |text: &str| Privacy::parse([text].into_iter());
        assert!(privacy("ID; critical").hides_identity());
        assert!(!privacy("none").hides_identity());
        assert!(!privacy("id;none").hides_identity());
        assert_eq!(privacy("id;user").to_string(), "id;user");
    }
}
