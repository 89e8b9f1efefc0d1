//! The API from outside, on real sockets: who may come in, what is refused and how, events, webhooks, TLS.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail, and these run on the real clock")]

mod door;
mod events;
mod house;
mod renew;
mod tls;
mod webhooks;
