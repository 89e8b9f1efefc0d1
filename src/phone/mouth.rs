//! What a line says: a tone of the phone's own, and digits.

use crate::media::{
    audio::{
        codec::Coder,
        frame::{FRAME, Rate, TICK},
        oscillator::Oscillator,
        tone::DigitTone,
    },
    rtp::{
        digits::{Dialler, Dialling},
        packet::Packet,
    },
    sdp::{Codec, Session},
};
use std::time::Instant;

/// How loud the first line of a phone speaks: -6 dB of full scale. Each further line is 6 dB less loud, so that two lines of one
/// phone that meet in a call cannot cancel each other.
const FIRST_SHIFT: u32 = 1;
/// How long a digit is pressed, ms.
const DIGIT_MS: u16 = 100;

/// One RTP stream of ours.
#[derive(Debug)]
pub(super) struct Mouth {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// That of the digit that is being dialled.
    digit_timestamp: u32,
    tone: Oscillator,
    shift: u32,
    dialler: Dialler,
    digit_tone: Option<DigitTone>,
    /// Of the codec that it spoke last.
    coder: Coder,
    next: Instant,
    /// Nothing was said in the tick before.
    paused: bool,
}

impl Mouth {
    /// Begins to speak at `now`. `line`: which of the phone's lines it is.
    pub(super) fn new(tone_hz: u16, line: usize, ssrc: u32, now: Instant) -> Self {
        Self {
            ssrc,
            sequence: ssrc as u16,
            timestamp: ssrc.rotate_left(16),
            digit_timestamp: 0,
            tone: Oscillator::new(u32::from(tone_hz), Rate::NARROW),
            shift: FIRST_SHIFT + u32::try_from(line).unwrap_or(0).min(3),
            dialler: Dialler::default(),
            digit_tone: None,
            coder: Coder::new(Codec::Pcmu),
            next: now,
            paused: true,
        }
    }

    /// Digits to be dialled before it speaks on.
    pub(super) fn dial(&mut self, digits: &str) {
        for digit in digits.chars() {
            self.dialler.dial(digit, DIGIT_MS);
        }
    }

    /// It may not speak: what is left to be dialled is dropped.
    pub(super) fn hush(&mut self) {
        if self.dialler.is_busy() {
            self.dialler = Dialler::default();
        }
    }

    /// When the next 20 ms are due; `None` for one who is silent and dials nothing.
    pub(super) fn next(&self, silent: bool) -> Option<Instant> {
        (!silent || self.dialler.is_busy()).then_some(self.next)
    }

    /// The packets of the ticks that are due.
    pub(super) fn speak(&mut self, session: &Session, silent: bool, now: Instant) -> Vec<Vec<u8>> {
        if self.coder.codec() != session.codec {
            self.coder = Coder::of(session, Rate::NARROW);
        }
        let step = self.coder.clock().frame() as u32;
        self.catch_up(step, now);
        let mut packets = Vec::new();
        while self.next <= now {
            self.next += TICK;
            self.tick(session, silent, &mut packets);
            self.timestamp = self.timestamp.wrapping_add(step);
        }
        packets
    }

    /// After a pause it goes on where the clock is, not where it stopped.
    fn catch_up(&mut self, step: u32, now: Instant) {
        let missed = (now.saturating_duration_since(self.next).as_millis() / TICK.as_millis()) as u32;
        if missed > 3 {
            self.next += TICK * missed;
            self.timestamp = self.timestamp.wrapping_add(missed.wrapping_mul(step));
            self.paused = true;
        }
    }

    fn tick(&mut self, session: &Session, silent: bool, packets: &mut Vec<Vec<u8>>) {
        let digits = session.digits_payload_type.filter(|_| session.direction.sends() && session.sends_events());
        if digits.is_none() && self.dialler.is_busy() && session.direction.sends() {
            return packets.push(self.sing(session));
        }
        let dialling = digits.map_or(Dialling::Idle, |_| self.dialler.tick(session.digits_clock));
        match (dialling, digits) {
            (Dialling::Digit { report, first, times, .. }, Some(payload_type)) => {
                if first {
                    self.digit_timestamp = self.timestamp;
                }
                for _ in 0..times {
                    let packet = self.packet(first, payload_type, self.digit_timestamp, &report.write());
                    packets.push(packet);
                }
            }
            (Dialling::Idle, _) if session.direction.sends() && !silent => {
                let sound: Vec<i16> = (0..FRAME).map(|_| (self.tone.next() >> self.shift) as i16).collect();
                let mut payload = Vec::with_capacity(FRAME);
                self.coder.encode(&sound, &mut payload);
                let packet = self.packet(self.paused, session.payload_type, self.timestamp, &payload);
                self.paused = false;
                packets.push(packet);
            }
            (Dialling::Idle | Dialling::Pause | Dialling::Digit { .. }, _) => self.paused = true,
        }
    }

    /// 20 ms of a digit as sound, or of the pause after it.
    fn sing(&mut self, session: &Session) -> Vec<u8> {
        let (mut sound, mut payload) = ([0; FRAME], Vec::with_capacity(FRAME));
        if let Some((digit, left)) = self.dialler.sounding() {
            let begins = left == Some(DIGIT_MS.into());
            if begins {
                self.digit_tone = DigitTone::new(digit, Rate::NARROW);
            }
            if let Some(tone) = &mut self.digit_tone {
                tone.fill(&mut sound, left.map_or(FRAME, |ms| Rate::NARROW.samples(ms)));
            }
        }
        self.dialler.tick(Rate::NARROW);
        self.coder.encode(&sound, &mut payload);
        let packet = self.packet(self.paused, session.payload_type, self.timestamp, &payload);
        self.paused = false;
        packet
    }

    fn packet(&mut self, marker: bool, payload_type: u8, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let packet = Packet { marker, payload_type, sequence: self.sequence, timestamp, ssrc: self.ssrc, payload };
        self.sequence = self.sequence.wrapping_add(1);
        let mut bytes = Vec::with_capacity(12 + payload.len());
        packet.write(&mut bytes);
        bytes
    }
}
