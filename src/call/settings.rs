//! What every call must know.

use super::RecordingSettings;
use crate::media::sdp::Codec;
use std::{net::IpAddr, time::Duration};

/// What every call must know.
#[derive(Clone, Debug)]
pub struct CallSettings {
    /// The address in our SDP.
    pub media_address: IpAddr,
    /// Our codecs in order of preference.
    pub codecs: Vec<Codec>,
    /// How long a phone may ring.
    pub ring_timeout: Duration,
    /// A failed transfer brings the caller back to who sent it.
    pub recall: bool,
    /// How long the transferor is rung again.
    pub recall_timeout: Duration,
    /// Where a caller goes when recall fails too.
    pub fallback: Option<String>,
    /// Star codes.
    pub codes: Codes,
    /// Host of our URIs.
    pub domain: String,
    /// How calls are recorded.
    pub recording: RecordingSettings,
}

/// Star codes; `None`: that one is off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// Cold transfer: then the number, then # or 3 s of silence.
    pub blind_transfer: Option<String>,
    /// Warm transfer: likewise; the caller hears music, the target is called for a talk in private.
    pub attended_transfer: Option<String>,
    /// The agent leaves, caller and target talk.
    pub complete: Option<String>,
    /// The target goes, agent and caller talk.
    pub cancel: Option<String>,
    /// All talk.
    pub three_way: Option<String>,
    /// Talk to the other one of caller and target, whoever is left hears music.
    pub swap: Option<String>,
}
