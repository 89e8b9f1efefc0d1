//! A room on the virtual clock: speech in, what a listener hears out. For `tools/quality`, which scores the two.
//!
//! `room IN.wav OUT.wav SPEAKER LISTENER LOSS JITTER SEED`: codecs by name, loss in per cent, jitter in ms, both on the speaker's way
//! to the room. A third, of PCMU, is in the room and says nothing. `room IN.wav OUT.wav CODEC` is what a codec makes of it alone.
#![allow(clippy::disallowed_methods, reason = "an example needs a time to start from")]

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::{
    collections::BTreeMap,
    error::Error,
    fs::File,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use warmline::{
    ids::LegId,
    media::{
        Command, JitterLimits, Mixer, Music, Settings,
        audio::{codec::Coder, wav},
        rtp::packet::Packet,
        sdp::{Codec, OpusFormat, Session},
    },
};

const SPEAKER: u64 = 1;
const LISTENER: u64 = 2;
const OTHER: u64 = 3;
const TICK: Duration = Duration::from_millis(20);

/// One who sends: a coder, and the numbers of its stream.
struct Sender {
    leg: u64,
    coder: Coder,
    session: Session,
    sound: Vec<i16>,
}

impl Sender {
    fn new(leg: u64, codec: Codec, sound: Vec<i16>) -> Self {
        let remote = SocketAddr::from(([10, 0, 0, leg as u8], 4000));
        let opus = OpusFormat { fec: true, ..OpusFormat::default() };
        let session = Session { opus, ..Session::new(remote, codec) };
        Self { leg, coder: Coder::of(&session, codec.rate()), session, sound }
    }

    fn packet(&mut self, number: u32) -> Vec<u8> {
        let (length, mut payload) = (self.coder.rate().frame(), Vec::new());
        let mut frame: Vec<i16> = self.sound.iter().skip(number as usize * length).take(length).copied().collect();
        frame.resize(length, 0);
        self.coder.encode(&frame, &mut payload);
        let packet = Packet {
            marker: number == 0,
            payload_type: self.session.receive_payload_type,
            sequence: number as u16,
            timestamp: number * self.coder.clock().frame() as u32,
            ssrc: self.leg as u32,
            payload: &payload,
        };
        let mut bytes = Vec::new();
        packet.write(&mut bytes);
        bytes
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [input, output, label] = &arguments[..] {
        return alone(input, output, Codec::from_label(label).ok_or("no such codec")?);
    }
    let [input, output, speaker, listener, loss, jitter, seed] = &arguments[..] else {
        return Err("room IN.wav OUT.wav SPEAKER LISTENER LOSS JITTER SEED".into());
    };
    let codec = |label: &str| Codec::from_label(label).ok_or_else(|| format!("{label} is no codec"));
    let (speaker, listener) = (codec(speaker)?, codec(listener)?);
    let (loss, jitter): (f64, u64) = (loss.parse::<f64>()? / 100.0, jitter.parse()?);
    let mut chance = SmallRng::seed_from_u64(seed.parse()?);

    let sound = wav::read(File::open(input)?, speaker.rate())?;
    let ticks = (sound.len() / speaker.rate().frame()) as u32 + 50;
    let mut senders = [
        Sender::new(SPEAKER, speaker, sound),
        Sender::new(LISTENER, listener, Vec::new()),
        Sender::new(OTHER, Codec::Pcmu, Vec::new()),
    ];

    let since = Instant::now();
    let settings = Settings {
        timeout: Duration::ZERO,
        music: Arc::new(Music::new(Vec::new())),
        since,
        jitter: JitterLimits::default(),
    };
    let mut mixer = Mixer::new(settings, 1);
    for sender in &senders {
        let leg = LegId(sender.leg);
        mixer.command(Command::Join { leg }, since);
        mixer.command(Command::Stream { leg, session: Box::new(sender.session.clone()) }, since);
    }

    let mut network = BTreeMap::new();
    for number in 0..ticks {
        for sender in &mut senders {
            let bytes = sender.packet(number);
            let rough = sender.leg == SPEAKER;
            if !(rough && chance.random_bool(loss)) {
                let late = if rough { chance.random_range(0..=jitter * 1000) } else { 0 };
                let at = since + TICK * number + Duration::from_micros(7000 + late);
                network.insert((at, sender.leg, number), bytes);
            }
        }
    }

    let (mut heard, mut ear) = (Vec::new(), Coder::new(listener));
    for ((at, leg, _), bytes) in network {
        while let Some(due) = mixer.next_deadline().filter(|due| *due <= at) {
            mixer.wake(due);
            hear(&mut mixer, &mut ear, &mut heard);
        }
        mixer.receive(LegId(leg), &bytes, SocketAddr::from(([10, 0, 0, leg as u8], 4000)), at);
        hear(&mut mixer, &mut ear, &mut heard);
    }

    write(output, listener.rate().0, &heard)
}

/// One codec, without a room.
fn alone(input: &str, output: &str, codec: Codec) -> Result<(), Box<dyn Error>> {
    let sound = wav::read(File::open(input)?, codec.rate())?;
    let mut sender = Sender::new(SPEAKER, codec, sound);
    let (mut heard, mut ear) = (Vec::new(), Coder::new(codec));
    for number in 0..(sender.sound.len() / codec.rate().frame()) as u32 {
        ear.decode(Packet::read(&sender.packet(number)).map_err(|_| "not a packet")?.payload, &mut heard);
    }
    write(output, codec.rate().0, &heard)
}

fn write(output: &str, rate: u32, heard: &[i16]) -> Result<(), Box<dyn Error>> {
    let spec =
        hound::WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(output, spec)?;
    for sample in heard {
        writer.write_sample(*sample)?;
    }
    Ok(writer.finalize()?)
}

/// What the mixer sends to the listener.
fn hear(mixer: &mut Mixer, ear: &mut Coder, heard: &mut Vec<i16>) {
    while let Some(transmit) = mixer.next_transmit() {
        if transmit.leg == LegId(LISTENER)
            && !transmit.report
            && let Ok(packet) = Packet::read(transmit.payload)
        {
            ear.decode(packet.payload, heard);
        }
    }
    while mixer.next_event().is_some() {}
}
