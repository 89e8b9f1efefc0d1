//! What programs have played: found wherever it is, then heard instead of what a leg would hear, or over it.

use super::{Action, Audience, Call, Event, PlayEnd, Refused, Sound, leg::Leg, obey::Done};
use crate::{
    ids::{LegId, PlayId},
    media::{self, Playback, Playlist, Position, Repeat, SoundError, Source},
};
use std::sync::Arc;

/// Something that a leg is played.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tune {
    pub(super) id: PlayId,
    /// All of the call hear it, each for itself.
    pub(super) for_all: bool,
    repeat: Repeat,
    found: Found,
}

#[derive(Clone, Debug, PartialEq)]
enum Found {
    /// Every mixer has it.
    BuiltIn(Source),
    /// It is looked for.
    NotYet,
    Clips(Clips),
    /// It is not to be had.
    Never,
}

/// Compared by what they are, not by how they sound.
#[derive(Clone, Debug)]
struct Clips(Arc<Playlist>);

impl PartialEq for Clips {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Tune {
    /// What a mixer plays for it.
    pub(super) fn source(&self) -> Source {
        match &self.found {
            Found::BuiltIn(source) => source.clone(),
            Found::Clips(_) => self.playback().map_or(Source::Silence, Source::Clip),
            Found::NotYet | Found::Never => Source::Silence,
        }
    }

    /// Its end is told.
    pub(super) fn ends(&self) -> bool {
        !matches!(self.found, Found::BuiltIn(_)) && self.repeat != Repeat::Forever
    }

    fn playback(&self) -> Option<Playback> {
        let Found::Clips(clips) = &self.found else { return None };
        let what = Arc::clone(&clips.0);
        Some(Playback { id: self.id, what, repeat: self.repeat, position: Position::Start })
    }
}

impl Sound {
    /// What every mixer has, or what must be found.
    fn resolve(&self) -> Result<Source, media::Sound> {
        match self {
            Self::Music => Ok(Source::HoldMusic),
            Self::Silence => Ok(Source::Silence),
            Self::Ringback => Ok(Source::Ringback),
            Self::Busy => Ok(Source::Busy),
            Self::Notice => Ok(Source::Notice),
            Self::Beep => Ok(Source::Prompt),
            Self::Clips(names) => Err(clips(names, false)),
            Self::Shuffled(names) => Err(clips(names, true)),
            Self::Speech { text, language, voice, gender } => Err(media::Sound::Speech(media::Speech {
                text: text.clone(),
                voice: voice.clone(),
                gender: *gender,
                locale: language.clone(),
                ..media::Speech::default()
            })),
        }
    }

    /// Whether there is anything to play.
    ///
    /// # Errors
    /// There is nothing.
    pub fn check(&self) -> Result<(), Refused> {
        let nothing = match self {
            Self::Clips(names) | Self::Shuffled(names) => names.is_empty() || names.iter().any(String::is_empty),
            Self::Speech { text, .. } => text.trim().is_empty(),
            Self::Music | Self::Silence | Self::Ringback | Self::Busy | Self::Notice | Self::Beep => false,
        };
        if nothing { Err(Refused::Invalid { field: "sound", why: "there is nothing to play" }) } else { Ok(()) }
    }
}

fn clips(names: &[String], shuffle: bool) -> media::Sound {
    match names {
        [one] => clip(one),
        several => media::Sound::List { sounds: several.iter().map(|name| clip(name)).collect(), shuffle },
    }
}

fn clip(name: &str) -> media::Sound {
    let is_url = ["http://", "https://"].iter().any(|scheme| name.starts_with(scheme));
    if is_url { media::Sound::Url(name.to_owned()) } else { media::Sound::File(name.to_owned()) }
}

impl Call {
    /// Something for a leg; it is looked for from now on.
    pub(super) fn tune(&mut self, leg: LegId, sound: &Sound, repeat: Repeat) -> Tune {
        let id = PlayId(self.numbers.next());
        self.tune_of(id, false, leg, sound, repeat)
    }

    fn tune_of(&mut self, id: PlayId, for_all: bool, leg: LegId, sound: &Sound, repeat: Repeat) -> Tune {
        let found = match sound.resolve() {
            Ok(source) => Found::BuiltIn(source),
            Err(sound) => {
                self.act(Action::Fetch { play: id, leg, sound: Box::new(sound) });
                Found::NotYet
            }
        };
        Tune { id, for_all, repeat, found }
    }

    /// A program has something played.
    pub(super) fn play(&mut self, to: Audience, sound: &Sound, over: bool, times: u32) -> Result<Done, Refused> {
        sound.check()?;
        if over && sound.resolve().is_ok() {
            return Err(Refused::Unsupported("music and tones cannot be played over the mix, only clips and speech"));
        }
        let (legs, alone) = match to {
            Audience::Leg(leg) => (vec![self.answered(leg)?.id], Some(leg)),
            Audience::All => {
                let legs: Vec<LegId> = self.present().into_iter().filter(|leg| self.answered(*leg).is_ok()).collect();
                (legs, None)
            }
        };
        if legs.is_empty() {
            return Err(Refused::NotAnswered);
        }
        let repeat = match times {
            0 => Repeat::Forever,
            1 => Repeat::Once,
            times => Repeat::Times(times),
        };
        let id = PlayId(self.numbers.next());
        for leg in legs {
            self.stop_on(leg, over, PlayEnd::Stopped);
            let tune = self.tune_of(id, alone.is_none(), leg, sound, repeat);
            if let Some(party) = self.legs.get_mut(&leg) {
                *party.part.played(over) = Some(tune);
            }
        }
        self.tell(Event::PlayStarted { play: id, leg: alone });
        Ok(Done { leg: alone, play: Some(id), ..Done::default() })
    }

    /// It is not played any more.
    pub(super) fn stop_play(&mut self, play: PlayId) -> Result<Done, Refused> {
        let mut found = None;
        for leg in self.legs() {
            for over in [false, true] {
                if self.legs.get_mut(&leg).is_some_and(|party| party.part.is_played(play, over)) {
                    self.stop_on(leg, over, PlayEnd::Stopped);
                    found = Some(leg);
                }
            }
        }
        found.map(|leg| Done { leg: Some(leg), ..Done::default() }).ok_or(Refused::UnknownPlay)
    }

    /// What a leg is played, over the mix or instead of it, ends.
    pub(super) fn stop_on(&mut self, leg: LegId, over: bool, end: PlayEnd) {
        let Some(party) = self.legs.get_mut(&leg) else { return };
        let Some(tune) = party.part.played(over).take() else { return };
        if over && matches!(tune.found, Found::Clips(_)) && end == PlayEnd::Stopped && self.heard.contains_key(&leg) {
            self.media_out(media::Command::Whisper { leg, playback: None });
        }
        self.play_ended(leg, &tune, end, None);
    }

    /// The leg is gone, and with it what it was played.
    pub(super) fn hush(&mut self, leg: LegId) {
        self.stop_on(leg, false, PlayEnd::LegEnded);
        self.stop_on(leg, true, PlayEnd::LegEnded);
    }

    /// Told once: for what all hear when the last of them has heard it.
    fn play_ended(&mut self, leg: LegId, tune: &Tune, end: PlayEnd, fault: Option<SoundError>) {
        let goes_on = |party: &Leg| party.part.plays().any(|other| other.id == tune.id);
        if self.legs.values().any(goes_on) {
            return;
        }
        self.tell(Event::PlayEnded { play: tune.id, leg: (!tune.for_all).then_some(leg), end, fault });
        if matches!(end, PlayEnd::Done | PlayEnd::Failed) {
            self.heard_out(leg);
        }
    }

    /// The mixer has played something to its end, or something else took its place there.
    pub(super) fn played(&mut self, leg: LegId, play: PlayId, whole: bool) {
        if !whole {
            return;
        }
        for over in [false, true] {
            if self.legs.get_mut(&leg).is_some_and(|party| party.part.is_played(play, over)) {
                self.stop_on(leg, over, PlayEnd::Done);
            }
        }
    }

    /// What was looked for.
    pub(super) fn fetched(&mut self, play: PlayId, leg: LegId, sound: Result<Arc<Playlist>, SoundError>) {
        let Some(party) = self.legs.get_mut(&leg) else { return };
        let part = &mut party.part;
        let (found, fault) = match sound {
            Ok(list) => (Found::Clips(Clips(list)), None),
            Err(error) => (Found::Never, Some(error)),
        };
        let failed = fault.is_some();
        let mut is_music = false;
        for tune in [&mut part.held, &mut part.waits].into_iter().flatten() {
            if tune.id == play {
                is_music = true;
                // Better the usual music than nothing.
                tune.found = if failed { Found::BuiltIn(Source::HoldMusic) } else { found.clone() };
            }
        }
        if failed && is_music {
            let (leg, fault) = (Some(leg), fault.clone());
            self.tell(Event::PlayEnded { play, leg, end: PlayEnd::Failed, fault });
        }
        for over in [false, true] {
            let Some(tune) = self.legs.get_mut(&leg).and_then(|party| party.part.played(over).as_mut()) else {
                continue;
            };
            if tune.id != play {
                continue;
            }
            tune.found = found.clone();
            let playback = tune.playback();
            if failed {
                let tune = self.legs.get_mut(&leg).and_then(|party| party.part.played(over).take());
                if let Some(tune) = tune {
                    self.play_ended(leg, &tune, PlayEnd::Failed, fault.clone());
                }
            } else if over && self.heard.contains_key(&leg) {
                self.media_out(media::Command::Whisper { leg, playback });
            }
        }
    }
}
