//! A file as an answer: whole, or the part of it that was asked for (RFC 9110 14).

use super::problem::Problem;
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{fs::File, io, os::unix::fs::FileExt};

/// A file that can be sent.
pub(super) struct Download {
    file: File,
    /// No more of it is sent, though it may grow.
    length: u64,
}

/// Some bytes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    first: u64,
    length: u64,
}

/// There is nothing of what was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Beyond;

/// As much of a file is read at once, bytes.
const PIECE: usize = 64 << 10;

impl Download {
    /// As long as it is now. Blocks as long as the disk needs.
    pub(super) fn of(file: File) -> io::Result<Self> {
        Ok(Self { length: file.metadata()?.len(), file })
    }

    /// The answer to a request with these headers: 200, or 206 with the part that `Range` says, or 416.
    pub(super) fn answer(self, headers: &HeaderMap, kind: &'static str, name: &str) -> Result<Response, Problem> {
        let Self { file, length } = self;
        let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
        let wanted = part(range, length).map_err(|Beyond| {
            let detail = format!("there are {length} bytes, and none of those in Range is among them");
            Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "bad-range", detail)
        })?;
        let sent = wanted.unwrap_or(Part { first: 0, length });
        let mut response = body(file, sent).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CONTENT_LENGTH, sent.length.into());
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Ok(attachment) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
            headers.insert(header::CONTENT_DISPOSITION, attachment);
        }
        if let Some(Part { first, length: some }) = wanted
            && let Ok(range) = HeaderValue::from_str(&format!("bytes {first}-{}/{length}", first + some - 1))
        {
            headers.insert(header::CONTENT_RANGE, range);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        Ok(response)
    }
}

/// Reads at the pace of whoever fetches it. No thread waits for that: the pieces are read each by itself, where the disk may take
/// its time.
fn body(file: File, part: Part) -> Body {
    Body::from_stream(futures_util::stream::unfold(Some((file, part)), |rest| async {
        let (file, part) = rest.filter(|(_, part)| part.length > 0)?;
        let reading = tokio::task::spawn_blocking(move || piece(&file, part).map(|piece| (piece, file))).await;
        Some(match reading.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())) {
            Ok((piece, file)) => {
                let read = piece.len() as u64;
                (Ok(piece), Some((file, Part { first: part.first + read, length: part.length - read })))
            }
            Err(error) => (Err(error), None),
        })
    }))
}

/// The first piece of a part that is not empty.
fn piece(file: &File, part: Part) -> io::Result<Bytes> {
    let mut piece = vec![0; PIECE.min(usize::try_from(part.length).unwrap_or(PIECE))];
    match file.read_at(&mut piece, part.first)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        read => {
            piece.truncate(read);
            Ok(piece.into())
        }
    }
}

/// What of `length` bytes is wanted; `None`: all, as where more than one part is asked for, or nothing that can be understood
/// (RFC 9110 14.2).
fn part(range: Option<&str>, length: u64) -> Result<Option<Part>, Beyond> {
    let said = range.and_then(|range| range.trim().strip_prefix("bytes=")).and_then(|range| range.split_once('-'));
    let Some((first, last)) = said.map(|(first, last)| (first.trim(), last.trim())) else { return Ok(None) };
    let (first, last) = match (first, first.parse::<u64>(), last, last.parse::<u64>()) {
        ("", _, _, Ok(0)) => return Err(Beyond),
        ("", _, _, Ok(end)) => (length.saturating_sub(end), length.saturating_sub(1)),
        (_, Ok(first), "", _) => (first, length.saturating_sub(1)),
        (_, Ok(first), _, Ok(last)) if first <= last => (first, last.min(length.saturating_sub(1))),
        _ => return Ok(None),
    };
    if first >= length { Err(Beyond) } else { Ok(Some(Part { first, length: last - first + 1 })) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_of_several_pieces_arrives_whole_and_a_file_that_shrinks_breaks_off() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.wav");
        let sound: Vec<u8> = (0..3 * PIECE + 7).map(|at| (at % 251) as u8).collect();
        std::fs::write(&path, &sound).unwrap();
        let part = Part { first: 5, length: 2 * PIECE as u64 + 1 };
        let got = axum::body::to_bytes(body(File::open(&path).unwrap(), part), usize::MAX).await.unwrap();
        assert!(got[..] == sound[5..2 * PIECE + 6]);
        let beyond = Part { first: 5, length: sound.len() as u64 };
        assert!(axum::body::to_bytes(body(File::open(&path).unwrap(), beyond), usize::MAX).await.is_err());
    }

    #[test]
    fn a_range_is_what_is_there_of_it() {
        let some = |first, length| Ok(Some(Part { first, length }));
        for (range, wanted) in [
            ("bytes=0-43", some(0, 44)),
            ("bytes=90-", some(90, 10)),
            ("bytes=-10", some(90, 10)),
            ("bytes=-1000", some(0, 100)),
            ("bytes=50-1000", some(50, 50)),
            ("bytes=99-99", some(99, 1)),
            ("bytes=100-", Err(Beyond)),
            ("bytes=-0", Err(Beyond)),
            ("bytes=5-4", Ok(None)),
            ("bytes=0-1,5-6", Ok(None)),
            ("bytes=-", Ok(None)),
            ("bytes=a-b", Ok(None)),
            ("bytes=99999999999999999999-", Ok(None)),
            ("lines=0-1", Ok(None)),
        ] {
            assert_eq!(part(Some(range), 100), wanted, "{range}");
        }
        assert_eq!(part(None, 100), Ok(None));
        assert_eq!((part(Some("bytes=0-"), 0), part(Some("bytes=-5"), 0)), (Err(Beyond), Err(Beyond)));
    }
}
