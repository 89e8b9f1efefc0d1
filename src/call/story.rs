//! What is told of a transfer: who hands whom to whom, how far it is, how it ended. The machines that do it are elsewhere.

use super::{Action, Call, Event, Outcome, cold::Transferor, view::TransferKind, view::TransferPhase};
use crate::{
    destination::Origin,
    ids::{LegId, TransferId},
};
use std::time::Instant;

/// A transfer as it is told.
#[derive(Clone, Debug)]
pub(super) struct Story {
    pub(super) id: TransferId,
    pub(super) kind: TransferKind,
    pub(super) transferor: LegId,
    pub(super) by: Origin,
    pub(super) callers: Vec<LegId>,
    pub(super) to: String,
    pub(super) target: Option<LegId>,
    pub(super) phase: TransferPhase,
    pub(super) started: Instant,
    pub(super) end: Option<(Outcome, u16, String)>,
}

impl Call {
    /// A transfer begins, and is told.
    pub(super) fn transfer_started(&mut self, leg: LegId, to: String, kind: TransferKind) -> TransferId {
        match self.legs.get(&leg).map(|party| party.origin.clone()) {
            Some(by) => self.story_begins(leg, by, to, kind),
            None => TransferId(self.numbers.next()),
        }
    }

    /// The same, by one who may be gone.
    pub(super) fn story_begins(&mut self, leg: LegId, by: Origin, to: String, kind: TransferKind) -> TransferId {
        let id = TransferId(self.numbers.next());
        let (callers, target) = (self.others(leg), to.clone());
        let (phase, started) = (TransferPhase::Started, self.now);
        let story = Story { id, kind, transferor: leg, by, callers, to, target: None, phase, started, end: None };
        self.stories.insert(id, story);
        let attended = matches!(kind, TransferKind::Attended | TransferKind::Warm);
        self.tell(Event::TransferStarted { transfer: id, transferor: leg, target, attended });
        id
    }

    /// A transfer goes on.
    pub(super) fn transfer_goes_on(&mut self, transfer: TransferId, phase: TransferPhase) {
        let Some(story) = self.stories.get_mut(&transfer) else { return };
        if story.phase != phase {
            story.phase = phase;
            // As it is at this moment: the next may be its last.
            let view = self.epoch.map(|epoch| Box::new(story.view(epoch)));
            self.act(Action::Tell { event: Event::TransferPhase { transfer, phase }, leg: None, transfer: view });
        }
    }

    /// The target of a transfer has a leg.
    pub(super) fn transfer_target(&mut self, transfer: TransferId, target: LegId) {
        if let Some(story) = self.stories.get_mut(&transfer) {
            story.target = Some(target);
        }
    }

    /// A transfer is over.
    pub(super) fn transfer_ended(&mut self, transfer: TransferId, outcome: Outcome, status: u16, reason: String) {
        let Some(mut story) = self.stories.remove(&transfer) else { return };
        story.phase = TransferPhase::Ended;
        for leg in story.callers.clone() {
            self.no_waiting(leg);
        }
        story.end = Some((outcome, status, reason.clone()));
        let event = Event::TransferEnded { transfer, transferor: story.transferor, outcome, status, reason };
        let transfer = self.epoch.map(|epoch| Box::new(story.view(epoch)));
        self.act(Action::Tell { event, leg: None, transfer });
    }

    /// A transfer whose outcome was told (a target that still rang counted as reached) goes wrong after all, or was another call's.
    pub(super) fn reopen_story(&mut self, by: &mut Transferor) {
        if self.stories.contains_key(&by.transfer) {
            return;
        }
        by.transfer = TransferId(self.numbers.next());
        let story = Story {
            id: by.transfer,
            kind: TransferKind::Attended,
            transferor: by.told_as,
            by: by.origin.clone(),
            callers: self.present(),
            to: String::new(),
            target: None,
            phase: TransferPhase::Started,
            started: self.now,
            end: None,
        };
        self.stories.insert(by.transfer, story);
    }
}
