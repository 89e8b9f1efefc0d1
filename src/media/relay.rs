//! Packets from one leg straight to the other, on the other's own line.

use super::{
    audio::fade,
    leg::{Agreed, Leg, sealer},
    outbox::{Addressee, Outbox},
    rtp::{jitter::MAX_PAYLOAD, line::Slot, packet::COMFORT_NOISE},
    stream::{Arrival, Content},
};
use std::time::{Duration, Instant};

/// A relayed timestamp this far from the clock is set right, s: the peer's clock jumped, or it lies.
const ASTRAY_S: i64 = 1;
/// How far the first packet of a relay may be ahead of the clock, ms.
const AHEAD_MS: u32 = 20;
/// The clock of the line follows the peer's by this part of each difference.
const FOLLOW: i64 = 64;
/// Payloads that are kept: what a concealer remembers, or what the decoder of a codec that predicts (Opus) needs until it is where
/// the phone's is, having heard nothing of the relay. A voice needs three or four, a pure tone all of these.
const KEPT: usize = 2;
const KEPT_OF_OPUS: usize = 24;
/// Room for a payload, so that one that is longer than those before allocates nothing: 20 ms of Opus at 100 kbit/s.
const USUAL_PAYLOAD: usize = 256;
/// Sound that was relayed this long ago does not go on any more.
const PAST: Duration = Duration::from_millis(60);

/// How a leg's numbers become those of the other's line, and what it said last.
#[derive(Debug, Default)]
pub(super) struct Relayed {
    anchor: Option<Anchor>,
    /// Its last payloads, the oldest first, with the number of the last and when it came.
    last: Vec<Vec<u8>>,
    last_sequence: i64,
    last_at: Option<Instant>,
}

#[derive(Debug)]
struct Anchor {
    /// The first packet that belongs to it, and the one after its last.
    first: i64,
    next: i64,
    /// To be added to timestamps.
    offset: i64,
    /// How far ahead of the clock it began.
    ahead: i64,
}

impl Relayed {
    /// The relay begins, or something else was sent in between: numbers are matched anew.
    pub(super) fn cut(&mut self) {
        self.anchor = None;
    }

    /// The relay begins.
    pub(super) fn begin(&mut self) {
        self.anchor = None;
        self.last_at = None;
        self.last.iter_mut().for_each(Vec::clear);
    }

    fn remember(&mut self, sequence: i64, payload: &[u8], kept: usize, now: Instant) {
        if self.last.len() < kept {
            self.last.push(Vec::with_capacity(USUAL_PAYLOAD));
        } else {
            self.last.truncate(kept);
            self.last.rotate_left(1);
        }
        if let Some(last) = self.last.last_mut() {
            last.clear();
            last.extend_from_slice(&payload[..payload.len().min(MAX_PAYLOAD)]);
        }
        (self.last_sequence, self.last_at) = (sequence, Some(now));
    }
}

/// The relay ends: what the leg says goes on from its buffer, and a coder that remembers says it to the other as if it had said what
/// was relayed.
pub(super) fn end(leg: &mut Leg, other: Option<&mut Leg>, now: Instant) {
    let relayed = &mut leg.relayed;
    let coder = other.and_then(|other| other.agreed.as_mut()).map(|agreed| &mut agreed.coder);
    let mut coder = coder.filter(|coder| !coder.is_stateless());
    relayed.anchor = None;
    if let Some(agreed) = &mut leg.agreed {
        match relayed.last_at.take() {
            Some(at) if now.saturating_duration_since(at) < PAST => {
                let mut said = Vec::new();
                if let Some(coder) = &mut coder {
                    coder.go_on_after(relayed.last.last().map(Vec::as_slice));
                }
                agreed.stream.buffer.resume_after(relayed.last_sequence, &relayed.last, |sound| {
                    if let Some(coder) = coder.as_mut().filter(|coder| sound.len() == coder.rate().frame()) {
                        said.clear();
                        coder.encode(sound, &mut said);
                    }
                });
                if let Some(coder) = &mut coder {
                    coder.go_on_after(None);
                }
            }
            Some(_) | None => agreed.stream.buffer.reset(),
        }
    }
}

/// One packet of `from` to `to`.
#[inline]
pub(super) fn relay(from: &mut Leg, to: &mut Leg, arrival: &Arrival<'_>, outbox: &mut Outbox, now: Instant) {
    let Arrival { packet, sequence, timestamp, is_new, content } = arrival;
    if *is_new {
        from.relayed.anchor = None;
    }
    let is_noise = *content == Content::Noise;
    if !is_noise && *content != Content::Sound || to.dialler.is_sounding() {
        pass_over(&mut from.relayed, *sequence);
        return;
    }
    let (Some(agreed), Some(source)) = (&mut to.agreed, &mut from.agreed) else { return };
    let second = i64::from(to.line.rate().0);
    let strays = |anchor: &Anchor| is_astray(anchor, to.line.clock(now), *timestamp, second);
    if from.relayed.anchor.as_ref().is_some_and(strays) {
        from.relayed.anchor = None;
    }
    let is_first = from.relayed.anchor.is_none();
    let anchor = match &mut from.relayed.anchor {
        Some(anchor) => anchor,
        empty @ None => {
            let slot = match from.relayed.last_at {
                None => to.line.slot_in_silence(now, AHEAD_MS),
                Some(_) => to.line.slot(now, AHEAD_MS),
            };
            let Some(slot) = slot else { return };
            let ahead = slot.timestamp - to.line.clock(now);
            empty.insert(Anchor { first: *sequence, next: *sequence, offset: slot.timestamp - timestamp, ahead })
        }
    };
    if *sequence < anchor.first {
        return;
    }
    let pause = to.line.last_at().is_none_or(|last| now.saturating_duration_since(last) > Duration::from_millis(100));
    let slot = Slot { timestamp: timestamp + anchor.offset, marker: packet.marker || is_first && pause };
    let duration = if is_noise { 0 } else { source.coder.duration(packet.payload) };
    let kind = if is_noise { COMFORT_NOISE } else { agreed.session.payload_type };
    let remote = agreed.stream.lock.remote();
    let skipped = sequence - anchor.next;
    let faded =
        (is_first && !is_noise && from.relayed.last_at.is_none()).then(|| fade_in(source, agreed, packet.payload));
    let payload = faded.as_deref().unwrap_or(packet.payload);
    let out = if skipped >= 0 {
        anchor.next = sequence + 1;
        to.line.follow((slot.timestamp - to.line.clock(now) - anchor.ahead) / FOLLOW);
        to.line.packet(slot, skipped as u16, kind, payload, duration, now)
    } else {
        to.line.late_packet(slot, (-skipped) as u16, kind, payload, now)
    };
    outbox.send(Addressee { leg: to.id, at: remote, sealer: sealer(&mut to.secrecy) }, &out);
    if skipped >= 0 && !is_noise {
        let kept = if source.coder.conceals() { KEPT_OF_OPUS } else { KEPT };
        from.relayed.remember(*sequence, packet.payload, kept, now);
    }
}

/// A number that is not sent on leaves no hole.
fn pass_over(relayed: &mut Relayed, sequence: i64) {
    if let Some(anchor) = &mut relayed.anchor
        && sequence >= anchor.next
    {
        // What was lost before it stays lost; what comes late from before it would come in its place.
        if sequence == anchor.next {
            (anchor.next, anchor.first) = (sequence + 1, sequence + 1);
        } else {
            relayed.anchor = None;
        }
    }
}

fn is_astray(anchor: &Anchor, clock: i64, timestamp: i64, second: i64) -> bool {
    (timestamp + anchor.offset - clock - anchor.ahead).abs() > ASTRAY_S * second
}

/// The first packet after a mix comes from silence: heard as by the mix, and said as the mix would have gone on.
fn fade_in(from: &mut Agreed, to: &mut Agreed, payload: &[u8]) -> Vec<u8> {
    let mut sound = Vec::new();
    from.stream.buffer.decode(payload, &mut sound);
    fade::fade_in(&mut sound, to.coder.rate());
    let mut faded = Vec::with_capacity(payload.len());
    to.coder.encode(&sound, &mut faded);
    faded
}
