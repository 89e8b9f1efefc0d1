//! `[media]`, and lists of codecs.

use super::{
    calls::number,
    problem::Report,
    sections::{Maybe, Media, Section, Texts},
};
use crate::media::{Dtmf, JitterLimits, sdp::Codec, srtp::Srtp};
use std::{ops::RangeInclusive, time::Duration};

/// What `[media]` says, the address apart.
pub(super) struct MediaSettings {
    pub(super) ports: RangeInclusive<u16>,
    pub(super) codecs: Vec<Codec>,
    pub(super) timeout: Duration,
    pub(super) jitter: JitterLimits,
    pub(super) threads: usize,
}

const PORTS: RangeInclusive<u16> = 20000..=29999;

pub(super) fn read(section: &Section<Media>, report: &mut Report<'_>) -> MediaSettings {
    let keys = &section.keys;
    MediaSettings {
        ports: ports(&keys.ports, report),
        codecs: if keys.codecs.is_some() {
            codecs(&keys.codecs, "[media] codecs", report)
        } else {
            Codec::USUAL.to_vec()
        },
        jitter: jitter(keys, report),
        timeout: Duration::from_secs(number(&keys.timeout_s, "[media] timeout_s", 60, 0..=86_400, report)),
        threads: number(&keys.threads, "[media] threads", 0, 0..=1024, report),
    }
}

/// The delay of what legs send: as little as goes, up to 200 ms, where nothing else is said.
fn jitter(keys: &Media, report: &mut Report<'_>) -> JitterLimits {
    let usual = JitterLimits::default();
    let least_ms = number(&keys.jitter_min_ms, "[media] jitter_min_ms", usual.least_ms, 20..=200, report);
    let most_ms = number(&keys.jitter_max_ms, "[media] jitter_max_ms", usual.most_ms, 20..=300, report);
    if most_ms < least_ms
        && let Some(said) = &keys.jitter_max_ms
    {
        report.add(said.span(), "[media] jitter_max_ms", format!("{most_ms} is less than jitter_min_ms, {least_ms}"));
    }
    JitterLimits { least_ms, most_ms: most_ms.max(least_ms) }
}

fn ports(said: &Maybe<String>, report: &mut Report<'_>) -> RangeInclusive<u16> {
    let Some(said) = said else { return PORTS };
    let ends = said
        .get_ref()
        .split_once('-')
        .and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)));
    let problem = match ends {
        None => "must be the first and the last port, such as \"20000-29999\"".to_owned(),
        Some((low, high)) if low < 1024 || high < low => {
            format!("{low}-{high} is no range of ports from 1024 to 65535, lower one first")
        }
        Some((low, _)) if low % 2 == 1 => {
            format!("must begin with an even port, which RTP takes: {} instead of {low}", low - 1)
        }
        Some((_, high)) if high % 2 == 0 => {
            format!("must end with an odd port, which RTCP takes: {} instead of {high}", high + 1)
        }
        Some((low, high)) => return low..=high,
    };
    report.add(said.span(), "[media] ports", problem);
    PORTS
}

/// A list of codecs; empty when there is none.
pub(super) fn codecs(said: &Maybe<Texts>, place: &str, report: &mut Report<'_>) -> Vec<Codec> {
    let Some(said) = said else { return Vec::new() };
    let mut codecs = Vec::new();
    for name in Texts::each(said) {
        match Codec::from_label(name.get_ref()) {
            None => {
                let known = Codec::ALL.map(Codec::label).join(", ");
                report.add(
                    name.span(),
                    place,
                    format!("{:?} is no codec of this version; there are {known}", name.get_ref()),
                );
            }
            Some(codec) if codecs.contains(&codec) => report.add(name.span(), place, "is there twice"),
            Some(codec) => codecs.push(codec),
        }
    }
    if Texts::each(said).is_empty() {
        report.add(said.span(), place, "needs at least one codec; leave the key out for the usual ones");
    }
    codecs
}

/// Whether somebody is to speak SRTP.
pub(super) fn srtp(said: &Maybe<String>, place: &str, report: &mut Report<'_>) -> Srtp {
    let Some(said) = said else { return Srtp::Off };
    Srtp::ALL.into_iter().find(|srtp| srtp.name() == said.get_ref()).unwrap_or_else(|| {
        report.add(said.span(), place, format!("{:?} must be \"off\", \"preferred\" or \"required\"", said.get_ref()));
        Srtp::Off
    })
}

/// How somebody sends digits and wants them.
pub(super) fn dtmf(said: &Maybe<String>, place: &str, usual: Dtmf, report: &mut Report<'_>) -> Dtmf {
    let Some(said) = said else { return usual };
    Dtmf::ALL.into_iter().find(|dtmf| dtmf.name() == said.get_ref()).unwrap_or_else(|| {
        let hint = format!("{:?} must be \"rfc4733\", \"info\", \"inband\" or \"auto\"", said.get_ref());
        report.add(said.span(), place, hint);
        usual
    })
}
