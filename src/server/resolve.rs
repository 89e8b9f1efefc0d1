//! The addresses of trunks whose hosts are names, looked up where it may take its time.

use crate::{sip::wire::Host, switch::TrunkSettings};
use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::mpsc;

/// Where a trunk is.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) trunk: String,
    /// All addresses of its host, never empty.
    pub(super) addresses: Vec<SocketAddr>,
}

/// Where what was found comes out. Ends with the resolver.
pub(super) type Finding = mpsc::Receiver<Found>;

/// A trunk whose host is a name.
struct Named {
    trunk: String,
    host: String,
    port: u16,
}

/// The thread that looks. It ends when this is dropped and a look-up that is under way is done.
pub(super) struct Resolver {
    _stop: SyncSender<()>,
    _handle: JoinHandle<()>,
}

/// How often a name is looked up anew.
const AGAIN: Duration = Duration::from_secs(60);
/// Addresses that wait to be read.
const WAITING: usize = 64;
/// The port of SIP over UDP (RFC 3261 19.1.2).
const SIP: u16 = 5060;

impl Resolver {
    /// Looks up all hosts that are names, now and every minute.
    pub(super) fn start(trunks: &[TrunkSettings]) -> io::Result<(Self, Finding)> {
        let (finding, found) = mpsc::channel(WAITING);
        let hosts: Vec<Named> = trunks.iter().filter_map(named).collect();
        let (stop, stopped) = sync_channel(0);
        let handle = std::thread::Builder::new()
            .name("resolve".to_owned())
            .spawn(move || look_up_for_ever(&hosts, &finding, &stopped))?;
        Ok((Self { _stop: stop, _handle: handle }, found))
    }
}

fn named(trunk: &TrunkSettings) -> Option<Named> {
    let Host::Name(host) = &trunk.host else { return None };
    Some(Named { trunk: trunk.name.clone(), host: host.to_string(), port: trunk.port.unwrap_or(SIP) })
}

fn look_up_for_ever(hosts: &[Named], found: &mpsc::Sender<Found>, stopped: &Receiver<()>) {
    loop {
        for host in hosts {
            match (host.host.as_str(), host.port).to_socket_addrs() {
                Ok(addresses) => {
                    let addresses: Vec<_> = addresses.collect();
                    if !addresses.is_empty() {
                        // Full: the next round tells the same.
                        let _full = found.try_send(Found { trunk: host.trunk.clone(), addresses });
                    }
                }
                Err(error) => tracing::warn!(trunk = %host.trunk, host = %host.host, %error, "no address for a trunk"),
            }
        }
        if stopped.recv_timeout(AGAIN) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}
