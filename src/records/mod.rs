//! Call records: one for each leg, and for each caller the chain of who handed it to whom. Shell.
//!
//! [`Records`] is the thread that writes them, fed from the news: it reads at its own pace, and no call ever waits for it; what it
//! was too slow for is counted. [`Archive`] is where others read. `ledger` makes rows of news, `store` is the only file that knows
//! SQLite.

#![allow(clippy::disallowed_methods, reason = "the shell is where the clock is read")]

mod archive;
mod ledger;
mod record;
mod store;
mod writer;

pub use archive::{Archive, Page, Wanted};
pub use record::{Handover, Record, Story};
pub use store::StoreError;
pub use writer::{Records, Retention, Settings};
