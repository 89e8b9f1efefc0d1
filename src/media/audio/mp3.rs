//! Sound from MP3 files. The only file that knows symphonia.

use super::file::Pcm;
use std::io::Cursor;
use symphonia::core::{
    codecs::audio::AudioDecoderOptions,
    errors::Error,
    formats::{FormatOptions, TrackType, probe::Hint},
    io::MediaSourceStream,
    meta::MetadataOptions,
};

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum Mp3Error {
    /// Not MP3.
    #[error("neither a WAV nor an MP3 file")]
    Unreadable,
    /// Nothing in it.
    #[error("the MP3 file has no sound in it")]
    Empty,
    /// More than allowed.
    #[error("the MP3 file is too long")]
    TooLong,
}

/// All of a file as one channel at its own rate; several channels are averaged. Damaged frames are left out.
pub(super) fn decode(bytes: &[u8], longest_s: u32) -> Result<Pcm, Mp3Error> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes.to_vec())), Default::default());
    let (files, tags) = (FormatOptions::default(), MetadataOptions::default());
    let mut hint = Hint::new();
    hint.with_extension("mp3");
    let probed = symphonia::default::get_probe().probe(&hint, source, files, tags);
    let mut file = probed.map_err(|_| Mp3Error::Unreadable)?;
    let track = file.default_track(TrackType::Audio).ok_or(Mp3Error::Unreadable)?;
    let (id, parameters) = (track.id, track.codec_params.as_ref().and_then(|parameters| parameters.audio()));
    let parameters = parameters.ok_or(Mp3Error::Unreadable)?;
    let made = symphonia::default::get_codecs().make_audio_decoder(parameters, &AudioDecoderOptions::default());
    let mut decoder = made.map_err(|_| Mp3Error::Unreadable)?;
    let mut pcm = Pcm { samples: Vec::new(), rate: 0 };
    let mut frames: Vec<f32> = Vec::new();
    // A file that ends in the middle of a frame has been heard until there.
    while let Ok(Some(packet)) = file.next_packet() {
        if packet.track_id != id {
            continue;
        }
        let decoded = match decoder.decode(&packet) {
            Ok(decoded) => decoded,
            Err(Error::DecodeError(_)) => continue,
            Err(_) => break,
        };
        let (rate, channels) = (decoded.spec().rate(), decoded.spec().channels().count());
        if pcm.rate == 0 {
            pcm.rate = rate;
        }
        if rate != pcm.rate || channels == 0 {
            continue;
        }
        frames.resize(decoded.samples_interleaved(), 0.0);
        decoded.copy_to_slice_interleaved(&mut frames);
        pcm.samples.extend(frames.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32));
        if pcm.samples.len() as u64 >= u64::from(longest_s) * u64::from(pcm.rate) {
            return Err(Mp3Error::TooLong);
        }
    }
    if pcm.samples.is_empty() { Err(Mp3Error::Empty) } else { Ok(pcm) }
}

#[cfg(test)]
mod tests {
    use super::{super::goertzel::level, *};
    use crate::media::audio::frame::Rate;

    /// 500 ms of 440 Hz at -12 dBFS, 16 kHz, made by LAME.
    const TONE: &[u8] = include_bytes!("../../../tests/sounds/tone.mp3");

    #[test]
    fn a_tone_is_heard_as_it_was_recorded() {
        let Pcm { samples, rate } = decode(TONE, 10).unwrap();
        assert_eq!(rate, 16_000);
        assert!((8000..10_500).contains(&samples.len()), "{}", samples.len());
        let middle: Vec<i16> = samples[2000..7000].iter().map(|sample| (sample * 32767.0) as i16).collect();
        let heard = level(&middle, 440.0, Rate(16_000));
        assert!((heard + 12.0).abs() < 0.5, "{heard}");
    }

    #[test]
    fn what_is_no_mp3_is_told_apart() {
        assert!(matches!(decode(b"<html>not found</html>", 10), Err(Mp3Error::Unreadable)));
        assert!(matches!(decode(&[], 10), Err(Mp3Error::Unreadable)));
        assert!(matches!(decode(TONE, 0), Err(Mp3Error::TooLong)));
        // Half of it, and with holes: what can be heard is heard, and nothing breaks.
        assert!(decode(&TONE[..TONE.len() / 2], 10).is_ok());
        let mut damaged = TONE.to_vec();
        damaged.iter_mut().skip(300).step_by(97).for_each(|byte| *byte ^= 0x5A);
        let _ = decode(&damaged, 10);
    }
}
