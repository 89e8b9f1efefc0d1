//! Which packets of a secret stream came already.

/// Sources that are remembered at once. A peer has one; after a change of its mind two.
const TRACKS: usize = 4;
/// A packet that is behind the newest by this much or more cannot be told from a replay.
const WINDOW: u64 = 128;

/// What came of each source. Only packets that are proven get a place here.
#[derive(Default)]
pub(super) struct Tracks {
    tracks: [Option<Track>; TRACKS],
    next: usize,
}

pub(super) struct Track {
    ssrc: u32,
    pub(super) newest: u64,
    /// Which of the last came, the lowest bit being `newest`.
    came: u128,
}

impl Tracks {
    pub(super) fn find(&self, ssrc: u32) -> Option<&Track> {
        self.tracks.iter().flatten().find(|track| track.ssrc == ssrc)
    }

    pub(super) fn take(&mut self, ssrc: u32, index: u64) {
        if let Some(track) = self.tracks.iter_mut().flatten().find(|track| track.ssrc == ssrc) {
            return track.take(index);
        }
        self.tracks[self.next] = Some(Track { ssrc, newest: index, came: 1 });
        self.next = (self.next + 1) % TRACKS;
    }
}

impl Track {
    pub(super) fn is_new(&self, index: u64) -> bool {
        match self.newest.checked_sub(index) {
            None => true,
            Some(behind) => behind < WINDOW && self.came >> behind & 1 == 0,
        }
    }

    pub(super) fn take(&mut self, index: u64) {
        match self.newest.checked_sub(index) {
            Some(behind) => self.came |= 1 << behind.min(WINDOW - 1),
            None => {
                let ahead = index - self.newest;
                self.came = if ahead < WINDOW { self.came << ahead | 1 } else { 1 };
                self.newest = index;
            }
        }
    }
}

/// The index of a packet: the one of all with this sequence number that is nearest to the newest (RFC 3711 3.3.1). `None`: it would lie before
/// the first, or beyond the last.
pub(super) fn guess(newest: u64, sequence: u16) -> Option<u64> {
    let step = sequence.wrapping_sub(newest as u16).cast_signed();
    newest.checked_add_signed(i64::from(step)).filter(|index| *index < 1 << 48)
}
