//! Our extensions, by number.

use super::{ExtensionSettings, login::hashed, registrar::Phone};
use crate::{
    destination::{Caller, Features, Origin, Target},
    sip::wire::{Host, NameAddr, Uri},
};
use std::{collections::HashMap, net::SocketAddr};

/// The port of SIP over UDP where none is said (RFC 3261 19.1.2).
const SIP_PORT: u16 = 5060;

/// All extensions, in the order of the configuration.
#[derive(Debug)]
pub(super) struct Extensions {
    extensions: Vec<ExtensionSettings>,
    by_number: HashMap<String, usize>,
}

impl Extensions {
    pub(super) fn new(mut extensions: Vec<ExtensionSettings>, realm: &str) -> Self {
        for extension in &mut extensions {
            extension.secret = hashed(&extension.secret, &extension.number, realm);
        }
        let by_number = extensions.iter().enumerate().map(|(at, extension)| (extension.number.clone(), at)).collect();
        Self { extensions, by_number }
    }

    /// The place and the settings of an extension.
    pub(super) fn find(&self, number: &str) -> Option<(usize, &ExtensionSettings)> {
        let at = *self.by_number.get(number)?;
        Some((at, self.extensions.get(at)?))
    }

    pub(super) fn len(&self) -> usize {
        self.extensions.len()
    }

    /// In the order of the configuration.
    pub(super) fn all(&self) -> impl Iterator<Item = &ExtensionSettings> {
        self.extensions.iter()
    }
}

impl ExtensionSettings {
    /// Who calls from here: what the configuration says, whatever the phone says.
    pub(super) fn origin(&self, privacy: Option<String>, domain: &Host) -> Origin {
        Origin {
            caller: Caller::Extension(self.number.clone()),
            features: self.features(),
            identity: self.address(domain),
            privacy,
            codecs: self.codecs.clone(),
        }
    }

    /// The phones in the order in which they ring: those with a higher q first, those with the same q together
    /// (RFC 3261 16.6).
    pub(super) fn steps(&self, phones: &[Phone], domain: &Host) -> Vec<Vec<Target>> {
        let mut sorted: Vec<_> = phones.iter().collect();
        sorted.sort_by_key(|phone| std::cmp::Reverse(phone.binding.q));
        let groups = sorted.chunk_by(|a, b| a.binding.q == b.binding.q);
        groups.map(|group| group.iter().map(|phone| self.target(phone, domain)).collect()).collect()
    }

    fn target(&self, phone: &Phone, domain: &Host) -> Target {
        let binding = &phone.binding;
        Target {
            callee: Caller::Extension(self.number.clone()),
            features: self.features(),
            uri: binding.contact.clone(),
            hop: hop(&binding.contact, binding.source, &binding.path),
            route: binding.path.clone(),
            to: self.address(domain),
            caller_id: None,
            codecs: self.codecs.clone(),
            trusted: false,
            late_offer: false,
            credentials: None,
            ring_timeout_s: None,
        }
    }

    /// What the people at an extension may do.
    fn features(&self) -> Features {
        Features { codes: true, refer: true, srtp: self.srtp, dtmf: self.dtmf, record: false }
    }

    fn address(&self, domain: &Host) -> NameAddr {
        NameAddr { display: self.name.clone(), ..NameAddr::new(Uri::sip(Some(&self.number), domain.clone(), None)) }
    }
}

/// Where a phone is reached: where its REGISTER came from, since only there a NAT lets us in (RFC 3581). A contact at that
/// very address, or both on this machine, is behind no NAT, and then its port counts: it may listen on another one than it
/// sends from.
fn hop(contact: &Uri, source: SocketAddr, path: &[Uri]) -> SocketAddr {
    match contact.host.ip() {
        Some(ip) if path.is_empty() && (ip == source.ip() || (ip.is_loopback() && source.ip().is_loopback())) => {
            SocketAddr::new(ip, contact.port.unwrap_or(SIP_PORT))
        }
        _ => source,
    }
}
