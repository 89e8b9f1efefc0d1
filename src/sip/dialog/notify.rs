//! What we tell somebody who sent REFER: one subscription a REFER, its NOTIFYs one after the other (RFC 3515 2.4).

use crate::sip::wire::StatusCode;
use std::collections::VecDeque;

/// How many subscriptions a dialog may have, and how many NOTIFYs may wait in one.
const MOST: usize = 8;

/// What a NOTIFY says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// CSeq of the REFER; said in `Event: refer;id=` where there was one before.
    pub(crate) id: Option<u32>,
    /// The status line of the sipfrag.
    pub(crate) status: StatusCode,
    /// The reason phrase; empty means the usual one.
    pub(crate) reason: String,
}

impl Notice {
    /// Whether it is the last of its subscription.
    pub(crate) fn ends(&self) -> bool {
        self.status.0 >= 200
    }
}

/// The subscriptions of one dialog.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    open: Vec<Subscription>,
    /// How many REFERs were accepted with a subscription.
    count: u32,
}

#[derive(Debug)]
struct Subscription {
    cseq: u32,
    id: Option<u32>,
    waiting: VecDeque<Notice>,
    in_flight: bool,
    /// The final status was told to us: nothing more is taken.
    closed: bool,
}

impl Subscriptions {
    /// Whether so many more would be too many.
    pub(crate) fn full_with(&self, more: usize) -> bool {
        self.open.len() + more >= MOST
    }

    /// A REFER was accepted, its first NOTIFY (100) waits. False: there are too many.
    pub(crate) fn open(&mut self, cseq: u32) -> bool {
        if self.open.len() == MOST {
            return false;
        }
        let id = (self.count > 0).then_some(cseq);
        self.count += 1;
        let trying = Notice { id, status: StatusCode(100), reason: String::new() };
        self.open.push(Subscription { cseq, id, waiting: VecDeque::from([trying]), in_flight: false, closed: false });
        true
    }

    /// Something is to be told; it goes to the latest REFER that has not heard its end. Dropped where there is none.
    pub(crate) fn tell(&mut self, status: StatusCode, reason: String) {
        let Some(subscription) = self.open.iter_mut().rev().find(|subscription| !subscription.closed) else { return };
        let notice = Notice { id: subscription.id, status, reason };
        subscription.closed = notice.ends();
        // Of several provisional ones only the newest is news.
        if subscription.waiting.len() == MOST {
            subscription.waiting.pop_front();
        }
        subscription.waiting.push_back(notice);
    }

    /// A NOTIFY that may go out now, with the name of its subscription.
    pub(crate) fn next(&mut self) -> Option<(u32, Notice)> {
        let ready = |subscription: &&mut Subscription| !subscription.in_flight && !subscription.waiting.is_empty();
        let subscription = self.open.iter_mut().find(ready)?;
        subscription.in_flight = true;
        Some((subscription.cseq, subscription.waiting.pop_front()?))
    }

    /// The NOTIFY of that subscription was answered; `alive` is false when the peer does not want more (481, no answer).
    pub(crate) fn answered(&mut self, cseq: u32, alive: bool) {
        for subscription in self.open.iter_mut().filter(|subscription| subscription.cseq == cseq) {
            subscription.in_flight = false;
            if !alive {
                subscription.waiting.clear();
                subscription.closed = true;
            }
        }
        self.open
            .retain(|subscription| subscription.in_flight || !subscription.closed || !subscription.waiting.is_empty());
    }

    /// Whether a NOTIFY waits or is not answered yet.
    pub(crate) fn busy(&self) -> bool {
        self.open.iter().any(|subscription| subscription.in_flight || !subscription.waiting.is_empty())
    }

    /// The leg is hung up: nothing new will be told.
    pub(crate) fn close(&mut self) {
        for subscription in &mut self.open {
            subscription.closed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(id: Option<u32>, status: u16) -> Notice {
        Notice { id, status: StatusCode(status), reason: String::new() }
    }

    #[test]
    fn the_next_notify_waits_for_the_answer_to_the_one_before() {
        let mut subscriptions = Subscriptions::default();
        assert!(subscriptions.open(5));
        subscriptions.tell(StatusCode(180), String::new());
        assert_eq!(subscriptions.next(), Some((5, notice(None, 100))));
        assert_eq!(subscriptions.next(), None);
        subscriptions.answered(5, true);
        assert_eq!(subscriptions.next(), Some((5, notice(None, 180))));
        subscriptions.tell(StatusCode(200), String::new());
        subscriptions.answered(5, true);
        assert_eq!(subscriptions.next(), Some((5, notice(None, 200))));
        subscriptions.answered(5, true);
        assert!(!subscriptions.busy());
        assert!(subscriptions.open.is_empty());
    }

    #[test]
    fn the_second_refer_is_named_in_its_notifies() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.open(5);
        subscriptions.tell(StatusCode(486), String::new());
        subscriptions.open(9);
        subscriptions.tell(StatusCode(200), String::new());
        let mut told = Vec::new();
        while let Some((cseq, notice)) = subscriptions.next() {
            subscriptions.answered(cseq, true);
            told.push((notice.id, notice.status.0));
        }
        assert_eq!(told, [(None, 100), (None, 486), (Some(9), 100), (Some(9), 200)]);
    }

    #[test]
    fn those_that_wait_for_an_answer_count_too() {
        let mut subscriptions = Subscriptions::default();
        for cseq in 0..6 {
            subscriptions.open(cseq);
        }
        assert!(!subscriptions.full_with(1));
        assert!(subscriptions.full_with(2));
    }

    #[test]
    fn a_refused_notify_ends_its_subscription() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.open(5);
        subscriptions.next();
        subscriptions.tell(StatusCode(180), String::new());
        subscriptions.answered(5, false);
        assert!(!subscriptions.busy());
        subscriptions.tell(StatusCode(200), String::new());
        assert_eq!(subscriptions.next(), None);
    }
}
