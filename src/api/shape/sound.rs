//! What somebody hears.

use super::{Brief, brief, measure, word};
use crate::call::Sound;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, OneOfBuilder, RefOr, Schema},
};

/// What somebody hears: a word, a file or an address, a list of those, or something that is read out.
#[derive(Clone, Debug)]
pub(in crate::api) struct Heard(Sound);

/// Something that is read out.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
    type Full = Speech;
    const EXPECTED: &'static str = "a sound: a word, a file, an address, a list of those, or an object with \"say\"";

    fn from_full(speech: Speech) -> Result<Self, String> {
        measure("say", Some(&speech.say), 1..=2000)?;
        measure("language", speech.language.as_ref(), 2..=16)?;
        measure("voice", speech.voice.as_ref(), 1..=64)?;
        Ok(Self(Sound::Speech { text: speech.say, language: speech.language, voice: speech.voice }))
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
        let fits = (1..=LIST).contains(&words.len()) && words.iter().all(|word| (1..=LONGEST).contains(&word.len()));
        fits.then_some(Self(Sound::Clips(words)))
    }
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
        let file = word("a file of the library, or an address", "welcome.wav", LONGEST);
        let list = ArrayBuilder::new().items(file).min_items(Some(1)).max_items(Some(LIST));
        OneOfBuilder::new().item(alone).item(list).item(utoipa::openapi::Ref::from_schema_name("Speech")).into()
    }
}

impl ToSchema for Heard {
    fn name() -> Cow<'static, str> {
        "Sound".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Speech".to_owned(), Speech::schema()));
    }
}
