//! What calls want, carried out.

use super::{Exchange, Order, recordings::Begin};
use crate::{
    call::{self, Action, Passenger},
    destination::Caller,
    ids::{CallId, LegId},
    media,
    sip::{self, wire::StatusCode},
};
use std::time::Instant;

impl Exchange {
    /// One wish of a call.
    pub(super) fn carry_out(&mut self, id: CallId, action: Action, now: Instant) {
        match action {
            Action::Sip(command) => self.sip_out(id, command, now),
            Action::Media(command) => self.mix(id, command),
            Action::Route { ticket, origin, target, purpose } => {
                let newcomers = self.calls.get(&id).map_or(0, |line| line.call.newcomers(ticket));
                let plan = self.switchboard.route(&origin, &target, purpose, now);
                let plan = self.if_it_takes(plan, newcomers);
                self.answer(id, call::Command::Routed { ticket, plan }, now);
            }
            Action::Lease { ticket, callees } => {
                let legs = callees.iter().map(|callee| self.lease_outgoing(id, callee)).collect();
                self.answer(id, call::Command::Leased { ticket, legs }, now);
            }
            Action::Queue { entry, what } => self.queue(id, entry, what, now),
            Action::Release { leg } => self.release(leg, now),
            Action::Join { referrer, replaced } => self.join(id, referrer, replaced, now),
            Action::Enter { conference, legs } => {
                let room = self.room(&conference, now);
                self.move_legs(id, room, &legs, None, now);
            }
            Action::Fetch { play, leg, sound } => self.orders.push_back(Order::Fetch { play, leg, sound }),
            Action::Record { recording, follows, scope, layout, format } => {
                self.record(id, recording, follows, Begin { scope, layout, format });
            }
            Action::Tell { event, leg, transfer } => self.tell(id, event, leg, transfer, now),
            Action::End => self.end(id, now),
        }
    }

    /// Something for the endpoint. Who watches wants to know by which Call-ID a leg is called.
    fn sip_out(&mut self, id: CallId, command: sip::Command, now: Instant) {
        let invited = if let sip::Command::Invite(invite) = &command { Some(invite.leg) } else { None };
        let invited = invited.filter(|_| self.epoch.is_some());
        self.endpoint.command(command, now);
        if let Some(leg) = invited
            && let Some(dialog) = self.endpoint.dialog(leg)
            && let Some(line) = self.calls.get_mut(&id)
        {
            line.call.named(leg, &dialog.call_id);
        }
    }

    pub(super) fn answer(&mut self, id: CallId, command: call::Command, now: Instant) {
        if let Some(line) = self.calls.get_mut(&id) {
            line.call.command(command, now);
        }
    }

    pub(super) fn mix(&mut self, id: CallId, command: media::Command) {
        // A recording may have moved on with the leg that it follows.
        let id =
            if let media::Command::Record { recording, .. } = &command { self.place_of(*recording, id) } else { id };
        match &command {
            media::Command::Join { leg } => self.set_mixed(*leg, true),
            media::Command::Leave { leg } => self.set_mixed(*leg, false),
            media::Command::Stream { .. }
            | media::Command::Role { .. }
            | media::Command::Play { .. }
            | media::Command::Whisper { .. }
            | media::Command::Record { .. }
            | media::Command::Digits { .. }
            | media::Command::SendDigit { .. }
            | media::Command::Pressed { .. } => {}
        }
        self.open_mixer(id);
        self.orders.push_back(Order::Mix { call: id, command });
    }

    fn set_mixed(&mut self, leg: LegId, mixed: bool) {
        if let Some(owned) = self.legs.get_mut(&leg) {
            owned.mixed = mixed;
        }
    }

    /// A call that never has media (refused, busy) costs the media side nothing: its mixer is made when it is first needed.
    fn open_mixer(&mut self, id: CallId) {
        if let Some(line) = self.calls.get_mut(&id).filter(|line| !line.open) {
            line.open = true;
            self.orders.push_back(Order::Open { call: id });
        }
    }

    fn lease_outgoing(&mut self, id: CallId, callee: &Caller) -> Option<(LegId, u16)> {
        let leg = self.leg_ids.next();
        Some((leg, self.lease(leg, callee, id)?))
    }

    fn release(&mut self, leg: LegId, now: Instant) {
        let Some(owned) = self.legs.remove(&leg) else { return };
        self.awaited_in_vain(leg, now);
        self.ports.release(leg);
        match owned.party {
            Caller::Trunk(trunk) => self.switchboard.free_line(&trunk),
            Caller::Extension(number) => self.switchboard.released(&number, now),
            Caller::Host(_) => {}
        }
    }

    /// Everybody but `referrer` and `replaced` comes together.
    fn join(&mut self, id: CallId, referrer: LegId, replaced: LegId, now: Instant) {
        let command = match self.bring_together(id, referrer, replaced, now) {
            Ok(()) => call::Command::Joined { referrer },
            Err(status) => call::Command::JoinFailed { referrer, status },
        };
        self.answer(id, command, now);
    }

    /// The others of the referrer's call go to the call of `replaced`, unless the referrer's is a room: a room stays where it
    /// is, and the others of the second call come in. Two rooms stay apart: their members did not ask for each other.
    fn bring_together(&mut self, id: CallId, referrer: LegId, replaced: LegId, now: Instant) -> Result<(), StatusCode> {
        let other = self.legs.get(&replaced).map(|owned| owned.call).ok_or(StatusCode(481))?;
        let is_room = self.calls.get(&id).is_some_and(|line| line.conference.is_some());
        let line = self.calls.get_mut(&other).ok_or(StatusCode(481))?;
        line.call.may_be_replaced(replaced)?;
        self.stirred.push_back(other);
        match (is_room, line.conference.is_some()) {
            (true, true) => Err(StatusCode(403)),
            (true, false) => {
                let newcomers = line.call.legs().len().saturating_sub(1);
                // Whoever asked leaves.
                if !self.calls.get(&id).is_some_and(|line| line.call.takes(newcomers.saturating_sub(1))) {
                    return Err(StatusCode(486));
                }
                let Some(line) = self.calls.get_mut(&other) else { return Err(StatusCode(481)) };
                let passengers = line.call.vacate(replaced, now);
                if passengers.is_empty() {
                    return Err(StatusCode(403));
                }
                self.bring(passengers, other, id, Some(referrer), now);
                Ok(())
            }
            (false, _) => {
                let mut legs = self.calls.get(&id).map(|line| line.call.legs()).unwrap_or_default();
                legs.retain(|leg| *leg != referrer);
                if legs.is_empty() {
                    return Err(StatusCode(481));
                }
                // Whose place they take leaves.
                if !self.calls.get(&other).is_some_and(|line| line.call.takes(legs.len() - 1)) {
                    return Err(StatusCode(486));
                }
                self.move_legs(id, other, &legs, Some(replaced), now);
                Ok(())
            }
        }
    }

    /// Legs go from one call to another with their dialogs, and from one mixer to the other.
    pub(super) fn move_legs(
        &mut self,
        from: CallId,
        to: CallId,
        legs: &[LegId],
        replaced: Option<LegId>,
        now: Instant,
    ) {
        let Some(source) = self.calls.get_mut(&from) else { return };
        let passengers = source.call.release(legs, now);
        self.bring(passengers, from, to, replaced, now);
    }

    fn bring(&mut self, passengers: Vec<Passenger>, from: CallId, to: CallId, replaced: Option<LegId>, now: Instant) {
        for entry in passengers.iter().filter_map(Passenger::entry) {
            self.waits_in(entry, to);
        }
        let Some(goal) = self.calls.get_mut(&to) else { return };
        goal.call.adopt(passengers, replaced, now);
        self.stirred.push_back(to);
        if from == to {
            return;
        }
        let mut moved = Vec::new();
        for leg in goal.call.legs() {
            let Some(owned) = self.legs.get_mut(&leg).filter(|owned| owned.call == from) else { continue };
            owned.call = to;
            let mixed = owned.mixed;
            moved.push(leg);
            if self.awaited.get(&leg) == Some(&to) {
                self.awaited.remove(&leg);
            }
            self.recordings.moved(leg, to);
            if mixed {
                self.open_mixer(to);
                self.orders.push_back(Order::Move { leg, from, to });
            }
        }
        for leg in moved {
            self.tell(to, call::Event::LegMoved { leg, from }, None, None, now);
        }
    }

    /// Forgets a call. It says that no leg is left; if somebody has come since, it goes on.
    fn end(&mut self, id: CallId, now: Instant) {
        if self.calls.get(&id).is_some_and(|line| !line.call.legs().is_empty()) {
            return;
        }
        self.tell(id, call::Event::CallEnded, None, None, now);
        let Some(line) = self.calls.remove(&id) else { return };
        if let Some(name) = line.conference.filter(|name| self.rooms.get(name) == Some(&id)) {
            self.rooms.remove(&name);
            if self.rules.get(&name).is_some_and(|rules| !rules.stays) {
                self.rules.remove(&name);
            }
        }
        if line.open {
            self.orders.push_back(Order::Close { call: id });
        }
    }
}
