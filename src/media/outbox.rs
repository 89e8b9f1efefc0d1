//! Packets on their way to the sockets, in one buffer that is used again and again.

use super::{
    Transmit,
    rtp::packet::{HEADER, Packet},
    srtp::Sealer,
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

/// Whom a packet is for.
pub(super) struct Addressee<'a> {
    pub(super) leg: LegId,
    pub(super) at: SocketAddr,
    /// It is to be made secret with this.
    pub(super) sealer: Option<&'a mut Sealer>,
}

impl Outbox {
    /// An RTP packet.
    #[inline]
    pub(super) fn send(&mut self, to: Addressee<'_>, packet: &Packet<'_>) {
        let Some(start) = self.begin() else { return };
        packet.write(&mut self.bytes);
        self.finish(to, start);
    }

    /// An RTP packet whose payload is appended by `write`; where that lies as it was written, for as long as packets wait.
    #[inline]
    pub(super) fn send_with(
        &mut self,
        to: Addressee<'_>,
        packet: &Packet<'_>,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Range<usize> {
        let Some(start) = self.begin() else { return 0..0 };
        if to.sealer.is_some() {
            // Others may want the payload as it is.
            write(&mut self.bytes);
            let payload = start..self.bytes.len();
            self.copy(to, packet, payload.clone());
            return payload;
        }
        packet.write(&mut self.bytes);
        write(&mut self.bytes);
        self.finish(to, start);
        start + HEADER..self.bytes.len()
    }

    /// An RTP packet with a payload that lies here already.
    #[inline]
    pub(super) fn send_again(&mut self, to: Addressee<'_>, packet: &Packet<'_>, payload: Range<usize>) {
        if self.begin().is_some() {
            self.copy(to, packet, payload);
        }
    }

    /// An RTCP packet that `write` appends. `apart`: it goes to a port of its own.
    pub(super) fn report(&mut self, to: Addressee<'_>, apart: bool, write: impl FnOnce(&mut Vec<u8>)) {
        let Some(start) = self.begin() else { return };
        write(&mut self.bytes);
        let Addressee { leg, at, sealer } = to;
        if let Some(sealer) = sealer {
            sealer.seal_report(&mut self.bytes, start);
        }
        self.queue.push_back(Item { leg, report: apart, to: at, range: start..self.bytes.len() });
    }

    /// Where the next packet begins; `None`: there is no room.
    #[inline]
    fn begin(&mut self) -> Option<usize> {
        if self.queue.is_empty() {
            self.bytes.clear();
        }
        let start = self.bytes.len();
        (start <= ROOM).then_some(start)
    }

    #[inline]
    fn copy(&mut self, to: Addressee<'_>, packet: &Packet<'_>, payload: Range<usize>) {
        let start = self.bytes.len();
        packet.write(&mut self.bytes);
        self.bytes.extend_from_within(payload);
        self.finish(to, start);
    }

    #[inline]
    fn finish(&mut self, to: Addressee<'_>, start: usize) {
        let Addressee { leg, at, sealer } = to;
        if let Some(sealer) = sealer {
            sealer.seal(&mut self.bytes, start);
        }
        self.queue.push_back(Item { leg, report: false, to: at, range: start..self.bytes.len() });
    }

    #[inline]
    pub(super) fn next(&mut self) -> Option<Transmit<'_>> {
        let Item { leg, report, to, range } = self.queue.pop_front()?;
        Some(Transmit { leg, report, to, payload: &self.bytes[range] })
    }
}
