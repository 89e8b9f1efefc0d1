//! Recordings: where each is, and the tape that leads out of its mixer.

use super::{Exchange, Order};
use crate::{
    call,
    ids::{CallId, LegId, PlayId, RecordingId},
    media::{
        self, Format, Layout, Playlist, Record, Recording, RecordingNews, Scope, SoundError, Tape,
        audio::{codec::Coder, frame::Rate},
    },
};
use std::{collections::HashMap, sync::Arc, time::Instant};

/// Frames that wait on a tape at most: more than a second, in which whoever writes the file looks several times.
const TAPE: usize = 75;

/// In which call each recording is.
#[derive(Debug, Default)]
pub(super) struct Recordings(HashMap<RecordingId, Whereabouts>);

#[derive(Debug)]
struct Whereabouts {
    call: CallId,
    follows: Option<LegId>,
}

/// How a recording begins.
pub(super) struct Begin {
    pub(super) scope: Scope,
    pub(super) layout: Layout,
    pub(super) format: Format,
}

impl Recordings {
    /// A leg went to another call, and with it what follows it.
    pub(super) fn moved(&mut self, leg: LegId, to: CallId) {
        for place in self.0.values_mut().filter(|place| place.follows == Some(leg)) {
            place.call = to;
        }
    }
}

impl Exchange {
    /// The answer to `Order::Fetch`.
    pub fn fetched(&mut self, play: PlayId, leg: LegId, sound: Result<Arc<Playlist>, SoundError>, now: Instant) {
        let Some(id) = self.legs.get(&leg).map(|owned| owned.call) else { return };
        self.answer(id, call::Command::Fetched { play, leg, sound }, now);
        self.stirred.push_back(id);
        self.pump(now);
    }

    /// The call that a recording is in, if that is known.
    pub(super) fn place_of(&self, recording: RecordingId, call: CallId) -> CallId {
        self.recordings.0.get(&recording).map_or(call, |place| place.call)
    }

    pub(super) fn record(&mut self, call: CallId, recording: RecordingId, follows: Option<LegId>, begin: Begin) {
        let Begin { scope, layout, format } = begin;
        // It may have moved since it was wished for.
        let call = follows.and_then(|leg| self.legs.get(&leg)).map_or(call, |owned| owned.call);
        let layout = if scope == Scope::Leg && layout != Layout::Mix { Layout::Apart(2) } else { layout };
        let rate = self.call_settings.codecs.iter().map(|codec| Coder::new(*codec).rate()).max();
        let tape = Tape::new(layout.channels(), rate.unwrap_or(Rate::NARROW), TAPE);
        self.recordings.0.insert(recording, Whereabouts { call, follows });
        self.orders.push_back(Order::Record { recording, call, format, tape: tape.clone() });
        let what = Record::Start(Box::new(Recording { scope, layout, tape }));
        self.mix(call, media::Command::Record { recording, follows, what });
    }

    /// Something became of a recording: told to those who watch, whether the call is still there or not. The call that it is in.
    pub(super) fn recorded(&mut self, recording: RecordingId, news: &RecordingNews, now: Instant) -> Option<CallId> {
        let call = self.recordings.0.get(&recording)?.call;
        let event = call::Event::RecordingFile { recording, news: news.clone() };
        self.tell(call, event, None, None, now);
        match news {
            RecordingNews::Ended { .. } | RecordingNews::Failed(_) => {
                let follows = self.recordings.0.remove(&recording).and_then(|place| place.follows);
                if self.calls.contains_key(&call) {
                    // One that nobody writes any more is in nobody's way.
                    self.mix(call, media::Command::Record { recording, follows, what: Record::Stop });
                }
            }
            RecordingNews::Started { .. } | RecordingNews::Dropped { .. } => {}
        }
        Some(call)
    }
}
