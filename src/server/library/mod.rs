//! Sounds by name: files, URLs, speech. They are found and decoded on threads of their own, where waiting harms nobody.
//!
//! [`Library`] is the face; `shelf` keeps what was decoded, `files`, `web` and `speech` each know one way to get it.

mod files;
mod music;
mod shelf;
mod speech;
mod web;

pub use music::{HoldMusic, Piece};
pub use speech::Speaking;

use super::{error::StartError, settings::Settings};
use crate::{
    ids::{LegId, PlayId},
    media::{Music, Playlist, Sound, SoundError, audio::frame::Rate},
};
use shelf::Shelf;
use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{Semaphore, mpsc},
};

/// Where sounds come from, and how much of everything they may take.
#[derive(Clone, Debug)]
pub struct Sounds {
    /// The files that may be played by name; `None`: there are none.
    pub directory: Option<PathBuf>,
    /// Hosts (`host` or `host:port`, in small letters) whose URLs may be played; `*`: any.
    pub hosts: Vec<String>,
    /// How long a URL may take, from the first packet to the last.
    pub timeout: Duration,
    /// The largest file, bytes.
    pub max_bytes: u64,
    /// The longest file, s.
    pub max_s: u32,
    /// What decoded sounds may take of the memory in all, bytes.
    pub cache_bytes: usize,
    /// Who speaks.
    pub speaking: Speaking,
}

impl Default for Sounds {
    fn default() -> Self {
        Self {
            directory: None,
            hosts: vec!["*".to_owned()],
            timeout: Duration::from_secs(15),
            max_bytes: 50 << 20,
            max_s: 3600,
            cache_bytes: 256 << 20,
            speaking: Speaking::default(),
        }
    }
}

/// What was found, or why not.
#[derive(Debug)]
pub(super) enum Found {
    /// For something to be played.
    Sound { play: PlayId, leg: LegId, sound: Result<Arc<Playlist>, SoundError> },
    /// The hold music changed.
    Music(Arc<Music>),
}

/// The threads that look for sounds. They end when this is dropped.
pub(super) struct Library {
    /// There until it is dropped.
    runtime: Option<Runtime>,
    shelf: Arc<Shelf>,
    /// Permits of searches at once.
    places: Arc<Semaphore>,
    found: mpsc::Sender<Found>,
    is_retired: Arc<AtomicBool>,
}

/// Sounds that are looked for at once; one more is answered that there is no room.
const AT_ONCE: usize = 256;
/// Threads.
const THREADS: usize = 2;

impl Library {
    /// Starts the threads, and reads the hold music, as far as it can be had at once; what comes by URL is told when it is there.
    ///
    /// # Errors
    /// The first file that cannot be used, or no threads.
    pub(super) fn open(settings: &Settings, found: mpsc::Sender<Found>) -> Result<(Self, Music), StartError> {
        if let Some(path) = &settings.sounds.directory {
            std::fs::read_dir(path).map_err(|source| StartError::Sounds { path: path.clone(), source })?;
        }
        let library = Self::start(settings.sounds.clone(), settings.room_rates(), found)?;
        let music = library.hold_music(&settings.hold_music);
        let music = music.map_err(|(path, reason)| StartError::Music { path, reason: reason.to_string() })?;
        Ok((library, music))
    }

    /// Whether what the settings name can be had; URLs apart, which may come later.
    ///
    /// # Errors
    /// The first file that cannot be used, or the directory.
    pub(super) fn check(settings: &Settings) -> Result<(), StartError> {
        let mut files = settings.clone();
        files.hold_music.pieces.retain(|piece| matches!(piece, Piece::File(_)));
        Self::open(&files, mpsc::channel(1).0).map(drop)
    }

    /// Starts the threads; `rates` are those that rooms may have.
    fn start(settings: Sounds, rates: Vec<Rate>, found: mpsc::Sender<Found>) -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(THREADS).thread_name("library").enable_all().build()?;
        let shelf = Arc::new(Shelf::new(settings, rates));
        Ok(Self {
            runtime: Some(runtime),
            shelf,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            found,
            is_retired: Arc::default(),
        })
    }

    /// Looks for a sound; what comes of it is told by the channel.
    pub(super) fn fetch(&self, play: PlayId, leg: LegId, sound: Sound) {
        let (shelf, found) = (Arc::clone(&self.shelf), self.found.clone());
        let Some(runtime) = &self.runtime else { return };
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            // Not by `try_send`: whoever waits for this answer waits until it comes.
            let busy = Found::Sound { play, leg, sound: Err(SoundError::Busy) };
            runtime.spawn(async move { drop(found.send(busy).await) });
            return;
        };
        runtime.spawn(async move {
            let result = shelf.find(&sound).await;
            if let Err(error) = &result {
                tracing::warn!(%play, %leg, ?sound, %error, "a sound cannot be played");
            }
            // Nobody reads any more: the switch has ended.
            let _ended = found.send(Found::Sound { play, leg, sound: result }).await;
            drop(place);
        });
    }

    /// Another one looks for sounds from now on. This one brings what it looks for, and no more music.
    pub(super) fn retire(&self) {
        self.is_retired.store(true, Ordering::Relaxed);
    }

    fn hold_music(&self, wanted: &HoldMusic) -> Result<Music, (PathBuf, SoundError)> {
        let Some(runtime) = &self.runtime else { return Ok(Music::built_in()) };
        let music = runtime.block_on(wanted.read_files(&self.shelf))?;
        if wanted.comes_by_url() {
            runtime.spawn(wanted.clone().keep_fresh(
                Arc::clone(&self.shelf),
                self.found.clone(),
                Arc::clone(&self.is_retired),
            ));
        }
        Ok(music)
    }
}

impl Drop for Library {
    /// Without waiting for what the threads wait for.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests;
