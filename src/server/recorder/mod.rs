//! Recordings on the disk: one thread writes what comes by the tapes of all recordings, another one makes MP3 of what is complete.
//!
//! A media thread never waits for them: a tape that is full loses frames, and silence stands in their place. `wav` is a file that
//! is being written, `encoder` the program that makes MP3.

mod encoder;
mod name;
mod wav;

use super::{error::StartError, media::Told};
use crate::{
    ids::{CallId, RecordingId},
    media::{Event, Format, Frame, Layout, RecordingFault, RecordingNews, Tape, audio::frame::Rate},
};
use encoder::{Encoder, Job};
use std::{
    io,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::mpsc;
use wav::WavFile;

/// Where recordings are kept, and what kind they are unless said otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Recordings {
    /// Where; `None`: nothing is recorded.
    pub directory: Option<PathBuf>,
    /// What kind of file.
    pub format: Format,
    /// Who is on which channel.
    pub layout: Layout,
    /// The longest, s.
    pub max_s: u64,
    /// What must stay free on the disk, bytes.
    pub min_free_bytes: u64,
}

impl Default for Recordings {
    fn default() -> Self {
        Self { directory: None, format: Format::Wav, layout: Layout::Mix, max_s: 14_400, min_free_bytes: 100 << 20 }
    }
}

/// A recording that begins.
pub(super) struct Begin {
    pub(super) recording: RecordingId,
    pub(super) call: CallId,
    pub(super) format: Format,
    pub(super) tape: Tape,
}

/// The two threads. Dropping it ends them when what was said until then is written.
pub(super) struct Recorder {
    beginnings: Option<SyncSender<Begin>>,
    writer: Option<JoinHandle<()>>,
}

/// Recordings that wait to begin.
const BEGINNINGS: usize = 1024;
/// How often the tapes are looked at: each holds more than a second.
const LOOK: Duration = Duration::from_millis(100);
/// Recordings at once.
const AT_ONCE: usize = 4096;
/// How often the length in the header of a file is set right, so that it can be played whatever happens to us.
const PATCH: Duration = Duration::from_secs(1);
/// ms of a frame.
const FRAME_MS: u64 = 20;

impl Recorder {
    /// Whether what the settings want can be: a directory, and MP3. Makes nothing: who asks may be somebody else than who will record.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(settings: &Recordings) -> Result<(), StartError> {
        let Some(path) = &settings.directory else { return Ok(()) };
        if path.ancestors().find(|place| place.exists()).is_some_and(|place| !place.is_dir()) {
            let source = io::ErrorKind::NotADirectory.into();
            return Err(StartError::Recordings { path: path.clone(), source });
        }
        if settings.format == Format::Mp3 && Encoder::find().is_none() {
            return Err(StartError::Recorder(io::Error::new(io::ErrorKind::NotFound, encoder::MISSING)));
        }
        Ok(())
    }

    /// Starts the threads; files are made for sound up to `rate`.
    ///
    /// # Errors
    /// What the settings want cannot be, or no thread can be started.
    pub(super) fn start(settings: Recordings, rate: Rate, told: mpsc::Sender<Told>) -> Result<Self, StartError> {
        Self::check(&settings)?;
        if let Some(path) = &settings.directory {
            writable(path).map_err(|source| StartError::Recordings { path: path.clone(), source })?;
        }
        let encoder = Encoder::find();
        let (beginnings, begun) = sync_channel(BEGINNINGS);
        let writer = std::thread::Builder::new().name("recorder".to_owned()).spawn(move || {
            // Where it cannot be started, WAV files stay what they are.
            let encoding = encoder.and_then(|encoder| encoder.start(told.clone()).ok());
            Writer { settings, rate, told, encoding, reels: Vec::new() }.run(&begun);
        });
        let writer = writer.map_err(StartError::Recorder)?;
        Ok(Self { beginnings: Some(beginnings), writer: Some(writer) })
    }

    /// A recording begins; what becomes of it is told. `Err`: what became of it already.
    pub(super) fn begin(&self, begin: Begin) -> Result<(), RecordingNews> {
        let sent = self.beginnings.as_ref().map(|beginnings| beginnings.try_send(begin));
        if matches!(sent, Some(Ok(()))) { Ok(()) } else { Err(RecordingNews::Failed(RecordingFault::TooMany)) }
    }
}

/// Files can be made in this directory, which is made if it is not there.
fn writable(directory: &Path) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    let probe = directory.join(format!(".writable-{}", std::process::id()));
    std::fs::write(&probe, "")?;
    std::fs::remove_file(&probe)
}

impl Drop for Recorder {
    fn drop(&mut self) {
        drop(self.beginnings.take());
        if let Some(writer) = self.writer.take() {
            // One that panicked has ended the program.
            let _ended = writer.join();
        }
    }
}

struct Writer {
    settings: Recordings,
    rate: Rate,
    told: mpsc::Sender<Told>,
    encoding: Option<encoder::Encoding>,
    reels: Vec<Reel>,
}

/// A file and the tape that goes into it.
struct Reel {
    begin: Begin,
    /// In the directory of recordings.
    name: String,
    file: WavFile,
    /// Frames that are in the file.
    written: u64,
    /// Frames that were missed, as far as it was told.
    missed: u64,
    patched: Instant,
}

impl Writer {
    fn run(mut self, begun: &Receiver<Begin>) {
        loop {
            let next = if self.reels.is_empty() {
                begun.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                begun.recv_timeout(LOOK)
            };
            match next {
                Ok(begin) => self.begin(begin),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            begun.try_iter().for_each(|begin| self.begin(begin));
            self.look();
        }
        // The mixers are gone, or will be: what they wrote is all there is.
        self.look();
        for reel in std::mem::take(&mut self.reels) {
            let length = reel.written;
            self.end(reel, length);
        }
    }

    fn begin(&mut self, begin: Begin) {
        match self.reel(&begin) {
            Ok((name, file)) => {
                self.tell(&begin, RecordingNews::Started { file: name.clone() });
                self.reels.push(Reel { begin, name, file, written: 0, missed: 0, patched: Instant::now() });
            }
            Err(fault) => self.tell(&begin, RecordingNews::Failed(fault)),
        }
    }

    fn reel(&self, begin: &Begin) -> Result<(String, WavFile), RecordingFault> {
        let directory = self.settings.directory.as_deref().ok_or(RecordingFault::NotConfigured)?;
        if self.reels.len() >= AT_ONCE {
            return Err(RecordingFault::TooMany);
        }
        if begin.format == Format::Mp3 && self.encoding.is_none() {
            return Err(RecordingFault::NoEncoder(encoder::MISSING.to_owned()));
        }
        if begin.format == Format::Mp3 && begin.tape.channels() > 2 {
            return Err(RecordingFault::NoEncoder("an MP3 file has one or two channels".to_owned()));
        }
        let name = name::of(SystemTime::now(), begin.call, begin.recording);
        let path = directory.join(&name);
        let open = || {
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            WavFile::create(&path, begin.tape.channels() as u16, self.rate)
        };
        self.check_space(directory)?;
        Ok((name, open().map_err(fault)?))
    }

    /// Takes in what has come by all tapes.
    fn look(&mut self) {
        let now = Instant::now();
        for mut reel in std::mem::take(&mut self.reels) {
            match self.write(&mut reel, now) {
                Ok(None) => self.reels.push(reel),
                Ok(Some(length)) => self.end(reel, length),
                Err(fault) => {
                    // As much of it as there is can be played.
                    let _kept = reel.file.finish();
                    self.tell(&reel.begin, RecordingNews::Failed(fault));
                }
            }
        }
    }

    /// The frames that the whole has, when it is complete.
    fn write(&self, reel: &mut Reel, now: Instant) -> Result<Option<u64>, RecordingFault> {
        let tape = &reel.begin.tape;
        // In this order: who finishes a tape writes nothing after that.
        let (alone, mut end) = (tape.is_alone(), tape.end());
        let most = self.settings.max_s * 1000 / FRAME_MS;
        while let Some(frame) = tape.read() {
            if frame.number < most {
                reel.written = written(&mut reel.file, reel.written, &frame).map_err(fault)?;
            } else {
                end = Some(most);
            }
            tape.recycle(frame);
        }
        reel.file.flush().map_err(fault)?;
        let missed = tape.missed();
        if missed > reel.missed {
            self.tell(&reel.begin, RecordingNews::Dropped { lost_ms: (missed - reel.missed) * FRAME_MS });
            reel.missed = missed;
        }
        if let Some(end) = end.or(alone.then_some(reel.written)) {
            return Ok(Some(end.min(most)));
        }
        if now.saturating_duration_since(reel.patched) >= PATCH {
            reel.patched = now;
            reel.file.patch().map_err(fault)?;
            if let Some(directory) = &self.settings.directory {
                self.check_space(directory)?;
            }
        }
        Ok(None)
    }

    fn end(&self, mut reel: Reel, length: u64) {
        let whole = reel.file.set_length(length).and_then(|()| reel.file.finish());
        let news = RecordingNews::Ended {
            file: reel.name.clone(),
            length_ms: length * FRAME_MS,
            lost_ms: reel.missed * FRAME_MS,
        };
        match (whole, reel.begin.format, &self.encoding, &self.settings.directory) {
            (Err(error), ..) => self.tell(&reel.begin, RecordingNews::Failed(fault(error))),
            (Ok(()), Format::Mp3, Some(encoding), Some(directory)) => {
                let (call, recording) = (reel.begin.call, reel.begin.recording);
                encoding.encode(Job { call, recording, wav: directory.join(&reel.name), name: reel.name, news });
            }
            (Ok(()), ..) => self.tell(&reel.begin, news),
        }
    }

    fn check_space(&self, directory: &Path) -> Result<(), RecordingFault> {
        let Ok(disk) = rustix::fs::statvfs(directory) else { return Ok(()) };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < self.settings.min_free_bytes { Err(RecordingFault::DiskFull) } else { Ok(()) }
    }

    fn tell(&self, begin: &Begin, news: RecordingNews) {
        tell(&self.told, begin.call, begin.recording, news);
    }
}

/// Appends a frame, after silence for those that were missed before it; how many frames there are then.
fn written(file: &mut WavFile, before: u64, frame: &Frame) -> io::Result<u64> {
    if frame.number > before {
        file.silence(frame.number - before)?;
    }
    if frame.number >= before {
        file.write(&frame.sound, frame.rate)?;
    }
    Ok(before.max(frame.number + 1))
}

/// Waits where there is no room: the exchange remembers a recording until it is told of its end.
fn tell(told: &mpsc::Sender<Told>, call: CallId, recording: RecordingId, news: RecordingNews) {
    // Nobody listens any more when the switch has ended.
    let _ended = told.blocking_send((call, Event::Recording { recording, news }));
}

fn fault(error: io::Error) -> RecordingFault {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let is_full = [StorageFull, QuotaExceeded, FileTooLarge].contains(&error.kind());
    if is_full { RecordingFault::DiskFull } else { RecordingFault::Unwritable(error.to_string()) }
}

#[cfg(test)]
mod tests;
