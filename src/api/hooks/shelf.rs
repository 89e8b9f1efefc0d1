//! Webhooks that programs made, on disk: those of all calls, which outlive the program. Secrets are in it, so nobody else may read it.

use super::{Hook, HookId};
use crate::api::settings::Key;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Where they are kept.
#[derive(Debug)]
pub(super) struct Shelf {
    path: PathBuf,
    /// One writes at a time.
    writing: Mutex<()>,
}

/// One as it is written.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    id: u64,
    pub(super) url: String,
    secret: Vec<u8>,
    pub(super) events: Vec<String>,
}

/// The file.
#[derive(Debug, Serialize, Deserialize)]
struct File {
    version: u32,
    webhooks: Vec<Kept>,
}

const VERSION: u32 = 1;

impl Shelf {
    /// At this place.
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path, writing: Mutex::default() }
    }

    /// Those that were kept. A file that cannot be understood is put aside.
    pub(super) fn read(&self) -> Vec<Kept> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                tracing::error!(file = %self.path.display(), %error, "webhooks of programs cannot be read");
                return Vec::new();
            }
        };
        match serde_json::from_slice::<File>(&text) {
            Ok(File { version: VERSION, webhooks }) => webhooks,
            read => {
                let error = read.err().map_or_else(|| "it is of another version".to_owned(), |error| error.to_string());
                let kept = fs::rename(&self.path, self.path.with_extension("unreadable")).is_ok();
                tracing::error!(file = %self.path.display(), error, kept, "webhooks of programs cannot be read: they must be made again");
                Vec::new()
            }
        }
    }

    /// Keeps those that `all` gives when it is its turn. Blocks as long as the disk needs.
    pub(super) fn write(&self, all: impl FnOnce() -> Vec<Arc<Hook>>) {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let own = |hook: &&Arc<Hook>| !hook.configured && hook.call.is_none();
        let webhooks = all().iter().filter(own).map(|hook| Kept::of(hook)).collect();
        if let Err(error) = write(&self.path, &File { version: VERSION, webhooks }) {
            tracing::error!(file = %self.path.display(), %error, "webhooks of programs cannot be kept");
        }
    }
}

impl Kept {
    fn of(hook: &Hook) -> Self {
        let secret = hook.secret.bytes().to_vec();
        Self { id: hook.id.0, url: hook.url.clone(), secret, events: hook.events.clone() }
    }

    pub(super) fn id(&self) -> HookId {
        HookId(self.id)
    }

    pub(super) fn secret(&self) -> Key {
        Key::new(self.secret.clone())
    }
}

/// The file is always whole: it is written beside, synced, and renamed.
fn write(path: &Path, file: &File) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let beside = path.with_extension("new");
    let mut open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    open.write_all(&serde_json::to_vec(file).map_err(io::Error::other)?)?;
    open.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::hooks::Hooks, control::Hub};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn webhooks_of_programs_outlive_the_program_and_others_do_not() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("state/webhooks.json");
        let life = || Hooks::new(Hub::new(0), Some(path.clone())).unwrap();
        let (url, key) = (|| "http://desk.example/".to_owned(), || Key::new(b"0123456789abcdef".to_vec()));
        let listed = |hooks: &Hooks| hooks.list().iter().map(|hook| hook.id.to_string()).collect::<Vec<_>>();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let first = life();
            first.recall();
            first.add(url(), key(), Vec::new(), None, None, true);
            first.add(url(), key(), Vec::new(), Some(crate::ids::CallId(1)), Some(0), false);
            first.add(url(), key(), vec!["transfer".to_owned()], None, None, false);
            // Asked before anything waits: the one of a call ends by itself, for there is no such call.
            assert_eq!(listed(&first), ["webhook-1", "webhook-2", "webhook-3"]);
            first.keep().await;
            let second = life();
            second.recall();
            assert_eq!(listed(&second), ["webhook-3"]);
            let kept = &second.list()[0];
            assert_eq!((&kept.url, &kept.secret, &kept.events[..]), (&url(), &key(), &["transfer".to_owned()][..]));
            assert_eq!(second.add(url(), key(), Vec::new(), None, None, false).unwrap().id.to_string(), "webhook-4");
            second.remove(kept.id);
            second.keep().await;
            let third = life();
            third.recall();
            assert_eq!(listed(&third), ["webhook-4"]);
            third.confine(|url| url != "http://desk.example/");
            assert!(listed(&third).is_empty(), "that host is not allowed any more");
        });
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "there are secrets in it");
        fs::write(&path, "nonsense").unwrap();
        assert!(Shelf::at(path.clone()).read().is_empty() && path.with_extension("unreadable").exists());
    }
}
