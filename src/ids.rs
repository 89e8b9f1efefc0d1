//! Names of things that live in several rooms at once.

use serde::{Serialize, Serializer};
use std::{
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use utoipa::{PartialSchema, ToSchema};

/// Numbers with a word before them: `leg-12`. So they are written, read, and shown to programs.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $word:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($word, "-{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAName;

            fn from_str(text: &str) -> Result<Self, NotAName> {
                let number = text.strip_prefix(concat!($word, "-")).ok_or(NotAName)?;
                let plain = number.bytes().all(|byte| byte.is_ascii_digit());
                number.parse().ok().filter(|_| plain).map(Self).ok_or(NotAName)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::{ObjectBuilder, schema::Type};
                let pattern = concat!("^", $word, "-[0-9]{1,18}$");
                ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).into()
            }
        }

        impl ToSchema for $name {}
    };
}

name! {
    /// One party of a call: one SIP dialog (or the attempt to get one) and its media stream.
    ///
    /// The same number names the leg in every room, from its first message to its last packet, and is never used again.
    LegId, "leg"
}
name! {
    /// One conversation: the legs around one mixer.
    CallId, "call"
}
name! {
    /// A movement of a leg to somebody else.
    TransferId, "transfer"
}
name! {
    /// An attempt to bring one more party into a call.
    AttemptId, "attempt"
}
name! {
    /// Something that is played to a leg or a call.
    PlayId, "play"
}
name! {
    /// Digits that are gathered from a leg.
    GatherId, "gather"
}
name! {
    /// A recording of a leg or a call.
    RecordingId, "recording"
}
name! {
    /// Somebody's place in a queue.
    EntryId, "entry"
}
name! {
    /// What a program asked for; comes back in the news that it caused.
    WishId, "wish"
}
name! {
    /// A request outside of any dialog that waits for our answer.
    RequestId, "request"
}

/// The text does not name such a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a name of that kind")]
pub struct NotAName;

/// Hands out leg numbers; clones draw from the same line, so that endpoint and exchange never name two legs alike.
#[derive(Clone, Debug, Default)]
pub struct LegIds(Arc<AtomicU64>);

impl LegIds {
    /// A leg number that was never given out before, from 1 upwards.
    pub fn next(&self) -> LegId {
        LegId(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// Hands out numbers for transfers, attempts, plays, gatherings and recordings; clones draw from the same line, so that no two
/// calls name two of them alike.
#[derive(Clone, Debug, Default)]
pub struct Numbers(Arc<AtomicU64>);

impl Numbers {
    /// A number that was never given out before, from 1 upwards.
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        assert_eq!((LegId(12).to_string(), "leg-12".parse()), ("leg-12".to_owned(), Ok(LegId(12))));
        for wrong in ["leg-", "leg-x", "leg-+1", "call-1", "12", "leg--1", "leg-99999999999999999999999"] {
            assert_eq!(wrong.parse::<LegId>(), Err(NotAName), "{wrong}");
        }
    }
}
