//! Packets that wait to be played, by sequence number.

/// Packets that may wait: 300 ms of the shortest ones.
pub(super) const SLOTS: usize = 32;

/// The packets that wait.
#[derive(Debug)]
pub(super) struct Ring {
    slots: Box<[Slot]>,
    /// Payloads that were played, to be filled again: two or three go round, instead of all of the ring.
    spare: Vec<Vec<u8>>,
    /// Sequence number that is to be played next, and the highest that came.
    pub(super) next: i64,
    pub(super) newest: i64,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    sequence: i64,
    /// In samples.
    begins: i64,
    payload: Vec<u8>,
    kind: Kind,
}

/// What a packet is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Sound,
    /// How quiet it is from now on.
    Noise,
}

/// What is to be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upcoming {
    /// The first packet, now.
    Packet,
    /// Nothing until the first packet begins; whether packets before it did not come.
    Gap { until: i64, lost: bool },
    /// Nothing at all.
    Nothing,
}

impl Ring {
    /// Empty.
    pub(super) fn new() -> Self {
        let slots = vec![Slot::default(); SLOTS].into_boxed_slice();
        Self { slots, spare: Vec::with_capacity(SLOTS), next: 0, newest: 0 }
    }

    /// What waits is forgotten: this number is played next.
    pub(super) fn begin(&mut self, sequence: i64) {
        (self.next, self.newest) = (sequence, sequence);
    }

    /// A packet, which is not before `next`, nor [`SLOTS`] or more after it.
    pub(super) fn put(&mut self, sequence: i64, begins: i64, kind: Kind, payload: &[u8]) {
        self.newest = self.newest.max(sequence);
        let slot = &mut self.slots[index(sequence)];
        (slot.sequence, slot.begins, slot.kind) = (sequence, begins, kind);
        if slot.payload.capacity() == 0 {
            slot.payload = self.spare.pop().unwrap_or_default();
        }
        slot.payload.clear();
        slot.payload.extend_from_slice(payload);
    }

    /// What is to be played at this time.
    pub(super) fn upcoming(&self, play: i64) -> Upcoming {
        match self.waiting() {
            None => Upcoming::Nothing,
            Some(slot) if slot.begins <= play => Upcoming::Packet,
            Some(slot) => Upcoming::Gap { until: slot.begins, lost: slot.sequence > self.next },
        }
    }

    /// The payload of the first packet, if it is sound.
    pub(super) fn first(&self) -> Option<&[u8]> {
        self.waiting().filter(|slot| slot.kind == Kind::Sound).map(|slot| slot.payload.as_slice())
    }

    /// Whether packets before the first that waits did not come.
    pub(super) fn skips(&self) -> bool {
        self.waiting().is_some_and(|slot| slot.sequence > self.next)
    }

    /// Takes the first packet out. When it begins; 0 if there is none.
    pub(super) fn take(&mut self, decode: impl FnOnce(Kind, &[u8])) -> i64 {
        let Some(slot) = self.waiting() else { return 0 };
        let (at, begins, kind) = (index(slot.sequence), slot.begins, slot.kind);
        self.next = slot.sequence + 1;
        let payload = std::mem::take(&mut self.slots[at].payload);
        decode(kind, &payload);
        self.spare.push(payload);
        begins
    }

    fn waiting(&self) -> Option<&Slot> {
        let of = |sequence| &self.slots[index(sequence)];
        (self.next..=self.newest).find(|sequence| of(*sequence).sequence == *sequence).map(of)
    }
}

fn index(sequence: i64) -> usize {
    sequence.rem_euclid(SLOTS as i64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_out_in_order_and_gaps_are_told() {
        let mut ring = Ring::new();
        ring.begin(1000);
        for (sequence, begins) in [(1000, 0), (1003, 480), (1001, 160)] {
            ring.put(sequence, begins, Kind::Sound, &[sequence as u8]);
        }
        let mut out = Vec::new();
        for play in [0, 160] {
            assert_eq!(ring.upcoming(play), Upcoming::Packet);
            assert_eq!(ring.take(|_, payload| out.extend_from_slice(payload)), play);
        }
        assert_eq!(ring.upcoming(320), Upcoming::Gap { until: 480, lost: true });
        assert_eq!(ring.first(), Some(&[1003_i64 as u8][..]));
        ring.take(|_, _| {});
        assert_eq!((ring.upcoming(640), out), (Upcoming::Nothing, vec![1000_i64 as u8, 1001_i64 as u8]));
    }

    #[test]
    fn a_pause_of_the_sender_is_no_loss() {
        let mut ring = Ring::new();
        ring.begin(7);
        ring.put(7, 0, Kind::Sound, &[1]);
        ring.take(|_, _| {});
        ring.put(8, 8000, Kind::Sound, &[2]);
        assert_eq!(ring.upcoming(160), Upcoming::Gap { until: 8000, lost: false });
    }
}
