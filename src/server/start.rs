//! A running switch, and how it comes to run.

use super::{
    error::StartError,
    journal::Journal,
    library::{self, Library},
    media::MediaThreads,
    news::Teller,
    ports::{Binder, PortPool},
    programs::{self, Programs},
    recorder::Recorder,
    reload::Handle,
    resolve::Resolver,
    settings::Settings,
    signalling::{Control, Signalling},
};
use crate::{
    control::{Desk, Hub, Meters, Traces, desk},
    exchange::{Counters, Exchange, QueueLoad},
    media::{self, audio::frame::Rate},
    switch::Switchboard,
};
use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Instant,
};
use tokio::sync::{mpsc, oneshot};

/// A running switch. It runs until it is stopped or drained; dropping it stops it without waiting.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    control: mpsc::Sender<Control>,
    bringing: mpsc::Sender<library::Found>,
    desk: Desk,
    hub: Hub,
    meters: Meters,
    traces: Option<Traces>,
    signalling: JoinHandle<io::Result<bool>>,
    ended: Option<oneshot::Receiver<()>>,
}

/// How much of everything is alive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// In the exchange.
    pub counters: Counters,
    /// Media port pairs in use.
    pub ports: usize,
    /// Commands that wait for the signalling thread.
    pub commands_waiting: usize,
    /// Events of mixers that wait for it.
    pub media_waiting: usize,
    /// Queues of callers.
    pub queues: Vec<QueueLoad>,
}

/// What the kernel may keep for us while we are busy, bytes: a burst of some thousand messages. It gives what it allows.
const SOCKET_BUFFER: usize = 8 << 20;
/// Things on their way to the signalling thread from all media threads.
const TOLD: usize = 8192;
/// Sounds on their way to the signalling thread.
const SOUNDS: usize = 512;
/// Orders from whoever holds the server.
const ORDERS: usize = 64;

impl Server {
    /// Whether the files and directories that the settings name can be used. Binds and starts nothing that stays.
    ///
    /// # Errors
    /// What cannot be used.
    pub fn check(settings: &Settings) -> Result<(), StartError> {
        Library::check(settings)?;
        Recorder::check(&settings.recordings)
    }

    /// Binds, reads what was kept, and starts all threads.
    pub fn start(mut settings: Settings) -> Result<Self, StartError> {
        let socket =
            listen(settings.listen).map_err(|source| StartError::Listen { address: settings.listen, source })?;
        let address = socket.local_addr()?;
        settings.exchange.sip.local = address;

        let ports = PortPool::new(settings.media_bind, settings.media_ports.clone());
        let binder = Binder::start(&ports)?;
        let (journal, bindings) = match &settings.state_directory {
            Some(directory) => {
                let opened = Journal::open(directory);
                let (journal, bindings) =
                    opened.map_err(|source| StartError::State { path: directory.clone(), source })?;
                (Some(journal), bindings)
            }
            None => (None, Vec::new()),
        };
        let (bringing, sounds) = mpsc::channel(SOUNDS);
        let (library, music) = Library::open(&settings, bringing.clone())?;
        let media_settings = media::Settings {
            timeout: settings.media_timeout,
            music: Arc::new(music),
            since: Instant::now(),
            jitter: settings.jitter,
        };
        let (telling, told) = mpsc::channel(TOLD);
        let count = match settings.media_threads {
            0 => thread::available_parallelism().map_or(1, Into::into),
            count => count,
        };
        let file_rate = settings.room_rates().last().copied().unwrap_or(Rate::NARROW).min(Rate::WIDE);
        let recorder = Recorder::start(settings.recordings, file_rate, telling.clone())?;
        let meters = Meters::default();
        let media = MediaThreads::start(count, &media_settings, ports.clone(), &telling, &meters)?;

        let teller = Teller::start()?;
        let (resolver, found) = Resolver::start(&settings.switch)?;
        let mut switchboard = Switchboard::new(settings.switch, rand::random(), Instant::now());
        switchboard.restore(bindings, Instant::now());
        let (control, orders) = mpsc::channel(ORDERS);
        let (ending, ended) = oneshot::channel();
        let (exchange_settings, tap, watched) = (settings.exchange, settings.tap, settings.watched);
        let (epoch, started_us) = programs::epoch();
        let (desk, inbox) = desk();
        let hub = Hub::new(started_us);
        let traces = (settings.trace_bytes > 0).then(|| Traces::new(settings.trace_bytes));
        let instruments = (meters.clone(), traces.clone());
        let programs = Programs::new(inbox, hub.clone(), epoch);
        let signalling = thread::Builder::new().name("signalling".to_owned()).spawn(move || {
            let mut exchange = Exchange::new(exchange_settings, switchboard, Box::new(ports.clone()), rand::random());
            if watched {
                exchange.watch(epoch);
            }
            let signalling = Signalling {
                exchange,
                media,
                ports,
                journal,
                teller,
                tap,
                meters,
                traces,
                orders,
                told,
                resolver,
                found,
                programs,
                recorder,
                library,
                retired: None,
                sounds,
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let served = runtime.block_on(signalling.serve(socket));
            if let Err(error) = &served {
                tracing::error!(%error, "the signalling thread failed");
            }
            // Kept until here, so that the thread never sees its channel end.
            drop(telling);
            drop(binder);
            let _nobody_waits = ending.send(());
            served
        })?;
        let (meters, traces) = instruments;
        Ok(Self { address, control, bringing, desk, hub, meters, traces, signalling, ended: Some(ended) })
    }

    /// Where it listens for SIP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where programs leave their wishes.
    pub fn desk(&self) -> Desk {
        self.desk.clone()
    }

    /// Where what happens is told.
    pub fn hub(&self) -> Hub {
        self.hub.clone()
    }

    /// What its threads count.
    pub fn meters(&self) -> Meters {
        self.meters.clone()
    }

    /// The SIP messages of late, if any are kept.
    pub fn traces(&self) -> Option<Traces> {
        self.traces.clone()
    }

    /// To ask things of it from elsewhere.
    pub fn handle(&self) -> Handle {
        Handle { control: self.control.clone(), bringing: self.bringing.clone() }
    }

    /// How much of everything is alive; `None` when it has ended.
    pub fn status(&self) -> Option<Status> {
        let (reply, answer) = oneshot::channel();
        self.control.blocking_send(Control::Status(reply)).ok()?;
        answer.blocking_recv().ok()
    }

    /// No new calls from now on; it ends when those alive are over, after the grace at the latest.
    pub fn drain(&self) {
        // Full: it has been told before.
        let _full = self.control.try_send(Control::Drain);
    }

    /// Ends it at once and waits for all threads. False: one of them had failed.
    pub fn stop(self) -> bool {
        let _full = self.control.try_send(Control::Stop);
        self.wait()
    }

    /// Waits until it has ended by itself. False: one of its threads had failed.
    pub fn wait(self) -> bool {
        let Self { signalling, control, .. } = self;
        let ended = matches!(signalling.join(), Ok(Ok(true)));
        drop(control);
        ended
    }

    /// Told when it has ended; `None` to the second who asks.
    pub(super) fn ended(&mut self) -> Option<oneshot::Receiver<()>> {
        self.ended.take()
    }
}

fn listen(address: SocketAddr) -> io::Result<UdpSocket> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::DGRAM, Some(socket2::Protocol::UDP))?;
    socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    socket.set_send_buffer_size(SOCKET_BUFFER)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}
