//! How packets go to a leg's phone: over a second socket on the leg's port that is connected to the phone, once they keep going there.
//!
//! The kernel looks for the way to a phone once, not for each packet. What comes from elsewhere arrives at the first socket as before, so
//! that a phone whose address changes is heard.

use rustix::{
    fd::AsRawFd,
    process::{Resource, getrlimit},
};
use socket2::{Domain, SockRef, Socket, Type};
use std::{
    io,
    net::{SocketAddr, UdpSocket},
};

/// Of one leg.
#[derive(Debug, Default)]
pub(super) struct Way {
    to: Option<SocketAddr>,
    /// Packets that went there in a row, up to one more than make it worth a socket.
    sent: u16,
    direct: Option<UdpSocket>,
}

/// So many packets go to the same place before a socket is opened for them: two seconds.
const STEADY: u16 = 100;

impl Way {
    /// Sends a packet. True: the next might go over a socket of its own (`open`).
    #[inline]
    pub(super) fn send(&mut self, first: &UdpSocket, packet: &[u8], to: SocketAddr) -> bool {
        if self.to != Some(to) {
            *self = Self { to: Some(to), sent: 0, direct: None };
        }
        // A packet that cannot be sent is lost, as it might be on any network.
        let Some(direct) = &self.direct else {
            let _sent = first.send_to(packet, to);
            self.sent += u16::from(self.sent < STEADY);
            return self.sent == STEADY;
        };
        // The first error may be that of an earlier packet, which the phone's machine did not want.
        if direct.send(packet).is_err() {
            let _sent = direct.send(packet);
        }
        false
    }

    /// Opens the socket: what comes from the phone is to be received there from now on. `None`: it is not possible, and not tried again.
    pub(super) fn open(&mut self, first: &UdpSocket, most_files: u64) -> Option<&UdpSocket> {
        self.sent = STEADY + 1;
        let direct = connect(first, self.to?).ok()?;
        // The rest is for legs and programs that come.
        let scarce = u64::try_from(direct.as_raw_fd()).is_ok_and(|number| number >= most_files);
        self.direct = (!scarce).then_some(direct);
        self.direct.as_ref()
    }

    /// Where packets of the phone arrive, if there is one.
    #[inline]
    pub(super) fn direct(&self) -> Option<&UdpSocket> {
        self.direct.as_ref()
    }
}

/// Half of the files that this process may open.
pub(super) fn most_files() -> u64 {
    getrlimit(Resource::Nofile).current.map_or(u64::MAX, |most| most / 2)
}

/// A socket on the same port. It is bound by leave of the first; neither lets anybody else in after that.
fn connect(first: &UdpSocket, to: SocketAddr) -> io::Result<UdpSocket> {
    let here = first.local_addr()?;
    let socket = Socket::new(Domain::for_address(here), Type::DGRAM, None)?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_port(true)?;
    let first = SockRef::from(first);
    first.set_reuse_port(true)?;
    let connected = socket.bind(&here.into()).and_then(|()| socket.connect(&to.into()));
    first.set_reuse_port(false)?;
    socket.set_reuse_port(false)?;
    connected.map(|()| socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn socket() -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.79:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        socket
    }

    /// With a socket of its own to `to`.
    fn steady(first: &UdpSocket, to: SocketAddr) -> Way {
        let mut way = Way::default();
        let wishes = (0..STEADY).filter(|_| way.send(first, b"early", to)).count();
        assert_eq!((wishes, way.direct().is_some()), (1, false));
        let direct = way.open(first, u64::MAX).unwrap();
        direct.set_nonblocking(false).unwrap();
        direct.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        way
    }

    fn heard(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
        let mut packet = [0; 100];
        let (length, from) = socket.recv_from(&mut packet).unwrap();
        (packet[..length].to_vec(), from)
    }

    #[test]
    fn the_phone_is_heard_by_the_second_socket_and_all_others_by_the_first() {
        let (first, phone, stranger) = (socket(), socket(), socket());
        let way = steady(&first, phone.local_addr().unwrap());
        let here = first.local_addr().unwrap();
        for sender in [&phone, &stranger] {
            sender.send_to(b"hello", here).unwrap();
        }
        assert_eq!(heard(way.direct().unwrap()), (b"hello".to_vec(), phone.local_addr().unwrap()));
        assert_eq!(heard(&first), (b"hello".to_vec(), stranger.local_addr().unwrap()));
    }

    #[test]
    fn the_phone_gets_its_packets_from_the_same_port() {
        let (first, phone) = (socket(), socket());
        let mut way = steady(&first, phone.local_addr().unwrap());
        (0..STEADY).for_each(|_| drop(heard(&phone)));
        assert!(!way.send(&first, b"direct", phone.local_addr().unwrap()));
        assert_eq!(heard(&phone), (b"direct".to_vec(), first.local_addr().unwrap()));
    }

    #[test]
    fn a_phone_that_moves_is_followed_and_nobody_else_gets_the_port() {
        let (first, phone, other) = (socket(), socket(), socket());
        let here = first.local_addr().unwrap();
        let mut way = steady(&first, phone.local_addr().unwrap());
        let thief = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
        thief.set_reuse_port(true).unwrap();
        assert!(thief.bind(&here.into()).is_err());
        way.send(&first, b"moved", other.local_addr().unwrap());
        assert!(way.direct().is_none());
        assert_eq!(heard(&other), (b"moved".to_vec(), here));
        phone.send_to(b"again", here).unwrap();
        assert_eq!(heard(&first), (b"again".to_vec(), phone.local_addr().unwrap()));
    }

    #[test]
    fn a_phone_that_is_gone_for_a_while_gets_the_next_packet() {
        let (first, phone) = (socket(), socket());
        let address = phone.local_addr().unwrap();
        let mut way = steady(&first, address);
        drop(phone);
        way.send(&first, b"nobody", address);
        let phone = UdpSocket::bind(address).unwrap();
        phone.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        way.send(&first, b"back", address);
        assert_eq!(heard(&phone).0, b"back");
    }

    #[test]
    fn the_last_files_are_left_for_others() {
        let (first, phone) = (socket(), socket());
        let mut way = Way::default();
        while !way.send(&first, b"early", phone.local_addr().unwrap()) {}
        assert!(way.open(&first, 0).is_none());
        assert!((0..1000).all(|_| !way.send(&first, b"late", phone.local_addr().unwrap())));
    }
}
