//! How legs come into a mixer and go from it, to another one or for good, without a break in what is said and heard.

use super::{
    Mixer,
    audio::{
        frame::{MAX, Rate, TICK},
        sum::Limiter,
    },
    leg::{Leg, sealer},
    mixer::pair,
    outbox::Addressee,
    rtp::line::Line,
    source::Hears,
    tick::AHEAD_MS,
};
use crate::ids::LegId;
use rand::RngExt;
use std::time::Instant;

/// A leg with all that its media line is made of, on its way from one mixer to another.
#[derive(Debug)]
pub struct Member(Box<Leg>);

impl Mixer {
    /// Takes a leg out with its SSRC line, jitter buffer and counters, for another mixer.
    pub fn release(&mut self, leg: LegId) -> Option<Member> {
        let (index, now) = (self.legs.find(leg)?, self.latest);
        let mut member = self.remove(index, now);
        if let Some(agreed) = &mut member.agreed {
            self.scribes.leave(&mut agreed.pen, &mut agreed.coder);
        }
        member.recorders.extend(self.recorders.extract_if(.., |recorder| recorder.follows == Some(leg)));
        self.settle(now);
        Some(Member(member))
    }

    /// Takes a leg in from another mixer.
    pub fn adopt(&mut self, leg: LegId, member: Member, now: Instant) {
        self.latest = now;
        let Member(mut adopted) = member;
        adopted.id = leg;
        self.recorders.append(&mut adopted.recorders);
        let index = self.legs.insert(adopted);
        self.settle_leg(index, now);
        self.settle(now);
    }

    /// What followed that leg stays with the others, or ends.
    pub(super) fn recorded_leg_left(&mut self, leg: LegId, now: Instant) {
        let nobody_left = self.legs.is_empty();
        let ended = self.recorders.extract_if(.., |recorder| {
            let ends = recorder.follows == Some(leg) && !recorder.is_left_behind();
            ends || nobody_left
        });
        ended.for_each(|recorder| recorder.stop(now));
    }

    pub(super) fn join(&mut self, id: LegId, now: Instant) {
        let line = Line::new(self.chance.random(), self.chance.random(), self.chance.random(), Rate::NARROW);
        self.legs.insert(Box::new(Leg::new(id, line, now)));
    }

    /// The leg goes; what it was saying does not break off, and what it heard goes on for a moment wherever it goes.
    pub(super) fn remove(&mut self, index: usize, now: Instant) -> Box<Leg> {
        let was_relaying = self.is_relaying;
        self.end_relay(now);
        self.release_key(index, now);
        self.let_hear_past(index, was_relaying);
        let mut leg = self.legs.remove(index);
        let rate = leg.rate();
        if let Some(word) = leg.end_word() {
            self.room.bid_farewell(rate, word);
        }
        if let Some(agreed) = &mut leg.agreed {
            agreed.stream.buffer.reset();
        }
        leg
    }

    /// What a leg hears ends softly, in the codec of now: the frame of the next tick, at once.
    pub(super) fn end_sound(&mut self, index: usize, was_relaying: bool, now: Instant) {
        let is_heard =
            self.legs[index].line.last_at().is_some_and(|last| now.saturating_duration_since(last) < 2 * TICK);
        if !is_heard || !self.legs[index].may_be_sent() || self.legs[index].dialler.is_busy() {
            return;
        }
        self.let_hear_past(index, was_relaying);
        let Self { legs, room, scribes, outbox, .. } = self;
        let leg = &mut *legs[index];
        let rate = leg.rate();
        let Leg { id, agreed: Some(agreed), secrecy, voice, dialler, ear, line, begun, is_ahead, .. } = leg else {
            return;
        };
        let Some(slot) = line.slot(now, AHEAD_MS) else { return };
        scribes.leave(&mut agreed.pen, &mut agreed.coder);
        let mut frames = [[0; MAX]; 2];
        let [sound, scratch] = frames.each_mut().map(|frame| &mut frame[..rate.frame()]);
        ear.fill(&Hears::Nothing, *begun, room, Leg::own(*id, voice, dialler, rate), sound, scratch);
        // Of a phone that takes short packets only, the first: there is nothing in the others.
        let parts = agreed.session.packets();
        let packet = line.packet(slot, 0, agreed.session.payload_type, &[], (line.rate().frame() / parts) as u32, now);
        let to = Addressee { leg: *id, at: agreed.stream.lock.remote(), sealer: sealer(secrecy) };
        let place =
            outbox.send_with(to, &packet, |payload| agreed.coder.encode(&sound[..rate.frame() / parts], payload));
        line.add_octets(place.len());
        *is_ahead = true;
    }

    fn let_hear_past(&mut self, index: usize, was_relaying: bool) {
        if *self.legs[index].ear.hears() != Hears::Mix {
            return;
        }
        let rate = self.legs[index].rate();
        let mut last = vec![0; rate.frame()];
        if was_relaying {
            if let Some((_, other)) = pair(&mut self.legs, index)
                && let Some(agreed) = &other.agreed
            {
                agreed.stream.buffer.go_on(&mut last);
            }
        } else {
            let mut limiter = Limiter::new();
            let voice = &self.legs[index].voice;
            if voice.is_in_sum {
                self.room.heard(rate).without(&voice.frame, &mut limiter, &mut last);
            } else {
                self.room.heard(rate).whole(&mut limiter, &mut last);
            }
        }
        self.legs[index].ear.leave_room(&last, was_relaying, rate);
    }
}
