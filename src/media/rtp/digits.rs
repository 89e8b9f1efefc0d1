//! Telephone-events (RFC 4733): each digit once, with its length, in and out.

use crate::{ids::LegId, media::audio::frame::Rate};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// A digit whose packets stop without an end has ended (RFC 4733 2.5.2.2 leaves the time to us).
const LOST_END: Duration = Duration::from_millis(150);
/// The end is said three times (RFC 4733 2.5.1.4).
const ENDS: u8 = 3;
/// Silence between two digits, ms; detectors want 45 or more (ITU-T Q.24).
const PAUSE_MS: u32 = 60;
/// Digits that may wait to be sent to one leg.
const WAITING: usize = 32;
/// A segment of a long digit, ticks: no more than 16 bits can say, and whole frames of every clock (RFC 4733 2.5.1.3).
const SEGMENT: u32 = 0xFF00;
/// One event packet for each frame.
const STEP_MS: u32 = 20;
/// Shortest and longest digit that is sent, ms.
const SHORTEST_MS: u32 = 40;
const LONGEST_MS: u32 = 8000;

/// The payload of one packet (RFC 4733 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// 0-9 * # A-D.
    pub digit: char,
    /// The key is up again.
    pub end: bool,
    /// How long it has been down, ticks of the clock of telephone-event.
    pub duration: u16,
}

const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];
/// -10 dBm0.
const VOLUME: u8 = 10;

impl Report {
    /// Reads a payload; `None`: another event, or none.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let [event, flags, high, low] = *payload.first_chunk()?;
        let digit = *KEYS.get(usize::from(event))?;
        Some(Self { digit, end: flags & 0x80 != 0, duration: u16::from_be_bytes([high, low]) })
    }

    /// The payload. A digit that is none is written as 0.
    pub fn write(&self) -> [u8; 4] {
        let event = KEYS.iter().position(|key| *key == self.digit).unwrap_or(0) as u8;
        let [high, low] = self.duration.to_be_bytes();
        [event, if self.end { 0x80 | VOLUME } else { VOLUME }, high, low]
    }
}

/// Whether a digit can be dialled.
pub fn is_digit(digit: char) -> bool {
    KEYS.contains(&digit)
}

/// What the peer's keys do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Down.
    Down(char),
    /// Up again; exactly once for each `Down`.
    Up {
        /// Which.
        digit: char,
        /// How long it was down.
        duration_ms: u16,
    },
}

/// Hears digits in telephone-events.
#[derive(Clone, Debug, Default)]
pub struct Listener {
    /// The digit that was heard last, which may still be down.
    last: Option<Heard>,
}

#[derive(Clone, Debug)]
struct Heard {
    digit: char,
    timestamp: i64,
    /// Ticks of segments before this one (RFC 4733 2.5.1.3).
    before: u32,
    duration: u16,
    clock: Rate,
    at: Instant,
    is_down: bool,
}

impl Heard {
    fn up(&mut self) -> Key {
        self.is_down = false;
        let ms = self.before.saturating_add(self.duration.into()) / ticks_per_ms(self.clock);
        Key::Up { digit: self.digit, duration_ms: u16::try_from(ms).unwrap_or(u16::MAX) }
    }
}

impl Listener {
    /// A packet; `timestamp` extended by its source, `clock` that of telephone-event. What happened, in order: nothing, something,
    /// or up and down.
    pub fn hear(&mut self, report: Report, timestamp: i64, clock: Rate, now: Instant) -> [Option<Key>; 3] {
        let mut lost = None;
        if let Some(last) = &mut self.last {
            let ahead = timestamp - last.timestamp;
            let continued = last.is_down
                && last.digit == report.digit
                && ahead > 0
                && ahead == i64::from(last.duration).max(i64::from(SEGMENT));
            if continued || ahead == 0 && last.is_down {
                if continued {
                    last.before = last.before.saturating_add(last.duration.into());
                    (last.duration, last.timestamp) = (0, timestamp);
                }
                last.duration = last.duration.max(report.duration);
                last.at = now;
                return [report.end.then(|| last.up()), None, None];
            }
            if ahead <= 0 && ahead > -(i64::from(u16::MAX) * 64) {
                return [None; 3];
            }
            lost = last.is_down.then(|| last.up());
        }
        let Report { digit, duration, .. } = report;
        let mut heard = Heard { digit, timestamp, before: 0, duration, clock, at: now, is_down: true };
        let up = report.end.then(|| heard.up());
        self.last = Some(heard);
        [lost, Some(Key::Down(report.digit)), up]
    }

    /// Another source: its timestamps are on another scale.
    pub fn restart(&mut self) -> Option<Key> {
        self.last.take().and_then(|mut last| last.is_down.then(|| last.up()))
    }

    /// When a digit that goes on being down must be given up.
    pub fn deadline(&self) -> Option<Instant> {
        self.last.as_ref().filter(|last| last.is_down).map(|last| last.at + LOST_END)
    }

    /// Gives up a digit whose end was lost.
    pub fn wake(&mut self, now: Instant) -> Option<Key> {
        self.deadline().filter(|at| *at <= now)?;
        self.last.as_mut().map(Heard::up)
    }
}

/// What a dialler wants to be sent in this tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialling {
    /// Nothing: sound may pass.
    Idle,
    /// Silence between two digits.
    Pause,
    /// An event packet.
    Digit {
        /// What to say; `end` is said [`Dialling::Digit::times`] times.
        report: Report,
        /// The first of its digit: marker, and a new timestamp that all the others share.
        first: bool,
        /// Ticks by which that timestamp moves on before this packet: another segment of a long digit begins.
        moves: u32,
        /// How often.
        times: u8,
    },
}

/// Dials digits towards a leg, a packet a tick.
#[derive(Clone, Debug, Default)]
pub struct Dialler {
    queue: VecDeque<Wanted>,
    /// Of the first in the queue, ms so far; `None` while the pause before it lasts.
    sent_ms: Option<u32>,
    pause_ms: u32,
}

#[derive(Clone, Debug)]
struct Wanted {
    digit: char,
    length: Length,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Ms(u32),
    /// As long as this leg holds its key down.
    Until(LegId),
}

impl Length {
    fn of(duration_ms: u16) -> Self {
        Self::Ms(u32::from(duration_ms).clamp(SHORTEST_MS, LONGEST_MS))
    }

    fn ms(self) -> Option<u32> {
        match self {
            Self::Ms(ms) => Some(ms),
            Self::Until(_) => None,
        }
    }
}

impl Dialler {
    /// A digit of known length. `false`: too many wait.
    pub fn dial(&mut self, digit: char, duration_ms: u16) -> bool {
        self.push(digit, Length::of(duration_ms))
    }

    /// A key of another leg's went down; `up` will follow.
    pub fn down(&mut self, by: LegId, digit: char) -> bool {
        self.push(digit, Length::Until(by))
    }

    /// The key that a leg held down went up.
    pub fn up(&mut self, by: LegId, duration_ms: u16) {
        if let Some(wanted) = self.queue.iter_mut().find(|wanted| wanted.length == Length::Until(by)) {
            wanted.length = Length::of(duration_ms);
        }
    }

    /// Whether anything is being dialled or waits.
    pub fn is_busy(&self) -> bool {
        !self.queue.is_empty() || self.pause_ms > 0
    }

    /// Whether a digit sounds now, so that other sound must wait.
    pub fn is_sounding(&self) -> bool {
        self.pause_ms == 0 && !self.queue.is_empty()
    }

    /// The digit that sounds now with what remains of it, ms (`None`: open end), for those who want tones.
    pub fn sounding(&self) -> Option<(char, Option<u32>)> {
        let wanted = self.queue.front().filter(|_| self.pause_ms == 0)?;
        let sent = self.sent_ms.unwrap_or(0);
        Some((wanted.digit, wanted.length.ms().map(|ms| ms.saturating_sub(sent))))
    }

    /// The next 20 ms, told by this clock.
    pub fn tick(&mut self, clock: Rate) -> Dialling {
        if self.pause_ms > 0 {
            self.pause_ms = self.pause_ms.saturating_sub(STEP_MS);
            return Dialling::Pause;
        }
        let Some(wanted) = self.queue.front() else { return Dialling::Idle };
        let first = self.sent_ms.is_none();
        let longest = wanted.length.ms().unwrap_or(LONGEST_MS);
        // What was said cannot be taken back: a key that went up earlier than thought ends now.
        let said = self.sent_ms.unwrap_or(0);
        let sent = (said + STEP_MS).min(longest).max(said);
        let end = sent >= longest;
        let ticks = sent * ticks_per_ms(clock);
        // A segment is full before the next begins.
        let segment = (ticks.max(1) - 1) / SEGMENT;
        let moves = if (said * ticks_per_ms(clock)).max(1) - 1 < segment * SEGMENT { SEGMENT } else { 0 };
        let report = Report { digit: wanted.digit, end, duration: (ticks - segment * SEGMENT) as u16 };
        self.sent_ms = Some(sent);
        if end {
            self.queue.pop_front();
            (self.sent_ms, self.pause_ms) = (None, PAUSE_MS);
        }
        Dialling::Digit { report, first, moves, times: if end { ENDS } else { 1 } }
    }

    fn push(&mut self, digit: char, length: Length) -> bool {
        let room = self.queue.len() < WAITING && is_digit(digit);
        if room {
            self.queue.push_back(Wanted { digit, length });
        }
        room
    }
}

fn ticks_per_ms(clock: Rate) -> u32 {
    (clock.0 / 1000).max(1)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]
mod tests {
    use super::*;

    fn report(end: bool, ms: u16) -> Report {
        Report { digit: '5', end, duration: ms * 8 }
    }

    const DOWN: Key = Key::Down('5');
    fn up(duration_ms: u16) -> Key {
        Key::Up { digit: '5', duration_ms }
    }

    fn keys(heard: [Option<Key>; 3]) -> Vec<Key> {
        heard.into_iter().flatten().collect()
    }

    #[test]
    fn a_payload_is_four_octets() {
        let report = Report { digit: '#', end: true, duration: 800 };
        assert_eq!(report.write(), [11, 0x8A, 3, 32]);
        assert_eq!(Report::read(&report.write()), Some(report));
        assert_eq!((Report::read(&[16, 0, 0, 0]), Report::read(&[1, 0, 0])), (None, None));
    }

    #[test]
    fn three_ends_are_one_digit() {
        let (mut listener, now) = (Listener::default(), Instant::now());
        assert_eq!(keys(listener.hear(report(false, 20), 100, Rate::NARROW, now)), [DOWN]);
        assert_eq!(keys(listener.hear(report(false, 40), 100, Rate::NARROW, now)), []);
        assert_eq!(keys(listener.hear(report(true, 60), 100, Rate::NARROW, now)), [up(60)]);
        assert_eq!(keys(listener.hear(report(true, 60), 100, Rate::NARROW, now)), []);
        assert_eq!(keys(listener.hear(report(false, 40), 100, Rate::NARROW, now)), []);
        assert_eq!(keys(listener.hear(report(false, 20), 2000, Rate::NARROW, now)), [DOWN]);
    }

    #[test]
    fn a_digit_of_which_only_the_end_came_is_a_digit() {
        let (mut listener, now) = (Listener::default(), Instant::now());
        assert_eq!(keys(listener.hear(report(true, 100), 100, Rate::NARROW, now)), [DOWN, up(100)]);
        assert_eq!(listener.deadline(), None);
    }

    #[test]
    fn a_digit_without_an_end_ends_by_time_or_by_the_next() {
        let (mut listener, now) = (Listener::default(), Instant::now());
        listener.hear(report(false, 80), 100, Rate::NARROW, now);
        assert_eq!(listener.wake(now + LOST_END / 2), None);
        assert_eq!(listener.wake(now + LOST_END), Some(up(80)));
        assert_eq!(keys(listener.hear(report(true, 100), 100, Rate::NARROW, now + LOST_END)), []);
        listener.hear(report(false, 40), 3000, Rate::NARROW, now);
        assert_eq!(keys(listener.hear(report(false, 20), 6000, Rate::NARROW, now)), [up(40), DOWN]);
    }

    #[test]
    fn a_very_long_digit_in_segments_is_one() {
        let (mut listener, now) = (Listener::default(), Instant::now());
        let whole = Report { digit: '5', end: false, duration: 0xFFFF };
        assert_eq!(keys(listener.hear(whole, 100, Rate::NARROW, now)), [DOWN]);
        assert_eq!(keys(listener.hear(report(true, 100), 100 + 0xFFFF, Rate::NARROW, now)), [up(8191 + 100)]);
    }

    #[test]
    fn a_digit_is_sent_every_tick_and_ended_three_times() {
        let mut dialler = Dialler::default();
        assert!(dialler.dial('5', 50));
        let mut sent = Vec::new();
        while dialler.is_busy() {
            sent.push(dialler.tick(Rate::NARROW));
        }
        let digit = |report, first, times| Dialling::Digit { report, first, moves: 0, times };
        assert_eq!(
            sent,
            [
                digit(report(false, 20), true, 1),
                digit(report(false, 40), false, 1),
                digit(report(true, 50), false, 3),
                Dialling::Pause,
                Dialling::Pause,
                Dialling::Pause
            ]
        );
    }

    #[test]
    fn a_key_held_down_is_sent_until_it_goes_up() {
        let mut dialler = Dialler::default();
        dialler.down(LegId(7), '5');
        for n in 1..5 {
            assert_eq!(
                dialler.tick(Rate::NARROW),
                Dialling::Digit { report: report(false, 20 * n), first: n == 1, moves: 0, times: 1 }
            );
        }
        dialler.up(LegId(8), 40);
        dialler.up(LegId(7), 90);
        assert_eq!(
            dialler.tick(Rate::NARROW),
            Dialling::Digit { report: report(true, 90), first: false, moves: 0, times: 3 }
        );
    }

    #[test]
    fn a_long_digit_at_a_fast_clock_is_sent_in_segments_that_are_heard_as_one() {
        for (length, segments) in [(1360, 1), (1380, 2), (3000, 3)] {
            let (mut dialler, mut listener, now) = (Dialler::default(), Listener::default(), Instant::now());
            assert!(dialler.dial('5', length));
            let (mut timestamp, mut heard, mut told) = (1000, Vec::new(), 1);
            while let Dialling::Digit { report, moves, .. } = dialler.tick(Rate::FULL) {
                timestamp += i64::from(moves);
                told += u32::from(moves > 0);
                heard.extend(keys(listener.hear(report, timestamp, Rate::FULL, now)));
            }
            assert_eq!((heard, told), (vec![DOWN, up(length)], segments));
        }
    }

    #[test]
    fn too_many_digits_are_refused_and_letters_are_none() {
        let mut dialler = Dialler::default();
        assert!(!dialler.dial('x', 100));
        assert_eq!((0..100).filter(|_| dialler.dial('1', 100)).count(), WAITING);
    }
}
