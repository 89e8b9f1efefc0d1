//! Names in the path.

use crate::{
    api::{hooks::HookId, problem::Problem},
    ids::{AttemptId, CallId, GatherId, LegId, PlayId, RecordingId, TransferId},
};
use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use std::{convert::Infallible, str::FromStr};

/// A name in the path: `{leg}` is a [`LegId`], and so on. One that cannot be is as unknown as one that is not.
#[derive(Clone, Copy, Debug)]
pub(in crate::api) struct Named<T>(pub(in crate::api) T);

/// What has a name that may stand in a path.
pub(in crate::api) trait Noun: FromStr {
    /// How it is called there, and in sentences.
    const WORD: &'static str;
}

macro_rules! noun {
    ($($type:ty, $word:literal;)*) => {
        $(impl Noun for $type {
            const WORD: &'static str = $word;
        })*
    };
}

noun! {
    CallId, "call";
    LegId, "leg";
    TransferId, "transfer";
    AttemptId, "attempt";
    PlayId, "play";
    GatherId, "gather";
    RecordingId, "recording";
    RoomName, "conference";
    Number, "extension";
    TrunkName, "trunk";
    QueueName, "queue";
    HookId, "webhook";
    RecordName, "record";
}

/// A name that may be any text.
macro_rules! text {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug)]
        pub(in crate::api) struct $name(pub(in crate::api) String);

        impl FromStr for $name {
            type Err = Infallible;

            fn from_str(text: &str) -> Result<Self, Infallible> {
                Ok(Self(text.to_owned()))
            }
        })*
    };
}

text! {
    /// The name of a conference.
    RoomName;
    /// The number of an extension.
    Number;
    /// The name of a trunk.
    TrunkName;
    /// The name of a queue.
    QueueName;
    /// The name of a call record.
    RecordName;
}

/// The file of a recording: `{day}/{file}`. Nothing but such names, so that no path leads out of the directory.
#[derive(Clone, Debug)]
pub(in crate::api) struct RecordingFile {
    pub(in crate::api) day: String,
    pub(in crate::api) name: String,
}

impl RecordingFile {
    /// `2026-11-21`
    pub(in crate::api) fn is_day(text: &str) -> bool {
        text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    }

    /// Letters, digits, points and hyphens; it begins with a digit and ends as sound does.
    pub(in crate::api) fn is_name(text: &str) -> bool {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        plain && text.starts_with(|c: char| c.is_ascii_digit()) && (text.ends_with(".wav") || text.ends_with(".mp3"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Named<RecordingFile> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|rejection| Problem::unknown("unknown-path", "path", &rejection.body_text()))?;
        let said =
            |wanted: &str| params.iter().find(|(name, _)| *name == wanted).map_or("", |(_, value)| value).to_owned();
        let (day, name) = (said("day"), said("file"));
        if RecordingFile::is_day(&day) && RecordingFile::is_name(&name) {
            return Ok(Self(RecordingFile { day, name }));
        }
        Err(Problem::unknown("unknown-recording", "recording", &format!("{day}/{name}")))
    }
}

impl<T: Noun, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|rejection| Problem::unknown("unknown-path", "path", &rejection.body_text()))?;
        let said = params.iter().find(|(name, _)| *name == T::WORD).map_or("", |(_, value)| value);
        said.parse().map(Self).map_err(|_| Problem::unknown(&format!("unknown-{}", T::WORD), T::WORD, said))
    }
}
