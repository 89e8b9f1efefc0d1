//! A WAV file that is being written, and that can be played at any time until where it was patched last.

use crate::media::audio::{
    converter::{Converter, sample},
    frame::Rate,
};
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
    /// One a channel, for sound of another rate; empty while there is none.
    converters: Vec<Converter>,
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
        let mut wav = Self::over(file, channels, rate);
        wav.patch()?;
        Ok(wav)
    }

    /// On a device that is always full.
    #[cfg(test)]
    pub(super) fn full() -> Self {
        let file = OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        Self::over(file, 1, Rate::NARROW)
    }

    fn over(file: File, channels: u16, rate: Rate) -> Self {
        Self { file, channels, rate, converters: Vec::new(), length: 0, pending: Vec::new() }
    }

    /// 20 ms of all channels, one after the other.
    pub(super) fn write(&mut self, sound: &[i16], rate: Rate) -> io::Result<()> {
        let channels = sound.chunks_exact(rate.frame()).take(usize::from(self.channels));
        if rate == self.rate {
            self.converters.clear();
            interleave(channels.map(|channel| channel.iter().copied()), &mut self.pending);
        } else {
            if !self.converters.first().is_some_and(|converter| converter.is_between(rate, self.rate)) {
                let converters = (0..self.channels).map(|_| Converter::new(rate, self.rate));
                self.converters = converters.collect();
            }
            let silence = vec![0.0; self.rate.frame()];
            let converted = channels.zip(&mut self.converters).map(|(channel, converter)| {
                let sounds = channel.iter().any(|sample| *sample != 0);
                converter.convert(channel, sounds).unwrap_or(&silence).iter().copied().map(sample)
            });
            interleave(converted, &mut self.pending);
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

/// Appends the first samples of all channels, then the second ones, and so on.
fn interleave(channels: impl Iterator<Item = impl Iterator<Item = i16>>, bytes: &mut Vec<u8>) {
    let mut channels: Vec<_> = channels.collect();
    while let Some(first) = channels.first_mut().and_then(Iterator::next) {
        bytes.extend_from_slice(&first.to_le_bytes());
        for channel in &mut channels[1..] {
            bytes.extend_from_slice(&channel.next().unwrap_or_default().to_le_bytes());
        }
    }
}
