//! The switch, the phones, and their sockets.

use super::{DemoError, PATIENCE, ladder::Ladder, phase::Phase, recording::Recording};
use crate::{
    config::Config,
    ids::LegId,
    media::sdp::Codec,
    phone::{Command, Manner, Phone, Settings, Socket, State},
    server::{Server, Trace},
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::mpsc::{Receiver, sync_channel},
    time::{Duration, Instant},
};

/// The parts of the play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Caller,
    Agent,
    Expert,
}

impl Role {
    pub(super) const ALL: [Self; 3] = [Self::Caller, Self::Agent, Self::Expert];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Agent => "agent",
            Self::Expert => "expert",
        }
    }

    fn number(self) -> &'static str {
        match self {
            Self::Caller => "1003",
            Self::Agent => "1001",
            Self::Expert => "1002",
        }
    }

    /// What it says instead of words, Hz: notes that the hold music has not.
    pub(super) fn tone_hz(self) -> u16 {
        match self {
            Self::Caller => 1433,
            Self::Agent => 1009,
            Self::Expert => 1847,
        }
    }
}

/// The switch that the phones talk to.
const SETTINGS: &str = r#"
[sip]
listen = ["udp://127.0.0.1:5060"]
domain = "demo.example"

[media]
address = "127.0.0.1"
ports = "30000-39999"

[[extension]]
number = "1001"
name = "Agent"
password = "tell the caller"

[[extension]]
number = "1002"
name = "Expert"
password = "know everything"

[[extension]]
number = "1003"
name = "Caller"
password = "need some help"
"#;

/// Lines that a phone may have at once.
const LINES: usize = 2;
/// Messages that may wait to be drawn.
const TRACES: usize = 4096;
/// How long to wait for the next datagram at most before the ladder is drawn again.
const GLANCE: Duration = Duration::from_millis(5);
/// How long a phone rings before it picks up.
const RINGING: Duration = Duration::from_millis(400);

/// The play while it is being played.
pub(super) struct Stage<'a> {
    server: Server,
    actors: Vec<Actor>,
    traces: Receiver<Trace>,
    ladder: Ladder,
    say: &'a mut dyn FnMut(&str),
}

/// One phone with its sockets.
struct Actor {
    phone: Phone,
    signalling: UdpSocket,
    media: Vec<(u16, UdpSocket)>,
}

impl<'a> Stage<'a> {
    /// Starts the switch and the phones.
    pub(super) fn set(say: &'a mut dyn FnMut(&str)) -> Result<Self, DemoError> {
        let (tap, traces) = sync_channel(TRACES);
        let config = Config::parse(SETTINGS, "demo", |_| None).map_err(|problems| {
            DemoError::Settings(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        })?;
        let mut settings = config.server;
        settings.listen.set_port(0);
        settings.state_directory = None;
        settings.tap = Some(tap);
        let server = Server::start(settings)?;
        let switch = server.address();
        say(&format!("A switch listens on udp://{switch}; three phones of its own play a warm transfer on it."));
        let actors: Vec<_> = Role::ALL.into_iter().map(|role| Actor::new(role, switch)).collect::<io::Result<_>>()?;
        let mut addresses = Vec::new();
        for (role, actor) in Role::ALL.into_iter().zip(&actors) {
            addresses.push((actor.signalling.local_addr()?, role));
        }
        let ladder = Ladder::new(addresses, Instant::now());
        let mut stage = Self { server, actors, traces, ladder, say };
        for role in Role::ALL {
            stage.press(role, Command::Behave(Manner::PickUp(RINGING)));
        }
        Ok(stage)
    }

    /// A new act.
    pub(super) fn title(&mut self, title: &str) {
        (self.say)(&format!("\n== {title} =="));
        self.ladder.head().iter().for_each(|line| (self.say)(line));
    }

    pub(super) fn phone(&self, role: Role) -> &Phone {
        &self.actors[role as usize].phone
    }

    pub(super) fn press(&mut self, role: Role, command: Command) {
        self.actors[role as usize].phone.command(command, Instant::now());
    }

    pub(super) fn call(&mut self, from: Role, to: Role) {
        let line = self.actors[from as usize].phone.new_line();
        let number = to.number().to_owned();
        self.press(from, Command::Call { line, number, late_offer: false, replaces: None });
    }

    /// How many calls of a phone stand.
    pub(super) fn talking(&self, role: Role) -> usize {
        self.phone(role).lines().filter(|(_, line)| line.state() == State::Talks).count()
    }

    /// How many lines a phone has.
    pub(super) fn lines(&self, role: Role) -> usize {
        self.phone(role).lines().count()
    }

    pub(super) fn holds(&self, role: Role) -> bool {
        self.phone(role).lines().any(|(_, line)| line.holds())
    }

    pub(super) fn first_line(&self, role: Role) -> Result<LegId, DemoError> {
        let line = self.phone(role).lines().next().map(|(line, _)| line);
        line.ok_or(DemoError::Waited { what: "the call is still there", after_s: 0 })
    }

    pub(super) fn last_line(&self, role: Role) -> Result<LegId, DemoError> {
        let line = self.phone(role).lines().next_back().map(|(line, _)| line);
        line.ok_or(DemoError::Waited { what: "the second call is still there", after_s: 0 })
    }

    /// No call and no port is left.
    pub(super) fn is_switch_idle(&self) -> bool {
        self.server.status().is_some_and(|status| status.counters.legs == 0 && status.ports == 0)
    }

    /// Plays on until something is so.
    pub(super) fn until(
        &mut self,
        what: &'static str,
        patience: Duration,
        is_so: impl Fn(&Self) -> bool,
    ) -> Result<(), DemoError> {
        let end = Instant::now() + patience;
        while !is_so(self) {
            if Instant::now() >= end {
                return Err(DemoError::Waited { what, after_s: patience.as_secs() });
            }
            self.turn(end)?;
        }
        Ok(())
    }

    /// Plays on for a while, and longer where not everybody hears what he should, then notes who hears whom. `talk`: who must
    /// hear whom; `music`: who must hear music.
    pub(super) fn listen(
        &mut self,
        name: &'static str,
        time: Duration,
        talk: &[(Role, Role)],
        music: &[Role],
    ) -> Result<Phase, DemoError> {
        self.pass(time)?;
        let end = Instant::now() + PATIENCE;
        loop {
            let phase = Phase::judge(name, talk, music, |role| self.phone(role), Instant::now());
            if phase.is_as_expected() || Instant::now() >= end {
                return Ok(phase);
            }
            self.turn(end)?;
        }
    }

    /// Plays on for a while.
    pub(super) fn pass(&mut self, time: Duration) -> io::Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.turn(end)?;
        }
        Ok(())
    }

    /// What each line heard.
    pub(super) fn recordings(&mut self) -> Vec<Recording> {
        let mut recordings = Vec::new();
        for (role, actor) in Role::ALL.into_iter().zip(&mut self.actors) {
            let open: Vec<_> = actor.phone.lines().map(|(line, _)| line).collect();
            for line in open {
                actor.phone.command(Command::HangUp { line }, Instant::now());
            }
            let past = actor.phone.take_past();
            recordings.extend(past.into_iter().map(|past| Recording { role, peer: past.peer, ear: past.ear }));
        }
        recordings
    }

    /// Stops the switch.
    pub(super) fn end(self) {
        self.server.stop();
    }

    /// Waits for the next datagram or deadline, and lets the phones have it.
    fn turn(&mut self, end: Instant) -> io::Result<()> {
        let now = Instant::now();
        for actor in &mut self.actors {
            actor.play(now)?;
        }
        while let Ok(trace) = self.traces.try_recv() {
            self.ladder.draw(&trace).iter().for_each(|line| (self.say)(line));
        }
        let deadline = self.actors.iter().filter_map(|actor| actor.phone.next_deadline()).min();
        let wait = deadline.unwrap_or(end).min(end).saturating_duration_since(now).min(GLANCE);
        let wait = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
        let sockets = self.actors.iter().flat_map(Actor::sockets);
        let mut waiting: Vec<_> = sockets.map(|socket| PollFd::new(socket, PollFlags::IN)).collect();
        match poll(&mut waiting, Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Actor {
    fn new(role: Role, switch: SocketAddr) -> io::Result<Self> {
        let bind = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            Ok::<_, io::Error>((socket.local_addr()?, socket))
        };
        let (local, signalling) = bind()?;
        let mut media = Vec::new();
        for _ in 0..LINES {
            let (address, socket) = bind()?;
            media.push((address.port(), socket));
        }
        let password = match role {
            Role::Agent => "tell the caller",
            Role::Expert => "know everything",
            Role::Caller => "need some help",
        };
        let settings = Settings {
            extension: role.number().to_owned(),
            name: role.name().to_owned(),
            password: password.to_owned(),
            local,
            switch,
            domain: "demo.example".to_owned(),
            media_ports: media.iter().map(|(port, _)| *port).collect(),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            tone_hz: role.tone_hz(),
            t1: Duration::from_millis(500),
        };
        Ok(Self { phone: Phone::new(settings, rand::random()), signalling, media })
    }

    fn sockets(&self) -> impl Iterator<Item = &UdpSocket> {
        std::iter::once(&self.signalling).chain(self.media.iter().map(|(_, socket)| socket))
    }

    /// Takes what has come, does what is due, sends what there is to send.
    fn play(&mut self, now: Instant) -> io::Result<()> {
        let mut datagram = [0; 65_536];
        while let Some((length, from)) = received(&self.signalling, &mut datagram)? {
            self.phone.receive(&datagram[..length], from, now);
        }
        for (port, socket) in &self.media {
            while let Some((length, _)) = received(socket, &mut datagram)? {
                self.phone.receive_media(*port, &datagram[..length], now);
            }
        }
        if self.phone.next_deadline().is_some_and(|at| at <= now) {
            self.phone.wake(now);
        }
        while let Some(transmit) = self.phone.next_transmit() {
            let socket = match transmit.socket {
                Socket::Signalling => Some(&self.signalling),
                Socket::Media(port) => self.media.iter().find(|(own, _)| *own == port).map(|(_, socket)| socket),
            };
            // A full or refused send is a lost datagram; loss is what SIP and RTP are made for.
            let _lost = socket.map(|socket| socket.send_to(&transmit.payload, transmit.to));
        }
        while self.phone.next_event().is_some() {}
        Ok(())
    }
}

/// The next datagram, if there is one.
fn received(socket: &UdpSocket, datagram: &mut [u8]) -> io::Result<Option<(usize, SocketAddr)>> {
    match socket.recv_from(datagram) {
        Ok(received) => Ok(Some(received)),
        // An ICMP error of an earlier send comes out here.
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(error),
    }
}
