//! Addresses that try passwords are ignored for a while.

use super::{Event, Security, recent::Recent};
use crate::deadlines::Deadlines;
use std::{
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

/// How long a failed login counts.
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses watched; beyond that the least recent are forgotten.
const MAX_WATCHED: usize = 10_000;
/// Addresses banned at once; beyond that the ban that would end first ends.
const MAX_BANNED: usize = 100_000;

/// Who failed to log in, and who is banned for it.
#[derive(Debug)]
pub(super) struct Bans {
    allowed: u32,
    length: Duration,
    failures: Recent<IpAddr, Failures>,
    banned: Deadlines<IpAddr>,
}

/// Failed logins of one address since the first of its minute.
#[derive(Debug, Default)]
struct Failures {
    since: Option<Instant>,
    count: u32,
}

impl Bans {
    pub(super) fn new(security: &Security) -> Self {
        Self {
            allowed: security.login_failures,
            length: security.ban,
            failures: Recent::new(MAX_WATCHED, WINDOW),
            banned: Deadlines::new(),
        }
    }

    /// Other rules from now on. Who is banned stays so for as long as he was told, unless nobody is to be banned any more.
    pub(super) fn obey(&mut self, security: &Security) {
        (self.allowed, self.length) = (security.login_failures, security.ban);
        if self.allowed == 0 || self.length.is_zero() {
            self.banned = Deadlines::new();
        }
    }

    /// A password was wrong. Tells of the ban if that was one too many.
    pub(super) fn failed(&mut self, address: IpAddr, now: Instant) -> Option<Event> {
        if self.allowed == 0 || self.length.is_zero() {
            return None;
        }
        let host = household(address);
        let failures = self.failures.entry(host, now);
        if failures.since.is_none_or(|since| now.saturating_duration_since(since) >= WINDOW) {
            *failures = Failures { since: Some(now), count: 0 };
        }
        failures.count += 1;
        if failures.count < self.allowed {
            return None;
        }
        self.failures.remove(&host);
        if self.banned.len() >= MAX_BANNED
            && let Some(first) = self.banned.next()
        {
            self.banned.pop_due(first);
        }
        self.banned.set(host, now + self.length);
        Some(Event::Banned { address, seconds: self.length.as_secs() })
    }

    /// Whether the address is to be ignored.
    pub(super) fn is_banned(&self, address: IpAddr, now: Instant) -> bool {
        !self.banned.is_empty() && self.banned.get(household(address)).is_some_and(|until| until > now)
    }

    /// Bans that are over are forgotten.
    pub(super) fn wake(&mut self, now: Instant) {
        while self.banned.pop_due(now).is_some() {}
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.banned.next()
    }
}

/// The address as one party has it: with IPv6 everybody has at least the 2^64 of a network (RFC 6177 2).
pub(super) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a starting point")]
mod tests {
    use super::*;

    fn bans() -> Bans {
        Bans::new(&Security {
            digest: Vec::new(),
            login_failures: 3,
            ban: Duration::from_secs(300),
            requests_per_second: 0,
        })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_last_allowed_failure_within_a_minute_bans_for_the_time_said() {
        let (mut bans, start, bad) = (bans(), Instant::now(), address("198.51.100.9"));
        let at = |s| start + Duration::from_secs(s);
        assert_eq!(bans.failed(bad, at(0)), None);
        assert_eq!(bans.failed(bad, at(30)), None);
        assert_eq!(bans.failed(bad, at(59)), Some(Event::Banned { address: bad, seconds: 300 }));
        assert!(bans.is_banned(bad, at(59)) && !bans.is_banned(address("198.51.100.8"), at(59)));
        assert_eq!(bans.next_deadline(), Some(at(359)));
        bans.wake(at(359));
        assert_eq!((bans.is_banned(bad, at(359)), bans.next_deadline()), (false, None));
    }

    #[test]
    fn failures_of_the_minute_before_do_not_count() {
        let (mut bans, start, clumsy) = (bans(), Instant::now(), address("198.51.100.9"));
        for minute in 0..20 {
            for second in [0, 1] {
                assert_eq!(bans.failed(clumsy, start + Duration::from_secs(minute * 60 + second)), None);
            }
        }
    }

    #[test]
    fn all_addresses_of_an_ipv6_network_are_one() {
        let (mut bans, start) = (bans(), Instant::now());
        for host in ["2001:db8::1", "2001:db8::2", "2001:db8::3"] {
            bans.failed(address(host), start);
        }
        assert!(bans.is_banned(address("2001:db8::ffff"), start));
        assert!(!bans.is_banned(address("2001:db8:0:1::1"), start));
    }
}
