//! The program as it is started, on real sockets: settings, call records, what operators look at.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail, and these run on the real clock")]

mod cli;
mod flow;
mod looking;
mod records;
mod reload;
mod switch;
