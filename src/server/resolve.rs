//! The addresses of trunks whose hosts are names, and of other hosts that may be called, looked up where it may take its time.

use crate::{
    sip::wire::Host,
    switch::{self, TrunkSettings},
};
use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::mpsc;

/// Where somebody is.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) who: Who,
    /// All addresses of its host, never empty.
    pub(super) addresses: Vec<SocketAddr>,
}

/// Where what was found comes out. Ends with the resolver.
pub(super) type Finding = mpsc::Receiver<Found>;

/// Who is looked for.
#[derive(Clone, Debug)]
pub(super) enum Who {
    /// The trunk of this name.
    Trunk(String),
    /// Another host that may be called.
    Host(String),
}

/// Somebody whose host is a name.
struct Named {
    who: Who,
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
    pub(super) fn start(switch: &switch::Settings) -> io::Result<(Self, Finding)> {
        let (finding, found) = mpsc::channel(WAITING);
        let others = switch.foreign.names().map(|name| Named {
            who: Who::Host(name.to_owned()),
            host: name.to_owned(),
            port: SIP,
        });
        let hosts: Vec<Named> = switch.trunks.iter().filter_map(named).chain(others).collect();
        let (stop, stopped) = sync_channel(0);
        let handle = std::thread::Builder::new()
            .name("resolve".to_owned())
            .spawn(move || look_up_for_ever(&hosts, &finding, &stopped))?;
        Ok((Self { _stop: stop, _handle: handle }, found))
    }
}

fn named(trunk: &TrunkSettings) -> Option<Named> {
    let Host::Name(host) = &trunk.host else { return None };
    Some(Named { who: Who::Trunk(trunk.name.clone()), host: host.to_string(), port: trunk.port.unwrap_or(SIP) })
}

fn look_up_for_ever(hosts: &[Named], found: &mpsc::Sender<Found>, stopped: &Receiver<()>) {
    loop {
        for host in hosts {
            match (host.host.as_str(), host.port).to_socket_addrs() {
                Ok(addresses) => {
                    let addresses: Vec<_> = addresses.collect();
                    if !addresses.is_empty() {
                        // Full: the next round tells the same.
                        let _full = found.try_send(Found { who: host.who.clone(), addresses });
                    }
                }
                Err(error) => tracing::warn!(who = ?host.who, host = %host.host, %error, "no address for a host"),
            }
        }
        if stopped.recv_timeout(AGAIN) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}
