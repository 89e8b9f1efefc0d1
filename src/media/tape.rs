//! The way of recorded sound out of the media thread: a bounded queue of frames. Nobody waits on either side.

use super::audio::frame::Rate;
use crossbeam_queue::ArrayQueue;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// One end writes frames (a mixer), the other reads them (whoever writes files); clones are ends of the same tape.
///
/// A frame that finds no room is left out. It is missed by its number, so that the reader can put silence in its place.
#[derive(Clone)]
pub struct Tape(Arc<Inner>);

struct Inner {
    channels: usize,
    written: ArrayQueue<Frame>,
    /// Frames to be used again.
    blank: ArrayQueue<Frame>,
    /// Frames that found no room.
    missed: AtomicU64,
    /// How many frames the whole has, + 1; 0: it goes on.
    end: AtomicU64,
}

/// 20 ms of all channels.
#[derive(Debug)]
pub struct Frame {
    /// How many frames of time were before it, pauses not counted.
    pub number: u64,
    /// Of the samples.
    pub rate: Rate,
    /// One channel after the other.
    pub sound: Vec<i16>,
}

impl Tape {
    /// A tape of `channels` channels for sound up to `rate`, which holds `frames` frames that are not read yet.
    pub fn new(channels: usize, rate: Rate, frames: usize) -> Self {
        let (channels, frames) = (channels.max(1), frames.max(1));
        let blank = ArrayQueue::new(frames);
        for _ in 0..frames {
            let frame = Frame { number: 0, rate, sound: Vec::with_capacity(channels * rate.frame()) };
            // There is room: it was made for so many.
            let _pushed = blank.push(frame);
        }
        let (missed, end) = (AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Inner { channels, written: ArrayQueue::new(frames), blank, missed, end }))
    }

    /// Channels of a frame.
    pub fn channels(&self) -> usize {
        self.0.channels
    }

    /// Writes a frame: `fill` gets silence for all channels, one after the other. False: there was no room.
    pub fn write(&self, number: u64, rate: Rate, fill: impl FnOnce(&mut [i16])) -> bool {
        let Some(mut frame) = self.0.blank.pop() else {
            self.0.missed.fetch_add(1, Ordering::Relaxed);
            return false;
        };
        (frame.number, frame.rate) = (number, rate);
        frame.sound.clear();
        frame.sound.resize(self.0.channels * rate.frame(), 0);
        fill(&mut frame.sound);
        self.0.written.push(frame).is_ok()
    }

    /// Nothing more will be written; the whole has so many frames.
    pub fn finish(&self, frames: u64) {
        self.0.end.store(frames.saturating_add(1), Ordering::Release);
    }

    /// The next frame.
    pub fn read(&self) -> Option<Frame> {
        self.0.written.pop()
    }

    /// Gives a frame back that was read.
    pub fn recycle(&self, frame: Frame) {
        let _pushed = self.0.blank.push(frame);
    }

    /// How many frames found no room so far.
    pub fn missed(&self) -> u64 {
        self.0.missed.load(Ordering::Relaxed)
    }

    /// How many frames the whole has, once that is known. Frames that were written before are still to be read.
    pub fn end(&self) -> Option<u64> {
        self.0.end.load(Ordering::Acquire).checked_sub(1)
    }

    /// Whether there is no other end any more.
    pub fn is_alone(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl PartialEq for Tape {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tape({} channels, {} frames wait)", self.0.channels, self.0.written.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_has_no_room_is_missed() {
        let tape = Tape::new(2, Rate::NARROW, 2);
        let reader = tape.clone();
        for number in 0..3 {
            let written = tape.write(number, Rate::NARROW, |sound| sound[160] = number as i16);
            assert_eq!(written, number < 2);
        }
        let first = reader.read().unwrap();
        assert_eq!((first.number, first.sound.len(), first.sound[160]), (0, 320, 0));
        reader.recycle(first);
        assert!(tape.write(4, Rate::NARROW, |_| {}));
        tape.finish(5);
        let rest: Vec<u64> = std::iter::from_fn(|| reader.read()).map(|frame| frame.number).collect();
        assert_eq!((rest, reader.end()), (vec![1, 4], Some(5)));
        assert_eq!(reader.missed(), 1);
        assert!(!reader.is_alone());
        drop(tape);
        assert!(reader.is_alone());
    }
}
