//! Programs, as the signalling thread sees them: orders come in, answers and news go out.

use crate::{
    call::{Epoch, Refused, Stamp},
    control::{Happened, Hub, Inbox, Order},
    exchange::{self, Granted, Wish},
    switch,
};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The signalling thread's side of [`crate::control`].
pub(super) struct Programs {
    inbox: Inbox,
    hub: Hub,
    epoch: Epoch,
}

impl Programs {
    pub(super) fn new(inbox: Inbox, hub: Hub, epoch: Epoch) -> Self {
        Self { inbox, hub, epoch }
    }

    /// Waits for an order.
    pub(super) async fn next(&mut self) -> Option<Order> {
        self.inbox.next().await
    }

    /// Has orders carried out.
    pub(super) fn carry_out(&mut self, first: Order, obey: impl FnMut(Wish) -> Result<Granted, Refused>) {
        self.inbox.carry_out(first, obey);
    }

    /// What a moment is in the calendar.
    pub(super) fn stamp(&self, at: Instant) -> Stamp {
        self.epoch.stamp(at)
    }

    /// The switch is being stopped: those who ask are told so.
    pub(super) fn drain(&self) {
        self.inbox.drain();
    }

    /// Orders that wait.
    pub(super) fn waiting(&self) -> usize {
        self.inbox.len()
    }

    /// Something happened in a call. Without a stamp nobody watches.
    pub(super) fn happened(&self, news: exchange::News) {
        if let Some(at) = news.at {
            self.hub.publish(at, Happened::Call(Box::new(news)));
        }
    }

    /// Something happened at the switchboard.
    pub(super) fn at_switchboard(&self, event: &switch::Event, now: Instant) {
        let stamp = |at| self.epoch.stamp(at);
        self.hub.publish(stamp(now), Happened::at_switchboard(event, stamp));
    }

    /// Everything that happened is published: whoever waits for it, or for an answer, is told.
    pub(super) fn settle(&mut self) {
        self.hub.tell();
        self.inbox.settle();
    }
}

/// What time of the calendar it is now, and that in us since 1970.
pub(super) fn epoch() -> (Epoch, u64) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let unix = |count: u128| u64::try_from(count).unwrap_or(u64::MAX);
    (Epoch { at: Instant::now(), unix_ms: unix(since.as_millis()) }, unix(since.as_micros()))
}
