//! One leg's side of offer/answer (RFC 3264), from the first exchange to the last.

use super::{
    Codec, Direction, SdpError, Session,
    crypto::Crypto,
    description::{Description, Encoding, Stream},
    keyring::Keyring,
    numbers::Numbers,
    print::{self, Audio, Formats, Line, Transport},
};
use crate::media::{
    Dtmf,
    srtp::{Keys, Srtp},
};
use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};

/// One leg's side of offer/answer: remembers the o= line, the streams in order and the payload types from one exchange to the next.
pub struct Negotiation {
    address: IpAddr,
    port: u16,
    /// Ours, in order of preference.
    codecs: Vec<Codec>,
    numbers: Numbers,
    keyring: Keyring,
    dtmf: Dtmf,
    origin: Origin,
    /// The m= lines agreed on so far; in answers and later offers they stay and keep their order (RFC 3264 6, 8).
    streams: Vec<Kept>,
    /// Our last offer. It stays until the next, since early answers may come before the one that counts.
    offered: Option<Offered>,
    /// The peer's offer that waits for our answer.
    waiting: Option<Waiting>,
    session: Option<Session>,
}

/// An m= line of the session.
#[derive(Clone)]
enum Kept {
    /// Our audio stream, with the profile that it speaks.
    Ours { proto: String },
    /// One that we do not take part in.
    Refused { media: String, proto: String, format: String },
}

/// What makes the o= line.
struct Origin {
    id: u64,
    version: u64,
    /// What we said last, without o=.
    said: String,
}

struct Offered {
    direction: Direction,
    numbers: Numbers,
    crypto: Vec<Crypto>,
    /// Where our stream stands among the m= lines.
    at: usize,
}

struct Waiting {
    streams: Vec<Kept>,
    stream: Stream,
    remote: SocketAddr,
    remote_rtcp: SocketAddr,
    secrecy: Option<(Crypto, Keys)>,
}

impl Negotiation {
    /// Nothing agreed yet. `address` and `port` are where our leg receives, `codecs` ours in order of preference (none means
    /// the usual ones), `id` the session id of o=.
    pub fn new(address: IpAddr, port: u16, codecs: &[Codec], id: u64) -> Self {
        Self {
            address,
            port,
            codecs: if codecs.is_empty() { Codec::USUAL.to_vec() } else { codecs.to_vec() },
            numbers: Numbers::new(),
            keyring: Keyring::new(Srtp::Off, [0; 32]),
            dtmf: Dtmf::default(),
            // RFC 3264 5: the numbers of o= must fit into 63 bits.
            origin: Origin { id: id >> 1, version: 1, said: String::new() },
            streams: Vec::new(),
            offered: None,
            waiting: None,
            session: None,
        }
    }

    /// SRTP, as far as it is wanted; `secret` makes our keys, so nobody may guess it. Without this there is none.
    #[must_use]
    pub fn secured(mut self, policy: Srtp, secret: [u8; 32]) -> Self {
        self.keyring = Keyring::new(policy, secret);
        self
    }

    /// How digits come and go; without this as telephone-events.
    #[must_use]
    pub fn with_digits(mut self, dtmf: Dtmf) -> Self {
        self.dtmf = dtmf;
        self
    }

    /// The first offer will be of RTP, where that is allowed: SRTP was refused.
    #[must_use]
    pub fn giving_in(mut self) -> Self {
        self.keyring.give_in();
        self
    }

    /// Our offer: all our codecs with `first` (what the other party speaks) at the front, telephone-event; in later offers the codec in use first.
    pub fn offer(&mut self, direction: Direction, first: Option<Codec>) -> Bytes {
        self.waiting = None;
        let at = self.streams.iter().position(|kept| matches!(kept, Kept::Ours { .. }));
        let at = at.unwrap_or_else(|| {
            let proto = if self.keyring.offers() { "RTP/SAVP" } else { "RTP/AVP" };
            self.streams.push(Kept::Ours { proto: proto.to_owned() });
            self.streams.len() - 1
        });
        let crypto = match &self.session {
            None if self.keyring.offers() => self.keyring.lines(None),
            Some(Session { keys: Some(keys), .. }) => self.keyring.lines(Some(keys.suite())),
            None | Some(Session { keys: None, .. }) => Vec::new(),
        };
        let rtcp_mux = self.session.as_ref().is_some_and(|session| session.rtcp_mux);
        let front = first.or(self.session.as_ref().map(|session| session.codec));
        let mut codecs: Vec<_> = self.codecs.iter().map(|codec| (*codec, self.numbers.of(*codec))).collect();
        codecs.sort_by_key(|(codec, _)| Some(*codec) != front);
        let digits = self.numbers.digits_for(&self.codecs);
        self.offered = Some(Offered { direction, numbers: self.numbers.clone(), crypto: crypto.clone(), at });
        self.say(&Formats { codecs, digits, noise: false }, &Transport { crypto, rtcp_mux }, direction)
    }

    /// The peer's answer to our last offer. It may come several times, as early answers do; the last one counts.
    pub fn receive_answer(&mut self, sdp: &[u8]) -> Result<Session, SdpError> {
        let offered = self.offered.as_ref().ok_or(SdpError::Misfit)?;
        let at = offered.at;
        let answer = Description::parse(sdp)?;
        let stream = answer.streams.get(at).ok_or(SdpError::Misfit)?;
        if !stream.is_rtp_audio() {
            return Err(SdpError::Misfit);
        }
        if stream.port == 0 {
            return Err(SdpError::NoAudio);
        }
        let (remote, remote_rtcp) = self.reach(stream)?;
        let keys = self.keyring.answered(&offered.crypto, stream)?;
        let (payload_type, codec) = chosen(stream, &self.codecs, &offered.numbers).ok_or(SdpError::Misfit)?;
        let digits = stream.digits(codec).or_else(|| {
            // A number of ours repeated without its meaning still has it.
            let mut ours = offered.numbers.digits_for(&self.codecs);
            ours.sort_by_key(|(clock, _)| *clock != codec.clock());
            let repeated = |number| stream.formats.contains(&(number, Encoding::Unmapped));
            ours.into_iter().find(|(_, number)| repeated(*number)).map(|(clock, number)| (number, clock))
        });
        let peer = peer_direction(stream);
        let before = self.session.as_ref().is_some_and(|session| session.held_by_peer);
        let session = Session {
            remote,
            remote_rtcp,
            codec,
            payload_type,
            receive_payload_type: offered.numbers.of(codec),
            digits_payload_type: digits.map(|(number, _)| number),
            receive_digits_payload_type: digits.map(|(_, clock)| offered.numbers.digits(clock)),
            digits_clock: digits.map_or(codec.clock(), |(_, clock)| clock),
            dtmf: self.dtmf,
            noise: stream.takes_noise(codec),
            opus: stream.opus(payload_type),
            direction: peer.reversed().and(offered.direction),
            ptime_ms: stream.ptime_ms,
            max_ptime_ms: stream.max_ptime_ms,
            // An offer that does not send leaves the peer nothing to say about its hold.
            held_by_peer: if offered.direction.sends() { !peer.receives() } else { before || stream.is_muted() },
            keys,
            rtcp_mux: stream.rtcp_mux,
        };
        let fell_back = session.keys.is_none() && !offered.crypto.is_empty();
        let proto = fell_back.then(|| stream.proto.clone());
        self.settle(&session);
        if let (Some(Kept::Ours { proto: ours }), Some(proto)) = (self.streams.get_mut(at), proto) {
            *ours = proto;
        }
        Ok(session)
    }

    /// The peer's offer: checked and kept until `answer`. An error leaves everything as it was. The `Session` is what would be agreed with
    /// `wanted` = SendRecv on our side.
    pub fn receive_offer(&mut self, sdp: &[u8]) -> Result<Session, SdpError> {
        let mut offer = Description::parse(sdp)?;
        let at = self.choose_stream(&offer)?;
        let (remote, remote_rtcp) = self.reach(&offer.streams[at])?;
        let streams = offer.streams.iter().enumerate().map(|(index, stream)| Kept::from(stream, index == at)).collect();
        let stream = offer.streams.swap_remove(at);
        let secrecy = self.keyring.answer(&stream);
        let waiting = Waiting { streams, stream, remote, remote_rtcp, secrecy };
        let session = self.agree(&waiting, Direction::SendRecv, None).ok_or(SdpError::NoCodec)?;
        self.waiting = Some(waiting);
        Ok(session)
    }

    /// Our answer to the last offer received. `wanted` is what we would like; the direction said is the closest that RFC 3264 6.1 allows.
    /// `first`: the codec to choose if it was offered; else the one in use, else the first of ours. `None` when no offer waits.
    pub fn answer(&mut self, wanted: Direction, first: Option<Codec>) -> Option<(Bytes, Session)> {
        let waiting = self.waiting.take()?;
        let session = self.agree(&waiting, wanted, first)?;
        self.streams = waiting.streams;
        self.numbers.follow(&session, &waiting.stream);
        let formats = Formats {
            codecs: vec![(session.codec, session.receive_payload_type)],
            digits: session
                .receive_digits_payload_type
                .map(|number| (session.digits_clock, number))
                .into_iter()
                .collect(),
            // It is understood, and not asked for.
            noise: session.noise,
        };
        let crypto = waiting.secrecy.into_iter().map(|(ours, _)| ours).collect();
        let transport = Transport { crypto, rtcp_mux: session.rtcp_mux };
        let sdp = self.say(&formats, &transport, session.direction);
        self.settle(&session);
        Some((sdp, session))
    }

    /// What is in force.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// This is in force from now on.
    fn settle(&mut self, session: &Session) {
        let suite = |session: &Session| session.keys.as_ref().map(Keys::suite);
        self.keyring.settle(self.session.as_ref().and_then(suite), suite(session));
        self.session = Some(session.clone());
    }

    /// The stream that is to be ours: the one that is already, else the first that we can use.
    fn choose_stream(&self, offer: &Description) -> Result<usize, SdpError> {
        let usable = |stream: &Stream| stream.is_rtp_audio() && stream.port != 0;
        let common = |stream: &Stream| self.codecs.iter().any(|codec| stream.number(Encoding::Codec(*codec)).is_some());
        let fits = |stream: &&Stream| usable(stream) && common(stream) && self.keyring.takes(stream);
        let before = self.streams.iter().position(|kept| matches!(kept, Kept::Ours { .. }));
        let position =
            |wanted: &dyn Fn(&Stream) -> bool| offer.streams.iter().position(|stream| fits(&stream) && wanted(stream));
        before
            .filter(|at| offer.streams.get(*at).as_ref().is_some_and(fits))
            .or_else(|| position(&|stream| self.keyring.prefers(stream)))
            .or_else(|| position(&|_| true))
            .ok_or_else(|| match offer.streams.iter().find(|stream| usable(stream)) {
                None => SdpError::NoAudio,
                Some(_) if offer.streams.iter().any(|stream| usable(stream) && common(stream)) => SdpError::Secrecy,
                Some(_) => SdpError::NoCodec,
            })
    }

    /// Where the stream's RTP and RTCP go, if our socket can send there.
    fn reach(&self, stream: &Stream) -> Result<(SocketAddr, SocketAddr), SdpError> {
        let (Some(rtp), Some(rtcp)) = (stream.remote(), stream.remote_rtcp()) else { return Err(SdpError::Address) };
        if rtp.is_ipv4() != self.address.is_ipv4() && !stream.is_muted() {
            return Err(SdpError::Address);
        }
        Ok((rtp, rtcp))
    }

    fn agree(&self, waiting: &Waiting, wanted: Direction, first: Option<Codec>) -> Option<Session> {
        let stream = &waiting.stream;
        let in_use = self.session.as_ref().map(|session| session.codec);
        let ours = first
            .into_iter()
            .chain(in_use)
            .filter(|codec| self.codecs.contains(codec))
            .chain(self.codecs.iter().copied());
        let (codec, payload_type) =
            ours.filter_map(|codec| Some((codec, stream.number(Encoding::Codec(codec))?))).next()?;
        // RFC 3264 6.1: the answer uses the numbers of the offer.
        let digits = stream.digits(codec);
        let peer = peer_direction(stream);
        Some(Session {
            remote: waiting.remote,
            remote_rtcp: waiting.remote_rtcp,
            codec,
            payload_type,
            receive_payload_type: payload_type,
            digits_payload_type: digits.map(|(number, _)| number),
            receive_digits_payload_type: digits.map(|(number, _)| number),
            digits_clock: digits.map_or(codec.clock(), |(_, clock)| clock),
            dtmf: self.dtmf,
            noise: stream.takes_noise(codec),
            opus: stream.opus(payload_type),
            direction: peer.reversed().and(wanted),
            ptime_ms: stream.ptime_ms,
            max_ptime_ms: stream.max_ptime_ms,
            held_by_peer: !stream.direction.receives() || stream.is_muted(),
            keys: waiting.secrecy.as_ref().map(|(_, keys)| keys.clone()),
            rtcp_mux: stream.rtcp_mux,
        })
    }

    /// Our SDP with the streams as they are; the version of o= rises when it is not what we said last (RFC 3264 8).
    fn say(&mut self, formats: &Formats, transport: &Transport, direction: Direction) -> Bytes {
        let lines = self.streams.iter().map(|kept| match kept {
            Kept::Ours { proto } => Line::Audio(Audio { proto, port: self.port, formats, transport, direction }),
            Kept::Refused { media, proto, format } => Line::Refused { media, proto, format },
        });
        let body = print::body(self.address, lines);
        if body != self.origin.said {
            if !self.origin.said.is_empty() {
                self.origin.version += 1;
            }
            self.origin.said = body;
        }
        let mut sdp = print::head(self.address, self.origin.id, self.origin.version);
        sdp.push_str(&self.origin.said);
        Bytes::from(sdp)
    }
}

impl Kept {
    fn from(stream: &Stream, ours: bool) -> Self {
        if ours {
            return Self::Ours { proto: stream.proto.clone() };
        }
        Self::Refused { media: stream.media.clone(), proto: stream.proto.clone(), format: stream.format.clone() }
    }
}

/// The first codec of an answer that we offered, with the peer's number for it.
fn chosen(stream: &Stream, ours: &[Codec], offered: &Numbers) -> Option<(u8, Codec)> {
    stream.formats.iter().find_map(|(number, encoding)| match encoding {
        Encoding::Codec(codec) => ours.contains(codec).then_some((*number, *codec)),
        // A number of ours repeated without its meaning still has it.
        Encoding::Unmapped => ours.iter().find(|codec| offered.of(**codec) == *number).map(|codec| (*number, *codec)),
        Encoding::Digits(_) | Encoding::Noise | Encoding::Other => None,
    })
}

/// Which way media flow as the peer sees it: to 0.0.0.0 nothing is sent, whatever else it says.
fn peer_direction(stream: &Stream) -> Direction {
    Direction::of(stream.direction.sends(), stream.direction.receives() && !stream.is_muted())
}
