//! What may be asked, and which request it is.

use super::client::Request;
use clap::{Args, Subcommand};
use form_urlencoded::Serializer;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// Where the switch is, and who asks.
#[derive(Clone, Debug, Args)]
pub struct Where {
    /// Address of the API, such as http://127.0.0.1:8060; that of --config when absent.
    #[arg(long, global = true, env = "WARMLINE_URL")]
    pub url: Option<String>,
    /// Token for the API; the first of --config that may do most when absent.
    #[arg(long, global = true, env = "WARMLINE_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// The settings of the switch, read for its address and a token.
    #[arg(long = "config", id = "settings", global = true, env = "WARMLINE_CONFIG", default_value = "config.toml")]
    pub config: PathBuf,
    /// Answers as JSON, as the API gives them.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What may be asked of a running switch.
#[derive(Clone, Debug, Subcommand)]
pub enum Ask {
    /// Lists calls, or shows one.
    Calls {
        /// Such as call-7.
        call: Option<String>,
    },
    /// Lists the legs of all calls, or of one.
    Legs {
        /// Such as call-7.
        call: Option<String>,
    },
    /// Has a leg hear music instead of the others.
    Hold {
        /// Such as leg-12.
        leg: String,
        /// A word (music, silence, ringback), a file of the library, or an address.
        #[arg(long)]
        music: Option<String>,
    },
    /// Brings a held leg back.
    Unhold {
        /// Such as leg-12.
        leg: String,
    },
    /// Has a leg hand over those whom it talks to.
    Transfer {
        /// Who hands over, such as leg-12.
        leg: String,
        /// A number, an extension, a SIP URI, conference:NAME, queue:NAME.
        to: String,
        /// It talks to the new one first; `complete`, `cancel`, `merge`, `swap` go on.
        #[arg(long)]
        warm: bool,
    },
    /// The transferor of a warm transfer leaves.
    Complete {
        /// Such as transfer-3.
        transfer: String,
    },
    /// The target of a transfer is let go.
    Cancel {
        /// Such as transfer-3.
        transfer: String,
    },
    /// Transferor, caller and target talk together.
    Merge {
        /// Such as transfer-3.
        transfer: String,
    },
    /// The transferor talks to the other one.
    Swap {
        /// Such as transfer-3.
        transfer: String,
    },
    /// Calls somebody into a call.
    Add {
        /// Such as call-7.
        call: String,
        /// A number, an extension, a SIP URI.
        to: String,
        /// Hears all and is heard by nobody.
        #[arg(long)]
        monitor: bool,
    },
    /// Hangs up a leg, or all of a call.
    Drop {
        /// Such as leg-12 or call-7.
        what: String,
    },
    /// Follows what happens, until Ctrl-C.
    Events {
        /// Only these types, such as `leg.answered` or `transfer`; with commas between.
        #[arg(long)]
        types: Option<String>,
        /// Only those of this call.
        #[arg(long)]
        call: Option<String>,
        /// Those after this number first, as far as they are kept.
        #[arg(long)]
        since: Option<u64>,
    },
    /// Lists registered phones.
    Registrations,
    /// Lists trunks.
    Trunks,
    /// Lists queues, or shows who waits in one and what its agents do.
    Queues {
        /// Such as support.
        queue: Option<String>,
    },
    /// Lists agents of queues, or has one take no calls of queues, or take them again.
    Agents {
        /// Such as 1001.
        agent: Option<String>,
        /// It takes none.
        #[arg(long, requires = "agent")]
        pause: bool,
        /// It takes them again.
        #[arg(long, requires = "agent", conflicts_with = "pause")]
        unpause: bool,
    },
    /// Draws the SIP messages and events of a call, alive or over.
    Trace {
        /// Such as call-7.
        call: String,
        /// As a picture (SVG).
        #[arg(long)]
        svg: bool,
    },
    /// Lists call records, the newest first, or shows one with its chain.
    Records {
        /// Such as 1763730675120-12.
        record: Option<String>,
        /// Only of this extension.
        #[arg(long)]
        extension: Option<String>,
        /// Only with this number.
        #[arg(long)]
        number: Option<String>,
        /// Only of this call.
        #[arg(long)]
        call: Option<String>,
        /// Only of legs that began at this time or later, such as 2026-11-21T13:00:00Z.
        #[arg(long)]
        since: Option<String>,
        /// Only of legs that began before this time.
        #[arg(long)]
        until: Option<String>,
        /// No more than these.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Has the switch read its settings again: all of them are obeyed, or none.
    Reload,
}

impl Ask {
    /// It goes on until somebody ends it.
    pub(super) fn follows(&self) -> bool {
        matches!(self, Self::Events { .. })
    }

    /// The request. `json`: what would be drawn is wanted as JSON.
    pub(super) fn request(&self, json: bool) -> Request {
        match self {
            Self::Calls { call: Some(call) } | Self::Legs { call: Some(call) } => get(&["calls", call]),
            Self::Calls { call: None } | Self::Legs { call: None } => get(&["calls"]).with(&[("limit", "1000")]),
            Self::Hold { leg, music } => {
                let music = music.as_ref().map(|music| ("music".to_owned(), json!(music)));
                post(&["legs", leg, "hold"], Value::Object(music.into_iter().collect::<Map<_, _>>()))
            }
            Self::Unhold { leg } => post(&["legs", leg, "unhold"], json!({})),
            Self::Transfer { leg, to, warm } => {
                let kind = if *warm { "warm" } else { "cold" };
                post(&["legs", leg, "transfer"], json!({ "to": to, "kind": kind }))
            }
            Self::Complete { transfer } => post(&["transfers", transfer, "complete"], json!({})),
            Self::Cancel { transfer } => post(&["transfers", transfer, "cancel"], json!({})),
            Self::Merge { transfer } => post(&["transfers", transfer, "merge"], json!({})),
            Self::Swap { transfer } => post(&["transfers", transfer, "swap"], json!({})),
            Self::Add { call, to, monitor } => {
                let role = if *monitor { "monitor" } else { "talk" };
                post(&["calls", call, "participants"], json!({ "to": to, "role": role }))
            }
            Self::Drop { what } => {
                let noun = if what.starts_with("call-") { "calls" } else { "legs" };
                Request { method: "DELETE", ..get(&[noun, what]) }
            }
            Self::Events { types, call, since } => {
                let since = since.map(|since| since.to_string());
                get(&["events"]).with_some(&[("types", types), ("call", call), ("since", &since)])
            }
            Self::Registrations => get(&["registrations"]),
            Self::Trunks => get(&["trunks"]),
            Self::Queues { queue: Some(queue) } => get(&["queues", queue]),
            Self::Queues { queue: None } => get(&["queues"]),
            Self::Agents { agent: None, .. } => get(&["agents"]),
            Self::Agents { agent: Some(agent), pause, unpause } => match (pause, unpause) {
                (true, _) => post(&["agents", agent, "pause"], json!({})),
                (false, true) => post(&["agents", agent, "unpause"], json!({})),
                (false, false) => get(&["agents", agent]),
            },
            Self::Trace { call, svg } => {
                let format = if *svg { "svg" } else { "text" };
                get(&["calls", call, "trace"]).with(&[("format", if json { "json" } else { format })])
            }
            Self::Records { record: Some(record), .. } => get(&["records", record]),
            Self::Records { record: None, extension, number, call, since, until, limit } => {
                get(&["records"]).with(&[("limit", &limit.to_string())]).with_some(&[
                    ("extension", extension),
                    ("number", number),
                    ("call", call),
                    ("since", since),
                    ("until", until),
                ])
            }
            Self::Reload => post(&["reload"], json!({})),
        }
    }
}

/// Each part of the path as it was said, whatever is in it.
fn get(parts: &[&str]) -> Request {
    let escaped = parts.iter().map(|part| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>());
    let path = escaped.fold("/v1".to_owned(), |path, part| format!("{path}/{}", part.replace('+', "%20")));
    Request { method: "GET", path, body: None }
}

fn post(parts: &[&str], body: Value) -> Request {
    Request { method: "POST", body: Some(body), ..get(parts) }
}

impl Request {
    fn with(mut self, query: &[(&str, &str)]) -> Self {
        for (key, value) in query {
            let pair = Serializer::new(String::new()).append_pair(key, value).finish();
            self.path.push(if self.path.contains('?') { '&' } else { '?' });
            self.path.push_str(&pair);
        }
        self
    }

    fn with_some(self, query: &[(&str, &Option<String>)]) -> Self {
        query.iter().fold(self, |request, (key, value)| match value {
            Some(value) => request.with(&[(key, value)]),
            None => request,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_said_stays_in_its_place() {
        let request = Ask::Drop { what: "leg-1/../x y?".into() }.request(false);
        assert_eq!((request.method, request.path.as_str()), ("DELETE", "/v1/legs/leg-1%2F..%2Fx%20y%3F"));
        let request = Ask::Events { types: Some("a&b".into()), call: None, since: Some(7) }.request(false);
        assert_eq!(request.path, "/v1/events?types=a%26b&since=7");
    }
}
