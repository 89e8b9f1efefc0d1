//! What somebody hears.

use super::{Brief, brief, measure, word};
use crate::call::{Gender, Sound};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, ObjectBuilder, OneOfBuilder, RefOr, Schema,
        schema::{AdditionalProperties, SchemaType, Type},
    },
};

/// What somebody hears: a word, a file or an address, a list of those, or something that is read out.
#[derive(Clone, Debug)]
pub(in crate::api) struct Heard(Sound);

/// Something that is read out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "it stands in the description of the API only; `Said` is what is read")]
pub(in crate::api) struct Speech {
    /// What.
    #[schema(example = "You have a call from sales.", min_length = 1, max_length = 2000, pattern = r"\S")]
    say: String,
    /// As in `en` or `nl-BE`; that of the configuration when absent.
    #[schema(example = "en", min_length = 2, max_length = 16)]
    language: Option<String>,
    /// A voice by its name.
    #[schema(min_length = 1, max_length = 64)]
    voice: Option<String>,
    /// Whose voice it should be like, where no voice is named that has one of its own.
    gender: Option<GenderWish>,
}

/// Whose voice one is like.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::api) enum GenderWish {
    Female,
    Male,
}

impl GenderWish {
    pub(in crate::api) fn gender(self) -> Gender {
        match self {
            Self::Female => Gender::Female,
            Self::Male => Gender::Male,
        }
    }
}

/// How a list with more to say of it is described.
struct SoundList;

/// An object that says what is heard: with `say`, or with `list`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Said {
    say: Option<String>,
    language: Option<String>,
    voice: Option<String>,
    gender: Option<GenderWish>,
    list: Option<Vec<String>>,
    shuffle: Option<bool>,
}

/// The longest name or address of something to be heard.
const LONGEST: usize = 2048;
/// The longest list.
const LIST: usize = 64;

impl Heard {
    /// As the calls understand it.
    pub(in crate::api) fn sound(self) -> Sound {
        self.0
    }
}

impl Brief<'_> for Heard {
    type Full = Said;
    const EXPECTED: &'static str =
        "a sound: a word, a file, an address, a list of those, or an object with \"say\" or \"list\"";

    fn from_full(said: Said) -> Result<Self, String> {
        match said {
            Said { say: Some(text), list: None, shuffle: None, language, voice, gender } => {
                measure("say", Some(&text), 1..=2000)?;
                measure("language", language.as_ref(), 2..=16)?;
                measure("voice", voice.as_ref(), 1..=64)?;
                Ok(Self(Sound::Speech { text, language, voice, gender: gender.map(GenderWish::gender) }))
            }
            Said { say: None, list: Some(list), shuffle, language: None, voice: None, gender: None } => {
                if !is_list(&list) {
                    return Err(format!("`list` has 1 to {LIST} sounds of 1 to {LONGEST} characters"));
                }
                Ok(Self(if shuffle == Some(true) { Sound::Shuffled(list) } else { Sound::Clips(list) }))
            }
            _ => Err(format!("expected {}", Self::EXPECTED)),
        }
    }

    fn from_word(word: &str) -> Result<Self, String> {
        if word.is_empty() || word.len() > LONGEST {
            return Err(format!("a sound has 1 to {LONGEST} characters"));
        }
        Ok(Self(match word {
            "music" => Sound::Music,
            "silence" => Sound::Silence,
            "ringback" => Sound::Ringback,
            "busy" => Sound::Busy,
            "notice" => Sound::Notice,
            "beep" => Sound::Beep,
            clip => Sound::Clips(vec![clip.to_owned()]),
        }))
    }

    fn from_list(words: Vec<String>) -> Option<Self> {
        is_list(&words).then_some(Self(Sound::Clips(words)))
    }
}

fn is_list(words: &[String]) -> bool {
    (1..=LIST).contains(&words.len()) && words.iter().all(|word| (1..=LONGEST).contains(&word.len()))
}

impl<'de> Deserialize<'de> for Heard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        brief(deserializer)
    }
}

impl PartialSchema for Heard {
    fn schema() -> RefOr<Schema> {
        let alone = word(
            "`music` (that of the configuration), `silence`, `ringback`, `busy`, `notice`, `beep`, a file of the library, or an address (`https://`)",
            "music",
            LONGEST,
        );
        let object = utoipa::openapi::Ref::from_schema_name;
        OneOfBuilder::new().item(alone).item(list()).item(object("Speech")).item(object("SoundList")).into()
    }
}

/// The schema of a list.
fn list() -> ArrayBuilder {
    let file = word("a file of the library, or an address", "welcome.wav", LONGEST);
    ArrayBuilder::new().items(file).min_items(Some(1)).max_items(Some(LIST))
}

impl PartialSchema for SoundList {
    fn schema() -> RefOr<Schema> {
        let shuffle = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::Boolean, Type::Null]))
            .description(Some("In another order each time round."))
            .default(Some(false.into()));
        ObjectBuilder::new()
            .description(Some("A list with more to say of it."))
            .property("list", list())
            .required("list")
            .property("shuffle", shuffle)
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
            .into()
    }
}

impl ToSchema for Heard {
    fn name() -> Cow<'static, str> {
        "Sound".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Speech".to_owned(), Speech::schema()));
        schemas.push(("SoundList".to_owned(), SoundList::schema()));
        Speech::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Sound, String> {
        serde_json::from_str::<Heard>(text).map(Heard::sound).map_err(|error| error.to_string())
    }

    #[test]
    fn an_object_says_what_is_read_out_or_a_list() {
        let speech = |gender| Sound::Speech {
            text: "hello".to_owned(),
            language: Some("nl".to_owned()),
            voice: None,
            gender: Some(gender),
        };
        assert_eq!(read(r#"{"say":"hello","language":"nl","gender":"female"}"#), Ok(speech(Gender::Female)));
        assert_eq!(read(r#"{"say":"hello","language":"nl","gender":"male"}"#), Ok(speech(Gender::Male)));
        let names = || vec!["a.mp3".to_owned(), "b.mp3".to_owned()];
        assert_eq!(read(r#"{"list":["a.mp3","b.mp3"],"shuffle":true}"#), Ok(Sound::Shuffled(names())));
        assert_eq!(read(r#"{"list":["a.mp3","b.mp3"]}"#), Ok(Sound::Clips(names())));
        assert_eq!(read(r#"["a.mp3","b.mp3"]"#), Ok(Sound::Clips(names())));
        for wrong in [
            "{}",
            r#"{"say":"hello","list":["a.mp3"]}"#,
            r#"{"say":"hello","shuffle":true}"#,
            r#"{"list":["a.mp3"],"voice":"en"}"#,
            r#"{"list":[]}"#,
            r#"{"say":"hello","gender":"child"}"#,
            r#"{"say":"hello","sex":"male"}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
