//! Whether a leg is to speak SRTP.

/// What an extension or a trunk wants of SRTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Srtp {
    /// Nothing: RTP is offered, and offers of SRTP alone are refused.
    #[default]
    Off,
    /// SRTP is offered, and RTP where that is refused; both are taken.
    Preferred,
    /// Nothing else is offered or taken.
    Required,
}

impl Srtp {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Off, Self::Preferred, Self::Required];

    /// The word of the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Preferred => "preferred",
            Self::Required => "required",
        }
    }
}
