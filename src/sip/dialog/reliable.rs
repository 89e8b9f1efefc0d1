//! Reliable provisional responses (RFC 3262): ours are repeated until PRACK, in order; the peer's are taken once.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// How many provisionals may wait behind one that is not acknowledged yet.
const QUEUE: usize = 8;

/// Our reliable provisionals of one INVITE. `R` is a response as it goes out.
#[derive(Debug)]
pub(crate) struct Provisionals<R> {
    next_rseq: u32,
    outstanding: Option<Outstanding<R>>,
    waiting: VecDeque<R>,
}

#[derive(Debug)]
struct Outstanding<R> {
    rseq: u32,
    response: R,
    since: Instant,
    interval: Duration,
}

/// What a repetition timer comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Repeat<R> {
    /// Send it again, and look again at this time.
    Again(R, Instant),
    /// 64*T1 without PRACK: the INVITE is refused with a 5xx (RFC 3262 3).
    GiveUp,
    /// Nothing is outstanding.
    Nothing,
}

impl<R: Clone> Provisionals<R> {
    /// None sent; `first` is the first RSeq, from 1 to 2^31 - 1.
    pub(crate) fn new(first: u32) -> Self {
        Self { next_rseq: first.clamp(1, 0x7fff_ffff), outstanding: None, waiting: VecDeque::new() }
    }

    /// Whether one waits for its PRACK.
    pub(crate) fn busy(&self) -> bool {
        self.outstanding.is_some()
    }

    /// Keeps `response` until those before it are acknowledged. When too many wait, the oldest of them is forgotten.
    pub(crate) fn queue(&mut self, response: R) {
        if self.waiting.len() == QUEUE {
            self.waiting.pop_front();
        }
        self.waiting.push_back(response);
    }

    /// The next to send, if none is outstanding: number it, send it, then say so with [`Self::sent`].
    pub(crate) fn next(&mut self) -> Option<(u32, R)> {
        if self.busy() {
            return None;
        }
        let response = self.waiting.pop_front()?;
        let rseq = self.next_rseq;
        self.next_rseq += 1;
        Some((rseq, response))
    }

    /// `response` went out with `rseq`; the result is when to look at it again.
    pub(crate) fn sent(&mut self, rseq: u32, response: R, now: Instant, t1: Duration) -> Instant {
        self.outstanding = Some(Outstanding { rseq, response, since: now, interval: t1 });
        now + t1
    }

    /// A PRACK that names `rseq`: whether it matches what is outstanding, which is then done.
    pub(crate) fn acknowledge(&mut self, rseq: u32) -> bool {
        let matches = self.outstanding.as_ref().is_some_and(|outstanding| outstanding.rseq == rseq);
        if matches {
            self.outstanding = None;
        }
        matches
    }

    /// The time that [`Self::sent`] or [`Repeat::Again`] named has come. Intervals double without a cap (RFC 3262 3).
    pub(crate) fn repeat(&mut self, now: Instant, t1: Duration) -> Repeat<R> {
        let Some(outstanding) = &mut self.outstanding else { return Repeat::Nothing };
        let end = outstanding.since + 64 * t1;
        if now >= end {
            return Repeat::GiveUp;
        }
        outstanding.interval *= 2;
        Repeat::Again(outstanding.response.clone(), (now + outstanding.interval).min(end))
    }
}

/// The peer's reliable provisionals of one early dialog.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received {
    last: Option<u32>,
}

impl Received {
    /// Whether the provisional with this RSeq is the next in order. A repetition or one out of order is not
    /// acknowledged (RFC 3262 4).
    pub(crate) fn take(&mut self, rseq: u32) -> bool {
        let next = self.last.is_none_or(|last| last.checked_add(1) == Some(rseq));
        if next {
            self.last = Some(rseq);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "one starting point")]
    use super::*;

    const T1: Duration = Duration::from_millis(500);

    #[test]
    fn the_second_waits_for_the_prack_of_the_first() {
        let now = Instant::now();
        let mut provisionals = Provisionals::new(7);
        provisionals.queue("180");
        provisionals.queue("183");
        let (rseq, first) = provisionals.next().expect("one waits");
        assert_eq!((rseq, first), (7, "180"));
        provisionals.sent(rseq, first, now, T1);
        assert_eq!(provisionals.next(), None);
        assert!(!provisionals.acknowledge(6));
        assert!(provisionals.acknowledge(7));
        assert!(!provisionals.acknowledge(7));
        assert_eq!(provisionals.next(), Some((8, "183")));
    }

    #[test]
    fn it_is_repeated_with_doubled_intervals_until_64_t1() {
        let start = Instant::now();
        let mut provisionals = Provisionals::new(1);
        let mut at = provisionals.sent(1, "183", start, T1);
        let mut times = 0;
        while let Repeat::Again(_, next) = provisionals.repeat(at, T1) {
            times += 1;
            at = next;
        }
        assert_eq!((times, at - start), (6, 64 * T1));
        assert_eq!(provisionals.repeat(at, T1), Repeat::GiveUp);
    }

    #[test]
    fn the_peers_are_taken_once_and_in_order() {
        let mut received = Received::default();
        assert!(received.take(41));
        assert!(!received.take(41));
        assert!(!received.take(43));
        assert!(received.take(42));
    }
}
