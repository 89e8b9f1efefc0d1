//! The thread that writes.

use super::{
    archive::Archive,
    ledger::{Entry, Ledger},
    store::{Store, StoreError},
};
use crate::control::{Hub, Read, Reader};
use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::oneshot;

/// What call records need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// How long records are kept; zero: for ever.
    pub retention: Duration,
}

/// The thread that writes records.
pub struct Records {
    archive: Archive,
    missed: Arc<AtomicU64>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// How often it is looked for what is too old.
const SWEEP: Duration = Duration::from_secs(3600);
/// What could not be written is tried again this often, and then missed.
const TRIES: usize = 3;

impl Records {
    /// Opens the file and writes all that `hub` tells from now on.
    pub fn start(settings: &Settings, hub: &Hub) -> Result<Self, StoreError> {
        if let Some(directory) = settings.path.parent() {
            fs::create_dir_all(directory)?;
        }
        let store = Store::open(&settings.path)?;
        let archive = Archive::open(&settings.path)?;
        let (reader, _) = hub.subscribe();
        let missed = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let writer = Writer {
            store,
            ledger: Ledger::new(now_ms()),
            retention: settings.retention,
            missed: Arc::clone(&missed),
            sweep_at: Instant::now(),
        };
        let thread = thread::Builder::new()
            .name("records".to_owned())
            .spawn(move || runtime.block_on(writer.serve(reader, stopped)))?;
        Ok(Self { archive, missed, stop, thread })
    }

    /// Where they are read.
    pub fn archive(&self) -> Archive {
        self.archive.clone()
    }

    /// News that were not written: too many came, or the disk failed.
    pub fn missed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.missed)
    }

    /// Writes what has happened until now, and ends.
    pub fn stop(self) {
        let _ended = self.stop.send(());
        let _failed = self.thread.join();
    }
}

struct Writer {
    store: Store,
    ledger: Ledger,
    retention: Duration,
    missed: Arc<AtomicU64>,
    sweep_at: Instant,
}

impl Writer {
    async fn serve(mut self, mut reader: Reader, mut stopped: oneshot::Receiver<()>) {
        loop {
            self.sweep();
            let pause = self.sweep_at.saturating_duration_since(Instant::now());
            tokio::select! {
                read = reader.next() => match read {
                    Some(read) => self.take(read),
                    None => return,
                },
                () = tokio::time::sleep(pause) => {}
                _ = &mut stopped => break,
            }
        }
        while let Some(read) = reader.read() {
            self.take(read);
        }
    }

    fn take(&mut self, read: Read) {
        match read {
            Read::News(news) => {
                let entries: Vec<Entry> = news.iter().flat_map(|news| self.ledger.learn(news)).collect();
                if !entries.is_empty() {
                    self.write(&entries);
                }
            }
            Read::Missed { from, to } => {
                self.missed.fetch_add(to - from + 1, Ordering::Relaxed);
                tracing::error!(from, to, "call records: too much happened at once, some legs have no record");
            }
        }
    }

    fn write(&mut self, entries: &[Entry]) {
        for _ in 0..TRIES {
            match self.store.write(entries) {
                Ok(()) => return,
                Err(error) => tracing::error!(%error, "cannot be written"),
            }
        }
        self.missed.fetch_add(entries.len() as u64, Ordering::Relaxed);
    }

    fn sweep(&mut self) {
        if self.sweep_at > Instant::now() {
            return;
        }
        self.sweep_at = Instant::now() + SWEEP;
        if self.retention.is_zero() {
            return;
        }
        let oldest = now_ms().saturating_sub(u64::try_from(self.retention.as_millis()).unwrap_or(u64::MAX));
        match self.store.forget(oldest) {
            Ok(0) => {}
            Ok(gone) => tracing::info!(gone, "call records that were too old are gone"),
            Err(error) => tracing::error!(%error, "what is too old stays"),
        }
    }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
