//! One leg's codec: payload to samples and back, at a rate of its own. The one place where coders are made.

use super::{
    frame::Rate,
    g722,
    opus::{self, Opus},
    wide,
};
use crate::media::sdp::{Codec, OpusFormat, Session};

/// The codec of one leg with whatever it remembers from packet to packet.
///
/// G.711 and L16 remember nothing, so that one encoded packet may serve all who hear the same at any time; a codec with a memory
/// says so in [`Coder::is_stateless`].
#[derive(Debug)]
pub struct Coder {
    codec: Codec,
    rate: Rate,
    memory: Memory,
}

#[derive(Debug)]
enum Memory {
    None,
    G722(Box<(g722::Encoder, g722::Decoder)>),
    Opus(Box<Opus>),
}

impl Coder {
    /// A fresh coder for sound at the codec's own rate.
    pub fn new(codec: Codec) -> Self {
        Self::at(codec, codec.rate())
    }

    /// A fresh coder for sound of at most so many samples a second: G.722 can do with its lower half, and Opus with any of its
    /// bandwidths.
    pub fn at(codec: Codec, most: Rate) -> Self {
        let memory = match codec {
            Codec::G722 => Memory::G722(Box::default()),
            Codec::Opus => Memory::Opus(Box::new(Opus::new(most))),
            Codec::Pcmu | Codec::Pcma | Codec::L16Narrow | Codec::L16Wide | Codec::L16Full => Memory::None,
        };
        let rate = match &memory {
            Memory::G722(_) if most < Rate::WIDE => Rate::NARROW,
            Memory::G722(_) => Rate::WIDE,
            Memory::Opus(opus) => opus.rate(),
            Memory::None => codec.rate().min(most),
        };
        Self { codec, rate, memory }
    }

    /// A fresh coder for what was agreed with a leg: what is encoded obeys the wishes of its decoder.
    pub fn of(session: &Session, most: Rate) -> Self {
        let mut coder = Self::at(session.codec, most);
        coder.obey(&session.opus);
        coder
    }

    /// The wishes of the decoder that will hear what is encoded; they concern Opus alone.
    pub fn obey(&mut self, format: &OpusFormat) {
        if let Memory::Opus(opus) = &mut self.memory {
            opus.set_format(*format);
        }
    }

    /// Whose coder it is.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Samples a second of the sound.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Ticks a second of the RTP timestamp; for some codecs not the rate of the sound (RFC 3551 4.5.2).
    pub fn clock(&self) -> Rate {
        self.codec.clock()
    }

    /// Whether it is the same codec at the same rate.
    pub fn is_like(&self, other: &Self) -> bool {
        (self.codec, self.rate) == (other.codec, other.rate)
    }

    /// Whether one listener's packet fits every other who hears the same.
    pub fn is_stateless(&self) -> bool {
        matches!(self.memory, Memory::None)
    }

    /// Whether it makes up what was lost itself, by [`Coder::conceal`].
    pub fn conceals(&self) -> bool {
        matches!(self.memory, Memory::Opus(_))
    }

    /// How long a payload lasts, in ticks of the RTP timestamp.
    pub fn duration(&self, payload: &[u8]) -> u32 {
        let octets = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        match self.codec {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => octets,
            Codec::L16Narrow | Codec::L16Wide | Codec::L16Full => octets / 2,
            Codec::Opus => opus::duration(payload),
        }
    }

    /// Appends the sound of `payload`.
    pub fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) {
        match (&mut self.memory, self.codec) {
            (Memory::Opus(opus), _) => opus.decode(payload, sound),
            (Memory::G722(both), _) if self.rate < Rate::WIDE => both.1.decode_narrow(payload, sound),
            (Memory::G722(both), _) => both.1.decode(payload, sound),
            (Memory::None, Codec::Pcmu) => wide::expand_ulaw(payload, sound),
            (Memory::None, Codec::Pcma) => wide::expand_alaw(payload, sound),
            (Memory::None, Codec::L16Narrow | Codec::L16Wide | Codec::L16Full | Codec::G722 | Codec::Opus) => {
                let thinned = (self.codec.rate().0 / self.rate.0) as usize;
                let samples = payload.as_chunks().0.iter().map(|pair| i16::from_be_bytes(*pair));
                sound.extend(samples.step_by(thinned));
            }
        }
    }

    /// Appends the payload for `sound`: a frame of 10, 20, 40 or 60 ms for Opus, any number of samples for the others.
    pub fn encode(&mut self, sound: &[i16], payload: &mut Vec<u8>) {
        match (&mut self.memory, self.codec) {
            (Memory::Opus(opus), _) => opus.encode(sound, payload),
            (Memory::G722(both), _) if self.rate < Rate::WIDE => both.0.encode_narrow(sound, payload),
            (Memory::G722(both), _) => both.0.encode(sound, payload),
            (Memory::None, Codec::Pcmu) => wide::compress_ulaw(sound, payload),
            (Memory::None, Codec::Pcma) => wide::compress_alaw(sound, payload),
            (Memory::None, Codec::L16Narrow | Codec::L16Wide | Codec::L16Full | Codec::G722 | Codec::Opus) => {
                let thinned = (self.codec.rate().0 / self.rate.0) as usize;
                let samples = sound.iter().flat_map(|sample| std::iter::repeat_n(*sample, thinned));
                payload.extend(samples.flat_map(i16::to_be_bytes));
            }
        }
    }

    /// What is encoded goes on after `payload` (the beginning of it is enough), which another encoder made; after it was told what was in
    /// that, as it likes: `None`.
    pub fn go_on_after(&mut self, payload: Option<&[u8]>) {
        if let Memory::Opus(opus) = &mut self.memory {
            opus.go_on_after(payload);
        }
    }

    /// Appends `samples` made up for what was lost, `following` being the packet after the gap if it is there. Only if it
    /// [conceals](Coder::conceals); else silence.
    pub fn conceal(&mut self, samples: usize, following: Option<&[u8]>, sound: &mut Vec<i16>) {
        match &mut self.memory {
            Memory::Opus(opus) => opus.conceal(samples, following, sound),
            Memory::G722(_) | Memory::None => sound.resize(sound.len() + samples, 0),
        }
    }

    /// What is encoded next follows on what another encoded last, where that costs little. `false`: it does not.
    pub fn follow(&mut self, other: &Self) -> bool {
        match (&mut self.memory, &other.memory) {
            (Memory::G722(own), Memory::G722(other)) => {
                own.0.clone_from(&other.0);
                true
            }
            (Memory::None | Memory::G722(_) | Memory::Opus(_), _) => false,
        }
    }

    /// Whether it gains by a packet that comes too late to be heard: what is said next depends on it.
    pub fn gains_by_late(&self) -> bool {
        matches!(self.memory, Memory::G722(_))
    }

    /// How many samples of what is decoded after a loss are not quite as they were said.
    pub fn doubtful(&self) -> usize {
        if self.gains_by_late() { self.rate.samples(g722::SETTLES_MS) } else { 0 }
    }

    /// Forgets what was said before, in both directions.
    pub fn reset(&mut self) {
        match &mut self.memory {
            Memory::Opus(opus) => opus.reset(),
            Memory::G722(both) => **both = Default::default(),
            Memory::None => {}
        }
    }
}
