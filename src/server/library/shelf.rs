//! What was decoded, for the next one who wants it.

use super::{Sounds, files, speech::Speaker, web::Web};
use crate::media::{
    Clip, Playlist, Sound, SoundError, Speech,
    audio::{
        file::{self, FileError},
        frame::Rate,
    },
};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::Semaphore;

/// Where clips are found, and those that were found lately.
pub(super) struct Shelf {
    settings: Sounds,
    rates: Vec<Rate>,
    web: Web,
    speaker: Box<dyn Speaker>,
    kept: Mutex<Kept>,
    /// A URL is not asked again within this time.
    pub(super) fresh: Duration,
    /// Sounds that are fetched, and that are decoded, at once: each takes as much memory as the longest may.
    fetching: Semaphore,
    decoding: Semaphore,
    /// Two who want the same sound do not fetch it twice: the second waits for the first, and nobody for another sound.
    turns: Mutex<HashMap<Name, Arc<tokio::sync::Mutex<()>>>>,
}

/// A clip by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    File(PathBuf),
    Url(String),
    Speech(Speech),
}

#[derive(Default)]
struct Kept {
    books: HashMap<Name, Book>,
    bytes: usize,
    /// Counts up with each use.
    uses: u64,
}

struct Book {
    clip: Arc<Clip>,
    edition: Edition,
    checked: Instant,
    used: u64,
}

/// What tells a sound from a later one by the same name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Edition {
    /// Of a file.
    pub(super) changed: Option<(SystemTime, u64)>,
    /// Of a URL.
    pub(super) etag: Option<String>,
    /// Of a URL.
    pub(super) last_modified: Option<String>,
}

/// Whoever has it looks for the sound of a name; it ends when it is dropped.
type Turn = tokio::sync::OwnedMutexGuard<()>;

/// What a URL leads to.
pub(super) enum Fetched {
    /// What we have is what is there.
    Same,
    /// Something new.
    New { bytes: Vec<u8>, edition: Edition },
}

/// How long what came by a URL is fresh.
const FRESH: Duration = Duration::from_secs(10);
/// Sounds that are fetched at once.
const FETCHING: usize = 32;
/// Sounds that are decoded at once.
const DECODING: usize = 2;
/// What is kept is played when asking whether there is something new takes longer than this.
const PATIENCE: Duration = Duration::from_secs(1);
/// The most sounds of a list.
const LIST: usize = 1000;

impl Shelf {
    pub(super) fn new(settings: Sounds, rates: Vec<Rate>) -> Self {
        Self {
            web: Web::new(settings.timeout, settings.max_bytes, &settings.hosts),
            speaker: settings.speaking.speaker(),
            settings,
            rates,
            kept: Mutex::default(),
            fetching: Semaphore::new(FETCHING),
            decoding: Semaphore::new(DECODING),
            fresh: FRESH,
            turns: Mutex::default(),
        }
    }

    /// The clips of a sound. Of a list, those that can be had; none of them: why the first cannot.
    pub(super) async fn find(self: &Arc<Self>, sound: &Sound) -> Result<Arc<Playlist>, SoundError> {
        let (sounds, shuffle) = match sound {
            Sound::List { sounds, shuffle } => (&sounds[..], *shuffle),
            Sound::File(_) | Sound::Url(_) | Sound::Speech(_) => (std::slice::from_ref(sound), false),
        };
        let (mut clips, mut first_error) = (Vec::new(), None);
        for sound in sounds.iter().take(LIST) {
            match self.clip(sound).await {
                Ok(clip) => clips.push(clip),
                Err(error) => {
                    if sounds.len() > 1 {
                        tracing::warn!(?sound, %error, "a sound of a list is left out");
                    }
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            Some(error) if clips.is_empty() => Err(error),
            None if clips.is_empty() => Err(SoundError::Nothing),
            _ => Ok(Arc::new(Playlist::new(clips, shuffle.then(rand::random)))),
        }
    }

    async fn clip(self: &Arc<Self>, sound: &Sound) -> Result<Arc<Clip>, SoundError> {
        match sound {
            Sound::File(name) => {
                let directory = self.settings.directory.as_deref();
                let path = files::find(directory.ok_or_else(|| SoundError::BadName(name.clone()))?, name)?;
                self.file(path).await
            }
            Sound::Url(url) => {
                self.web.check(url)?;
                self.at_hand(url).await
            }
            Sound::Speech(speech) => self.speech(speech).await,
            Sound::List { .. } => Err(SoundError::Nothing),
        }
    }

    /// A file, wherever it is.
    pub(super) async fn file(&self, path: PathBuf) -> Result<Arc<Clip>, SoundError> {
        let name = Name::File(path.clone());
        let _turn = self.turn(&name).await;
        let max_bytes = self.settings.max_bytes;
        let reading = tokio::task::spawn_blocking(move || files::read(&path, max_bytes));
        let (edition, file) = reading.await.map_err(|error| SoundError::Unusable(error.to_string()))??;
        if let Some(kept) = self.kept(&name, |book| book.edition == edition) {
            return Ok(kept);
        }
        let bytes = file.read().await?;
        self.keep(name, bytes, edition).await
    }

    /// What a URL of the configuration leads to.
    pub(super) async fn url(&self, url: &str) -> Result<Arc<Clip>, SoundError> {
        let turn = self.turn(&Name::Url(url.to_owned())).await;
        self.fetched(url, true, turn).await
    }

    /// What a URL leads to. Who waits to hear it does not wait for a server that is slow to say whether it has something new.
    async fn at_hand(self: &Arc<Self>, url: &str) -> Result<Arc<Clip>, SoundError> {
        let name = Name::Url(url.to_owned());
        let Some(kept) = self.kept(&name, |_| true) else {
            let turn = self.turn(&name).await;
            return self.fetched(url, false, turn).await;
        };
        // Else somebody asks already.
        let Ok(turn) = self.turn_of(&name).try_lock_owned() else { return Ok(kept) };
        let (shelf, url) = (Arc::clone(self), url.to_owned());
        let asking = tokio::spawn(async move { shelf.fetched(&url, false, turn).await });
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(Ok(clip)) => clip,
            // What comes of it is there for the next one.
            Ok(Err(_)) | Err(_) => Ok(kept),
        }
    }

    /// What a URL leads to. When it cannot be had any more, what it led to before.
    async fn fetched(&self, url: &str, is_ours: bool, _turn: Turn) -> Result<Arc<Clip>, SoundError> {
        let name = Name::Url(url.to_owned());
        if let Some(kept) = self.kept(&name, |book| book.checked.elapsed() < self.fresh) {
            return Ok(kept);
        }
        let before = self.edition(&name);
        // It is never closed.
        let fetching = self.fetching.acquire().await.map_err(|_| SoundError::Busy)?;
        let fetched = self.web.get(url, is_ours, before.as_ref()).await;
        drop(fetching);
        let clip = match fetched {
            Ok(Fetched::New { bytes, edition }) => self.keep(name.clone(), bytes, edition).await,
            Ok(Fetched::Same) => {
                self.checked(&name);
                self.kept(&name, |_| true).ok_or(SoundError::Nothing)
            }
            Err(error) => Err(error),
        };
        clip.or_else(|error| {
            let kept = self.kept(&name, |_| true).ok_or_else(|| error.clone())?;
            self.checked(&name);
            tracing::warn!(host = Sound::host(url), %error, "a sound is played as it was fetched before");
            Ok(kept)
        })
    }

    async fn speech(&self, speech: &Speech) -> Result<Arc<Clip>, SoundError> {
        let name = Name::Speech(speech.clone());
        let _turn = self.turn(&name).await;
        if let Some(kept) = self.kept(&name, |_| true) {
            return Ok(kept);
        }
        let bytes = self.speaker.speak(speech).await?;
        self.keep(name, bytes, Edition::default()).await
    }

    async fn turn(&self, name: &Name) -> Turn {
        self.turn_of(name).lock_owned().await
    }

    fn turn_of(&self, name: &Name) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        Arc::clone(turns.entry(name.clone()).or_default())
    }

    /// Decodes a sound and keeps it, at the cost of those that were not wanted for longest.
    async fn keep(&self, name: Name, bytes: Vec<u8>, edition: Edition) -> Result<Arc<Clip>, SoundError> {
        let _decoding = self.decoding.acquire().await.map_err(|_| SoundError::Busy)?;
        let (rates, max_s) = (self.rates.clone(), self.settings.max_s);
        let decoding = tokio::task::spawn_blocking(move || file::clip(&bytes, max_s, &rates));
        let decoded = decoding.await.map_err(|error| SoundError::Unusable(error.to_string()))?;
        let clip = Arc::new(decoded.map_err(|error| unusable(&error, max_s))?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.put(name, &clip, edition, self.settings.cache_bytes);
        Ok(clip)
    }

    fn kept(&self, name: &Name, is_good: impl Fn(&Book) -> bool) -> Option<Arc<Clip>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let uses = kept.uses;
        let book = kept.books.get_mut(name).filter(|book| is_good(book))?;
        book.used = uses;
        Some(Arc::clone(&book.clip))
    }

    fn edition(&self, name: &Name) -> Option<Edition> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.books.get(name).map(|book| book.edition.clone())
    }

    fn checked(&self, name: &Name) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(book) = kept.books.get_mut(name) {
            book.checked = Instant::now();
        }
    }
}

impl Kept {
    fn put(&mut self, name: Name, clip: &Arc<Clip>, edition: Edition, most: usize) {
        self.uses += 1;
        let book = Book { clip: Arc::clone(clip), edition, checked: Instant::now(), used: self.uses };
        self.bytes += clip.bytes();
        if let Some(old) = self.books.insert(name, book) {
            self.bytes -= old.clip.bytes();
        }
        while self.bytes > most {
            let Some(oldest) = self.books.iter().min_by_key(|(_, book)| book.used).map(|(name, _)| name.clone()) else {
                return;
            };
            if let Some(gone) = self.books.remove(&oldest) {
                self.bytes -= gone.clip.bytes();
            }
        }
    }
}

fn unusable(error: &FileError, max_s: u32) -> SoundError {
    if error.is_too_long() { SoundError::TooLong(max_s) } else { SoundError::Unusable(error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_wanted_for_longest_makes_room() {
        let clip = |ms: usize| Arc::new(Clip::new(&vec![0.5; 8 * ms], 8000, &[Rate::NARROW]).unwrap());
        let (mut kept, name) = (Kept::default(), |n: u32| Name::Url(n.to_string()));
        for n in 0..3 {
            kept.put(name(n), &clip(100), Edition::default(), 5000);
        }
        assert_eq!(kept.bytes, 4800);
        kept.books.get_mut(&name(0)).unwrap().used = 100;
        kept.put(name(3), &clip(100), Edition::default(), 5000);
        assert!(kept.books.contains_key(&name(0)) && !kept.books.contains_key(&name(1)));
        kept.put(name(3), &clip(50), Edition::default(), 5000);
        assert_eq!((kept.books.len(), kept.bytes), (3, 4000));
        kept.put(name(4), &clip(1000), Edition::default(), 5000);
        assert_eq!((kept.books.len(), kept.bytes), (1, 1600), "what is too large for all of it is not kept");
    }
}
