//! The events of calls as programs are told them: their types, and what each says beside the state.

use crate::call::{Event, GatherEnd, RecordingState};
use serde::{Serialize, Serializer};
use serde_json::json;

/// What an event says beside the state: `data`.
pub(super) struct Data<'a>(pub(super) &'a Event);

/// The type of an event: a noun, a dot, and what became of it.
pub(super) fn kind(event: &Event) -> &'static str {
    match event {
        Event::CallStarted => "call.started",
        Event::CallEnded => "call.ended",
        Event::LegStarted { .. } => "leg.started",
        Event::LegRinging { .. } => "leg.ringing",
        Event::LegAnswered { .. } => "leg.answered",
        Event::LegMoved { .. } => "leg.moved",
        Event::LegEnded { .. } => "leg.ended",
        Event::Hold { held: true, .. } => "hold.started",
        Event::Hold { held: false, .. } => "hold.ended",
        Event::Role { .. } => "role.changed",
        Event::TransferStarted { .. } => "transfer.started",
        Event::TransferPhase { .. } => "transfer.phase",
        Event::TransferEnded { .. } => "transfer.ended",
        Event::AttemptStarted { .. } => "attempt.started",
        Event::AttemptEnded { .. } => "attempt.ended",
        Event::Waiting { .. } => "flow.waiting",
        Event::WaitedInVain { .. } => "flow.timeout",
        Event::Digit { .. } => "dtmf.received",
        Event::DigitsSent { .. } => "dtmf.sent",
        Event::Gathered { .. } => "dtmf.gathered",
        Event::PlayStarted { .. } => "play.started",
        Event::PlayEnded { .. } => "play.ended",
        Event::Recording { state, .. } => match state {
            RecordingState::Started => "recording.started",
            RecordingState::Paused => "recording.paused",
            RecordingState::Resumed => "recording.resumed",
            RecordingState::Ended => "recording.ended",
            RecordingState::Failed => "recording.failed",
        },
        Event::RecordingFile { .. } => "recording.file",
        Event::Quality { .. } => "quality.reported",
    }
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = match self.0 {
            Event::CallStarted
            | Event::CallEnded
            | Event::LegRinging { .. }
            | Event::LegAnswered { .. }
            | Event::Role { .. }
            | Event::DigitsSent { .. }
            // The figures are in the state of the leg.
            | Event::Quality { .. } => json!({}),
            Event::LegStarted { incoming, .. } => json!({ "incoming": incoming }),
            Event::LegMoved { from, .. } => json!({ "from": from }),
            Event::LegEnded { status, reason, .. } => json!({ "status": status, "reason": reason }),
            Event::Hold { held, by_phone, .. } => json!({ "held": held, "by_phone": by_phone }),
            Event::TransferStarted { transfer, transferor, target, attended } => {
                json!({ "transfer_id": transfer, "transferor": transferor, "to": target, "attended": attended })
            }
            Event::TransferPhase { transfer, phase } => json!({ "transfer_id": transfer, "phase": phase }),
            Event::TransferEnded { transfer, transferor, outcome, status, reason } => json!({
                "transfer_id": transfer, "transferor": transferor, "outcome": outcome, "status": status, "reason": reason,
            }),
            Event::AttemptStarted { attempt, to } => json!({ "attempt_id": attempt, "to": to }),
            Event::AttemptEnded { attempt, status, reason, .. } => {
                json!({ "attempt_id": attempt, "status": status, "reason": reason })
            }
            Event::Waiting { flow, .. } | Event::WaitedInVain { flow, .. } => json!({ "flow": flow }),
            Event::Digit { digit, duration_ms, .. } => json!({ "digit": digit, "duration_ms": duration_ms }),
            Event::Gathered { gather, digits, end, .. } => {
                json!({ "gather_id": gather, "digits": digits, "end": end, "complete": is_complete(*end) })
            }
            Event::PlayStarted { play, .. } => json!({ "play_id": play }),
            Event::PlayEnded { play, end, .. } => json!({ "play_id": play, "end": end }),
            Event::RecordingFile { recording, .. } | Event::Recording { recording, .. } => json!({ "recording_id": recording }),
        };
        data.serialize(serializer)
    }
}

/// Whether the caller has said all it wanted to.
fn is_complete(end: GatherEnd) -> bool {
    matches!(end, GatherEnd::MaxDigits | GatherEnd::Terminator)
}
