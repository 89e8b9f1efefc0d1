//! Keys of phones: those that a phone tells in several ways at once are pressed once, told, and handed on to who hears it.

use super::{DigitMode, Event, leg::Audience, mixer::Mixer, rtp::digits::Key, source::Hears};
use std::time::{Duration, Instant};

/// How a press came to our ears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// RFC 4733.
    Event,
    /// In the sound.
    Tone,
    /// INFO.
    Info,
    /// It is a tone of ours, which the phone may send back as an echo.
    Us,
}

/// The same key told in another way so long after it went up is the same press. Jitter buffers and INFO take their time.
const SAME: Duration = Duration::from_millis(500);
/// Presses that are remembered.
const KEPT: usize = 4;
/// Nobody presses keys faster than one in this time; machines dial with 80 ms a digit.
const FASTEST: Duration = Duration::from_millis(40);
/// So many may come at once, when a network held them up.
const BURST: u32 = 40;

/// What a leg pressed last.
#[derive(Debug, Default)]
pub(super) struct Presses {
    recent: [Option<Press>; KEPT],
    next: usize,
    /// When as many presses as there were would have been made at the fastest.
    busy_until: Option<Instant>,
}

#[derive(Debug)]
struct Press {
    digit: char,
    /// Who tells when it ends.
    owner: By,
    is_down: bool,
    up_at: Instant,
    /// The ways in which it was told.
    told: [bool; 4],
}

impl Presses {
    /// Whether this is news.
    pub(super) fn is_new(&mut self, by: By, key: Key, now: Instant) -> bool {
        match key {
            Key::Down(digit) => self.down(by, digit, now),
            Key::Up { digit, .. } => self.up(by, digit, now),
        }
    }

    /// A tone of ours sounds towards the leg.
    pub(super) fn played(&mut self, digit: char, now: Instant) {
        let mut ours = self.recent.iter_mut().flatten().filter(|press| press.owner == By::Us && press.digit == digit);
        match ours.find(|press| now.saturating_duration_since(press.up_at) < Duration::from_millis(50)) {
            Some(press) => press.up_at = now,
            None => self.remember(Press { digit, owner: By::Us, is_down: false, up_at: now, told: ways(By::Us) }),
        }
    }

    fn down(&mut self, by: By, digit: char, now: Instant) -> bool {
        let is_same = |press: &&mut Press| {
            let is_recent = press.is_down || now.saturating_duration_since(press.up_at) <= SAME;
            // An echo is sound, whatever else the phone sends is not.
            let may_be = press.owner != By::Us || by == By::Tone;
            press.digit == digit && !press.told[by as usize] && is_recent && may_be
        };
        if let Some(press) = self.recent.iter_mut().flatten().find(is_same) {
            press.told[by as usize] = true;
            // A tone may be cut short by who makes events of it: they know better how long it was.
            if press.is_down && press.owner == By::Tone && by == By::Event {
                press.owner = by;
            }
            return false;
        }
        if self.is_flood(now) {
            return false;
        }
        self.remember(Press { digit, owner: by, is_down: true, up_at: now, told: ways(by) });
        true
    }

    /// More presses than anybody means: each would be an event to all who watch the call.
    fn is_flood(&mut self, now: Instant) -> bool {
        let until = self.busy_until.map_or(now, |until| until.max(now));
        let is_flood = until.saturating_duration_since(now) >= FASTEST * BURST;
        if !is_flood {
            self.busy_until = Some(until + FASTEST);
        }
        is_flood
    }

    fn up(&mut self, by: By, digit: char, now: Instant) -> bool {
        let mut down = self.recent.iter_mut().flatten().filter(|press| press.is_down && press.owner == by);
        let Some(press) = down.find(|press| press.digit == digit) else { return false };
        (press.is_down, press.up_at) = (false, now);
        true
    }

    fn remember(&mut self, press: Press) {
        self.recent[self.next] = Some(press);
        self.next = (self.next + 1) % KEPT;
    }
}

impl Mixer {
    /// A key of a leg's phone went down or up: told once, and handed on to those who hear the leg.
    pub(super) fn press(&mut self, index: usize, by: By, key: Key, now: Instant) {
        if !self.legs[index].presses.is_new(by, key, now) {
            return;
        }
        let presser = &self.legs[index];
        let (id, audience, mode) = (presser.id, presser.audience(), presser.digit_mode);
        if let Key::Up { digit, duration_ms } = key {
            self.events.push_back(Event::Digit { leg: id, digit, duration_ms });
        }
        if mode == DigitMode::Collect {
            // A key that went down before this mode came must still go up.
            if let Key::Up { duration_ms, .. } = key {
                self.legs.iter_mut().filter(|leg| leg.id != id).for_each(|leg| leg.dialler.up(id, duration_ms));
            }
            self.settle_leg(index, now);
            return self.settle(now);
        }
        for at in 0..self.legs.len() {
            let leg = &mut self.legs[at];
            if leg.id == id {
                continue;
            }
            let hears = match audience {
                Audience::Nobody => false,
                Audience::All => leg.wanted() == Hears::Mix,
                Audience::One(target) => target == leg.id && leg.wanted() == Hears::Mix,
            };
            match key {
                Key::Down(_) if leg.takes_info() => {}
                Key::Up { digit, duration_ms } if hears && leg.takes_info() => {
                    self.events.push_back(Event::Dial { leg: leg.id, digit, duration_ms });
                }
                Key::Down(digit) => {
                    let was_busy = leg.dialler.is_busy();
                    if hears && leg.dialler.down(id, digit) && !was_busy && leg.takes_events() {
                        self.dial(at, now);
                    }
                }
                Key::Up { duration_ms, .. } => leg.dialler.up(id, duration_ms),
            }
        }
        self.settle_leg(index, now);
        self.settle(now);
    }

    pub(super) fn release_key(&mut self, index: usize, now: Instant) {
        let agreed = self.legs[index].agreed.as_mut();
        if let Some(key) = agreed.and_then(|agreed| agreed.stream.listener.restart()) {
            self.press(index, By::Event, key, now);
        }
        self.release_tone(index, now);
    }

    /// Its sound is no longer listened to, or begins anew.
    pub(super) fn release_tone(&mut self, index: usize, now: Instant) {
        if let Some(key) = self.legs[index].tones.as_mut().and_then(|tones| tones.end()) {
            self.press(index, By::Tone, key, now);
        }
    }
}

fn ways(by: By) -> [bool; 4] {
    let mut told = [false; 4];
    told[by as usize] = true;
    told
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_keys_is_cut_off_and_who_dials_fast_is_not() {
        let (mut presses, now) = (Presses::default(), Instant::now());
        let mut press = |now| {
            let is_new = presses.is_new(By::Event, Key::Down('5'), now);
            presses.is_new(By::Event, Key::Up { digit: '5', duration_ms: 40 }, now);
            is_new
        };
        assert_eq!((0..10_000).filter(|_| press(now)).count(), BURST as usize);
        let later = |ms: u64| now + Duration::from_secs(10) + Duration::from_millis(ms);
        assert!((0..500).all(|n| press(later(n * 60))));
    }

    const DOWN: Key = Key::Down('5');
    const UP: Key = Key::Up { digit: '5', duration_ms: 100 };

    /// What is news of this, each at its ms.
    fn news(what: &[(u64, By, Key)]) -> Vec<(u64, By)> {
        let (mut presses, start) = (Presses::default(), Instant::now());
        let is_new = |(ms, by, key): &&(u64, By, Key)| presses.is_new(*by, *key, start + Duration::from_millis(*ms));
        what.iter().filter(is_new).map(|(ms, by, _)| (*ms, *by)).collect()
    }

    #[test]
    fn a_key_told_in_three_ways_is_pressed_once() {
        let told = [
            (0, By::Event, DOWN),
            (60, By::Tone, DOWN),
            (100, By::Event, UP),
            (110, By::Info, DOWN),
            (110, By::Info, UP),
            (160, By::Tone, UP),
        ];
        assert_eq!(news(&told), [(0, By::Event), (100, By::Event)]);
    }

    #[test]
    fn a_key_pressed_twice_is_pressed_twice() {
        let told = [
            (0, By::Event, DOWN),
            (100, By::Event, UP),
            (150, By::Tone, DOWN),
            (200, By::Event, DOWN),
            (240, By::Tone, UP),
            (300, By::Event, UP),
            (350, By::Tone, DOWN),
            (440, By::Tone, UP),
        ];
        assert_eq!(news(&told), [(0, By::Event), (100, By::Event), (200, By::Event), (300, By::Event)]);
        let told = [(0, By::Tone, DOWN), (80, By::Tone, UP), (140, By::Tone, DOWN), (220, By::Tone, UP)];
        assert_eq!(news(&told).len(), 4);
    }

    #[test]
    fn a_tone_that_becomes_an_event_is_as_long_as_the_event() {
        let told = [(0, By::Tone, DOWN), (30, By::Event, DOWN), (70, By::Tone, UP), (500, By::Event, UP)];
        assert_eq!(news(&told), [(0, By::Tone), (500, By::Event)]);
    }

    #[test]
    fn an_echo_of_ours_is_no_press() {
        let (mut presses, start) = (Presses::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        (0..5).for_each(|tick| presses.played('5', at(20 * tick)));
        assert!(!presses.is_new(By::Tone, DOWN, at(150)) && !presses.is_new(By::Tone, UP, at(250)));
        assert!(presses.is_new(By::Tone, DOWN, at(400)) && presses.is_new(By::Event, Key::Down('6'), at(400)));
    }
}
