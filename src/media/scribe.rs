//! Encoders that several legs share: who hears the same gets the same packet.
//!
//! The decoder of a codec with a memory (G.722, Opus) follows one encoder. So a leg has an encoder of its own, and goes over to a shared one,
//! a scribe, when both have said the same for [`ALIKE`] ticks and so have become alike. When it begins to hear something of its own
//! (it talks), its own encoder becomes what the scribe's is, or is told the last frames that it wrote where the codec allows no more, and
//! goes on from there. A leg that was alone with a scribe takes that encoder along, and one that finds none brings its own.

use super::{
    audio::{codec::Coder, sum::Limiter},
    sdp::{Codec, OpusFormat, Session},
};
use std::ops::Range;

/// What several legs may hear in the same tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Common {
    /// Silence.
    Nothing,
    /// All that is said.
    Mix,
    /// The hold music.
    Music,
}

/// Whose encoder a leg's decoder follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pen {
    /// The leg's own, which has said this for so many ticks.
    Own(Option<Common>, u8),
    /// The scribe's of this number.
    Scribe(u32),
}

/// All of a room.
#[derive(Debug, Default)]
pub(super) struct Scribes {
    scribes: Vec<Scribe>,
    /// Counts.
    tick: u32,
    last_number: u32,
    encodes: u64,
    /// Payloads that are not sent.
    unsent: Vec<u8>,
}

/// One encoder, and what it writes.
#[derive(Debug)]
pub(super) struct Scribe {
    common: Common,
    codec: Codec,
    format: OpusFormat,
    coder: Coder,
    /// The encoder before this tick's payload was written, of a codec that can be followed.
    before: Coder,
    /// Of a mix that is too loud, now and at the beginning of this tick.
    limiter: Limiter,
    limiter_before: Limiter,
    /// Another one each time the encoder is.
    number: u32,
    /// The last tick in which it served anybody, how many in that one, and in the one before.
    tick: u32,
    served: u32,
    served_before: u32,
    /// Where this tick's payload lies in the outbox.
    place: Option<Range<usize>>,
    /// How its last payload begins.
    head: [u8; 1],
    /// What it wrote last, the oldest first; the last one in this tick, if it has a place.
    past: [Vec<i16>; KEPT + 1],
}

/// After so many ticks of the same two encoders are alike.
const ALIKE: u8 = 10;
/// What an encoder is told so that it can go on for another, in frames.
const KEPT: usize = 5;
/// A scribe that nobody has needed for so many ticks goes.
const IDLE: u32 = 500;

impl Pen {
    pub(super) const OWN: Self = Self::Own(None, 0);
}

impl Scribes {
    /// A tick begins.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.tick = self.tick.wrapping_add(1);
        if self.tick.is_multiple_of(IDLE) {
            let tick = self.tick;
            self.scribes.retain(|scribe| tick.wrapping_sub(scribe.tick) < IDLE);
        }
    }

    /// The scribe that writes `common` for a leg in this tick, if it may; the limiter and the coder are the leg's.
    #[inline]
    pub(super) fn serve(
        &mut self,
        common: Common,
        session: &Session,
        pen: &mut Pen,
        limiter: &Limiter,
        coder: &mut Coder,
    ) -> Option<&mut Scribe> {
        let index = self.of(common, session);
        let scribe = &mut self.scribes[index];
        scribe.enter(self.tick);
        if *pen != Pen::Scribe(scribe.number) {
            let is_deserted = scribe.served == 0 && scribe.served_before == 0;
            if !is_deserted {
                if common == Common::Mix && scribe.limiter_before != *limiter {
                    return None;
                }
                let alike = match *pen {
                    Pen::Own(Some(heard), ticks) if heard == common => ticks,
                    Pen::Own(..) | Pen::Scribe(_) => 0,
                };
                if !coder.is_stateless() && alike < ALIKE {
                    return None;
                }
            } else if matches!(pen, Pen::Own(..)) {
                self.last_number += 1;
                scribe.take_over(self.last_number, coder, limiter);
            } else {
                return None;
            }
            *pen = Pen::Scribe(scribe.number);
        }
        scribe.served += 1;
        Some(scribe)
    }

    /// The leg's own encoder writes, of something that others may hear too: it goes on where the one before stopped.
    #[inline]
    pub(super) fn part(&mut self, common: Option<Common>, pen: &mut Pen, coder: &mut Coder) {
        *pen = match *pen {
            Pen::Own(heard, ticks) if heard == common => Pen::Own(common, ticks.saturating_add(1)),
            Pen::Own(..) => Pen::Own(common, 1),
            Pen::Scribe(number) => {
                self.succeed(number, coder, true);
                Pen::Own(common, 1)
            }
        };
    }

    /// The leg leaves the room, between two ticks, and its encoder goes on elsewhere.
    pub(super) fn leave(&mut self, pen: &mut Pen, coder: &mut Coder) {
        if let Pen::Scribe(number) = std::mem::replace(pen, Pen::OWN) {
            self.succeed(number, coder, false);
        }
    }

    /// An encoder was used.
    #[inline]
    pub(super) fn count(&mut self) {
        self.encodes += 1;
    }

    /// How often one was.
    pub(super) fn encodes(&self) -> u64 {
        self.encodes
    }

    /// What was heard is `past` without the frame of a tick that is going on.
    fn succeed(&mut self, number: u32, coder: &mut Coder, is_in_tick: bool) {
        if coder.is_stateless() {
            return;
        }
        let Some(scribe) = self.scribes.iter_mut().find(|scribe| scribe.number == number) else {
            return coder.reset();
        };
        if is_in_tick {
            scribe.enter(self.tick);
        }
        let is_alone = if is_in_tick { scribe.served == 0 && scribe.served_before <= 1 } else { scribe.served <= 1 };
        if is_alone {
            return scribe.give_back(coder);
        }
        let is_written = is_in_tick && scribe.place.is_some();
        if coder.follow(if is_written { &scribe.before } else { &scribe.coder }) {
            return;
        }
        coder.reset();
        coder.go_on_after(Some(&scribe.head));
        let heard = if is_in_tick { &scribe.past[..KEPT] } else { &scribe.past[..] };
        for frame in heard.iter().filter(|frame| !frame.is_empty()) {
            self.unsent.clear();
            coder.encode(frame, &mut self.unsent);
            self.encodes += 1;
        }
        coder.go_on_after(None);
    }

    fn of(&mut self, common: Common, session: &Session) -> usize {
        let is_it =
            |scribe: &Scribe| (scribe.common, scribe.codec) == (common, session.codec) && scribe.format == session.opus;
        self.scribes.iter().position(is_it).unwrap_or_else(|| {
            self.scribes.push(Scribe::new(common, session, self.tick));
            self.scribes.len() - 1
        })
    }
}

impl Scribe {
    fn new(common: Common, session: &Session, tick: u32) -> Self {
        Self {
            common,
            codec: session.codec,
            format: session.opus,
            coder: Coder::of(session, super::audio::frame::Rate::MAX),
            before: Coder::of(session, super::audio::frame::Rate::MAX),
            limiter: Limiter::new(),
            limiter_before: Limiter::new(),
            number: 0,
            tick: tick.wrapping_sub(1),
            served: 0,
            served_before: 0,
            place: None,
            head: [0],
            past: [const { Vec::new() }; KEPT + 1],
        }
    }

    /// This tick's payload, if it is written.
    #[inline]
    pub(super) fn place(&self) -> Option<Range<usize>> {
        self.place.clone()
    }

    /// What is loud in the mix is turned down with this.
    #[inline]
    pub(super) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// Appends the payload for `sound`, in the making of which `limiter` was used.
    #[inline]
    pub(super) fn write(&mut self, sound: &[i16], limiter: &Limiter, payload: &mut Vec<u8>) {
        self.limiter.clone_from(limiter);
        let _can_be_followed = self.before.follow(&self.coder);
        let start = payload.len();
        self.coder.encode(sound, payload);
        if !self.coder.is_stateless() {
            self.head = [payload[start]];
            self.past[KEPT].clear();
            self.past[KEPT].extend_from_slice(sound);
        }
    }

    /// Where that lies.
    #[inline]
    pub(super) fn put(&mut self, place: Range<usize>) {
        self.place = Some(place);
    }

    /// It is asked for the first time in this tick.
    #[inline]
    fn enter(&mut self, tick: u32) {
        if self.tick == tick {
            return;
        }
        self.served_before = if self.tick == tick.wrapping_sub(1) { self.served } else { 0 };
        self.tick = tick;
        self.served = 0;
        self.limiter_before.clone_from(&self.limiter);
        if self.place.take().is_some() {
            self.past.rotate_left(1);
        }
    }

    fn take_over(&mut self, number: u32, coder: &mut Coder, limiter: &Limiter) {
        std::mem::swap(&mut self.coder, coder);
        self.number = number;
        self.limiter.clone_from(limiter);
        self.limiter_before.clone_from(limiter);
        self.past.iter_mut().for_each(Vec::clear);
    }

    fn give_back(&mut self, coder: &mut Coder) {
        std::mem::swap(&mut self.coder, coder);
        self.number = 0;
        (self.served, self.served_before) = (0, 0);
    }
}
