//! a=crypto (RFC 4568 4, 9). The only file that knows the crate `base64`.

use crate::media::srtp::{MasterKey, Suite, Wiped};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use std::fmt;

/// Padded when written, padded or not when read: phones do both.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// Octets of a master key identifier at most (RFC 4568 6.1).
const LONGEST_MKI: u8 = 128;

/// One line: a suite, and the master key of whoever says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Crypto {
    /// Names the line within its offer.
    pub(super) tag: u32,
    /// With its suite.
    pub(super) key: MasterKey,
}

impl Crypto {
    /// Reads what stands behind `a=crypto:`. `None`: it is malformed, or asks for something that we do not do; such lines do not
    /// count (RFC 4568 5.1.2).
    pub(super) fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next().filter(|tag| tag.len() <= 9 && tag.bytes().all(|byte| byte.is_ascii_digit()))?;
        let suite = Suite::from_name(words.next()?)?;
        // Several keys would be told apart by their identifiers; nobody offers that.
        let (method, info) = words.next()?.split_once(':')?;
        if !method.eq_ignore_ascii_case("inline") {
            return None;
        }
        let mut parts = info.split('|');
        let key = Wiped::new(BASE64.decode(parts.next()?).ok()?);
        let mut mki = 0;
        for part in parts {
            match part.split_once(':') {
                Some((value, length)) => {
                    mki =
                        length.parse().ok().filter(|length| (1..=LONGEST_MKI).contains(length) && is_number(value))?;
                }
                // How many packets may be made with the key: to change it in time is up to its owner (RFC 4568 6.1).
                None => Some(part).filter(|part| is_lifetime(part)).map(|_| ())?,
            }
        }
        if !words.all(is_harmless) {
            return None;
        }
        Some(Self { tag: tag.parse().ok()?, key: MasterKey::new(suite, &key, mki)? })
    }
}

impl fmt::Display for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = Wiped::new(BASE64.encode(self.key.key_and_salt()));
        write!(f, "{} {} inline:{}", self.tag, self.key.suite().name(), *key)
    }
}

/// Whether a session parameter leaves everything as it is (RFC 4568 6.3): what is not encrypted or not proven, keys that are derived anew
/// and error correction are not for us. A minus says that it may be passed over.
fn is_harmless(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    match name.to_ascii_uppercase().as_str() {
        "KDR" => value == "0",
        "WSH" => true,
        _ => name.starts_with('-'),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2^n`, or a number.
fn is_lifetime(text: &str) -> bool {
    text.strip_prefix("2^").map_or_else(
        || is_number(text) && text.bytes().any(|byte| byte != b'0'),
        |power| power.parse::<u8>().is_ok_and(|power| power <= 48),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

    fn read(rest: &str) -> Option<Crypto> {
        Crypto::parse(&format!("1 AES_CM_128_HMAC_SHA1_80 {rest}"))
    }

    #[test]
    fn what_is_written_is_read() {
        for suite in Suite::ALL {
            let key = MasterKey::new(suite, &vec![0x5A; 16 + suite.salt_length()], 0).unwrap();
            let crypto = Crypto { tag: 7, key };
            assert_eq!(Crypto::parse(&crypto.to_string()), Some(crypto));
        }
        let crypto = read(&format!("inline:{KEY}")).unwrap();
        assert_eq!(crypto.to_string(), format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"));
        assert!(!format!("{crypto:?}").contains("d0Rm"));
    }

    #[test]
    fn lifetimes_identifiers_and_what_changes_nothing_are_taken() {
        for (rest, mki) in [
            (format!("inline:{KEY}|2^20"), 0),
            (format!("inline:{KEY}|2^31|1:4"), 4),
            (format!("inline:{KEY}|1:1"), 1),
            (format!("INLINE:{KEY}|65536 KDR=0 WSH=128 -FUTURE=1"), 0),
        ] {
            assert_eq!(read(&rest).map(|crypto| crypto.key.mki()), Some(mki), "{rest}");
        }
        // AES-GCM with its 28 octets, with and without padding.
        let gcm = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYg";
        for padding in ["", "=="] {
            assert!(Crypto::parse(&format!("3 AEAD_AES_128_GCM inline:{gcm}{padding}")).is_some());
        }
    }

    #[test]
    fn what_we_do_not_do_does_not_count() {
        for rest in [
            format!("inline:{KEY} UNENCRYPTED_SRTP"),
            format!("inline:{KEY} UNENCRYPTED_SRTCP"),
            format!("inline:{KEY} UNAUTHENTICATED_SRTP"),
            format!("inline:{KEY} KDR=1"),
            format!("inline:{KEY} FEC_ORDER=FEC_SRTP"),
            format!("inline:{KEY} FUTURE=1"),
            format!("inline:{KEY}|2^20|1:4;inline:{KEY}|2^20|2:4"),
            format!("inline:{KEY}|1:0"),
            format!("inline:{KEY}|1:129"),
            format!("inline:{KEY}|2^49"),
            format!("inline:{KEY}|0"),
            format!("inline:{KEY}|"),
            format!("mikey:{KEY}"),
            format!("inline:{}", &KEY[4..]),
            "inline:****".to_owned(),
            "inline".to_owned(),
            String::new(),
        ] {
            assert_eq!(read(&rest), None, "{rest}");
        }
        for line in
            ["x AES_CM_128_HMAC_SHA1_80", "1234567890 AES_CM_128_HMAC_SHA1_80", "1 F8_128_HMAC_SHA1_80", "1", ""]
        {
            assert_eq!(Crypto::parse(&format!("{line} inline:{KEY}")), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(value in ".{0,120}") {
            let _ = Crypto::parse(&value);
            let _ = read(&value);
        }
    }
}
