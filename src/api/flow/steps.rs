//! The list of steps as a program writes it.

use crate::{
    api::shape::{GenderWish, Heard, To},
    call::{Approach, Sound},
    control::Step,
    destination::Whom,
};
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    steps: Vec<Said>,
}

/// One step.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Said {
    Answer {},
    Play { sound: Heard },
    Say { text: String, language: Option<String>, voice: Option<String>, gender: Option<GenderWish> },
    Gather { max_digits: Option<usize>, terminators: Option<String>, timeout_s: Option<u32>, prompt: Option<Heard> },
    Hold { music: Option<Heard> },
    Transfer { to: To },
    Queue { name: String },
    Conference { name: String },
    Record {},
    HangUp {},
}

/// Steps of a list at the most.
const MOST: usize = 100;

/// Reads a list; why it is none, with the path of the field.
pub(super) fn read(text: &[u8]) -> Result<Vec<Step>, String> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let list: List = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| error.to_string())?;
    if list.steps.len() > MOST {
        return Err(format!("steps: more than {MOST}"));
    }
    Ok(list.steps.into_iter().map(Said::step).collect())
}

impl Said {
    fn step(self) -> Step {
        match self {
            Self::Answer {} => Step::Answer,
            Self::Play { sound } => Step::Play(sound.sound()),
            Self::Say { text, language, voice, gender } => {
                Step::Play(Sound::Speech { text, language, voice, gender: gender.map(GenderWish::gender) })
            }
            Self::Gather { max_digits, terminators, timeout_s, prompt } => Step::Gather {
                max_digits: max_digits.unwrap_or(1),
                terminators: terminators.unwrap_or_else(|| "#".to_owned()),
                timeout: Duration::from_secs(timeout_s.unwrap_or(5).into()),
                prompt: prompt.map(Heard::sound),
            },
            Self::Hold { music } => Step::Hold(music.map(Heard::sound).unwrap_or_default()),
            Self::Transfer { to } => Step::Transfer(Box::new(to.approach())),
            Self::Queue { name } => Step::Transfer(Box::new(Approach::new(Whom::Queue(name)))),
            Self::Conference { name } => Step::Transfer(Box::new(Approach::new(Whom::Room(name)))),
            Self::Record {} => Step::Record,
            Self::HangUp {} => Step::HangUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_and_what_is_wrong_is_named() {
        let list = br#"{"steps":[{"do":"answer"},{"do":"say","text":"hello"},{"do":"conference","name":"a"},{"do":"hang_up"}]}"#;
        let steps = read(list).unwrap();
        assert!(matches!(
            &steps[..],
            [Step::Answer, Step::Play(Sound::Speech { .. }), Step::Transfer(_), Step::HangUp]
        ));
        assert_eq!(read(b"{\"steps\":[]}"), Ok(Vec::new()));
        for wrong in [&b"{\"steps\":[{\"do\":\"dance\"}]}"[..], b"[]", b"{\"steps\":[{\"do\":\"answer\",\"x\":1}]}"] {
            assert!(read(wrong).is_err(), "{}", String::from_utf8_lossy(wrong));
        }
    }
}
