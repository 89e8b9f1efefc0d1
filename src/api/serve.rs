//! The running API.

use super::{
    flow,
    listener::{self, Door},
    router,
    settings::Settings,
    state::State,
    tls::Certificate,
    tools::Tools,
};
use crate::control::{Desk, Front, Hub};
use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{net::TcpListener, runtime::Runtime, sync::watch, time::interval};
use tokio_rustls::TlsAcceptor;

/// The running API, on threads of its own. Dropping it ends it without waiting.
pub struct Api {
    address: SocketAddr,
    certificate: Option<Arc<Certificate>>,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<()>,
    runtime: Runtime,
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
        let state = State::new(&settings, desk, hub, tools, stopping.clone())?;
        runtime.block_on(async { state.hooks.configure(&settings.webhooks) });
        if let Some(page) = state.tools.metrics.clone() {
            runtime.spawn(crate::metrics::watch(page, state.hub.subscribe().0));
        }
        runtime.spawn(flow::lead_all(state.clone(), settings.flows.clone()));
        let door = Door {
            router: router::router(state, &settings),
            tls: tls.map(|config| TlsAcceptor::from(Arc::new(config))),
            limits: settings.limits,
        };
        let served = runtime.spawn(listener::serve(listener, door, stopping.clone()));
        if let Some(certificate) = &certificate {
            runtime.spawn(look_after(Arc::clone(certificate), stopping));
        }
        Ok(Self { address, certificate, stop, served, runtime })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
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
