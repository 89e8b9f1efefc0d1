//! Jobs for a media thread, and the bell that wakes it.

use super::{ports::Sockets, reload::NewMedia};
use crate::{
    ids::{CallId, LegId},
    media::{self, Member, Music},
};
use rustix::{
    event::{EventfdFlags, eventfd},
    fd::OwnedFd,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
};

/// Something for a media thread to do, in order.
pub(super) enum Job {
    /// A mixer for a call.
    Open { call: CallId },
    /// A leg enters with its sockets.
    Join { call: CallId, leg: LegId, sockets: Sockets },
    /// For the mixer.
    Mix { call: CallId, command: media::Command },
    /// A leg will arrive from another mixer: what comes for it until then is kept.
    Expect { leg: LegId, call: CallId },
    /// A leg goes to a mixer of that thread, which may be this one.
    Depart { leg: LegId, from: CallId, to: CallId, thread: usize },
    /// A leg arrives; `None`: it was gone when it should have departed.
    Arrive { leg: LegId, call: CallId, passenger: Option<Box<(Member, Sockets)>> },
    /// Another music is heard on hold.
    Music(Arc<Music>),
    /// The mixer goes.
    Close { call: CallId },
    /// Other settings for mixers made from now on.
    Reload(NewMedia),
}

/// Where jobs for a thread are put.
#[derive(Clone)]
pub(super) struct Mailbox {
    jobs: SyncSender<Job>,
    bell: Arc<Bell>,
}

/// Wakes a thread out of its wait.
struct Bell {
    fd: OwnedFd,
    /// Jobs were posted since it was rung.
    posted: AtomicBool,
    stop: AtomicBool,
}

/// Jobs that a mailbox holds.
const JOBS: usize = 16_384;

impl Mailbox {
    /// An empty one, and where its thread takes the jobs out.
    pub(super) fn new() -> io::Result<(Self, Receiver<Job>)> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let (sender, jobs) = sync_channel(JOBS);
        let bell = Arc::new(Bell { fd, posted: AtomicBool::new(false), stop: AtomicBool::new(false) });
        Ok((Self { jobs: sender, bell }, jobs))
    }

    /// Puts a job in; gives it back when there is no room.
    pub(super) fn post(&self, job: Job) -> Result<(), Job> {
        match self.jobs.try_send(job) {
            Ok(()) => {
                self.bell.posted.store(true, Ordering::Release);
                Ok(())
            }
            Err(TrySendError::Full(job)) => Err(job),
            // The thread has ended, and the program with it.
            Err(TrySendError::Disconnected(_)) => Ok(()),
        }
    }

    /// Wakes the thread if it has new jobs.
    pub(super) fn wake(&self) {
        if self.bell.posted.swap(false, Ordering::AcqRel) {
            self.bell.ring();
        }
    }

    /// The thread ends.
    pub(super) fn stop(&self) {
        self.bell.stop.store(true, Ordering::Release);
        self.bell.ring();
    }

    /// Whether it shall.
    pub(super) fn is_stopped(&self) -> bool {
        self.bell.stop.load(Ordering::Acquire)
    }

    /// What can be read once the bell was rung.
    pub(super) fn bell(&self) -> &OwnedFd {
        &self.bell.fd
    }

    /// The bell was heard.
    pub(super) fn silence(&self) {
        let _count = rustix::io::read(&self.bell.fd, &mut [0_u8; 8]);
    }
}

impl Bell {
    fn ring(&self) {
        // It fails only when it was rung 2^64 times and nobody listened: then it rings anyway.
        let _rung = rustix::io::write(&self.fd, &1_u64.to_ne_bytes());
    }
}
