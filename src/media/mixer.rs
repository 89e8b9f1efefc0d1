//! One call's media: relay between two, mix among more.
//!
//! Two legs that both talk, both ways, with one codec are relayed: each packet goes on at once. Everything else is mixed on a tick
//! of 20 ms. `tick.rs` is the tick, `relay.rs` the relay; here is what is asked of the mixer, and when it wants to be woken.

use super::{
    Command, Event, Record, Source,
    audio::{frame::TICK, music::Music},
    leg::Leg,
    legs::Legs,
    outbox::Outbox,
    phase::{Phase, Shift},
    presses::By,
    recorder::Recorder,
    relay,
    room::Room,
    rtp::{
        digits::Key,
        jitter::{Came, Limits},
    },
    scribe::Scribes,
    stream::Content,
};
use crate::ids::{LegId, RecordingId};
use rand::{SeedableRng, rngs::SmallRng};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

/// What a mixer must know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a leg that is neither held nor silent by agreement may send neither RTP nor RTCP before `Silent` is told; zero: for ever.
    pub timeout: Duration,
    /// What is heard on hold.
    pub music: Arc<Music>,
    /// The zero of the ticks and of the music: the same for all mixers, so that few wake-ups serve them all and everybody on
    /// hold hears the same.
    pub since: Instant,
    /// Between which the delay of what legs send may move.
    pub jitter: Limits,
}

/// A packet to be sent.
#[derive(Debug)]
pub struct Transmit<'a> {
    /// From this leg's socket.
    pub leg: LegId,
    /// RTCP socket instead of RTP.
    pub report: bool,
    /// Where to.
    pub to: SocketAddr,
    /// The packet.
    pub payload: &'a [u8],
}

/// The media of one call.
#[derive(Debug)]
pub struct Mixer {
    pub(super) settings: Settings,
    pub(super) legs: Legs,
    pub(super) room: Room,
    pub(super) scribes: Scribes,
    pub(super) outbox: Outbox,
    pub(super) events: VecDeque<Event>,
    pub(super) chance: SmallRng,
    /// Two legs whose packets go straight on.
    pub(super) is_relaying: bool,
    /// Ticks in which they might have, while a pause is waited for.
    pub(super) waited: u8,
    /// The next tick, while somebody needs them.
    next_tick: Option<Instant>,
    pub(super) phase: Phase,
    /// The latest time that was told.
    pub(super) latest: Instant,
    /// The earliest of everything else.
    pub(super) next_chore: Option<Instant>,
    pub(super) recorders: Vec<Recorder>,
    /// A packet that was secret.
    clear: Vec<u8>,
}

/// Ticks that are made up for when a wake-up comes late; the others are left out.
const CATCH_UP: u32 = 3;

impl Mixer {
    /// An empty mixer. `seed` makes SSRCs, first sequence numbers and timestamps.
    pub fn new(settings: Settings, seed: u64) -> Self {
        Self {
            room: Room::new(Arc::clone(&settings.music)),
            latest: settings.since,
            settings,
            legs: Legs::default(),
            scribes: Scribes::default(),
            outbox: Outbox::default(),
            events: VecDeque::new(),
            chance: SmallRng::seed_from_u64(seed),
            is_relaying: false,
            waited: 0,
            next_tick: None,
            phase: Phase::default(),
            next_chore: None,
            recorders: Vec::new(),
            clear: Vec::new(),
        }
    }

    /// An RTP packet came to the socket of `leg`.
    pub fn receive(&mut self, leg: LegId, packet: &[u8], from: SocketAddr, now: Instant) {
        self.receive_lain(leg, packet, from, now, Duration::ZERO);
    }

    /// The same where it may have lain in the socket for so long.
    pub fn receive_lain(&mut self, leg: LegId, packet: &[u8], from: SocketAddr, now: Instant, lain: Duration) {
        self.latest = now;
        let Some(index) = self.legs.find(leg) else { return };
        if self.legs[index].is_report(packet) {
            return self.receive_report(leg, packet, from, now);
        }
        let mut clear = std::mem::take(&mut self.clear);
        if let Some(packet) = self.legs[index].open(packet, &mut clear, false, now) {
            self.take_in(index, packet, from, now, lain);
        }
        self.clear = clear;
    }

    fn take_in(&mut self, index: usize, packet: &[u8], from: SocketAddr, now: Instant, lain: Duration) {
        let came = Came { now, lain, tick: self.next_tick.unwrap_or(now) };
        let leg = &mut self.legs[index];
        let Some(agreed) = &mut leg.agreed else { return };
        let Some(arrival) = agreed.stream.receive(&agreed.session, packet, from, now) else { return };
        let released = agreed.stream.released.take();
        leg.watch.silent_told = false;
        if leg.watch.silent_since.is_some() {
            leg.watch.silent_since = Some(now);
        }
        if !leg.watch.started {
            leg.watch.started = true;
            self.events.push_back(Event::Started { leg: leg.id });
        }
        if self.is_relaying && pair(&mut self.legs, index).is_some_and(|(from, to)| !from.fits(to)) {
            self.settle(now);
        }
        let leg = &mut self.legs[index];
        if self.is_relaying {
            if let Some((from, to)) = pair(&mut self.legs, index) {
                relay::relay(from, to, &arrival, &mut self.outbox, now);
            }
        } else if leg.is_listened_to()
            && let Some(agreed) = &mut leg.agreed
        {
            let buffer = &mut agreed.stream.buffer;
            match arrival.content {
                Content::Sound => buffer.insert(arrival.sequence, arrival.timestamp, arrival.packet.payload, came),
                Content::Noise => {
                    buffer.insert_noise(arrival.sequence, arrival.timestamp, arrival.packet.payload, came);
                }
                Content::Digits(_) | Content::Other => {}
            }
        }
        let keys = if let Content::Digits(keys) = arrival.content { keys } else { [None; 3] };
        for key in released.into_iter().chain(keys.into_iter().flatten()) {
            self.press(index, By::Event, key, now);
        }
    }

    /// An RTCP packet came to the socket of `leg`.
    pub fn receive_report(&mut self, leg: LegId, packet: &[u8], from: SocketAddr, now: Instant) {
        let clock = self.clock(now);
        let Some(index) = self.legs.find(leg) else { return };
        let leg = &mut self.legs[index];
        let ours = leg.line.ssrc();
        let mut clear = std::mem::take(&mut self.clear);
        let heard = leg.open(packet, &mut clear, true, now).is_some_and(|packet| {
            leg.agreed
                .as_mut()
                .is_some_and(|agreed| agreed.stream.receive_report(&agreed.session, packet, from, ours, clock, now))
        });
        self.clear = clear;
        // Phones that send nothing while they are muted go on reporting: they are there.
        if heard {
            leg.watch.silent_told = false;
            leg.watch.silent_since = leg.watch.silent_since.map(|_| now);
        }
    }

    /// A wish.
    pub fn command(&mut self, command: Command, now: Instant) {
        self.latest = now;
        if let Command::Record { recording, follows, what } = command {
            return self.record(recording, follows, what, now);
        }
        let Some(index) = command.leg().and_then(|leg| self.legs.find(leg)) else {
            if let Command::Join { leg } = command {
                self.join(leg, now);
            }
            return;
        };
        let leg = &mut self.legs[index];
        match command {
            Command::Join { .. } => {}
            Command::Stream { session, .. } => {
                let first = leg.agreed.is_none();
                let changes = leg.agreed.as_ref().is_some_and(|agreed| agreed.session != *session);
                let was_relaying = self.is_relaying;
                if changes {
                    // In the codec in which it came.
                    self.end_relay(now);
                }
                if self.legs[index].tones.is_some() && (changes || first) {
                    self.release_tone(index, now);
                }
                if self.legs[index].breaks_off_for(&session) {
                    self.end_sound(index, was_relaying, now);
                }
                let leg = &mut *self.legs[index];
                let rate = leg.rate();
                if session.codec.rate() != rate
                    && let Some(word) = leg.end_word()
                {
                    self.room.bid_farewell(rate, word);
                }
                leg.agree(*session, self.settings.jitter, now);
                if first {
                    self.plan_reports(index, now);
                }
            }
            Command::Role { role, .. } => leg.role = role,
            Command::Play { source, .. } => {
                if leg.source != source || source == Some(Source::Prompt) {
                    leg.begun = leg.begun.wrapping_add(1);
                    self.events.extend(leg.clip_broken_off());
                }
                leg.source = source;
            }
            Command::Whisper { playback, .. } => self.events.extend(leg.whisper(playback)),
            Command::Record { .. } => {}
            Command::Digits { mode, .. } => leg.digit_mode = mode,
            Command::SendDigit { digit, duration_ms, .. } => {
                if leg.takes_info() {
                    self.events.push_back(Event::Dial { leg: leg.id, digit, duration_ms });
                } else {
                    leg.dialler.dial(digit, duration_ms);
                }
            }
            Command::Pressed { digit, duration_ms, .. } => {
                self.press(index, By::Info, Key::Down(digit), now);
                self.press(index, By::Info, Key::Up { digit, duration_ms }, now);
            }
            Command::Leave { leg } => {
                self.say_goodbye(index, now);
                self.remove(index, now);
                self.recorded_leg_left(leg, now);
                return self.settle(now);
            }
        }
        self.settle_leg(index, now);
        self.settle(now);
    }

    /// Another music is heard on hold, from now on.
    pub fn set_music(&mut self, music: Arc<Music>) {
        self.settings.music = Arc::clone(&music);
        self.room.change_music(music);
    }

    /// The 20 ms tick (or other deadlines) is due.
    pub fn wake(&mut self, now: Instant) {
        self.latest = now;
        if let Some(tick) = self.next_tick {
            let overdue = (now.saturating_duration_since(tick).as_nanos() / TICK.as_nanos()) as u32;
            let left_out = overdue.saturating_sub(CATCH_UP - 1);
            if left_out > 0 {
                self.skip(left_out);
            }
        }
        while let Some(tick) = self.next_tick.filter(|tick| *tick <= now) {
            self.tick(tick);
            self.next_tick = Some(self.after(tick));
            self.plan_ticks(now);
        }
        if self.next_chore.is_some_and(|chore| chore <= now) {
            self.do_chores(now);
        }
    }

    /// When `wake` wants to be called: the next tick while somebody needs mixing or playing, else RTCP or silence checks.
    pub fn next_deadline(&self) -> Option<Instant> {
        match (self.next_tick, self.next_chore) {
            (Some(tick), Some(chore)) => Some(tick.min(chore)),
            (tick, chore) => tick.or(chore),
        }
    }

    /// The next packet to send; lent from a buffer that is used again.
    pub fn next_transmit(&mut self) -> Option<Transmit<'_>> {
        self.outbox.next()
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// How many legs are in.
    pub fn len(&self) -> usize {
        self.legs.len()
    }

    /// How often something was encoded: who hears the same shares it.
    pub fn encodes(&self) -> u64 {
        self.scribes.encodes()
    }

    /// Whether nobody is in.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn record(&mut self, id: RecordingId, follows: Option<LegId>, what: Record, now: Instant) {
        let place = self.recorders.iter().position(|recorder| recorder.id == id);
        match (what, place) {
            (Record::Start(recording), None) => {
                self.recorders.push(Recorder::new(id, follows, *recording, now));
            }
            (Record::Pause, Some(place)) => self.recorders[place].pause(now),
            (Record::Resume, Some(place)) => self.recorders[place].resume(now),
            (Record::Stop, Some(place)) => self.recorders.remove(place).stop(now),
            (Record::Start(_), Some(_)) | (Record::Pause | Record::Resume | Record::Stop, None) => {}
        }
        self.settle(now);
    }

    /// After anything that may change what is expected of one leg, before [`Mixer::settle`]. In a room of a thousand, whoever comes must
    /// not be a matter of all the others.
    pub(super) fn settle_leg(&mut self, index: usize, now: Instant) {
        let leg = &mut self.legs[index];
        let expected = leg.ought_to_send();
        if !expected {
            (leg.watch.silent_since, leg.watch.silent_told) = (None, false);
        } else if leg.watch.silent_since.is_none() {
            leg.watch.silent_since = Some(now);
        }
        self.legs.plan(index, self.settings.timeout);
    }

    /// After anything that may change who hears what: relay or not, ticks or not, and when to look again.
    pub(super) fn settle(&mut self, now: Instant) {
        if self.is_relaying && !self.can_relay() {
            self.end_relay(now);
        }
        self.next_chore = self.legs.next_due();
        self.plan_ticks(now);
    }

    fn plan_ticks(&mut self, now: Instant) {
        let recording = self.is_recording() && !self.legs.is_empty();
        let needed = recording
            || self
                .legs
                .iter()
                .any(|leg| leg.dialler.is_busy() || leg.tones.is_some() || !self.is_relaying && leg.may_be_sent());
        if !needed {
            self.next_tick = None;
        } else if self.next_tick.is_none() {
            self.next_tick = Some(self.phase.next(self.settings.since, now));
        }
    }

    /// The tick after this one, which is nearer if what is said comes so much earlier.
    fn after(&mut self, tick: Instant) -> Instant {
        let next = tick + TICK;
        let spare = self.legs.iter().filter_map(|leg| leg.agreed.as_ref()?.stream.buffer.spare());
        let Some(moved) = self.phase.fit(spare, self.legs.len()) else { return next };
        for leg in self.legs.iter_mut() {
            leg.line.shift(moved);
        }
        match moved {
            Shift::Earlier(by) => next - by,
            Shift::Later(by) => next + by,
        }
    }

    fn skip(&mut self, ticks: u32) {
        for leg in self.legs.iter_mut() {
            let frame = leg.rate().frame();
            if let Some(agreed) = &mut leg.agreed {
                agreed.stream.buffer.skip(frame * ticks as usize);
            }
        }
        self.next_tick = self.next_tick.map(|tick| tick + TICK * ticks);
    }

    /// Whether packets may go straight from one to the other.
    pub(super) fn can_relay(&self) -> bool {
        let [one, other] = &self.legs[..] else { return false };
        if self.is_recording() {
            return false;
        }
        match (one.may_relay(), other.may_relay()) {
            (Some(first), Some(second)) => first.may_be_relayed_to(second) && one.fits(other) && other.fits(one),
            _ => false,
        }
    }

    /// Somebody has to hear what is said, and not only pass it on.
    fn is_recording(&self) -> bool {
        self.recorders.iter().any(Recorder::is_running)
    }

    pub(super) fn begin_relay(&mut self) {
        self.is_relaying = true;
        for leg in self.legs.iter_mut() {
            leg.relayed.begin();
            if let Some(agreed) = &mut leg.agreed {
                agreed.stream.buffer.hand_over();
            }
        }
    }

    pub(super) fn end_relay(&mut self, now: Instant) {
        if std::mem::take(&mut self.is_relaying) {
            for index in 0..self.legs.len() {
                match pair(&mut self.legs, index) {
                    Some((leg, other)) => relay::end(leg, Some(other), now),
                    None => relay::end(&mut self.legs[index], None, now),
                }
            }
        }
    }
}

/// The leg at `index`, and the other one.
pub(super) fn pair(legs: &mut [Box<Leg>], index: usize) -> Option<(&mut Leg, &mut Leg)> {
    let [one, other] = legs else { return None };
    Some(if index == 0 { (one, other) } else { (other, one) })
}
