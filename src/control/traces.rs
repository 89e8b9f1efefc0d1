//! The SIP messages of late, as they came and went: a bounded piece of memory, looked through only when somebody asks.

use crate::call::Stamp;
use bytes::Bytes;
use memchr::memmem;
use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The messages kept; clones keep the same ones.
#[derive(Clone, Debug)]
pub struct Traces(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    messages: VecDeque<Traced>,
    bytes: usize,
    most: usize,
}

/// A message that came or went. It may hold secrets: `crate::trace` shows it without them.
#[derive(Clone, Debug)]
pub struct Traced {
    /// When.
    pub at: Stamp,
    /// We sent it; else we received it.
    pub sent: bool,
    /// The other side.
    pub peer: SocketAddr,
    /// The message.
    pub message: Bytes,
}

/// What a message costs beside its bytes.
const COST: usize = size_of::<Traced>();

impl Traces {
    /// Keeps as many as fit into so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Mutex::new(Kept { messages: VecDeque::new(), bytes: 0, most: bytes })))
    }

    /// Keeps a message, at the cost of the oldest.
    pub fn keep(&self, traced: Traced) {
        let mut kept = self.kept();
        kept.bytes += traced.message.len() + COST;
        kept.messages.push_back(traced);
        while kept.bytes > kept.most {
            let Some(oldest) = kept.messages.pop_front() else { break };
            kept.bytes -= oldest.message.len() + COST;
        }
    }

    /// Those that say one of these Call-IDs, the oldest first, and which it is.
    pub fn find(&self, call_ids: &[&str]) -> Vec<(usize, Traced)> {
        // The lock is held for as long as it takes to copy pointers; messages are looked into without it.
        let all: Vec<Traced> = self.kept().messages.iter().cloned().collect();
        let finders: Vec<_> = call_ids.iter().map(|id| memmem::Finder::new(id.as_bytes())).collect();
        let whose = |traced: &Traced| finders.iter().position(|finder| is_of(&traced.message, finder));
        all.into_iter().filter_map(|traced| Some((whose(&traced)?, traced))).collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the Call-ID header has this value; it may stand in Refer-To as well.
fn is_of(message: &[u8], id: &memmem::Finder<'_>) -> bool {
    id.find_iter(message).any(|at| {
        let before = message.get(..at).unwrap_or_default();
        let line = before.iter().rposition(|byte| *byte == b'\n').map_or(before, |end| &before[end + 1..]);
        let name = String::from_utf8_lossy(line).trim_end_matches([' ', '\t']).to_ascii_lowercase();
        let ends = message.get(at + id.needle().len()).is_none_or(u8::is_ascii_whitespace);
        ends && matches!(name.strip_suffix(':').map(str::trim), Some("call-id" | "i"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(text: &'static str) -> Traced {
        let message = Bytes::from_static(text.as_bytes());
        Traced { at: Stamp(0), sent: false, peer: ([192, 0, 2, 1], 5060).into(), message }
    }

    #[test]
    fn messages_are_found_by_their_call_id_and_by_nothing_else() {
        let traces = Traces::new(1 << 16);
        traces.keep(traced("INVITE sip:x SIP/2.0\r\nCall-ID: abc\r\n\r\n"));
        traces.keep(traced("BYE sip:x SIP/2.0\r\nCall-ID: abcd\r\n\r\n"));
        traces.keep(traced("REFER sip:x SIP/2.0\r\nRefer-To: <sip:y?Replaces=abc>\r\ni:abcd\r\n\r\n"));
        traces.keep(traced("SIP/2.0 200 OK\r\ncall-id : abc\r\n\r\n"));
        let found = |ids: &[&str]| traces.find(ids).iter().map(|(whose, _)| *whose).collect::<Vec<_>>();
        assert_eq!((found(&["abc"]), found(&["abcd", "abc"]), found(&["x"])), (vec![0, 0], vec![1, 0, 0, 1], vec![]));
    }

    #[test]
    fn the_oldest_make_room() {
        let traces = Traces::new(3 * (COST + 50));
        for _ in 0..1000 {
            traces.keep(traced("INVITE sip:x SIP/2.0\r\nCall-ID: abc\r\n\r\n"));
        }
        assert!(traces.find(&["abc"]).len() <= 4);
    }
}
