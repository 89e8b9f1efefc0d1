//! The API for programs: REST and live events under `/v1`, webhooks, OpenAPI.
//!
//! [`Api`] is the running one, on threads of its own. A handler reads a request, puts one wish on [`crate::control::Desk`] and
//! writes the answer: what may be done and what becomes of it is the calls' business. `listener`, `tls` and `limits` are the way in,
//! `auth` and `tokens` say who it is, `json`, `problem` and `idempotency` are what all handlers share, `audit` is the log's line for
//! each command; then one file a noun.

#![allow(clippy::disallowed_methods, reason = "the API is a shell: it reads the clock and waits for the network")]

mod audit;
mod auth;
mod callers;
mod calls;
mod conferences;
mod digits;
mod docs;
mod download;
mod events;
mod extensions;
mod flow;
mod health;
mod hooks;
mod idempotency;
mod json;
mod legs;
mod limits;
mod listener;
mod metrics;
mod order;
mod problem;
mod queues;
mod recordings;
mod records;
mod reload;
mod rights;
mod router;
mod serve;
mod settings;
mod shape;
mod state;
mod tls;
mod tokens;
mod tools;
mod trace;
mod transfers;
mod trunks;
mod watch;
mod webhooks;

pub use auth::{Scope, hash};
pub use serve::{Api, Handle, StartError};
pub use settings::{FlowSettings, Key, Limits, Settings, TlsFiles, TokenSettings, WebhookSettings};
pub use tools::{Reload, Tools};
