//! Media ports: a pool of numbers, and the sockets bound to them, some ahead of need.

use crate::{exchange::Ports, ids::LegId};
use std::{
    collections::{HashMap, VecDeque},
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    ops::RangeInclusive,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

/// The two sockets of a leg, not blocking.
#[derive(Debug)]
pub(super) struct Sockets {
    /// On the even port (RFC 3550 11).
    pub(super) rtp: UdpSocket,
    /// On the next.
    pub(super) rtcp: UdpSocket,
}

/// The port pairs of the switch. Clones share one pool: the exchange leases, who carries out its orders takes the sockets, and a
/// `Binder` has some bound before they are asked for.
#[derive(Clone, Debug)]
pub struct PortPool(Arc<Shared>);

/// The thread that binds ahead. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Binder {
    pool: PortPool,
    handle: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    pool: Mutex<Pool>,
    /// Rung when few are left that are bound.
    few: Condvar,
}

#[derive(Debug)]
struct Pool {
    address: IpAddr,
    /// Even ports. What is returned goes to the end, so that a port rests as long as possible: packets that are still on their way to a
    /// leg that is gone do not reach another.
    free: VecDeque<u16>,
    /// Bound ahead, the next one first.
    ready: VecDeque<(u16, Sockets)>,
    leased: HashMap<LegId, Lease>,
    /// The binder waits to be told that few are ready.
    binder_rests: bool,
    /// The binder shall end.
    stop: bool,
}

#[derive(Debug)]
struct Lease {
    port: u16,
    sockets: Option<Sockets>,
}

/// How many ports in a row may turn out to be taken by other programs before a lease is given up.
const TRIES: usize = 64;
/// Pairs bound ahead: what 200 calls a second need in 0.15 s.
const AHEAD: usize = 64;

impl PortPool {
    /// All pairs of an even port and the next one that lie in `range`.
    pub fn new(address: IpAddr, range: RangeInclusive<u16>) -> Self {
        let end = *range.end();
        let free = range.filter(|port| port % 2 == 0 && *port < end && *port > 0).collect();
        let pool =
            Pool { address, free, ready: VecDeque::new(), leased: HashMap::new(), binder_rests: false, stop: false };
        Self(Arc::new(Shared { pool: Mutex::new(pool), few: Condvar::new() }))
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
        self.0.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Binds one pair ahead if there is need: whether its port was free.
    fn bind_one_ahead(&self) -> Option<bool> {
        let (address, port) = {
            let mut pool = self.lock();
            (pool.address, pool.next_ahead()?)
        };
        let bound = bind_pair(address, port);
        let mut pool = self.lock();
        match bound {
            Ok(sockets) => pool.ready.push_back((port, sockets)),
            Err(_) => {
                pool.free.push_back(port);
                return Some(false);
            }
        }
        Some(true)
    }

    /// Binds ahead until it is stopped.
    fn bind_ahead(&self) {
        loop {
            let mut taken = 0;
            while taken < TRIES
                && let Some(free) = self.bind_one_ahead()
            {
                taken += usize::from(!free);
            }
            let mut pool = self.lock();
            pool.binder_rests = true;
            while pool.binder_rests && !pool.stop {
                pool = self.0.few.wait(pool).unwrap_or_else(PoisonError::into_inner);
            }
            if pool.stop {
                return;
            }
        }
    }
}

impl Ports for PortPool {
    fn lease(&mut self, leg: LegId) -> Option<u16> {
        let mut pool = self.lock();
        let (port, sockets) = pool.next_ready().or_else(|| pool.bind_next())?;
        pool.leased.insert(leg, Lease { port, sockets: Some(sockets) });
        if pool.binder_rests && pool.ready.len() <= AHEAD / 2 && pool.free.len() > AHEAD {
            pool.binder_rests = false;
            self.0.few.notify_one();
        }
        Some(port)
    }

    fn release(&mut self, leg: LegId) {
        let mut pool = self.lock();
        if let Some(lease) = pool.leased.remove(&leg) {
            pool.free.push_back(lease.port);
        }
    }
}

impl Pool {
    /// The port that should be bound ahead now. The last ones are left for who needs them at once.
    fn next_ahead(&mut self) -> Option<u16> {
        if self.ready.len() >= AHEAD || self.free.len() <= AHEAD { None } else { self.free.pop_front() }
    }

    /// One that was bound ahead and at which nothing has arrived since: what did was for somebody else, and there may come more of it.
    fn next_ready(&mut self) -> Option<(u16, Sockets)> {
        while let Some((port, sockets)) = self.ready.pop_front() {
            if sockets.are_silent() {
                return Some((port, sockets));
            }
            self.free.push_back(port);
        }
        None
    }

    fn bind_next(&mut self) -> Option<(u16, Sockets)> {
        for _ in 0..TRIES {
            let port = self.free.pop_front()?;
            match bind_pair(self.address, port) {
                Ok(sockets) => return Some((port, sockets)),
                Err(_) => self.free.push_back(port),
            }
        }
        None
    }
}

impl Sockets {
    fn are_silent(&self) -> bool {
        let silent = |socket: &UdpSocket| {
            socket.recv_from(&mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
        };
        silent(&self.rtp) && silent(&self.rtcp)
    }
}

impl Binder {
    /// Starts to bind ahead.
    pub(super) fn start(pool: &PortPool) -> io::Result<Self> {
        let theirs = pool.clone();
        let handle = std::thread::Builder::new().name("ports".to_owned()).spawn(move || theirs.bind_ahead())?;
        Ok(Self { pool: pool.clone(), handle: Some(handle) })
    }
}

impl Drop for Binder {
    fn drop(&mut self) {
        self.pool.lock().stop = true;
        self.pool.0.few.notify_one();
        if let Some(handle) = self.handle.take() {
            let _failed = handle.join();
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

    #[test]
    fn what_is_bound_ahead_is_leased_first_and_returned_like_the_rest() {
        let mut pool = PortPool::new(HERE, 34_200..=34_399);
        assert_eq!(pool.bind_one_ahead(), Some(true));
        assert_eq!(pool.lease(LegId(1)), Some(34_200));
        assert_eq!(pool.lease(LegId(2)), Some(34_202));
        pool.release(LegId(1));
        assert_eq!(pool.bind_one_ahead(), Some(true));
        assert_eq!(pool.lease(LegId(3)), Some(34_204));
        assert_eq!((pool.in_use(), pool.lock().free.back().copied()), (2, Some(34_200)));
    }

    #[test]
    fn a_port_at_which_something_has_arrived_is_left_to_rest_again() {
        let mut pool = PortPool::new(HERE, 34_400..=34_599);
        assert_eq!(pool.bind_one_ahead(), Some(true));
        let stranger = UdpSocket::bind((HERE, 0)).unwrap();
        stranger.send_to(b"late", (HERE, 34_401)).unwrap();
        assert_eq!(pool.lease(LegId(1)), Some(34_402));
        assert_eq!(pool.lock().free.back().copied(), Some(34_400));
    }

    #[test]
    fn the_last_ports_are_not_bound_ahead() {
        let mut pool = PortPool::new(HERE, 34_130..=34_135);
        assert_eq!(pool.bind_one_ahead(), None);
        assert!((1..=3).all(|leg| pool.lease(LegId(leg)).is_some()));
        assert_eq!(pool.lease(LegId(4)), None);
    }

    #[test]
    fn the_binder_binds_again_and_again_until_it_is_dropped() {
        let mut pool = PortPool::new(HERE, 34_600..=35_599);
        let binder = Binder::start(&pool).unwrap();
        assert!((1..=400).all(|leg| pool.lease(LegId(leg)).is_some()));
        drop(binder);
        let left = pool.lock();
        assert_eq!((left.leased.len(), left.ready.len() + left.free.len()), (400, 100));
    }
}
