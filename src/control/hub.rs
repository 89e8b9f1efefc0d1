//! News for everybody who watches: numbered, kept for a while, never in anybody's way.

use super::{
    news::{Happened, News, is},
    roster::Roster,
};
use crate::{
    call::{CallView, Stamp},
    ids::CallId,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// Where the signalling thread puts what happened, and all others find it. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Hub {
    board: Arc<Mutex<Board>>,
    /// The number of the newest.
    newest: watch::Sender<u64>,
}

#[derive(Debug)]
struct Board {
    /// The number that comes next.
    next: u64,
    kept: VecDeque<Arc<News>>,
    /// How much the kept ones may take, in legs.
    weight: usize,
    roster: Roster,
    /// Somebody has to be told of the newest.
    untold: bool,
}

/// One who reads, at its own pace.
#[derive(Debug)]
pub struct Reader {
    hub: Hub,
    newest: watch::Receiver<u64>,
    next: u64,
}

/// What a reader is given.
#[derive(Debug)]
pub enum Read {
    /// What happened, in order.
    News(Vec<Arc<News>>),
    /// The reader was too slow, or came too late: these are kept no more. It goes on with what is.
    Missed {
        /// From this one ...
        from: u64,
        /// ... to this one.
        to: u64,
    },
}

/// News kept.
const KEPT: usize = 16_384;
/// As much as the news kept may take, in legs: some 40 MB.
const WEIGHT: usize = 65_536;
/// News given to a reader at once.
const BATCH: usize = 256;

impl Hub {
    /// Numbers begin after `started_us` (us since 1970), so that they go on to grow when the program is started anew.
    pub fn new(started_us: u64) -> Self {
        let board =
            Board { next: started_us + 1, kept: VecDeque::new(), weight: 0, roster: Roster::default(), untold: false };
        Self { board: Arc::new(Mutex::new(board)), newest: watch::Sender::new(started_us) }
    }

    /// Something happened. Readers are told by `tell`.
    pub fn publish(&self, at: Stamp, what: Happened) {
        let mut board = self.board();
        let news = Arc::new(News::new(board.next, at, what));
        board.next += 1;
        board.roster.learn(&news);
        board.weight += news.weight();
        board.kept.push_back(news);
        while board.kept.len() > KEPT || board.weight > WEIGHT {
            let Some(oldest) = board.kept.pop_front() else { break };
            board.weight -= oldest.weight();
        }
        board.untold = true;
    }

    /// Wakes those who wait for what was published.
    pub fn tell(&self) {
        let newest = {
            let mut board = self.board();
            if !std::mem::take(&mut board.untold) {
                return;
            }
            board.next - 1
        };
        self.newest.send_replace(newest);
    }

    /// A reader of what comes from now on, and all calls as they are now.
    pub fn subscribe(&self) -> (Reader, Snapshot) {
        let board = self.board();
        let snapshot = Snapshot { sequence: board.next - 1, calls: board.roster.calls() };
        let next = board.next;
        drop(board);
        (Reader { hub: self.clone(), newest: self.newest.subscribe(), next }, snapshot)
    }

    /// A reader of what came after that number.
    pub fn resume(&self, since: u64) -> Reader {
        Reader { hub: self.clone(), newest: self.newest.subscribe(), next: since.saturating_add(1) }
    }

    /// All calls as the last news of them said, the oldest first, and the number of that news.
    pub fn snapshot(&self) -> Snapshot {
        let board = self.board();
        Snapshot { sequence: board.next - 1, calls: board.roster.calls() }
    }

    /// One call as the last news of it said.
    pub fn call(&self, call: CallId) -> Option<Arc<CallView>> {
        self.board().roster.call(call)
    }

    /// What is still kept of a call, the oldest first.
    pub fn history(&self, call: CallId) -> Vec<Arc<News>> {
        self.board().kept.iter().filter(|news| news.call() == Some(call)).cloned().collect()
    }

    /// The number of the newest.
    pub fn newest(&self) -> u64 {
        self.board().next - 1
    }

    /// Held for a few pointers at a time; a reader that panicked has left everything whole.
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All calls, as they were after the news of that number.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The number.
    pub sequence: u64,
    /// The calls, the oldest first.
    pub calls: Vec<Arc<CallView>>,
}

impl Snapshot {
    /// Leaves out the calls in which none of these extensions has a leg.
    pub fn keep_those_of(&mut self, extensions: &[&str]) {
        self.calls.retain(|call| call.legs.iter().any(|leg| extensions.iter().any(|own| is(&leg.party, own))));
    }
}

impl Reader {
    /// Waits for what comes next. `None`: nothing comes any more.
    pub async fn next(&mut self) -> Option<Read> {
        loop {
            self.newest.borrow_and_update();
            if let Some(read) = self.read() {
                return Some(read);
            }
            self.newest.changed().await.ok()?;
        }
    }

    /// What is there already, if anything is.
    pub fn read(&mut self) -> Option<Read> {
        let board = self.hub.board();
        // A number that we never gave out: of a clock that was ahead, or of somebody's imagination. It begins with what comes next.
        self.next = self.next.min(board.next);
        let first = board.kept.front().map_or(board.next, |news| news.sequence);
        if self.next < first {
            let missed = Read::Missed { from: self.next, to: first - 1 };
            self.next = first;
            return Some(missed);
        }
        let skip = usize::try_from(self.next - first).unwrap_or(usize::MAX);
        let news: Vec<_> = board.kept.iter().skip(skip).take(BATCH).cloned().collect();
        self.next = news.last()?.sequence + 1;
        Some(Read::News(news))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(published: u64) -> Hub {
        let hub = Hub::new(100);
        for seconds in 0..published {
            hub.publish(Stamp(seconds), Happened::Banned { address: "192.0.2.1".to_owned(), seconds });
        }
        hub.tell();
        hub
    }

    fn numbers(read: Option<Read>) -> Vec<u64> {
        match read {
            Some(Read::News(news)) => news.iter().map(|news| news.sequence).collect(),
            Some(Read::Missed { from, to }) => panic!("missed {from} to {to}"),
            None => Vec::new(),
        }
    }

    #[test]
    fn a_reader_goes_on_where_it_was() {
        let hub = hub(3);
        assert_eq!(numbers(hub.resume(101).read()), [102, 103]);
        let (mut reader, snapshot) = hub.subscribe();
        assert_eq!((snapshot.sequence, numbers(reader.read())), (103, vec![]));
        hub.publish(Stamp(0), Happened::Banned { address: String::new(), seconds: 1 });
        assert_eq!(numbers(reader.read()), [104]);
        assert_eq!(numbers(hub.resume(9999).read()), [] as [u64; 0]);
    }

    #[test]
    fn who_is_too_slow_is_told_what_it_missed_and_goes_on() {
        let hub = hub(KEPT as u64 + 5);
        let mut reader = hub.resume(100);
        assert!(matches!(reader.read(), Some(Read::Missed { from: 101, to: 105 })));
        assert_eq!(numbers(reader.read()).first(), Some(&106));
    }

    #[test]
    fn a_waiting_reader_is_woken() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let hub = hub(0);
            let (mut reader, _) = hub.subscribe();
            let reading = tokio::spawn(async move { numbers(reader.next().await) });
            tokio::task::yield_now().await;
            hub.publish(Stamp(0), Happened::Banned { address: String::new(), seconds: 1 });
            hub.tell();
            assert_eq!(reading.await.unwrap(), [101]);
        });
    }
}
