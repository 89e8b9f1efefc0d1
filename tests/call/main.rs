//! The call machine alone: one situation a test, played by made-up phones on a virtual clock.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    unreachable_pub,
    missing_docs,
    reason = "a test may fail, and its helpers are read by tests alone"
)]

mod attended;
mod basic;
mod codes;
mod cold;
mod flow;
mod handover;
mod hold;
mod program;
mod room;
mod walk;
mod world;
