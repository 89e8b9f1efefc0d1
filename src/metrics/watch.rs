//! What the news give to count.

use super::page::{Counts, Direction, Page, Status, Transfer};
use crate::{
    call::{Event, LegDirection, LegView, QualityView, Stamp},
    control::{Happened, News, Read, Reader},
};
use serde::Serialize;

/// Counts what comes, for ever.
pub async fn watch(page: Page, mut reader: Reader) {
    while let Some(read) = reader.next().await {
        match read {
            Read::News(news) => news.iter().for_each(|news| page.counts.learn(news)),
            Read::Missed { from, to } => {
                page.counts.missed.inc_by(to - from + 1);
            }
        }
    }
}

impl Counts {
    fn learn(&self, news: &News) {
        self.events.inc();
        let Happened::Call(call) = &news.what else { return };
        match (&call.event, call.leg.as_deref()) {
            (Event::CallStarted, _) => {
                self.calls.inc();
            }
            (Event::LegStarted { incoming, .. }, _) => {
                let direction = if *incoming { "incoming" } else { "outgoing" };
                self.legs.get_or_create(&Direction { direction }).inc();
            }
            (Event::LegAnswered { .. }, Some(leg)) => self.answered(leg),
            (Event::LegEnded { status, .. }, leg) => {
                self.ended.get_or_create(&Status { status: *status }).inc();
                if let Some((from, to)) = leg.and_then(|leg| leg.answered_at.zip(leg.ended_at)) {
                    self.talk.observe(seconds(from, to));
                }
            }
            (Event::Hold { held: true, .. }, _) => {
                self.holds.inc();
            }
            (Event::TransferEnded { outcome, .. }, _) => {
                let kind = call.transfer.as_ref().map(|transfer| word(&transfer.kind)).unwrap_or_default();
                self.transfers.get_or_create(&Transfer { kind, outcome: word(outcome) }).inc();
            }
            (Event::Quality { quality, .. }, _) if quality.last => self.quality(QualityView::from(**quality)),
            _ => {}
        }
    }

    fn answered(&self, leg: &LegView) {
        // How long a caller waits; a leg that we call is part of that.
        if let (LegDirection::Incoming, Some(at)) = (leg.direction, leg.answered_at) {
            self.setup.observe(seconds(leg.started_at, at));
        }
    }

    fn quality(&self, quality: QualityView) {
        self.received.inc_by(quality.received);
        self.lost.inc_by(quality.lost);
        self.jitter.observe(f64::from(quality.jitter_ms) / 1000.0);
        if let Some(mos) = quality.mos {
            self.mos.observe(f64::from(mos));
        }
    }
}

fn seconds(from: Stamp, to: Stamp) -> f64 {
    to.0.saturating_sub(from.0) as f64 / 1000.0
}

/// The word that programs see.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}
