//! Why a switch does not start.

use std::{error::Error, io, net::SocketAddr, path::PathBuf};

/// Something that the administrator must put right.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The SIP socket.
    #[error("cannot listen for SIP on udp://{address}: {source}")]
    Listen {
        /// As it was asked for.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The hold music.
    #[error("cannot use {} as hold music: {reason}", path.display())]
    Music {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The directory of sounds.
    #[error("cannot read sounds in {}: {source}", path.display())]
    Sounds {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The directory of recordings.
    #[error("cannot keep recordings in {}: {source}", path.display())]
    Recordings {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Recordings.
    #[error("cannot record: {0}")]
    Recorder(#[source] io::Error),
    /// The state directory.
    #[error("cannot keep registrations in {}: {source}", path.display())]
    State {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What serves programs.
    #[error("{0}")]
    Front(Box<dyn Error + Send + Sync>),
    /// A thread, or something that it needs.
    #[error("cannot start: {0}")]
    Thread(#[from] io::Error),
}
