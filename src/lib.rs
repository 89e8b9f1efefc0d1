//! Warmline: a SIP back-to-back user agent and softswitch that hands a live caller over, warm or cold.
//!
//! The rooms, from the bottom up; `tests/layers.rs` holds who may see whom:
//! - [`ids`] names things, [`deadlines`] knows who must be woken when;
//! - [`sip`] turns datagrams into what happened on a leg, and wishes for a leg into datagrams (pure);
//! - [`media`] turns the packets of a call's legs into what each of them hears (pure);
//! - [`destination`] is who can call and be reached, the words that the next two share (pure);
//! - [`call`] is one conversation: legs, hold, transfers, star codes (pure);
//! - [`switch`] knows who is registered, who may call and where a number leads (pure);
//! - [`exchange`] wires endpoint, switchboard and calls into one machine (pure);
//! - [`phone`] is a telephone made of the same parts, for the demo and the simulated world (pure);
//! - [`control`] is where programs that command and watch meet the signalling thread: orders, news;
//! - [`api`] is REST, events and webhooks for programs;
//! - [`records`] keeps call records in a file; [`metrics`] counts; [`trace`] draws what was said in a call;
//! - [`server`] is the shell: sockets, clock, threads, files;
//! - [`cli`] is a client of that API for the command line;
//! - [`config`] reads `config.toml`; [`demo`] plays a warm transfer over loopback.

pub mod api;
pub mod call;
pub mod cli;
pub mod config;
pub mod control;
pub mod deadlines;
pub mod demo;
pub mod destination;
pub mod exchange;
pub mod ids;
pub mod media;
pub mod metrics;
pub mod phone;
pub mod records;
pub mod server;
pub mod sip;
pub mod switch;
pub mod trace;
