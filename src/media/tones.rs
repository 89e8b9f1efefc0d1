//! Digits in the sound of a leg: found, and kept from the others.

use super::{
    audio::{
        dtmf::{Detector, Heard},
        fade,
        frame::Rate,
    },
    rtp::digits::Key,
};

/// Listens to what a leg says. It hands on what was said a frame ago: by then it is known whether that was the beginning of a digit.
#[derive(Debug)]
pub(super) struct Tones {
    rate: Rate,
    detector: Detector,
    /// The frame that is handed on next, and whether it sounds.
    waiting: Vec<i16>,
    sounds: bool,
    /// There was, or may have been, a digit in the frame that came last, and the frame handed on last was kept from the others.
    was_suspicious: bool,
    is_muted: bool,
    heard: [Option<Heard>; 2],
}

impl Tones {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            detector: Detector::new(rate),
            waiting: vec![0; rate.frame()],
            sounds: false,
            was_suspicious: false,
            is_muted: false,
            heard: [None; 2],
        }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// The frame before in place of this one, without digits. Whether that sounds.
    pub(super) fn pass(&mut self, frame: &mut Vec<i16>, sounds: bool) -> bool {
        if !sounds {
            frame.fill(0);
        }
        self.heard = self.detector.hear(frame);
        std::mem::swap(frame, &mut self.waiting);
        let sounded = std::mem::replace(&mut self.sounds, sounds);
        let is_suspicious = self.detector.is_suspicious();
        // That a digit has ended is known later than that it began.
        let mutes = is_suspicious | std::mem::replace(&mut self.was_suspicious, is_suspicious);
        let was_muted = std::mem::replace(&mut self.is_muted, mutes);
        match (was_muted, mutes) {
            (false, false) => {}
            (false, true) => fade::fade_out(frame, self.rate),
            (true, true) => frame.fill(0),
            (true, false) => fade::fade_in(frame, self.rate),
        }
        sounded && !(was_muted && mutes)
    }

    /// What the keys did in the last frame.
    pub(super) fn take(&mut self) -> [Option<Key>; 2] {
        std::mem::take(&mut self.heard).map(|heard| heard.map(key))
    }

    /// Nobody listens any more.
    pub(super) fn end(&mut self) -> Option<Key> {
        self.detector.end().map(key)
    }
}

fn key(heard: Heard) -> Key {
    match heard {
        Heard::Down(digit) => Key::Down(digit),
        Heard::Up(digit, duration_ms) => Key::Up { digit, duration_ms },
    }
}
