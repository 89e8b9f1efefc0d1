//! Text to speech. The only file that knows espeak-ng, which runs as a process for each text.

use crate::media::{Gender, SoundError, Speech};
use std::{future::Future, io, path::PathBuf, pin::Pin, process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt, process::Command, sync::Semaphore};

/// Whoever makes speech of text.
pub(super) trait Speaker: Send + Sync {
    /// The text as a WAV file.
    fn speak<'a>(&'a self, speech: &'a Speech) -> Speaks<'a>;
}

/// Speech on its way.
pub(super) type Speaks<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, SoundError>> + Send + 'a>>;

/// Who speaks, and how.
#[derive(Clone, Debug)]
pub struct Speaking {
    /// The program, by name or path.
    pub program: PathBuf,
    /// The language of texts that come without.
    pub locale: String,
    /// How long one text may take.
    pub timeout: Duration,
    /// How many may be spoken at once.
    pub at_once: usize,
}

impl Default for Speaking {
    fn default() -> Self {
        Self {
            program: PathBuf::from("espeak-ng"),
            locale: "en".to_owned(),
            timeout: Duration::from_secs(20),
            at_once: 4,
        }
    }
}

impl Speaking {
    pub(super) fn speaker(&self) -> Box<dyn Speaker> {
        Box::new(Espeak { settings: self.clone(), places: Semaphore::new(self.at_once.max(1)) })
    }
}

struct Espeak {
    settings: Speaking,
    places: Semaphore,
}

/// The longest text, bytes.
const LONGEST: usize = 10_000;
/// Words a minute that are the usual speed.
const WORDS: u32 = 165;
/// Percent of that.
const SPEEDS: std::ops::RangeInclusive<u16> = 50..=270;

impl Speaker for Espeak {
    fn speak<'a>(&'a self, speech: &'a Speech) -> Speaks<'a> {
        Box::pin(self.run(speech))
    }
}

impl Espeak {
    async fn run(&self, speech: &Speech) -> Result<Vec<u8>, SoundError> {
        if speech.text.trim().is_empty() {
            return Err(SoundError::Nothing);
        }
        if speech.text.len() > LONGEST {
            return Err(SoundError::TooLarge(LONGEST as u64));
        }
        let voice = voice(speech, &self.settings.locale)?;
        let percent = speech.rate_percent.unwrap_or(100).clamp(*SPEEDS.start(), *SPEEDS.end());
        let words = (WORDS * u32::from(percent) / 100).to_string();
        // It is never closed.
        let _place = self.places.acquire().await.map_err(|_| SoundError::Busy)?;
        let spoken = tokio::time::timeout(self.settings.timeout, self.process(&voice, &words, &speech.text)).await;
        spoken.map_err(|_| SoundError::TooSlow(self.settings.timeout.as_secs()))?
    }

    /// The text goes in by standard input, and is no part of any command line.
    async fn process(&self, voice: &str, words: &str, text: &str) -> Result<Vec<u8>, SoundError> {
        let program = self.settings.program.display().to_string();
        let mut command = Command::new(&self.settings.program);
        command.args(["-v", voice, "-s", words, "-b", "1", "--stdin", "--stdout"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| {
            let is_missing = error.kind() == io::ErrorKind::NotFound;
            if is_missing { SoundError::NoSpeech(program) } else { SoundError::SpeechFailed(error.to_string()) }
        })?;
        let input = child.stdin.take();
        let feeding = async {
            if let Some(mut input) = input {
                // One that ends before it has read all says why by its exit code.
                let _ended = input.write_all(text.as_bytes()).await;
            }
        };
        let ((), output) = tokio::join!(feeding, child.wait_with_output());
        let output = output.map_err(|error| SoundError::SpeechFailed(error.to_string()))?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            let unknown = said.contains("voice does not exist");
            let reason = said.lines().next().unwrap_or("it said nothing").chars().take(200).collect();
            let failed = if unknown { SoundError::NoVoice(voice.to_owned()) } else { SoundError::SpeechFailed(reason) };
            return Err(failed);
        }
        Ok(with_length(output.stdout))
    }
}

/// What the voice is called: a name, or a language with `+f` or `+m` for the gender.
fn voice(speech: &Speech, locale: &str) -> Result<String, SoundError> {
    let base = speech.voice.as_deref().or(speech.locale.as_deref()).unwrap_or(locale).replace('_', "-");
    // A name of another kind could be the path of a file.
    let plain = base.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '+');
    if base.is_empty() || base.len() > 40 || !plain || base.starts_with('-') {
        return Err(SoundError::NoVoice(base));
    }
    let variant = match speech.gender {
        Some(Gender::Female) if !base.contains('+') => "+f3",
        Some(Gender::Male) if !base.contains('+') => "+m3",
        Some(Gender::Female | Gender::Male) | None => "",
    };
    Ok(format!("{base}{variant}"))
}

/// The lengths in the header of a WAV that was written to a pipe are guesses.
fn with_length(mut wav: Vec<u8>) -> Vec<u8> {
    const HEADER: usize = 44;
    if wav.len() >= HEADER && wav.starts_with(b"RIFF") && wav.get(36..40) == Some(b"data") {
        let data = (wav.len() - HEADER) / 2 * 2;
        wav.truncate(HEADER + data);
        let [all, sound] =
            [data + HEADER - 8, data].map(|length| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        wav[4..8].copy_from_slice(&all);
        wav[40..44].copy_from_slice(&sound);
    }
    wav
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::audio::{file::decode, goertzel::loudness};

    fn speech(text: &str) -> Speech {
        Speech { text: text.to_owned(), ..Speech::default() }
    }

    #[test]
    fn voices_have_names_that_lead_nowhere() {
        let voice = |voice: Option<&str>, locale: Option<&str>, gender| {
            let named = |name: Option<&str>| name.map(str::to_owned);
            super::voice(&Speech { voice: named(voice), locale: named(locale), gender, ..speech("x") }, "nl")
        };
        assert_eq!(voice(None, None, None).unwrap(), "nl");
        assert_eq!(voice(None, Some("en_GB"), Some(Gender::Female)).unwrap(), "en-GB+f3");
        assert_eq!(voice(Some("en-us+m1"), Some("de"), Some(Gender::Male)).unwrap(), "en-us+m1");
        for bad in ["../../etc/passwd", "-x", "", "a b", "a;b", "!v/f1"] {
            assert_eq!(voice(Some(bad), None, None), Err(SoundError::NoVoice(bad.to_owned())), "{bad}");
        }
    }

    #[tokio::test]
    async fn where_it_is_not_installed_the_error_says_so() {
        let speaker = Speaking { program: "/nonexistent/espeak-ng".into(), ..Speaking::default() }.speaker();
        let error = speaker.speak(&speech("hello")).await.unwrap_err();
        assert_eq!(error.to_string(), "/nonexistent/espeak-ng is not installed, so nothing can be spoken");
        assert_eq!(speaker.speak(&speech(" \n")).await, Err(SoundError::Nothing));
        assert_eq!(speaker.speak(&speech(&"a".repeat(10_001))).await, Err(SoundError::TooLarge(10_000)));
    }

    #[tokio::test]
    async fn one_that_hangs_is_ended() {
        let timeout = Duration::from_millis(50);
        let speaker = Speaking {
            program: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sounds/hangs").into(),
            timeout,
            ..Speaking::default()
        }
        .speaker();
        assert_eq!(speaker.speak(&speech("hello")).await, Err(SoundError::TooSlow(0)));
    }

    /// Only where espeak-ng is installed: what must hold without it is above.
    #[tokio::test]
    async fn what_is_spoken_can_be_heard() {
        let speaker = Speaking::default().speaker();
        let spoken = match speaker.speak(&speech("Please hold the line; -v `touch x` $(ls) \"quoted\".")).await {
            Err(SoundError::NoSpeech(_)) => return,
            spoken => spoken.unwrap(),
        };
        let sound = decode(&spoken, 60).unwrap();
        assert!(sound.rate >= 8000 && sound.samples.len() > 2 * sound.rate as usize);
        let samples: Vec<i16> = sound.samples.iter().map(|sample| (sample * 32767.0) as i16).collect();
        assert!(loudness(&samples) > -35.0, "{}", loudness(&samples));
        let unknown = Speech { voice: Some("klingonish".to_owned()), ..speech("hello") };
        assert_eq!(speaker.speak(&unknown).await, Err(SoundError::NoVoice("klingonish".to_owned())));
        let fast = Speech { rate_percent: Some(200), ..speech("Please hold the line, somebody will be with you.") };
        let slow = Speech { rate_percent: Some(70), ..fast.clone() };
        let lengths = [speaker.speak(&fast).await.unwrap().len(), speaker.speak(&slow).await.unwrap().len()];
        assert!(lengths[1] > 2 * lengths[0], "{lengths:?}");
    }
}
