//! Media ports: a pool of numbers, and the sockets bound to those in use.

use crate::{exchange::Ports, ids::LegId};
use std::{
    collections::{HashMap, VecDeque},
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The two sockets of a leg, not blocking.
#[derive(Debug)]
pub(super) struct Sockets {
    /// On the even port (RFC 3550 11).
    pub(super) rtp: UdpSocket,
    /// On the next.
    pub(super) rtcp: UdpSocket,
}

/// The port pairs of the switch. Clones share one pool: the exchange leases, who carries out its orders takes the sockets.
#[derive(Clone, Debug)]
pub(super) struct PortPool(Arc<Mutex<Pool>>);

#[derive(Debug)]
struct Pool {
    address: IpAddr,
    /// Even ports. What is returned goes to the end, so that a port rests as long as possible: packets that are still on their way to a
    /// leg that is gone do not reach another.
    free: VecDeque<u16>,
    leased: HashMap<LegId, Lease>,
}

#[derive(Debug)]
struct Lease {
    port: u16,
    sockets: Option<Sockets>,
}

/// How many ports in a row may turn out to be taken by other programs before a lease is given up.
const TRIES: usize = 64;

impl PortPool {
    /// All pairs of an even port and the next one that lie in `range`.
    pub(super) fn new(address: IpAddr, range: RangeInclusive<u16>) -> Self {
        let end = *range.end();
        let free = range.filter(|port| port % 2 == 0 && *port < end && *port > 0).collect();
        Self(Arc::new(Mutex::new(Pool { address, free, leased: HashMap::new() })))
    }

    /// The sockets of a leg, once.
    pub(super) fn take(&self, leg: LegId) -> Option<Sockets> {
        self.lock().leased.get_mut(&leg)?.sockets.take()
    }

    /// Pairs in use.
    pub(super) fn in_use(&self) -> usize {
        self.lock().leased.len()
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ports for PortPool {
    fn lease(&mut self, leg: LegId) -> Option<u16> {
        let mut pool = self.lock();
        for _ in 0..TRIES {
            let port = pool.free.pop_front()?;
            match bind_pair(pool.address, port) {
                Ok(sockets) => {
                    pool.leased.insert(leg, Lease { port, sockets: Some(sockets) });
                    return Some(port);
                }
                Err(_) => pool.free.push_back(port),
            }
        }
        None
    }

    fn release(&mut self, leg: LegId) {
        let mut pool = self.lock();
        if let Some(lease) = pool.leased.remove(&leg) {
            pool.free.push_back(lease.port);
        }
    }
}

fn bind_pair(address: IpAddr, port: u16) -> io::Result<Sockets> {
    let bind = |port| {
        let socket = UdpSocket::bind(SocketAddr::new(address, port))?;
        socket.set_nonblocking(true)?;
        io::Result::Ok(socket)
    };
    Ok(Sockets { rtp: bind(port)?, rtcp: bind(port + 1)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 77));

    #[test]
    fn a_port_taken_by_another_program_is_skipped() {
        let other = UdpSocket::bind((HERE, 34_103)).unwrap();
        let mut pool = PortPool::new(HERE, 34_101..=34_107);
        assert_eq!(pool.lease(LegId(1)), Some(34_104));
        assert_eq!(pool.lease(LegId(2)), Some(34_106));
        assert_eq!(pool.lease(LegId(3)), None);
        drop(other);
        assert_eq!(pool.lease(LegId(3)), Some(34_102));
        assert_eq!(pool.in_use(), 3);
    }

    #[test]
    fn a_returned_port_is_given_out_again_after_all_others() {
        let mut pool = PortPool::new(HERE, 34_110..=34_115);
        assert_eq!(pool.lease(LegId(1)), Some(34_110));
        pool.release(LegId(1));
        assert_eq!(pool.lease(LegId(2)), Some(34_112));
        assert_eq!(pool.lease(LegId(3)), Some(34_114));
        assert_eq!(pool.lease(LegId(4)), Some(34_110));
    }

    #[test]
    fn the_sockets_of_a_leg_are_handed_over_once() {
        let mut pool = PortPool::new(HERE, 34_120..=34_121);
        let port = pool.lease(LegId(1)).unwrap();
        let sockets = pool.take(LegId(1)).unwrap();
        assert_eq!(sockets.rtp.local_addr().unwrap().port(), port);
        assert_eq!(sockets.rtcp.local_addr().unwrap().port(), port + 1);
        assert!(pool.take(LegId(1)).is_none());
    }
}
