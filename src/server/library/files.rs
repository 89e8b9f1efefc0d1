//! Sound files on the disk.

use super::shelf::Edition;
use crate::media::SoundError;
use std::{
    fs::File,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

/// Where the file of that name is. `/` in a name leads into directories below, and nothing leads out of the directory of sounds,
/// symbolic links included. A name without ending is that of a WAV or an MP3 file.
pub(super) fn find(directory: &Path, name: &str) -> Result<PathBuf, SoundError> {
    let bad = || SoundError::BadName(name.to_owned());
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || !plain || name.contains(['\0', '\\']) {
        return Err(bad());
    }
    let top = directory.canonicalize().map_err(|_| bad())?;
    let endings = if Path::new(name).extension().is_some() { &[""][..] } else { &["", ".wav", ".mp3"][..] };
    let found = endings.iter().find_map(|ending| top.join(format!("{name}{ending}")).canonicalize().ok());
    let path = found.filter(|path| path.is_file()).ok_or_else(|| SoundError::NoSuchFile(name.to_owned()))?;
    if path.starts_with(&top) { Ok(path) } else { Err(bad()) }
}

/// A file that can be read.
pub(super) struct Readable {
    file: File,
    length: u64,
}

/// Opens a file, and tells which edition it is.
pub(super) fn read(path: &Path, max_bytes: u64) -> Result<(Edition, Readable), SoundError> {
    let file = File::open(path).map_err(unusable)?;
    let about = file.metadata().map_err(unusable)?;
    if !about.is_file() {
        return Err(SoundError::Unusable("it is no file".to_owned()));
    }
    if about.len() > max_bytes {
        return Err(SoundError::TooLarge(max_bytes));
    }
    let changed = about.modified().ok().map(|at| (at, about.len()));
    Ok((Edition { changed, ..Edition::default() }, Readable { file, length: about.len() }))
}

impl Readable {
    pub(super) async fn read(self) -> Result<Vec<u8>, SoundError> {
        let reading = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            self.file.take(self.length).read_to_end(&mut bytes).map(|_| bytes)
        });
        reading.await.map_err(|error| SoundError::Unusable(error.to_string()))?.map_err(unusable)
    }
}

fn unusable(error: io::Error) -> SoundError {
    SoundError::Unusable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_directory() {
        let place = tempfile::tempdir().unwrap();
        let sounds = place.path().join("sounds");
        std::fs::create_dir_all(sounds.join("nl")).unwrap();
        std::fs::write(place.path().join("secret.wav"), "x").unwrap();
        std::fs::write(sounds.join("nl/welcome.mp3"), "x").unwrap();
        std::os::unix::fs::symlink(place.path().join("secret.wav"), sounds.join("link.wav")).unwrap();
        for bad in
            ["", "/etc/passwd", "../secret.wav", "nl/../../secret.wav", ".", "a\0b", "..\\secret.wav", "link.wav"]
        {
            assert!(matches!(find(&sounds, bad), Err(SoundError::BadName(_))), "{bad:?}");
        }
        for missing in ["nothing", "nl", "nl/none.wav"] {
            assert!(matches!(find(&sounds, missing), Err(SoundError::NoSuchFile(_))), "{missing:?}");
        }
        for good in ["nl/welcome", "nl/welcome.mp3"] {
            assert!(find(&sounds, good).unwrap().ends_with("nl/welcome.mp3"));
        }
    }

    #[test]
    fn a_file_may_not_be_too_large() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.wav");
        std::fs::write(&path, [0; 100]).unwrap();
        assert!(matches!(read(&path, 99), Err(SoundError::TooLarge(99))));
        assert!(read(&path, 100).is_ok());
        assert!(matches!(read(place.path(), 100), Err(SoundError::Unusable(_))));
    }
}
