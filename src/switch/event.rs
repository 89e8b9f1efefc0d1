//! What the switchboard tells.

use super::Binding;
use std::net::IpAddr;

/// Something that people, or the journal, want to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A phone registered or refreshed.
    Registered(Box<Binding>),
    /// A registration was taken back or ran out.
    Unregistered {
        /// The extension.
        extension: String,
        /// The contact URI.
        contact: String,
        /// It ran out.
        expired: bool,
    },
    /// An agent takes no calls of queues from now on, or takes them again.
    AgentPaused {
        /// The extension.
        extension: String,
        /// None.
        paused: bool,
    },
    /// Too many failed logins: the address is ignored for a while.
    Banned {
        /// The address.
        address: IpAddr,
        /// s.
        seconds: u64,
    },
}
