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
use tokio::sync::{oneshot, watch};

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
    retention: Retention,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// How long records are kept; it may change while they are written. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Retention(watch::Sender<Duration>);

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
        let retention = Retention(watch::Sender::new(settings.retention));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let writer = Writer {
            store,
            ledger: Ledger::new(now_ms()),
            retention: retention.0.subscribe(),
            missed: Arc::clone(&missed),
            sweep_at: Instant::now(),
        };
        let thread = thread::Builder::new()
            .name("records".to_owned())
            .spawn(move || runtime.block_on(writer.serve(reader, stopped)))?;
        Ok(Self { archive, missed, retention, stop, thread })
    }

    /// Where they are read.
    pub fn archive(&self) -> Archive {
        self.archive.clone()
    }

    /// How long they are kept.
    pub fn retention(&self) -> Retention {
        self.retention.clone()
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

impl Retention {
    /// Other records are too old from now on.
    pub fn set(&self, retention: Duration) {
        self.0.send_if_modified(|kept| std::mem::replace(kept, retention) != retention);
    }
}

struct Writer {
    store: Store,
    ledger: Ledger,
    retention: watch::Receiver<Duration>,
    missed: Arc<AtomicU64>,
    sweep_at: Instant,
}

impl Writer {
    async fn serve(mut self, mut reader: Reader, mut stopped: oneshot::Receiver<()>) {
        loop {
            if self.sweep_at <= Instant::now() {
                self.sweep_at = Instant::now() + SWEEP;
                self.sweep(now_ms());
            }
            let pause = self.sweep_at.saturating_duration_since(Instant::now());
            tokio::select! {
                read = reader.next() => match read {
                    Some(read) => self.take(read),
                    None => return,
                },
                () = tokio::time::sleep(pause) => {}
                Ok(()) = self.retention.changed() => self.sweep_at = Instant::now(),
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

    /// Forgets what is too old at `now` (ms since 1970).
    fn sweep(&mut self, now: u64) {
        let retention = *self.retention.borrow();
        if retention.is_zero() {
            return;
        }
        let oldest = now.saturating_sub(u64::try_from(retention.as_millis()).unwrap_or(u64::MAX));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::archive::Wanted;

    const DAY: u64 = 86_400_000;

    /// A record that began and ended on this day since 1970.
    fn ended(writer: &Writer, id: &str, day: u64) {
        writer.store.raw(
            "INSERT INTO leg (id, chain, call, leg, place, started, ended, status, body)
             VALUES (?1, ?1, 'call-1', 'leg-1', '1001', ?2, ?2, 200, json_object('id', ?1))",
            id,
            day * DAY,
        );
        writer.store.raw("INSERT INTO handover (chain, ended, sender, body) VALUES (?1, ?2, ?1, '{}')", id, day * DAY);
    }

    #[test]
    fn what_is_older_than_the_retention_goes_and_no_more() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("records.sqlite");
        let retention = Retention(watch::Sender::new(Duration::ZERO));
        let mut writer = Writer {
            store: Store::open(&path).unwrap(),
            ledger: Ledger::new(0),
            retention: retention.0.subscribe(),
            missed: Arc::default(),
            sweep_at: Instant::now(),
        };
        let (archive, wanted) =
            (super::super::store::Shelf::open(&path).unwrap(), Wanted { limit: 10, ..Wanted::default() });
        let kept = || -> Vec<String> {
            let page = archive.list(&wanted).unwrap();
            page.records.iter().map(|record| record["id"].as_str().unwrap().to_owned()).collect()
        };
        for (id, day) in [("a", 100), ("b", 200), ("c", 300)] {
            ended(&writer, id, day);
        }
        writer.sweep(10_000 * DAY);
        assert_eq!(kept(), ["c", "b", "a"], "for ever");
        retention.set(Duration::from_millis(100 * DAY));
        writer.sweep(200 * DAY);
        assert_eq!(kept(), ["c", "b", "a"], "to the day");
        writer.sweep(200 * DAY + 1);
        assert_eq!(kept(), ["c", "b"]);
        writer.sweep(301 * DAY);
        assert_eq!(kept(), ["c"]);
        assert_eq!(archive.story("c").unwrap().unwrap().handovers.len(), 1);
        assert!(archive.story("b").unwrap().is_none());
        retention.set(Duration::from_millis(DAY));
        writer.sweep(400 * DAY);
        assert_eq!(kept(), [] as [&str; 0]);
    }
}
