//! How a leg ends: hung up by us, by the peer, or found dead; and what it still owes when it does (RFC 3261 15, 9.1).

use super::{
    cause,
    leg::{Flight, Leg, Phase},
    line::{Alarm, Line, Purpose},
    offer::Turn,
};
use crate::sip::{
    Cause, Event,
    transaction::ServerKey,
    wire::{Method, Request, StatusCode},
};

impl Leg {
    /// Ends the leg in whatever way its state demands; nothing is told any more.
    pub(super) fn hang_up(&mut self, cause: Cause, line: &mut Line<'_>) {
        self.silent = true;
        match &self.phase {
            Phase::Incoming(_) => self.refuse(cause::status(cause), line),
            Phase::Outgoing(_) => self.cancel_invite(cause, line),
            Phase::Confirmed => {
                self.refuse_pending(line);
                if matches!(self.offers.turn, Turn::OweAck) {
                    self.acknowledge(None, line);
                }
                self.subscriptions.close();
                // 4*T1 for what NOTIFY has to say before the dialog is gone.
                line.wake(self.id, Alarm::Linger, line.settings.t1 * 4);
                self.phase = Phase::Closing(cause);
                self.bye_when_ready(line);
            }
            Phase::Closing(_) | Phase::Over => {}
        }
    }

    /// The dialog is found dead or outlived: BYE, and it is told.
    pub(super) fn lose(&mut self, cause: Cause, line: &mut Line<'_>) {
        if !matches!(self.phase, Phase::Confirmed) {
            return;
        }
        self.tell(Event::Ended { leg: self.id, cause }, line);
        self.silent = true;
        self.bye(cause, line);
    }

    /// BYE of a leg that was hung up goes once the ACK has come (section 15) and NOTIFYs are answered.
    pub(super) fn bye_when_ready(&mut self, line: &mut Line<'_>) {
        let Phase::Closing(cause) = self.phase else { return };
        let unacked = self.unacked.as_ref().is_some_and(|unacked| unacked.initial);
        if !unacked && !self.subscriptions.busy() {
            self.bye(cause, line);
        }
    }

    fn bye(&mut self, cause: Cause, line: &mut Line<'_>) {
        let (mut bye, hop) = self.dialog.request(Method::Bye);
        if let Some(reason) = cause::reason(cause) {
            bye.headers.push("Reason", reason);
        }
        self.stop(line);
        self.launch(Purpose::Bye, bye, hop, line);
    }

    pub(super) fn byed(&mut self, key: ServerKey, request: &Request, line: &mut Line<'_>) {
        self.reply(key, request, StatusCode::OK, line);
        let cause = match &self.phase {
            Phase::Incoming(_) => {
                self.refuse(StatusCode::REQUEST_TERMINATED, line);
                Cause::Cancelled
            }
            // The called side may not end an early dialog by BYE (15); it does not end the INVITE either.
            Phase::Outgoing(_) => return,
            Phase::Confirmed | Phase::Closing(_) | Phase::Over => Cause::Normal,
        };
        self.tell(Event::Ended { leg: self.id, cause }, line);
        self.silent = true;
        self.stop(line);
    }

    /// Requests of the peer that still wait for us get 487 (15.1.2).
    pub(super) fn refuse_pending(&mut self, line: &mut Line<'_>) {
        if let Some(theirs) = self.offers.take_theirs() {
            self.reply(theirs.key, &theirs.request, StatusCode::REQUEST_TERMINATED, line);
        }
        while let Some(refer) = self.refers.pop_front() {
            self.reply(refer.key, &refer.request, StatusCode::REQUEST_TERMINATED, line);
        }
    }

    /// Nothing rings or waits any more but what requests under way need.
    pub(super) fn stop(&mut self, line: &mut Line<'_>) {
        self.refuse_pending(line);
        self.phase = Phase::Over;
        self.unacked = None;
        for flight in &mut self.flights {
            give_up(flight, line);
        }
        for alarm in Alarm::ALL.iter().copied().filter(|alarm| *alarm != Alarm::Forks) {
            line.calm(self.id, alarm);
        }
    }

    /// A peer that answers 408 or 481 to a request in the dialog has lost it (12.2.1.2).
    pub(super) fn end_if_gone(&mut self, status: StatusCode, line: &mut Line<'_>) -> bool {
        let gone = matches!(status, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST | StatusCode::REQUEST_TIMEOUT);
        if gone {
            self.lose(Cause::Lost, line);
        }
        gone
    }
}

/// A re-INVITE that nobody waits for any longer: whoever said 100 may never say more, so that it is cancelled, once, and
/// ends by its timer (9.1).
pub(super) fn give_up(flight: &mut Flight, line: &mut Line<'_>) {
    let reinvite = line.table.sent(flight.key).is_some_and(|sent| sent.method == Method::Invite);
    if flight.purpose == Purpose::Offer && reinvite && !flight.cancelled {
        flight.cancelled = line.table.cancel(flight.key, None, line.now).is_some();
    }
}
