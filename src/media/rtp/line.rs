//! Our stream towards a leg: one SSRC, sequence numbers without a hole of ours, timestamps that go with the clock, whatever
//! happens behind it.

use super::packet::Packet;
use crate::media::{audio::frame::Rate, phase::Shift};
use std::time::{Duration, Instant};

/// After a pause of this long the next packet begins a talkspurt: marker (RFC 3551 4.1).
const PAUSE: Duration = Duration::from_millis(100);
/// How far the timestamps may stay behind the clock, ms, before they are set right; and before they are where nothing goes on.
const BEHIND_MS: u32 = 50;
const BEHIND_IN_SILENCE_MS: u32 = 20;

/// One unbroken stream.
#[derive(Clone, Debug)]
pub struct Line {
    ssrc: u32,
    sequence: u16,
    /// The clock: which timestamp belongs to which time.
    epoch: Option<Instant>,
    epoch_timestamp: i64,
    /// Where the next packet's sound would join the last one's.
    next: i64,
    /// The last packet.
    last_at: Option<Instant>,
    rate: Rate,
    packets: u64,
    octets: u64,
}

/// What makes one packet of a line out of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// For the packet.
    pub timestamp: i64,
    /// For the packet.
    pub marker: bool,
}

impl Line {
    /// Nothing sent yet. SSRC, first sequence number and timestamp are random (RFC 3550 5.1).
    pub fn new(ssrc: u32, sequence: u16, timestamp: u32, rate: Rate) -> Self {
        let first = (1 << 32) + i64::from(timestamp);
        Self {
            ssrc,
            sequence,
            epoch: None,
            epoch_timestamp: first,
            next: first,
            last_at: None,
            rate,
            packets: 0,
            octets: 0,
        }
    }

    /// Ticks a second of the timestamps.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Another clock from now on: the numbers go on where they are, the time that a packet takes is counted anew
    /// (RFC 7160 4.2: one SSRC may have several clocks, one after the other).
    pub fn set_rate(&mut self, rate: Rate, now: Instant) {
        if rate == self.rate {
            return;
        }
        let clock = self.clock(now);
        if self.epoch.is_some() {
            self.epoch = Some(now);
        }
        self.epoch_timestamp = clock;
        self.next = clock + (self.next - clock) * i64::from(rate.0) / i64::from(self.rate.0);
        self.rate = rate;
    }

    /// Ours, towards this leg.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// RTP packets sent.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Octets of payload sent.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// When the last packet was sent.
    pub fn last_at(&self) -> Option<Instant> {
        self.last_at
    }

    /// The timestamp that belongs to `now`.
    pub fn clock(&self, now: Instant) -> i64 {
        let Some(epoch) = self.epoch else { return self.epoch_timestamp };
        match now.checked_duration_since(epoch) {
            Some(after) => self.epoch_timestamp + self.rate.samples_in(after) as i64,
            None => self.epoch_timestamp - self.rate.samples_in(epoch - now) as i64,
        }
    }

    /// The place of sound that begins at `now`: joins what was sent before if that is near enough to the clock, after it
    /// otherwise. `None`: it is more than `ahead_ms` ahead of the clock, so much was sent already, and has to be left out.
    pub fn slot(&mut self, now: Instant, ahead_ms: u32) -> Option<Slot> {
        self.place(now, ahead_ms, BEHIND_MS)
    }

    /// The same where what was sent before has ended in silence: a hole is not heard, and the line comes back to the clock.
    pub fn slot_in_silence(&mut self, now: Instant, ahead_ms: u32) -> Option<Slot> {
        self.place(now, ahead_ms, BEHIND_IN_SILENCE_MS)
    }

    fn place(&mut self, now: Instant, ahead_ms: u32, behind_ms: u32) -> Option<Slot> {
        if self.epoch.is_none() {
            self.epoch = Some(now);
        }
        let ahead = self.next - self.clock(now);
        if ahead > self.rate.samples(ahead_ms) as i64 {
            return None;
        }
        let behind = ahead < -(self.rate.samples(behind_ms) as i64);
        let timestamp = if behind { self.clock(now) } else { self.next };
        let marker = self.last_at.is_none_or(|last| now.saturating_duration_since(last) > PAUSE);
        Some(Slot { timestamp, marker })
    }

    /// Where something begins that may not be left out.
    pub fn next_timestamp(&mut self, now: Instant) -> i64 {
        self.epoch.get_or_insert(now);
        self.next.max(self.clock(now))
    }

    /// Payload that was not there yet when its packet was made.
    pub fn add_octets(&mut self, octets: usize) {
        self.octets += octets as u64;
    }

    /// A packet in a slot, `skipped` sequence numbers on (those lost on the way to us). `duration`: ticks of sound in it.
    pub fn packet<'a>(
        &mut self,
        slot: Slot,
        skipped: u16,
        payload_type: u8,
        payload: &'a [u8],
        duration: u32,
        now: Instant,
    ) -> Packet<'a> {
        let sequence = self.sequence.wrapping_add(skipped);
        self.sequence = sequence.wrapping_add(1);
        self.next = self.next.max(slot.timestamp + i64::from(duration));
        self.account(payload.len(), now);
        self.at(sequence, slot, payload_type, payload)
    }

    /// A packet that belongs before the last one: relayed as late as it came. `behind`: how many numbers before the next.
    pub fn late_packet<'a>(
        &mut self,
        slot: Slot,
        behind: u16,
        payload_type: u8,
        payload: &'a [u8],
        now: Instant,
    ) -> Packet<'a> {
        self.account(payload.len(), now);
        self.at(self.sequence.wrapping_sub(behind), slot, payload_type, payload)
    }

    fn at<'a>(&self, sequence: u16, slot: Slot, payload_type: u8, payload: &'a [u8]) -> Packet<'a> {
        let timestamp = slot.timestamp as u32;
        Packet { marker: slot.marker, payload_type, sequence, timestamp, ssrc: self.ssrc, payload }
    }

    fn account(&mut self, octets: usize, now: Instant) {
        self.last_at = Some(now);
        self.packets += 1;
        self.octets += octets as u64;
    }

    /// From now on packets are sent so much earlier or later than until now, and are neither ahead of the clock nor behind for that.
    pub(in crate::media) fn shift(&mut self, shift: Shift) {
        let moved = match shift {
            Shift::Earlier(by) => self.rate.samples_in(by) as i64,
            Shift::Later(by) => -(self.rate.samples_in(by) as i64),
        };
        self.epoch_timestamp += self.epoch.map_or(0, |_| moved);
    }

    /// The clock follows a relayed peer's: `drift` ticks more (or less) have passed.
    pub fn follow(&mut self, drift: i64) {
        self.epoch_timestamp += drift;
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_millis(20);

    fn send(line: &mut Line, now: Instant) -> Option<(u16, u32, bool)> {
        let slot = line.slot(now, 20)?;
        let packet = line.packet(slot, 0, 0, &[0; 160], 160, now);
        Some((packet.sequence, packet.timestamp, packet.marker))
    }

    #[test]
    fn every_packet_joins_the_one_before() {
        let (mut line, start) = (Line::new(1, 0xFFFF, 0xFFFF_FFFF, Rate::NARROW), Instant::now());
        assert_eq!(send(&mut line, start), Some((0xFFFF, 0xFFFF_FFFF, true)));
        assert_eq!(send(&mut line, start + TICK + Duration::from_millis(7)), Some((0, 159, false)));
        assert_eq!(send(&mut line, start + TICK * 2), Some((1, 319, false)));
    }

    #[test]
    fn after_a_pause_the_timestamp_is_that_of_the_clock() {
        let (mut line, start) = (Line::new(1, 0, 0, Rate::NARROW), Instant::now());
        send(&mut line, start);
        assert_eq!(send(&mut line, start + Duration::from_secs(1)), Some((1, 8000, true)));
    }

    #[test]
    fn nobody_runs_ahead_of_the_clock() {
        let (mut line, start) = (Line::new(1, 0, 0, Rate::NARROW), Instant::now());
        assert_eq!(send(&mut line, start).map(|sent| sent.1), Some(0));
        assert_eq!(send(&mut line, start).map(|sent| sent.1), Some(160));
        assert_eq!(send(&mut line, start), None);
        assert_eq!(send(&mut line, start + TICK).map(|sent| (sent.0, sent.1)), Some((2, 320)));
    }

    #[test]
    fn another_clock_goes_on_from_where_the_numbers_are() {
        let (mut line, start) = (Line::new(1, 0, 0, Rate::NARROW), Instant::now());
        assert_eq!(send(&mut line, start).map(|sent| sent.1), Some(0));
        line.set_rate(Rate::FULL, start + TICK);
        let slot = line.slot(start + TICK, 20).expect("it is not ahead");
        assert_eq!((slot.timestamp, slot.marker), ((1 << 32) + 160, false));
        line.packet(slot, 0, 111, &[0; 60], 960, start + TICK);
        assert_eq!(line.slot(start + TICK * 2, 20).map(|slot| slot.timestamp), Some((1 << 32) + 160 + 960));
        assert_eq!(line.clock(start + TICK * 2), (1 << 32) + 160 + 960);
    }

    #[test]
    fn a_hundred_hours_do_not_wear_it_out() {
        let (mut line, start) = (Line::new(1, 0, 5, Rate::NARROW), Instant::now());
        send(&mut line, start);
        let later = start + Duration::from_secs(360_000);
        let expected = (5 + 360_000_u64 * 8000) as u32;
        assert_eq!(send(&mut line, later).map(|sent| sent.1), Some(expected));
    }
}
