//! Audio: frames, codecs, tones, WAV, sums.
