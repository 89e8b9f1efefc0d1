//! Opus by the system's libopus. The only file that knows audiopus.

use super::frame::Rate;
use crate::media::sdp::OpusFormat;
use audiopus::{
    Application, Bandwidth, Bitrate, Channels, SampleRate, Signal,
    coder::{Decoder, Encoder, GenericCtl},
    packet::Packet,
};

/// Both directions of a stream; each is made when it is used first.
#[derive(Debug)]
pub(super) struct Opus {
    rate: SampleRate,
    format: OpusFormat,
    encoder: Option<Encoder>,
    decoder: Option<Decoder>,
}

/// What is sent where nothing is asked for, bit/s: as much as G.711, so that twice coded speech still scores 4.2 (`tools/quality`).
const BITRATE: i32 = 64_000;
/// How hard libopus tries, of 10.
const COMPLEXITY: u8 = 7;
/// The loss that copies of packets before are made for, per cent.
const EXPECTED_LOSS: u8 = 5;
/// The longest packet there is (RFC 6716 3.2).
const LONGEST_PACKET: usize = 1275;
/// Stands for 20 ms of nothing new.
const NOTHING: u8 = 0x08;

impl Opus {
    /// For sound of the highest rate that libopus has and that is not above `most`.
    pub(super) fn new(most: Rate) -> Self {
        let rates = [SampleRate::Hz48000, SampleRate::Hz24000, SampleRate::Hz16000, SampleRate::Hz12000];
        let rate = rates.into_iter().find(|rate| *rate as u32 <= most.0).unwrap_or(SampleRate::Hz8000);
        Self { rate, format: OpusFormat::default(), encoder: None, decoder: None }
    }

    pub(super) fn rate(&self) -> Rate {
        Rate(self.rate as u32)
    }

    /// What the peer's decoder wants.
    pub(super) fn set_format(&mut self, format: OpusFormat) {
        if self.format != format {
            self.format = format;
            self.encoder = None;
        }
    }

    pub(super) fn encode(&mut self, sound: &[i16], payload: &mut Vec<u8>) {
        let start = payload.len();
        payload.resize(start + LONGEST_PACKET, 0);
        if self.encoder.is_none() {
            self.encoder = encoder(self.rate, &self.format).ok();
        }
        let length = self.encoder.as_ref().and_then(|encoder| encoder.encode(sound, &mut payload[start..]).ok());
        payload.truncate(start + length.unwrap_or(0));
        if payload.len() == start {
            payload.push(NOTHING);
        }
    }

    /// What is encoded goes on where another encoder stopped, whose last packet this is: in its way of coding, of which libopus has
    /// three. `None`: in any way again. It goes over from one to another by itself without being heard.
    pub(super) fn go_on_after(&mut self, payload: Option<&[u8]>) {
        if self.encoder.is_none() {
            self.encoder = encoder(self.rate, &self.format).ok();
        }
        let Some(encoder) = &mut self.encoder else { return };
        let widest = widest(&self.format);
        // RFC 6716 3.1: the first twelve configurations are of speech alone, four are of both, the others of music.
        let (signal, bandwidth) = match payload.and_then(<[u8]>::first).map(|first| first >> 3) {
            None => (Signal::Auto, widest),
            Some(..4) => (Signal::Voice, Bandwidth::Narrowband),
            Some(4..8) => (Signal::Voice, Bandwidth::Mediumband),
            Some(8..12) => (Signal::Voice, Bandwidth::Wideband),
            Some(12..16) => (Signal::Voice, widest),
            Some(16..) => (Signal::Music, widest),
        };
        // Who wishes for less gets no more.
        let bandwidth = if (bandwidth as i32) < widest as i32 { bandwidth } else { widest };
        let done = encoder.set_signal(signal).and_then(|()| encoder.set_max_bandwidth(bandwidth));
        if done.is_err() {
            self.encoder = None;
        }
    }

    /// A packet that libopus cannot read is one that was lost.
    pub(super) fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) {
        let samples = self.samples(payload);
        if samples > 0 && !self.make(Some(payload), false, samples, sound) {
            self.conceal(samples, None, sound);
        }
    }

    /// Makes up `samples` of a gap, the end of it from the copy that the packet after it may have.
    pub(super) fn conceal(&mut self, samples: usize, following: Option<&[u8]>, sound: &mut Vec<i16>) {
        // libopus makes whole frames of 2.5 ms.
        let step = self.rate().0 as usize / 400;
        let mut left = samples.div_ceil(step) * step;
        let end = sound.len() + samples;
        // The copy is of the frame right before, which is as long as its first.
        let copied = following.map_or(0, |payload| ticks_in_frame(payload) as usize * step / 120).min(left);
        while left > copied {
            let now = (left - copied).min(step * 8);
            if !self.make(None, false, now, sound) {
                sound.resize(sound.len() + now, 0);
            }
            left -= now;
        }
        if copied > 0 && !self.make(following, true, copied, sound) {
            self.make(None, false, copied, sound);
        }
        sound.resize(end, 0);
    }

    /// Both directions begin anew.
    pub(super) fn reset(&mut self) {
        if let Some(encoder) = &mut self.encoder
            && encoder.reset_state().is_err()
        {
            self.encoder = None;
        }
        if let Some(decoder) = &mut self.decoder
            && decoder.reset_state().is_err()
        {
            self.decoder = None;
        }
    }

    fn make(&mut self, payload: Option<&[u8]>, copy: bool, samples: usize, sound: &mut Vec<i16>) -> bool {
        if self.decoder.is_none() {
            // One channel: what a peer says in two is folded down by libopus.
            self.decoder = Decoder::new(self.rate, Channels::Mono).ok();
        }
        let Some(decoder) = &mut self.decoder else { return false };
        let start = sound.len();
        sound.resize(start + samples, 0);
        let packet = payload.map(Packet::try_from).transpose();
        let made = packet.and_then(|packet| decoder.decode(packet, (&mut sound[start..]).try_into()?, copy));
        sound.truncate(start + made.as_ref().map_or(0, |made| (*made).min(samples)));
        made.is_ok()
    }

    fn samples(&self, payload: &[u8]) -> usize {
        duration(payload) as usize * self.rate().0 as usize / 48_000
    }
}

fn encoder(rate: SampleRate, format: &OpusFormat) -> audiopus::Result<Encoder> {
    let mut encoder = Encoder::new(rate, Channels::Mono, Application::Voip)?;
    let most = format.max_average_bitrate.and_then(|most| i32::try_from(most).ok()).unwrap_or(i32::MAX);
    encoder.set_bitrate(Bitrate::BitsPerSecond(BITRATE.min(most)))?;
    encoder.set_complexity(COMPLEXITY)?;
    encoder.set_vbr(!format.cbr)?;
    encoder.set_inband_fec(format.fec)?;
    encoder.set_packet_loss_perc(if format.fec { EXPECTED_LOSS } else { 0 })?;
    encoder.set_dtx(format.dtx)?;
    encoder.set_max_bandwidth(widest(format))?;
    Ok(encoder)
}

/// The most that a peer wishes to hear.
fn widest(format: &OpusFormat) -> Bandwidth {
    let bandwidths = [
        (48_000, Bandwidth::Fullband),
        (24_000, Bandwidth::Superwideband),
        (16_000, Bandwidth::Wideband),
        (12_000, Bandwidth::Mediumband),
    ];
    let fits = bandwidths.into_iter().find(|(rate, _)| *rate <= format.max_playback_rate);
    fits.map_or(Bandwidth::Narrowband, |(_, bandwidth)| bandwidth)
}

/// How long a packet lasts, in ticks of 1/48000 s (RFC 6716 3.1, 3.2); 0: it is none.
pub(super) fn duration(payload: &[u8]) -> u32 {
    let frames = match payload {
        [] => 0,
        [first, ..] if first & 3 == 0 => 1,
        [first, ..] if first & 3 < 3 => 2,
        [_, count, ..] => u32::from(count & 0x3F),
        [_] => 0,
    };
    let whole = frames * ticks_in_frame(payload);
    // Nobody may make one of more than 120 ms (RFC 6716 3.2.5).
    if whole > 5760 { 0 } else { whole }
}

fn ticks_in_frame(payload: &[u8]) -> u32 {
    let Some(first) = payload.first() else { return 0 };
    let configuration = first >> 3;
    match configuration {
        ..12 => [480, 960, 1920, 2880][usize::from(configuration & 3)],
        12..16 => [480, 960][usize::from(configuration & 1)],
        16.. => [120, 240, 480, 960][usize::from(configuration & 3)],
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{goertzel::level, oscillator::Oscillator},
        *,
    };

    /// A second of a tone of 600 Hz, in packets of 20 ms.
    fn packets(opus: &mut Opus) -> Vec<Vec<u8>> {
        let rate = opus.rate();
        let mut oscillator = Oscillator::new(600, rate);
        let frame = || (0..rate.frame()).map(|_| (oscillator.next() / 4) as i16).collect();
        let frames: Vec<Vec<i16>> = std::iter::repeat_with(frame).take(50).collect();
        let packet = |sound: &Vec<i16>| {
            let mut payload = Vec::new();
            opus.encode(sound, &mut payload);
            payload
        };
        frames.iter().map(packet).collect()
    }

    fn loudness(sound: &[i16], rate: Rate) -> f64 {
        level(&sound[sound.len() / 2..], 600.0, rate)
    }

    #[test]
    fn what_is_said_is_heard_at_every_rate() {
        for rate in [8_000, 16_000, 48_000].map(Rate) {
            let (mut opus, mut sound) = (Opus::new(rate), Vec::new());
            for packet in packets(&mut opus) {
                assert_eq!(duration(&packet), 960);
                opus.decode(&packet, &mut sound);
            }
            assert_eq!(sound.len(), rate.0 as usize);
            assert!((loudness(&sound, rate) + 12.0).abs() < 1.0, "{rate:?}: {}", loudness(&sound, rate));
        }
    }

    #[test]
    fn a_peer_with_two_channels_is_folded_down() {
        let stereo = Encoder::new(SampleRate::Hz48000, Channels::Stereo, Application::Audio).expect("it can be made");
        let mut oscillator = Oscillator::new(600, Rate::FULL);
        let (mut opus, mut sound, mut packet) = (Opus::new(Rate::FULL), Vec::new(), [0; 1000]);
        for _ in 0..50 {
            let both: Vec<i16> = (0..960).flat_map(|_| [(oscillator.next() / 4) as i16; 2]).collect();
            let length = stereo.encode(&both, &mut packet).expect("it can be encoded");
            opus.decode(&packet[..length], &mut sound);
        }
        assert!((loudness(&sound, Rate::FULL) + 12.0).abs() < 1.0, "{}", loudness(&sound, Rate::FULL));
    }

    #[test]
    fn what_is_lost_is_made_up_with_and_without_a_copy() {
        for fec in [false, true] {
            let mut opus = Opus::new(Rate::WIDE);
            opus.set_format(OpusFormat { fec, ..OpusFormat::default() });
            let packets = packets(&mut opus);
            let mut sound = Vec::new();
            for (at, packet) in packets.iter().enumerate() {
                if at % 10 == 9 {
                    opus.conceal(320, packets.get(at + 1).map(Vec::as_slice), &mut sound);
                } else {
                    opus.decode(packet, &mut sound);
                }
            }
            assert_eq!(sound.len(), 16_000);
            assert!((loudness(&sound, Rate::WIDE) + 12.0).abs() < 1.5, "fec {fec}: {}", loudness(&sound, Rate::WIDE));
        }
    }

    #[test]
    fn the_peer_s_wishes_are_obeyed() {
        let size = |format| packets(Opus::new(Rate::FULL).with(format)).iter().map(Vec::len).sum::<usize>();
        let plain = size(OpusFormat::default());
        let limited = size(OpusFormat { max_average_bitrate: Some(8_000), ..OpusFormat::default() });
        assert!(limited < 8_000 / 8 * 13 / 10 && limited < plain, "{limited} of {plain}");
        let even = packets(Opus::new(Rate::FULL).with(OpusFormat { cbr: true, ..OpusFormat::default() }));
        assert!(even.iter().all(|packet| packet.len() == even[0].len()));
        let mut quiet = Opus::new(Rate::FULL);
        quiet.set_format(OpusFormat { dtx: true, ..OpusFormat::default() });
        let mut packet = Vec::new();
        (0..50).for_each(|_| {
            packet.clear();
            quiet.encode(&[0; 960], &mut packet);
        });
        assert!(packet.len() <= 2, "{} octets of silence", packet.len());
    }

    impl Opus {
        fn with(&mut self, format: OpusFormat) -> &mut Self {
            self.set_format(format);
            self
        }
    }

    #[test]
    fn any_octets_are_survived() {
        let (mut opus, mut sound) = (Opus::new(Rate::FULL), Vec::new());
        for first in 0..=255 {
            for rest in [&[][..], &[0][..], &[0xFF; 40][..], &[0x3F, 1, 2, 3][..]] {
                let payload: Vec<u8> = std::iter::once(first).chain(rest.iter().copied()).collect();
                sound.clear();
                opus.decode(&payload, &mut sound);
                assert_eq!(sound.len(), duration(&payload) as usize, "{payload:?}");
                opus.conceal(123, Some(&payload), &mut sound);
            }
        }
        opus.decode(&[], &mut sound);
    }
}
