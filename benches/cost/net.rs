//! Where packets go: to a socket of the same machine, or out of it through a card.

use socket2::{Domain, Socket, Type};
use std::{
    env, fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    process::Command,
};

/// Who takes what the switch sends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Net {
    /// A socket here: `sendto` walks the packet through the receiving side, too, up to the queue of that socket, and is charged with it.
    Loopback,
    /// A device that takes the packet and is done with it, as a network card does. What phones send arrives over loopback.
    Card,
}

/// Tells the bench that it runs in a network namespace of its own.
const INSIDE: &str = "COST_INSIDE";
/// An empty network with a card behind which the phones are. A kernel without dummy devices has a cable with a hole in it.
const CARD: &str = "
    ip link set lo up
    ip link add card type dummy 2>/dev/null || {
        ip link add card type veth peer name cable && ip link set cable up && tc qdisc replace dev card root blackhole
    } || exit 1
    ip addr add 10.76.0.1/24 dev card && ip link set card up &&
        ip neigh replace 10.76.0.2 lladdr 02:00:00:00:00:02 dev card";

impl Net {
    /// What can be measured here. `None`: another process has measured, in a network of its own.
    pub(crate) fn all() -> Option<Vec<Self>> {
        if env::var_os(INSIDE).is_some() {
            let made = Command::new("sh").args(["-ec", CARD]).status().is_ok_and(|status| status.success());
            if !made {
                println!("No card: ip or tc is missing, or this kernel has neither dummy nor veth devices.");
            }
            return Some(if made { vec![Self::Loopback, Self::Card] } else { vec![Self::Loopback] });
        }
        let unshare = || {
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", "--net"]);
            command
        };
        let allowed = unshare().arg("true").output().is_ok_and(|output| output.status.success());
        if !allowed {
            println!("No card: a network of its own (unshare --user --map-root-user --net) is not allowed here.");
            return Some(vec![Self::Loopback]);
        }
        let ended = unshare().arg(env::current_exe().unwrap()).args(env::args_os().skip(1)).env(INSIDE, "1").status();
        assert!(ended.unwrap().success(), "the bench in a network of its own");
        None
    }

    /// Of the switch.
    pub(crate) const fn switch(self) -> IpAddr {
        IpAddr::V4(match self {
            Self::Loopback => Ipv4Addr::new(127, 0, 0, 76),
            Self::Card => Ipv4Addr::new(10, 76, 0, 1),
        })
    }

    /// A socket of the switch, or of a phone on the same machine that listens.
    pub(crate) fn socket(self) -> UdpSocket {
        let socket = UdpSocket::bind((self.switch(), 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    }

    /// A socket of phones that listen to nothing: on loopback it is full soon; behind a card nothing comes back to it.
    pub(crate) fn deaf(self) -> UdpSocket {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
        let address = match self {
            Self::Loopback => Ipv4Addr::new(127, 0, 0, 77),
            Self::Card => {
                // The address is not one of this machine, so that what is sent to it leaves.
                socket.set_ip_transparent_v4(true).unwrap();
                Ipv4Addr::new(10, 76, 0, 2)
            }
        };
        socket.set_recv_buffer_size(1).unwrap();
        socket.bind(&SocketAddr::from((address, 0)).into()).unwrap();
        socket.into()
    }
}

impl fmt::Display for Net {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Loopback => "phones on loopback",
            Self::Card => "phones behind a card",
        })
    }
}
