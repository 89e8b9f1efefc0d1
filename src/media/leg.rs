//! One leg in a mixer: what was agreed with it, what it may do, its stream in and its line out.

use super::{
    DigitMode, Dtmf, Event, Playback, Role, Source,
    audio::{codec::Coder, converter::Converter, fade, frame::Rate, wide::peak},
    playback::Whisper,
    presses::Presses,
    recorder::Recorder,
    relay::Relayed,
    rtp::{digits::Dialler, jitter::Limits, line::Line, report},
    scribe::Pen,
    sdp::{Direction, Session},
    source::{Ear, Hears, Own},
    srtp::{Sealer, Secrecy},
    stream::Stream,
    tones::Tones,
};
use crate::ids::LegId;
use std::time::{Duration, Instant};

/// What is less than this is the idle noise of a codec, and is left out of the sum: 8 is what A-law has for zero.
const IDLE: i16 = 16;

/// A leg with all that its media line is made of.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) id: LegId,
    pub(super) agreed: Option<Agreed>,
    /// While keys are agreed on.
    pub(super) secrecy: Option<Box<Secrecy>>,
    pub(super) role: Role,
    pub(super) source: Option<Source>,
    /// Counts sources that were begun.
    pub(super) begun: u32,
    /// It was sent the frame of the next tick already.
    pub(super) is_ahead: bool,
    pub(super) digit_mode: DigitMode,
    pub(super) presses: Presses,
    /// While its digits may be in its sound.
    pub(super) tones: Option<Box<Tones>>,
    pub(super) line: Line,
    pub(super) dialler: Dialler,
    /// Timestamp of the digit that is being dialled.
    pub(super) digit_timestamp: i64,
    pub(super) ear: Ear,
    pub(super) voice: Voice,
    pub(super) relayed: Relayed,
    pub(super) watch: Watch,
    /// What it hears over everything else.
    pub(super) whisper: Option<Box<Whisper>>,
    /// Recordings that travel with it, while it is in no mixer.
    pub(super) recorders: Vec<Recorder>,
}

/// What follows from an agreement.
#[derive(Debug)]
pub(super) struct Agreed {
    pub(super) session: Session,
    /// What is said to it is encoded with this, unless it goes by a scribe's pen.
    pub(super) coder: Coder,
    pub(super) pen: Pen,
    pub(super) stream: Stream,
}

/// Deadlines and what was told.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) started: bool,
    /// Silence is counted from here; `None`: nothing is expected.
    pub(super) silent_since: Option<Instant>,
    pub(super) silent_told: bool,
    pub(super) next_rtcp: Instant,
    pub(super) next_quality: Instant,
    /// RTP packets sent at the last report.
    pub(super) sent_reported: u64,
}

/// Who hears a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    Nobody,
    All,
    One(LegId),
}

/// What a leg says in this tick, and to whom.
#[derive(Debug)]
pub(super) struct Voice {
    pub(super) audience: Audience,
    pub(super) frame: Vec<i16>,
    /// The frame as it was before it was faded for the audience, for the leg's own ear.
    unfaded: Vec<i16>,
    is_faded: bool,
    /// More than silence.
    pub(super) sounds: bool,
    /// Part of the sum.
    pub(super) is_in_sum: bool,
    /// For one who hears it alone, at another rate.
    pub(super) converter: Option<Box<Converter>>,
}

impl Voice {
    pub(super) fn new() -> Self {
        Self {
            audience: Audience::Nobody,
            frame: Vec::new(),
            unfaded: Vec::new(),
            is_faded: false,
            sounds: false,
            is_in_sum: false,
            converter: None,
        }
    }

    /// Frames of another length, all silence.
    fn set_rate(&mut self, rate: Rate) {
        self.frame.clear();
        self.frame.resize(rate.frame(), 0);
    }
}

impl Leg {
    pub(super) fn new(id: LegId, line: Line, now: Instant) -> Self {
        Self {
            id,
            agreed: None,
            secrecy: None,
            role: Role::default(),
            source: None,
            begun: 0,
            is_ahead: false,
            digit_mode: DigitMode::default(),
            presses: Presses::default(),
            tones: None,
            line,
            dialler: Dialler::default(),
            digit_timestamp: 0,
            ear: Ear::new(),
            voice: Voice::new(),
            relayed: Relayed::default(),
            whisper: None,
            recorders: Vec::new(),
            watch: Watch {
                started: false,
                silent_since: None,
                silent_told: false,
                next_rtcp: now,
                next_quality: now,
                sent_reported: 0,
            },
        }
    }

    pub(super) fn agree(&mut self, session: Session, limits: Limits, now: Instant) {
        self.line.set_rate(session.codec.clock(), now);
        let coder = Coder::of(&session, Rate::MAX);
        if self.agreed.is_none() || coder.rate() != self.rate() {
            self.voice.set_rate(coder.rate());
            self.ear.restart();
        } else if self.breaks_off_for(&session) {
            self.ear.restart();
        }
        if !session.has_tones() {
            self.tones = None;
        } else if self.tones.as_ref().is_none_or(|tones| tones.rate() != coder.rate()) {
            self.tones = Some(Box::new(Tones::new(coder.rate())));
        }
        match (&session.keys, &mut self.secrecy) {
            (Some(keys), Some(secrecy)) => secrecy.renew(keys),
            (Some(keys), none @ None) => *none = Some(Box::new(Secrecy::new(keys))),
            (None, secrecy) => *secrecy = None,
        }
        match &mut self.agreed {
            Some(agreed) => {
                agreed.stream.renew(&session);
                if !coder.is_like(&agreed.coder) || session.opus != agreed.session.opus {
                    (agreed.coder, agreed.pen) = (coder, Pen::OWN);
                }
                agreed.session = session;
            }
            None => {
                self.agreed = Some(Agreed { stream: Stream::new(&session, limits), session, coder, pen: Pen::OWN });
            }
        }
    }

    /// Whether what it hears cannot go on with this agreement as it is, but ends and begins anew: at another rate, or with another codec
    /// that remembers.
    pub(super) fn breaks_off_for(&self, session: &Session) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| {
            let coder = Coder::at(session.codec, Rate::MAX);
            let both_forget = coder.is_stateless() && agreed.coder.is_stateless();
            !(coder.is_like(&agreed.coder) || both_forget && coder.rate() == agreed.coder.rate())
        })
    }

    /// A packet as it was before it was made secret, in `clear` if it has to be changed for that. `None`: it is not the peer's.
    #[inline]
    pub(super) fn open<'a>(
        &mut self,
        packet: &'a [u8],
        clear: &'a mut Vec<u8>,
        report: bool,
        now: Instant,
    ) -> Option<&'a [u8]> {
        let Some(secrecy) = &mut self.secrecy else { return Some(packet) };
        clear.clear();
        clear.extend_from_slice(packet);
        if report { secrecy.opener.open_report(clear, now) } else { secrecy.opener.open(clear, now) }
    }

    /// Whether it is RTCP that came where RTP comes, as agreed (RFC 5761).
    #[inline]
    pub(super) fn is_report(&self, packet: &[u8]) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| agreed.session.rtcp_mux) && report::is_report(packet)
    }

    /// At which it speaks and hears.
    #[inline]
    pub(super) fn rate(&self) -> Rate {
        self.agreed.as_ref().map_or(Rate::NARROW, |agreed| agreed.coder.rate())
    }

    /// Whether it may be sent RTP, and there is somewhere to send it.
    #[inline]
    pub(super) fn may_be_sent(&self) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| {
            let remote = agreed.stream.lock.remote();
            let allowed = match agreed.session.direction {
                Direction::SendRecv | Direction::SendOnly => true,
                Direction::RecvOnly | Direction::Inactive => false,
            };
            allowed && is_reachable(remote)
        })
    }

    /// Whether it is expected to send: by agreement, and because nobody holds.
    pub(super) fn ought_to_send(&self) -> bool {
        self.may_be_received() && self.role != Role::Held
    }

    /// Whether what it sends may be heard, as far as the agreement goes.
    fn may_be_received(&self) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| {
            let allowed = match agreed.session.direction {
                Direction::SendRecv | Direction::RecvOnly => true,
                Direction::SendOnly | Direction::Inactive => false,
            };
            allowed && !agreed.session.held_by_peer
        })
    }

    /// Who shall hear it.
    #[inline]
    pub(super) fn audience(&self) -> Audience {
        if !self.may_be_received() {
            return Audience::Nobody;
        }
        match self.role {
            Role::Talk | Role::Deaf => Audience::All,
            Role::Coach { target } => Audience::One(target),
            Role::Muted | Role::Held | Role::Monitor => Audience::Nobody,
        }
    }

    /// Whether its packets are of any use now.
    pub(super) fn is_listened_to(&self) -> bool {
        let is_heard = self.audience() != Audience::Nobody || self.voice.audience != Audience::Nobody;
        is_heard || self.echoes() || self.tones.is_some()
    }

    /// Whether it hears itself, or still does for the frame in which that ends.
    fn echoes(&self) -> bool {
        self.source == Some(Source::Echo) || *self.ear.hears() == Hears::Played(Source::Echo)
    }

    /// What it shall hear.
    pub(super) fn wanted(&self) -> Hears {
        if let Some((digit, _)) = self.dialler.sounding()
            && !self.takes_events()
        {
            return Hears::Digit(digit);
        }
        if let Some(source) = &self.source {
            return Hears::Played(source.clone());
        }
        let held = self.agreed.as_ref().is_none_or(|agreed| agreed.session.held_by_peer);
        match self.role {
            Role::Talk | Role::Muted | Role::Coach { .. } | Role::Monitor if !held => Hears::Mix,
            Role::Talk | Role::Muted | Role::Coach { .. } | Role::Monitor | Role::Deaf | Role::Held => Hears::Nothing,
        }
    }

    /// The clip that it is played is no longer wished for; an event unless its end was told.
    pub(super) fn clip_broken_off(&mut self) -> Option<Event> {
        let Some(Source::Clip(playback)) = &self.source else { return None };
        let play = playback.id;
        let told = self.ear.forget_clip(play);
        (!told).then_some(Event::PlayEnded { leg: self.id, play, whole: false })
    }

    /// A new whisper, or none; an event if that breaks one off.
    pub(super) fn whisper(&mut self, playback: Option<Playback>) -> Option<Event> {
        let old = match playback {
            Some(playback) => self.whisper.replace(Box::new(Whisper::new(playback))),
            None => {
                let whisper = self.whisper.as_mut()?;
                let play = whisper.id();
                return whisper.ends().then_some(Event::PlayEnded { leg: self.id, play, whole: false });
            }
        };
        old.filter(|old| !old.is_ending()).map(|old| Event::PlayEnded { leg: self.id, play: old.id(), whole: false })
    }

    /// Whether digits reach it as telephone-events.
    pub(super) fn takes_events(&self) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| agreed.session.sends_events())
    }

    /// Whether digits reach it by INFO.
    pub(super) fn takes_info(&self) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| agreed.session.dtmf == Dtmf::Info)
    }

    /// Whether what it sends may go to the other as it is: no packet is longer than that one takes, nor is comfort noise what it
    /// never asked for.
    #[inline]
    pub(super) fn fits(&self, other: &Self) -> bool {
        let (Some(from), Some(to)) = (&self.agreed, &other.agreed) else { return false };
        let stream = &from.stream;
        // As long as we wish, until it is known.
        let ticks =
            if stream.packet_ticks > 0 { stream.packet_ticks } else { from.session.codec.clock().frame() as u32 };
        to.session.takes_packets_of(ticks) && (to.session.noise || !stream.has_noise)
    }

    /// Whether it could be one of two between whom packets are relayed.
    pub(super) fn may_relay(&self) -> Option<&Session> {
        let session = &self.agreed.as_ref()?.session;
        let alone = self.source.is_none() && self.whisper.is_none() && self.tones.is_none();
        let plain = self.role == Role::Talk && alone && !session.held_by_peer;
        let both_ways = session.direction == Direction::SendRecv && self.may_be_sent();
        let quiet = self.takes_events() || !self.dialler.is_busy();
        (plain && both_ways && quiet).then_some(session)
    }

    /// Takes this tick's frame from the buffer and says whether it sounds. A change of the audience takes two ticks: the old one
    /// hears it fade, the new one hears it come.
    #[inline]
    pub(super) fn speak(&mut self) {
        self.voice.sounds = false;
        self.voice.is_in_sum = false;
        self.voice.is_faded = false;
        let audience = self.audience();
        if !self.is_listened_to() {
            return;
        }
        let rate = self.rate();
        let Some(agreed) = &mut self.agreed else { return };
        let mut sounds = agreed.stream.buffer.fill(&mut self.voice.frame);
        if let Some(tones) = &mut self.tones {
            sounds = tones.pass(&mut self.voice.frame, sounds);
        }
        self.voice.sounds = sounds && peak(&self.voice.frame) > IDLE;
        if audience == self.voice.audience {
            return;
        }
        self.voice.is_faded = true;
        self.voice.unfaded.clear();
        self.voice.unfaded.extend_from_slice(&self.voice.frame);
        if self.voice.audience == Audience::Nobody {
            self.voice.audience = audience;
            fade::fade_in(&mut self.voice.frame, rate);
        } else {
            fade::fade_out(&mut self.voice.frame, rate);
        }
    }

    /// After a tick: an audience that heard it fade is gone, and what nobody hears is not kept.
    #[inline]
    pub(super) fn fall_silent(&mut self) {
        if self.voice.audience != self.audience() {
            self.voice.audience = Audience::Nobody;
        }
        if !self.is_listened_to()
            && let Some(agreed) = &mut self.agreed
            && agreed.stream.buffer.is_active()
        {
            agreed.stream.buffer.reset();
        }
    }

    /// It leaves, or speaks in another way from now on: the end of its word, if it is heard in the room.
    pub(super) fn end_word(&mut self) -> Option<&[i16]> {
        let (rate, audience) = (self.rate(), std::mem::replace(&mut self.voice.audience, Audience::Nobody));
        let agreed = self.agreed.as_mut().filter(|_| audience == Audience::All)?;
        let mut sounds = agreed.stream.buffer.fill(&mut self.voice.frame);
        if let Some(tones) = &mut self.tones {
            sounds = tones.pass(&mut self.voice.frame, sounds);
        }
        sounds.then(|| {
            fade::fade_out(&mut self.voice.frame, rate);
            &self.voice.frame[..]
        })
    }

    /// What concerns its own ear.
    pub(super) fn own<'a>(id: LegId, voice: &'a Voice, dialler: &Dialler, rate: Rate) -> Own<'a> {
        let left = dialler.sounding().map_or(0, |(_, ms)| ms.map_or(usize::MAX, |ms| rate.samples(ms)));
        let echo = if voice.is_faded { &voice.unfaded } else { &voice.frame };
        Own { id, rate, frame: &voice.frame, echo, sounds: voice.sounds, is_in_sum: voice.is_in_sum, digit_left: left }
    }

    /// When something of it is due, other than ticks.
    pub(super) fn deadline(&self, timeout: Duration) -> Option<Instant> {
        let agreed = self.agreed.as_ref()?;
        let mut at = self.watch.next_rtcp.min(self.watch.next_quality);
        if let Some(since) = self.watch.silent_since
            && !timeout.is_zero()
            && !self.watch.silent_told
        {
            at = at.min(since + timeout);
        }
        Some(agreed.stream.listener.deadline().map_or(at, |key| at.min(key)))
    }
}

/// What makes packets secret, if they are.
#[inline]
pub(super) fn sealer(secrecy: &mut Option<Box<Secrecy>>) -> Option<&mut Sealer> {
    secrecy.as_mut().map(|secrecy| &mut secrecy.sealer)
}

/// 0.0.0.0 and port 0 are nowhere.
pub(super) fn is_reachable(remote: std::net::SocketAddr) -> bool {
    !remote.ip().is_unspecified() && remote.port() != 0
}
