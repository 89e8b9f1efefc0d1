//! What a line hears: kept by the place that each packet claims, judged by tone.

use crate::media::{
    audio::{codec::Coder, frame::Rate, goertzel},
    rtp::packet::Packet,
    sdp::Codec,
};
use std::time::{Duration, Instant};

/// Samples a second of everything that is heard.
pub const RATE: Rate = Rate::NARROW;
/// How much of the last sound is judged.
const WINDOW: Duration = Duration::from_millis(200);
/// A tone louder than this is heard, dB of full scale. Phones speak at -6 to -24.
const AUDIBLE: f64 = -36.0;
/// Sound that is kept at most: 10 minutes.
const KEPT: usize = 8000 * 600;
/// A timestamp further off than this (in samples: 60 s) is a jump, not a pause.
const JUMP: i64 = 8000 * 60;

/// The sound of one line since it began.
#[derive(Debug, Default)]
pub struct Ear {
    /// Of the codec that came last.
    coder: Option<Coder>,
    sound: Vec<i16>,
    /// Where in `sound` the newest packet ends.
    end: usize,
    stream: Option<Stream>,
    last: Option<Instant>,
    packets: u64,
    breaks: u32,
}

/// The RTP stream that comes in.
#[derive(Clone, Copy, Debug)]
struct Stream {
    ssrc: u32,
    /// The timestamp that `end` belongs to.
    timestamp: u32,
}

impl Ear {
    /// A packet came.
    pub(super) fn hear(&mut self, packet: &Packet<'_>, codec: Codec, now: Instant) {
        let coder = match &mut self.coder {
            Some(coder) if coder.codec() == codec => coder,
            other => other.insert(Coder::at(codec, RATE)),
        };
        let clock = coder.clock().0;
        let stream = self.stream.unwrap_or(Stream { ssrc: packet.ssrc, timestamp: packet.timestamp });
        let ahead = i64::from(packet.timestamp.wrapping_sub(stream.timestamp).cast_signed());
        let mut ahead = ahead * i64::from(RATE.0) / i64::from(clock);
        if stream.ssrc != packet.ssrc || !(-JUMP..=JUMP).contains(&ahead) {
            self.breaks += 1;
            ahead = 0;
        }
        let mut samples = Vec::with_capacity(packet.payload.len());
        coder.decode(packet.payload, &mut samples);
        let duration = coder.duration(packet.payload);
        self.last = Some(now);
        self.packets += 1;
        let Some(begin) = self.end.checked_add_signed(ahead as isize) else { return };
        let end = begin + samples.len();
        if end > KEPT {
            self.forget_half();
            return self.hear(packet, codec, now);
        }
        if self.sound.len() < end {
            self.sound.resize(end, 0);
        }
        self.sound[begin..end].copy_from_slice(&samples);
        if ahead >= 0 || self.stream.is_none() {
            self.end = end;
            let timestamp = packet.timestamp.wrapping_add(duration);
            self.stream = Some(Stream { ssrc: packet.ssrc, timestamp });
        }
    }

    /// How loud a frequency is at the moment, dB of full scale; very little if nothing comes in.
    pub fn level(&self, frequency_hz: u16, now: Instant) -> f64 {
        goertzel::level(self.window(now), f64::from(frequency_hz), RATE)
    }

    /// Whether a tone is heard at the moment.
    pub fn hears(&self, frequency_hz: u16, now: Instant) -> bool {
        self.level(frequency_hz, now) > AUDIBLE
    }

    /// How loud everything is at the moment, dB of full scale.
    pub fn loudness(&self, now: Instant) -> f64 {
        goertzel::loudness(self.window(now))
    }

    /// All that was heard, 8000 samples a second; silence where nothing came.
    pub fn sound(&self) -> &[i16] {
        &self.sound[..self.end]
    }

    /// Packets heard.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// How often the stream changed its SSRC or jumped in time: 0 where it is one unbroken line.
    pub fn breaks(&self) -> u32 {
        self.breaks
    }

    /// The last sound, if it is not over.
    fn window(&self, now: Instant) -> &[i16] {
        let fresh = self.last.is_some_and(|last| now.saturating_duration_since(last) < WINDOW);
        let begin = self.end.saturating_sub(RATE.samples_in(WINDOW) as usize);
        if fresh { &self.sound[begin..self.end] } else { &[] }
    }

    fn forget_half(&mut self) {
        self.sound.drain(..self.end / 2);
        self.end -= self.end / 2;
        if self.end > KEPT / 2 + JUMP as usize {
            (self.end, self.stream) = (0, None);
            self.sound.clear();
        }
    }
}
