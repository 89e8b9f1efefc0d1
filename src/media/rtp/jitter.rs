//! The jitter buffer: packets as they come in, one frame of sound a tick out.
//!
//! Packets wait in a ring by sequence number and are played by timestamp. The delay follows what the network does: it is the
//! measured peak of lateness, decaying, between [`MIN_DELAY_MS`] and [`MAX_DELAY_MS`]. It is corrected by a few ms at a time, in a
//! quiet place when one comes soon, with a join that cannot be heard; the same corrections make up for a peer whose clock drifts.

use super::{
    delay::Delay,
    ring::{Kind, Ring, SLOTS, Upcoming},
};
use crate::media::audio::{
    codec::Coder,
    extrapolate::extrapolate,
    fade,
    frame::{self, Rate},
    noise::Noise,
    plc::{BRIDGED_MS, Concealer},
    stretch,
};
use std::time::Duration;

pub use super::delay::{Came, Limits, MAX_DELAY_MS, MIN_DELAY_MS};

/// Longest payload that is taken: 20 ms of the widest codec without compression.
pub const MAX_PAYLOAD: usize = 1920;
/// The longest packet, ms (RFC 6716 3.2.5).
const LONGEST_MS: u32 = 120;
/// After so many frames without a packet the sender is thought to be silent, and its next packet begins anew.
const IDLE_AFTER: u32 = 10;
/// A correction waits so many frames for a quiet place: one without which packets come too late, less.
const PATIENCE: u32 = 25;
const URGENCY: u32 = 3;
/// A correction moves at most this much, ms.
const STEP_MS: u32 = 10;
/// Payloads after which an encoder is where the one was that made them.
const TOLD: usize = 2;
/// A packet to be played later than this is no part of what is being played, ms.
const TOO_EARLY_MS: u32 = 400;

/// What one leg says, smoothed. Inside, time is counted in samples, whatever the timestamps count.
#[derive(Debug)]
pub struct JitterBuffer {
    coder: Coder,
    /// Nothing was decoded yet.
    is_fresh: bool,
    rate: Rate,
    ring: Ring,
    /// Timestamp of the next sample to be played; `None` while nothing is.
    play: Option<i64>,
    /// Decoded and not yet played, from `taken` on.
    decoded: Vec<i16>,
    taken: usize,
    concealer: Concealer,
    /// Of a sender that says how quiet it is.
    noise: Option<Box<Noise>>,
    delay: Delay,
    limits: Limits,
    empty_frames: u32,
    /// What was heard last was played by other means, and nothing since then.
    resumes: bool,
    waited: u32,
    loudness: i32,
    late: u64,
    concealed_us: u64,
}

impl JitterBuffer {
    /// Empty, with the usual limits.
    pub fn new(coder: Coder) -> Self {
        Self::within(coder, Limits::default())
    }

    /// Empty, with these limits to the delay.
    pub fn within(coder: Coder, limits: Limits) -> Self {
        let rate = coder.rate();
        Self {
            ring: Ring::new(),
            play: None,
            decoded: Vec::new(),
            taken: 0,
            concealer: Concealer::new(rate),
            noise: None,
            delay: Delay::new(rate, limits),
            limits,
            empty_frames: 0,
            resumes: false,
            waited: 0,
            loudness: 0,
            late: 0,
            concealed_us: 0,
            coder,
            is_fresh: true,
            rate,
        }
    }

    /// Another codec: what waits is forgotten, and what was heard last fades.
    pub fn set_coder(&mut self, coder: Coder) {
        if coder.is_like(&self.coder) {
            return;
        }
        if (coder.rate(), coder.clock()) == (self.rate, self.clock()) {
            self.play = None;
            self.taken = self.decoded.len();
            self.coder = coder;
            self.is_fresh = true;
        } else {
            let (late, concealed_us) = (self.late, self.concealed_us);
            *self = Self { late, concealed_us, ..Self::within(coder, self.limits) };
        }
    }

    /// Ticks a second of the timestamps.
    pub fn clock(&self) -> Rate {
        self.coder.clock()
    }

    /// How long the sound of a payload is, in ticks of the timestamp.
    #[inline]
    pub fn duration(&self, payload: &[u8]) -> u32 {
        self.coder.duration(payload)
    }

    /// Packets that came too late to be played.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Sound that was made up for what was missing, ms.
    pub fn concealed_ms(&self) -> u64 {
        self.concealed_us / 1000
    }

    /// The delay that is aimed at, ms.
    pub fn target_ms(&self) -> u32 {
        self.delay.target_ms()
    }

    /// By how much earlier ticks would do for it, if anything comes.
    pub fn spare(&self) -> Option<Duration> {
        self.play.and_then(|_| self.delay.spare())
    }

    /// Whether there is anything to be played, or to fade.
    pub fn is_active(&self) -> bool {
        self.play.is_some() || !self.concealer.is_silent() || self.noise.as_ref().is_some_and(|noise| noise.sounds())
    }

    /// Forgets what waits; what comes next begins from silence.
    pub fn reset(&mut self) {
        self.play = None;
        self.taken = self.decoded.len();
        self.concealer.reset();
        self.noise = None;
        self.resumes = false;
    }

    /// Another source: its timestamps have nothing to do with those before.
    pub fn restart(&mut self) {
        self.play = None;
        self.taken = self.decoded.len();
        self.delay.forget_clock();
        self.ring.next = 0;
        if let Some(noise) = &mut self.noise {
            noise.end();
        }
    }

    /// How the sound that was heard last would go on for a frame.
    pub fn go_on(&self, sound: &mut [i16]) {
        let past = self.concealer.history();
        extrapolate(&past[past.len() - self.rate.frame()..], sound, self.rate);
    }

    /// The sound of a payload that is not played from here, as it would be.
    pub fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) {
        self.coder.decode(clipped(payload), sound);
    }

    /// Forgets what waits, but not how that would have changed the decoder, which goes on by other means.
    pub fn hand_over(&mut self) {
        while self.play.is_some() && self.ring.upcoming(i64::MAX) == Upcoming::Packet {
            self.decoded.clear();
            let Self { ring, coder, decoded, .. } = self;
            ring.take(|kind, payload| {
                if kind == Kind::Sound {
                    coder.decode(payload, decoded)
                }
            });
        }
        self.reset();
    }

    /// What comes next goes on where these payloads (the oldest first), played by other means, ended.
    /// `heard` is told what was in the last two.
    pub fn resume_after(&mut self, sequence: i64, payloads: &[Vec<u8>], mut heard: impl FnMut(&[i16])) {
        self.reset();
        self.ring.next = sequence + 1;
        self.is_fresh = false;
        for (at, payload) in payloads.iter().enumerate() {
            self.decoded.clear();
            self.coder.decode(clipped(payload), &mut self.decoded);
            if at + TOLD >= payloads.len() {
                heard(&self.decoded);
            }
            self.decoded.chunks_mut(frame::MAX).for_each(|part| self.concealer.hear(part));
        }
        self.taken = self.decoded.len();
        self.resumes = true;
    }

    /// A packet came; the next `fill` is at the tick that is told. Numbers are those of [`super::sequence::Source`].
    pub fn insert(&mut self, sequence: i64, timestamp: i64, payload: &[u8], came: Came) {
        self.place(sequence, timestamp, Kind::Sound, payload, came);
    }

    /// The same of comfort noise (RFC 3389): that is heard until the next packet.
    pub fn insert_noise(&mut self, sequence: i64, timestamp: i64, payload: &[u8], came: Came) {
        self.place(sequence, timestamp, Kind::Noise, payload, came);
    }

    fn place(&mut self, sequence: i64, timestamp: i64, kind: Kind, payload: &[u8], came: Came) {
        let timestamp = self.samples(timestamp);
        if self.play.is_some_and(|play| timestamp - play > self.rate.samples(TOO_EARLY_MS) as i64)
            || (self.play.is_some() && sequence >= self.ring.next + SLOTS as i64)
        {
            self.play = None;
            self.taken = self.decoded.len();
        }
        let idle = self.play.is_none();
        self.delay.arrived(timestamp, came, idle);
        if idle && sequence < self.ring.next && sequence > self.ring.next - 1000 {
            self.late += 1;
            return;
        }
        let ticks = if kind == Kind::Sound { self.coder.duration(payload) } else { 0 };
        let duration = self.samples(ticks.into());
        let play = *self.play.get_or_insert_with(|| {
            self.ring.begin(sequence);
            let frame = self.rate.frame() as i64;
            // Where packets are shorter than a frame, until its last one begins.
            let last = (frame - 1).checked_div(duration).unwrap_or(0) * duration;
            timestamp - self.delay.frames_before(timestamp, last, came.tick) * frame
        });
        self.empty_frames = 0;
        self.delay.plays(timestamp, play, came);
        if sequence < self.ring.next || timestamp + duration <= play && kind == Kind::Sound {
            self.late += 1;
            // A decoder that follows what is said hears it all the same, if it has not gone on yet.
            if sequence < self.ring.next || !self.coder.gains_by_late() {
                return;
            }
        }
        self.ring.put(sequence, timestamp, kind, clipped(payload));
    }

    /// Ticks of the timestamp in samples.
    fn samples(&self, ticks: i64) -> i64 {
        let (rate, clock) = (i64::from(self.rate.0), i64::from(self.clock().0));
        // Whole seconds apart: a peer may say timestamps that are too large to be multiplied.
        ticks.div_euclid(clock) * rate + ticks.rem_euclid(clock) * rate / clock
    }

    /// Time passes without anybody listening: `samples` are left out.
    pub fn skip(&mut self, samples: usize) {
        if let Some(play) = &mut self.play {
            *play += samples as i64;
            self.taken = self.decoded.len().min(self.taken + samples);
        }
    }

    /// One frame. `false`: it is silence, and `sound` was not touched.
    #[inline]
    pub fn fill(&mut self, sound: &mut [i16]) -> bool {
        if !self.is_active() {
            return false;
        }
        match self.delay.correction() {
            0 => {
                self.waited = 0;
                self.read(sound);
            }
            correction => self.read_corrected(sound, correction),
        }
        if let Some(noise) = &mut self.noise {
            noise.add(sound);
        }
        true
    }

    fn read(&mut self, sound: &mut [i16]) {
        let Some(mut play) = self.play else {
            self.concealer.conceal(sound);
            return;
        };
        let mut at = 0;
        while at < sound.len() {
            if self.taken < self.decoded.len() {
                let now = (self.decoded.len() - self.taken).min(sound.len() - at);
                let part = &mut sound[at..at + now];
                part.copy_from_slice(&self.decoded[self.taken..self.taken + now]);
                self.concealer.hear(part);
                self.taken += now;
                at += now;
                play += now as i64;
                continue;
            }
            match self.ring.upcoming(play) {
                Upcoming::Packet => {
                    self.decoded.clear();
                    let (begins, doubtful) = self.decode_next();
                    if self.is_fresh && !self.decoded.is_empty() {
                        self.is_fresh = false;
                        self.soften();
                    }
                    self.taken = self.decoded.len().min((play - begins).max(0) as usize);
                    // Here, where more of it is known than what is left of this frame.
                    if self.concealer.is_concealing() && self.taken < self.decoded.len() {
                        self.concealer.bridge(&mut self.decoded[self.taken..], 0, doubtful);
                    }
                }
                // Nothing is lost where a delay begins: made up without the decoder, it joins what the decoder says next.
                Upcoming::Gap { until, lost } if self.coder.conceals() && !self.resumes => {
                    // Of a long gap the last part at most.
                    let most = self.rate.samples(LONGEST_MS);
                    let missing = ((until - play).max(1) as usize).min(most);
                    // Without a loss it is a pause of the sender's.
                    let following = self.ring.first().filter(|_| lost && until - play <= most as i64);
                    self.decoded.clear();
                    self.taken = 0;
                    self.coder.conceal(missing, following, &mut self.decoded);
                    self.count(missing);
                }
                Upcoming::Gap { until, lost: true } if self.is_bridged(until - play) => {
                    let missing = (until - play) as usize;
                    self.count(missing);
                    self.decoded.clear();
                    self.decoded.resize(missing, 0);
                    self.taken = 0;
                    let (_, doubtful) = self.decode_next();
                    self.concealer.bridge(&mut self.decoded, missing, doubtful);
                }
                Upcoming::Gap { until, .. } => {
                    let now = ((until - play).max(1) as usize).min(sound.len() - at);
                    self.count(now);
                    self.concealer.conceal(&mut sound[at..at + now]);
                    at += now;
                    play += now as i64;
                }
                Upcoming::Nothing => {
                    self.count(sound.len() - at);
                    if self.coder.conceals() && !self.resumes {
                        self.decoded.clear();
                        self.coder.conceal(sound.len() - at, None, &mut self.decoded);
                        sound[at..].copy_from_slice(&self.decoded);
                        self.concealer.hear(&mut sound[at..]);
                        self.decoded.clear();
                        self.taken = 0;
                    } else {
                        self.concealer.conceal(&mut sound[at..]);
                    }
                    // What is not there yet is waited for, as long as the delay may grow.
                    let missing = (sound.len() - at) as i64;
                    if !self.delay.grow(missing) {
                        play += missing;
                    }
                    self.empty_frames += 1;
                    if self.empty_frames > IDLE_AFTER {
                        self.play = None;
                        return;
                    }
                    break;
                }
            }
        }
        self.play = Some(play);
    }

    /// A codec that remembers says next to nothing for up to 6 ms when it begins, and then comes at once.
    fn soften(&mut self) {
        if !self.coder.is_stateless() {
            let quiet = self.rate.samples(fade::JOIN_MS).min(self.decoded.len());
            let (nothing, sound) = self.decoded.split_at_mut(quiet);
            nothing.fill(0);
            fade::fade_in(sound, self.rate);
        }
    }

    /// Whether a gap of so many samples is led back from the sound after it.
    fn is_bridged(&self, missing: i64) -> bool {
        let most = self.rate.samples(BRIDGED_MS) as i64;
        (1..=most).contains(&missing) && self.ring.first().is_some() && !self.concealer.is_silent()
    }

    /// Decodes the first packet that waits, behind what is decoded. When it begins, and how many of its samples are doubtful.
    fn decode_next(&mut self) -> (i64, usize) {
        let Self { ring, coder, decoded, noise, rate, .. } = self;
        self.resumes = false;
        let doubtful = if ring.skips() { coder.doubtful() } else { 0 };
        let begins = ring.take(|kind, payload| match kind {
            Kind::Sound => {
                if let Some(noise) = noise {
                    noise.end();
                }
                coder.decode(payload, decoded);
            }
            Kind::Noise => noise.get_or_insert_with(|| Box::new(Noise::new(*rate))).begin(payload),
        });
        (begins, doubtful)
    }

    /// So many samples are made up, unless that has faded to silence.
    fn count(&mut self, samples: usize) {
        if !self.concealer.is_silent() {
            self.concealed_us += samples as u64 * 1_000_000 / u64::from(self.rate.0);
        }
    }

    /// A frame with more (`correction` > 0) or less sound in it than it lasts.
    fn read_corrected(&mut self, sound: &mut [i16], correction: i64) {
        let length = sound.len();
        let mut before = [0; frame::MAX];
        let before = &mut before[..self.rate.frame()];
        self.concealer.recall(before);
        self.read(sound);
        let loudness = sound.iter().map(|sample| i32::from(*sample).abs()).sum::<i32>() / length.max(1) as i32;
        self.loudness += (loudness - self.loudness) / 16;
        self.waited += 1;
        let is_loud = loudness > self.loudness / 4 && loudness > 64;
        let most = self.rate.samples(STEP_MS);
        let least = most / 4;
        let wanted = (correction.unsigned_abs() as usize).min(most);
        // Of what is said, something can be left out only as a whole, and no more than there is too much.
        let patience = if correction > 0 { PATIENCE } else { URGENCY };
        let must_wait = self.waited < patience || correction > 0 && wanted < least || self.concealer.is_concealing();
        if is_loud && must_wait || self.play.is_none() {
            return;
        }
        let mut scratch = [0; Rate::MAX.samples(20 + STEP_MS)];
        let scratch = &mut scratch[..length + if correction > 0 { wanted } else { 0 }];
        scratch[..length].copy_from_slice(sound);
        if correction > 0 {
            self.read(&mut scratch[length..]);
            if self.play.is_none() {
                return;
            }
            let shift = stretch::period(scratch, least.min(wanted)..=wanted);
            stretch::join(&scratch[..length], &scratch[shift..shift + length], sound);
            self.unread(&scratch[length + shift..]);
            self.delay.moved(-(shift as i64));
        } else {
            let longest = if is_loud { wanted.max(most / 2) } else { wanted };
            let shift = stretch::period(scratch, least.min(longest)..=longest);
            stretch::join(&scratch[shift..], &scratch[..length - shift], &mut sound[shift..]);
            self.unread(&scratch[length - shift..]);
            self.delay.moved(shift as i64);
        }
        self.waited = 0;
        // What was read further than that has not been heard.
        if !self.concealer.is_concealing() {
            self.concealer.hear(before);
            self.concealer.hear(sound);
        }
    }

    /// Puts sound back in front of what is decoded.
    fn unread(&mut self, sound: &[i16]) {
        if let Some(play) = &mut self.play {
            self.decoded.drain(..self.taken);
            self.taken = 0;
            self.decoded.extend_from_slice(sound);
            self.decoded.rotate_right(sound.len());
            *play -= sound.len() as i64;
        }
    }
}

fn clipped(payload: &[u8]) -> &[u8] {
    &payload[..payload.len().min(MAX_PAYLOAD)]
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]
mod tests;
