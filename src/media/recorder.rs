//! One recording: who is heard on which channel of its tape, tick by tick.

use super::{
    Layout, Recording, Scope,
    audio::{
        converter::{Converter, sample},
        frame::{MAX, Rate, TICK},
        sum::Limiter,
    },
    leg::{Audience, Leg},
    room::Room,
    source::Hears,
    tape::Tape,
};
use crate::ids::{LegId, RecordingId};
use std::time::{Duration, Instant};

/// A recording that is under way.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) id: RecordingId,
    /// The leg that it goes with.
    pub(super) follows: Option<LegId>,
    pub(super) scope: Scope,
    layout: Layout,
    tape: Tape,
    /// Whose channel is which.
    seats: Vec<LegId>,
    /// Frames before `since`.
    before: u64,
    /// Since when it goes on; `None`: it pauses.
    since: Option<Instant>,
    /// Frames up to the last that was written.
    length: u64,
    limiters: [Limiter; 2],
    /// For what is said at another rate than that of the tape: one for each channel and rate, in this order.
    converters: Vec<Option<Box<Converter>>>,
}

impl Recorder {
    pub(super) fn new(id: RecordingId, follows: Option<LegId>, recording: Recording, now: Instant) -> Self {
        let Recording { scope, layout, tape } = recording;
        let mut seats = Vec::with_capacity(layout.channels());
        seats.extend(follows);
        let limiters = [Limiter::new(), Limiter::new()];
        Self {
            id,
            follows,
            scope,
            layout,
            tape,
            seats,
            before: 0,
            since: Some(now),
            length: 0,
            limiters,
            converters: Vec::new(),
        }
    }

    /// Whether it needs to hear anything now.
    pub(super) fn is_running(&self) -> bool {
        self.since.is_some()
    }

    pub(super) fn pause(&mut self, now: Instant) {
        if let Some(since) = self.since.take() {
            self.before += frames(now.saturating_duration_since(since) + TICK / 2);
            self.length = self.length.max(self.before);
        }
    }

    pub(super) fn resume(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// It has ended, at this time.
    pub(super) fn stop(mut self, now: Instant) {
        self.pause(now);
        self.length = self.before;
    }

    /// The leg that it follows has left. True: it goes on with the others.
    pub(super) fn is_left_behind(&mut self) -> bool {
        self.follows = None;
        self.scope == Scope::Call
    }

    /// Writes what everybody says in the tick of `at`.
    pub(super) fn hear(&mut self, legs: &[Box<Leg>], room: &Room, at: Instant) {
        let Some(since) = self.since else { return };
        let number = self.before + frames(at.saturating_duration_since(since));
        if number < self.length {
            return;
        }
        self.length = number + 1;
        let Self { layout, scope, seats, follows, tape, limiters, converters, .. } = self;
        let channels = tape.channels();
        // A leg is recorded as it speaks and hears, a call as who speaks and hears best.
        let followed = legs.iter().find(|leg| Some(leg.id) == *follows);
        let rate = match scope {
            Scope::Call => room.highest(),
            Scope::Leg => followed.map_or(Rate::NARROW, |leg| leg.rate()),
        };
        let frame = rate.frame();
        // No room: the number of the next one tells that this is missing.
        let _written = tape.write(number, rate, |sound| match (*scope, *layout) {
            (Scope::Call, Layout::Mix) => room.heard(rate).whole(&mut limiters[0], &mut sound[..frame]),
            (Scope::Call, Layout::Apart(_)) => {
                let mut is_mixed = false;
                for leg in legs.iter().filter(|leg| leg.voice.is_in_sum) {
                    let seat = seat(seats, leg.id, channels);
                    if leg.rate() == rate {
                        add(&mut sound[seat * frame..][..frame], &leg.voice.frame);
                    } else {
                        is_mixed = true;
                    }
                }
                if is_mixed || !converters.is_empty() {
                    convert(legs, seats, converters, rate, sound);
                }
            }
            (Scope::Leg, _) => {
                let Some(leg) = followed else { return };
                let (said, heard) = sound.split_at_mut(frame.min((channels - 1) * frame));
                let heard = &mut heard[..frame];
                if leg.ear.hears() == &Hears::Mix {
                    if leg.voice.is_in_sum {
                        room.heard(rate).without(&leg.voice.frame, &mut limiters[1], heard);
                    } else {
                        room.heard(rate).whole(&mut limiters[1], heard);
                    }
                }
                if leg.voice.sounds && leg.voice.audience != Audience::Nobody {
                    // Of a single channel `said` is empty, and both share the other.
                    add(if said.is_empty() { heard } else { said }, &leg.voice.frame);
                }
            }
        });
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.tape.finish(self.length);
    }
}

/// The channel of a leg; one who is heard for the first time takes the next one, as long as there is one.
fn seat(seats: &mut Vec<LegId>, leg: LegId, channels: usize) -> usize {
    match seats.iter().position(|other| *other == leg) {
        Some(seat) => seat,
        None if seats.len() < channels => {
            seats.push(leg);
            seats.len() - 1
        }
        None => channels - 1,
    }
}

/// Adds what is said at other rates than that of the tape. Those who share a channel are added up before, so that each rate of a channel
/// is one sound without a break.
fn convert(
    legs: &[Box<Leg>],
    seats: &mut Vec<LegId>,
    converters: &mut Vec<Option<Box<Converter>>>,
    rate: Rate,
    sound: &mut [i16],
) {
    let channels = sound.len() / rate.frame();
    for (place, channel) in sound.chunks_exact_mut(rate.frame()).enumerate() {
        for from in Rate::ROOMS.into_iter().filter(|from| *from != rate) {
            let mut said = [0; MAX];
            let said = &mut said[..from.frame()];
            let mut speakers = 0;
            for leg in legs.iter().filter(|leg| leg.voice.is_in_sum && leg.rate() == from) {
                if seat(seats, leg.id, channels) == place {
                    add(said, &leg.voice.frame);
                    speakers += 1;
                }
            }
            let at = place * Rate::ROOMS.len() + from.index();
            if speakers == 0 && converters.get(at).is_none_or(Option::is_none) {
                continue;
            }
            let converter = converter(converters, at, from, rate);
            for (sum, converted) in channel.iter_mut().zip(converter.convert(said, speakers > 0).into_iter().flatten())
            {
                *sum = sum.saturating_add(sample(*converted));
            }
        }
    }
}

/// The converter of this place.
fn converter(converters: &mut Vec<Option<Box<Converter>>>, at: usize, from: Rate, to: Rate) -> &mut Converter {
    if converters.len() <= at {
        converters.resize_with(at + 1, || None);
    }
    let place = &mut converters[at];
    if place.as_ref().is_some_and(|converter| !converter.is_between(from, to)) {
        *place = None;
    }
    place.get_or_insert_with(|| Box::new(Converter::new(from, to)))
}

fn add(sum: &mut [i16], sound: &[i16]) {
    for (sum, sample) in sum.iter_mut().zip(sound) {
        *sum = sum.saturating_add(*sample);
    }
}

fn frames(time: Duration) -> u64 {
    (time.as_nanos() / TICK.as_nanos()) as u64
}
