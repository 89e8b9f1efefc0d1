//! Sound from WAV files of any usual kind, those of telephones (G.711) among them. The only file that knows hound for reading.

use super::{
    file::Pcm,
    frame::Rate,
    g711::{alaw, ulaw},
    resample::resample,
};
use hound::{SampleFormat, WavReader};
use std::io::Read;

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// Not a WAV file, or a damaged one.
    #[error("not a readable WAV file: {0}")]
    Unreadable(#[from] hound::Error),
    /// A kind of WAV that is not read: compressed, or samples of another size than 8, 16, 24 or 32 bits.
    #[error("WAV with {channels} channels of {bits} bits at {rate} Hz cannot be used")]
    Unsupported {
        /// Channels.
        channels: u16,
        /// Bits a sample.
        bits: u16,
        /// Samples a second.
        rate: u32,
    },
    /// Nothing in it.
    #[error("the WAV file has no sound in it")]
    Empty,
    /// More than allowed.
    #[error("the WAV file is too long")]
    TooLong,
}

/// The longest file that is read, s.
pub const LONGEST_S: u32 = 3600;

/// All of a file as one channel at `rate`; several channels are averaged.
pub fn read(file: impl Read, rate: Rate) -> Result<Vec<i16>, WavError> {
    let Pcm { samples, rate: from } = decode(file, LONGEST_S)?;
    let unsupported = WavError::Unsupported { channels: 1, bits: 16, rate: from };
    let sound = resample(&samples, from, rate).ok_or(unsupported)?;
    Ok(sound.into_iter().map(|sample| (sample * 32767.0).round().clamp(-32768.0, 32767.0) as i16).collect())
}

/// All of a file as one channel at its own rate; several channels are averaged.
pub(super) fn decode(file: impl Read, longest_s: u32) -> Result<Pcm, WavError> {
    let reader = WavReader::new(file)?;
    let spec = reader.spec();
    let unsupported =
        WavError::Unsupported { channels: spec.channels, bits: spec.bits_per_sample, rate: spec.sample_rate };
    if spec.channels == 0 || spec.sample_rate < 1000 || spec.sample_rate > 384_000 {
        return Err(unsupported);
    }
    if reader.duration() / spec.sample_rate >= longest_s {
        return Err(WavError::TooLong);
    }
    let samples = match (spec.sample_format, spec.bits_per_sample) {
        (SampleFormat::Int, 8 | 16 | 24 | 32) => {
            let full = 2_f32.powi(i32::from(spec.bits_per_sample) - 1);
            one_channel(reader.into_samples::<i32>().map(|sample| sample.map(|s| s as f32 / full)), spec.channels)?
        }
        (SampleFormat::Float, 32) => one_channel(reader.into_samples::<f32>(), spec.channels)?,
        (SampleFormat::Int | SampleFormat::Float, _) => return Err(unsupported),
    };
    if samples.is_empty() {
        return Err(WavError::Empty);
    }
    Ok(Pcm { samples, rate: spec.sample_rate })
}

/// The same where the samples are G.711, which hound does not read; `None`: they are something else.
pub(super) fn companded(bytes: &[u8], longest_s: u32) -> Result<Option<Pcm>, WavError> {
    let Some((about, samples)) = chunk(bytes, b"fmt ").zip(chunk(bytes, b"data")) else { return Ok(None) };
    let Some((&[kind, 0, channels, 0, a, b, c, d, ..], _)) = about.split_first_chunk::<16>() else { return Ok(None) };
    let expand = match kind {
        6 => alaw::decode,
        7 => ulaw::decode,
        _ => return Ok(None),
    };
    let (channels, rate) = (u16::from(channels), u32::from_le_bytes([a, b, c, d]));
    if channels == 0 || !(1000..=384_000).contains(&rate) {
        return Err(WavError::Unsupported { channels, bits: 8, rate });
    }
    if samples.len() / usize::from(channels) / rate as usize >= longest_s as usize {
        return Err(WavError::TooLong);
    }
    let samples = one_channel(samples.iter().map(|code| Ok(f32::from(expand(*code)) / 32_768.0)), channels)?;
    if samples.is_empty() { Err(WavError::Empty) } else { Ok(Some(Pcm { samples, rate })) }
}

/// The first part of that name in a RIFF file; as much of it as there is.
fn chunk<'a>(bytes: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    let mut rest = bytes.get(12..)?;
    loop {
        let (head, after) = rest.split_first_chunk::<8>()?;
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        if head.starts_with(name) {
            return Some(&after[..length.min(after.len())]);
        }
        rest = after.get(length + length % 2..)?;
    }
}

fn one_channel(
    samples: impl Iterator<Item = Result<f32, hound::Error>>,
    channels: u16,
) -> Result<Vec<f32>, hound::Error> {
    let (mut sound, mut sum, mut of) = (Vec::new(), 0.0, 0);
    for sample in samples {
        let sample = sample?;
        sum += if sample.is_finite() { sample } else { 0.0 };
        of += 1;
        if of == channels {
            sound.push(sum / f32::from(channels));
            (sum, of) = (0.0, 0);
        }
    }
    Ok(sound)
}

#[cfg(test)]
mod tests {
    use super::{super::goertzel::level, *};
    use hound::{WavSpec, WavWriter};
    use std::{f64::consts::TAU, io::Cursor};

    fn file(rate: u32, channels: u16, bits: u16, format: SampleFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let spec = WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format: format };
        let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
        for at in 0..rate {
            let value = 0.1 * (TAU * 440.0 * f64::from(at) / f64::from(rate)).sin();
            for _ in 0..channels {
                match format {
                    SampleFormat::Float => writer.write_sample(value as f32).unwrap(),
                    SampleFormat::Int => writer.write_sample((value * 2_f64.powi(i32::from(bits) - 1)) as i32).unwrap(),
                }
            }
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn every_usual_kind_of_file_sounds_the_same() {
        for rate in [8000, 11_025, 16_000, 44_100, 48_000] {
            for (channels, bits, format) in [
                (1, 8, SampleFormat::Int),
                (2, 16, SampleFormat::Int),
                (1, 24, SampleFormat::Int),
                (2, 32, SampleFormat::Int),
                (2, 32, SampleFormat::Float),
            ] {
                let sound = read(&file(rate, channels, bits, format)[..], Rate::NARROW).unwrap();
                assert!((7990..=8010).contains(&sound.len()), "{rate} {bits}: {}", sound.len());
                let heard = level(&sound, 440.0, Rate::NARROW);
                assert!((heard + 20.0).abs() < 0.5, "{rate} {channels} {bits}: {heard}");
            }
        }
    }

    #[test]
    fn files_of_telephones_are_read() {
        for (kind, encode) in [(6, alaw::encode as fn(i16) -> u8), (7, ulaw::encode)] {
            let tone = (0..8000).map(|at| (3276.8 * (TAU * 440.0 * f64::from(at) / 8000.0).sin()) as i16);
            let codes: Vec<u8> = tone.map(encode).collect();
            // As programs write them: 18 octets of format, and another part before the sound.
            let format = [kind, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0, 0, 0];
            let part = |name: &[u8], bytes: &[u8]| [name, &(bytes.len() as u32).to_le_bytes(), bytes].concat();
            let parts =
                [part(b"fmt ", &format), part(b"fact", &8000_u32.to_le_bytes()), part(b"data", &codes)].concat();
            let file = [b"RIFF\0\0\0\0WAVE", &parts[..]].concat();
            let Pcm { samples, rate } = super::super::file::decode(&file, 10).unwrap();
            let sound: Vec<i16> = samples.iter().map(|sample| (sample * 32_768.0) as i16).collect();
            assert_eq!((rate, sound.len()), (8000, 8000));
            let heard = level(&sound, 440.0, Rate::NARROW);
            assert!((heard + 20.0).abs() < 0.5, "{kind}: {heard}");
            assert!(matches!(companded(&file, 1), Err(WavError::TooLong)));
            assert!(
                (0..file.len()).all(|length| !matches!(companded(&file[..length], 1), Err(WavError::Unreadable(_))))
            );
        }
    }

    #[test]
    fn what_is_not_sound_is_told_apart() {
        assert!(matches!(read(&b"RIFFnonsense"[..], Rate::NARROW), Err(WavError::Unreadable(_))));
        let empty = file(8000, 1, 16, SampleFormat::Int)[..44].to_vec();
        assert!(read(&empty[..], Rate::NARROW).is_err());
        let mut cut = file(8000, 1, 16, SampleFormat::Int);
        cut.truncate(1000);
        assert!(matches!(read(&cut[..], Rate::NARROW), Err(WavError::Unreadable(_))));
    }
}
