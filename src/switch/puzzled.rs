//! Phones that cannot read a challenge with two algorithms, and are offered MD5 alone.

use super::recent::Recent;
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::SocketAddr,
    time::{Duration, Instant},
};

/// How long it is remembered who could not read a challenge: longer than any phone waits before it tries again.
const MEMORY: Duration = Duration::from_secs(3600);
/// How many of them are remembered.
const CAPACITY: usize = 50_000;
/// How the User-Agent of programs begins that are known to give up: the libre of their time knows MD5 alone.
const KNOWN: [&str; 2] = ["baresip v0.", "baresip v1."];

/// Who was challenged, and who did not understand.
///
/// Some phones give up at a challenge whose algorithm they do not know, even if a second one offers MD5 (RFC 7616 3.7 wants
/// them to go on). They come again after a while, with the same Call-ID and still without credentials: from then on their
/// address is offered MD5 alone. MD5 was offered to them before, so that nothing is given away by that. Those of which this is
/// known by their User-Agent need not come twice.
#[derive(Debug)]
pub(super) struct Puzzled {
    /// Source and Call-ID of who was challenged and has not answered yet.
    asked: Recent<u64, bool>,
    addresses: Recent<SocketAddr, bool>,
}

impl Puzzled {
    pub(super) fn new() -> Self {
        Self { asked: Recent::new(CAPACITY, MEMORY), addresses: Recent::new(CAPACITY, MEMORY) }
    }

    /// A request without credentials is about to be challenged; `agent` is its User-Agent.
    pub(super) fn ask(&mut self, source: SocketAddr, call_id: &str, agent: &str, now: Instant) {
        let again = std::mem::replace(self.asked.entry(key(source, call_id), now), true);
        let known = KNOWN.iter().any(|start| agent.starts_with(start));
        if again || known || self.contains(source) {
            *self.addresses.entry(source, now) = true;
        }
    }

    /// Credentials came: this challenge was understood.
    pub(super) fn answered(&mut self, source: SocketAddr, call_id: &str) {
        self.asked.remove(&key(source, call_id));
    }

    /// Whether such a phone is at that address.
    pub(super) fn contains(&self, source: SocketAddr) -> bool {
        self.addresses.contains(&source)
    }
}

fn key(source: SocketAddr, call_id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (source, call_id).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a starting point")]
mod tests {
    use super::*;

    fn addr(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn who_answers_each_challenge_is_not_puzzled() {
        let (mut puzzled, now) = (Puzzled::new(), Instant::now());
        for _ in 0..3 {
            puzzled.ask(addr(1), "a", "", now);
            assert!(!puzzled.contains(addr(1)));
            puzzled.answered(addr(1), "a");
        }
    }

    #[test]
    fn who_comes_again_without_an_answer_is_and_stays_so() {
        let (mut puzzled, now) = (Puzzled::new(), Instant::now());
        puzzled.ask(addr(1), "a", "", now);
        assert!(!puzzled.contains(addr(1)));
        puzzled.ask(addr(1), "another call", "", now);
        assert!(!puzzled.contains(addr(1)), "two calls may begin at once");
        puzzled.ask(addr(1), "a", "", now);
        assert!(puzzled.contains(addr(1)));
        puzzled.answered(addr(1), "a");
        puzzled.ask(addr(1), "its first INVITE", "", now);
        assert!(puzzled.contains(addr(1)));
        puzzled.ask(addr(2), "a", "", now);
        assert!(!puzzled.contains(addr(2)), "somebody else");
    }

    #[test]
    fn who_is_known_need_not_come_twice() {
        let (mut puzzled, now) = (Puzzled::new(), Instant::now());
        puzzled.ask(addr(1), "a", "baresip v1.0.0 (x86_64/linux)", now);
        puzzled.ask(addr(2), "b", "baresip v4.10.0 (x86_64/Linux)", now);
        assert!(puzzled.contains(addr(1)) && !puzzled.contains(addr(2)));
    }
}
