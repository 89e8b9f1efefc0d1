//! Who can call and who can be reached: what the switchboard decides and the call carries out.

use crate::{
    media::{Dtmf, sdp::Codec, srtp::Srtp},
    sip::{
        Credentials,
        wire::{NameAddr, StatusCode, Uri},
    },
};
use serde::Serialize;
use std::{net::SocketAddr, time::Duration};
use utoipa::ToSchema;

/// Who a leg is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Extension or trunk.
    pub caller: Caller,
    /// What it may do.
    pub features: Features,
    /// Who it is as the called shall see it: display name and number or URI user.
    pub identity: NameAddr,
    /// Privacy (RFC 3323) that it asked for.
    pub privacy: Option<String>,
    /// Codecs for it, in order of preference; empty: those of the call.
    pub codecs: Vec<Codec>,
}

/// Where a leg belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// One of our extensions, by number.
    Extension(String),
    /// A trunk, by name.
    Trunk(String),
    /// Somebody at another SIP host, by that host; called only.
    Host(String),
}

/// What the people at a leg may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Star codes in the call.
    pub codes: bool,
    /// REFER is obeyed.
    pub refer: bool,
    /// Whether it is to speak SRTP.
    pub srtp: Srtp,
    /// How it sends digits and wants them.
    pub dtmf: Dtmf,
    /// Calls in which it talks are recorded, because its route says so.
    pub record: bool,
}

/// Where a number leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Call somebody: the steps are tried in turn, the targets of a step ring together. Never empty.
    Ring(Vec<Vec<Target>>),
    /// A conference room by this name, made when the first one enters.
    Conference(String),
    /// Answer and play the hold music.
    Music,
    /// Answer and send back what is said.
    Echo,
    /// A program says what to do.
    Flow(Flow),
    /// Whoever of a queue is free: agents are called one by one, or all, until one answers.
    Queue(Queue),
}

/// A queue, as far as those must know who wait in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// What they hear: files of the library by name, or addresses, one after the other; empty: the hold music.
    pub music: Vec<String>,
    /// How long the phone of an agent rings.
    pub ring: Duration,
}

/// How a program is asked what becomes of a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Which program: a name that the configuration knows.
    pub name: String,
    /// How long it may take.
    pub timeout: Duration,
    /// Where the caller goes after that; `None`: it is refused with 480.
    pub fallback: Option<String>,
}

/// One address that may ring.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Extension or trunk.
    pub callee: Caller,
    /// What it may do once it is a leg.
    pub features: Features,
    /// Request-URI.
    pub uri: Uri,
    /// Where the INVITE goes.
    pub hop: SocketAddr,
    /// Route headers (Path), in order.
    pub route: Vec<Uri>,
    /// To: the number that was dialled at our domain, and the name of the extension.
    pub to: NameAddr,
    /// From and P-Asserted-Identity instead of the caller's own, where the caller is an extension (`caller_id` of a trunk).
    pub caller_id: Option<NameAddr>,
    /// Codecs for this target, in order of preference; empty: those of the call.
    pub codecs: Vec<Codec>,
    /// P-Asserted-Identity is sent to it, even with Privacy (RFC 3325 7).
    pub trusted: bool,
    /// INVITE without SDP.
    pub late_offer: bool,
    /// For 401 and 407.
    pub credentials: Option<Credentials>,
    /// How long to let it ring, s; `None`: as the call's settings say.
    pub ring_timeout_s: Option<u32>,
}

/// Why somebody is not in a queue, or not any more, without having an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueueEnd {
    /// It hung up, or went elsewhere.
    Left,
    /// It waited as long as the queue allows.
    MaxWait,
    /// So many wait already as the queue allows.
    Full,
    /// The queue is gone from the configuration.
    Closed,
}

impl QueueEnd {
    /// What a SIP caller is told.
    pub fn status(self) -> StatusCode {
        StatusCode(match self {
            Self::Full => 486,
            Self::Left => 487,
            Self::MaxWait | Self::Closed => 480,
        })
    }
}

/// Why a number leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No route and no extension of that number.
    #[error("no such number")]
    Unknown,
    /// The extension exists, but no phone is registered for it.
    #[error("nobody is registered there")]
    Offline,
    /// The caller may not go there.
    #[error("not allowed from here")]
    Forbidden,
    /// All lines are taken.
    #[error("all channels in use")]
    Full,
    /// The host of the URI is none that may be called.
    #[error("that host is not called from here")]
    Foreign,
    /// So many are in the room as may be.
    #[error("the room is full")]
    RoomFull,
    /// The URI is of a scheme that we do not speak.
    #[error("unsupported URI scheme")]
    Scheme,
    /// The URI has no user or number.
    #[error("no number in the URI")]
    NoNumber,
}

impl Refusal {
    /// What a SIP caller is told.
    pub fn status(&self) -> StatusCode {
        StatusCode(match self {
            Self::Unknown => 404,
            Self::Offline => 480,
            Self::Forbidden | Self::Foreign => 403,
            Self::Full => 503,
            Self::RoomFull => 486,
            Self::Scheme => 416,
            Self::NoNumber => 484,
        })
    }
}

/// Whom a program wants to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// What somebody would dial: the routes say where it leads.
    Number(String),
    /// One of our extensions, whatever the routes say.
    Extension(String),
    /// A SIP or tel URI.
    Uri(String),
    /// Whoever of a queue is free.
    Queue(String),
    /// A conference room.
    Room(String),
}

impl Whom {
    /// As people say it.
    pub fn said(&self) -> &str {
        match self {
            Self::Number(text) | Self::Extension(text) | Self::Uri(text) | Self::Queue(text) | Self::Room(text) => text,
        }
    }
}

/// What a route is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A wish of a program.
    Program,
    /// A wish of a program for that very extension.
    ProgramExtension,
    /// A wish of a program for the queue of that name.
    ProgramQueue,
    /// A wish of a program for the room of that name.
    ProgramRoom,
    /// A transfer by REFER or star code.
    Transfer,
    /// Ringing the transferor again after a transfer failed.
    Recall,
    /// `[transfer] fallback`.
    Fallback,
}
