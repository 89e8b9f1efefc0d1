//! The endpoint in situations: each test is one story, told by two endpoints or by one and a script, on a virtual clock.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]
#![allow(clippy::disallowed_methods, reason = "one starting point in time")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test names what it expects")]
#![allow(unreachable_pub, missing_docs, reason = "a test has no users")]

mod basic;
mod forks;
mod offers;
mod outside;
mod pair;
mod refer;
mod reliable;
mod script;
mod timers;
mod walk;
