//! How the world is set up.

use super::{DOMAIN, MUSIC_HZ, SWITCH};
use std::time::Duration;
use warmline::{
    call::{CallSettings, Codes},
    exchange,
    media::{Dtmf, Music, sdp::Codec, srtp::Srtp},
    sip::{self, Secret, wire::digest::Algorithm},
    switch::{self, ExtensionSettings, ForeignSettings, QueueSettings, RouteSettings, RouteTo, Security, Strategy},
};

/// How the network treats datagrams.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// How many of a thousand datagrams are lost.
    pub lost: u32,
    /// How many of a thousand arrive twice.
    pub repeated: u32,
    /// How long they take at least.
    pub delay: Duration,
    /// How much longer they may take; more than the pause between them means that they overtake one another.
    pub jitter: Duration,
}

impl Network {
    /// A wire on a desk.
    pub const GOOD: Self =
        Self { lost: 0, repeated: 0, delay: Duration::from_millis(1), jitter: Duration::from_millis(0) };
    /// A bad day on the radio.
    pub const BAD: Self =
        Self { lost: 100, repeated: 20, delay: Duration::from_millis(20), jitter: Duration::from_millis(30) };
}

/// What differs from test to test.
#[derive(Clone, Debug)]
pub struct Setup {
    pub network: Network,
    pub recall: bool,
    pub recall_timeout: Duration,
    pub ring_timeout: Duration,
    pub fallback: Option<String>,
    /// Phones say nothing, so that hours pass quickly.
    pub silent: bool,
    pub queues: Vec<QueueSettings>,
    pub foreign: ForeignSettings,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            network: Network::GOOD,
            recall: true,
            recall_timeout: Duration::from_secs(20),
            ring_timeout: Duration::from_secs(30),
            fallback: None,
            silent: false,
            queues: vec![queue()],
            foreign: ForeignSettings::default(),
        }
    }
}

/// A queue of the agents 1002, 1003 and 1004, in this order, dialled by 8500.
pub fn queue() -> QueueSettings {
    QueueSettings {
        name: "support".to_owned(),
        number: Some("8500".to_owned()),
        members: Some((1002..1005).map(|number: u32| number.to_string()).collect()),
        strategy: Strategy::InOrder,
        ring: Duration::from_secs(15),
        retry: Duration::from_secs(5),
        wrap_up: Duration::ZERO,
        music: Vec::new(),
        max_length: None,
        max_wait: None,
        fallback: None,
    }
}

pub(super) fn password(extension: &str) -> String {
    format!("secret of {extension}")
}

pub(super) fn switch_settings(setup: &Setup) -> switch::Settings {
    let extension = |number: u32| ExtensionSettings {
        number: number.to_string(),
        name: Some(format!("Extension {number}")),
        secret: Secret::Password(password(&number.to_string())),
        max_contacts: 3,
        codecs: Vec::new(),
        srtp: match number {
            1200..1220 => Srtp::Preferred,
            1220..1240 => Srtp::Required,
            _ => Srtp::Off,
        },
        dtmf: if (1240..1260).contains(&number) { Dtmf::Inband } else { Dtmf::Rfc4733 },
    };
    let route = |pattern: &str, to| RouteSettings {
        from: None,
        pattern: pattern.parse().unwrap(),
        strip: 0,
        prepend: String::new(),
        to: vec![to],
        record: false,
    };
    switch::Settings {
        domain: DOMAIN.to_owned(),
        min_expires: Duration::from_secs(60),
        max_expires: Duration::from_secs(3600),
        nonce_lifetime: Duration::from_secs(300),
        security: Security {
            digest: vec![Algorithm::Sha256, Algorithm::Md5],
            login_failures: 10,
            ban: Duration::from_secs(300),
            requests_per_second: 0,
        },
        extensions: (1001..1300).map(extension).collect(),
        trunks: Vec::new(),
        queues: setup.queues.clone(),
        foreign: setup.foreign.clone(),
        routes: vec![
            route("70XX", RouteTo::Conference("{number}".to_owned())),
            route("8001", RouteTo::Music),
            route("8002", RouteTo::Echo),
        ],
    }
}

pub(super) fn exchange_settings(setup: &Setup) -> exchange::Settings {
    let code = |code: &str| Some(code.to_owned());
    exchange::Settings {
        sip: sip::Settings {
            local: SWITCH,
            public_address: None,
            domain: DOMAIN.to_owned(),
            agent: "Warmline".to_owned(),
            session_expires: Some(Duration::from_secs(1800)),
            min_session_expires: Duration::from_secs(90),
            t1: Duration::from_millis(500),
            max_transactions: 100_000,
        },
        call: CallSettings {
            media_address: SWITCH.ip(),
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            ring_timeout: setup.ring_timeout,
            recall: setup.recall,
            recall_timeout: setup.recall_timeout,
            fallback: setup.fallback.clone(),
            codes: Codes {
                blind_transfer: code("*1"),
                attended_transfer: code("*2"),
                complete: code("*4"),
                cancel: code("*5"),
                three_way: code("*6"),
                swap: code("*7"),
            },
            domain: DOMAIN.to_owned(),
            recording: warmline::call::RecordingSettings::default(),
        },
        max_calls: 10_000,
        max_calls_per_second: 10_000,
        shutdown_grace: Duration::from_secs(5),
    }
}

/// One second of one tone, for ever.
pub(super) fn music() -> Music {
    let sample = |at: u32| {
        let turn = f64::from(at) * f64::from(MUSIC_HZ) / 8000.0 * std::f64::consts::TAU;
        (turn.sin() * 8000.0) as i16
    };
    Music::new((0..8000).map(sample).collect())
}
