//! Phones around a mixer on a virtual clock: what each sends, what reaches each, and how that sounds.
#![allow(unreachable_pub, reason = "public to the tests beside it")]

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    f64::consts::{PI, TAU},
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use warmline::{
    ids::LegId,
    media::{
        Command, Dtmf, Event, JitterLimits, Mixer, Music, Settings,
        audio::{
            codec::Coder,
            converter::{Converter, sample},
            frame::Rate,
            goertzel::{level, loudness},
            oscillator::Oscillator,
            tone::DigitTone,
        },
        rtp::{
            digits::{Key, Listener, Report},
            packet::{COMFORT_NOISE, Packet},
            report::{is_report, read},
        },
        sdp::{Codec, Direction, OpusFormat, Session},
        srtp::{Keys, MasterKey, Secrecy, Suite},
    },
};

/// The leg of a phone.
pub fn relation(phone: u64) -> LegId {
    LegId(phone)
}

/// A phone: sends a tone in packets, and keeps what it gets.
pub struct Phone {
    leg: u64,
    coder: Coder,
    /// With all that its codecs can carry.
    wide: bool,
    /// What it speaks no more, but still understands, by its payload type.
    former: Vec<(u8, Coder)>,
    /// To telephone sound, which is looked at.
    narrowing: Option<Converter>,
    /// What it played, as its codecs have it; another part whenever the rate is another one.
    played: Vec<(Rate, Vec<i16>)>,
    frequency: u32,
    oscillator: Oscillator,
    amplitude: f64,
    ptime: u64,
    drift_ppm: i64,
    digits: Option<u8>,
    direction: Direction,
    held_by_peer: bool,
    stopped: bool,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    next: Instant,
    pressed: Vec<(Instant, Report, u32)>,
    /// Said in place of its tone, at the rate of its coder.
    words: VecDeque<i16>,
    dtmf: Dtmf,
    max_ptime: u8,
    takes_noise: bool,
    /// Comfort noise to be sent next; then nothing, until it talks again.
    quiet: Option<Option<Vec<u8>>>,
    /// Comfort noise that it got.
    noises: Vec<Vec<u8>>,
    got: Vec<Got>,
    events: Vec<(Report, u32)>,
    room: usize,
    /// As the switch sees them.
    keys: Option<Keys>,
    secrecy: Option<Secrecy>,
    rtcp_mux: bool,
    opus: OpusFormat,
}

impl Got {
    /// The timestamp right after it.
    fn end(&self) -> u32 {
        self.timestamp.wrapping_add(self.sound.len() as u32 * self.scale)
    }
}

struct Got {
    sequence: u16,
    timestamp: u32,
    /// Ticks a sample.
    scale: u32,
    ssrc: u32,
    at: Instant,
    event: bool,
    sound: Vec<i16>,
}

impl Phone {
    pub fn new(leg: u64, codec: Codec) -> Self {
        Self {
            leg,
            coder: coder(codec),
            wide: false,
            former: Vec::new(),
            narrowing: None,
            played: Vec::new(),
            frequency: 0,
            oscillator: Oscillator::default(),
            amplitude: 0.0,
            ptime: 20,
            drift_ppm: 0,
            digits: None,
            direction: Direction::SendRecv,
            held_by_peer: false,
            stopped: false,
            ssrc: 1000 + leg as u32,
            sequence: 65_500,
            timestamp: u32::MAX - 5000,
            next: Instant::now(),
            pressed: Vec::new(),
            words: VecDeque::new(),
            dtmf: Dtmf::default(),
            max_ptime: u8::MAX,
            takes_noise: false,
            quiet: None,
            noises: Vec::new(),
            got: Vec::new(),
            events: Vec::new(),
            room: 0,
            keys: None,
            secrecy: None,
            rtcp_mux: false,
            opus: OpusFormat::default(),
        }
    }

    /// With all that its codec can carry; before anything else.
    pub fn wide(mut self) -> Self {
        self.wide = true;
        self.coder = Coder::new(self.coder.codec());
        self
    }

    /// How its own encoder of Opus is set, of which it says nothing.
    pub fn speaks(mut self, format: OpusFormat) -> Self {
        self.coder.obey(&format);
        self
    }

    /// Sends a tone, dBFS.
    pub fn tone(mut self, frequency: u32, level: f64) -> Self {
        self.frequency = frequency;
        self.oscillator = Oscillator::new(frequency, self.coder.rate());
        self.amplitude = 10_f64.powf(level / 20.0);
        self
    }

    /// Speaks SRTP with keys of that suite.
    pub fn secret(mut self, suite: Suite) -> Self {
        let key = |octet: u8| MasterKey::new(suite, &vec![octet; 16 + suite.salt_length()], 0).unwrap();
        self.agree(Keys { send: key(1), receive: key(100 + self.leg as u8) });
        self
    }

    /// What its decoder of Opus wishes for.
    pub fn opus(mut self, format: OpusFormat) -> Self {
        self.opus = format;
        self
    }

    /// RTCP comes where RTP comes.
    pub fn rtcp_mux(mut self) -> Self {
        self.rtcp_mux = true;
        self
    }

    fn agree(&mut self, keys: Keys) {
        let own = Keys { send: keys.receive.clone(), receive: keys.send.clone() };
        match &mut self.secrecy {
            Some(secrecy) => secrecy.renew(&own),
            none @ None => *none = Some(Secrecy::new(&own)),
        }
        self.keys = Some(keys);
    }

    /// Sends the silence of its codec.
    pub fn silent(self) -> Self {
        self
    }

    pub fn digits(mut self, payload_type: u8) -> Self {
        self.digits = Some(payload_type);
        self
    }

    /// How the switch takes its digits to come and go.
    pub fn dtmf(mut self, dtmf: Dtmf) -> Self {
        self.dtmf = dtmf;
        self
    }

    /// Takes no longer packets.
    pub fn max_ptime(mut self, ms: u8) -> Self {
        self.max_ptime = ms;
        self
    }

    /// Takes comfort noise.
    pub fn takes_noise(mut self) -> Self {
        self.takes_noise = true;
        self
    }

    pub fn ptime(mut self, ms: u64) -> Self {
        self.ptime = ms;
        self
    }

    pub fn drift(mut self, ppm: i64) -> Self {
        self.drift_ppm = ppm;
        self
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from(([10, 0, (self.leg >> 8) as u8, self.leg as u8], 4000))
    }

    fn narrow(&mut self, rate: Rate, sound: Vec<i16>) -> Vec<i16> {
        if rate == Rate::NARROW {
            return sound;
        }
        if self.narrowing.as_ref().is_none_or(|narrowing| !narrowing.is_between(rate, Rate::NARROW)) {
            self.narrowing = Some(Converter::new(rate, Rate::NARROW));
        }
        let converted = self.narrowing.as_mut().and_then(|narrowing| narrowing.convert(&sound, true));
        converted.unwrap().iter().copied().map(sample).collect()
    }

    fn payload_type(&self) -> u8 {
        self.session().payload_type
    }

    fn session(&self) -> Box<Session> {
        let remote = self.address();
        Box::new(Session {
            digits_payload_type: self.digits,
            receive_digits_payload_type: self.digits,
            dtmf: self.dtmf,
            max_ptime_ms: self.max_ptime,
            noise: self.takes_noise,
            direction: self.direction,
            held_by_peer: self.held_by_peer,
            keys: self.keys.clone(),
            rtcp_mux: self.rtcp_mux,
            opus: self.opus,
            ..Session::new(remote, self.coder.codec())
        })
    }

    fn packet(&mut self, now: Instant) -> Option<Vec<u8>> {
        let samples = self.coder.rate().samples(self.ptime as u32);
        let sound: Vec<i16> =
            (0..samples).map(|_| (f64::from(self.oscillator.next()) * self.amplitude) as i16).collect();
        let sound: Vec<i16> = sound.into_iter().map(|tone| self.words.pop_front().unwrap_or(tone)).collect();
        let timestamp = self.timestamp;
        self.timestamp = timestamp.wrapping_add(self.ptime as u32 * self.coder.clock().0 / 1000);
        let pressed = self.pressed.iter().position(|(at, ..)| *at <= now);
        let (kind, stamp, payload) = match pressed {
            Some(index) => {
                let (_, report, stamp) = self.pressed.remove(index);
                (self.digits.unwrap(), stamp, report.write().to_vec())
            }
            None if self.quiet.is_some() => match self.quiet.as_mut()?.take() {
                Some(noise) => (COMFORT_NOISE, timestamp, noise),
                None => return None,
            },
            None => {
                let mut payload = Vec::new();
                self.coder.encode(&sound, &mut payload);
                (self.payload_type(), timestamp, payload)
            }
        };
        if self.stopped || !matches!(self.direction, Direction::SendRecv | Direction::RecvOnly) || self.held_by_peer {
            return None;
        }
        let packet = Packet {
            marker: false,
            payload_type: kind,
            sequence: self.sequence,
            timestamp: stamp,
            ssrc: self.ssrc,
            payload: &payload,
        };
        self.sequence = self.sequence.wrapping_add(1);
        let mut bytes = Vec::new();
        packet.write(&mut bytes);
        if let Some(secrecy) = &mut self.secrecy {
            secrecy.sealer.seal(&mut bytes, 0);
        }
        Some(bytes)
    }

    fn receive(&mut self, datagram: &[u8], now: Instant) {
        let mut datagram = datagram.to_vec();
        let datagram = match &mut self.secrecy {
            Some(secrecy) => secrecy.opener.open(&mut datagram, now).expect("made with our key"),
            None => &datagram,
        };
        let packet = Packet::read(datagram).unwrap();
        if packet.payload_type == COMFORT_NOISE {
            assert!(self.takes_noise);
            return self.noises.push(packet.payload.to_vec());
        }
        let (own, former) = (self.payload_type(), packet.payload_type);
        let former = self.former.iter_mut().find(|(kind, _)| own != former && *kind == former);
        let event = packet.payload_type != own && former.is_none();
        if event {
            assert_eq!(Some(packet.payload_type), self.digits);
            self.events.push((Report::read(packet.payload).unwrap(), packet.timestamp));
        }
        let coder = former.map_or(&mut self.coder, |(_, coder)| coder);
        let (mut sound, rate, scale) = (Vec::new(), coder.rate(), coder.clock().0 / Rate::NARROW.0);
        if !event {
            coder.decode(packet.payload, &mut sound);
            match self.played.last_mut().filter(|(last, _)| *last == rate) {
                Some((_, played)) => played.extend(&sound),
                None => self.played.push((rate, sound.clone())),
            }
            sound = self.narrow(rate, sound);
        }
        let Packet { sequence, timestamp, ssrc, .. } = packet;
        self.got.push(Got { sequence, timestamp, scale, ssrc, at: now, event, sound });
    }
}

/// Compressing codecs as telephone sound; the others have nothing in them that could leave anything out.
fn coder(codec: Codec) -> Coder {
    match codec {
        Codec::L16Wide | Codec::L16Full => Coder::new(codec),
        Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::Opus | Codec::L16Narrow => Coder::at(codec, Rate::NARROW),
    }
}

/// The peak of what is above 2 kHz, dBFS: a quarter of a step's height, and of a steady tone below 1.6 kHz nothing but the noise of the
/// codec, some 30 dB below the tone.
pub fn click(sound: &[i16]) -> f64 {
    const TAPS: usize = 81;
    let middle = (TAPS / 2) as f64;
    let taps: Vec<f64> = (0..TAPS)
        .map(|at| {
            let (turn, from) = (TAU * at as f64 / (TAPS - 1) as f64, at as f64 - middle);
            let blackman = 0.42 - 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos();
            // All less what is below a quarter of the rate.
            if from == 0.0 { 0.5 } else { -(PI * from / 2.0).sin() / (PI * from) * blackman }
        })
        .collect();
    let high = |part: &[i16]| taps.iter().zip(part).map(|(tap, sample)| tap * f64::from(*sample)).sum::<f64>();
    let peak = sound.windows(TAPS).map(|part| high(part).abs()).fold(1.0, f64::max);
    20.0 * (peak / 32768.0).log10()
}

enum Arrival {
    Leaves(u64),
    Comes { leg: u64, from: SocketAddr, bytes: Vec<u8> },
}

/// Mixers, phones and the network between them.
pub struct Hall {
    mixers: Vec<Mixer>,
    phones: BTreeMap<u64, Phone>,
    now: Instant,
    chance: SmallRng,
    loss: f64,
    jitter_ms: u64,
    network: BTreeMap<(Instant, u64), Arrival>,
    count: u64,
    seed: u64,
    settings: Settings,
    pub wakes: u64,
    pub events: Vec<Event>,
    pub sent_elsewhere: u64,
    reports: BTreeMap<u64, u64>,
    attacks: Vec<(u64, u64)>,
}

impl Hall {
    pub fn new(seed: u64) -> Self {
        let now = Instant::now();
        let settings = Settings {
            timeout: Duration::from_secs(10),
            music: Arc::new(Music::built_in()),
            since: now,
            jitter: JitterLimits::default(),
        };
        Self {
            mixers: vec![Mixer::new(settings.clone(), seed)],
            phones: BTreeMap::new(),
            now,
            chance: SmallRng::seed_from_u64(seed),
            loss: 0.0,
            jitter_ms: 0,
            network: BTreeMap::new(),
            count: 0,
            seed,
            settings,
            wakes: 0,
            events: Vec::new(),
            sent_elsewhere: 0,
            reports: BTreeMap::new(),
            attacks: Vec::new(),
        }
    }

    /// Loses this part of what phones send.
    pub fn lossy(mut self, loss: f64) -> Self {
        self.loss = loss;
        self
    }

    /// Delays what phones send by up to so much.
    pub fn jittery(mut self, ms: u64) -> Self {
        self.jitter_ms = ms;
        self
    }

    /// A steady tone instead of music, dBFS: it has no attacks of its own.
    pub fn with_tone_for_music(mut self, frequency: u32, level: f64) -> Self {
        let (mut oscillator, amplitude) = (Oscillator::new(frequency, Rate::NARROW), 10_f64.powf(level / 20.0));
        let samples = (0..8000).map(|_| (f64::from(oscillator.next()) * amplitude) as i16).collect();
        self.settings.music = Arc::new(Music::new(samples));
        self.mixers = vec![Mixer::new(self.settings.clone(), self.seed)];
        self
    }

    pub fn enter(&mut self, mut phone: Phone) {
        let leg = phone.leg;
        let phase = Duration::from_micros(self.chance.random_range(0..20_000));
        phone.next = self.now + phase;
        self.command(Command::Join { leg: relation(leg) });
        self.command(Command::Stream { leg: relation(leg), session: phone.session() });
        self.post(phone.next, Arrival::Leaves(leg));
        self.phones.insert(leg, phone);
    }

    pub fn leave(&mut self, leg: u64) {
        self.command(Command::Leave { leg: relation(leg) });
        self.phones.remove(&leg);
        self.network.retain(|_, arrival| match arrival {
            Arrival::Leaves(who) | Arrival::Comes { leg: who, .. } => *who != leg,
        });
    }

    pub fn command(&mut self, command: Command) {
        let room = command.leg().and_then(|leg| self.phones.get(&leg.0)).map_or(0, |phone| phone.room);
        self.mixers[room].command(command, self.now);
        self.drain();
    }

    pub fn renegotiate(&mut self, leg: u64, direction: Direction, held_by_peer: bool) {
        let phone = self.phones.get_mut(&leg).unwrap();
        (phone.direction, phone.held_by_peer) = (direction, held_by_peer);
        let session = phone.session();
        self.command(Command::Stream { leg: relation(leg), session });
    }

    /// The phone sends with another key from now on, and the switch is told `ms` later, as when its offer takes a while.
    pub fn change_key(&mut self, leg: u64, octet: u8, ms: u64) {
        let phone = self.phones.get_mut(&leg).unwrap();
        let before = phone.keys.clone().unwrap();
        let length = before.receive.key_and_salt().len();
        let receive = MasterKey::new(before.suite(), &vec![octet; length], 0).unwrap();
        // What it sends meanwhile is still made with the old key (it waits for the answer).
        phone.keys = Some(Keys { receive: receive.clone(), ..before });
        let session = phone.session();
        self.command(Command::Stream { leg: relation(leg), session });
        self.run_ms(ms);
        let phone = self.phones.get_mut(&leg).unwrap();
        let keys = phone.keys.clone().unwrap();
        phone.agree(keys);
    }

    /// Nothing changes, but it is agreed on again.
    pub fn agree_again(&mut self, leg: u64) {
        let (direction, held) = (self.phones[&leg].direction, self.phones[&leg].held_by_peer);
        self.renegotiate(leg, Direction::RecvOnly, held);
        self.renegotiate(leg, direction, held);
    }

    /// A new agreement on another codec, of which the phone makes use at once.
    pub fn change_codec(&mut self, leg: u64, codec: Codec) {
        let phone = self.phones.get_mut(&leg).unwrap();
        let (rate, kind) = (phone.coder.rate(), phone.payload_type());
        let coder = if phone.wide { Coder::new(codec) } else { coder(codec) };
        phone.former.push((kind, std::mem::replace(&mut phone.coder, coder)));
        let kind = phone.payload_type();
        phone.former.retain(|(former, _)| *former != kind);
        if phone.coder.rate() != rate {
            phone.oscillator = Oscillator::new(phone.frequency, phone.coder.rate());
        }
        let session = phone.session();
        self.command(Command::Stream { leg: relation(leg), session });
        self.network.retain(|_, arrival| !matches!(arrival, Arrival::Comes { leg: who, .. } if *who == leg));
    }

    pub fn phones(&self) -> Vec<u64> {
        self.phones.keys().copied().collect()
    }

    pub fn move_to_new_room(&mut self, leg: u64) {
        self.move_to(leg, 1);
    }

    /// The leg goes to the first room or the second.
    pub fn move_to(&mut self, leg: u64, room: usize) {
        let phone = self.phones.get_mut(&leg).unwrap();
        let from = std::mem::replace(&mut phone.room, room);
        if self.mixers.len() == 1 {
            self.mixers.push(Mixer::new(self.settings.clone(), self.seed + 1));
        }
        let member = self.mixers[from].release(relation(leg)).unwrap();
        self.mixers[room].adopt(relation(leg), member, self.now);
        self.drain();
    }

    /// A wish about something that may be in a room without the leg that it followed.
    pub fn command_in(&mut self, room: usize, command: Command) {
        self.mixers[room].command(command, self.now);
        self.drain();
    }

    pub fn stop(&mut self, leg: u64) {
        self.phones.get_mut(&leg).unwrap().stopped = true;
    }

    /// The phone sends an empty receiver report (RFC 3550 6.4.2).
    pub fn report(&mut self, leg: u64) {
        let phone = self.phones.get_mut(&leg).unwrap();
        let mut report = vec![0x80, 201, 0, 1];
        report.extend((1000 + leg as u32).to_be_bytes());
        if let Some(secrecy) = &mut phone.secrecy {
            secrecy.sealer.seal_report(&mut report, 0);
        }
        let mixer = &mut self.mixers[phone.room];
        if phone.rtcp_mux {
            mixer.receive(relation(leg), &report, phone.address(), self.now);
        } else {
            let from = SocketAddr::new(phone.address().ip(), phone.address().port() + 1);
            mixer.receive_report(relation(leg), &report, from, self.now);
        }
        self.drain();
    }

    /// Holds a key down.
    pub fn press(&mut self, leg: u64, digit: char, ms: u16) {
        let now = self.now;
        let phone = self.phones.get_mut(&leg).unwrap();
        let (stamp, ticks) = (phone.timestamp, (phone.coder.clock().0 / 1000) as u16);
        let mut said = 20;
        while said < ms {
            phone.pressed.push((now, Report { digit, end: false, duration: said * ticks }, stamp));
            said += 20;
        }
        for _ in 0..3 {
            phone.pressed.push((now, Report { digit, end: true, duration: ms * ticks }, stamp));
        }
    }

    /// Sends packets of another length from now on.
    pub fn pack(&mut self, leg: u64, ms: u64) {
        self.phones.get_mut(&leg).unwrap().ptime = ms;
    }

    /// Says how quiet it is, and nothing more until it talks again.
    pub fn fall_quiet(&mut self, leg: u64, noise: &[u8]) {
        self.phones.get_mut(&leg).unwrap().quiet = Some(Some(noise.to_vec()));
    }

    pub fn talk_again(&mut self, leg: u64) {
        self.phones.get_mut(&leg).unwrap().quiet = None;
    }

    /// Comfort noise that a phone got.
    pub fn noises(&self, leg: u64) -> &[Vec<u8>] {
        &self.phones[&leg].noises
    }

    /// How long the packets of sound were that a phone got, ms.
    pub fn packet_lengths(&self, leg: u64) -> BTreeSet<usize> {
        let sounds = self.phones[&leg].got.iter().filter(|got| !got.event);
        sounds.map(|got| got.sound.len() / Rate::NARROW.samples(1)).collect()
    }

    /// Says this, samples at the rate of its codec, in place of its tone.
    pub fn say(&mut self, leg: u64, words: &[i16]) {
        self.phones.get_mut(&leg).unwrap().words.extend(words);
    }

    /// Dials a digit by its tones, and says nothing for a while.
    pub fn sing(&mut self, leg: u64, digit: char, ms: u32, pause_ms: u32) {
        let rate = self.phones[&leg].coder.rate();
        let mut sound = vec![0; rate.samples(ms + pause_ms)];
        DigitTone::new(digit, rate).unwrap().fill(&mut sound, rate.samples(ms));
        self.say(leg, &sound);
    }

    /// Somebody else sends to the socket of `leg`, as himself and as the phone, every 20 ms.
    pub fn attack(&mut self, leg: u64, packets: u64) {
        self.attacks.push((leg, packets));
    }

    pub fn run_s(&mut self, seconds: u64) {
        self.run_ms(seconds * 1000);
    }

    pub fn run_ms(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        loop {
            let arrival = self.network.keys().next().map(|key| key.0);
            let deadline = self.mixers.iter().filter_map(Mixer::next_deadline).min();
            let Some(next) = arrival.into_iter().chain(deadline).min().filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            if deadline.is_some_and(|at| at <= self.now) {
                self.wakes += 1;
                let now = self.now;
                self.mixers.iter_mut().for_each(|mixer| mixer.wake(now));
                let deadline = self.mixers.iter().filter_map(Mixer::next_deadline).min();
                assert!(deadline.is_none_or(|at| at > now), "a wake-up that changes nothing");
            } else if let Some((_, arrival)) = self.network.pop_first() {
                self.arrive(arrival);
            }
            self.drain();
        }
        self.now = end;
    }

    fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Leaves(leg) => {
                let now = self.now;
                let phone = self.phones.get_mut(&leg).unwrap();
                let packet = phone.packet(now);
                let step = Duration::from_nanos((phone.ptime as i64 * (1_000_000 - phone.drift_ppm)) as u64);
                phone.next += step;
                let (next, from) = (phone.next, phone.address());
                self.post(next, Arrival::Leaves(leg));
                if let Some(bytes) = packet
                    && !self.chance.random_bool(self.loss)
                {
                    let late = Duration::from_micros(self.chance.random_range(0..=self.jitter_ms * 1000));
                    self.post(now + late, Arrival::Comes { leg, from, bytes });
                }
                if let Some((_, left)) = self.attacks.iter_mut().find(|(who, left)| *who == leg && *left > 0) {
                    *left -= 1;
                    let sequence = *left as u16;
                    for (host, ssrc) in [(66, 1), (66, 1000 + leg as u32), (leg as u8, 77)] {
                        let noise = [0x12; 160];
                        let packet = Packet {
                            marker: false,
                            payload_type: 0,
                            sequence: 500 - sequence,
                            timestamp: 5,
                            ssrc,
                            payload: &noise,
                        };
                        let mut bytes = Vec::new();
                        packet.write(&mut bytes);
                        let from = SocketAddr::from(([10, 0, 0, host], 4000));
                        self.post(now + Duration::from_millis(3), Arrival::Comes { leg, from, bytes });
                    }
                }
            }
            Arrival::Comes { leg, from, bytes } => {
                let room = self.phones[&leg].room;
                self.mixers[room].receive(relation(leg), &bytes, from, self.now);
            }
        }
    }

    fn post(&mut self, at: Instant, arrival: Arrival) {
        self.count += 1;
        self.network.insert((at, self.count), arrival);
    }

    fn drain(&mut self) {
        for mixer in &mut self.mixers {
            while let Some(transmit) = mixer.next_transmit() {
                let Some(phone) = self.phones.get_mut(&transmit.leg.0) else { continue };
                if phone.rtcp_mux && is_report(transmit.payload) || transmit.report {
                    assert_eq!(transmit.report, !phone.rtcp_mux);
                    assert_eq!(transmit.to.port(), if phone.rtcp_mux { 4000 } else { 4001 });
                    let mut report = transmit.payload.to_vec();
                    let plain = match &mut phone.secrecy {
                        Some(secrecy) => secrecy.opener.open_report(&mut report, self.now).expect("made with our key"),
                        None => &report,
                    };
                    read(plain, phone.ssrc).expect("a report that is valid as a whole");
                    *self.reports.entry(transmit.leg.0).or_default() += 1;
                    continue;
                }
                if transmit.to == phone.address() {
                    phone.receive(transmit.payload, self.now);
                } else {
                    self.sent_elsewhere += 1;
                }
            }
            while let Some(event) = mixer.next_event() {
                self.events.push(event);
            }
        }
    }

    /// What was heard so far does not count.
    pub fn forget(&mut self) {
        for phone in self.phones.values_mut() {
            phone.got.clear();
            phone.played.clear();
        }
    }

    /// All that a phone played, gaps in the timestamps being silence.
    pub fn heard(&self, leg: u64) -> Vec<i16> {
        let mut sound: Vec<i16> = Vec::new();
        let mut next = None;
        for got in self.phones[&leg].got.iter().filter(|got| !got.event) {
            let gap = got.timestamp.wrapping_sub(next.unwrap_or(got.timestamp)).cast_signed();
            sound.extend(std::iter::repeat_n(0, (gap / got.scale.cast_signed()).clamp(0, 80_000) as usize));
            sound.extend(&got.sound);
            next = Some(got.end());
        }
        sound
    }

    pub fn level(&self, leg: u64, frequency: u32) -> f64 {
        let sound = self.heard(leg);
        // The mean over seconds, so that a join does not shift the phase against itself.
        let levels: Vec<f64> =
            sound.chunks_exact(4000).map(|part| level(part, f64::from(frequency), Rate::NARROW)).collect();
        levels.iter().sum::<f64>() / levels.len().max(1) as f64
    }

    /// Of a tone that may be above telephone sound.
    pub fn level_of_all(&self, leg: u64, frequency: u32) -> f64 {
        let phone = &self.phones[&leg];
        phone.played.last().map_or(-120.0, |(rate, played)| level(played, f64::from(frequency), *rate))
    }

    pub fn loudness(&self, leg: u64) -> f64 {
        // A-law has no zero: its silence is a constant, which is not heard.
        let sound = self.heard(leg);
        let mean = sound.iter().map(|sample| i64::from(*sample)).sum::<i64>() / sound.len().max(1) as i64;
        loudness(&sound.iter().map(|sample| sample.saturating_sub(mean as i16)).collect::<Vec<_>>())
    }

    /// Of the half second in which it is loudest.
    pub fn loudest(&self, leg: u64, frequency: u32) -> f64 {
        let parts = |part: &[i16]| level(part, f64::from(frequency), Rate::NARROW);
        self.heard(leg).chunks_exact(4000).map(parts).fold(-120.0, f64::max)
    }

    /// Where the timestamps do not go on, but the sound would.
    pub fn holes_in_sound(&self, leg: u64) -> usize {
        let ends_softly = |got: &Got| got.sound.iter().rev().take(4).all(|sample| sample.abs() < 300);
        let holes = self.phones[&leg].got.windows(2).filter(|pair| pair[1].timestamp != pair[0].end());
        holes.filter(|pair| !ends_softly(&pair[0])).count()
    }

    /// Packets that came more than 40 ms after the one before, holes in the timestamps, and stretches of 5 ms of nothing.
    pub fn gaps(&self, leg: u64) -> usize {
        let got = &self.phones[&leg].got;
        let pauses = got.windows(2).filter(|pair| pair[1].at - pair[0].at > Duration::from_millis(40)).count();
        let holes = got.windows(2).filter(|pair| pair[1].timestamp != pair[0].end()).count();
        let silences = self.heard(leg).chunks_exact(40).filter(|part| part.iter().all(|s| s.abs() < 20)).count();
        pauses + holes + silences
    }

    /// The loudest that has no business in a mix of tones below 1 kHz, dBFS.
    pub fn loudest_click(&self, leg: u64) -> f64 {
        click(&self.heard(leg))
    }

    /// The same where the rate may change: each part as if there were silence before and after it.
    pub fn loudest_click_of_parts(&self, leg: u64) -> f64 {
        let parts = &self.phones[&leg].played;
        let clicks = parts.iter().enumerate().map(|(at, (rate, part))| {
            let mut sound = vec![0; if at > 0 { rate.frame() } else { 0 }];
            sound.extend(part);
            sound.resize(sound.len() + if at + 1 < parts.len() { rate.frame() } else { 0 }, 0);
            if *rate == Rate::NARROW {
                return click(&sound);
            }
            let mut narrowing = Converter::new(*rate, Rate::NARROW);
            let frames = sound.chunks_exact(rate.frame());
            let narrow = frames.flat_map(|frame| {
                let frame: Vec<i32> = frame.iter().copied().map(i32::from).collect();
                narrowing.convert(&frame, true).unwrap().iter().copied().map(sample).collect::<Vec<i16>>()
            });
            // The converter itself begins with silence.
            click(&narrow.skip(if at > 0 { 0 } else { 160 }).collect::<Vec<_>>())
        });
        clicks.fold(-120.0, f64::max)
    }

    /// One SSRC, sequence numbers without a hole (none was lost), timestamps that never go back and stay with the clock.
    pub fn assert_one_line(&self, leg: u64) {
        let got = &self.phones[&leg].got;
        let first = &got[0];
        for pair in got.windows(2) {
            assert_eq!(pair[1].ssrc, first.ssrc);
            let step = pair[1].sequence.wrapping_sub(pair[0].sequence);
            assert!(
                step == 1 || self.loss > 0.0 && step < 20,
                "{leg}: sequence {} -> {}",
                pair[0].sequence,
                pair[1].sequence
            );
            let ahead = pair[1].timestamp.wrapping_sub(pair[0].timestamp).cast_signed();
            let shared = pair[0].event && pair[1].event;
            assert!(ahead > 0 || shared && ahead == 0, "{leg}: timestamp steps by {ahead}");
            let ticks = 8 * i64::from(first.scale);
            let clock = (pair[1].at - first.at).as_micros() as i64 * ticks / 1000;
            let skew = i64::from(pair[1].timestamp.wrapping_sub(first.timestamp)) - clock;
            assert!(pair[1].event || skew.abs() < ticks * 60, "{leg}: {} ms off the clock", skew / ticks);
        }
    }

    /// How many streams a phone got since it forgot, which ought to be one; sequence numbers go on.
    pub fn last_ssrcs(&self, leg: u64) -> usize {
        let got = &self.phones[&leg].got;
        1 + got
            .windows(2)
            .filter(|pair| pair[0].ssrc != pair[1].ssrc || pair[1].sequence != pair[0].sequence.wrapping_add(1))
            .count()
    }

    /// The digits that a phone understands from the events it got.
    pub fn digits_heard(&self, leg: u64) -> String {
        let mut listener = Listener::default();
        let mut base: Option<u32> = None;
        let mut heard = String::new();
        let clock = self.phones[&leg].coder.clock();
        for (report, timestamp) in &self.phones[&leg].events {
            let base = *base.get_or_insert(*timestamp);
            let extended = 1_000_000 + i64::from(timestamp.wrapping_sub(base).cast_signed());
            for key in listener.hear(*report, extended, clock, self.now).into_iter().flatten() {
                if let Key::Up { digit, .. } = key {
                    heard.push(digit);
                }
            }
        }
        heard
    }

    /// Of the last packet that a phone got.
    pub fn last_sequence(&self, leg: u64) -> u16 {
        self.phones[&leg].got.last().unwrap().sequence
    }

    /// How often the mixers encoded something.
    pub fn encodes(&self) -> u64 {
        self.mixers.iter().map(Mixer::encodes).sum()
    }

    pub fn reports(&self, leg: u64) -> u64 {
        self.reports.get(&leg).copied().unwrap_or(0)
    }
}
