//! Carriers and other switches.

use super::{TrunkSettings, number};
use crate::{
    destination::{Caller, Features, Origin, Target},
    sip::wire::{Host, NameAddr, Uri},
};
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
};

/// The port of SIP over UDP where none is said (RFC 3261 19.1.2).
const SIP_PORT: u16 = 5060;

/// How a trunk is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkState {
    /// Its name.
    pub name: String,
    /// Its host, as configured.
    pub host: String,
    /// Where that is; empty while nobody knows.
    pub addresses: Vec<SocketAddr>,
    /// Lines in use.
    pub lines_in_use: u32,
    /// Lines that there are; `None`: any number.
    pub lines: Option<u32>,
}

/// All trunks, in the order of the configuration.
#[derive(Debug)]
pub(super) struct Trunks {
    trunks: Vec<Trunk>,
    by_name: HashMap<String, usize>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Trunk {
    pub(super) settings: TrunkSettings,
    /// Where its host is, the best first; empty while nobody knows.
    addresses: Vec<SocketAddr>,
    in_use: u32,
}

impl Trunks {
    pub(super) fn new(settings: Vec<TrunkSettings>) -> Self {
        let trunks: Vec<_> = settings.into_iter().map(Trunk::new).collect();
        let by_name = trunks.iter().enumerate().map(|(at, trunk)| (trunk.settings.name.clone(), at)).collect();
        Self { trunks, by_name }
    }

    /// Other trunks from now on. What is known of the host of one stays while it is the same; `lines` are in use.
    pub(super) fn replace(&mut self, settings: Vec<TrunkSettings>, lines: &HashMap<String, u32>) {
        let before = std::mem::replace(self, Self::new(settings));
        for trunk in &mut self.trunks {
            let name = &trunk.settings.name;
            trunk.in_use = lines.get(name).copied().unwrap_or(0);
            let same =
                |old: &&Trunk| (&old.settings.host, old.settings.port) == (&trunk.settings.host, trunk.settings.port);
            if let Some(old) = before.find(name).filter(same) {
                trunk.addresses.clone_from(&old.addresses);
            }
        }
    }

    /// In the order of the configuration.
    pub(super) fn settings(&self) -> impl Iterator<Item = &TrunkSettings> {
        self.trunks.iter().map(|trunk| &trunk.settings)
    }

    pub(super) fn find(&self, name: &str) -> Option<&Trunk> {
        self.trunks.get(*self.by_name.get(name)?)
    }

    fn find_mut(&mut self, name: &str) -> Option<&mut Trunk> {
        self.trunks.get_mut(*self.by_name.get(name)?)
    }

    /// The trunk whose host is exactly there.
    pub(super) fn at(&self, source: SocketAddr) -> Option<&Trunk> {
        self.trunks.iter().find(|trunk| trunk.addresses.contains(&source))
    }

    /// The trunk that calls from this address belong to: the one with the narrowest network around it; of several, the
    /// one whose host is at that address.
    pub(super) fn accepting(&self, source: IpAddr) -> Option<&Trunk> {
        let fit = |trunk: &Trunk| {
            let bits =
                trunk.settings.accept_from.iter().filter(|network| network.contains(source)).map(|n| n.bits()).max()?;
            Some((bits, trunk.is_at(source)))
        };
        // `max_by_key` takes the last of equals; the first in the configuration is wanted.
        self.trunks
            .iter()
            .rev()
            .filter_map(|trunk| Some((fit(trunk)?, trunk)))
            .max_by_key(|(fit, _)| *fit)
            .map(|(_, t)| t)
    }

    /// Whether the address is that of a trunk.
    pub(super) fn knows(&self, source: IpAddr) -> bool {
        self.trunks.iter().any(|trunk| {
            trunk.is_at(source) || trunk.settings.accept_from.iter().any(|network| network.contains(source))
        })
    }

    /// Takes a line; false if all are in use. A trunk that is not known has none.
    pub(super) fn take_line(&mut self, name: &str) -> bool {
        let Some(trunk) = self.find_mut(name).filter(|trunk| trunk.has_line()) else { return false };
        trunk.in_use = trunk.in_use.saturating_add(1);
        true
    }

    /// Gives a line back.
    pub(super) fn free_line(&mut self, name: &str) {
        if let Some(trunk) = self.find_mut(name) {
            trunk.in_use = trunk.in_use.saturating_sub(1);
        }
    }

    /// How they all are.
    pub(super) fn states(&self) -> Vec<TrunkState> {
        let state = |trunk: &Trunk| TrunkState {
            name: trunk.settings.name.clone(),
            host: trunk.settings.host.to_string(),
            addresses: trunk.addresses.clone(),
            lines_in_use: trunk.in_use,
            lines: trunk.settings.channels,
        };
        self.trunks.iter().map(state).collect()
    }

    /// The addresses of a trunk's host are known, or known anew.
    pub(super) fn resolved(&mut self, name: &str, addresses: &[SocketAddr]) {
        if let Some(trunk) = self.find_mut(name) {
            trunk.addresses = addresses.to_vec();
        }
    }
}

impl Trunk {
    fn new(settings: TrunkSettings) -> Self {
        let address = settings.host.ip().map(|ip| SocketAddr::new(ip, settings.port.unwrap_or(SIP_PORT)));
        Self { settings, addresses: address.into_iter().collect(), in_use: 0 }
    }

    fn is_at(&self, source: IpAddr) -> bool {
        self.addresses.iter().any(|address| address.ip() == source)
    }

    /// Whether a line is free.
    pub(super) fn has_line(&self) -> bool {
        self.settings.channels.is_none_or(|channels| self.in_use < channels)
    }

    /// A number over this trunk; `None` while nobody knows where its host is.
    pub(super) fn target(&self, number: &str, domain: &Host) -> Option<Target> {
        let settings = &self.settings;
        let caller_id = settings.caller_id.as_ref();
        Some(Target {
            callee: Caller::Trunk(settings.name.clone()),
            features: self.features(),
            uri: Uri::sip(Some(number), settings.host.clone(), settings.port),
            hop: *self.addresses.first()?,
            route: Vec::new(),
            to: NameAddr::new(Uri::sip(Some(number), settings.host.clone(), None)),
            caller_id: caller_id.map(|number| NameAddr::new(Uri::sip(Some(number), domain.clone(), None))),
            codecs: settings.codecs.clone(),
            trusted: true,
            late_offer: settings.late_offer,
            credentials: settings.credentials.clone(),
            ring_timeout_s: None,
        })
    }

    /// Who calls from here. The trunk is believed: P-Asserted-Identity counts more than From (RFC 3325 5).
    pub(super) fn origin(
        &self,
        from: &NameAddr,
        asserted: Option<&NameAddr>,
        privacy: Option<&str>,
        domain: &Host,
    ) -> Origin {
        let said = asserted.unwrap_or(from);
        let mut privacy = privacy.map(str::to_owned);
        let identity = match number::dialled(&said.uri) {
            Ok(number) if !is_anonymous(&said.uri) => NameAddr {
                display: said.display.clone(),
                ..NameAddr::new(Uri::sip(Some(&number), domain.clone(), None))
            },
            Ok(_) | Err(_) => {
                privacy.get_or_insert_with(|| "id".to_owned());
                anonymous()
            }
        };
        Origin {
            caller: Caller::Trunk(self.settings.name.clone()),
            features: self.features(),
            identity,
            privacy,
            codecs: self.settings.codecs.clone(),
        }
    }

    fn features(&self) -> Features {
        Features {
            codes: false,
            refer: self.settings.refer,
            srtp: self.settings.srtp,
            dtmf: self.settings.dtmf,
            record: false,
        }
    }
}

/// Whether somebody calls without saying who he is (RFC 3323 4.1).
pub(super) fn is_anonymous(uri: &Uri) -> bool {
    matches!(&uri.host, Host::Name(host) if host == "anonymous.invalid")
        || uri.user.as_deref().is_some_and(|user| user.eq_ignore_ascii_case("anonymous"))
}

/// Nobody in particular (RFC 3323 4.1).
fn anonymous() -> NameAddr {
    NameAddr {
        display: Some("Anonymous".to_owned()),
        ..NameAddr::new(Uri::sip(Some("anonymous"), Host::Name("anonymous.invalid".to_owned()), None))
    }
}
