//! One media thread: the sockets and mixers of its calls, and one tick for all of them.

use super::{
    mailbox::{Job, Mailbox},
    media::Told,
    pace::Pace,
    ports::Sockets,
    slab::Slab,
    way::{self, Way},
};
use crate::{
    control::Meters,
    ids::{CallId, LegId},
    media::{self, Member, Mixer},
};
use rustix::{
    event::{Timespec, epoll},
    fd::OwnedFd,
};
use std::{
    collections::{HashMap, VecDeque},
    io,
    net::UdpSocket,
    sync::{Arc, mpsc::Receiver},
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// All that a thread needs before it is there.
pub(super) struct Seat {
    pub(super) mailbox: Mailbox,
    jobs: Receiver<Job>,
    epoll: OwnedFd,
}

/// Sockets looked at between two looks at the clock: half a millisecond of work.
const BATCH: usize = 128;
/// A tick may be late by as much so that packets which are there are heard in it.
const LATE: Duration = Duration::from_millis(1);
/// Jobs are worked at for so long between two looks, and the clock is looked at after so many.
const WORK: Duration = Duration::from_millis(1);
const JOBS_A_CLOCK: usize = 4;
const NO_TIME: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
/// Mixers have their ticks at moments so far apart.
const STEP: Duration = Duration::from_millis(5);
/// What could not be handed over is tried again after this at the latest; while no mixer is due, there is nothing else to do.
const AGAIN: Duration = Duration::from_millis(20);
/// The longest datagram that is looked at; RTP of ours is far shorter.
const DATAGRAM: usize = 2048;
/// What happened, kept while the signalling thread is behind.
const TOLD_KEPT: usize = 4096;
/// So many sockets are opened for steady ways between two ticks: a fifth of a millisecond of work.
const OPENINGS: u8 = 4;
/// The token of the bell; sockets have 3 * seat + (0: RTP, 1: RTCP, 2: RTP straight from the phone).
const BELL: u64 = u64::MAX;

/// A place for a thread.
pub(super) fn seat() -> io::Result<Seat> {
    let (mailbox, jobs) = Mailbox::new()?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, mailbox.bell(), epoll::EventData::new_u64(BELL), epoll::EventFlags::IN)?;
    Ok(Seat { mailbox, jobs, epoll })
}

/// Starts a thread on its seat; `mailboxes` are those of all threads.
pub(super) fn spawn(
    index: usize,
    seat: Seat,
    mailboxes: Vec<Mailbox>,
    settings: media::Settings,
    told: mpsc::Sender<Told>,
    meters: Meters,
) -> io::Result<JoinHandle<()>> {
    let since = settings.since;
    std::thread::Builder::new().name(format!("media-{index}")).spawn(move || {
        let worker = Worker {
            seat,
            mailboxes,
            settings,
            told,
            meters,
            untold: VecDeque::new(),
            undelivered: VecDeque::new(),
            rooms: Slab::default(),
            calls: HashMap::new(),
            members: Slab::default(),
            legs: HashMap::new(),
            expected: HashMap::new(),
            next_seed: rand::random(),
            due: Vec::new(),
            next_tick: since,
            pace: Pace::new(since),
            has_jobs: false,
            openings: 0,
            most_files: way::most_files(),
        };
        worker.run();
    })
}

struct Worker {
    seat: Seat,
    mailboxes: Vec<Mailbox>,
    settings: media::Settings,
    told: mpsc::Sender<Told>,
    meters: Meters,
    /// What the signalling thread had no room for.
    untold: VecDeque<Told>,
    /// Legs for other threads that had no room.
    undelivered: VecDeque<(usize, Job)>,
    rooms: Slab<Room>,
    calls: HashMap<CallId, usize>,
    members: Slab<Seated>,
    legs: HashMap<LegId, usize>,
    expected: HashMap<LegId, (CallId, Vec<media::Command>)>,
    next_seed: u64,
    /// When each room is due, and when the first of them are: on a grid for all threads.
    due: Vec<Option<Instant>>,
    next_tick: Instant,
    pace: Pace,
    /// More is to be done than there was time for.
    has_jobs: bool,
    /// Sockets that may be opened before the next tick, and files that there may be then.
    openings: u8,
    most_files: u64,
}

struct Room {
    call: CallId,
    mixer: Mixer,
    legs: Vec<LegId>,
}

/// A leg with its sockets.
struct Seated {
    leg: LegId,
    /// Index of its room.
    room: usize,
    sockets: Sockets,
    way: Way,
}

impl Worker {
    fn run(mut self) {
        let mut ready: Vec<epoll::Event> = Vec::with_capacity(BATCH);
        let mut packet = [0_u8; DATAGRAM];
        while !self.seat.mailbox.is_stopped() {
            let mut timeout = if self.has_jobs { Some(NO_TIME) } else { self.wait_time() };
            let mut rung = false;
            let now = loop {
                ready.clear();
                match epoll::wait(&self.seat.epoll, rustix::buffer::spare_capacity(&mut ready), timeout.as_ref()) {
                    Ok(_) | Err(rustix::io::Errno::INTR) => {}
                    Err(error) => panic!("a media thread cannot wait for packets: {error}"),
                }
                let now = Instant::now();
                let lain = self.pace.lain(now);
                for event in &ready {
                    match event.data.u64() {
                        BELL => rung = true,
                        token => self.receive(token, &mut packet, now, lain),
                    }
                }
                self.pace.looked(ready.len(), now);
                // What came before a tick is heard in it, unless it would make the tick late.
                if ready.len() < BATCH || now >= self.next_tick + LATE {
                    break now;
                }
                timeout = Some(NO_TIME);
            };
            if rung {
                self.seat.mailbox.silence();
            }
            if rung || self.has_jobs {
                self.work(now);
            }
            if self.next_tick <= now {
                self.tick(now);
            }
            self.hand_over();
        }
    }

    /// Carries out jobs, but not for long: if hundreds come at once, those who are there already are not late for that.
    fn work(&mut self, now: Instant) {
        loop {
            for _ in 0..JOBS_A_CLOCK {
                let Ok(job) = self.seat.jobs.try_recv() else {
                    self.has_jobs = false;
                    return;
                };
                self.carry_out(job, now);
            }
            if Instant::now() >= (now + WORK).min(self.next_tick) {
                self.has_jobs = true;
                return;
            }
        }
    }

    /// Rests if that is worth it (`pace.rs`): 2 ms at the most, and never beyond a tick, which is all that this thread may be late for.
    /// How long to wait for packets after that.
    fn wait_time(&mut self) -> Option<Timespec> {
        let now = Instant::now();
        let Some(rest) = self.pace.rest(now) else {
            self.pace.waits(now);
            return self.timeout(now);
        };
        let rest = rest.min(self.next_tick.saturating_duration_since(now));
        if !rest.is_zero() {
            std::thread::sleep(rest);
        }
        Some(NO_TIME)
    }

    /// Until the next tick while there is anybody; else until the bell rings.
    fn timeout(&self, now: Instant) -> Option<Timespec> {
        let idle = self.calls.is_empty() && self.untold.is_empty() && self.undelivered.is_empty();
        let wait = self.next_tick.saturating_duration_since(now).min(AGAIN);
        let nanos = i64::from(wait.subsec_nanos());
        (!idle).then_some(Timespec { tv_sec: i64::try_from(wait.as_secs()).unwrap_or(1), tv_nsec: nanos })
    }

    fn receive(&mut self, token: u64, packet: &mut [u8], now: Instant, lain: Duration) {
        let Some(seated) = usize::try_from(token / 3).ok().and_then(|index| self.members.get(index)) else { return };
        let report = token % 3 == 1;
        let socket = match token % 3 {
            0 => Some(&seated.sockets.rtp),
            1 => Some(&seated.sockets.rtcp),
            _ => seated.way.direct(),
        };
        // What is not there any more, or an ICMP error of a packet that we sent: the media's timeout will tell.
        let Some(Ok((length, from))) = socket.map(|socket| socket.recv_from(packet)) else { return };
        let (leg, index) = (seated.leg, seated.room);
        let Some(room) = self.rooms.get_mut(index) else { return };
        if report {
            room.mixer.receive_report(leg, &packet[..length], from, now);
        } else {
            room.mixer.receive_lain(leg, &packet[..length], from, now, lain);
        }
        if self.drain(index) && !report {
            self.pace.passed_on(now);
        }
    }

    fn tick(&mut self, now: Instant) {
        self.openings = OPENINGS;
        let at = std::mem::replace(&mut self.next_tick, now + AGAIN);
        let mut is_due = false;
        for index in 0..self.due.len() {
            match self.due[index] {
                Some(due) if due <= now => is_due = true,
                Some(due) => {
                    self.expect(due);
                    continue;
                }
                None => continue,
            }
            if let Some(room) = self.rooms.get_mut(index) {
                room.mixer.wake(now);
            }
            self.drain(index);
        }
        if is_due {
            self.meters.tick(now.saturating_duration_since(at));
        }
    }

    /// A room is due: the next tick is not after that. Those of mixers lie on the grid; what else they have to do waits for it.
    fn expect(&mut self, due: Instant) {
        if due < self.next_tick {
            let steps = due.saturating_duration_since(self.settings.since).as_nanos().div_ceil(STEP.as_nanos());
            let nanos = steps.saturating_mul(STEP.as_nanos());
            let at = self.settings.since + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
            self.next_tick = self.next_tick.min(at);
        }
    }

    /// Sends what a mixer has to send, if there is anything, and keeps what it tells.
    fn drain(&mut self, index: usize) -> bool {
        let Some(room) = self.rooms.get_mut(index) else { return false };
        let mut sends = false;
        while let Some(transmit) = room.mixer.next_transmit() {
            sends = true;
            let Some(at) = self.legs.get(&transmit.leg).copied() else { continue };
            let Some(Seated { sockets, way, .. }) = self.members.get_mut(at) else { continue };
            if transmit.report {
                let _sent = sockets.rtcp.send_to(transmit.payload, transmit.to);
            } else if way.send(&sockets.rtp, transmit.payload, transmit.to) && self.openings > 0 {
                self.openings -= 1;
                if let Some(direct) = way.open(&sockets.rtp, self.most_files) {
                    watch(&self.seat.epoll, direct, 3 * at as u64 + 2, transmit.leg);
                }
            }
        }
        while let Some(event) = room.mixer.next_event() {
            if self.untold.len() >= TOLD_KEPT {
                self.untold.pop_front();
            }
            self.untold.push_back((room.call, event));
        }
        let due = room.mixer.next_deadline();
        if self.due.len() <= index {
            self.due.resize(index + 1, None);
        }
        if self.due[index] != due {
            self.due[index] = due;
            due.into_iter().for_each(|due| self.expect(due));
        }
        sends
    }

    /// Gives the signalling thread what happened, and other threads the legs that go there, as far as they have room.
    fn hand_over(&mut self) {
        while let Some(told) = self.untold.pop_front() {
            if let Err(mpsc::error::TrySendError::Full(told)) = self.told.try_send(told) {
                self.untold.push_front(told);
                break;
            }
        }
        while let Some((thread, job)) = self.undelivered.pop_front() {
            if let Err(job) = self.mailboxes[thread].post(job) {
                self.undelivered.push_front((thread, job));
                break;
            }
            self.mailboxes[thread].wake();
        }
    }

    fn carry_out(&mut self, job: Job, now: Instant) {
        match job {
            Job::Open { call } => {
                self.next_seed = self.next_seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
                let mixer = Mixer::new(self.settings.clone(), self.next_seed);
                let index = self.rooms.insert(Room { call, mixer, legs: Vec::new() });
                self.calls.insert(call, index);
            }
            Job::Join { call, leg, sockets } => {
                let Some(index) = self.calls.get(&call).copied() else { return };
                self.sit_down(leg, index, sockets);
                self.mix(index, media::Command::Join { leg }, now);
            }
            Job::Mix { call, command } => self.mix_or_keep(call, command, now),
            Job::Expect { leg, call } => {
                self.expected.insert(leg, (call, Vec::new()));
            }
            Job::Depart { leg, from, to, thread } => {
                let passenger = self.depart(leg, from);
                self.undelivered.push_back((thread, Job::Arrive { leg, call: to, passenger }));
            }
            Job::Reload(media) => (self.settings.music, self.settings.timeout) = (media.music, media.timeout),
            Job::Arrive { leg, call, passenger } => self.arrive(leg, call, passenger, now),
            Job::Music(music) => {
                for index in 0..self.rooms.len() {
                    if let Some(room) = self.rooms.get_mut(index) {
                        room.mixer.set_music(Arc::clone(&music));
                    }
                }
                self.settings.music = music;
            }
            Job::Close { call } => {
                let Some(index) = self.calls.remove(&call) else { return };
                if let Some(due) = self.due.get_mut(index) {
                    *due = None;
                }
                let Some(room) = self.rooms.remove(index) else { return };
                for leg in room.legs {
                    self.stand_up(leg);
                }
            }
        }
    }

    /// A command for a leg that is still on its way here waits for it.
    fn mix_or_keep(&mut self, call: CallId, command: media::Command, now: Instant) {
        if !self.expected.is_empty()
            && let Some((_, kept)) = command.leg().and_then(|leg| self.expected.get_mut(&leg))
        {
            kept.push(command);
            return;
        }
        if let Some(index) = self.calls.get(&call).copied() {
            self.mix(index, command, now);
        }
    }

    fn mix(&mut self, index: usize, command: media::Command, now: Instant) {
        let leaving = match &command {
            media::Command::Leave { leg } => Some(*leg),
            media::Command::Join { .. }
            | media::Command::Stream { .. }
            | media::Command::Role { .. }
            | media::Command::Play { .. }
            | media::Command::Whisper { .. }
            | media::Command::Record { .. }
            | media::Command::Digits { .. }
            | media::Command::SendDigit { .. }
            | media::Command::Pressed { .. } => None,
        };
        let Some(room) = self.rooms.get_mut(index) else { return };
        room.mixer.command(command, now);
        self.drain(index);
        if let Some(leg) = leaving {
            self.leave_room(leg, index);
            self.stand_up(leg);
        }
    }

    fn depart(&mut self, leg: LegId, from: CallId) -> Option<Box<(Member, Sockets)>> {
        let index = *self.calls.get(&from)?;
        let member = self.rooms.get_mut(index)?.mixer.release(leg)?;
        self.drain(index);
        self.leave_room(leg, index);
        Some(Box::new((member, self.stand_up(leg)?)))
    }

    fn arrive(&mut self, leg: LegId, call: CallId, passenger: Option<Box<(Member, Sockets)>>, now: Instant) {
        let kept = self.expected.remove(&leg).map(|(_, kept)| kept).unwrap_or_default();
        let Some(index) = self.calls.get(&call).copied() else { return };
        if let Some(passenger) = passenger {
            let (member, sockets) = *passenger;
            self.sit_down(leg, index, sockets);
            if let Some(room) = self.rooms.get_mut(index) {
                room.mixer.adopt(leg, member, now);
            }
            self.drain(index);
        }
        for command in kept {
            self.mix(index, command, now);
        }
    }

    fn sit_down(&mut self, leg: LegId, room: usize, sockets: Sockets) {
        let at = self.members.insert(Seated { leg, room, sockets, way: Way::default() });
        self.legs.insert(leg, at);
        if let Some(room) = self.rooms.get_mut(room) {
            room.legs.push(leg);
        }
        let Some(seated) = self.members.get(at) else { return };
        let token = 3 * at as u64;
        watch(&self.seat.epoll, &seated.sockets.rtp, token, leg);
        watch(&self.seat.epoll, &seated.sockets.rtcp, token + 1, leg);
    }

    /// Takes the sockets of a leg out. One that is dropped after that closes.
    fn stand_up(&mut self, leg: LegId) -> Option<Sockets> {
        let seated = self.legs.remove(&leg).and_then(|at| self.members.remove(at))?;
        for socket in [&seated.sockets.rtp, &seated.sockets.rtcp] {
            let _removed = epoll::delete(&self.seat.epoll, socket);
        }
        Some(seated.sockets)
    }

    fn leave_room(&mut self, leg: LegId, index: usize) {
        if let Some(room) = self.rooms.get_mut(index) {
            room.legs.retain(|other| *other != leg);
        }
    }
}

fn watch(epoll: &OwnedFd, socket: &UdpSocket, token: u64, leg: LegId) {
    let data = epoll::EventData::new_u64(token);
    if let Err(error) = epoll::add(epoll, socket, data, epoll::EventFlags::IN) {
        tracing::error!(%leg, %error, "no packets can be received for a leg");
    }
}
