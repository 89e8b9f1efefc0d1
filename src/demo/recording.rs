//! What was heard, as WAV files.

use super::stage::Role;
use crate::phone::{Ear, RATE};
use std::{fs, io, path::Path};

/// One line of one phone.
pub(super) struct Recording {
    pub(super) role: Role,
    /// User part of the other side.
    pub(super) peer: String,
    pub(super) ear: Ear,
}

/// Writes all of them; gives back what was written, in words.
pub(super) fn write(directory: &Path, recordings: Vec<Recording>) -> io::Result<Vec<String>> {
    fs::create_dir_all(directory)?;
    let mut written = Vec::new();
    for (number, recording) in recordings.into_iter().enumerate() {
        let name = format!("{}-{}-with-{}.wav", number + 1, recording.role.name(), recording.peer);
        let format = hound::WavSpec {
            channels: 1,
            sample_rate: RATE.0,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(directory.join(&name), format).map_err(io::Error::other)?;
        for sample in recording.ear.sound() {
            wav.write_sample(*sample).map_err(io::Error::other)?;
        }
        wav.finalize().map_err(io::Error::other)?;
        let seconds = recording.ear.sound().len() as f64 / f64::from(RATE.0);
        written.push(format!("{name} ({seconds:.1} s)"));
    }
    Ok(written)
}
