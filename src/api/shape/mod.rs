//! What stands in bodies and paths, and what it means to the switch.

mod name;
mod outcome;
mod party;
mod sound;

pub(super) use name::{Named, Number, QueueName, RecordName, RecordingFile, RoomName, TrunkName};
pub(super) use outcome::Outcome;
pub(super) use party::To;
pub(super) use sound::{GenderWish, Heard};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use std::{fmt, marker::PhantomData};
use utoipa::openapi::{ObjectBuilder, schema::Type};

/// Something that is written as one word where that says all, as a list, or as an object where there is more to say.
trait Brief<'de>: Sized {
    /// What stands in the object.
    type Full: Deserialize<'de>;
    /// For who reads that it was something else.
    const EXPECTED: &'static str;
    /// From one word.
    fn from_word(word: &str) -> Result<Self, String>;
    /// From an object.
    fn from_full(full: Self::Full) -> Result<Self, String>;
    /// From a list of words, if a list means something.
    fn from_list(_words: Vec<String>) -> Option<Self> {
        None
    }
}

fn brief<'de, T: Brief<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct WordOrMore<T>(PhantomData<T>);
    impl<'de, T: Brief<'de>> Visitor<'de> for WordOrMore<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::EXPECTED)
        }

        fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<T, E> {
            T::from_word(word).map_err(E::custom)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
            let mut words = Vec::new();
            while let Some(word) = list.next_element()? {
                words.push(word);
            }
            T::from_list(words).ok_or_else(|| serde::de::Error::invalid_type(serde::de::Unexpected::Seq, &self))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::Full::deserialize(MapAccessDeserializer::new(map))
                .and_then(|full| T::from_full(full).map_err(serde::de::Error::custom))
        }
    }
    deserializer.deserialize_any(WordOrMore(PhantomData))
}

/// The schema of one word.
fn word(description: &str, example: &str, longest: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .examples([example])
        .min_length(Some(1))
        .max_length(Some(longest))
}

/// Refuses a text that is shorter or longer than it may be, in characters.
fn measure(field: &str, text: Option<&String>, lengths: std::ops::RangeInclusive<usize>) -> Result<(), String> {
    let fits = text.is_none_or(|text| lengths.contains(&text.chars().count()));
    let (least, most) = lengths.into_inner();
    if fits { Ok(()) } else { Err(format!("`{field}` has {least} to {most} characters")) }
}
