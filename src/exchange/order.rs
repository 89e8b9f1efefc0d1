//! What the exchange needs from the shell for media.

use crate::{
    ids::{CallId, LegId, PlayId, RecordingId},
    media::{self, Format, Sound, Tape},
};

/// Something for the media side, to be carried out in order.
#[derive(Debug)]
pub enum Order {
    /// A mixer for a new call.
    Open {
        /// The call.
        call: CallId,
    },
    /// Something for the mixer of a call. `Join` brings the leg's sockets with it, `Leave` closes them.
    Mix {
        /// The call.
        call: CallId,
        /// What.
        command: media::Command,
    },
    /// A leg goes from one mixer to another with its sockets and its line; orders for it in the new call follow this one.
    Move {
        /// The leg.
        leg: LegId,
        /// From this call.
        from: CallId,
        /// To this one.
        to: CallId,
    },
    /// Find this sound, for something to be played to a leg. May take its time; answered by `Exchange::fetched`.
    Fetch {
        /// What it is for.
        play: PlayId,
        /// Whom it is for.
        leg: LegId,
        /// What.
        sound: Box<Sound>,
    },
    /// Write what comes by this tape to a file. What becomes of it is told by `Exchange::media`, as `media::Event::Recording`.
    Record {
        /// Which.
        recording: RecordingId,
        /// Of which call: part of the file's name.
        call: CallId,
        /// What kind of file.
        format: Format,
        /// Where the sound comes from.
        tape: Tape,
    },
    /// The call is over: its mixer goes, with whatever is still in it.
    Close {
        /// The call.
        call: CallId,
    },
}

/// Where media ports come from: in the switch a pool that binds sockets, in a test a counter.
pub trait Ports {
    /// A port pair for this leg: RTP on the even port that is returned, RTCP on the next. `None`: all in use.
    fn lease(&mut self, leg: LegId) -> Option<u16>;
    /// The leg needs it no longer. (Its sockets close when the mixer's `Leave` is carried out.)
    fn release(&mut self, leg: LegId);
}
