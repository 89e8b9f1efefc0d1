//! The hold music: what the configuration says, as far as it can be had.

use super::{Found, shelf::Shelf};
use crate::media::{Clip, Music, Playlist, Sound, SoundError};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;

/// What is heard on hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HoldMusic {
    /// One after the other; none: the music of the house.
    pub pieces: Vec<Piece>,
    /// Another order each round.
    pub shuffle: bool,
    /// It begins anew for each; else all hear the same at the same time.
    pub from_start: bool,
}

/// One piece of music.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A WAV or MP3 file.
    File(PathBuf),
    /// The same at an http or https URL.
    Url(String),
}

/// How often a URL is asked whether there is something new.
const AGAIN: Duration = Duration::from_secs(600);
/// How soon one is asked again that could not be had: that, and twice as long each time up to `AGAIN`.
const SOON: Duration = Duration::from_secs(5);

impl HoldMusic {
    pub(super) fn comes_by_url(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Url(_)))
    }

    /// What is in files, all of which must be usable; what is elsewhere is silence until it comes.
    pub(super) async fn read_files(&self, shelf: &Shelf) -> Result<Music, (PathBuf, SoundError)> {
        if self.pieces.is_empty() {
            return Ok(Music::built_in());
        }
        let mut clips = Vec::new();
        for piece in &self.pieces {
            if let Piece::File(path) = piece {
                clips.push(shelf.file(path.clone()).await.map_err(|error| (path.clone(), error))?);
            }
        }
        Ok(self.music(clips))
    }

    /// Asks for the URLs again and again, and tells when there is something new.
    pub(super) async fn keep_fresh(self, shelf: Arc<Shelf>, found: mpsc::Sender<Found>, is_retired: Arc<AtomicBool>) {
        let (mut before, mut wait) = (Vec::new(), SOON);
        loop {
            let (clips, complete) = self.all(&shelf).await;
            if is_retired.load(Ordering::Relaxed) {
                return;
            }
            let same =
                clips.len() == before.len() && clips.iter().zip(&before).all(|(one, other)| Arc::ptr_eq(one, other));
            if !same {
                let music = Arc::new(self.music(clips.clone()));
                if found.send(Found::Music(music)).await.is_err() {
                    return;
                }
                before = clips;
            }
            wait = if complete { AGAIN } else { wait.min(AGAIN) };
            tokio::time::sleep(wait).await;
            wait = if complete { SOON } else { wait * 2 };
        }
    }

    /// Whatever can be had, and whether that is all.
    async fn all(&self, shelf: &Shelf) -> (Vec<Arc<Clip>>, bool) {
        let mut clips = Vec::new();
        for piece in &self.pieces {
            let clip = match piece {
                Piece::File(path) => shelf.file(path.clone()).await,
                Piece::Url(url) => shelf.url(url).await,
            };
            match clip {
                Ok(clip) => clips.push(clip),
                Err(error) => {
                    tracing::warn!(piece = piece.shown(), %error, "hold music cannot be played: silence instead")
                }
            }
        }
        let complete = clips.len() == self.pieces.len();
        (clips, complete)
    }

    fn music(&self, clips: Vec<Arc<Clip>>) -> Music {
        let list = Playlist::new(clips, self.shuffle.then(rand::random));
        if self.from_start { Music::from_start(list) } else { Music::shared(list) }
    }
}

impl Piece {
    fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url(url) => format!("URL at {}", Sound::host(url).unwrap_or("?")),
        }
    }
}
