//! The log, written by a thread of its own: whoever reads it slowly, or not at all, holds nobody up.

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// The thread that writes the log. Dropping it waits until everything said so far is written.
#[derive(Debug)]
pub struct Log {
    lines: SyncSender<Line>,
    writer: Option<JoinHandle<()>>,
}

/// Where lines are put.
#[derive(Clone)]
struct Desk {
    lines: SyncSender<Line>,
    /// Lines for which there was no room, and that nobody was told of yet.
    lost: Arc<AtomicU64>,
}

enum Line {
    Text(Vec<u8>),
    /// Nothing comes after this.
    End,
}

/// How long lines may gather before they are written: who says them need not wake the thread each time.
const GATHER: Duration = Duration::from_millis(2);
/// Lines kept for a writer that is slow.
const KEPT: usize = 8192;
/// As much is written at once, bytes.
const PIECE: usize = 64 << 10;

impl Log {
    /// All that is said from now on goes to standard error, so that standard output carries only what was asked for.
    /// `filter` as for `--log`; RUST_LOG when absent, `usual` when that is absent too. `json`: each line an object.
    pub fn start(filter: Option<&str>, usual: &str, json: bool) -> Result<Self, String> {
        let filter = match filter {
            Some(filter) => EnvFilter::try_new(filter).map_err(|error| format!("--log {filter}: {error}"))?,
            None => EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual)),
        };
        let (desk_lines, inbox) = sync_channel(KEPT);
        let desk = Desk { lines: desk_lines.clone(), lost: Arc::default() };
        let lost = Arc::clone(&desk.lost);
        let writer = thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&inbox, &lost, &mut io::stderr()))
            .map_err(|error| format!("no thread for the log: {error}"))?;
        let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(desk);
        if json {
            lines.json().flatten_event(true).with_current_span(false).init();
        } else {
            lines.with_ansi(io::stderr().is_terminal()).with_target(false).init();
        }
        Ok(Self { lines: desk_lines, writer: Some(writer) })
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ended = self.lines.send(Line::End);
        if let Some(writer) = self.writer.take() {
            let _failed = writer.join();
        }
    }
}

impl<'a> MakeWriter<'a> for Desk {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Desk {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if self.lines.try_send(Line::Text(text.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what comes, as much at once as there is. An error is nobody's business: there is no other place to tell it.
fn write_all(inbox: &Receiver<Line>, lost: &AtomicU64, out: &mut impl Write) {
    let mut piece = Vec::with_capacity(PIECE);
    while let Ok(first) = inbox.recv() {
        thread::sleep(GATHER);
        piece.clear();
        let mut next = Some(first);
        let mut ended = false;
        while let Some(line) = next {
            match line {
                Line::Text(text) => piece.extend_from_slice(&text),
                Line::End => ended = true,
            }
            next = if piece.len() < PIECE && !ended { inbox.try_recv().ok() } else { None };
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            piece.extend_from_slice(format!("(the log was too slow: {lost} lines are missing here)\n").as_bytes());
        }
        let _written = out.write_all(&piece);
        if ended {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_in_order_and_missing_ones_are_counted() {
        let (lines, inbox) = sync_channel(2);
        let mut desk = Desk { lines: lines.clone(), lost: Arc::default() };
        for text in ["one\n", "two\n", "three\n"] {
            desk.write_all(text.as_bytes()).unwrap();
        }
        let lost = Arc::clone(&desk.lost);
        drop((lines, desk));
        let mut out = Vec::new();
        write_all(&inbox, &lost, &mut out);
        assert_eq!(out, b"one\ntwo\n(the log was too slow: 1 lines are missing here)\n");
    }
}
