//! Situations in a simulated world: a whole switch, whole phones, and a network and a clock that the test rules. One situation a file.
//!
//! `SEED=17 cargo test --test world NAME` plays a situation with another run of chance; `LADDER=100000` shows more of the
//! messages when it fails.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::iter_over_hash_type,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, needs a time to start from, and looks only at what it is about"
)]

mod sim;

mod attended_transfer;
mod basic_call;
mod busy;
mod bye_after_refer;
mod caller_leaves;
mod cancel;
mod codecs;
mod cold_transfer;
mod foreign;
mod forking;
mod hold;
mod loss;
mod lost_peer;
mod no_answer;
mod programs;
mod queue;
mod random_walk;
mod register;
mod replaces;
mod roles;
mod room;
mod secret;
mod star_codes;
mod transfer_fails;
mod transfer_of_held;
mod transfer_to_room;
