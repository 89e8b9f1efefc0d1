//! The tick: everybody's sound into the sum, and out to each who hears it.

use super::{
    Event, Source,
    audio::{
        fade,
        frame::{MAX, Rate},
        wide::peak,
    },
    leg::{Agreed, Audience, Leg, is_reachable, sealer},
    mixer::Mixer,
    outbox::Addressee,
    presses::By,
    room::Room,
    rtp::{digits::Dialling, line::Slot, packet::Packet},
    scribe::Common,
    source::Hears,
};
use std::time::Instant;

/// How far sound may be ahead of the clock, ms: what a relay leaves, and what its jitter adds.
pub(super) const AHEAD_MS: u32 = 30;

/// Ticks that a relay waits for a pause of speech.
const PATIENCE: u8 = 25;
/// Where no sample is greater (-42 dBFS), nothing is said that could be missed.
const PAUSE: i16 = 256;

impl Mixer {
    /// 20 ms for everybody.
    pub(super) fn tick(&mut self, at: Instant) {
        if self.is_relaying {
            for index in 0..self.legs.len() {
                self.dial(index, at);
            }
            return;
        }
        let common = self.phase.common(at);
        self.listen(common);
        self.hear_keys(at);
        for recorder in &mut self.recorders {
            recorder.hear(&self.legs, &self.room, common);
        }
        let ends = self.relay_may_begin();
        let mut frames = [[0; MAX]; 2];
        for index in 0..self.legs.len() {
            if !self.legs[index].may_be_sent() {
                // Nobody is there to be dialled for; the digits go by. Whatever comes next comes from silence.
                self.legs[index].dialler.tick(Rate::NARROW);
                self.legs[index].ear.restart();
            } else if std::mem::take(&mut self.legs[index].is_ahead) {
                // It has this frame already.
            } else if !self.dial(index, at) {
                self.speak_to(index, at, ends, &mut frames);
            }
            self.legs[index].fall_silent();
        }
        if ends {
            self.begin_relay();
        }
    }

    /// Whether this is the last tick before a relay. Where decoders have to go over to the encoder of the other phone, that is done in a
    /// pause of speech, if one comes soon: nothing is heard of it there.
    fn relay_may_begin(&mut self) -> bool {
        if !self.can_relay() || !self.legs.iter().all(|leg| leg.is_settled()) {
            self.waited = 0;
            return false;
        }
        self.waited += 1;
        let begins = self.waited > PATIENCE || self.legs.iter().all(|leg| leg.pauses());
        self.waited *= u8::from(!begins);
        begins
    }

    /// Adds up what everybody says; `common`: the time that all rooms have in this tick.
    fn listen(&mut self, common: Instant) {
        let passed = common.saturating_duration_since(self.settings.since);
        self.scribes.begin();
        self.room.begin(passed, self.legs.iter().map(|leg| leg.rate()));
        for index in 0..self.legs.len() {
            let leg = &mut *self.legs[index];
            let rate = leg.rate();
            leg.speak();
            let voice = &mut leg.voice;
            if !voice.sounds {
                continue;
            }
            match voice.audience {
                Audience::All => {
                    voice.is_in_sum = true;
                    self.room.add(rate, &voice.frame);
                }
                Audience::One(target) => {
                    let Some(at) = self.legs.find(target) else { continue };
                    let rates = [rate, self.legs[at].rate()];
                    let voice = &mut self.legs[index].voice;
                    self.room.whisper(target, rates, &mut voice.converter, &voice.frame);
                }
                Audience::Nobody => {}
            }
        }
        self.room.mix();
    }

    /// Digits that were in the sound of this tick.
    fn hear_keys(&mut self, at: Instant) {
        for index in 0..self.legs.len() {
            let keys = self.legs[index].tones.as_mut().map_or([None; 2], |tones| tones.take());
            for key in keys.into_iter().flatten() {
                self.press(index, By::Tone, key, at);
            }
        }
    }

    /// The frame of one listener; `last`: before a relay. What is in `frames` does not matter.
    fn speak_to(&mut self, index: usize, at: Instant, last: bool, frames: &mut [[i16; MAX]; 2]) {
        let Self { legs, room, scribes, outbox, events, .. } = self;
        let leg = &mut *legs[index];
        let rate = leg.rate();
        let slot = leg.line.slot(at, AHEAD_MS);
        let wanted = leg.wanted();
        let takes_tones = leg.dialler.is_busy() && !leg.takes_events();
        if takes_tones
            && leg.tones.is_some()
            && let Some((digit, _)) = leg.dialler.sounding()
        {
            leg.presses.played(digit, at);
        }
        let coached = wanted == Hears::Mix && room.is_whispered_to(leg.id);
        let parts = leg.agreed.as_ref().map_or(1, |agreed| agreed.session.packets());
        let alone = last
            || coached
            || takes_tones
            || leg.whisper.is_some()
            || !leg.ear.aside().is_over()
            || parts > 1
            || slot.is_none()
            || leg.ear.has_left_out();
        let common = if alone { None } else { leg.common(&wanted, room) };
        let Leg { id, agreed: Some(agreed), secrecy, voice, dialler, ear, line, begun, whisper, .. } = leg else {
            return;
        };
        let Agreed { session, coder, pen, stream } = agreed;
        let kind = session.payload_type;
        let to = Addressee { leg: *id, at: stream.lock.remote(), sealer: sealer(secrecy) };
        let [sound, scratch] = frames.each_mut().map(|frame| &mut frame[..rate.frame()]);
        let own = Leg::own(*id, voice, dialler, rate);
        let Some(slot) = slot else {
            ear.fill(&wanted, *begun, room, own, sound, scratch);
            ear.aside().put_over(sound);
            return ear.leave_out(sound);
        };
        let ticks = (line.rate().frame() / parts) as u32;
        let packet = line.packet(slot, 0, kind, &[], ticks, at);
        if let Some(common) = common
            && let Some(scribe) = scribes.serve(common, session, pen, ear.limiter(), coder)
        {
            if common == Common::Mix {
                ear.set_limiter(scribe.limiter());
            }
            if let Some(payload) = scribe.place() {
                line.add_octets(payload.len());
                return outbox.send_again(to, &packet, payload);
            }
            ear.fill(&wanted, *begun, room, own, sound, scratch);
            let place = outbox.send_with(to, &packet, |payload| scribe.write(sound, ear.limiter(), payload));
            line.add_octets(place.len());
            scribe.put(place);
            return scribes.count();
        }
        scribes.part(common, pen, coder);
        ear.fill(&wanted, *begun, room, own, sound, scratch);
        if let Some(play) = ear.clip_over() {
            events.push_back(Event::PlayEnded { leg: *id, play, whole: true });
        }
        if let Some(ending) = whisper
            && !ending.say(room.position(rate), rate, ear.aside(), scratch)
        {
            if !ending.is_ending() {
                events.push_back(Event::PlayEnded { leg: *id, play: ending.id(), whole: true });
            }
            *whisper = None;
        }
        ear.aside().put_over(sound);
        ear.join_left_out(rate, sound);
        if last && !coder.is_stateless() {
            // The end of a frame is heard with the next one.
            fade::fade_out(sound, rate);
        } else if last {
            fade::fade_out_late(sound, rate);
        }
        let (first, rest) = sound.split_at(rate.frame() / parts);
        let place = outbox.send_with(to, &packet, |payload| coder.encode(first, payload));
        line.add_octets(place.len());
        scribes.count();
        if parts > 1 {
            let slot = Slot { timestamp: slot.timestamp + i64::from(ticks), marker: false };
            let packet = line.packet(slot, 0, kind, &[], ticks, at);
            let to = Addressee { leg: *id, at: stream.lock.remote(), sealer: sealer(secrecy) };
            let place = outbox.send_with(to, &packet, |payload| coder.encode(rest, payload));
            line.add_octets(place.len());
        }
        if takes_tones {
            dialler.tick(Rate::NARROW);
        }
    }

    /// The next packet of a digit that is dialled towards a leg. `false`: sound may pass.
    pub(super) fn dial(&mut self, index: usize, at: Instant) -> bool {
        let leg = &mut *self.legs[index];
        if !leg.dialler.is_busy() {
            return false;
        }
        let takes_events = leg.takes_events();
        if !takes_events {
            // Heard as a tone: its time passes after the frame is made.
            return false;
        }
        let clock = leg.agreed.as_ref().map_or(Rate::NARROW, |agreed| agreed.session.digits_clock);
        let Dialling::Digit { report, first, moves, times } = leg.dialler.tick(clock) else { return false };
        if self.is_relaying {
            // The other's numbers have to make room.
            self.legs.iter_mut().for_each(|leg| leg.relayed.cut());
        }
        let leg = &mut *self.legs[index];
        let Leg { id, agreed: Some(agreed), secrecy, line, digit_timestamp, .. } = leg else { return true };
        let remote = agreed.stream.lock.remote();
        let Some(kind) = agreed.session.digits_payload_type.filter(|_| is_reachable(remote)) else { return true };
        if first {
            *digit_timestamp = line.next_timestamp(at);
        }
        *digit_timestamp += in_line(moves, clock, line.rate());
        let duration = in_line(report.duration.into(), clock, line.rate());
        let payload = report.write();
        for _ in 0..times {
            let slot = Slot { timestamp: *digit_timestamp, marker: first };
            let packet: Packet<'_> = line.packet(slot, 0, kind, &payload, duration as u32, at);
            self.outbox.send(Addressee { leg: *id, at: remote, sealer: sealer(secrecy) }, &packet);
        }
        true
    }
}

/// Ticks of telephone-event in those of the line, whose timestamps an event shares (RFC 4733 2.1) where a peer knows no other clock.
fn in_line(ticks: u32, clock: Rate, line: Rate) -> i64 {
    i64::from(ticks) * i64::from(line.0) / i64::from(clock.0)
}

impl Leg {
    /// Nothing about it is changing: what it hears and who hears it is what it shall be.
    fn is_settled(&self) -> bool {
        self.voice.audience == self.audience() && self.ear.is_at(&self.wanted(), self.begun) && !self.dialler.is_busy()
    }

    /// Whether it says nothing just now, or its codec remembers nothing.
    fn pauses(&self) -> bool {
        let is_stateless = self.agreed.as_ref().is_none_or(|agreed| agreed.coder.is_stateless());
        is_stateless || !self.voice.sounds || peak(&self.voice.frame) <= PAUSE
    }

    /// Whether it hears what others hear too.
    fn common(&self, wanted: &Hears, room: &Room) -> Option<Common> {
        if !self.ear.is_at(wanted, self.begun) {
            return None;
        }
        match wanted {
            Hears::Nothing | Hears::Played(Source::Silence) => Some(Common::Nothing),
            Hears::Mix if !self.voice.is_in_sum => Some(Common::Mix),
            Hears::Played(Source::HoldMusic) if room.shares_music() => Some(Common::Music),
            Hears::Mix | Hears::Played(_) | Hears::Digit(_) | Hears::Past => None,
        }
    }
}
