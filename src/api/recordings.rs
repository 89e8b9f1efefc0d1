//! Recordings: those that are made now, and the files of all.

use super::{
    auth::Access,
    download::Download,
    json::{Json, Query},
    order::Answer,
    problem::Problem,
    shape::{Named, Outcome, RecordingFile},
    state::State,
};
use crate::{
    call::{Audience, Format, RecordingKind, Stamp, Verb},
    ids::RecordingId,
};
use axum::{
    extract,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What kind of recording; without a body, as the configuration has it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordingWish {
    /// What kind of file.
    format: Option<FormatWish>,
    /// 1: all on one; 2 to 8: one for each party (of a leg: what it says, what it hears). MP3 has two at the most.
    #[schema(minimum = 1, maximum = 8)]
    channels: Option<u8>,
}

/// What kind of file.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FormatWish {
    /// PCM of 16 bits.
    Wav,
    /// Made when the recording is complete, by lame or ffmpeg.
    Mp3,
}

impl RecordingWish {
    pub(super) fn verb(self, of: Audience) -> Verb {
        let format = self.format.map(|format| match format {
            FormatWish::Wav => Format::Wav,
            FormatWish::Mp3 => Format::Mp3,
        });
        Verb::Record { of, kind: RecordingKind { format, channels: self.channels } }
    }
}

/// The files of recordings, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Recordings {
    recordings: Vec<FileView>,
    /// There are more: the next page is `?before=` this.
    next: Option<String>,
}

/// A file of a recording. The events `recording.file` say which it is of.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct FileView {
    /// Day and name: `/v1/recordings/files/` and this is where it is fetched.
    #[schema(example = "2026-11-21/20261121T130000.123Z-call-7-recording-3.wav")]
    file: String,
    /// Its size. It grows while it is being made.
    bytes: u64,
    /// When it was last written.
    modified_at: Stamp,
}

/// Which files.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RecordingsWanted {
    /// Only those before this one.
    #[param(max_length = 256)]
    before: Option<String>,
    /// No more than these; 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// Files of a page where nothing is said.
const PAGE: usize = 100;
/// Files of a page at the most.
const LARGEST_PAGE: usize = 1000;
/// The longest name of a file, characters.
const LONGEST: usize = 256;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(fetch, remove))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(stop))
}

/// The files of all recordings.
#[utoipa::path(get, path = "/v1/recordings", tag = "recordings", params(RecordingsWanted),
    responses((status = 200, body = Recordings)))]
async fn list(
    extract::State(state): extract::State<State>,
    access: Access,
    Query(wanted): Query<RecordingsWanted>,
) -> Result<Json<Recordings>, Problem> {
    access.must_read_all()?;
    let limit = wanted.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::field("limit", format!("must be 1 to {LARGEST_PAGE}")));
    }
    if wanted.before.as_ref().is_some_and(|before| before.len() > LONGEST) {
        return Err(Problem::field("before", format!("must be {LONGEST} characters at the most")));
    }
    let Some(directory) = state.tools.recordings.clone() else {
        return Ok(Json(Recordings { recordings: Vec::new(), next: None }));
    };
    let found = tokio::task::spawn_blocking(move || page(&directory, wanted.before.as_deref(), limit)).await;
    found.map(Json).map_err(|_| broken())
}

/// The sound of a recording (WAV, or MP3 where the configuration says so).
#[utoipa::path(get, path = "/v1/recordings/files/{day}/{file}", tag = "recordings",
    params(("day" = String, Path, example = "2026-11-21"),
        ("file" = String, Path, example = "20261121T130000.123Z-call-7-recording-3.wav"),
        ("Range" = Option<String>, Header, description = "a part of it, such as `bytes=0-65535`")),
    responses((status = 200, description = "the sound", content((String = "audio/wav"), (String = "audio/mpeg"))),
        (status = 206, description = "a part of it", content((String = "audio/wav"), (String = "audio/mpeg"))),
        (status = 416, description = "no such part", body = Problem, content_type = "application/problem+json")))]
async fn fetch(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(file): Named<RecordingFile>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    access.must_read_all()?;
    let path = path_of(&state, &file)?;
    let opened = tokio::task::spawn_blocking(move || File::open(path).and_then(Download::of));
    let download = opened.await.map_err(|_| broken())?.map_err(|_| unknown(&file))?;
    let kind = if file.name.ends_with(".mp3") { "audio/mpeg" } else { "audio/wav" };
    download.answer(&headers, kind, &file.name)
}

/// Removes a recording for ever. Admin only.
#[utoipa::path(delete, path = "/v1/recordings/files/{day}/{file}", tag = "recordings",
    params(("day" = String, Path, example = "2026-11-21"),
        ("file" = String, Path, example = "20261121T130000.123Z-call-7-recording-3.wav")),
    responses((status = 200, description = "it is gone", body = FileView)))]
async fn remove(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(file): Named<RecordingFile>,
) -> Result<Json<FileView>, Problem> {
    access.must_administer()?;
    let path = path_of(&state, &file)?;
    let (day, name) = (file.day.clone(), file.name.clone());
    let removed = tokio::task::spawn_blocking(move || {
        let view = view(&day, &name, &path);
        fs::remove_file(&path).ok().and(view)
    });
    removed.await.map_err(|_| broken())?.map(Json).ok_or_else(|| unknown(&file))
}

/// Records nothing for a while.
#[utoipa::path(post, path = "/v1/recordings/{recording}/pause", tag = "recordings",
    params(("recording" = RecordingId, Path, example = "recording-3")), responses((status = 200, body = Outcome)))]
async fn pause(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(recording): Named<RecordingId>,
) -> Answer {
    state.obey(&access, None, Verb::PauseRecording { recording }).await
}

/// Goes on with a recording.
#[utoipa::path(post, path = "/v1/recordings/{recording}/resume", tag = "recordings",
    params(("recording" = RecordingId, Path, example = "recording-3")), responses((status = 200, body = Outcome)))]
async fn resume(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(recording): Named<RecordingId>,
) -> Answer {
    state.obey(&access, None, Verb::ResumeRecording { recording }).await
}

/// Ends a recording.
#[utoipa::path(post, path = "/v1/recordings/{recording}/stop", tag = "recordings",
    params(("recording" = RecordingId, Path, example = "recording-3")), responses((status = 200, body = Outcome)))]
async fn stop(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(recording): Named<RecordingId>,
) -> Answer {
    state.obey(&access, None, Verb::StopRecording { recording }).await
}

fn path_of(state: &State, file: &RecordingFile) -> Result<PathBuf, Problem> {
    let directory = state.tools.recordings.as_ref().ok_or_else(|| unknown(file))?;
    Ok(directory.join(&file.day).join(&file.name))
}

fn unknown(file: &RecordingFile) -> Problem {
    Problem::unknown("unknown-recording", "recording", &format!("{}/{}", file.day, file.name))
}

fn broken() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the recordings cannot be read; the log says why")
}

/// Files, the newest first: names begin with the time. A day is only read if it is needed.
fn page(directory: &Path, before: Option<&str>, limit: usize) -> Recordings {
    let mut recordings = Vec::new();
    for day in names(directory).into_iter().filter(|day| RecordingFile::is_day(day)) {
        if before.is_some_and(|before| day.as_str() > before.split('/').next().unwrap_or_default()) {
            continue;
        }
        for name in names(&directory.join(&day)) {
            let file = format!("{day}/{name}");
            if !RecordingFile::is_name(&name) || before.is_some_and(|before| file.as_str() >= before) {
                continue;
            }
            if recordings.len() == limit {
                let next = recordings.last().map(|last: &FileView| last.file.clone());
                return Recordings { recordings, next };
            }
            recordings.extend(view(&day, &name, &directory.join(&file)));
        }
    }
    Recordings { recordings, next: None }
}

/// What is in a directory, the last of the alphabet first.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable_by(|one, other| other.cmp(one));
    names
}

fn view(day: &str, name: &str, path: &Path) -> Option<FileView> {
    let metadata = path.metadata().ok().filter(fs::Metadata::is_file)?;
    let written = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let modified_at = Stamp(u64::try_from(written.as_millis()).unwrap_or(u64::MAX));
    Some(FileView { file: format!("{day}/{name}"), bytes: metadata.len(), modified_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_go_from_the_newest_to_the_oldest() {
        let place = tempfile::tempdir().unwrap();
        for file in ["2026-11-20/20261120T1-a.wav", "2026-11-21/20261121T1-b.wav", "2026-11-21/20261121T2-c.wav"] {
            let path = place.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "sound").unwrap();
        }
        fs::write(place.path().join("notes"), "not a day").unwrap();
        let files =
            |page: &Recordings| page.recordings.iter().map(|view| view.file[11..].to_owned()).collect::<Vec<_>>();
        let first = page(place.path(), None, 2);
        assert_eq!(files(&first), ["20261121T2-c.wav", "20261121T1-b.wav"]);
        let rest = page(place.path(), first.next.as_deref(), 2);
        assert_eq!((files(&rest), rest.next), (vec!["20261120T1-a.wav".to_owned()], None));
    }
}
