//! The sections of the file as they are written; what they mean is read from them by the other files of this room.
//!
//! None of these may show itself: some hold passwords.

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use std::fmt;
use toml::Spanned;

/// A value that may be there, with its place in the text.
pub(super) type Maybe<T> = Option<Spanned<T>>;

/// The whole file.
#[derive(Default)]
pub(super) struct File {
    pub(super) sip: Section<Sip>,
    pub(super) media: Section<Media>,
    pub(super) sounds: Section<Sounds>,
    pub(super) recording: Section<Recording>,
    pub(super) transfer: Section<Transfer>,
    pub(super) codes: Section<Codes>,
    pub(super) security: Section<Security>,
    pub(super) limits: Section<Limits>,
    pub(super) http: Option<Section<Http>>,
    pub(super) http_tls: Option<Section<Tls>>,
    pub(super) http_tokens: Vec<Section<Token>>,
    pub(super) webhooks: Vec<Section<Webhook>>,
    pub(super) flows: Vec<Section<Flow>>,
    pub(super) records: Option<Section<Records>>,
    pub(super) trace: Section<Trace>,
    pub(super) log: Section<Log>,
    pub(super) extensions: Vec<Section<Extension>>,
    pub(super) trunks: Vec<Section<Trunk>>,
    pub(super) routes: Vec<Section<Route>>,
    pub(super) queues: Vec<Section<Queue>>,
}

/// A section, and where it begins.
#[derive(Default)]
pub(super) struct Section<T> {
    pub(super) start: usize,
    pub(super) keys: T,
}

/// `[sip]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sip {
    pub(super) listen: Maybe<Texts>,
    pub(super) domain: Maybe<String>,
    pub(super) public_address: Maybe<String>,
    pub(super) min_expires_s: Maybe<i64>,
    pub(super) max_expires_s: Maybe<i64>,
    pub(super) session_expires_s: Maybe<i64>,
    pub(super) state_directory: Maybe<String>,
}

/// `[media]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Media {
    pub(super) address: Maybe<String>,
    pub(super) ports: Maybe<String>,
    pub(super) codecs: Maybe<Texts>,
    pub(super) timeout_s: Maybe<i64>,
    pub(super) jitter_min_ms: Maybe<i64>,
    pub(super) jitter_max_ms: Maybe<i64>,
    pub(super) dtmf: Maybe<String>,
    pub(super) hold_music: Maybe<Texts>,
    pub(super) hold_music_shuffle: Option<bool>,
    pub(super) hold_music_from_start: Option<bool>,
    pub(super) threads: Maybe<i64>,
}

/// `[sounds]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sounds {
    pub(super) directory: Maybe<String>,
    pub(super) timeout_s: Maybe<i64>,
    pub(super) max_mb: Maybe<i64>,
    pub(super) max_s: Maybe<i64>,
    pub(super) cache_mb: Maybe<i64>,
    pub(super) hosts: Maybe<Texts>,
    pub(super) speech: Maybe<String>,
    pub(super) locale: Maybe<String>,
}

/// `[recording]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recording {
    pub(super) directory: Maybe<String>,
    pub(super) format: Maybe<String>,
    pub(super) channels: Maybe<i64>,
    pub(super) max_s: Maybe<i64>,
    pub(super) min_free_mb: Maybe<i64>,
}

/// `[transfer]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Transfer {
    pub(super) recall: Option<bool>,
    pub(super) recall_timeout_s: Maybe<i64>,
    pub(super) fallback: Maybe<String>,
    pub(super) ring_timeout_s: Maybe<i64>,
}

/// `[codes]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Codes {
    pub(super) blind_transfer: Maybe<String>,
    pub(super) attended_transfer: Maybe<String>,
    pub(super) complete: Maybe<String>,
    pub(super) cancel: Maybe<String>,
    pub(super) three_way: Maybe<String>,
    pub(super) swap: Maybe<String>,
}

/// `[security]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Security {
    pub(super) digest: Maybe<Texts>,
    pub(super) login_failures: Maybe<i64>,
    pub(super) ban_s: Maybe<i64>,
    pub(super) requests_per_second: Maybe<i64>,
    pub(super) foreign_hosts: Maybe<Texts>,
}

/// `[limits]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) calls: Maybe<i64>,
    pub(super) calls_per_second: Maybe<i64>,
    pub(super) shutdown_grace_s: Maybe<i64>,
}

/// `[http]`; the sections below it are read apart.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Http {
    pub(super) listen: Maybe<String>,
    pub(super) body_bytes: Maybe<i64>,
    pub(super) requests_per_second: Maybe<i64>,
    pub(super) connections: Maybe<i64>,
    pub(super) head_timeout_s: Maybe<i64>,
    pub(super) body_timeout_s: Maybe<i64>,
    pub(super) cors_origins: Maybe<Texts>,
    pub(super) jwt_secret: Maybe<String>,
    pub(super) jwt_max_s: Maybe<i64>,
    pub(super) webhook_hosts: Maybe<Texts>,
    pub(super) webhook_retries: Maybe<i64>,
}

/// `[http.tls]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// `[[http.token]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    pub(super) name: Spanned<String>,
    pub(super) token: Spanned<String>,
    pub(super) scopes: Spanned<Texts>,
}

/// `[[webhook]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Webhook {
    pub(super) url: Spanned<String>,
    pub(super) secret: Spanned<String>,
    pub(super) events: Maybe<Texts>,
}

/// `[[extension]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Extension {
    pub(super) number: Spanned<String>,
    pub(super) name: Option<String>,
    pub(super) password: Maybe<String>,
    pub(super) ha1_md5: Maybe<String>,
    pub(super) ha1_sha256: Maybe<String>,
    pub(super) max_contacts: Maybe<i64>,
    pub(super) record: Maybe<bool>,
    pub(super) srtp: Maybe<String>,
    pub(super) dtmf: Maybe<String>,
    pub(super) codecs: Maybe<Texts>,
}

/// `[[trunk]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trunk {
    pub(super) name: Spanned<String>,
    pub(super) host: Spanned<String>,
    pub(super) accept_from: Maybe<Texts>,
    pub(super) user: Maybe<String>,
    pub(super) password: Maybe<String>,
    pub(super) caller_id: Maybe<String>,
    pub(super) channels: Maybe<i64>,
    pub(super) codecs: Maybe<Texts>,
    pub(super) srtp: Maybe<String>,
    pub(super) dtmf: Maybe<String>,
    pub(super) late_offer: Option<bool>,
    pub(super) refer: Option<bool>,
    pub(super) record: Maybe<bool>,
}

/// `[[route]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    pub(super) from: Maybe<String>,
    #[serde(rename = "match")]
    pub(super) pattern: Spanned<String>,
    pub(super) strip: Maybe<i64>,
    pub(super) prepend: Maybe<String>,
    pub(super) to: Spanned<Texts>,
    pub(super) flow_timeout_s: Maybe<i64>,
    pub(super) flow_fallback: Maybe<String>,
    pub(super) record: Maybe<bool>,
}

/// `[[queue]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Queue {
    pub(super) name: Spanned<String>,
    pub(super) number: Maybe<String>,
    pub(super) members: Spanned<Texts>,
    pub(super) strategy: Maybe<String>,
    pub(super) ring_s: Maybe<i64>,
    pub(super) retry_s: Maybe<i64>,
    pub(super) wrap_up_s: Maybe<i64>,
    pub(super) music: Maybe<Texts>,
    pub(super) max_length: Maybe<i64>,
    pub(super) max_wait_s: Maybe<i64>,
    pub(super) fallback: Maybe<String>,
}

/// `[[flow]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Flow {
    pub(super) name: Spanned<String>,
    pub(super) url: Spanned<String>,
    pub(super) secret: Spanned<String>,
}

/// `[records]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Records {
    pub(super) path: Maybe<String>,
    pub(super) retention_days: Maybe<i64>,
}

/// `[trace]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trace {
    pub(super) memory_mb: Maybe<i64>,
}

/// `[log]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    pub(super) format: Maybe<String>,
    pub(super) filter: Maybe<String>,
}

/// One text or a list of them.
pub(super) enum Texts {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl Texts {
    /// Each with its place; that of a single one is that of the whole value.
    pub(super) fn each(texts: &Spanned<Self>) -> Vec<Spanned<&str>> {
        match texts.get_ref() {
            Self::One(text) => vec![Spanned::new(texts.span(), text)],
            Self::Many(list) => list.iter().map(|text| Spanned::new(text.span(), text.get_ref().as_str())).collect(),
        }
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text in quotes, or a list of them in [ ]")
            }

            fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts::Many(texts))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}
