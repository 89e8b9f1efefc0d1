//! The way in: connections, as many as allowed, with TLS or without, until the end.

use super::settings::Limits;
use axum::{Router, body::Body, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// The other side of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// The place that a connection takes; it is free again when the last one lets go of it. A WebSocket goes on when HTTP on its
/// connection is over, and keeps it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// What every connection needs.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) rooms: watch::Receiver<Rooms>,
    pub(super) tls: Option<TlsAcceptor>,
}

/// What is behind the door, by the settings of now: each request goes to those that are there when it comes.
#[derive(Clone)]
pub(super) struct Rooms {
    pub(super) router: Router,
    pub(super) limits: Limits,
}

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long requests may go on after the end was decided.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// How long nobody is let in after somebody could not be: out of files, mostly, until a connection has ended.
const PAUSE: Duration = Duration::from_millis(100);
/// For those who come when all connections are taken.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Serves until `stopping` says so; then requests under way may end, and no new ones come.
pub(super) async fn serve(listener: TcpListener, door: Door, mut stopping: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(Limits::MOST_CONNECTIONS as usize));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.changed() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection to the API could not be accepted");
                tokio::select! {
                    () = sleep(PAUSE) => continue,
                    _ = stopping.changed() => break,
                }
            }
        };
        let limits = door.rooms.borrow().limits;
        let taken = Limits::MOST_CONNECTIONS as usize - places.available_permits();
        match Arc::clone(&places).try_acquire_owned() {
            Ok(place) if taken < limits.connections => {
                let place = Place { _permit: Arc::new(place) };
                tokio::spawn(connection(stream, peer, door.clone(), place, limits.head_timeout, stopping.clone()));
            }
            Ok(_) | Err(_) => {
                tokio::spawn(turn_away(stream, peer, door.tls.is_some()));
            }
        }
    }
    drop(listener);
    if timeout(LAST_WORDS, places.acquire_many(Limits::MOST_CONNECTIONS)).await.is_err() {
        tracing::info!("connections to the API were still open at the end");
    }
}

async fn turn_away(mut stream: TcpStream, peer: SocketAddr, tls: bool) {
    tracing::debug!(%peer, "all connections to the API are taken");
    if !tls {
        let _gone = timeout(HANDSHAKE, stream.write_all(FULL)).await;
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    door: Door,
    place: Place,
    head_timeout: Duration,
    stopping: watch::Receiver<bool>,
) {
    let _late = stream.set_nodelay(true);
    match &door.tls {
        None => http(stream, peer, door.rooms, place, head_timeout, stopping).await,
        Some(tls) => match timeout(HANDSHAKE, tls.accept(stream)).await {
            Ok(Ok(stream)) => http(stream, peer, door.rooms, place, head_timeout, stopping).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS with this one"),
            Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
        },
    }
}

async fn http<S>(
    stream: S,
    peer: SocketAddr,
    rooms: watch::Receiver<Rooms>,
    place: Place,
    head_timeout: Duration,
    mut stopping: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(place.clone());
        let router = rooms.borrow().router.clone();
        router.oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection to the API ended in the middle");
    }
}
