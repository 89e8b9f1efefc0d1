//! `[transfer]`, `[codes]`, `[security]` and `[limits]`.

use super::{
    address::Place,
    media::MediaSettings,
    problem::Report,
    sections::{Codes, File, Limits, Maybe, Section, Security, Texts},
};
use crate::{
    call::{self, CallSettings},
    sip::wire::{Host, digest::Algorithm},
    switch::{self, ForeignHost, ForeignSettings, Network},
};
use std::{fmt::Display, ops::RangeInclusive, time::Duration};
use toml::Spanned;

/// What `[limits]` says.
pub(super) struct LimitSettings {
    pub(super) calls: usize,
    pub(super) calls_per_second: u32,
    pub(super) shutdown_grace: Duration,
}

/// What all calls must know.
pub(super) fn read(file: &File, place: &Place, media: &MediaSettings, report: &mut Report<'_>) -> CallSettings {
    let transfer = &file.transfer.keys;
    let seconds =
        |said, place, usual, report: &mut Report<'_>| Duration::from_secs(number(said, place, usual, 1..=3600, report));
    CallSettings {
        media_address: place.media,
        codecs: media.codecs.clone(),
        ring_timeout: seconds(&transfer.ring_timeout_s, "[transfer] ring_timeout_s", 30, report),
        recall: transfer.recall.unwrap_or(true),
        recall_timeout: seconds(&transfer.recall_timeout_s, "[transfer] recall_timeout_s", 20, report),
        fallback: transfer.fallback.as_ref().map(|number| number.get_ref().clone()).filter(|number| !number.is_empty()),
        codes: codes(&file.codes, report),
        domain: place.domain.clone(),
        recording: super::sounds::calls(file),
    }
}

fn codes(section: &Section<Codes>, report: &mut Report<'_>) -> call::Codes {
    let keys = &section.keys;
    let all = [
        ("blind_transfer", &keys.blind_transfer, "*1"),
        ("attended_transfer", &keys.attended_transfer, "*2"),
        ("complete", &keys.complete, "*4"),
        ("cancel", &keys.cancel, "*5"),
        ("three_way", &keys.three_way, "*6"),
        ("swap", &keys.swap, "*7"),
    ];
    let mut read: Vec<(&str, &str)> = Vec::new();
    for (name, said, usual) in all {
        let code = said.as_ref().map_or(usual, |said| said.get_ref());
        let at = said.as_ref().map_or(section.start..section.start, Spanned::span);
        let place = format!("[codes] {name}");
        let same = |one: &str, other: &str| !one.is_empty() && !other.is_empty() && one.starts_with(other);
        if let Some(odd) = code.chars().find(|c| !matches!(c, '0'..='9' | '*' | '#' | 'A'..='D')) {
            report.add(
                at,
                &place,
                format!("{odd:?} cannot be dialled; codes are made of 0-9 * # A-D, \"\" switches one off"),
            );
        } else if let Some((other, theirs)) = read.iter().find(|(_, known)| same(code, known) || same(known, code)) {
            report.add(
                at,
                &place,
                format!("{code:?} and {other} = {theirs:?} begin alike, so that one can never be dialled; take another or \"\""),
            );
        }
        read.push((name, code));
    }
    let code = |name: &str| {
        read.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, code)| (*code).to_owned())
            .filter(|code| !code.is_empty())
    };
    call::Codes {
        blind_transfer: code("blind_transfer"),
        attended_transfer: code("attended_transfer"),
        complete: code("complete"),
        cancel: code("cancel"),
        three_way: code("three_way"),
        swap: code("swap"),
    }
}

pub(super) fn security(section: &Section<Security>, report: &mut Report<'_>) -> switch::Security {
    let keys = &section.keys;
    let rate = number(&keys.requests_per_second, "[security] requests_per_second", 200, 0..=1_000_000, report);
    switch::Security {
        digest: algorithms(&keys.digest, report),
        login_failures: number(&keys.login_failures, "[security] login_failures", 10, 0..=100_000, report),
        ban: Duration::from_secs(number(&keys.ban_s, "[security] ban_s", 300, 0..=31_536_000, report)),
        requests_per_second: rate,
    }
}

/// Other SIP hosts that may be called; none unless the file says so.
pub(super) fn foreign(section: &Section<Security>, place: &Place, report: &mut Report<'_>) -> ForeignSettings {
    const PLACE: &str = "[security] foreign_hosts";
    let mut hosts = Vec::new();
    for said in section.keys.foreign_hosts.iter().flat_map(Texts::each) {
        let text = *said.get_ref();
        match (text.parse::<Network>(), Host::parse(text)) {
            (Ok(network), _) => hosts.push(ForeignHost::Network(network)),
            (Err(_), Some(Host::Name(name))) if !text.contains('*') => hosts.push(ForeignHost::Name(name)),
            (Err(_), _) => report.add(
                said.span(),
                PLACE,
                format!("{text:?} must be a name, an address or a network; each name is looked up ahead, so that * cannot be"),
            ),
        }
    }
    let own = [Some(place.listen.ip()), place.public, Some(place.media)].into_iter().flatten();
    ForeignSettings { hosts, own: own.filter(|address| !address.is_unspecified()).collect() }
}

/// Digest algorithms; both, the stronger one first, unless the file says otherwise.
fn algorithms(said: &Maybe<Texts>, report: &mut Report<'_>) -> Vec<Algorithm> {
    const ALL: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Md5];
    let place = "[security] digest";
    let Some(said) = said else { return ALL.to_vec() };
    let mut algorithms = Vec::new();
    for name in Texts::each(said) {
        match ALL.into_iter().find(|algorithm| algorithm.as_str() == *name.get_ref()) {
            Some(algorithm) if !algorithms.contains(&algorithm) => algorithms.push(algorithm),
            Some(_) => report.add(name.span(), place, format!("{:?} is there twice", name.get_ref())),
            None => report.add(name.span(), place, format!("{:?} must be \"SHA-256\" or \"MD5\"", name.get_ref())),
        }
    }
    if Texts::each(said).is_empty() {
        report.add(said.span(), place, "must name at least one of \"SHA-256\" and \"MD5\"");
    }
    algorithms
}

pub(super) fn limits(section: &Section<Limits>, report: &mut Report<'_>) -> LimitSettings {
    let keys = &section.keys;
    let grace = number(&keys.shutdown_grace_s, "[limits] shutdown_grace_s", 10, 0..=86_400, report);
    LimitSettings {
        calls: number(&keys.calls, "[limits] calls", 1000, 1..=1_000_000, report),
        calls_per_second: number(&keys.calls_per_second, "[limits] calls_per_second", 200, 1..=1_000_000, report),
        shutdown_grace: Duration::from_secs(grace),
    }
}

/// A number in a range, or the usual one.
pub(super) fn number<T>(
    said: &Maybe<i64>,
    place: &str,
    usual: T,
    range: RangeInclusive<T>,
    report: &mut Report<'_>,
) -> T
where
    T: TryFrom<i64> + PartialOrd + Copy + Display,
{
    let Some(said) = said else { return usual };
    T::try_from(*said.get_ref()).ok().filter(|number| range.contains(number)).unwrap_or_else(|| {
        report.add(said.span(), place, format!("{} must be {} to {}", said.get_ref(), range.start(), range.end()));
        usual
    })
}
