//! MP3 files, made by a program that the system has: no free encoder may be linked (docs/decisions).

use super::tell;
use crate::{
    ids::{CallId, RecordingId},
    media::{RecordingFault, RecordingNews},
    server::media::Told,
};
use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::JoinHandle,
};
use tokio::sync::mpsc;

/// What is said where there is none.
pub(super) const MISSING: &str = "MP3 needs lame or ffmpeg, and neither is installed; WAV needs nothing";

/// A program that makes MP3 of WAV.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    program: PathBuf,
    is_lame: bool,
}

/// Something to encode.
pub(super) struct Job {
    pub(super) call: CallId,
    pub(super) recording: RecordingId,
    /// Where the WAV file is; the MP3 file takes its place.
    pub(super) wav: PathBuf,
    /// Its name in the directory of recordings.
    pub(super) name: String,
    /// What is told when it is done.
    pub(super) news: RecordingNews,
}

/// The thread that has the program run.
pub(super) struct Encoding {
    jobs: Option<SyncSender<Job>>,
    told: mpsc::Sender<Told>,
    thread: Option<JoinHandle<()>>,
}

/// Files that wait; one more stays WAV.
const JOBS: usize = 4096;

impl Encoder {
    /// The one that is installed.
    pub(super) fn find() -> Option<Self> {
        let path = std::env::var_os("PATH")?;
        let find = |name: &str| std::env::split_paths(&path).map(|place| place.join(name)).find(|path| path.is_file());
        let lame = find("lame").map(|program| Self { program, is_lame: true });
        lame.or_else(|| find("ffmpeg").map(|program| Self { program, is_lame: false }))
    }

    /// Starts the thread.
    pub(super) fn start(self, told: mpsc::Sender<Told>) -> io::Result<Encoding> {
        let (jobs, waiting) = sync_channel(JOBS);
        let telling = told.clone();
        let run = move || self.run(&waiting, &telling);
        let thread = std::thread::Builder::new().name("encoder".to_owned()).spawn(run)?;
        Ok(Encoding { jobs: Some(jobs), told, thread: Some(thread) })
    }

    fn run(&self, waiting: &Receiver<Job>, told: &mpsc::Sender<Told>) {
        for job in waiting {
            let news = match self.encode(&job.wav) {
                Ok(()) => renamed(job.news),
                Err(reason) => {
                    RecordingNews::Failed(RecordingFault::NoEncoder(format!("{reason}; {} is kept", job.name)))
                }
            };
            tell(told, job.call, job.recording, news);
        }
    }

    /// Makes the MP3 file under another name first: whoever lists recordings sees whole ones.
    fn encode(&self, wav: &Path) -> Result<(), String> {
        let (mp3, part) = (wav.with_extension("mp3"), wav.with_extension("part"));
        // Whatever the program would make of it: only we can read it, as the WAV file.
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)
            .map_err(|error| error.to_string())?;
        let mut command = Command::new(&self.program);
        if self.is_lame {
            // Each channel for itself: what one says is not heard on the other's.
            command.args(["--quiet", "--noreplaygain", "-m", "a", "-V", "4", "-q", "5"]).arg(wav).arg(&part);
            if channels(wav) == Some(2) {
                command.args(["-m", "s"]);
            }
        } else {
            command.args(["-nostdin", "-v", "error", "-y", "-i"]).arg(wav);
            command.args(["-codec:a", "libmp3lame", "-q:a", "4", "-joint_stereo", "0", "-f", "mp3"]).arg(&part);
        }
        let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
        let output = output.map_err(|error| error.to_string())?;
        if !output.status.success() {
            let _half_of_it = std::fs::remove_file(&part);
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(said.lines().next().unwrap_or("the encoder failed").chars().take(200).collect());
        }
        std::fs::rename(&part, &mp3).map_err(|error| error.to_string())?;
        std::fs::remove_file(wav).map_err(|error| error.to_string())
    }
}

impl Encoding {
    pub(super) fn encode(&self, job: Job) {
        let Some(jobs) = &self.jobs else { return };
        if let Err(refused) = jobs.try_send(job) {
            let (std::sync::mpsc::TrySendError::Full(job) | std::sync::mpsc::TrySendError::Disconnected(job)) = refused;
            let fault = RecordingFault::NoEncoder(format!("too many files wait for it; {} is kept", job.name));
            tell(&self.told, job.call, job.recording, RecordingNews::Failed(fault));
        }
    }
}

impl Drop for Encoding {
    /// What waits is encoded first.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn renamed(news: RecordingNews) -> RecordingNews {
    match news {
        RecordingNews::Ended { file, length_ms, lost_ms } => {
            let file = Path::new(&file).with_extension("mp3").display().to_string();
            RecordingNews::Ended { file, length_ms, lost_ms }
        }
        other @ (RecordingNews::Started { .. } | RecordingNews::Dropped { .. } | RecordingNews::Failed(_)) => other,
    }
}

fn channels(wav: &Path) -> Option<u16> {
    hound::WavReader::open(wav).ok().map(|reader| reader.spec().channels)
}
