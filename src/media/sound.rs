//! What shall be played, by name: whoever may wait finds it and makes a [`super::Playlist`] of it.

use std::fmt;

/// A sound, as a configuration or a program names it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Sound {
    /// A WAV or MP3 file in the directory of sounds, by its name there.
    File(String),
    /// A WAV or MP3 file at an http or https URL.
    Url(String),
    /// Text to be spoken.
    Speech(Speech),
    /// Several, one after the other.
    List {
        /// Which; no lists among them.
        sounds: Vec<Sound>,
        /// Another order each round.
        shuffle: bool,
    },
}

/// Text to be spoken.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Speech {
    /// What to say.
    pub text: String,
    /// A voice by its name, if a certain one is wanted.
    pub voice: Option<String>,
    /// Whose voice it should be like.
    pub gender: Option<Gender>,
    /// Language, and country where it matters, such as `en-GB` or `de`; `None`: as the configuration says.
    pub locale: Option<String>,
    /// How fast, percent of the usual.
    pub rate_percent: Option<u16>,
}

/// Whose voice one is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gender {
    /// A woman's.
    Female,
    /// A man's.
    Male,
}

/// Why a sound cannot be played. None of these shows a text to be spoken, or what in a URL may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SoundError {
    /// No such file in the directory of sounds.
    #[error("there is no sound {0:?}")]
    NoSuchFile(String),
    /// The name leads out of the directory of sounds, or there is no such directory.
    #[error("{0:?} is no name of a sound")]
    BadName(String),
    /// The URL is not one of http or https.
    #[error("not an http or https URL")]
    BadUrl,
    /// Nothing of that server may be played.
    #[error("{0} is not among [sounds] hosts")]
    NotAllowed(String),
    /// The server of a URL said no.
    #[error("{host} answered {status}")]
    Refused {
        /// Which server.
        host: String,
        /// HTTP status.
        status: u16,
    },
    /// The server of a URL cannot be reached, or breaks off.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// Which server.
        host: String,
        /// Why.
        reason: String,
    },
    /// It took longer than allowed.
    #[error("it took longer than {0} s")]
    TooSlow(u64),
    /// It has more bytes than allowed.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// It sounds longer than allowed.
    #[error("it is longer than {0} s")]
    TooLong(u32),
    /// It is neither WAV nor MP3, or damaged.
    #[error("not a WAV or MP3 file that can be used: {0}")]
    Unusable(String),
    /// Nothing to say, or nothing in the list.
    #[error("there is nothing to play")]
    Nothing,
    /// The program that speaks is not there.
    #[error("{0} is not installed, so nothing can be spoken")]
    NoSpeech(String),
    /// The program that speaks knows no such voice or language.
    #[error("there is no voice {0:?}")]
    NoVoice(String),
    /// The program that speaks failed.
    #[error("speaking failed: {0}")]
    SpeechFailed(String),
    /// Too many sounds are being fetched.
    #[error("too many sounds are being fetched")]
    Busy,
}

impl SoundError {
    /// Why, as one word that does not change.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::NoSuchFile(_) => "no-such-sound",
            Self::BadName(_) => "bad-sound-name",
            Self::BadUrl => "bad-sound-url",
            Self::NotAllowed(_) => "host-not-allowed",
            Self::Refused { .. } => "sound-refused",
            Self::Unreachable { .. } => "sound-unreachable",
            Self::TooSlow(_) => "sound-too-slow",
            Self::TooLarge(_) => "sound-too-large",
            Self::TooLong(_) => "sound-too-long",
            Self::Unusable(_) => "sound-unusable",
            Self::Nothing => "nothing-to-play",
            Self::NoSpeech(_) => "no-speech",
            Self::NoVoice(_) => "no-such-voice",
            Self::SpeechFailed(_) => "speech-failed",
            Self::Busy => "full",
        }
    }
}

impl Sound {
    /// The host of a URL, which is all of it that may be shown.
    pub fn host(url: &str) -> Option<&str> {
        let rest = url.split_once("://").map(|(_, rest)| rest)?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let host = authority.rsplit('@').next()?;
        (!host.is_empty()).then_some(host)
    }
}

impl fmt::Debug for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name) => write!(f, "file {name:?}"),
            Self::Url(url) => write!(f, "URL at {}", Self::host(url).unwrap_or("?")),
            Self::Speech(speech) => fmt::Debug::fmt(speech, f),
            Self::List { sounds, shuffle } => write!(f, "list of {}, shuffled: {shuffle}", sounds.len()),
        }
    }
}

impl fmt::Debug for Speech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "speech of {} characters", self.text.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_shown() {
        let url = Sound::Url("https://me:secret@example.com:8443/a.mp3?token=secret".to_owned());
        let text = Sound::Speech(Speech { text: "secret".to_owned(), ..Speech::default() });
        assert_eq!(format!("{url:?} {text:?}"), "URL at example.com:8443 speech of 6 characters");
        assert_eq!(Sound::host("nonsense"), None);
    }
}
