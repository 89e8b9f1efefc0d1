//! The events of calls as programs are told them: their types, and what each says beside the state.

use crate::{
    call::{Event, GatherEnd, QualityView, QueueNews, RecordingState},
    ids::EntryId,
};
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
        Event::Queue { news, .. } => match news {
            QueueNews::Entered { .. } => "queue.entered",
            QueueNews::Offered { .. } => "queue.offered",
            QueueNews::Declined { .. } => "queue.declined",
            QueueNews::Answered { .. } => "queue.answered",
            QueueNews::Left { .. } => "queue.left",
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
            | Event::DigitsSent { .. } => json!({}),
            // The last comes when there is no state of the leg any more.
            Event::Quality { quality, .. } => json!({ "last": quality.last, "quality": QualityView::from(**quality) }),
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
            Event::PlayEnded { play, end, fault: None, .. } => json!({ "play_id": play, "end": end }),
            Event::PlayEnded { play, end, fault: Some(fault), .. } => {
                json!({ "play_id": play, "end": end, "rule": fault.rule(), "detail": fault.to_string() })
            }
            Event::Recording { recording, .. } => json!({ "recording_id": recording }),
            Event::RecordingFile { recording, news } => {
                let mut data = serde_json::to_value(news).unwrap_or_default();
                data["recording_id"] = json!(recording);
                data
            }
            Event::Queue { entry, queue, news, .. } => queued(*entry, queue, news),
        };
        data.serialize(serializer)
    }
}

fn queued(entry: EntryId, queue: &str, news: &QueueNews) -> serde_json::Value {
    match news {
        QueueNews::Entered { position } => json!({ "entry_id": entry, "queue": queue, "position": position }),
        QueueNews::Offered { agent } => json!({ "entry_id": entry, "queue": queue, "agent": agent }),
        QueueNews::Declined { agent, status } => {
            json!({ "entry_id": entry, "queue": queue, "agent": agent, "status": status })
        }
        QueueNews::Answered { agent, leg } => {
            json!({ "entry_id": entry, "queue": queue, "agent": agent, "agent_leg": leg })
        }
        QueueNews::Left { why } => json!({ "entry_id": entry, "queue": queue, "reason": why }),
    }
}

/// Whether the caller has said all it wanted to.
fn is_complete(end: GatherEnd) -> bool {
    matches!(end, GatherEnd::MaxDigits | GatherEnd::Terminator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        call::PlayEnd,
        ids::{PlayId, RecordingId},
        media::{RecordingFault, RecordingNews, SoundError},
    };
    use serde_json::Value;

    fn said(event: &Event) -> Value {
        serde_json::to_value(Data(event)).unwrap()
    }

    #[test]
    fn the_file_of_a_recording_is_named_and_what_went_wrong_is_said() {
        let recording = RecordingId(3);
        let file = |news| said(&Event::RecordingFile { recording, news });
        let name = "2026-11-21/a.wav".to_owned();
        assert_eq!(
            file(RecordingNews::Ended { file: name, length_ms: 2000, lost_ms: 20 }),
            json!({ "recording_id": "recording-3", "state": "ended", "file": "2026-11-21/a.wav", "length_ms": 2000, "lost_ms": 20 })
        );
        let failed = file(RecordingNews::Failed(RecordingFault::DiskFull));
        assert_eq!((&failed["state"], &failed["rule"]), (&json!("failed"), &json!("disk-full")));
        let (play, end) = (PlayId(4), PlayEnd::Failed);
        let fault = Some(SoundError::NoSuchFile("a".to_owned()));
        let played = said(&Event::PlayEnded { play, leg: None, end, fault });
        assert_eq!((&played["end"], &played["rule"]), (&json!("failed"), &json!("no-such-sound")));
    }
}
