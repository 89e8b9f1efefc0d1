//! One call of a phone.

use super::{Ear, HoldStyle, mouth::Mouth};
use crate::media::{
    rtp::digits::Listener,
    sdp::{Direction, Negotiation, Session},
    srtp::Secrecy,
};
use bytes::Bytes;
use std::time::Instant;

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// We call.
    Calls,
    /// We are called.
    Rings,
    /// The call stands.
    Talks,
}

/// One call of a phone.
pub struct Line {
    pub(super) state: State,
    /// Our RTP port.
    pub(super) port: u16,
    /// User part of the other side.
    pub(super) peer: String,
    pub(super) negotiation: Negotiation,
    pub(super) session: Option<Session>,
    pub(super) secrecy: Option<Secrecy>,
    pub(super) mouth: Mouth,
    pub(super) ear: Ear,
    pub(super) listener: Listener,
    /// How the other side is on hold by us.
    pub(super) hold: Option<HoldStyle>,
    /// What `hold` becomes when our offer is answered.
    pub(super) wanted: Option<Option<HoldStyle>>,
    /// The INVITE that rings brought an offer.
    pub(super) offered: bool,
    /// Our INVITE, or our last re-INVITE, had no SDP: the offer comes in its 2xx.
    pub(super) late: bool,
    /// When it picks up by itself.
    pub(super) pick_up_at: Option<Instant>,
    /// The other side leaves us when our REFER succeeds.
    pub(super) refers: bool,
}

impl Line {
    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// User part of the other side.
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// What it hears.
    pub fn ear(&self) -> &Ear {
        &self.ear
    }

    /// What was agreed on for its media.
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Whether the other side is on hold by us.
    pub fn holds(&self) -> bool {
        self.hold.is_some()
    }

    /// Whether the other side has put us on hold.
    pub fn is_held(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.held_by_peer)
    }

    /// The direction that we want.
    pub(super) fn direction(&self) -> Direction {
        self.hold.map_or(Direction::SendRecv, HoldStyle::direction)
    }

    /// The other side's answer to our offer, where there is one that can be read; the last one counts.
    pub(super) fn learn_answer(&mut self, sdp: Option<&[u8]>) {
        if let Some(session) = sdp.and_then(|sdp| self.negotiation.receive_answer(sdp).ok()) {
            self.agree(session);
        }
    }

    /// Our answer to the other side's offer; `None` if it cannot be read.
    pub(super) fn answer_to(&mut self, offer: &[u8]) -> Option<Bytes> {
        self.negotiation.receive_offer(offer).ok()?;
        let (sdp, session) = self.negotiation.answer(self.direction(), None)?;
        self.agree(session);
        Some(if self.hold == Some(HoldStyle::ZeroAddress) { zero_address(&sdp) } else { sdp })
    }

    /// This is in force from now on.
    pub(super) fn agree(&mut self, session: Session) {
        match (&session.keys, &mut self.secrecy) {
            (Some(keys), Some(secrecy)) => secrecy.renew(keys),
            (Some(keys), none @ None) => *none = Some(Secrecy::new(keys)),
            (None, secrecy) => *secrecy = None,
        }
        self.session = Some(session);
    }

    /// Our offer for a hold, or for none.
    pub(super) fn offer(&mut self, hold: Option<HoldStyle>) -> Bytes {
        let sdp = self.negotiation.offer(hold.map_or(Direction::SendRecv, HoldStyle::direction), None);
        if hold == Some(HoldStyle::ZeroAddress) { zero_address(&sdp) } else { sdp }
    }
}

impl HoldStyle {
    pub(super) fn direction(self) -> Direction {
        match self {
            Self::SendOnly => Direction::SendOnly,
            Self::Inactive => Direction::Inactive,
            Self::ZeroAddress => Direction::SendRecv,
        }
    }
}

/// The SDP with 0.0.0.0 in each c= line.
fn zero_address(sdp: &[u8]) -> Bytes {
    let text = String::from_utf8_lossy(sdp);
    let lines = text.lines().map(|line| if line.starts_with("c=") { "c=IN IP4 0.0.0.0" } else { line });
    lines.flat_map(|line| [line, "\r\n"]).collect::<String>().into()
}
