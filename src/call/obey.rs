//! Wishes of programs: each is checked whole before anything is done, so that a refused one changes nothing.

use super::{Call, Refused, Verb, ending::plain_failure, leg::Dialog};
use crate::{
    destination::Plan,
    ids::{AttemptId, GatherId, LegId, PlayId, RecordingId, TransferId},
    sip::{self, Cause, Rejection, wire::StatusCode},
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

impl Done {
    /// About a leg.
    pub(super) fn about(leg: LegId) -> Self {
        Self { leg: Some(leg), ..Self::default() }
    }
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
        if let Verb::StopPlay { play } = verb {
            return self.legs.values().any(|leg| leg.part.plays().any(|tune| tune.id == *play));
        }
        if let Verb::PauseRecording { recording }
        | Verb::ResumeRecording { recording }
        | Verb::StopRecording { recording } = verb
        {
            return self.tapings.contains_key(recording);
        }
        if let Verb::StopGather { gather } = verb {
            return self.gathers.values().any(|gathering| gathering.id == *gather);
        }
        false
    }

    /// A wish of a program. `plan` is where the one leads who is to be called (`Verb::approach`).
    ///
    /// # Errors
    /// Why it cannot be; then nothing has changed.
    pub fn obey(&mut self, verb: Verb, plan: Option<Plan>, now: Instant) -> Result<Done, Refused> {
        self.now = now;
        if let Some(leg) = verb.leg()
            && !self.legs.contains_key(&leg)
        {
            return Err(Refused::UnknownLeg);
        }
        let done = self.carry_out(verb, plan)?;
        self.settle();
        Ok(done)
    }

    fn carry_out(&mut self, verb: Verb, plan: Option<Plan>) -> Result<Done, Refused> {
        match verb {
            Verb::End => self.end_by_program(),
            Verb::Drop { leg } => self.drop_by_program(leg),
            Verb::Hold { leg, music } => self.hold_leg(leg, &music),
            Verb::Unhold { leg } => self.unhold_leg(leg),
            Verb::SetRole { leg, role } => self.set_role(leg, role),
            Verb::Mute { leg, on } => self.mute(leg, on),
            Verb::Deafen { leg, on } => self.deafen(leg, on),
            Verb::Play { to, sound, over, times } => self.play(to, &sound, over, times),
            Verb::StopPlay { play } => self.stop_play(play),
            Verb::SendDigits { leg, digits, duration_ms } => self.send_digits(leg, &digits, duration_ms),
            Verb::Gather(gather) => self.gather(*gather),
            Verb::StopGather { gather } => self.stop_gather(gather),
            Verb::Record { of, kind } => self.record(of, kind),
            Verb::PauseRecording { recording } => self.pause_recording(recording, true),
            Verb::ResumeRecording { recording } => self.pause_recording(recording, false),
            Verb::StopRecording { recording } => self.stop_recording(recording),
            Verb::Add(add) => self.add(*add, plan),
            Verb::CallOff { attempt } => self.call_off_attempt(attempt),
            Verb::Transfer(transfer) => self.hand_over(*transfer, plan),
            Verb::Swap { transfer } => self.swap(transfer),
            Verb::Merge { transfer } => self.merge(transfer),
            Verb::Complete { transfer } => self.complete(transfer),
            Verb::Cancel { transfer } => self.cancel(transfer),
            Verb::Ring { leg } => self.ring_caller(leg),
            Verb::Answer { leg } => self.answer_caller(leg),
            Verb::Reject { leg, status, reason } => self.reject_caller(leg, status, reason),
            Verb::Redirect { leg, to } => self.put_through(leg, &to, plan),
            Verb::Membership { leg, membership } => self.set_membership(leg, membership),
        }
    }

    /// Everybody is hung up.
    fn end_by_program(&mut self) -> Result<Done, Refused> {
        self.end_all(Cause::Normal);
        Ok(Done::default())
    }

    fn drop_by_program(&mut self, leg: LegId) -> Result<Done, Refused> {
        let party = self.legs.get(&leg).ok_or(Refused::UnknownLeg)?;
        match party.dialog {
            Dialog::Outgoing(_) => {
                // As if it had refused.
                self.sip_out(sip::Command::Hangup { leg, cause: Cause::Cancelled });
                self.target_failed(leg, plain_failure(487));
            }
            Dialog::Incoming { .. } => {
                self.reject(leg, Rejection::new(StatusCode(603)));
                self.left(leg, self.now);
            }
            Dialog::Screened(_) => self.not_confirmed(leg),
            Dialog::Confirmed => {
                self.drop_leg(leg, Cause::Normal);
                self.left(leg, self.now);
            }
        }
        Ok(Done::about(leg))
    }
}
