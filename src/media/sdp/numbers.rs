//! The payload types in which we want things sent to us. A number keeps its meaning (RFC 3264 8.3.2).

use super::{
    Codec, Session,
    description::{Encoding, Stream},
};
use crate::media::audio::frame::Rate;

/// Our numbers.
#[derive(Clone)]
pub(super) struct Numbers {
    codecs: [u8; Codec::ALL.len()],
    /// telephone-event, by clock.
    digits: [(Rate, u8); 3],
}

impl Numbers {
    /// The usual ones.
    pub(super) fn new() -> Self {
        Self { codecs: Codec::ALL.map(Codec::usual_type), digits: DIGITS }
    }

    /// That of a codec.
    pub(super) fn of(&self, codec: Codec) -> u8 {
        self.codecs[codec.index()]
    }

    /// That of telephone-event with this clock.
    pub(super) fn digits(&self, clock: Rate) -> u8 {
        self.digits.iter().find(|(known, _)| *known == clock).map_or(101, |(_, number)| *number)
    }

    /// telephone-event for the clocks of `codecs`, each once.
    pub(super) fn digits_for(&self, codecs: &[Codec]) -> Vec<(Rate, u8)> {
        let needed = |clock: Rate| codecs.iter().any(|codec| codec.clock() == clock);
        self.digits.into_iter().filter(|(clock, _)| needed(*clock)).collect()
    }

    /// Takes over the numbers of an answer of ours; what it does not name moves away from numbers that the peer's offer uses.
    pub(super) fn follow(&mut self, session: &Session, offer: &Stream) {
        let mut taken = [false; 128];
        for (number, _) in &offer.formats {
            taken[usize::from(*number)] = true;
        }
        let mut settle = |number: &mut u8, agreed: Option<u8>, usual: u8| {
            let free = |number: &u8| taken.get(usize::from(*number)) == Some(&false);
            let own = [*number, usual].into_iter().chain((96..128).rev()).find(free);
            *number = agreed.or(own).unwrap_or(*number);
            if let Some(slot) = taken.get_mut(usize::from(*number)) {
                *slot = true;
            }
        };
        for ((clock, number), (_, usual)) in self.digits.iter_mut().zip(DIGITS) {
            let agreed = session.receive_digits_payload_type.filter(|_| session.digits_clock == *clock);
            settle(number, agreed.or_else(|| offer.number(Encoding::Digits(*clock))), usual);
        }
        for (number, codec) in self.codecs.iter_mut().zip(Codec::ALL) {
            let agreed = if session.codec == codec {
                Some(session.receive_payload_type)
            } else {
                offer.number(Encoding::Codec(codec))
            };
            settle(number, agreed, codec.usual_type());
        }
    }
}

/// telephone-event, by clock, as long as the peer uses the numbers for nothing else.
const DIGITS: [(Rate, u8); 3] = [(Rate::NARROW, 101), (Rate::WIDE, 109), (Rate::FULL, 110)];
