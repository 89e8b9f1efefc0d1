//! The running API.

use super::{
    flow::{self, Flows},
    listener::{self, Door, Rooms},
    router,
    settings::Settings,
    state::{Keys, State},
    tls::Certificate,
    tools::Tools,
    webhooks,
};
use crate::control::{Desk, Front, Hub};
use std::{fmt, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{net::TcpListener, runtime::Runtime, sync::watch, time::interval};
use tokio_rustls::TlsAcceptor;

/// The running API, on threads of its own. Dropping it ends it without waiting.
pub struct Api {
    address: SocketAddr,
    certificate: Option<Arc<Certificate>>,
    handle: Handle,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<()>,
    runtime: Runtime,
}

/// What gives a running API other settings. Clones give them to the same one.
#[derive(Clone)]
pub struct Handle(Arc<Inside>);

struct Inside {
    runtime: tokio::runtime::Handle,
    state: State,
    keys: Keys,
    rooms: watch::Sender<Rooms>,
    flows: watch::Sender<Flows>,
}

/// Why the API does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The TCP socket.
    #[error("cannot listen for HTTP on {address}: {source}")]
    Listen {
        /// As it was asked for.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Certificate or key.
    #[error("cannot use {} for TLS: {source}", path.display())]
    Certificate {
        /// The certificate.
        path: PathBuf,
        /// Why, with the file that is wrong.
        source: io::Error,
    },
    /// Threads, or something that they need.
    #[error("cannot start the API: {0}")]
    Thread(#[from] io::Error),
}

/// Threads that serve it. What they do is small; the work is done by the signalling thread.
const THREADS: usize = 2;
/// How often the files of the certificate are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How long the end may take.
const END: Duration = Duration::from_secs(5);

impl Api {
    /// Binds, reads the certificate and starts.
    pub fn start(settings: Settings, desk: Desk, hub: Hub, tools: Tools) -> Result<Self, StartError> {
        let certificate = settings.tls.clone().map(|files| {
            let path = files.certificate.clone();
            Certificate::load(files).map_err(|source| StartError::Certificate { path, source })
        });
        let certificate = certificate.transpose()?;
        let tls = certificate.as_ref().map(Certificate::config).transpose()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("api")
            .enable_all()
            .build()?;
        let listener = runtime
            .block_on(TcpListener::bind(settings.listen))
            .map_err(|source| StartError::Listen { address: settings.listen, source })?;
        let address = listener.local_addr()?;
        let (stop, stopping) = watch::channel(false);
        let (state, keys) = State::new(&settings, desk, hub, tools, stopping.clone())?;
        runtime.block_on(async {
            state.hooks.recall();
            state.hooks.configure(&settings.webhooks, settings.webhook_retries);
            state.hooks.confine(|url| webhooks::may_be_told(&settings.webhook_hosts, url));
        });
        if let Some(page) = state.tools.metrics.clone() {
            runtime.spawn(crate::metrics::watch(page, state.hub.subscribe().0));
        }
        let (flows, known) = watch::channel(flow::by_name(&settings.flows));
        runtime.spawn(flow::lead_all(state.clone(), known));
        let (rooms, open) = watch::channel(rooms(state.clone(), &settings));
        let door = Door { rooms: open, tls: tls.map(|config| TlsAcceptor::from(Arc::new(config))) };
        let served = runtime.spawn(listener::serve(listener, door, stopping.clone()));
        if let Some(certificate) = &certificate {
            runtime.spawn(look_after(Arc::clone(certificate), stopping));
        }
        let inside = Inside { runtime: runtime.handle().clone(), state, keys, rooms, flows };
        Ok(Self { address, certificate, handle: Handle(Arc::new(inside)), stop, served, runtime })
    }

    /// To give it other settings.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Handle {
    /// Everything as `settings` say from now on, but the address and the files of the certificate, which stay as they were at the start.
    /// Cannot fail. Who watches with a token that is no longer good is told nothing more; callers who are led go on as they began.
    pub fn renew(&self, settings: &Settings) {
        let Inside { runtime, state, keys, rooms: door, flows } = &*self.0;
        let _inside = runtime.enter();
        keys.renew(settings);
        state.hooks.configure(&settings.webhooks, settings.webhook_retries);
        state.hooks.confine(|url| webhooks::may_be_told(&settings.webhook_hosts, url));
        flows.send_replace(flow::by_name(&settings.flows));
        door.send_replace(rooms(state.renewed(settings), settings));
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}

impl Front for Api {
    fn says(&self) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("  programs     {scheme}://{}/v1", self.address)
    }

    fn reload(&self) {
        if let Some(certificate) = &self.certificate {
            reload(certificate);
        }
    }

    fn stop(self: Box<Self>) {
        self.stop.send_replace(true);
        let served = self.served;
        let _late = self.runtime.block_on(async { tokio::time::timeout(END, served).await });
        self.runtime.shutdown_timeout(END);
    }
}

fn rooms(state: State, settings: &Settings) -> Rooms {
    Rooms { router: router::router(state, settings), limits: settings.limits }
}

/// Reads the certificate again whenever its files have changed.
async fn look_after(certificate: Arc<Certificate>, mut stopping: watch::Receiver<bool>) {
    let mut known = certificate.written();
    let mut clock = interval(LOOK);
    loop {
        tokio::select! {
            _ = clock.tick() => {}
            _ = stopping.changed() => return,
        }
        let written = certificate.written();
        if written != known {
            known = written;
            reload(&certificate);
        }
    }
}

fn reload(certificate: &Certificate) {
    match certificate.reload() {
        Ok(()) => tracing::info!("the certificate of the API was read again"),
        Err(error) => tracing::error!(%error, "the certificate of the API stays as it was"),
    }
}
