//! Symmetric RTP (RFC 4961) with a lock: we send to where a leg's packets come from, and nobody else's packets count.

use super::rtp::packet::Packet;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// So many packets in sequence make a source valid (RFC 3550 A.1); the address that signalling named is trusted at once.
const PROBATION: u8 = 3;
/// After this silence of the locked source another of the same host may take its place: a NAT gave it another port.
const DESERTED: Duration = Duration::from_secs(2);
/// After this, its own address may begin with another SSRC: the phone behind it changed its mind.
const CHANGED: Duration = Duration::from_millis(100);
/// Strangers who are watched at once. They are, only while one of them may be taken.
const CANDIDATES: usize = 32;

/// Whom a leg's packets come from.
#[derive(Debug)]
pub(super) struct Lock {
    signalled: SocketAddr,
    locked: Option<Locked>,
    /// Who was locked when a stranger was taken: if it still sends, the stranger is a thief.
    robbed: Option<SocketAddr>,
    /// A new agreement: whoever is valid first is taken.
    is_open: bool,
    /// One an address, so that nobody pushes the others out by changing his SSRC.
    candidates: Vec<Candidate>,
    next_place: usize,
}

#[derive(Debug)]
struct Locked {
    address: SocketAddr,
    ssrc: u32,
    heard: Instant,
}

#[derive(Debug)]
struct Candidate {
    address: SocketAddr,
    ssrc: u32,
    expected: u16,
    in_sequence: u8,
}

/// What a packet's sender is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// The one we know.
    Known,
    /// The one we know from now on.
    Taken,
    /// Nobody.
    Stranger,
}

impl Lock {
    /// Open, for a peer that said where it will be.
    pub(super) fn new(signalled: SocketAddr) -> Self {
        Self { signalled, locked: None, robbed: None, is_open: true, candidates: Vec::new(), next_place: 0 }
    }

    /// A new agreement. The source that was locked keeps being sent to, unless signalling now names another place.
    pub(super) fn open(&mut self, signalled: SocketAddr) {
        if signalled != self.signalled {
            (self.locked, self.robbed) = (None, None);
        }
        self.signalled = signalled;
        self.is_open = true;
        self.candidates = Vec::new();
    }

    /// Where to send.
    pub(super) fn remote(&self) -> SocketAddr {
        self.locked.as_ref().map_or(self.signalled, |locked| locked.address)
    }

    /// Whose packets count.
    pub(super) fn ssrc(&self) -> Option<u32> {
        self.locked.as_ref().map(|locked| locked.ssrc)
    }

    /// Who sends this packet of a payload type that was agreed on.
    pub(super) fn judge(&mut self, packet: &Packet<'_>, from: SocketAddr, now: Instant) -> Sender {
        if let Some(locked) = &mut self.locked
            && (locked.address, locked.ssrc) == (from, packet.ssrc)
        {
            locked.heard = now;
            self.is_open = false;
            return Sender::Known;
        }
        let Some(needed) = self.needed(from, now) else { return Sender::Stranger };
        if needed > 1 && self.observe(packet, from) < needed {
            return Sender::Stranger;
        }
        let before = self.locked.replace(Locked { address: from, ssrc: packet.ssrc, heard: now });
        self.robbed = match before {
            Some(before) if before.address != from && !self.is_peer(from) => Some(before.address),
            Some(before) if before.address == from => self.robbed,
            Some(_) | None => None,
        };
        self.is_open = false;
        self.candidates = Vec::new();
        Sender::Taken
    }

    /// How many packets in sequence a newcomer needs to be taken; `None`: it is not.
    fn needed(&self, from: SocketAddr, now: Instant) -> Option<u8> {
        let Some(locked) = &self.locked else { return Some(if from == self.signalled { 1 } else { PROBATION }) };
        let silent = now.saturating_duration_since(locked.heard);
        let same_place = from == locked.address;
        if self.is_open && (from == self.signalled || same_place) {
            return Some(1);
        }
        let same_host = from.ip() == locked.address.ip() || from.ip() == self.signalled.ip();
        let takes = self.is_open
            || self.is_peer(from) && !same_place
            || same_place && silent >= CHANGED
            || same_host && silent >= DESERTED;
        takes.then_some(PROBATION)
    }

    /// Whether an address has more right to be locked than others: signalling named it, or it was locked before it was robbed.
    fn is_peer(&self, from: SocketAddr) -> bool {
        from == self.signalled || self.robbed == Some(from)
    }

    fn observe(&mut self, packet: &Packet<'_>, from: SocketAddr) -> u8 {
        let expected = packet.sequence.wrapping_add(1);
        if let Some(candidate) = self.candidates.iter_mut().find(|candidate| candidate.address == from) {
            let follows = (candidate.ssrc, candidate.expected) == (packet.ssrc, packet.sequence);
            candidate.in_sequence = if follows { (candidate.in_sequence + 1).min(PROBATION) } else { 1 };
            (candidate.ssrc, candidate.expected) = (packet.ssrc, expected);
            return candidate.in_sequence;
        }
        let candidate = Candidate { address: from, ssrc: packet.ssrc, expected, in_sequence: 1 };
        if self.candidates.len() < CANDIDATES {
            self.candidates.push(candidate);
        } else {
            self.candidates[self.next_place] = candidate;
            self.next_place = (self.next_place + 1) % CANDIDATES;
        }
        1
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]
mod tests {
    use super::*;

    fn at(host: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, host], 4000))
    }

    fn packet(ssrc: u32, sequence: u16) -> Packet<'static> {
        Packet { marker: false, payload_type: 0, sequence, timestamp: 0, ssrc, payload: &[] }
    }

    fn senders(lock: &mut Lock, ssrc: u32, host: u8, sequences: std::ops::Range<u16>, now: Instant) -> Vec<Sender> {
        sequences.map(|sequence| lock.judge(&packet(ssrc, sequence), at(host), now)).collect()
    }

    use Sender::{Known, Stranger, Taken};

    #[test]
    fn the_signalled_address_is_taken_at_once_and_another_after_three_in_sequence() {
        let now = Instant::now();
        let mut lock = Lock::new(at(1));
        assert_eq!(senders(&mut lock, 7, 1, 0..2, now), [Taken, Known]);
        let mut lock = Lock::new(at(1));
        assert_eq!(lock.judge(&packet(7, 9), at(2), now), Stranger);
        assert_eq!(senders(&mut lock, 7, 2, 0..4, now), [Stranger, Stranger, Taken, Known]);
        assert_eq!(lock.remote(), at(2));
    }

    #[test]
    fn nobody_steals_a_stream_that_flows() {
        let now = Instant::now();
        let mut lock = Lock::new(at(1));
        senders(&mut lock, 7, 1, 0..1, now);
        for ms in 1..100_u16 {
            let now = now + Duration::from_millis(u64::from(ms) * 20);
            assert_eq!(lock.judge(&packet(7, ms), at(1), now), Known);
            assert_eq!(senders(&mut lock, 7, 3, 0..5, now), [Stranger; 5]);
            assert_eq!(senders(&mut lock, 8, 1, 0..5, now), [Stranger; 5]);
        }
        assert_eq!(lock.remote(), at(1));
    }

    fn at_port(host: u8, port: u16) -> SocketAddr {
        SocketAddr::new(at(host).ip(), port)
    }

    fn last(lock: &mut Lock, from: SocketAddr, sequences: std::ops::Range<u16>, now: Instant) -> Sender {
        sequences.map(|sequence| lock.judge(&packet(8, sequence), from, now)).last().unwrap()
    }

    #[test]
    fn a_deserted_stream_may_be_taken_over_by_its_own_host_and_by_nobody_else() {
        let now = Instant::now();
        let mut lock = Lock::new(at(1));
        senders(&mut lock, 7, 2, 0..3, now);
        for silence in [DESERTED / 2, DESERTED - Duration::from_millis(1)] {
            assert_eq!(last(&mut lock, at_port(2, 5000), 0..9, now + silence), Stranger);
        }
        assert_eq!(last(&mut lock, at(3), 0..9, now + DESERTED * 100), Stranger, "it only mutes its phone");
        assert_eq!(last(&mut lock, at_port(2, 5000), 9..12, now + DESERTED), Taken);
        assert_eq!(last(&mut lock, at_port(1, 5000), 0..3, now + DESERTED * 2), Taken);
    }

    #[test]
    fn who_was_robbed_gets_its_stream_back_and_the_thief_does_not() {
        let now = Instant::now();
        // Behind a NAT: signalling named an address that nobody has.
        let mut lock = Lock::new(at(1));
        senders(&mut lock, 7, 2, 0..3, now);
        lock.open(at(1));
        assert_eq!(senders(&mut lock, 66, 3, 0..4, now), [Stranger, Stranger, Taken, Known]);
        assert_eq!(senders(&mut lock, 7, 2, 3..7, now), [Stranger, Stranger, Taken, Known]);
        assert_eq!(senders(&mut lock, 66, 3, 4..20, now), [Stranger; 16]);
        assert_eq!(lock.remote(), at(2));
    }

    #[test]
    fn a_flood_of_others_does_not_keep_a_newcomer_out() {
        let now = Instant::now();
        let mut lock = Lock::new(at(1));
        for sequence in 0..3 {
            for noise in 0..1000_u32 {
                assert_eq!(lock.judge(&packet(noise, noise as u16 * 7), at(66), now), Stranger);
            }
            for host in 100..130 {
                assert_eq!(lock.judge(&packet(5, sequence * 9), at(host), now), Stranger);
            }
            let taken = lock.judge(&packet(7, sequence), at(2), now);
            assert_eq!(taken, if sequence == 2 { Taken } else { Stranger });
        }
    }

    #[test]
    fn a_phone_may_change_its_ssrc_when_the_old_one_is_gone() {
        let now = Instant::now();
        let mut lock = Lock::new(at(1));
        senders(&mut lock, 7, 1, 0..1, now);
        assert_eq!(senders(&mut lock, 8, 1, 0..3, now + CHANGED), [Stranger, Stranger, Taken]);
    }

    #[test]
    fn a_new_agreement_opens_the_lock_and_keeps_sending_where_it_worked() {
        let now = Instant::now();
        let mut lock = Lock::new(at(1));
        senders(&mut lock, 7, 2, 0..3, now);
        lock.open(at(1));
        assert_eq!(lock.remote(), at(2));
        assert_eq!(senders(&mut lock, 9, 2, 0..1, now), [Taken]);
        lock.open(at(5));
        assert_eq!(lock.remote(), at(5));
    }

    #[test]
    fn two_who_talk_at_once_before_the_lock_do_not_keep_each_other_out() {
        let now = Instant::now();
        let mut lock = Lock::new(at(1));
        for sequence in 0..2 {
            assert_eq!(lock.judge(&packet(7, sequence), at(2), now), Stranger);
            assert_eq!(lock.judge(&packet(8, sequence), at(3), now), Stranger);
        }
        assert_eq!(lock.judge(&packet(7, 2), at(2), now), Taken);
    }
}
