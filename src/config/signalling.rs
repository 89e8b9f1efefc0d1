//! `[sip]`, the addresses apart.

use super::{
    address::Place,
    calls::{LimitSettings, number},
    problem::Report,
    sections::{Section, Sip},
};
use crate::sip;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long a nonce of ours may be used: a phone that refreshes at its leisure asks anew, a recorded login ages fast.
pub(super) const NONCE_LIFETIME: Duration = Duration::from_secs(300);

/// RFC 4028 4: the least that may be asked of anybody.
const MIN_SESSION_S: u64 = 90;
/// Transactions of a call: INVITE and BYE, on both sides.
const TRANSACTIONS_A_CALL: usize = 4;
/// s that a transaction lingers (Timers B, H and J: 64*T1), RFC 3261 A.
const LINGER_S: usize = 32;
/// Transactions for all that is no call: registrations, OPTIONS, strangers.
const OTHER_TRANSACTIONS: usize = 20_000;

pub(super) fn read(
    section: &Section<Sip>,
    place: &Place,
    limits: &LimitSettings,
    report: &mut Report<'_>,
) -> sip::Settings {
    let calls_lingering = usize::try_from(limits.calls_per_second).unwrap_or(usize::MAX).saturating_mul(LINGER_S);
    sip::Settings {
        local: place.listen,
        public_address: place.public,
        domain: place.domain.clone(),
        agent: concat!("Warmline/", env!("CARGO_PKG_VERSION")).to_owned(),
        session_expires: session_expires(section, report),
        min_session_expires: Duration::from_secs(MIN_SESSION_S),
        t1: Duration::from_millis(500),
        max_transactions: limits
            .calls
            .saturating_add(calls_lingering)
            .saturating_mul(TRANSACTIONS_A_CALL)
            .saturating_add(OTHER_TRANSACTIONS),
    }
}

fn session_expires(section: &Section<Sip>, report: &mut Report<'_>) -> Option<Duration> {
    const PLACE: &str = "[sip] session_expires_s";
    let said = &section.keys.session_expires_s;
    if said.as_ref().is_some_and(|said| *said.get_ref() == 0) {
        return None;
    }
    if let Some(said) = said.as_ref().filter(|said| (1..90).contains(said.get_ref())) {
        let brief = format!(
            "{} is less than {MIN_SESSION_S}, the least of RFC 4028; 0 switches session timers off",
            said.get_ref()
        );
        report.add(said.span(), PLACE, brief);
        return None;
    }
    Some(Duration::from_secs(number(said, PLACE, 1800, MIN_SESSION_S..=86_400, report)))
}

/// The shortest and the longest registration.
pub(super) fn registration(section: &Section<Sip>, report: &mut Report<'_>) -> (Duration, Duration) {
    let keys = &section.keys;
    let min = number(&keys.min_expires_s, "[sip] min_expires_s", 60, 1..=86_400, report);
    let max = number(&keys.max_expires_s, "[sip] max_expires_s", 3600, 1..=604_800, report);
    if max < min {
        let at = keys
            .max_expires_s
            .as_ref()
            .or(keys.min_expires_s.as_ref())
            .map_or(section.start..section.start, |s| s.span());
        report.add(at, "[sip] max_expires_s", format!("{max} is less than min_expires_s, {min}"));
    }
    (Duration::from_secs(min), Duration::from_secs(max))
}

/// Where registrations are kept over a restart: where the file says, else where the system keeps such things, a directory for
/// each address listened on.
pub(super) fn state_directory(
    section: &Section<Sip>,
    listen: SocketAddr,
    env: &dyn Fn(&str) -> Option<String>,
) -> Option<PathBuf> {
    if let Some(said) = &section.keys.state_directory {
        return (!said.get_ref().is_empty()).then(|| PathBuf::from(said.get_ref()));
    }
    let set = |name| env(name).filter(|value| Path::new(value).is_absolute()).map(PathBuf::from);
    let own = || Some(set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?.join("warmline"));
    let listen = format!("{}-{}", listen.ip(), listen.port()).replace(':', ".");
    Some(set("STATE_DIRECTORY").or_else(own)?.join(listen))
}
