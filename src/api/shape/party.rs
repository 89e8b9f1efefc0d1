//! Whom to call, as whom, and how.

use super::{Brief, brief, measure, sound::Heard, word};
use crate::{call::Approach, destination::Whom};
use serde::{Deserialize, Deserializer};
use std::{borrow::Cow, time::Duration};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{OneOfBuilder, RefOr, Schema},
};

/// Whom to call: a destination alone, or one with all that can be said about it.
#[derive(Clone, Debug)]
pub(in crate::api) struct To(Party);

/// Whom to call, as whom, and how.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Party {
    /// A number as somebody would dial it, `extension:1001`, `queue:NAME`, `conference:NAME`, or a URI (`sip:`, `tel:`).
    #[schema(example = "1002", min_length = 1, max_length = 256)]
    destination: String,
    /// The number that the called sees; that of the caller when absent.
    #[schema(example = "+31201234567", min_length = 1, max_length = 64)]
    source: Option<String>,
    /// The name that the called sees.
    #[schema(example = "Sales", min_length = 1, max_length = 64)]
    display_name: Option<String>,
    /// The called sees nobody's number.
    #[serde(default)]
    private: bool,
    /// How long it may ring, s; as `[transfer] ring_timeout_s` says when absent.
    #[schema(example = 20, minimum = 1, maximum = 600)]
    ring_timeout_s: Option<u32>,
    /// Those who wait hear what the network there plays before the answer.
    #[serde(default = "yes")]
    #[schema(default = true)]
    early_media: bool,
    /// Played to who answers, before it is joined with anybody.
    whisper: Option<Heard>,
    /// Who answers is joined when it dials this digit, and counts as busy else.
    #[schema(value_type = Option<String>, example = "1", min_length = 1, max_length = 1, pattern = "^[0-9*#]$")]
    confirm: Option<char>,
}

/// The longest destination.
const LONGEST: usize = 256;
/// The longest number that the called sees.
const LONGEST_NUMBER: usize = 64;
/// The longest name that the called sees.
const LONGEST_NAME: usize = 64;
/// s that it may ring.
const LONGEST_RING_S: u32 = 600;

fn yes() -> bool {
    true
}

impl To {
    /// As the calls understand it.
    pub(in crate::api) fn approach(self) -> Approach {
        let party = self.0;
        Approach {
            to: whom(party.destination),
            source: party.source,
            display_name: party.display_name,
            private: party.private,
            ring_timeout: party.ring_timeout_s.map(|seconds| Duration::from_secs(u64::from(seconds))),
            early_media: party.early_media,
            whisper: party.whisper.map(Heard::sound),
            confirm: party.confirm,
        }
    }
}

fn whom(destination: String) -> Whom {
    let after = |prefix: &str| destination.strip_prefix(prefix).map(str::to_owned);
    if let Some(extension) = after("extension:") {
        return Whom::Extension(extension);
    }
    if let Some(queue) = after("queue:") {
        return Whom::Queue(queue);
    }
    if let Some(room) = after("conference:") {
        return Whom::Room(room);
    }
    let scheme = destination.split(':').next().filter(|_| destination.contains(':')).map(str::to_ascii_lowercase);
    match scheme.as_deref() {
        Some("sip" | "sips" | "tel") => Whom::Uri(destination),
        Some(_) | None => Whom::Number(destination),
    }
}

impl Brief<'_> for To {
    type Full = Party;
    const EXPECTED: &'static str = "a destination, or an object with one";

    fn from_full(party: Party) -> Result<Self, String> {
        measure("destination", Some(&party.destination), 1..=LONGEST)?;
        measure("source", party.source.as_ref(), 1..=LONGEST_NUMBER)?;
        measure("display_name", party.display_name.as_ref(), 1..=LONGEST_NAME)?;
        if party.ring_timeout_s.is_some_and(|seconds| !(1..=LONGEST_RING_S).contains(&seconds)) {
            return Err(format!("`ring_timeout_s` is 1 to {LONGEST_RING_S}"));
        }
        if party.confirm.is_some_and(|digit| !digit.is_ascii_digit() && digit != '*' && digit != '#') {
            return Err("`confirm` is one of 0-9 * #".to_owned());
        }
        Ok(Self(party))
    }

    fn from_word(word: &str) -> Result<Self, String> {
        if word.is_empty() || word.len() > LONGEST {
            return Err(format!("a destination has 1 to {LONGEST} characters"));
        }
        Ok(Self(Party {
            destination: word.to_owned(),
            source: None,
            display_name: None,
            private: false,
            ring_timeout_s: None,
            early_media: true,
            whisper: None,
            confirm: None,
        }))
    }
}

impl<'de> Deserialize<'de> for To {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        brief(deserializer)
    }
}

impl PartialSchema for To {
    fn schema() -> RefOr<Schema> {
        let alone = word("a number, `extension:1001`, `queue:NAME`, `conference:NAME` or a URI", "1002", LONGEST);
        OneOfBuilder::new().item(alone).item(utoipa::openapi::Ref::from_schema_name("Destination")).into()
    }
}

impl ToSchema for To {
    fn name() -> Cow<'static, str> {
        "To".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Destination".to_owned(), Party::schema()));
        Party::schemas(schemas);
    }
}
