//! Other SIP hosts, called by URI where the configuration allows it: nobody is, unless it says so, for a call to whatever host
//! somebody names is a call that somebody else may have to pay for.

use super::Network;
use crate::{
    destination::{Caller, Features, Refusal, Target},
    sip::wire::{Host, NameAddr, Scheme, Uri},
};
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
};

/// Which other hosts may be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignSettings {
    /// These.
    pub hosts: Vec<ForeignHost>,
    /// Addresses that are our own: a URI there is a number like any other.
    pub own: Vec<IpAddr>,
}

/// Another host, or many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForeignHost {
    /// The host of this name, in small letters.
    Name(String),
    /// Hosts named by their address.
    Network(Network),
}

/// Which other hosts may be called, and where those are that have names.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    settings: ForeignSettings,
    addresses: HashMap<String, IpAddr>,
}

/// The port of SIP over UDP where none is said (RFC 3261 19.1.2).
const SIP_PORT: u16 = 5060;

impl Foreign {
    pub(super) fn new(settings: ForeignSettings) -> Self {
        Self { settings, addresses: HashMap::new() }
    }

    /// Other settings from now on. What is known of the address of a name stays.
    pub(super) fn reload(&mut self, settings: ForeignSettings) {
        self.settings = settings;
        let hosts = &self.settings.hosts;
        self.addresses.retain(|name, _| hosts.contains(&ForeignHost::Name(name.clone())));
    }

    /// The address of a host is known, or known anew.
    pub(super) fn resolved(&mut self, name: &str, addresses: &[SocketAddr]) {
        if let (true, Some(first)) = (self.is_named(name), addresses.first()) {
            self.addresses.insert(name.to_owned(), first.ip());
        }
    }

    /// Whether the host of a URI is ours: the routes say where it leads.
    pub(super) fn is_ours(&self, uri: &Uri, domain: &Host) -> bool {
        uri.scheme == Scheme::Tel
            || uri.host == *domain
            || uri.host.ip().is_some_and(|address| self.settings.own.contains(&address))
    }

    /// Whom to call by a URI there; `None`: nobody may be called there.
    pub(super) fn target(&self, uri: &Uri) -> Option<Result<Target, Refusal>> {
        let (allowed, address) = match &uri.host {
            Host::Name(name) => (self.is_named(name), self.addresses.get(name).copied()),
            Host::V4(_) | Host::V6(_) => {
                let address = uri.host.ip();
                let fits = |host: &ForeignHost| match host {
                    ForeignHost::Network(network) => address.is_some_and(|address| network.contains(address)),
                    ForeignHost::Name(_) => false,
                };
                (self.settings.hosts.iter().any(fits), address)
            }
        };
        if !allowed || uri.scheme != Scheme::Sip {
            return None;
        }
        let Some(address) = address else { return Some(Err(Refusal::Offline)) };
        let bare = Uri { headers: Vec::new(), password: None, ..uri.clone() };
        Some(Ok(Target {
            callee: Caller::Host(uri.host.to_string()),
            features: Features::default(),
            hop: SocketAddr::new(address, uri.port.unwrap_or(SIP_PORT)),
            route: Vec::new(),
            to: NameAddr::new(bare.clone()),
            uri: bare,
            caller_id: None,
            codecs: Vec::new(),
            trusted: false,
            late_offer: false,
            credentials: None,
            ring_timeout_s: None,
        }))
    }

    fn is_named(&self, name: &str) -> bool {
        self.settings.hosts.iter().any(|host| matches!(host, ForeignHost::Name(known) if known == name))
    }
}

impl ForeignSettings {
    /// The names whose addresses must be looked up.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().filter_map(|host| match host {
            ForeignHost::Name(name) => Some(name.as_str()),
            ForeignHost::Network(_) => None,
        })
    }
}
