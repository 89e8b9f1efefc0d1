//! A WAV file that is being written, and that can be played at any time until where it was patched last.

use crate::media::audio::frame::Rate;
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
};

/// PCM of 16 bits.
pub(super) struct WavFile {
    file: File,
    channels: u16,
    rate: Rate,
    /// Bytes of sound in the file.
    length: u64,
    /// What is not yet in the file.
    pending: Vec<u8>,
}

const HEADER: u64 = 44;
/// What the lengths in the header can say.
const LONGEST: u64 = u32::MAX as u64 - HEADER;
/// Pending bytes are written when there are more.
const PENDING: usize = 1 << 16;

impl WavFile {
    /// A new file, which only we can read.
    pub(super) fn create(path: &Path, channels: u16, rate: Rate) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let mut wav = Self { file, channels, rate, length: 0, pending: Vec::new() };
        wav.patch()?;
        Ok(wav)
    }

    /// On a device that is always full.
    #[cfg(test)]
    pub(super) fn full() -> Self {
        let file = OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        Self { file, channels: 1, rate: Rate::NARROW, length: 0, pending: Vec::new() }
    }

    /// 20 ms of all channels, one after the other.
    pub(super) fn write(&mut self, sound: &[i16], rate: Rate) -> io::Result<()> {
        let (from, to) = (rate.frame(), self.rate.frame());
        for at in 0..to {
            for channel in sound.chunks_exact(from).take(usize::from(self.channels)) {
                let sample = sample(channel, at, from, to);
                self.pending.extend_from_slice(&sample.to_le_bytes());
            }
        }
        if self.pending.len() > PENDING { self.flush() } else { Ok(()) }
    }

    /// So many frames of silence.
    pub(super) fn silence(&mut self, frames: u64) -> io::Result<()> {
        for _ in 0..frames {
            self.pending.resize(self.pending.len() + self.frame_bytes() as usize, 0);
            if self.pending.len() > PENDING {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Writes what is pending.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.length + self.pending.len() as u64 > LONGEST {
            self.pending.clear();
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.file.write_all_at(&self.pending, HEADER + self.length)?;
        self.length += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    /// Sets the lengths in the header right, for all that is written.
    pub(super) fn patch(&mut self) -> io::Result<()> {
        let block = self.channels * 2;
        let (data, rate) = (u32::try_from(self.length).unwrap_or(u32::MAX), self.rate.0);
        let mut header = Vec::with_capacity(HEADER as usize);
        header.extend_from_slice(b"RIFF");
        header.extend_from_slice(&data.saturating_add(36).to_le_bytes());
        header.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0");
        header.extend_from_slice(&self.channels.to_le_bytes());
        header.extend_from_slice(&rate.to_le_bytes());
        header.extend_from_slice(&(rate * u32::from(block)).to_le_bytes());
        header.extend_from_slice(&block.to_le_bytes());
        header.extend_from_slice(b"\x10\0data");
        header.extend_from_slice(&data.to_le_bytes());
        self.file.write_all_at(&header, 0)
    }

    /// It is so many frames long: what is missing is silence, what is beyond goes.
    pub(super) fn set_length(&mut self, frames: u64) -> io::Result<()> {
        self.flush()?;
        let (wanted, frame) = (frames * self.frame_bytes(), self.frame_bytes());
        if wanted > self.length {
            self.silence((wanted - self.length) / frame)?;
            self.flush()?;
        } else {
            self.length = wanted;
            self.file.set_len(HEADER + wanted)?;
        }
        Ok(())
    }

    /// It is complete.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let flushed = self.flush();
        self.patch().and(flushed)
    }

    fn frame_bytes(&self) -> u64 {
        self.rate.frame() as u64 * u64::from(self.channels) * 2
    }
}

/// One sample of a frame at another rate: the mean of those that fall together, or between two where there are fewer.
fn sample(channel: &[i16], at: usize, from: usize, to: usize) -> i16 {
    if from == to {
        return channel[at];
    }
    if from > to {
        let part = &channel[at * from / to..((at + 1) * from / to).max(at * from / to + 1)];
        return (part.iter().map(|sample| i32::from(*sample)).sum::<i32>() / part.len() as i32) as i16;
    }
    let (place, rest) = (at * from / to, (at * from % to) as i32);
    let (one, next) = (i32::from(channel[place]), i32::from(channel[(place + 1).min(from - 1)]));
    (one + (next - one) * rest / to as i32) as i16
}
