//! Packets on their way to the sockets, in one buffer that is used again and again.

use super::{
    Transmit,
    rtp::packet::{HEADER, Packet},
};
use crate::ids::LegId;
use std::{collections::VecDeque, net::SocketAddr, ops::Range};

/// Octets that may wait: nobody who takes his packets ever has more. What is beyond is dropped.
const ROOM: usize = 16 << 20;

/// Written by the mixer, read by the shell.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    queue: VecDeque<Item>,
}

#[derive(Debug)]
struct Item {
    leg: LegId,
    report: bool,
    to: SocketAddr,
    range: Range<usize>,
}

impl Outbox {
    /// An RTP packet.
    #[inline]
    pub(super) fn send(&mut self, leg: LegId, to: SocketAddr, packet: &Packet<'_>) {
        self.write(leg, false, to, |bytes| packet.write(bytes));
    }

    /// An RTP packet whose payload is appended by `write`; where that came to lie, for as long as packets wait.
    #[inline]
    pub(super) fn send_with(
        &mut self,
        leg: LegId,
        to: SocketAddr,
        packet: &Packet<'_>,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Range<usize> {
        let range = self.write(leg, false, to, |bytes| {
            packet.write(bytes);
            write(bytes);
        });
        (range.start + HEADER).min(range.end)..range.end
    }

    /// An RTP packet with a payload that lies here already.
    #[inline]
    pub(super) fn send_again(&mut self, leg: LegId, to: SocketAddr, packet: &Packet<'_>, payload: Range<usize>) {
        self.write(leg, false, to, |bytes| {
            packet.write(bytes);
            bytes.extend_from_within(payload);
        });
    }

    /// A packet that `write` appends; where it came to lie.
    #[inline]
    pub(super) fn write(
        &mut self,
        leg: LegId,
        report: bool,
        to: SocketAddr,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Range<usize> {
        if self.queue.is_empty() {
            self.bytes.clear();
        }
        let start = self.bytes.len();
        if start > ROOM {
            return start..start;
        }
        write(&mut self.bytes);
        let range = start..self.bytes.len();
        self.queue.push_back(Item { leg, report, to, range: range.clone() });
        range
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<Transmit<'_>> {
        let Item { leg, report, to, range } = self.queue.pop_front()?;
        Some(Transmit { leg, report, to, payload: &self.bytes[range] })
    }
}
