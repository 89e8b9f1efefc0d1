//! What programs wish, granted or refused at once.

use super::{Done, Exchange, ExtensionView, Granted, Originate, RegistrationView, TrunkView, What, Wish};
use crate::{
    call::{self, Approach, Call, Epoch, Refused, Verb},
    destination::{Caller, Features, Origin, Plan, Whom},
    ids::{AttemptId, CallId, LegId, TransferId},
    sip::wire::NameAddr,
};
use std::time::Instant;

impl Exchange {
    /// A wish of a program.
    ///
    /// # Errors
    /// Why it cannot be; then nothing has changed.
    pub fn obey(&mut self, wish: Wish, now: Instant) -> Result<Granted, Refused> {
        let epoch = self.epoch.unwrap_or(Epoch { at: now, unix_ms: 0 });
        self.cause = Some(wish.id);
        let granted = self.grant(wish.what, epoch, now);
        self.cause = None;
        granted
    }

    fn grant(&mut self, what: What, epoch: Epoch, now: Instant) -> Result<Granted, Refused> {
        match what {
            What::Calls => Ok(Granted::Calls(self.call_views(epoch))),
            What::Call(id) => self.look_at(id).map(|call| Granted::Call(call.view(epoch))),
            What::Leg(leg) => {
                let view = self.call_of(leg).and_then(|id| self.calls.get(&id)?.call.leg_view(leg, epoch));
                view.map(Granted::Leg).ok_or(Refused::UnknownLeg)
            }
            What::Transfer(transfer) => {
                let mut calls = self.calls.values();
                let view = calls.find_map(|line| line.call.transfer_view(transfer, epoch));
                view.map(Granted::Transfer).ok_or(Refused::UnknownTransfer)
            }
            What::Registrations => Ok(Granted::Registrations(self.registrations(epoch))),
            What::Extensions => {
                let all = self.switchboard.extensions();
                let view = |(number, name): (&str, Option<&str>)| ExtensionView {
                    number: number.to_owned(),
                    name: name.map(str::to_owned),
                };
                Ok(Granted::Extensions(all.map(view).collect()))
            }
            What::Trunks => Ok(Granted::Trunks(self.trunk_views())),
            What::Rooms => Ok(Granted::Rooms(self.room_views())),
            What::Queues => Ok(Granted::Queues(self.queue_views(epoch))),
            What::PauseAgent { agent, paused } => self.pause_agent(&agent, paused, now),
            What::Obey { call, verb } => self.obey_in(call, verb, epoch, now),
            What::Originate(originate) => self.originate(*originate, epoch, now),
            What::Move { leg, to } => self.move_leg(leg, to, epoch, now),
            What::MergeCalls { from, into, leaving } => self.merge_calls(from, into, leaving, epoch, now),
            What::Bridge { leg, with } => self.bridge(leg, with, epoch, now),
            What::OpenRoom { name, settings } => self.open_room(name, settings),
            What::CloseRoom { name } => self.close_room(&name),
        }
    }

    /// A wish for a live call.
    fn obey_in(&mut self, call: Option<CallId>, verb: Verb, epoch: Epoch, now: Instant) -> Result<Granted, Refused> {
        let id = self.whose(call, &verb)?;
        let plan = match verb.approach() {
            Some(to) => {
                let newcomers = self.look_at(id)?.sent_by(&verb);
                let plan = self.plan_for(to, now)?;
                Some(self.if_it_takes(Ok(plan), newcomers)?)
            }
            None => None,
        };
        let line = self.calls.get_mut(&id).ok_or(Refused::UnknownCall)?;
        let done = line.call.obey(verb, plan, now)?;
        self.stirred.push_back(id);
        self.pump(now);
        Ok(self.done(id, &done, epoch))
    }

    /// Where one leads whom a program wants to reach.
    fn plan_for(&mut self, to: &Approach, now: Instant) -> Result<Plan, Refused> {
        let domain = self.call_settings.domain.clone();
        let (target, purpose) = to.address(&domain)?;
        if let Whom::Room(name) = &to.to {
            return Ok(Plan::Conference(name.clone()));
        }
        let origin = Origin {
            caller: Caller::Extension(String::new()),
            features: Features::default(),
            codecs: Vec::new(),
            identity: NameAddr::new(target.clone()),
            privacy: None,
        };
        Ok(self.switchboard.route(&origin, &target, purpose, now)?)
    }

    /// A new call.
    fn originate(&mut self, wish: Originate, epoch: Epoch, now: Instant) -> Result<Granted, Refused> {
        if self.draining {
            return Err(Refused::Stopping);
        }
        if self.calls.len() >= self.max_calls || self.media_behind || !self.gate.is_open(now) {
            return Err(Refused::Full);
        }
        let plan = self.plan_for(&wish.first, now)?;
        if let Some(second) = &wish.second {
            self.plan_for(second, now)?;
        }
        let id = self.open_call(None, now);
        let second = wish.second.map(|to| (to, wish.waiting));
        let begun = self.calls.get_mut(&id).map(|line| line.call.originate(&wish.first, second, plan, now));
        let done = match begun {
            Some(Ok(done)) => done,
            Some(Err(refused)) => {
                self.calls.remove(&id);
                return Err(refused);
            }
            None => return Err(Refused::UnknownCall),
        };
        self.gate.pass();
        self.stirred.push_back(id);
        self.pump(now);
        Ok(self.done(id, &done, epoch))
    }

    /// The call that a wish is for.
    fn whose(&self, call: Option<CallId>, verb: &Verb) -> Result<CallId, Refused> {
        let named = call.filter(|id| self.calls.contains_key(id));
        let found = match verb.leg() {
            Some(leg) => self.call_of(leg).ok_or(Refused::UnknownLeg)?,
            None if call.is_some() => named.ok_or(Refused::UnknownCall)?,
            None => self.find(|call| call.knows(verb)).ok_or_else(|| verb.unknown())?,
        };
        match call {
            Some(_) if named.is_none() => Err(Refused::UnknownCall),
            Some(id) if id != found => Err(Refused::UnknownLeg),
            Some(_) | None => Ok(found),
        }
    }

    fn find(&self, is_it: impl Fn(&Call) -> bool) -> Option<CallId> {
        self.calls.iter().find(|(_, line)| is_it(&line.call)).map(|(id, _)| *id)
    }

    pub(super) fn call_of(&self, leg: LegId) -> Option<CallId> {
        self.legs.get(&leg).map(|owned| owned.call)
    }

    pub(super) fn look_at(&self, id: CallId) -> Result<&Call, Refused> {
        self.calls.get(&id).map(|line| &line.call).ok_or(Refused::UnknownCall)
    }

    /// How things are now.
    pub(super) fn done(&self, id: CallId, done: &call::Done, epoch: Epoch) -> Granted {
        let at = |leg: LegId| self.call_of(leg).and_then(|id| self.calls.get(&id)?.call.leg_view(leg, epoch));
        let transfer =
            |transfer: TransferId| self.calls.values().find_map(|line| line.call.transfer_view(transfer, epoch));
        let attempt: Option<AttemptId> = done.attempt;
        Granted::Done(Done {
            call: self.calls.get(&id).map(|line| line.call.view(epoch)),
            leg: done.leg.and_then(at),
            transfer: done.transfer.and_then(transfer),
            attempt,
            play: done.play,
            gather: done.gather,
            recording: done.recording,
        })
    }

    fn call_views(&self, epoch: Epoch) -> Vec<call::CallView> {
        let mut views: Vec<_> = self.calls.values().map(|line| line.call.view(epoch)).collect();
        views.sort_by_key(|view| view.id);
        views
    }

    fn registrations(&self, epoch: Epoch) -> Vec<RegistrationView> {
        let bindings = self.switchboard.bindings();
        let view = |binding: crate::switch::Binding| RegistrationView {
            contact: binding.contact.to_string(),
            source: binding.source.to_string(),
            expires_at: epoch.stamp(binding.expires),
            extension: binding.extension,
            user_agent: binding.agent,
        };
        bindings.into_iter().map(view).collect()
    }

    fn trunk_views(&self) -> Vec<TrunkView> {
        let view = |trunk: crate::switch::TrunkState| TrunkView {
            name: trunk.name,
            host: trunk.host,
            addresses: trunk.addresses.iter().map(ToString::to_string).collect(),
            lines_in_use: trunk.lines_in_use,
            lines: trunk.lines,
        };
        self.switchboard.trunks().into_iter().map(view).collect()
    }
}
