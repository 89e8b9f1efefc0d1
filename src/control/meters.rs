//! Counts of the threads that must not wait: relaxed atomics, each written by few and read by whoever asks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// All of them; clones are the same ones.
#[derive(Clone, Debug, Default)]
pub struct Meters(Arc<All>);

#[derive(Debug, Default)]
struct All {
    received: Messages,
    sent: Messages,
    ticks: Lateness,
}

/// SIP messages of one direction.
#[derive(Debug)]
struct Messages {
    requests: [AtomicU64; METHODS.len() + 1],
    responses: Vec<AtomicU64>,
}

/// How late the ticks of the media threads came.
#[derive(Debug, Default)]
struct Lateness {
    buckets: [AtomicU64; TICK_BUCKETS_MS.len() + 1],
    us: AtomicU64,
}

/// The methods that are counted each for itself; all others are one.
pub const METHODS: [&str; 14] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "REGISTER",
    "OPTIONS",
    "INFO",
    "REFER",
    "NOTIFY",
    "UPDATE",
    "PRACK",
    "SUBSCRIBE",
    "MESSAGE",
    "PUBLISH",
];
/// Upper ends of the buckets of ticks, ms.
pub const TICK_BUCKETS_MS: [u64; 7] = [1, 2, 5, 10, 20, 50, 100];
/// Status codes end before this.
const CODES: usize = 700;

impl Meters {
    /// A SIP message came or went. It is not parsed: its first word says enough.
    pub fn message(&self, sent: bool, datagram: &[u8]) {
        let messages = if sent { &self.0.sent } else { &self.0.received };
        if let Some(status) = datagram.strip_prefix(b"SIP/2.0 ") {
            let code = status.get(..3).and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok());
            if let Some(count) = code.and_then(|code| messages.responses.get(code)) {
                count.fetch_add(1, Relaxed);
            }
            return;
        }
        let named = |method: &&str| {
            datagram.starts_with(method.as_bytes()) && datagram.get(method.len()).is_some_and(|byte| *byte == b' ')
        };
        let at = METHODS.iter().position(named).unwrap_or(METHODS.len());
        // A lone line end keeps a NAT open and is no request.
        if at < METHODS.len() || datagram.first().is_some_and(u8::is_ascii_alphabetic) {
            messages.requests[at].fetch_add(1, Relaxed);
        }
    }

    /// A tick of a media thread came so late.
    pub fn tick(&self, late: Duration) {
        let ms = late.as_millis();
        let at = TICK_BUCKETS_MS.iter().position(|end| ms < u128::from(*end)).unwrap_or(TICK_BUCKETS_MS.len());
        self.0.ticks.buckets[at].fetch_add(1, Relaxed);
        self.0.ticks.us.fetch_add(u64::try_from(late.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Requests of each method that came or went, as far as there were any.
    pub fn requests(&self, sent: bool) -> Vec<(&'static str, u64)> {
        let messages = if sent { &self.0.sent } else { &self.0.received };
        let names = METHODS.into_iter().chain(["other"]);
        let counts = names.zip(&messages.requests).map(|(name, count)| (name, count.load(Relaxed)));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// Responses of each status that came or went, as far as there were any.
    pub fn responses(&self, sent: bool) -> Vec<(usize, u64)> {
        let messages = if sent { &self.0.sent } else { &self.0.received };
        let counts = messages.responses.iter().map(|count| count.load(Relaxed)).enumerate();
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// Ticks by how late they were (`TICK_BUCKETS_MS`, and those beyond), and us of lateness in all.
    pub fn ticks(&self) -> (Vec<u64>, u64) {
        let ticks = &self.0.ticks;
        (ticks.buckets.iter().map(|count| count.load(Relaxed)).collect(), ticks.us.load(Relaxed))
    }
}

impl Default for Messages {
    fn default() -> Self {
        Self { requests: Default::default(), responses: (0..CODES).map(|_| AtomicU64::new(0)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_by_their_first_word() {
        let meters = Meters::default();
        for datagram in
            ["INVITE sip:x", "INVITE sip:y", "INVITED sip:x", "\r\n\r\n", "SIP/2.0 200 OK", "SIP/2.0 9x", ""]
        {
            meters.message(false, datagram.as_bytes());
        }
        meters.message(true, b"SIP/2.0 486 Busy Here");
        assert_eq!(meters.requests(false), [("INVITE", 2), ("other", 1)]);
        assert_eq!((meters.responses(false), meters.responses(true)), (vec![(200, 1)], vec![(486, 1)]));
        assert_eq!(meters.requests(true), []);
    }

    #[test]
    fn ticks_are_counted_by_how_late_they_are() {
        let meters = Meters::default();
        for us in [10, 999, 1000, 25_000, 5_000_000] {
            meters.tick(Duration::from_micros(us));
        }
        assert_eq!(meters.ticks(), (vec![2, 1, 0, 0, 0, 1, 0, 1], 5_027_009));
    }
}
