//! Why an SDP cannot be used.

/// Why an SDP cannot be used; answered with `status` and a Warning (RFC 3261 20.43).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// It is not SDP.
    #[error("not SDP: {0}")]
    Malformed(String),
    /// No audio stream over RTP/AVP (or RTP/AVPF, UDP) in it.
    #[error("no usable audio stream")]
    NoAudio,
    /// Its address is a name, or of the other IP version than ours.
    #[error("no usable address")]
    Address,
    /// None of its codecs is ours.
    #[error("no common codec")]
    NoCodec,
    /// It is secret and must not be, or is not and must be, or in no way that we know.
    #[error("no common way to keep sound secret")]
    Secrecy,
    /// The answer does not fit the offer (our stream is not in it, a codec that was not offered, nothing was offered).
    #[error("answer does not fit the offer")]
    Misfit,
}

impl SdpError {
    /// The SIP status that refuses it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NoAudio | Self::Address | Self::NoCodec | Self::Secrecy | Self::Misfit => 488,
        }
    }

    /// The value of a Warning header (RFC 3261 20.43); `agent` is our host, or a word for us.
    pub fn warning(&self, agent: &str) -> String {
        let (code, text) = match self {
            Self::Malformed(_) => (399, "Session description not understood"),
            Self::NoAudio => (304, "Media type not available"),
            Self::Address => (301, "Incompatible network address formats"),
            Self::Secrecy => (302, "Incompatible transport protocol"),
            Self::NoCodec | Self::Misfit => (305, "Incompatible media format"),
        };
        format!("{code} {agent} \"{text}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::SdpError;

    #[test]
    fn each_error_knows_its_reply() {
        assert_eq!(SdpError::Malformed(String::new()).status(), 400);
        assert_eq!(SdpError::NoCodec.status(), 488);
        assert_eq!(SdpError::NoCodec.warning("pbx.example"), "305 pbx.example \"Incompatible media format\"");
    }
}
