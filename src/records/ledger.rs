//! From news to rows. Pure.

use super::record::{Handover, Record};
use crate::{
    call::{Event, LegDirection, LegView, QualityView, Stamp, TransferView},
    control::{Happened, News},
    ids::{CallId, LegId},
};
use std::collections::HashMap;

/// Which chain everybody alive belongs to.
#[derive(Debug)]
pub(super) struct Ledger {
    /// Names this life of the program: leg numbers begin anew with each.
    run: u64,
    legs: HashMap<LegId, String>,
    calls: HashMap<CallId, String>,
}

/// Something to be written.
#[derive(Debug)]
pub(super) enum Entry {
    /// A leg that began or ended, whole.
    Leg(Box<Record>),
    /// The last figures of a leg that has ended.
    Quality { id: String, quality: QualityView },
    /// A transfer that ended.
    Handover(Box<Handover>),
}

impl Ledger {
    pub(super) fn new(run: u64) -> Self {
        Self { run, legs: HashMap::new(), calls: HashMap::new() }
    }

    /// What the news give to write.
    pub(super) fn learn(&mut self, news: &News) -> Vec<Entry> {
        let Happened::Call(call) = &news.what else { return Vec::new() };
        let leg = call.leg.as_deref();
        match (&call.event, leg) {
            (Event::LegStarted { leg, .. }, Some(view)) => vec![self.started(call.call, *leg, view)],
            (Event::LegAnswered { leg }, Some(view)) => {
                let chain = self.chain(*leg);
                vec![self.record(chain, view, None)]
            }
            (Event::LegMoved { leg, .. }, _) => {
                let chain = self.chain(*leg);
                self.calls.entry(call.call).or_insert(chain);
                Vec::new()
            }
            (Event::LegEnded { leg, status, reason }, Some(view)) => {
                let chain = self.legs.remove(leg).unwrap_or_else(|| self.name(*leg));
                vec![self.record(chain, view, Some((*status, reason.clone())))]
            }
            // It comes when the leg is gone.
            (Event::Quality { leg, quality }, _) if quality.last => {
                vec![Entry::Quality { id: self.name(*leg), quality: QualityView::from(**quality) }]
            }
            (Event::TransferEnded { .. }, _) => {
                call.transfer.as_deref().map(|view| self.handed_over(call.call, news.at, view)).unwrap_or_default()
            }
            (Event::CallEnded, _) => {
                self.calls.remove(&call.call);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Who calls begins a chain of its own; who is called belongs to the one whose call it is.
    fn started(&mut self, call: CallId, leg: LegId, view: &LegView) -> Entry {
        let own = self.name(leg);
        let chain = match view.direction {
            LegDirection::Incoming => own.clone(),
            LegDirection::Outgoing => self.calls.get(&call).cloned().unwrap_or_else(|| own.clone()),
        };
        self.calls.entry(call).or_insert(own);
        self.legs.insert(leg, chain.clone());
        self.record(chain, view, None)
    }

    fn handed_over(&self, call: CallId, at: Stamp, view: &TransferView) -> Vec<Entry> {
        let whose = if view.callers.is_empty() { std::slice::from_ref(&view.transferor) } else { &view.callers };
        let entry = |caller: &LegId| {
            Entry::Handover(Box::new(Handover {
                chain: self.chain(*caller),
                call,
                at,
                from: self.name(view.transferor),
                to: view.target.map(|target| self.name(target)),
                transfer: view.clone(),
            }))
        };
        whose.iter().map(entry).collect()
    }

    fn record(&self, chain: String, view: &LegView, end: Option<(u16, String)>) -> Entry {
        let ms = |from: Stamp, to: Stamp| to.0.saturating_sub(from.0) as f64 / 1000.0;
        let (status, reason) = end.unzip();
        Entry::Leg(Box::new(Record {
            id: self.name(view.id),
            chain,
            status,
            reason,
            talk_s: view.answered_at.zip(view.ended_at).map(|(from, to)| ms(from, to)),
            interrupted: false,
            leg: view.clone(),
        }))
    }

    fn chain(&self, leg: LegId) -> String {
        self.legs.get(&leg).cloned().unwrap_or_else(|| self.name(leg))
    }

    fn name(&self, leg: LegId) -> String {
        format!("{}-{}", self.run, leg.0)
    }
}
