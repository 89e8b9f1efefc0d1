//! Recordings of a call and of its legs: those that programs wish, and those that begin by themselves.

use super::{
    Action, Audience, Call, Event, RecordingKind, Refused, event::RecordingState, leg::Leg, obey::Done, room::Kind,
};
use crate::{
    destination::Caller,
    ids::{LegId, RecordingId},
    media::{self, Format, Layout, Record, RecordingNews, Scope},
};

/// How calls are recorded, and which are without anybody asking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingSettings {
    /// What kind of file.
    pub format: Format,
    /// Who is on which channel.
    pub layout: Layout,
    /// A call is recorded as soon as two talk of whom one is among these.
    pub always: Vec<Caller>,
}

/// A recording that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taping {
    /// The leg that it goes with.
    follows: Option<LegId>,
    scope: Scope,
    is_paused: bool,
    /// Nobody asked for it.
    pub(super) is_automatic: bool,
}

/// Recordings of one leg, or of the whole call, that may be made at once.
const MOST: usize = 8;

impl Taping {
    /// The leg whose recording it is, if it is that of a leg.
    fn leg(&self) -> Option<LegId> {
        self.follows.filter(|_| self.scope == Scope::Leg)
    }
}

impl Call {
    /// A program has somebody recorded.
    pub(super) fn record(&mut self, of: Audience, kind: RecordingKind) -> Result<Done, Refused> {
        let (format, layout) = self.kind_of_recording(kind)?;
        let (follows, scope) = match of {
            Audience::Leg(leg) => (Some(self.answered(leg)?.id), Scope::Leg),
            Audience::All => (self.customer(), Scope::Call),
        };
        if follows.is_none() && self.kind != Kind::Room {
            return Err(Refused::NotAnswered);
        }
        let same = |taping: &&Taping| (taping.scope, taping.leg()) == (scope, follows.filter(|_| scope == Scope::Leg));
        if self.tapings.values().filter(same).count() >= MOST {
            return Err(Refused::Full);
        }
        let recording = self.tape(follows, scope, (format, layout), false);
        Ok(Done { recording: Some(recording), leg: follows.filter(|_| scope == Scope::Leg), ..Done::default() })
    }

    /// Nothing is recorded until `on` is false again.
    pub(super) fn pause_recording(&mut self, recording: RecordingId, on: bool) -> Result<Done, Refused> {
        let taping = self.tapings.get_mut(&recording).ok_or(Refused::UnknownRecording)?;
        if taping.is_paused != on {
            taping.is_paused = on;
            let (what, state) = match on {
                true => (Record::Pause, RecordingState::Paused),
                false => (Record::Resume, RecordingState::Resumed),
            };
            let (follows, leg) = (taping.follows, taping.leg());
            self.media_out(media::Command::Record { recording, follows, what });
            self.tell(Event::Recording { recording, leg, state });
        }
        Ok(Done { recording: Some(recording), ..Done::default() })
    }

    /// A recording is closed.
    pub(super) fn stop_recording(&mut self, recording: RecordingId) -> Result<Done, Refused> {
        let taping = self.tapings.remove(&recording).ok_or(Refused::UnknownRecording)?;
        let leg = taping.leg();
        self.media_out(media::Command::Record { recording, follows: taping.follows, what: Record::Stop });
        self.tell(Event::Recording { recording, leg, state: RecordingState::Ended });
        Ok(Done { recording: Some(recording), ..Done::default() })
    }

    /// Something became of the file of a recording.
    pub(super) fn recorded(&mut self, recording: RecordingId, news: &RecordingNews) {
        let state = match news {
            RecordingNews::Started { .. } | RecordingNews::Dropped { .. } => return,
            RecordingNews::Ended { .. } => RecordingState::Ended,
            RecordingNews::Failed(_) => RecordingState::Failed,
        };
        if let Some(taping) = self.tapings.remove(&recording) {
            self.tell(Event::Recording { recording, leg: taping.leg(), state });
        }
    }

    /// Begins the recording that nobody asks for, as soon as two talk.
    pub(super) fn record_always(&mut self) {
        if self.is_always_recorded {
            return;
        }
        let always = &self.settings.recording.always;
        let (count, wanted) =
            self.company().filter(|leg| leg.confirmed()).fold((0, false), |(count, wanted), Leg { origin, .. }| {
                (count + 1, wanted || origin.features.record || always.contains(&origin.caller))
            });
        if count < 2 || !wanted {
            return;
        }
        self.is_always_recorded = true;
        if !self.tapings.values().any(|taping| taping.is_automatic) {
            let follows = self.customer();
            let RecordingSettings { format, layout, .. } = self.settings.recording;
            self.tape(follows, Scope::Call, (format, layout), true);
        }
    }

    /// A leg is gone: its own recordings are over, those of the call stay with the others.
    pub(super) fn untape(&mut self, leg: LegId) {
        let ended: Vec<RecordingId> =
            self.tapings.iter().filter(|(_, taping)| taping.leg() == Some(leg)).map(|(id, _)| *id).collect();
        for recording in ended {
            self.tapings.remove(&recording);
            self.tell(Event::Recording { recording, leg: Some(leg), state: RecordingState::Ended });
        }
        for taping in self.tapings.values_mut().filter(|taping| taping.follows == Some(leg)) {
            taping.follows = None;
        }
    }

    /// The call is over, and so are its recordings.
    pub(super) fn untape_all(&mut self) {
        for (recording, taping) in std::mem::take(&mut self.tapings) {
            self.tell(Event::Recording { recording, leg: taping.leg(), state: RecordingState::Ended });
        }
    }

    /// A leg goes to another call: what goes with it.
    pub(super) fn take_tapings(&mut self, leg: LegId) -> Vec<(RecordingId, Taping)> {
        let tapings = std::mem::take(&mut self.tapings).into_iter();
        let (going, staying): (Vec<_>, Vec<_>) = tapings.partition(|(_, taping)| taping.follows == Some(leg));
        self.tapings.extend(staying);
        going
    }

    /// Those recordings of a leg alone, or of the whole call, that are being made.
    pub(super) fn recordings_of(&self, leg: Option<LegId>) -> Vec<RecordingId> {
        self.tapings.iter().filter(|(_, taping)| taping.leg() == leg).map(|(id, _)| *id).collect()
    }

    /// What a wish and the configuration come to.
    fn kind_of_recording(&self, kind: RecordingKind) -> Result<(Format, Layout), Refused> {
        let usual = &self.settings.recording;
        let format = kind.format.unwrap_or(usual.format);
        let invalid = |why| Err(Refused::Invalid { field: "channels", why });
        let layout = match kind.channels {
            Some(1) => Layout::Mix,
            Some(channels @ 2..=8) => Layout::Apart(channels),
            Some(_) => return invalid("must be 1 to 8"),
            // A configuration for WAV files may have more channels than an MP3 file.
            None if format == Format::Mp3 && usual.layout != Layout::Mix => Layout::Apart(2),
            None => usual.layout,
        };
        if format == Format::Mp3 && layout.channels() > 2 {
            return invalid("an MP3 file has one or two");
        }
        Ok((format, layout))
    }

    fn tape(
        &mut self,
        follows: Option<LegId>,
        scope: Scope,
        (format, layout): (Format, Layout),
        is_automatic: bool,
    ) -> RecordingId {
        let recording = RecordingId(self.numbers.next());
        let taping = Taping { follows, scope, is_paused: false, is_automatic };
        let leg = taping.leg();
        self.tapings.insert(recording, taping);
        self.act(Action::Record { recording, follows, scope, layout, format });
        self.tell(Event::Recording { recording, leg, state: RecordingState::Started });
        recording
    }

    /// Whom a recording of the whole call goes with when legs move: one from outside, else who was there first. A room stays.
    fn customer(&self) -> Option<LegId> {
        if self.kind == Kind::Room {
            return None;
        }
        let is_outside = |leg: &&Leg| matches!(leg.origin.caller, Caller::Trunk(_) | Caller::Host(_));
        let answered = || self.company().filter(|leg| leg.confirmed());
        answered().find(is_outside).or_else(|| answered().next()).map(|leg| leg.id)
    }
}
