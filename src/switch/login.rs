//! Digest authentication as a server (RFC 7616, RFC 8760).

use super::recent::Recent;
use crate::sip::{
    Secret,
    wire::{
        Headers, Method,
        digest::{Algorithm, Authorization, Challenge},
    },
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// Nonces whose counts are kept; those forgotten beyond that are treated as too old.
const MAX_NONCES: usize = 100_000;

/// Hands out nonces and checks what comes back.
///
/// A nonce is the time and a number, signed with a key that nobody else has, so that nothing must be kept of those that are
/// never used. Of those that are, the counts are kept as long as the nonce lives.
pub(super) struct Login {
    realm: String,
    algorithms: Vec<Algorithm>,
    key: [u8; 32],
    start: Instant,
    lifetime: Duration,
    issued: u64,
    used: Recent<u64, Uses>,
    /// Stands in for the secret of a user that does not exist, so that it takes as long to find him out as a wrong password.
    nobody: Secret,
}

/// What credentials are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The user is who he says.
    Granted,
    /// He is, but his nonce is too old or was used with this count: he shall try again with another.
    Stale,
    /// No such user, or a wrong password: nobody can tell which.
    Wrong,
}

/// A nonce of ours.
struct Nonce {
    number: u64,
    issued: Instant,
}

/// The counts (nc) that came with a nonce: the highest, and which of the 64 below it.
#[derive(Debug, Default)]
struct Uses {
    highest: u32,
    below: u64,
}

impl Login {
    pub(super) fn new(
        realm: &str,
        algorithms: Vec<Algorithm>,
        lifetime: Duration,
        seed: [u8; 32],
        now: Instant,
    ) -> Self {
        let mut chance = StdRng::from_seed(seed);
        let nobody = Secret::Password(chance.random::<u128>().to_string());
        Self {
            realm: realm.to_owned(),
            algorithms,
            key: chance.random(),
            start: now,
            lifetime,
            issued: 0,
            used: Recent::new(MAX_NONCES, lifetime),
            nobody: hashed(&nobody, "nobody", realm),
        }
    }

    /// Other algorithms from now on.
    pub(super) fn offer(&mut self, algorithms: Vec<Algorithm>) {
        self.algorithms = algorithms;
    }

    /// The credentials for our realm, if the request has any.
    pub(super) fn credentials(&self, headers: &Headers) -> Option<Authorization> {
        headers.authorization().into_iter().find(|authorization| authorization.realm == self.realm)
    }

    /// What the credentials are worth; `secret` is that of the user they name, hashed by `hashed`, if there is such a user.
    pub(super) fn check(
        &mut self,
        credentials: &Authorization,
        method: &Method,
        secret: Option<&Secret>,
        now: Instant,
    ) -> Verdict {
        let right = credentials.verify(method, secret.unwrap_or(&self.nobody))
            && self.algorithms.contains(&credentials.algorithm);
        if !right || secret.is_none() {
            return Verdict::Wrong;
        }
        // A replayed count is told as stale too (RFC 7616 3.3 says when a client may ask its user for another password: when
        // stale is not true): the hash was right, so a phone that counts badly just tries again, and who recorded it cannot.
        match self.recognize(&credentials.nonce, now) {
            Some(nonce) if self.count(&nonce, credentials.counted.as_ref().map(|counted| counted.count), now) => {
                Verdict::Granted
            }
            _ => Verdict::Stale,
        }
    }

    /// The values of WWW-Authenticate, in the order in which they are to be sent (RFC 8760 2.4); to who is puzzled by several,
    /// that with MD5 alone, if it is allowed.
    pub(super) fn challenges(&mut self, puzzled: bool, stale: bool, now: Instant) -> Vec<String> {
        let nonce = self.make(now);
        let challenge = |algorithm: &Algorithm| Challenge::new(&self.realm, &nonce, *algorithm, stale).to_string();
        if puzzled && self.algorithms.contains(&Algorithm::Md5) {
            return vec![challenge(&Algorithm::Md5)];
        }
        self.algorithms.iter().map(challenge).collect()
    }

    fn make(&mut self, now: Instant) -> String {
        self.issued += 1;
        let ms = u64::try_from(now.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX);
        format!("{ms:012x}{:012x}{:032x}", self.issued, self.sign(ms, self.issued))
    }

    /// The nonce, if it is ours and not too old.
    fn recognize(&self, text: &str, now: Instant) -> Option<Nonce> {
        if text.len() != 56 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let ms = u64::from_str_radix(&text[..12], 16).ok()?;
        let number = u64::from_str_radix(&text[12..24], 16).ok()?;
        if u128::from_str_radix(&text[24..], 16).ok()? != self.sign(ms, number) {
            return None;
        }
        let issued = self.start.checked_add(Duration::from_millis(ms))?;
        (now.saturating_duration_since(issued) < self.lifetime).then_some(Nonce { number, issued })
    }

    fn sign(&self, ms: u64, number: u64) -> u128 {
        // All parts have one length, so that nothing can be appended.
        let hash =
            Sha256::new().chain_update(self.key).chain_update(ms.to_be_bytes()).chain_update(number.to_be_bytes());
        hash.finalize().iter().take(16).fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
    }

    /// Whether this count was not used with this nonce; it is now. Without qop there is no count, and one use.
    fn count(&mut self, nonce: &Nonce, count: Option<u32>, now: Instant) -> bool {
        let forgotten = self.used.known_since().is_some_and(|since| nonce.issued < since);
        if forgotten && !self.used.contains(&nonce.number) {
            return false;
        }
        let uses = self.used.entry(nonce.number, now);
        match count {
            Some(count) => uses.take(count),
            None => uses.highest == 0 && uses.take(u32::MAX),
        }
    }
}

impl Uses {
    /// Takes a count if it is new. Requests of one phone may overtake each other, so that those a little below the
    /// highest are still good, once each.
    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            let step = count - self.highest;
            let moved = self.below.checked_shl(step).unwrap_or(0);
            let last = if self.highest == 0 { 0 } else { 1u64.checked_shl(step - 1).unwrap_or(0) };
            *self = Self { highest: count, below: moved | last };
            return true;
        }
        let Some(bit) = (self.highest - count).checked_sub(1).and_then(|back| 1u64.checked_shl(back)) else {
            return false;
        };
        let new = count > 0 && self.below & bit == 0;
        self.below |= bit;
        new
    }
}

/// The secret as both hashes where they can be had: no work twice, and all take the same time.
pub(super) fn hashed(secret: &Secret, user: &str, realm: &str) -> Secret {
    match secret {
        Secret::Password(password) => Secret::Ha1 {
            md5: Some(Algorithm::Md5.ha1(user, realm, password)),
            sha256: Some(Algorithm::Sha256.ha1(user, realm, password)),
        },
        Secret::Ha1 { .. } => secret.clone(),
    }
}

impl fmt::Debug for Login {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("realm", &self.realm).field("issued", &self.issued).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a starting point")]
mod tests {
    use super::*;
    use crate::sip::{Credentials, wire::digest::strongest};

    const LIFETIME: Duration = Duration::from_secs(300);
    const ALL: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Md5];

    /// A server, a user with her secret as the server keeps it, and the time.
    fn server() -> (Login, Credentials, Secret, Instant) {
        let now = Instant::now();
        let credentials = Credentials { user: "1001".into(), secret: Secret::Password("pw1001".into()) };
        let kept = hashed(&credentials.secret, "1001", "office.example");
        (Login::new("office.example", ALL.to_vec(), LIFETIME, [7; 32], now), credentials, kept, now)
    }

    fn answer(challenge: &str, credentials: &Credentials, count: u32) -> Authorization {
        let mut headers = Headers::default();
        headers.push("WWW-Authenticate", challenge);
        let challenges = headers.www_authenticate();
        let challenge = strongest(&challenges, &credentials.secret).unwrap();
        challenge.answer(credentials, &Method::Register, "sip:office.example", "client", count).unwrap()
    }

    #[test]
    fn both_algorithms_are_offered_the_stronger_first_and_both_are_taken() {
        let (mut login, user, kept, now) = server();
        let challenges = login.challenges(false, false, now);
        assert!(challenges[0].contains("algorithm=SHA-256") && challenges[1].contains("algorithm=MD5"));
        for (count, challenge) in (1..).zip(&challenges) {
            let answer = answer(challenge, &user, count);
            assert_eq!(login.check(&answer, &Method::Register, Some(&kept), now), Verdict::Granted);
        }
    }

    #[test]
    fn what_is_not_offered_is_not_taken() {
        let (_, user, kept, now) = server();
        let login =
            |algorithms: &[Algorithm]| Login::new("office.example", algorithms.to_vec(), LIFETIME, [7; 32], now);
        let (mut both, mut old) = (login(&ALL), login(&[Algorithm::Md5]));
        let challenges = old.challenges(false, false, now);
        assert!(challenges.len() == 1 && challenges[0].contains("algorithm=MD5"));
        let [strong, weak] = [0, 1].map(|at| answer(&both.challenges(false, false, now)[at], &user, 1));
        assert_eq!(old.check(&strong, &Method::Register, Some(&kept), now), Verdict::Wrong);
        assert_eq!(old.check(&weak, &Method::Register, Some(&kept), now), Verdict::Granted);
    }

    #[test]
    fn a_wrong_password_another_method_and_an_unknown_user_are_the_same() {
        let (mut login, user, kept, now) = server();
        let challenge = login.challenges(false, false, now).remove(0);
        let good = answer(&challenge, &user, 1);
        let bad = answer(&challenge, &Credentials { secret: Secret::Password("guess".into()), ..user }, 1);
        assert_eq!(login.check(&bad, &Method::Register, Some(&kept), now), Verdict::Wrong);
        assert_eq!(login.check(&good, &Method::Invite, Some(&kept), now), Verdict::Wrong);
        assert_eq!(login.check(&good, &Method::Register, None, now), Verdict::Wrong);
    }

    #[test]
    fn a_count_is_good_once_and_may_come_a_little_late() {
        let (mut login, user, kept, now) = server();
        let challenge = login.challenges(false, false, now).remove(0);
        let mut check = |count| login.check(&answer(&challenge, &user, count), &Method::Register, Some(&kept), now);
        let (good, again) = (Verdict::Granted, Verdict::Stale);
        for (count, verdict) in [
            (1, good),
            (1, again),
            (3, good),
            (2, good),
            (2, again),
            (3, again),
            (100, good),
            (36, good),
            (35, again),
            (0, again),
        ] {
            assert_eq!(check(count), verdict, "nc={count}");
        }
    }

    #[test]
    fn without_qop_a_nonce_is_good_once() {
        let (mut login, user, kept, now) = server();
        let challenge = login.challenges(false, false, now).remove(0);
        let old_way = answer(&challenge.replace(", qop=\"auth\"", ""), &user, 1);
        assert_eq!(old_way.counted, None);
        assert_eq!(login.check(&old_way, &Method::Register, Some(&kept), now), Verdict::Granted);
        assert_eq!(login.check(&old_way, &Method::Register, Some(&kept), now), Verdict::Stale);
    }

    #[test]
    fn an_old_nonce_and_one_of_another_server_are_stale_for_who_knows_the_password() {
        let (mut login, user, kept, now) = server();
        let challenge = login.challenges(false, false, now).remove(0);
        let late = answer(&challenge, &user, 1);
        assert_eq!(login.check(&late, &Method::Register, Some(&kept), now + LIFETIME), Verdict::Stale);
        let mut other = Login::new("office.example", ALL.to_vec(), LIFETIME, [8; 32], now);
        let foreign = other.challenges(false, false, now).remove(0);
        assert_eq!(login.check(&answer(&foreign, &user, 1), &Method::Register, Some(&kept), now), Verdict::Stale);
        let mut odd = late.clone();
        odd.nonce = "é".repeat(28);
        assert_eq!(login.check(&odd, &Method::Register, Some(&kept), now), Verdict::Wrong);
    }

    #[test]
    fn what_was_forgotten_for_lack_of_room_cannot_be_replayed() {
        let (mut login, user, kept, now) = server();
        login.used = Recent::new(2, LIFETIME);
        let challenge = login.challenges(false, false, now).remove(0);
        let first = answer(&challenge, &user, 1);
        assert_eq!(login.check(&first, &Method::Register, Some(&kept), now), Verdict::Granted);
        for second in 1..10 {
            let now = now + Duration::from_secs(second);
            let challenge = login.challenges(false, false, now).remove(0);
            assert_eq!(
                login.check(&answer(&challenge, &user, 1), &Method::Register, Some(&kept), now),
                Verdict::Granted
            );
            assert_eq!(login.check(&first, &Method::Register, Some(&kept), now), Verdict::Stale);
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let (login, _, kept, _) = server();
        assert_eq!(format!("{login:?} {kept:?}"), "Login { realm: \"office.example\", issued: 0, .. } Secret(..)");
    }
}
