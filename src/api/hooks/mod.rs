//! Webhooks: what happens, sent to whoever wants to know.
//!
//! A [`Hook`] has a task that reads the news at its own pace and deals them to lanes, a call always to the same one, so that what
//! happens in a call arrives in order and a call does not wait for another. A lane sends one after the other (`delivery`), again and
//! again with growing pauses; what cannot be delivered goes to the dead letters (`dead`). A hook that is too slow reads too slowly, and
//! misses what the hub keeps no more: nobody waits for it.

mod dead;
mod delivery;
mod hook;
mod shelf;

pub(super) use dead::DeadLetter;
pub(super) use delivery::signature;
pub(super) use hook::{Hook, HookId, Hooks};
