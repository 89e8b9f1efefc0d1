//! What comes from a leg: whose packets, which of them, the digits and the sound in them.

use super::{
    Quality,
    audio::{codec::Coder, frame::Rate},
    lock::{Lock, Sender},
    rtp::{
        digits::{self, Key, Listener},
        jitter::{JitterBuffer, Limits},
        mos::{self, Heard},
        packet::{COMFORT_NOISE, Packet},
        report::{self, Incoming, Received},
        sequence::{Source, Verdict},
    },
    sdp::Session,
};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

/// The incoming stream of one leg.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) lock: Lock,
    pub(super) buffer: JitterBuffer,
    pub(super) listener: Listener,
    /// A key that a source held down when another took its place.
    pub(super) released: Option<Key>,
    source: Option<Source>,
    report_remote: Option<SocketAddr>,
    /// Of sources before this one.
    received_before: u64,
    lost_before: u64,
    holes_before: u64,
    disordered_before: u64,
    /// It sends comfort noise.
    pub(super) has_noise: bool,
    /// How long its last packet of sound is, in ticks of the clock; 0 before the first.
    pub(super) packet_ticks: u32,
    /// What the peer last said of our packets.
    told: Option<Received>,
    last_sender_report: Option<(u32, Instant)>,
    round_trip: Option<Duration>,
    ignored: Ignored,
}

/// Datagrams that were not used, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ignored {
    /// Not RTP, or RTCP.
    pub(super) malformed: u64,
    /// From somebody else.
    pub(super) strangers: u64,
    /// Of a payload type that was not agreed on.
    pub(super) unknown: u64,
    /// Came twice.
    pub(super) duplicates: u64,
}

/// A packet of the leg's, judged.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    pub(super) packet: Packet<'a>,
    /// Extended.
    pub(super) sequence: i64,
    /// Extended.
    pub(super) timestamp: i64,
    /// The numbers are on a new scale.
    pub(super) is_new: bool,
    pub(super) content: Content,
}

/// What is in a packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Sound,
    /// Comfort noise.
    Noise,
    Digits([Option<Key>; 3]),
    /// Nothing of use.
    Other,
}

impl Stream {
    pub(super) fn new(session: &Session, limits: Limits) -> Self {
        Self {
            lock: Lock::new(session.remote),
            buffer: JitterBuffer::within(Coder::of(session, Rate::MAX), limits),
            listener: Listener::default(),
            released: None,
            source: None,
            report_remote: None,
            received_before: 0,
            lost_before: 0,
            holes_before: 0,
            disordered_before: 0,
            has_noise: false,
            packet_ticks: 0,
            told: None,
            last_sender_report: None,
            round_trip: None,
            ignored: Ignored::default(),
        }
    }

    /// A new agreement.
    pub(super) fn renew(&mut self, session: &Session) {
        self.lock.open(session.remote);
        self.buffer.set_coder(Coder::of(session, Rate::MAX));
        self.report_remote = None;
    }

    /// A datagram came; `None`: it is not one of ours, or came before.
    #[inline]
    pub(super) fn receive<'a>(
        &mut self,
        session: &Session,
        datagram: &'a [u8],
        from: SocketAddr,
        now: Instant,
    ) -> Option<Arrival<'a>> {
        let Ok(packet) = Packet::read(datagram) else {
            self.ignored.malformed += 1;
            return None;
        };
        let kind = packet.payload_type;
        let is_sound = kind == session.receive_payload_type;
        let is_digit = session.receive_digits_payload_type == Some(kind);
        if !is_sound && !is_digit && kind != COMFORT_NOISE {
            self.ignored.unknown += 1;
            // It has a number of the sequence all the same, if the leg sent it.
            if self.lock.ssrc() != Some(packet.ssrc) || self.lock.remote() != from {
                return None;
            }
        } else if self.lock.judge(&packet, from, now) == Sender::Stranger {
            self.ignored.strangers += 1;
            return None;
        }
        let mut arrival = self.place(packet, is_digit, now)?;
        arrival.content = if is_sound {
            self.packet_ticks = self.buffer.duration(packet.payload);
            Content::Sound
        } else if is_digit {
            let report = digits::Report::read(packet.payload);
            report.map_or(Content::Other, |report| {
                Content::Digits(self.listener.hear(report, arrival.timestamp, session.digits_clock, now))
            })
        } else if kind == COMFORT_NOISE {
            self.has_noise = true;
            Content::Noise
        } else {
            Content::Other
        };
        Some(arrival)
    }

    fn place<'a>(&mut self, packet: Packet<'a>, is_digit: bool, now: Instant) -> Option<Arrival<'a>> {
        let changed = self.source.as_ref().is_none_or(|source| source.ssrc() != packet.ssrc);
        if changed && let Some(old) = self.source.take() {
            self.received_before += old.received();
            self.lost_before += old.lost();
            self.holes_before += old.holes();
            self.disordered_before += old.disordered();
        }
        let clock = self.buffer.clock().0;
        let source =
            self.source.get_or_insert_with(|| Source::new(packet.ssrc, packet.sequence, packet.timestamp, clock, now));
        source.set_clock(clock);
        // A digit has the time of its beginning, and a clock that need not be that of the sound.
        let verdict = if is_digit {
            source.update_beside(packet.sequence, packet.timestamp)
        } else {
            source.update(packet.sequence, packet.timestamp, now)
        };
        let (sequence, timestamp, restarted) = match verdict {
            Verdict::Valid { sequence, timestamp } => (sequence, timestamp, false),
            Verdict::Restarted { sequence, timestamp } => (sequence, timestamp, true),
            Verdict::Duplicate => {
                self.ignored.duplicates += 1;
                return None;
            }
            Verdict::Suspicious => return None,
        };
        let is_new = changed || restarted;
        if is_new {
            self.buffer.restart();
            self.released = self.listener.restart();
        }
        Some(Arrival { packet, sequence, timestamp, is_new, content: Content::Other })
    }

    /// RTCP came; `ours` is the SSRC that we send, `clock` our NTP clock.
    pub(super) fn receive_report(
        &mut self,
        session: &Session,
        datagram: &[u8],
        from: SocketAddr,
        ours: u32,
        clock: u64,
        now: Instant,
    ) -> bool {
        let remote = self.lock.remote().ip();
        if from.ip() != remote && from != session.remote_rtcp {
            self.ignored.strangers += 1;
            return false;
        }
        let Some(Incoming { from: reporter, sent, received, .. }) = report::read(datagram, ours) else {
            self.ignored.malformed += 1;
            return false;
        };
        if self.lock.ssrc().is_some_and(|locked| locked != reporter) {
            self.ignored.strangers += 1;
            return false;
        }
        self.report_remote = Some(from);
        if let Some(sent) = sent {
            self.last_sender_report = Some((report::middle(sent.ntp), now));
        }
        self.told = received.or(self.told);
        if let Some(round_trip) = received.and_then(|block| report::round_trip(&block, clock)) {
            self.round_trip = Some(round_trip);
        }
        true
    }

    /// Where RTCP goes.
    pub(super) fn report_remote(&self, session: &Session) -> SocketAddr {
        if session.rtcp_mux {
            return self.lock.remote();
        }
        self.report_remote.unwrap_or(session.remote_rtcp)
    }

    /// What to tell the leg about its stream.
    pub(super) fn reception(&mut self, now: Instant) -> Option<Received> {
        let source = self.source.as_mut()?;
        let (last_report, delay) = self
            .last_sender_report
            .map_or((0, 0), |(report, at)| (report, report::middle(report::ntp(now.saturating_duration_since(at)))));
        Some(Received {
            ssrc: source.ssrc(),
            fraction_lost: source.fraction_lost(),
            lost: source.lost().min(0x007F_FFFF) as u32,
            highest: source.highest(),
            jitter: source.jitter(),
            last_report,
            delay,
        })
    }

    /// The figures so far; `sent` is not known here.
    pub(super) fn quality(&self, session: &Session) -> Quality {
        let source = self.source.as_ref();
        let received = self.received_before + source.map_or(0, Source::received);
        let lost = self.lost_before + source.map_or(0, Source::lost);
        let (late, buffer_ms) = (self.buffer.late(), self.buffer.target_ms() as f32);
        let heard = Heard {
            codec: session.codec,
            played: received.saturating_sub(late),
            missed: lost + late,
            holes: self.holes_before + source.map_or(0, Source::holes),
            buffer_ms,
            round_trip: self.round_trip,
        };
        Quality {
            received,
            lost,
            late,
            duplicates: self.ignored.duplicates,
            disordered: self.disordered_before + source.map_or(0, Source::disordered),
            jitter_ms: source.map_or(0.0, |source| source.jitter_time().as_secs_f32() * 1000.0),
            round_trip_ms: self.round_trip.map(|time| time.as_secs_f32() * 1000.0),
            codec: Some(session.codec),
            buffer_ms,
            concealed_ms: self.buffer.concealed_ms(),
            mos: mos::mos(&heard),
            // 24 bits with a sign: duplicates can make it negative (RFC 3550 6.4.1).
            peer_lost: self.told.map(|told| if told.lost < 1 << 23 { told.lost } else { 0 }),
            // More than a minute is a lie.
            peer_jitter_ms: self
                .told
                .map(|told| told.jitter as f32 * 1000.0 / session.codec.clock().0 as f32)
                .filter(|jitter| *jitter < 60_000.0),
            ..Quality::default()
        }
    }
}
