//! What the switchboard must know; filled by the configuration.

use super::{ForeignSettings, Network, Pattern};
use crate::{
    destination::Flow,
    media::{Dtmf, sdp::Codec, srtp::Srtp},
    sip::{
        Credentials, Secret,
        wire::{Host, digest::Algorithm},
    },
};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// Everything that the switchboard must know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The digest realm, and the host of our URIs.
    pub domain: String,
    /// The shortest registration that is granted; a shorter wish is answered 423 (RFC 3261 10.3 step 7).
    pub min_expires: Duration,
    /// The longest registration that is granted, and the one for who names none.
    pub max_expires: Duration,
    /// How long a nonce may be used.
    pub nonce_lifetime: Duration,
    /// What is allowed to strangers.
    pub security: Security,
    /// Who may register.
    pub extensions: Vec<ExtensionSettings>,
    /// Who else calls and is called.
    pub trunks: Vec<TrunkSettings>,
    /// The first that fits is taken.
    pub routes: Vec<RouteSettings>,
    /// Where callers wait for whoever of some extensions is free.
    pub queues: Vec<QueueSettings>,
    /// Which other SIP hosts may be called by URI.
    pub foreign: ForeignSettings,
}

/// What is allowed to strangers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// The digest algorithms that are offered and taken, in the order of the challenges.
    pub digest: Vec<Algorithm>,
    /// Failed logins from one address within a minute that lead to a ban; 0: never.
    pub login_failures: u32,
    /// How long a banned address is ignored.
    pub ban: Duration,
    /// Datagrams a second from one address that is neither a trunk's nor that of a registered phone; twice as many may
    /// come at once. 0: any number.
    pub requests_per_second: u32,
}

/// A phone, or several with one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionSettings {
    /// The number, which is the user name too.
    pub number: String,
    /// The name that the called see.
    pub name: Option<String>,
    /// What proves who it is.
    pub secret: Secret,
    /// How many phones may be registered at once.
    pub max_contacts: usize,
    /// Codecs in order of preference; empty: those of all calls.
    pub codecs: Vec<Codec>,
    /// Whether its phones are to speak SRTP.
    pub srtp: Srtp,
    /// How its phones send digits and want them.
    pub dtmf: Dtmf,
}

/// A carrier, or another switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkSettings {
    /// The name that routes use.
    pub name: String,
    /// Where calls are sent.
    pub host: Host,
    /// The port there; `None`: 5060, or what DNS says.
    pub port: Option<u16>,
    /// Calls from there need no password.
    pub accept_from: Vec<Network>,
    /// Who we are to it, if it asks.
    pub credentials: Option<Credentials>,
    /// The number that our extensions call with.
    pub caller_id: Option<String>,
    /// Calls at once, in both directions; `None`: any number.
    pub channels: Option<u32>,
    /// Codecs in order of preference; empty: those of all calls.
    pub codecs: Vec<Codec>,
    /// INVITE without SDP.
    pub late_offer: bool,
    /// REFER from there is obeyed, with the rights of the trunk.
    pub refer: bool,
    /// Whether it is to speak SRTP.
    pub srtp: Srtp,
    /// How it sends digits and wants them.
    pub dtmf: Dtmf,
}

/// Where callers wait for whoever of some extensions is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSettings {
    /// The name that routes and programs use.
    pub name: String,
    /// The number by which it is dialled; `None`: by routes and programs only.
    pub number: Option<String>,
    /// The extensions of its agents, in order; `None`: all extensions, as far as a phone is registered.
    pub members: Option<Vec<String>>,
    /// Who is offered a caller.
    pub strategy: Strategy,
    /// How long the phone of an agent rings.
    pub ring: Duration,
    /// How long an agent is left alone that did not take an offer.
    pub retry: Duration,
    /// How long an agent has for itself after a call of the queue.
    pub wrap_up: Duration,
    /// What is heard by who waits: files of the library by name, or addresses, one after the other; empty: the hold music.
    pub music: Vec<String>,
    /// No more than these may wait; `None`: any number.
    pub max_length: Option<usize>,
    /// Nobody waits for longer; `None`: as long as it likes.
    pub max_wait: Option<Duration>,
    /// The number where one goes whom the queue does not take, or keeps no longer.
    pub fallback: Option<String>,
}

/// Who of the free agents is offered a caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// All at once.
    #[default]
    RingAll,
    /// Each in turn.
    RoundRobin,
    /// Whose last call of a queue ended the longest ago.
    LongestIdle,
    /// The first of the list.
    InOrder,
}

/// Where some numbers lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSettings {
    /// Whose calls; `None`: everybody's.
    pub from: Option<RouteFrom>,
    /// Which numbers.
    pub pattern: Pattern,
    /// How many characters are taken from the front of the number.
    pub strip: usize,
    /// What is put before the rest.
    pub prepend: String,
    /// Where to. Trunks and extensions are tried in turn; anything else stands alone.
    pub to: Vec<RouteTo>,
    /// Calls that take it are recorded.
    pub record: bool,
}

/// Whose calls a route is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteFrom {
    /// Those of our extensions.
    Extensions,
    /// Those from any trunk.
    Trunks,
    /// Those from one trunk.
    Trunk(String),
}

/// Where a route leads. In texts, `{number}` stands for the number after `strip` and `prepend`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteTo {
    /// The number over the trunk of this name.
    Trunk(String),
    /// The extension of this number.
    Extension(String),
    /// The conference room of this name.
    Conference(String),
    /// The hold music.
    Music,
    /// What the caller says himself.
    Echo,
    /// A program says what becomes of the caller.
    Flow(Flow),
    /// The queue of this name.
    Queue(String),
    /// A hosted API of this name, which this version does not speak: nowhere.
    Dialect(String),
}
