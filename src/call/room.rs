//! Rooms, and calls whose partner is the switch itself: who enters, who is asked in.

use super::{
    Action, Call, Membership, Outcome, Sound, TransferPhase, ending::plain_failure, errand::Errand, face::handed_over,
    leg::Standing, lifecycle::Ticket, queued::Goal,
};
use crate::{
    destination::{Plan, Purpose, Refusal},
    ids::{LegId, TransferId},
    media::Source,
    sip::{
        Failure,
        wire::{StatusCode, Uri},
    },
};

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

/// What is special about a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomSettings {
    /// What the coming and going of those means who just dial in.
    pub membership: Membership,
    /// Extensions whose coming starts the talk and whose going ends the room.
    pub moderators: Vec<String>,
    /// What members hear while the talk has not begun, or when they are alone.
    pub waiting: Sound,
    /// No more than these.
    pub max_members: Option<usize>,
    /// Heard by all when somebody enters.
    pub enters: Option<Sound>,
    /// Heard by all when somebody leaves.
    pub leaves: Option<Sound>,
    /// It stays when the last one has left, until a program ends it.
    pub stays: bool,
}

/// A member of a room (or of a call of three) wants somebody else in it. The others hear nothing of the attempt; the member
/// stays until it hangs up.
pub(super) struct Invitation {
    member: LegId,
    transfer: TransferId,
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
    pub(super) fn invite_member(
        &mut self,
        member: LegId,
        transfer: TransferId,
        target: Uri,
        referred_by: Option<String>,
    ) {
        let Some(party) = self.legs.get(&member) else { return };
        let origin = Box::new(party.origin.clone());
        let ticket = self.number();
        self.tickets.insert(ticket, Ticket::Invitation(Invitation { member, transfer, referred_by }));
        self.act(Action::Route { ticket, origin, target, purpose: Purpose::Transfer });
    }

    /// Where the one is who is asked in.
    pub(super) fn invitation_routed(&mut self, invitation: Invitation, plan: Result<Plan, Refusal>) {
        let Invitation { member, transfer, referred_by } = invitation;
        let goal = match plan.map(Goal::of) {
            Ok(Some(goal)) => goal,
            // A room cannot be called into a room, nor can music.
            Ok(None) => return self.invitation_failed(member, transfer, plain_failure(488)),
            Err(refusal) => return self.invitation_failed(member, transfer, plain_failure(refusal.status().0)),
        };
        let Some(party) = self.legs.get(&member) else { return };
        let headers = handed_over(&party.origin, referred_by, &self.settings.domain);
        if let Some(face) = self.face(member, headers) {
            self.dial(Errand::Invitation(member, transfer), face, goal, None);
            self.transfer_goes_on(transfer, TransferPhase::Calling);
        }
    }

    /// The one who was asked in is there.
    pub(super) fn invitation_done(&mut self, member: LegId, transfer: TransferId, target: LegId) {
        self.notify(member, true, StatusCode(200), String::new());
        self.transfer_target(transfer, target);
        self.transfer_ended(transfer, Outcome::Completed, 200, String::new());
    }

    /// Nobody is left in the room to meet the one who was asked.
    pub(super) fn invitation_pointless(&mut self, member: LegId, transfer: TransferId) {
        self.notify(member, true, StatusCode(487), String::new());
        self.transfer_ended(transfer, Outcome::CallerLeft, 487, String::new());
    }

    /// The one who was asked does not come.
    pub(super) fn invitation_failed(&mut self, member: LegId, transfer: TransferId, failure: Failure) {
        let status = failure.status;
        self.notify(member, true, status, failure.reason.clone());
        self.transfer_ended(transfer, Outcome::Recalled, status.0, failure.reason);
    }
}
