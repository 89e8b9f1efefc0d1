//! Registrations on disk, so that phones can be reached at once after a restart.
//!
//! A thread of its own writes; the file is always whole: it is written beside, synced, and renamed. Deadlines are kept as wall-clock
//! time, because monotonic time begins anew with the machine.

use crate::switch::{self, Binding};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// The thread that writes, and when it should.
#[derive(Debug)]
pub(super) struct Journal {
    snapshots: SyncSender<Vec<Binding>>,
    handle: JoinHandle<()>,
    /// Something changed that is not written: it will be at this time.
    due: Option<Instant>,
}

/// The file in the state directory.
const FILE: &str = "registrations.json";
/// Changes are gathered for so long before they are written.
const GATHER: Duration = Duration::from_millis(500);

/// One registration as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    extension: String,
    contact: String,
    source: SocketAddr,
    path: Vec<String>,
    q: u16,
    call_id: String,
    cseq: u32,
    agent: String,
    /// Seconds since 1970.
    expires: u64,
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
struct Records {
    version: u32,
    registrations: Vec<Record>,
}

impl Journal {
    /// Makes the directory if need be, reads what was kept, and starts the thread. A file that cannot be understood is put aside.
    pub(super) fn open(directory: &Path) -> io::Result<(Self, Vec<Binding>)> {
        fs::create_dir_all(directory)?;
        let path = directory.join(FILE);
        let bindings = match fs::read(&path) {
            Ok(text) => parse(&text).unwrap_or_else(|error| {
                let aside = path.with_extension("unreadable");
                let kept = fs::rename(&path, &aside).is_ok();
                tracing::error!(file = %path.display(), %error, kept, "registrations cannot be read: phones must register again");
                Vec::new()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let (snapshots, inbox) = sync_channel(1);
        let handle = std::thread::Builder::new().name("journal".to_owned()).spawn(move || write_all(&path, &inbox))?;
        Ok((Self { snapshots, handle, due: None }, bindings))
    }

    /// Something happened at the switchboard.
    pub(super) fn changed(&mut self, event: &switch::Event, now: Instant) {
        match event {
            switch::Event::Registered(_) | switch::Event::Unregistered { .. } => {
                self.due.get_or_insert(now + GATHER);
            }
            switch::Event::AgentPaused { .. } | switch::Event::Banned { .. } => {}
        }
    }

    /// When `write` wants to be called.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Has the registrations written; later, if the disk is still busy with those before.
    pub(super) fn write(&mut self, bindings: Vec<Binding>, now: Instant) {
        self.due = match self.snapshots.try_send(bindings) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => None,
            Err(TrySendError::Full(_)) => Some(now + GATHER),
        };
    }

    /// Writes the registrations for the last time and waits until that is done.
    pub(super) fn finish(self, bindings: Vec<Binding>) {
        // Blocks as long as the disk needs: there is nothing else left to do.
        let _ended = self.snapshots.send(bindings);
        drop(self.snapshots);
        let _failed = self.handle.join();
    }
}

fn write_all(path: &Path, inbox: &Receiver<Vec<Binding>>) {
    while let Ok(bindings) = inbox.recv() {
        if let Err(error) = write(path, &bindings) {
            tracing::error!(file = %path.display(), %error, "registrations cannot be kept");
        }
    }
}

fn write(path: &Path, bindings: &[Binding]) -> io::Result<()> {
    let beside: PathBuf = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(&print(bindings)?)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

fn print(bindings: &[Binding]) -> io::Result<Vec<u8>> {
    let (instant, wall) = (Instant::now(), SystemTime::now());
    let registrations = bindings
        .iter()
        .map(|binding| Record {
            extension: binding.extension.clone(),
            contact: binding.contact.to_string(),
            source: binding.source,
            path: binding.path.iter().map(ToString::to_string).collect(),
            q: binding.q,
            call_id: binding.call_id.clone(),
            cseq: binding.cseq,
            agent: binding.agent.clone(),
            expires: (wall + binding.expires.saturating_duration_since(instant))
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        })
        .collect();
    Ok(serde_json::to_vec_pretty(&Records { version: 1, registrations })?)
}

/// What was kept and has not run out. Records with something in them that cannot be understood are left out.
fn parse(text: &[u8]) -> Result<Vec<Binding>, serde_json::Error> {
    let (instant, wall) = (Instant::now(), SystemTime::now());
    let records: Records = serde_json::from_slice(text)?;
    let revive = |record: Record| {
        let expires = UNIX_EPOCH.checked_add(Duration::from_secs(record.expires))?;
        Some(Binding {
            contact: record.contact.parse().ok()?,
            path: record.path.iter().map(|uri| uri.parse().ok()).collect::<Option<_>>()?,
            expires: instant.checked_add(expires.duration_since(wall).ok()?)?,
            extension: record.extension,
            source: record.source,
            q: record.q,
            call_id: record.call_id,
            cseq: record.cseq,
            agent: record.agent,
        })
    };
    Ok(records.registrations.into_iter().filter_map(revive).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(expires: Instant) -> Binding {
        Binding {
            extension: "1001".to_owned(),
            contact: "sip:1001@10.0.0.7:5062;ob".parse().unwrap(),
            source: ([10, 0, 0, 7], 5062).into(),
            path: vec!["sip:edge.example;lr".parse().unwrap()],
            q: 1000,
            call_id: "a84b4c76e66710".to_owned(),
            cseq: 1826,
            agent: "phone/1.0".to_owned(),
            expires,
        }
    }

    #[test]
    fn what_is_written_is_read_again_but_for_what_has_run_out() {
        let directory = tempfile::tempdir().unwrap();
        let now = Instant::now();
        let (journal, none) = Journal::open(directory.path()).unwrap();
        assert_eq!(none, Vec::new());
        journal.finish(vec![binding(now + Duration::from_secs(600)), binding(now)]);
        let (journal, read) = Journal::open(directory.path()).unwrap();
        journal.finish(Vec::new());
        assert_eq!(read.len(), 1);
        let left = read[0].expires.saturating_duration_since(now);
        assert!((598..=602).contains(&left.as_secs()), "{left:?}");
        assert_eq!(Binding { expires: now, ..read[0].clone() }, binding(now));
    }

    #[test]
    fn a_file_that_is_not_ours_is_put_aside() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE), "{").unwrap();
        let (journal, read) = Journal::open(directory.path()).unwrap();
        assert_eq!(read, Vec::new());
        assert_eq!(fs::read(directory.path().join("registrations.unreadable")).unwrap(), b"{");
        journal.finish(Vec::new());
    }
}
