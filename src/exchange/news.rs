//! What is told of calls and queues, for whoever watches.

use super::{QueueView, wiring::Exchange};
use crate::{
    call::{self, Call, CallView, Epoch, LegView, Stamp, TransferView},
    ids::{CallId, WishId},
};
use std::{sync::Arc, time::Instant};

/// Something that happened, with what is so after it.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// In which call.
    pub call: CallId,
    /// What.
    pub event: call::Event,
    /// When, if somebody watches (`Exchange::watch`); and then all of these are there that the event is about.
    pub at: Option<Stamp>,
    /// The call, as it is after the event.
    pub state: Option<Arc<CallView>>,
    /// The call that a leg left for this one, as it is without it; if it goes on.
    pub left: Option<Arc<CallView>>,
    /// The leg, as it is after the event, or as it was in its end.
    pub leg: Option<Box<LegView>>,
    /// The transfer, as it is after the event.
    pub transfer: Option<Box<TransferView>>,
    /// The queue, as it is after the event.
    pub queue: Option<Box<QueueView>>,
    /// The wish that caused it at once.
    pub cause: Option<WishId>,
}

/// News kept for a reader that is slow.
const NEWS_KEPT: usize = 65_536;

impl Exchange {
    /// The next thing that a call tells.
    pub fn next_news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// Somebody watches from now on: news come with the state of what they are about, and with the time by this clock. Until then
    /// all that costs nothing.
    pub fn watch(&mut self, epoch: Epoch) {
        self.epoch = Some(epoch);
        self.calls.values_mut().for_each(|line| line.call.watch(epoch));
    }

    /// Keeps something to tell, at the cost of the oldest if nobody reads.
    pub(super) fn tell(
        &mut self,
        id: CallId,
        event: call::Event,
        leg: Option<Box<LegView>>,
        transfer: Option<Box<TransferView>>,
        now: Instant,
    ) {
        self.publish(
            News { call: id, event, at: None, state: None, left: None, leg, transfer, queue: None, cause: self.cause },
            now,
        );
    }

    /// The same of somebody in a queue.
    pub(super) fn tell_with_queue(
        &mut self,
        call: CallId,
        event: call::Event,
        queue: Option<Box<QueueView>>,
        now: Instant,
    ) {
        let (leg, transfer, cause) = (None, None, self.cause);
        self.publish(News { call, event, at: None, state: None, left: None, leg, transfer, queue, cause }, now);
    }

    fn publish(&mut self, mut news: News, now: Instant) {
        if self.news.len() >= NEWS_KEPT {
            self.news.pop_front();
            self.missed_news += 1;
        }
        if let Some(epoch) = self.epoch {
            news.at = Some(epoch.stamp(now));
            if let Some(line) = self.calls.get(&news.call) {
                news.show(&line.call, epoch);
            }
            if let call::Event::LegMoved { from, .. } = news.event {
                news.left = self.calls.get(&from).map(|line| Arc::new(line.call.view(epoch)));
            }
        }
        self.news.push_back(news);
    }
}

impl News {
    /// With what is so after it.
    fn show(&mut self, call: &Call, epoch: Epoch) {
        self.state = Some(Arc::new(call.view(epoch)));
        if self.leg.is_none() {
            self.leg = self.event.leg().and_then(|leg| call.leg_view(leg, epoch)).map(Box::new);
        }
        if self.transfer.is_none() {
            self.transfer = self.event.transfer().and_then(|id| call.transfer_view(id, epoch)).map(Box::new);
        }
    }
}
