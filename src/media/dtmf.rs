//! How a leg wants digits, and how it sends them.

/// What an extension or a trunk does with digits. Those that it sends by INFO or as telephone-events are taken whatever is said here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dtmf {
    /// Telephone-events (RFC 4733); tones towards a phone that has none.
    #[default]
    Rfc4733,
    /// INFO towards it.
    Info,
    /// Tones both ways.
    Inband,
    /// Telephone-events where it has them, else tones both ways.
    Auto,
}

impl Dtmf {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rfc4733, Self::Info, Self::Inband, Self::Auto];

    /// The word of the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rfc4733 => "rfc4733",
            Self::Info => "info",
            Self::Inband => "inband",
            Self::Auto => "auto",
        }
    }
}
