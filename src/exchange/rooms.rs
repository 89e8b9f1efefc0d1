//! Conference rooms as programs see and make them.

use super::{Done, Exchange, Granted, RoomSettings, RoomView};
use crate::{
    call::Refused,
    destination::{Plan, Refusal},
    ids::CallId,
};
use std::collections::BTreeSet;

/// Rules that are kept for rooms in which nobody is.
const RULES: usize = 10_000;

impl Exchange {
    /// A room, before anybody enters.
    pub(super) fn open_room(&mut self, name: String, settings: RoomSettings) -> Result<Granted, Refused> {
        if name.is_empty() || name.len() > 64 || name.contains(char::is_control) {
            return Err(Refused::Invalid { field: "name", why: "1 to 64 characters" });
        }
        if settings.max_members == Some(0) {
            return Err(Refused::Invalid { field: "max_members", why: "1 or more" });
        }
        for sound in [Some(&settings.waiting), settings.enters.as_ref(), settings.leaves.as_ref()].into_iter().flatten()
        {
            sound.check()?;
        }
        if self.rooms.contains_key(&name) {
            return Err(Refused::RoomExists);
        }
        if self.rules.len() >= RULES && !self.rules.contains_key(&name) {
            return Err(Refused::Full);
        }
        self.rules.insert(name, settings);
        Ok(Granted::Done(Done::default()))
    }

    /// A room that a program has opened is like any other again.
    pub(super) fn close_room(&mut self, name: &str) -> Result<Granted, Refused> {
        let opened = self.rules.remove(name).is_some();
        if opened || self.rooms.contains_key(name) {
            Ok(Granted::Done(Done::default()))
        } else {
            Err(Refused::UnknownRoom)
        }
    }

    /// Where somebody leads; nowhere if that is a room which has no place for so many.
    pub(super) fn if_it_takes(&self, plan: Result<Plan, Refusal>, more: usize) -> Result<Plan, Refusal> {
        match plan {
            Ok(Plan::Conference(name)) if !self.takes(&name, more) => Err(Refusal::RoomFull),
            plan => plan,
        }
    }

    /// Whether a room has a place for so many more.
    fn takes(&self, name: &str, more: usize) -> bool {
        match self.rooms.get(name).and_then(|id| self.calls.get(id)) {
            Some(line) => line.call.takes(more),
            None => self.rules.get(name).and_then(|rules| rules.max_members).is_none_or(|most| more <= most),
        }
    }

    /// All rooms: those with somebody in them, and those that programs have opened.
    pub(super) fn room_views(&self) -> Vec<RoomView> {
        let names: BTreeSet<&String> = self.rooms.keys().chain(self.rules.keys()).collect();
        names.into_iter().map(|name| self.room_view(name, self.rooms.get(name).copied())).collect()
    }

    fn room_view(&self, name: &str, id: Option<CallId>) -> RoomView {
        let call = id.and_then(|id| self.calls.get(&id)).map(|line| &line.call);
        let asleep = RoomSettings::default();
        let (rules, started) = match call {
            Some(call) => call.rules(),
            None => (self.rules.get(name).unwrap_or(&asleep), false),
        };
        RoomView {
            name: name.to_owned(),
            call: id,
            members: call.map(|call| call.legs()).unwrap_or_default(),
            started,
            max_members: rules.max_members,
            configured: self.rules.contains_key(name),
            members_start: rules.membership.starts,
            members_end: rules.membership.ends,
        }
    }
}
