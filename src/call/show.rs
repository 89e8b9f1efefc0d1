//! A call as programs see it.

use super::{
    Call, Role,
    dial::Dial,
    leg::{Dialog, Leg, Standing, Told},
    room::Kind,
    story::Story,
    view::{
        AttemptView, CallKind, CallView, Epoch, HearsView, LegDirection, LegState, LegView, PartyKind, PartyView,
        QualityView, RoleView, TransferView,
    },
};
use crate::{
    destination::{Caller, Origin},
    ids::{LegId, PlayId, TransferId},
    media::{self, Source},
};
use std::collections::BTreeSet;

impl Call {
    /// The call as it is now.
    pub fn view(&self, epoch: Epoch) -> CallView {
        CallView {
            id: self.id(),
            kind: match self.kind {
                Kind::Conversation => CallKind::Conversation,
                Kind::Room => CallKind::Room,
                Kind::Service(_) => CallKind::Service,
            },
            room: self.conference.clone(),
            kept: self.kept || !self.awaits.is_empty() || !self.flows.is_empty(),
            started_at: epoch.stamp(self.started),
            legs: self.legs.values().map(|leg| self.show(leg, epoch)).collect(),
            transfer: self.stories.values().next().map(|story| story.view(epoch)),
            attempts: self.dials.values().filter_map(Dial::view).collect(),
            plays: self.played_to_all(),
            recordings: self.recordings_of(None),
        }
    }

    /// One of its legs as it is now.
    pub fn leg_view(&self, leg: LegId, epoch: Epoch) -> Option<LegView> {
        self.legs.get(&leg).map(|leg| self.show(leg, epoch))
    }

    /// Who a leg is.
    pub fn party_view(&self, leg: LegId) -> Option<PartyView> {
        self.legs.get(&leg).map(|leg| party(&leg.origin))
    }

    /// A transfer that is under way.
    pub fn transfer_view(&self, transfer: TransferId, epoch: Epoch) -> Option<TransferView> {
        self.stories.get(&transfer).map(|story| story.view(epoch))
    }

    pub(super) fn show(&self, leg: &Leg, epoch: Epoch) -> LegView {
        LegView {
            id: leg.id,
            call: self.id(),
            direction: if leg.facts.incoming { LegDirection::Incoming } else { LegDirection::Outgoing },
            party: party(&leg.origin),
            dialled: leg.facts.dialled.clone(),
            state: state(leg),
            held_by_us: leg.held_by_us(),
            held_by_phone: leg.held_by_phone(),
            role: match leg.part.role {
                Role::Talk => RoleView::Talk,
                Role::Coach { .. } => RoleView::Coach,
                Role::Monitor => RoleView::Monitor,
            },
            coach_target: match leg.part.role {
                Role::Coach { target } => Some(target),
                Role::Talk | Role::Monitor => None,
            },
            muted: leg.part.muted,
            deaf: leg.part.deaf,
            hears: self.hears(leg),
            codec: leg.session().map(|session| session.codec.name().to_owned()),
            srtp: leg.session().and_then(|session| session.keys.as_ref()).map(|keys| keys.suite().name().to_owned()),
            plays: leg.part.plays().filter(|tune| !tune.for_all).map(|tune| tune.id).collect(),
            gather: self.gathers.get(&leg.id).map(|gathering| gathering.id),
            recordings: self.recordings_of(Some(leg.id)),
            attempt: leg.facts.attempt,
            queue: leg.facts.queue.clone(),
            started_at: epoch.stamp(leg.facts.started),
            ringing_at: leg.facts.ringing.map(|at| epoch.stamp(at)),
            answered_at: leg.facts.answered.map(|at| epoch.stamp(at)),
            ended_at: None,
            sip_call_id: leg.facts.call_id.clone(),
            user_agent: leg.facts.agent.clone(),
            quality: leg.facts.quality.map(QualityView::from),
        }
    }

    fn played_to_all(&self) -> Vec<PlayId> {
        let tunes = self.legs.values().flat_map(|leg| leg.part.plays()).filter(|tune| tune.for_all);
        tunes.map(|tune| tune.id).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn hears(&self, leg: &Leg) -> HearsView {
        let sent = leg.session().is_some_and(|session| session.direction.sends());
        match self.heard_source(leg.id) {
            Some(_) if !sent => HearsView::Nothing,
            Some((media::Role::Talk | media::Role::Muted | media::Role::Coach { .. } | media::Role::Monitor, None)) => {
                HearsView::Mix
            }
            None | Some((media::Role::Deaf | media::Role::Held, None)) => HearsView::Nothing,
            Some((_, Some(source))) => match source {
                Source::HoldMusic => HearsView::Music,
                Source::Ringback | Source::Busy | Source::Notice | Source::Prompt => HearsView::Tone,
                Source::Clip(_) => HearsView::Clip,
                Source::Echo => HearsView::Echo,
                Source::Silence => HearsView::Nothing,
            },
        }
    }
}

impl Story {
    /// The transfer as it is now.
    pub(super) fn view(&self, epoch: Epoch) -> TransferView {
        TransferView {
            id: self.id,
            kind: self.kind,
            transferor: self.transferor,
            by: party(&self.by),
            callers: self.callers.clone(),
            to: self.to.clone(),
            target: self.target,
            phase: self.phase,
            started_at: epoch.stamp(self.started),
            outcome: self.end.as_ref().map(|(outcome, ..)| *outcome),
            status: self.end.as_ref().map(|(_, status, _)| *status),
            reason: self.end.as_ref().map(|(.., reason)| reason.clone()),
        }
    }
}

impl Dial {
    /// The attempt, if a program asked for it.
    fn view(&self) -> Option<AttemptView> {
        let order = self.order.as_ref()?;
        Some(AttemptView { id: order.id, to: order.to.clone(), legs: self.legs().to_vec() })
    }
}

/// Who somebody is.
pub(super) fn party(origin: &Origin) -> PartyView {
    let (kind, place) = match &origin.caller {
        Caller::Extension(number) => (PartyKind::Extension, number.clone()),
        Caller::Trunk(name) => (PartyKind::Trunk, name.clone()),
        Caller::Host(host) => (PartyKind::Host, host.clone()),
    };
    let hidden = origin.privacy.as_deref().is_some_and(super::face::wants_privacy);
    let number = origin.identity.uri.user.clone().filter(|_| !hidden);
    PartyView { kind, place, number, name: origin.identity.display.clone().filter(|_| !hidden) }
}

fn state(leg: &Leg) -> LegState {
    match (leg.dialog, leg.standing) {
        (Dialog::Confirmed, Standing::Parting) => LegState::Leaving,
        (Dialog::Confirmed, Standing::Present | Standing::Moving) => LegState::Answered,
        (Dialog::Incoming { told: Told::Nothing }, _) => LegState::Trying,
        (Dialog::Incoming { told: Told::Ringing }, _) => LegState::Ringing,
        (Dialog::Incoming { told: Told::EarlyMedia }, _) => LegState::Early,
        (Dialog::Screened(_), _) => LegState::Screened,
        (Dialog::Outgoing(_), _) if leg.session().is_some() => LegState::Early,
        (Dialog::Outgoing(_), _) if leg.rang => LegState::Ringing,
        (Dialog::Outgoing(_), _) => LegState::Trying,
    }
}

impl From<media::Quality> for QualityView {
    fn from(quality: media::Quality) -> Self {
        Self {
            codec: quality.codec.map(media::sdp::Codec::name),
            received: quality.received,
            lost: quality.lost,
            late: quality.late,
            duplicates: quality.duplicates,
            disordered: quality.disordered,
            sent: quality.sent,
            jitter_ms: quality.jitter_ms,
            round_trip_ms: quality.round_trip_ms,
            mos: quality.mos,
            buffer_ms: quality.buffer_ms,
            concealed_ms: quality.concealed_ms,
            forged: quality.forged,
            peer_lost: quality.peer_lost,
            peer_jitter_ms: quality.peer_jitter_ms,
        }
    }
}
