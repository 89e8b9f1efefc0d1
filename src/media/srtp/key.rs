//! Cipher suites, and the master keys that offer and answer carry.

use super::wipe::{Wiped, wipe};
use rand::Rng;
use std::fmt;

/// How packets are made secret, and how their sender is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Suite {
    /// AES counter mode, HMAC-SHA1 of 80 bits (RFC 4568 6.2.1).
    AesCm128HmacSha1_80,
    /// AES-GCM with a tag of 128 bits (RFC 7714 14.2).
    AeadAes128Gcm,
    /// AES counter mode, HMAC-SHA1 of 32 bits; 80 for RTCP (RFC 4568 6.2.2).
    AesCm128HmacSha1_32,
}

impl Suite {
    /// All of them, in the order in which we offer them: what every phone can first, the short tag last.
    pub const ALL: [Self; 3] = [Self::AesCm128HmacSha1_80, Self::AeadAes128Gcm, Self::AesCm128HmacSha1_32];

    /// Its name in SDP.
    pub fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// The suite of that name. They are told apart by case (RFC 4568 9.2), but no two differ in nothing else.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    /// Octets of the master salt.
    pub fn salt_length(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 => 14,
            Self::AeadAes128Gcm => 12,
        }
    }
}

/// Octets of the master key.
const KEY: usize = 16;
/// Octets of the longest master salt.
const SALT: usize = 14;

/// A master key with its salt. It is never shown, and overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    /// Key, salt, and zeros up to the longest salt.
    octets: [u8; KEY + SALT],
    /// Octets of the master key identifier in the packets of whoever owns the key; 0: none.
    mki: u8,
}

impl MasterKey {
    /// A key by chance, which must be fit for secrets.
    pub fn random(suite: Suite, chance: &mut impl Rng) -> Self {
        let mut key = Self { suite, octets: [0; KEY + SALT], mki: 0 };
        chance.fill_bytes(&mut key.octets[..KEY + suite.salt_length()]);
        key
    }

    /// The key and salt that an `inline:` brought; `None` when they are not as long as the suite wants them. `mki` is the length of the
    /// identifier in the packets of whoever said it.
    pub fn new(suite: Suite, key_and_salt: &[u8], mki: u8) -> Option<Self> {
        let length = KEY + suite.salt_length();
        if key_and_salt.len() != length {
            return None;
        }
        let mut key = Self { suite, octets: [0; KEY + SALT], mki };
        key.octets[..length].copy_from_slice(key_and_salt);
        Some(key)
    }

    /// What it is for.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Octets of the master key identifier.
    pub fn mki(&self) -> usize {
        usize::from(self.mki)
    }

    /// Key and salt as `inline:` says them.
    pub fn key_and_salt(&self) -> &[u8] {
        &self.octets[..KEY + self.suite.salt_length()]
    }
}

impl MasterKey {
    /// Key, and salt with zeros up to the longest.
    pub(super) fn parts(&self) -> (Wiped<[u8; KEY]>, [u8; SALT]) {
        let (mut key, mut salt) = (Wiped::new([0; KEY]), [0; SALT]);
        key.copy_from_slice(&self.octets[..KEY]);
        salt.copy_from_slice(&self.octets[KEY..]);
        (key, salt)
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        wipe(&mut self.octets);
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.suite.name())
    }
}

/// Both keys of a stream; their suite is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Ours: what we send is made with it.
    pub send: MasterKey,
    /// The peer's.
    pub receive: MasterKey,
}

impl Keys {
    /// The suite of both ways.
    pub fn suite(&self) -> Suite {
        self.send.suite
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn a_key_is_as_long_as_its_suite_wants_and_is_never_shown() {
        for suite in Suite::ALL {
            let key = MasterKey::random(suite, &mut StdRng::from_seed([7; 32]));
            assert_eq!(key.key_and_salt().len(), 16 + suite.salt_length());
            assert_eq!(MasterKey::new(suite, key.key_and_salt(), 0).as_ref(), Some(&key));
            assert_eq!(MasterKey::new(suite, &key.key_and_salt()[1..], 0), None);
            let keys = Keys { send: key.clone(), receive: key };
            let name = suite.name();
            assert_eq!(format!("{keys:?}"), format!("Keys {{ send: MasterKey({name}), receive: MasterKey({name}) }}"));
            assert_eq!(Suite::from_name(suite.name()), Some(suite));
        }
    }
}
