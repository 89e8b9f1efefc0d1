//! Orders of programs to the signalling thread: a bounded queue, and one answer for each.

use crate::{
    call::Refused,
    exchange::{Granted, What, Wish},
    ids::WishId,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};
use tokio::sync::{mpsc, oneshot};

/// Where programs leave their wishes. Clones lead to the same thread.
#[derive(Clone, Debug)]
pub struct Desk {
    orders: mpsc::Sender<Order>,
    wishes: Arc<AtomicU64>,
    is_draining: Arc<AtomicBool>,
}

/// The signalling thread's side.
#[derive(Debug)]
pub struct Inbox {
    orders: mpsc::Receiver<Order>,
    is_draining: Arc<AtomicBool>,
    /// Carried out, and told when what they caused has been published: who reads its answer finds everything else so too.
    answers: Vec<(Reply, Answer)>,
}

/// One wish, with the way back.
#[derive(Debug)]
pub struct Order {
    wish: Wish,
    reply: Reply,
}

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The switch looked at it and says no.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// More orders wait than may: later.
    #[error("too many commands wait; send it again a little later")]
    Full,
    /// The switch has ended.
    #[error("the switch has ended")]
    Gone,
}

type Answer = Result<Granted, Refused>;
type Reply = oneshot::Sender<Answer>;

/// Orders that may wait.
const WAITING: usize = 1024;
/// Orders carried out between two looks at everything else.
const BATCH: usize = 64;

/// Both ends.
pub fn desk() -> (Desk, Inbox) {
    let (orders, inbox) = mpsc::channel(WAITING);
    let is_draining = Arc::new(AtomicBool::new(false));
    let desk = Desk { orders, wishes: Arc::default(), is_draining: Arc::clone(&is_draining) };
    (desk, Inbox { orders: inbox, is_draining, answers: Vec::new() })
}

impl Desk {
    /// Whether the switch takes no new calls any more: it ends when those alive are over.
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Has a wish of `by` carried out, and says what was granted. The name of the wish is in the news that it caused.
    pub async fn order(&self, by: &str, what: What) -> Result<(WishId, Granted), Refusal> {
        let (reply, answer) = oneshot::channel();
        let id = WishId(self.wishes.fetch_add(1, Ordering::Relaxed) + 1);
        let order = Order { wish: Wish { id, by: by.to_owned(), what }, reply };
        self.orders.try_send(order).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refusal::Full,
            mpsc::error::TrySendError::Closed(_) => Refusal::Gone,
        })?;
        Ok((id, answer.await.map_err(|_| Refusal::Gone)??))
    }
}

impl Inbox {
    /// The switch takes no new calls any more.
    pub fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Waits for an order; `None` when nobody is left who could send one.
    pub async fn next(&mut self) -> Option<Order> {
        self.orders.recv().await
    }

    /// Has an order, and some of those that wait behind it, carried out by `obey`. The answers are kept until `settle`.
    pub fn carry_out(&mut self, first: Order, mut obey: impl FnMut(Wish) -> Answer) {
        let (mut next, mut left) = (Some(first), BATCH);
        while let Some(order) = next {
            // Who has hung up meanwhile wishes nothing any more.
            if !order.reply.is_closed() {
                self.answers.push((order.reply, obey(order.wish)));
            }
            left -= 1;
            next = if left > 0 { self.orders.try_recv().ok() } else { None };
        }
    }

    /// Tells the answers of what was carried out.
    pub fn settle(&mut self) {
        for (reply, answer) in self.answers.drain(..) {
            // Whoever asked may have left.
            let _gone = reply.send(answer);
        }
    }

    /// Orders that wait.
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Nobody waits.
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    #[test]
    fn an_answer_comes_when_everything_else_is_so_too() {
        runtime().block_on(async {
            let (desk, mut inbox) = desk();
            let asked = tokio::spawn(async move { desk.order("desk", What::Calls).await });
            let order = inbox.next().await.unwrap();
            inbox.carry_out(order, |wish| {
                assert_eq!((wish.by.as_str(), wish.id), ("desk", WishId(1)));
                Err(Refused::NotLive)
            });
            assert!(!asked.is_finished());
            inbox.settle();
            assert_eq!(asked.await.unwrap(), Err(Refusal::Refused(Refused::NotLive)));
        });
    }

    #[test]
    fn one_more_than_may_wait_is_refused_and_so_are_all_when_the_switch_is_gone() {
        runtime().block_on(async {
            let (desk, inbox) = desk();
            let mut waiting = tokio::task::JoinSet::new();
            for _ in 0..WAITING {
                let desk = desk.clone();
                waiting.spawn(async move { desk.order("load", What::Calls).await });
            }
            while inbox.len() < WAITING {
                tokio::task::yield_now().await;
            }
            assert_eq!(desk.order("load", What::Calls).await, Err(Refusal::Full));
            drop(inbox);
            assert_eq!(waiting.join_next().await.unwrap().unwrap(), Err(Refusal::Gone));
            assert_eq!(desk.order("load", What::Calls).await, Err(Refusal::Gone));
        });
    }

    #[test]
    fn who_hung_up_before_its_turn_wishes_nothing() {
        runtime().block_on(async {
            let (desk, mut inbox) = desk();
            let asked = tokio::spawn(async move { desk.order("desk", What::Calls).await });
            let order = inbox.next().await.unwrap();
            asked.abort();
            let _aborted = asked.await;
            inbox.carry_out(order, |_| unreachable!("nobody waits for it"));
        });
    }
}
