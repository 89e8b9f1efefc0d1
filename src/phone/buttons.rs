//! What the buttons of a phone do.

use super::{Event, HoldStyle, Phone, Place, State};
use crate::{
    ids::{LegId, RequestId},
    sip::{
        self, Cause, OfferMethod,
        wire::{Host, Method, NameAddr, Replaces, Request, Uri},
    },
};
use std::time::Instant;

impl Phone {
    pub(super) fn register(&mut self, expires_s: u32, now: Instant) {
        self.last_request += 1;
        let address = NameAddr::new(self.uri(&self.settings.extension));
        let local = self.settings.local;
        let contact = Uri::sip(Some(&self.settings.extension), Host::from(local.ip()), Some(local.port()));
        let outline = Request::new(Method::Register, Uri::sip(None, self.host(), None))
            .with("From", &address)
            .with("To", &address)
            .with("Contact", NameAddr::new(contact))
            .with("Expires", expires_s);
        let command = sip::Command::Send {
            request: RequestId(self.last_request),
            outline: Box::new(outline),
            hop: self.settings.switch,
            credentials: Some(self.credentials()),
        };
        self.endpoint.command(command, now);
    }

    pub(super) fn call(&mut self, id: LegId, number: &str, late_offer: bool, replaces: Option<Place>, now: Instant) {
        let Some(mut line) = self.open(State::Calls, number, now) else { return };
        line.late = late_offer;
        let body = (!late_offer).then(|| line.offer(None));
        let headers = replaces.iter().map(|place| ("Replaces".to_owned(), place.replaces().to_string()));
        let invite = sip::Invite {
            leg: id,
            uri: self.uri(number),
            hop: self.settings.switch,
            route: Vec::new(),
            from: NameAddr::new(self.uri(&self.settings.extension)).with_display(&self.settings.name),
            to: NameAddr::new(self.uri(number)),
            asserted: None,
            privacy: None,
            body,
            headers: headers.collect(),
            credentials: Some(self.credentials()),
            max_forwards: 70,
        };
        self.lines.insert(id, line);
        self.endpoint.command(sip::Command::Invite(Box::new(invite)), now);
    }

    pub(super) fn answer(&mut self, id: LegId, now: Instant) {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == State::Rings) else { return };
        line.pick_up_at = None;
        line.state = State::Talks;
        let body = match line.offered {
            true => line.negotiation.answer(line.direction(), None).map(|(sdp, session)| {
                line.agree(session);
                sdp
            }),
            false => Some(line.offer(None)),
        };
        self.endpoint.command(sip::Command::Answer { leg: id, body }, now);
        self.events.push_back(Event::Talks { line: id });
    }

    pub(super) fn offer(&mut self, id: LegId, hold: Option<HoldStyle>, late: bool, method: OfferMethod, now: Instant) {
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == State::Talks) else { return };
        (line.wanted, line.late) = (Some(hold), late);
        let body = (!late).then(|| line.offer(hold));
        self.endpoint.command(sip::Command::Offer { leg: id, body, method }, now);
    }

    pub(super) fn connect(&mut self, id: LegId, with: LegId, now: Instant) {
        let (Some(place), Some(peer)) = (self.place(with), self.lines.get(&with).map(|line| line.peer.clone())) else {
            return;
        };
        let mut target = self.uri(&peer);
        target.headers.push(("Replaces".to_owned(), place.replaces().to_string()));
        self.refer(id, target, now);
    }

    pub(super) fn refer(&mut self, id: LegId, target: Uri, now: Instant) {
        let referred_by = Some(NameAddr::new(self.uri(&self.settings.extension)));
        let Some(line) = self.lines.get_mut(&id).filter(|line| line.state == State::Talks) else { return };
        line.refers = true;
        self.endpoint.command(sip::Command::Refer { leg: id, target, referred_by }, now);
    }

    pub(super) fn hang_up(&mut self, id: LegId, now: Instant) {
        if self.lines.contains_key(&id) {
            self.endpoint.command(sip::Command::Hangup { leg: id, cause: Cause::Normal }, now);
            self.forget(id);
        }
    }
}

impl Place {
    fn replaces(&self) -> Replaces {
        let Self { call_id, to_tag, from_tag } = self.clone();
        Replaces { call_id, to_tag, from_tag, early_only: false }
    }
}
