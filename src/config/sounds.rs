//! `[sounds]`, the hold music of `[media]`, and `[recording]`.

use super::{
    calls::number,
    http,
    problem::Report,
    sections::{File, Maybe, Media, Recording, Section, Sounds, Texts},
};
use crate::{
    call::RecordingSettings,
    destination::Caller,
    media::{Format, Layout},
    server::{self, HoldMusic, Piece, Speaking},
};
use std::{path::PathBuf, time::Duration};

/// What may be played by name.
pub(super) fn sounds(section: &Section<Sounds>, report: &mut Report<'_>) -> server::Sounds {
    let (keys, usual) = (&section.keys, server::Sounds::default());
    let megabytes = |said, place, usual: u64, report: &mut Report<'_>| {
        number(said, place, usual >> 20, 1..=1 << 20, report).saturating_mul(1 << 20)
    };
    let cache = megabytes(&keys.cache_mb, "[sounds] cache_mb", usual.cache_bytes as u64, report);
    if let Some(said) = &keys.locale
        && !said.get_ref().chars().all(|c| c.is_ascii_alphanumeric() || "-_+".contains(c))
    {
        report.add(said.span(), "[sounds] locale", "must be a language, such as \"en\" or \"nl-BE\"");
    }
    let speaking = Speaking {
        program: keys.speech.as_ref().map_or(usual.speaking.program, |path| PathBuf::from(path.get_ref())),
        locale: keys.locale.as_ref().map_or(usual.speaking.locale, |locale| locale.get_ref().clone()),
        ..Speaking::default()
    };
    server::Sounds {
        directory: keys.directory.as_ref().map(|path| PathBuf::from(path.get_ref())),
        hosts: keys.hosts.as_ref().map_or(usual.hosts, |_| http::hosts(&keys.hosts, "[sounds] hosts", report)),
        timeout: Duration::from_secs(number(&keys.timeout_s, "[sounds] timeout_s", 15, 1..=300, report)),
        max_bytes: megabytes(&keys.max_mb, "[sounds] max_mb", usual.max_bytes, report),
        max_s: number(&keys.max_s, "[sounds] max_s", usual.max_s, 1..=36_000, report),
        cache_bytes: usize::try_from(cache).unwrap_or(usize::MAX),
        speaking,
    }
}

/// `hold_music` and what belongs to it.
pub(super) fn hold_music(section: &Section<Media>, report: &mut Report<'_>) -> HoldMusic {
    let keys = &section.keys;
    let mut pieces = Vec::new();
    for said in keys.hold_music.iter().flat_map(Texts::each) {
        let text = *said.get_ref();
        match text.split_once("://") {
            Some(("http" | "https", _)) => pieces.push(Piece::Url(text.to_owned())),
            Some((scheme, _)) => {
                report.add(
                    said.span(),
                    "[media] hold_music",
                    format!("{scheme}:// is not played; http:// and https:// are"),
                );
            }
            None if text.is_empty() => {
                report.add(said.span(), "[media] hold_music", "is empty; leave the key out for the music of the house");
            }
            None => pieces.push(Piece::File(PathBuf::from(text))),
        }
    }
    HoldMusic {
        pieces,
        shuffle: keys.hold_music_shuffle.unwrap_or(false),
        from_start: keys.hold_music_from_start.unwrap_or(false),
    }
}

/// `[recording]`.
pub(super) fn recording(section: &Section<Recording>, report: &mut Report<'_>) -> server::Recordings {
    let (keys, usual) = (&section.keys, server::Recordings::default());
    let format = match keys.format.as_ref().map(|format| (format.get_ref().as_str(), format.span())) {
        None | Some(("wav", _)) => Format::Wav,
        Some(("mp3", _)) => Format::Mp3,
        Some((other, at)) => {
            report.add(at, "[recording] format", format!("{other:?} must be \"wav\" or \"mp3\""));
            Format::Wav
        }
    };
    let layout = match number(&keys.channels, "[recording] channels", 1, 1..=8, report) {
        1 => Layout::Mix,
        channels => Layout::Apart(channels),
    };
    if let (Format::Mp3, Layout::Apart(3..), Some(said)) = (format, layout, &keys.channels) {
        report.add(said.span(), "[recording] channels", "an MP3 file has one or two");
    }
    server::Recordings {
        directory: keys.directory.as_ref().map(|path| PathBuf::from(path.get_ref())),
        format,
        layout,
        max_s: number(&keys.max_s, "[recording] max_s", usual.max_s, 1..=604_800, report),
        min_free_bytes: number(&keys.min_free_mb, "[recording] min_free_mb", 100, 0..=1 << 30, report) << 20,
    }
}

/// Whoever is to be recorded needs a place where that is kept: said nowhere, nobody would notice until a recording is missed.
pub(super) fn check_place(file: &File, report: &mut Report<'_>) {
    if file.recording.keys.directory.is_some() {
        return;
    }
    let extensions = file.extensions.iter().map(|section| ("[extension] record", &section.keys.record));
    let trunks = file.trunks.iter().map(|section| ("[trunk] record", &section.keys.record));
    let routes = file.routes.iter().map(|section| ("[route] record", &section.keys.record));
    for (place, record) in extensions.chain(trunks).chain(routes).filter(|(_, record)| is_on(record)) {
        if let Some(said) = record {
            report.add(said.span(), place, "needs a place for the files: [recording] directory");
        }
    }
}

/// Whether somebody is to be recorded.
pub(super) fn is_on(record: &Maybe<bool>) -> bool {
    record.as_ref().is_some_and(|record| *record.get_ref())
}

/// What calls must know of recordings. What is wrong in `[recording]` is reported where the rest of it is read.
pub(super) fn calls(file: &File) -> RecordingSettings {
    let recordings = recording(&file.recording, &mut Report::new("", ""));
    let extensions = file.extensions.iter().map(|section| (&section.keys.record, &section.keys.number));
    let trunks = file.trunks.iter().map(|section| (&section.keys.record, &section.keys.name));
    let extensions = extensions.filter(|(record, _)| is_on(record));
    let trunks = trunks.filter(|(record, _)| is_on(record));
    let always = extensions
        .map(|(_, number)| Caller::Extension(number.get_ref().clone()))
        .chain(trunks.map(|(_, name)| Caller::Trunk(name.get_ref().clone())));
    RecordingSettings { format: recordings.format, layout: recordings.layout, always: always.collect() }
}
