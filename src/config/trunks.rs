//! `[[trunk]]`

use super::{
    calls::number,
    extensions::password,
    media::{codecs, dtmf, srtp},
    problem::Report,
    sections::{Section, Texts, Trunk},
};
use crate::{
    media::Dtmf,
    sip::{Credentials, Secret, wire::Host},
    switch::{Network, TrunkSettings},
};
use std::collections::HashSet;

pub(super) fn read(
    sections: &[Section<Trunk>],
    usual: Dtmf,
    env: &dyn Fn(&str) -> Option<String>,
    report: &mut Report<'_>,
) -> Vec<TrunkSettings> {
    let mut names = HashSet::new();
    sections
        .iter()
        .map(|section| {
            let keys = &section.keys;
            let name = keys.name.get_ref();
            if name.is_empty() {
                report.add(keys.name.span(), "[trunk] name", "must not be empty");
            } else if !names.insert(name) {
                report.add(keys.name.span(), "[trunk] name", format!("{name} is there twice"));
            }
            let (host, port) = host(section, report);
            TrunkSettings {
                name: name.clone(),
                host,
                port,
                accept_from: accept_from(section, report),
                credentials: credentials(section, env, report),
                caller_id: caller_id(section, report),
                channels: keys
                    .channels
                    .as_ref()
                    .map(|_| number(&keys.channels, "[trunk] channels", 1, 1..=1_000_000, report)),
                codecs: codecs(&keys.codecs, "[trunk] codecs", report),
                srtp: srtp(&keys.srtp, "[trunk] srtp", report),
                dtmf: dtmf(&keys.dtmf, "[trunk] dtmf", usual, report),
                late_offer: keys.late_offer.unwrap_or(false),
                refer: keys.refer.unwrap_or(true),
            }
        })
        .collect()
}

fn host(section: &Section<Trunk>, report: &mut Report<'_>) -> (Host, Option<u16>) {
    let said = &section.keys.host;
    // The colons of a bare IPv6 address are no port's.
    let text = said.get_ref();
    let whole = Host::parse(text).map(|host| (host, None));
    let parted = || {
        let (host, port) = text.rsplit_once(':')?;
        Some((Host::parse(host)?, Some(port.parse().ok().filter(|port| *port > 0)?)))
    };
    whole.or_else(parted).unwrap_or_else(|| {
        let hint =
            "must be a host name or IP address, with :PORT where it is not 5060, such as \"sip.carrier.example:5070\"";
        report.add(said.span(), "[trunk] host", hint);
        (Host::Name("invalid".to_owned()), None)
    })
}

fn accept_from(section: &Section<Trunk>, report: &mut Report<'_>) -> Vec<Network> {
    let Some(said) = &section.keys.accept_from else { return Vec::new() };
    let mut networks = Vec::new();
    for text in Texts::each(said) {
        match text.get_ref().parse::<Network>() {
            Ok(network) if network.is_everybody() => {
                let open = "would let everybody call without a password; name the networks of the carrier";
                report.add(text.span(), "[trunk] accept_from", open);
            }
            Ok(network) => networks.push(network),
            Err(error) => report.add(text.span(), "[trunk] accept_from", error.to_string()),
        }
    }
    networks
}

fn credentials(
    section: &Section<Trunk>,
    env: &dyn Fn(&str) -> Option<String>,
    report: &mut Report<'_>,
) -> Option<Credentials> {
    let keys = &section.keys;
    match (&keys.user, &keys.password) {
        (None, None) => None,
        (Some(user), Some(said)) => {
            let secret = Secret::Password(password(said, "[trunk] password", env, report));
            Some(Credentials { user: user.get_ref().clone(), secret })
        }
        (Some(user), None) => {
            report.add(user.span(), "[trunk] user", "needs a password beside it");
            None
        }
        (None, Some(said)) => {
            report.add(said.span(), "[trunk] password", "needs a user beside it");
            None
        }
    }
}

fn caller_id(section: &Section<Trunk>, report: &mut Report<'_>) -> Option<String> {
    let said = section.keys.caller_id.as_ref()?;
    let number = said.get_ref();
    if number.is_empty() || number.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@') {
        report.add(said.span(), "[trunk] caller_id", "must be a number, such as \"+31201234567\"");
    }
    Some(number.clone())
}
