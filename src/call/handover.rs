//! Transfers as programs wish them: the same machines as for REFER and star codes do them.

use super::{
    Approach, Call, Manner, Outcome, Refused, Transfer, TransferKind, TransferPhase,
    dial::DialId,
    ending::plain_failure,
    errand::{Errand, Way},
    face::{Face, handed_over},
    lifecycle::Timer,
    movement::Movement,
    obey::Done,
    queued::Goal,
    room::Kind,
};
use crate::{
    destination::{Origin, Plan},
    ids::{LegId, TransferId},
    media::Repeat,
    sip::{Cause, wire::StatusCode},
};
use std::time::Instant;

impl Call {
    /// Those whom a leg talks to go to somebody else.
    pub(super) fn hand_over(&mut self, wish: Transfer, plan: Option<Plan>) -> Result<Done, Refused> {
        let Transfer { leg, to, manner, music } = wish;
        to.check()?;
        music.check()?;
        let party = self.answered(leg)?;
        if party.held_by_phone() || party.held_by_us() {
            return Err(Refused::OnHold);
        }
        if self.kind == Kind::Room {
            return Err(Refused::InRoom);
        }
        let others = self.others(leg);
        if !others.iter().any(|other| self.answered(*other).is_ok()) {
            return Err(Refused::NobodyElse);
        }
        if !self.is_free() {
            return Err(Refused::AlreadyInTransfer);
        }
        if !self.dials.is_empty() {
            return Err(Refused::NotNow);
        }
        let plan = match plan {
            Some(plan @ (Plan::Ring(_) | Plan::Conference(_) | Plan::Queue(_))) => plan,
            Some(_) | None => return Err(Refused::TargetUnfit),
        };
        self.conclude();
        self.forget_digits(leg);
        let said = to.to.said().to_owned();
        let kind = match manner {
            Manner::Cold => TransferKind::Cold,
            Manner::Warm => TransferKind::Warm,
        };
        let transfer = self.transfer_started(leg, said, kind);
        self.let_all_go(&others);
        for other in others {
            let tune = self.tune(other, &music, Repeat::Forever);
            if let Some(party) = self.legs.get_mut(&other) {
                party.part.waits = Some(tune);
            }
        }
        match manner {
            Manner::Cold => self.begin_cold_to(leg, transfer, to, plan),
            Manner::Warm => self.begin_warm_to(leg, transfer, to, plan),
        }
        Ok(Done { leg: Some(leg), transfer: Some(transfer), ..Done::default() })
    }

    /// The others of this call take the place of `with`, which is a leg of the same person in another call; the person leaves both.
    pub fn bridge(&mut self, leg: LegId, with: LegId, said: String, now: Instant) -> Done {
        self.now = now;
        self.conclude();
        self.forget_digits(leg);
        let transfer = self.transfer_started(leg, said, TransferKind::Attended);
        self.join_with(leg, transfer, with);
        self.settle();
        Done { leg: None, transfer: Some(transfer), ..Done::default() }
    }

    /// Calls the target of a transfer; by a program's wish in its way.
    pub(super) fn dial_target(
        &mut self,
        errand: Errand,
        caller: LegId,
        by: &Origin,
        referred_by: Option<String>,
        wish: Option<&Approach>,
        goal: Goal,
    ) -> Option<DialId> {
        let headers = handed_over(by, referred_by, &self.settings.domain);
        let mut face: Face = self.face(caller, headers)?;
        let (mut ring, mut way) = (None, Way::default());
        if let Some(wish) = wish {
            wish.disguise(&mut face, &self.settings.domain);
            (ring, way) = (wish.ring_timeout, wish.way());
        }
        Some(self.dial_in_a_way(errand, face, goal, ring, None, way))
    }

    /// Whether a new transfer may begin: none is under way, or it is decided and only waits for its end.
    pub(super) fn is_free(&self) -> bool {
        match &self.movement {
            Movement::Still => true,
            Movement::Cold(cold) => cold.is_decided(),
            Movement::Warm(warm) => warm.is_decided(),
            Movement::Attended(_) | Movement::Recall(_) => false,
        }
    }

    /// The transferor talks to the other one.
    pub(super) fn swap(&mut self, transfer: TransferId) -> Result<Done, Refused> {
        let agent = self.consulting(transfer)?;
        self.warm_swap(agent);
        Ok(done(agent, transfer))
    }

    /// All talk.
    pub(super) fn merge(&mut self, transfer: TransferId) -> Result<Done, Refused> {
        let agent = self.consulting(transfer)?;
        self.warm_three_way(agent);
        Ok(done(agent, transfer))
    }

    /// The transferor goes: caller and target talk, or the caller waits for the target that rings.
    pub(super) fn complete(&mut self, transfer: TransferId) -> Result<Done, Refused> {
        let leg = self.handing_over(transfer)?;
        self.transfer_goes_on(transfer, TransferPhase::Completing);
        self.drop_leg(leg, Cause::Transferred);
        self.left(leg, self.now);
        Ok(done(leg, transfer))
    }

    /// The target goes, or is not called any more; transferor and caller talk.
    pub(super) fn cancel(&mut self, transfer: TransferId) -> Result<Done, Refused> {
        let asked_in = self
            .dials
            .iter()
            .find(|(_, dial)| matches!(&dial.errand, Errand::Invitation(_, invitation) if *invitation == transfer));
        if let Some((id, _)) = asked_in {
            let id = *id;
            self.give_up(id, plain_failure(487));
            return Ok(Done { transfer: Some(transfer), ..Done::default() });
        }
        let leg = self.handing_over(transfer)?;
        match &self.movement {
            Movement::Warm(_) => self.warm_cancel(leg),
            Movement::Cold(cold) => {
                let (dial, by_refer) = (cold.dial(), cold.by_refer());
                if let Some(dial) = dial {
                    self.call_off(dial, Cause::Cancelled);
                }
                self.movement = Movement::Still;
                self.deadlines.clear(Timer::Movement);
                self.notify(leg, by_refer, StatusCode(487), String::new());
                self.transfer_ended(transfer, Outcome::Cancelled, 487, String::new());
            }
            Movement::Still | Movement::Attended(_) | Movement::Recall(_) => {}
        }
        Ok(done(leg, transfer))
    }

    /// The transferor, where it and the target are both there.
    fn consulting(&self, transfer: TransferId) -> Result<LegId, Refused> {
        self.known(transfer)?;
        match &self.movement {
            Movement::Warm(warm) if warm.agent.transfer == transfer && warm.is_private() => Ok(warm.agent.leg),
            Movement::Warm(_) | Movement::Still | Movement::Cold(_) | Movement::Attended(_) | Movement::Recall(_) => {
                Err(Refused::NotNow)
            }
        }
    }

    /// The transferor, where it is there and its transfer is not decided yet.
    fn handing_over(&self, transfer: TransferId) -> Result<LegId, Refused> {
        self.known(transfer)?;
        let by = match &self.movement {
            Movement::Warm(warm) if warm.is_under_way() => &warm.agent,
            Movement::Cold(cold) if cold.dial().is_some() => &cold.by,
            Movement::Warm(_) | Movement::Still | Movement::Cold(_) | Movement::Attended(_) | Movement::Recall(_) => {
                return Err(Refused::NotNow);
            }
        };
        if by.transfer != transfer || !self.legs.contains_key(&by.leg) {
            return Err(Refused::NotNow);
        }
        Ok(by.leg)
    }

    fn known(&self, transfer: TransferId) -> Result<(), Refused> {
        self.stories.contains_key(&transfer).then_some(()).ok_or(Refused::UnknownTransfer)
    }
}

fn done(leg: LegId, transfer: TransferId) -> Done {
    Done { leg: Some(leg), transfer: Some(transfer), ..Done::default() }
}
