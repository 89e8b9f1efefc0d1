//! Which keys a leg offers, takes and answers with (RFC 4568 5.1).

use super::{SdpError, crypto::Crypto, description::Stream};
use crate::media::srtp::{Keys, MasterKey, Srtp, Suite};
use rand::{SeedableRng, rngs::StdRng};

/// Our keys, one a suite. A key stays for as long as its suite is in use, so that no offer of ours makes the peer begin anew; it never comes
/// back after that, so that no packet is ever made with the same key and number as another.
pub(super) struct Keyring {
    policy: Srtp,
    chance: StdRng,
    own: [Option<MasterKey>; Suite::ALL.len()],
    /// SRTP was refused: our first offer is of RTP.
    gave_in: bool,
}

impl Keyring {
    /// `secret` makes the keys: nobody may guess it.
    pub(super) fn new(policy: Srtp, secret: [u8; 32]) -> Self {
        Self { policy, chance: StdRng::from_seed(secret), own: [const { None }; 3], gave_in: false }
    }

    /// RTP is offered where that is allowed at all.
    pub(super) fn give_in(&mut self) {
        self.gave_in = self.policy == Srtp::Preferred;
    }

    /// Whether the first offer is of SRTP.
    pub(super) fn offers(&self) -> bool {
        self.policy != Srtp::Off && !self.gave_in
    }

    /// The lines of an offer over SRTP: the suite in use, or all of them.
    pub(super) fn lines(&mut self, in_use: Option<Suite>) -> Vec<Crypto> {
        let suites = Suite::ALL.into_iter().filter(|suite| in_use.is_none_or(|in_use| in_use == *suite));
        (1..).zip(suites).map(|(tag, suite)| Crypto { tag, key: self.key(suite) }).collect()
    }

    /// Whether an offered stream may be ours, as far as secrecy goes.
    pub(super) fn takes(&self, stream: &Stream) -> bool {
        match self.policy {
            Srtp::Off => !stream.is_secure(),
            Srtp::Preferred => !stream.is_secure() || !stream.crypto.is_empty(),
            Srtp::Required => !stream.crypto.is_empty(),
        }
    }

    /// Whether a stream with keys is better than one without.
    pub(super) fn prefers(&self, stream: &Stream) -> bool {
        self.policy != Srtp::Off && !stream.crypto.is_empty()
    }

    /// The keys for an offered stream, and our line for it: the first of the peer's that we can. Keys under RTP/AVP are an offer that may be
    /// passed over (RFC 8643 3).
    pub(super) fn answer(&mut self, stream: &Stream) -> Option<(Crypto, Keys)> {
        let theirs = stream.crypto.first().filter(|_| self.policy != Srtp::Off)?;
        let send = self.key(theirs.key.suite());
        Some((Crypto { tag: theirs.tag, key: send.clone() }, Keys { send, receive: theirs.key.clone() }))
    }

    /// What an answer to these lines of ours comes to.
    pub(super) fn answered(&self, offered: &[Crypto], stream: &Stream) -> Result<Option<Keys>, SdpError> {
        if offered.is_empty() {
            return if stream.is_secure() { Err(SdpError::Misfit) } else { Ok(None) };
        }
        // Each suite stands in our offer once; some answer with a tag of their own.
        let fit = stream.crypto.iter().find_map(|theirs| {
            let ours = offered.iter().find(|ours| ours.key.suite() == theirs.key.suite())?;
            Some(Keys { send: ours.key.clone(), receive: theirs.key.clone() })
        });
        match fit {
            Some(keys) => Ok(Some(keys)),
            None if self.policy == Srtp::Preferred && !stream.is_secure() => Ok(None),
            None => Err(SdpError::Secrecy),
        }
    }

    /// The keys of suites that are not in use are not used again: some may have been.
    pub(super) fn settle(&mut self, before: Option<Suite>, now: Option<Suite>) {
        if let Some(before) = before.filter(|before| Some(*before) != now) {
            self.own[before as usize] = None;
        }
    }

    fn key(&mut self, suite: Suite) -> MasterKey {
        let Self { chance, own, .. } = self;
        own[suite as usize].get_or_insert_with(|| MasterKey::random(suite, chance)).clone()
    }
}
