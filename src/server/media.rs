//! The media threads as the signalling thread sees them: which call is where, and orders on their way.

use super::{
    ports::PortPool,
    worker::{self, Job, Mailbox},
};
use crate::{
    exchange::Order,
    ids::{CallId, LegId},
    media,
};
use std::{
    collections::{HashMap, VecDeque},
    io,
    thread::JoinHandle,
};
use tokio::sync::mpsc;

/// What a media thread tells of a call.
pub(super) type Told = (CallId, media::Event);

/// All media threads.
pub(super) struct MediaThreads {
    threads: Vec<Thread>,
    calls: HashMap<CallId, usize>,
    ports: PortPool,
}

struct Thread {
    mailbox: Mailbox,
    /// Orders that found the mailbox full, oldest first. Nothing is dropped: the exchange refuses new calls until they are gone, so
    /// that there are never more than the calls alive give cause to.
    waiting: VecDeque<Job>,
    /// How many legs it serves.
    legs: usize,
    handle: Option<JoinHandle<()>>,
}

impl MediaThreads {
    /// Starts `count` threads, which tell what happens to `told`.
    pub(super) fn start(
        count: usize,
        settings: &media::Settings,
        ports: PortPool,
        told: &mpsc::Sender<Told>,
    ) -> io::Result<Self> {
        let mut seats = Vec::new();
        for _ in 0..count.max(1) {
            seats.push(worker::seat()?);
        }
        let mailboxes: Vec<Mailbox> = seats.iter().map(|seat| seat.mailbox.clone()).collect();
        let mut threads = Vec::new();
        for (index, seat) in seats.into_iter().enumerate() {
            let mailbox = seat.mailbox.clone();
            let handle = worker::spawn(index, seat, mailboxes.clone(), settings.clone(), told.clone())?;
            threads.push(Thread { mailbox, waiting: VecDeque::new(), legs: 0, handle: Some(handle) });
        }
        Ok(Self { threads, calls: HashMap::new(), ports })
    }

    /// Sends an order to the thread that it concerns.
    pub(super) fn carry_out(&mut self, order: Order) {
        match order {
            Order::Open { call } => {
                let least = (0..self.threads.len()).min_by_key(|index| self.threads[*index].legs).unwrap_or(0);
                self.calls.insert(call, least);
                self.post(least, Job::Open { call });
            }
            Order::Mix { call, command } => self.mix(call, command),
            Order::Move { leg, from, to } => self.move_leg(leg, from, to),
            Order::Close { call } => {
                if let Some(index) = self.calls.remove(&call) {
                    self.post(index, Job::Close { call });
                }
            }
        }
    }

    /// Tries again what found a mailbox full, and wakes the threads that have new orders. True: something still waits.
    pub(super) fn flush(&mut self) -> bool {
        let mut behind = false;
        for thread in &mut self.threads {
            while let Some(job) = thread.waiting.pop_front() {
                if let Err(job) = thread.mailbox.post(job) {
                    thread.waiting.push_front(job);
                    break;
                }
            }
            thread.mailbox.wake();
            behind |= !thread.waiting.is_empty();
        }
        behind
    }

    /// Ends all threads and waits for them. False: one of them had failed.
    pub(super) fn stop(mut self) -> bool {
        let mut clean = true;
        for thread in &mut self.threads {
            thread.mailbox.stop();
        }
        for thread in &mut self.threads {
            clean &= thread.handle.take().is_none_or(|handle| handle.join().is_ok());
        }
        clean
    }

    fn mix(&mut self, call: CallId, command: media::Command) {
        let Some(index) = self.calls.get(&call).copied() else { return };
        if let media::Command::Join { leg } = command {
            let Some(sockets) = self.ports.take(leg) else { return };
            self.threads[index].legs += 1;
            self.post(index, Job::Join { call, leg, sockets });
            return;
        }
        if let media::Command::Leave { .. } = command {
            self.threads[index].legs = self.threads[index].legs.saturating_sub(1);
        }
        self.post(index, Job::Mix { call, command });
    }

    /// The thread that gets the leg is told first, so that it keeps what concerns the leg until it is there.
    fn move_leg(&mut self, leg: LegId, from: CallId, to: CallId) {
        let (Some(here), Some(there)) = (self.calls.get(&from).copied(), self.calls.get(&to).copied()) else { return };
        self.threads[here].legs = self.threads[here].legs.saturating_sub(1);
        self.threads[there].legs += 1;
        self.post(there, Job::Expect { leg, call: to });
        self.post(here, Job::Depart { leg, from, to, thread: there });
    }

    fn post(&mut self, index: usize, job: Job) {
        let thread = &mut self.threads[index];
        if !thread.waiting.is_empty() {
            thread.waiting.push_back(job);
        } else if let Err(job) = thread.mailbox.post(job) {
            thread.waiting.push_back(job);
        }
    }
}
