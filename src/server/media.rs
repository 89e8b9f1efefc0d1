//! The media threads as the signalling thread sees them: which call is where, and orders on their way.

use super::{
    mailbox::{Job, Mailbox},
    ports::PortPool,
    reload::NewMedia,
    worker,
};
use crate::{
    control::Meters,
    exchange::Order,
    ids::{CallId, LegId},
    media::{self, Music},
};
use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::Arc,
    thread::JoinHandle,
};
use tokio::sync::mpsc;

/// What a media thread tells of a call.
pub type Told = (CallId, media::Event);

/// All media threads.
pub struct MediaThreads {
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
    pub fn start(
        count: usize,
        settings: &media::Settings,
        ports: PortPool,
        told: &mpsc::Sender<Told>,
        meters: &Meters,
    ) -> io::Result<Self> {
        let mut seats = Vec::new();
        for _ in 0..count.max(1) {
            seats.push(worker::seat()?);
        }
        let mailboxes: Vec<Mailbox> = seats.iter().map(|seat| seat.mailbox.clone()).collect();
        let mut threads = Vec::new();
        for (index, seat) in seats.into_iter().enumerate() {
            let mailbox = seat.mailbox.clone();
            let handle = worker::spawn(index, seat, mailboxes.clone(), settings.clone(), told.clone(), meters.clone())?;
            threads.push(Thread { mailbox, waiting: VecDeque::new(), legs: 0, handle: Some(handle) });
        }
        Ok(Self { threads, calls: HashMap::new(), ports })
    }

    /// Sends an order to the thread that it concerns.
    pub fn carry_out(&mut self, order: Order) {
        match order {
            Order::Open { call } => {
                let least = (0..self.threads.len()).min_by_key(|index| self.threads[*index].legs).unwrap_or(0);
                self.calls.insert(call, least);
                self.post(least, Job::Open { call });
            }
            Order::Mix { call, command } => self.mix(call, command),
            // Whoever may wait does these.
            Order::Fetch { .. } | Order::Record { .. } => {}
            Order::Move { leg, from, to } => self.move_leg(leg, from, to),
            Order::Close { call } => {
                if let Some(index) = self.calls.remove(&call) {
                    self.post(index, Job::Close { call });
                }
            }
        }
    }

    /// Another music is heard on hold, in all calls.
    pub(super) fn set_music(&mut self, music: &Arc<Music>) {
        for index in 0..self.threads.len() {
            self.post(index, Job::Music(Arc::clone(music)));
        }
    }

    /// Tries again what found a mailbox full, and wakes the threads that have new orders. True: something still waits.
    pub fn flush(&mut self) -> bool {
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

    /// What mixers made from now on must know.
    pub(super) fn reload(&mut self, media: &NewMedia) {
        for index in 0..self.threads.len() {
            self.post(index, Job::Reload(media.clone()));
        }
    }

    /// Ends all threads and waits for them. False: one of them had failed.
    pub fn stop(mut self) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        exchange::Ports,
        media::{
            Command, Music,
            sdp::{Codec, Session},
        },
    };
    use std::{
        net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
        sync::Arc,
        time::{Duration, Instant},
    };

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 78));

    #[test]
    fn a_leg_that_moves_to_a_call_of_another_thread_is_heard_there() {
        let mut world = World::new();
        let (one, other) = (CallId(1), CallId(2));
        world.media.carry_out(Order::Open { call: one });
        let first = world.join(one, LegId(1));
        world.media.carry_out(Order::Open { call: other });
        let second = world.join(other, LegId(2));
        assert_ne!(world.media.calls[&one], world.media.calls[&other]);
        world.media.carry_out(Order::Move { leg: LegId(1), from: one, to: other });
        world.media.carry_out(Order::Close { call: one });
        assert!(!world.media.flush());
        first.talks_to(&second);
        second.talks_to(&first);
        assert!(world.media.stop());
    }

    #[test]
    fn a_leg_that_is_gone_before_it_moves_leaves_nothing_behind() {
        let mut world = World::new();
        let (one, other) = (CallId(1), CallId(2));
        world.media.carry_out(Order::Open { call: one });
        world.join(one, LegId(1));
        world.media.carry_out(Order::Open { call: other });
        let second = world.join(other, LegId(2));
        let third = world.join(other, LegId(3));
        world.media.carry_out(Order::Mix { call: one, command: Command::Leave { leg: LegId(1) } });
        world.media.carry_out(Order::Move { leg: LegId(1), from: one, to: other });
        world.media.carry_out(Order::Mix { call: other, command: Command::Leave { leg: LegId(1) } });
        assert!(!world.media.flush());
        second.talks_to(&third);
        assert!(world.media.stop());
    }

    struct World {
        media: MediaThreads,
        ports: PortPool,
        _told: mpsc::Receiver<Told>,
    }

    struct Peer {
        socket: UdpSocket,
        switch: SocketAddr,
    }

    impl World {
        fn new() -> Self {
            let music = Arc::new(Music::built_in());
            let settings = media::Settings {
                timeout: Duration::ZERO,
                music,
                since: Instant::now(),
                jitter: media::JitterLimits::default(),
            };
            let any = UdpSocket::bind((HERE, 0)).unwrap().local_addr().unwrap().port();
            let ports = PortPool::new(HERE, any.saturating_sub(200)..=any);
            let (telling, told) = mpsc::channel(100);
            let media = MediaThreads::start(2, &settings, ports.clone(), &telling, &Meters::default()).unwrap();
            Self { media, ports, _told: told }
        }

        fn join(&mut self, call: CallId, leg: LegId) -> Peer {
            let port = self.ports.lease(leg).unwrap();
            let socket = UdpSocket::bind((HERE, 0)).unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            let remote = socket.local_addr().unwrap();
            let session = Session { remote_rtcp: remote, ..Session::new(remote, Codec::Pcmu) };
            self.media.carry_out(Order::Mix { call, command: Command::Join { leg } });
            let command = Command::Stream { leg, session: Box::new(session) };
            self.media.carry_out(Order::Mix { call, command });
            Peer { socket, switch: SocketAddr::new(HERE, port) }
        }
    }

    impl Peer {
        /// Talks until the other hears it.
        fn talks_to(&self, other: &Self) {
            for sequence in 0..500_u16 {
                let mut packet = [0x33; 172];
                packet[..4].copy_from_slice(&[0x80, 0, sequence.to_be_bytes()[0], sequence.to_be_bytes()[1]]);
                packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
                self.socket.send_to(&packet, self.switch).unwrap();
                let mut heard = [0; 500];
                if other.socket.recv(&mut heard).is_ok_and(|length| length == 172 && heard[12..172] == packet[12..]) {
                    return;
                }
            }
            panic!("nothing is heard");
        }
    }
}
