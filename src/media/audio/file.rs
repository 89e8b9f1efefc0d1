//! Sound files of the kinds that are read: which one is it, and what is in it.

use super::{
    clip::{Clip, ClipError},
    frame::Rate,
    mp3::{self, Mp3Error},
    wav::{self, WavError},
};

/// One channel of sound at its own rate, 1.0 being full scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Pcm {
    /// The samples.
    pub samples: Vec<f32>,
    /// So many a second.
    pub rate: u32,
}

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A WAV file that cannot be used.
    #[error(transparent)]
    Wav(#[from] WavError),
    /// It is no WAV file, and as MP3 it cannot be used.
    #[error(transparent)]
    Mp3(#[from] Mp3Error),
    /// What is in it makes no clip.
    #[error(transparent)]
    Clip(#[from] ClipError),
}

impl FileError {
    /// It sounds longer than allowed.
    pub fn is_too_long(&self) -> bool {
        matches!(self, Self::Wav(WavError::TooLong) | Self::Mp3(Mp3Error::TooLong))
    }
}

/// All of a file, as one channel; several are averaged. It may be `longest_s` seconds long.
///
/// # Errors
/// It is neither WAV nor MP3, damaged, empty, or too long.
pub fn decode(bytes: &[u8], longest_s: u32) -> Result<Pcm, FileError> {
    if bytes.starts_with(b"RIFF") || bytes.starts_with(b"RF64") {
        return match wav::companded(bytes, longest_s)? {
            Some(sound) => Ok(sound),
            None => Ok(wav::decode(bytes, longest_s)?),
        };
    }
    Ok(mp3::decode(bytes, longest_s)?)
}

/// The same as a clip at each of `rates`.
///
/// # Errors
/// As [`decode`].
pub fn clip(bytes: &[u8], longest_s: u32, rates: &[Rate]) -> Result<Clip, FileError> {
    let Pcm { samples, rate } = decode(bytes, longest_s)?;
    Ok(Clip::new(&samples, rate, rates)?)
}
