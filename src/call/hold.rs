//! Hold by the phone: a peer's new offer is answered within its own leg, whatever it says; the other legs' dialogs hear
//! nothing of it. What everybody hears from then on is derived in `mix`.

use super::{Call, Event, leg::Leg};
use crate::{ids::LegId, sip};

impl Call {
    /// A peer's re-INVITE or UPDATE: hold, resume, another address, codec or port, or the wish for our offer.
    pub(super) fn offered(&mut self, leg: LegId, sdp: Option<&[u8]>) {
        let domain = &self.settings.domain;
        let Some(party) = self.legs.get_mut(&leg) else { return };
        let before = party.held_by_phone();
        match party.offered(sdp, domain) {
            Ok(body) => self.sip_out(sip::Command::AnswerOffer { leg, body }),
            Err(rejection) => self.sip_out(sip::Command::RefuseOffer { leg, rejection }),
        }
        self.tell_hold(leg, before);
    }

    /// Tells those who watch when a leg's hold by its phone is another than `before`.
    pub(super) fn tell_hold(&mut self, leg: LegId, before: bool) {
        let Some(held) = self.legs.get(&leg).map(Leg::held_by_phone) else { return };
        if held != before {
            self.tell(Event::Hold { leg, held, by_phone: true });
        }
    }
}
