//! RTP: what becomes of packets before there is sound, and after (RFC 3550, RFC 3551, RFC 4733).
//!
//! [`packet`] reads and writes, [`sequence`] judges a source, [`jitter`] turns what comes irregularly into a frame a tick,
//! [`digits`] reads and makes telephone-events, [`mod@line`] is our own unbroken stream towards a leg, [`report`] is RTCP.

mod delay;
pub mod digits;
pub mod jitter;
pub mod line;
pub(in crate::media) mod mos;
pub mod packet;
pub mod report;
mod ring;
pub mod sequence;
