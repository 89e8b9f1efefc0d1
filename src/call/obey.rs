//! Wishes of programs: each is checked whole before anything is done, so that a refused one changes nothing.

use super::{Call, Refused, Verb};
use crate::{
    destination::Plan,
    ids::{AttemptId, GatherId, LegId, PlayId, RecordingId, TransferId},
};
use std::time::Instant;

/// What a granted wish began, by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The leg that it was about.
    pub leg: Option<LegId>,
    /// A transfer.
    pub transfer: Option<TransferId>,
    /// An attempt to reach somebody.
    pub attempt: Option<AttemptId>,
    /// Something that is played.
    pub play: Option<PlayId>,
    /// Digits that are gathered.
    pub gather: Option<GatherId>,
    /// A recording.
    pub recording: Option<RecordingId>,
}

impl Call {
    /// Whether what a wish names without naming a leg is here.
    pub fn knows(&self, verb: &Verb) -> bool {
        if let Verb::Swap { transfer }
        | Verb::Merge { transfer }
        | Verb::Complete { transfer }
        | Verb::Cancel { transfer } = verb
        {
            return self.stories.contains_key(transfer);
        }
        if let Verb::CallOff { attempt } = verb {
            return self.dials.values().any(|dial| dial.order.as_ref().is_some_and(|order| order.id == *attempt));
        }
        false
    }

    /// A wish of a program. `plan` is where the one leads who is to be called (`Verb::approach`).
    ///
    /// # Errors
    /// Why it cannot be; then nothing has changed.
    pub fn obey(&mut self, verb: Verb, _plan: Option<Plan>, now: Instant) -> Result<Done, Refused> {
        self.now = now;
        if let Some(leg) = verb.leg()
            && !self.legs.contains_key(&leg)
        {
            return Err(Refused::UnknownLeg);
        }
        Err(Refused::Unsupported("not yet"))
    }
}
