//! What an agent may have done: things with its own legs, and with the transfers and calls that it is in.

use super::{auth::Access, problem::Problem, state::State};
use crate::{
    call::{CallView, LegView, PartyKind, PartyView, Verb},
    control::What,
    ids::{CallId, LegId},
};
use std::sync::Arc;

/// Refuses what this one may not have done. What is not there is refused by the switch.
pub(super) fn check(state: &State, access: &Access, what: &What) -> Result<(), Problem> {
    if access.controls_all() {
        return Ok(());
    }
    if access.extensions().next().is_none() {
        return Err(Problem::forbidden("control"));
    }
    let allowed = match what {
        What::Calls | What::Call(_) | What::Leg(_) | What::Transfer(_) => true,
        What::Obey { call, verb } => may(state, access, *call, verb),
        What::Bridge { leg, with } => is_own(state, access, *leg) && is_own(state, access, *with),
        What::Move { leg, to } => is_own(state, access, *leg) && is_in(state, access, *to),
        What::PauseAgent { agent, .. } => access.is_agent(agent),
        What::Registrations
        | What::Queues
        | What::Extensions
        | What::Trunks
        | What::Rooms
        | What::Originate(_)
        | What::MergeCalls { .. }
        | What::OpenRoom { .. }
        | What::CloseRoom { .. } => false,
    };
    if allowed { Ok(()) } else { Err(Problem::forbidden("control")) }
}

fn may(state: &State, access: &Access, call: Option<CallId>, verb: &Verb) -> bool {
    if let Some(leg) = verb.leg() {
        return is_own(state, access, leg);
    }
    let calls = || state.hub.snapshot().calls;
    let knows = |fits: &dyn Fn(&CallView) -> bool| calls().iter().any(|call| fits(call) && has_own(access, call));
    match verb {
        Verb::Swap { transfer }
        | Verb::Merge { transfer }
        | Verb::Complete { transfer }
        | Verb::Cancel { transfer } => calls()
            .iter()
            .filter_map(|call| call.transfer.as_ref())
            .any(|under_way| under_way.id == *transfer && access.is(&under_way.by)),
        Verb::Add(_) => call.is_some_and(|call| is_in(state, access, call)),
        Verb::StopPlay { play } => {
            knows(&|call| call.legs.iter().any(|leg| leg.plays.contains(play) && access.is(&leg.party)))
        }
        Verb::StopGather { gather } => {
            knows(&|call| call.legs.iter().any(|leg| leg.gather == Some(*gather) && access.is(&leg.party)))
        }
        Verb::CallOff { attempt } => knows(&|call| call.attempts.iter().any(|other| other.id == *attempt)),
        // These are about everybody in the call, or about recordings, which are not the agent's.
        Verb::End
        | Verb::Play { .. }
        | Verb::Record { .. }
        | Verb::PauseRecording { .. }
        | Verb::ResumeRecording { .. }
        | Verb::StopRecording { .. } => false,
        // These are about a leg, and were looked at above.
        Verb::Drop { .. }
        | Verb::Hold { .. }
        | Verb::Unhold { .. }
        | Verb::SetRole { .. }
        | Verb::Mute { .. }
        | Verb::Deafen { .. }
        | Verb::SendDigits { .. }
        | Verb::Gather(_)
        | Verb::Transfer(_)
        | Verb::Ring { .. }
        | Verb::Answer { .. }
        | Verb::Reject { .. }
        | Verb::Redirect { .. }
        | Verb::Membership { .. } => false,
    }
}

/// Whether it may see a call.
pub(super) fn sees(access: &Access, call: &CallView) -> bool {
    access.reads_all() || has_own(access, call)
}

/// Whether it may see a leg: one in a call that it may see.
pub(super) fn sees_leg(state: &State, access: &Access, leg: &LegView) -> bool {
    access.reads_all() || access.is(&leg.party) || is_in(state, access, leg.call)
}

fn is_own(state: &State, access: &Access, leg: LegId) -> bool {
    let call = state.hub.snapshot().calls.into_iter().find_map(|call: Arc<CallView>| {
        call.legs.iter().find(|other| other.id == leg).map(|leg| access.is(&leg.party))
    });
    call.unwrap_or(false)
}

fn is_in(state: &State, access: &Access, call: CallId) -> bool {
    state.hub.call(call).is_some_and(|call| has_own(access, &call))
}

fn has_own(access: &Access, call: &CallView) -> bool {
    call.legs.iter().any(|leg| access.is(&leg.party))
}

impl Access {
    /// Whether somebody is its extension.
    pub(super) fn is(&self, party: &PartyView) -> bool {
        party.kind == PartyKind::Extension && self.is_agent(&party.place)
    }
}
