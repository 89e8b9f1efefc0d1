//! Rooms, and calls whose partner is the switch itself: who enters, who is asked in.

use super::{
    Action, Call, Outcome, dial::Errand, ending::plain_failure, face::handed_over, leg::Standing, lifecycle::Ticket,
};
use crate::{
    destination::{Plan, Purpose, Refusal},
    ids::LegId,
    media::Source,
    sip::{
        Failure,
        wire::{StatusCode, Uri},
    },
};
use std::time::Instant;

/// What a call is, beside its legs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// People who called each other; one alone has no reason to stay.
    Conversation,
    /// A conference room: each member comes and goes as it likes.
    Room,
    /// One party who is played something.
    Service(Source),
}

/// A member of a room (or of a call of three) wants somebody else in it. The others hear nothing of the attempt; the member
/// stays until it hangs up.
pub(super) struct Invitation {
    member: LegId,
    referred_by: Option<String>,
}

impl Call {
    /// These legs go to a room; the exchange takes them out of here at once.
    pub(super) fn enter(&mut self, conference: String, legs: Vec<LegId>) {
        for leg in &legs {
            if let Some(party) = self.legs.get_mut(leg) {
                party.standing = Standing::Moving;
            }
        }
        self.act(Action::Enter { conference, legs });
    }

    /// The switch itself answers from now on.
    pub(super) fn serve(&mut self, source: Source) {
        self.kind = Kind::Service(source);
        self.answer_waiting(None);
    }

    /// REFER in a room: the target is called into it.
    pub(super) fn invite_member(&mut self, member: LegId, target: Uri, referred_by: Option<String>) {
        let Some(party) = self.legs.get(&member) else { return };
        let origin = Box::new(party.origin.clone());
        let ticket = self.number();
        self.tickets.insert(ticket, Ticket::Invitation(Invitation { member, referred_by }));
        self.act(Action::Route { ticket, origin, target, purpose: Purpose::Transfer });
    }

    /// Where the one is who is asked in.
    pub(super) fn invitation_routed(&mut self, invitation: Invitation, plan: Result<Plan, Refusal>, now: Instant) {
        let Invitation { member, referred_by } = invitation;
        let steps = match plan {
            Ok(Plan::Ring(steps)) => steps,
            // A room cannot be called into a room, nor can music.
            Ok(Plan::Conference(_) | Plan::Music | Plan::Echo) => {
                return self.invitation_failed(member, plain_failure(488));
            }
            Err(refusal) => return self.invitation_failed(member, plain_failure(refusal.status().0)),
        };
        let Some(party) = self.legs.get(&member) else { return };
        let headers = handed_over(&party.origin, referred_by, &self.settings.domain);
        if let Some(face) = self.face(member, headers) {
            self.dial(Errand::Invitation(member), face, steps, None, now);
        }
    }

    /// The one who was asked in is there.
    pub(super) fn invitation_done(&mut self, member: LegId) {
        self.notify(member, true, StatusCode(200), String::new());
        self.transfer_ended(member, Outcome::Completed, 200);
    }

    /// Nobody is left in the room to meet the one who was asked.
    pub(super) fn invitation_pointless(&mut self, member: LegId) {
        self.notify(member, true, StatusCode(487), String::new());
        self.transfer_ended(member, Outcome::CallerLeft, 487);
    }

    /// The one who was asked does not come.
    pub(super) fn invitation_failed(&mut self, member: LegId, failure: Failure) {
        let status = failure.status;
        self.notify(member, true, status, failure.reason);
        self.transfer_ended(member, Outcome::Recalled, status.0);
    }
}
