//! Where the switch is, and what it calls itself.

use super::{
    problem::Report,
    sections::{Media, Section, Sip, Texts},
};
use crate::sip::wire::Host;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The addresses of the switch.
pub(super) struct Place {
    /// The UDP socket for SIP.
    pub(super) listen: SocketAddr,
    /// What Via and Contact say instead of the address listened on.
    pub(super) public: Option<IpAddr>,
    /// What media sockets are bound to.
    pub(super) media_bind: IpAddr,
    /// What SDP says.
    pub(super) media: IpAddr,
    /// The digest realm, and the host of our URIs.
    pub(super) domain: String,
}

const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5060);

pub(super) fn read(sip: &Section<Sip>, media: &Section<Media>, report: &mut Report<'_>) -> Place {
    let listen = listen(sip, report);
    let public = sip.keys.public_address.as_ref().and_then(|public| {
        let address = ip(public.get_ref());
        if address.is_none() {
            report.add(public.span(), "[sip] public_address", "must be an IP address, such as \"198.51.100.7\"");
        }
        address
    });
    let bind = media.keys.address.as_ref().and_then(|bind| {
        let address = ip(bind.get_ref());
        if address.is_none() {
            report.add(
                bind.span(),
                "[media] address",
                "must be an address of this machine, such as \"192.0.2.10\": phones are told to send there",
            );
        }
        address
    });
    let specified = (!listen.ip().is_unspecified()).then(|| listen.ip());
    let missing = bind.is_none() && specified.is_none() && media.keys.address.is_none();
    if missing {
        report.add(
            media.start..media.start,
            "[media] address",
            format!(
                "is missing, and [sip] listen ({}) does not say which address phones can reach; write it here",
                listen.ip()
            ),
        );
    }
    let media_bind = bind.or(specified).unwrap_or(USUAL.ip());
    // Behind 0.0.0.0 the address for media is the only one that is known to be reachable.
    let public = public.or_else(|| specified.is_none().then_some(media_bind));
    Place {
        listen,
        public,
        media_bind,
        media: sip.keys.public_address.as_ref().and(public).unwrap_or(media_bind),
        domain: domain(sip, public.unwrap_or(listen.ip()), report),
    }
}

fn listen(sip: &Section<Sip>, report: &mut Report<'_>) -> SocketAddr {
    const PLACE: &str = "[sip] listen";
    let Some(said) = &sip.keys.listen else { return USUAL };
    let all = Texts::each(said);
    if all.len() != 1 {
        report.add(said.span(), PLACE, "must have one address in this version, such as [\"udp://127.0.0.1:5060\"]");
    }
    let Some(first) = all.first() else { return USUAL };
    match first.get_ref().split_once("://") {
        Some(("udp", address)) => address.parse().ok().or_else(|| Some(SocketAddr::new(ip(address)?, USUAL.port()))),
        Some(("tcp" | "tls" | "ws" | "wss", _)) => {
            report.add(first.span(), PLACE, "this version speaks SIP over UDP only; write udp://");
            return USUAL;
        }
        _ => None,
    }
    .unwrap_or_else(|| {
        report.add(
            first.span(),
            PLACE,
            "must be udp://ADDRESS:PORT with an IP address, such as \"udp://127.0.0.1:5060\"",
        );
        USUAL
    })
}

fn domain(sip: &Section<Sip>, address: IpAddr, report: &mut Report<'_>) -> String {
    match &sip.keys.domain {
        None => Host::from(address).to_string(),
        Some(said) if Host::parse(said.get_ref()).is_some() => said.get_ref().clone(),
        Some(said) => {
            report.add(said.span(), "[sip] domain", "must be a host name or an IP address, such as \"office.example\"");
            USUAL.ip().to_string()
        }
    }
}

/// An address that somebody can send to.
fn ip(text: &str) -> Option<IpAddr> {
    text.trim_matches(['[', ']']).parse().ok().filter(|address: &IpAddr| !address.is_unspecified())
}
