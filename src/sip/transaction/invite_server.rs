//! The INVITE server transaction (RFC 3261 17.2.1, corrected by RFC 6026 7.1).

use super::{action::Action, timer::Timer};

/// Where an INVITE that came to us stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// 100 was said, and perhaps more.
    Proceeding,
    /// A refusal was sent; ACK has not come.
    Completed,
    /// ACK has come.
    Confirmed,
    /// A 2xx was sent; repetitions of the INVITE are absorbed (RFC 6026 7.1).
    Accepted,
    /// Over.
    Terminated,
}

/// What may happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The INVITE again.
    Invite,
    /// ACK with the branch of the INVITE.
    Ack,
    /// The transaction user says 100 to 199.
    Provisional,
    /// The transaction user says 200 to 299, or says it again.
    Success,
    /// The transaction user says 300 to 699.
    Refusal,
    /// Timer G, H, I or L has run out.
    Timer(Timer),
}

/// The timers that it uses.
pub(super) const TIMERS: &[Timer] = &[Timer::G, Timer::H, Timer::I, Timer::L];

/// One step. Before the first one 100 was sent: the transaction user always takes longer than 200 ms (17.2.1).
pub(super) fn step(state: State, input: Input) -> (State, &'static [Action]) {
    use Action::{Repeat, Send, Start, Stop, Tell, TellAckTimeout};
    use Input::{Ack, Invite, Provisional, Refusal, Success};
    use State::{Accepted, Completed, Confirmed, Proceeding, Terminated};
    use Timer::{G, H, I, L};
    match (state, input) {
        (Proceeding, Invite | Provisional) => (Proceeding, &[Send]),
        (Proceeding, Success) => (Accepted, &[Send, Start(L)]),
        (Proceeding, Refusal) => (Completed, &[Send, Start(G), Start(H)]),

        (Completed, Invite) => (Completed, &[Send]),
        (Completed, Input::Timer(G)) => (Completed, &[Send, Repeat(G)]),
        (Completed, Input::Timer(H)) => (Terminated, &[TellAckTimeout]),
        (Completed, Ack) => (Confirmed, &[Stop(G), Stop(H), Start(I)]),

        (Confirmed, Input::Timer(I)) => (Terminated, &[]),

        // The dialog repeats the 2xx itself (13.3.1.4), so the INVITE need not be answered again.
        (Accepted, Success) => (Accepted, &[Send]),
        // ACK of a 2xx has a branch of its own; a peer that uses the old one means the dialog all the same.
        (Accepted, Ack) => (Accepted, &[Tell]),
        (Accepted, Input::Timer(L)) => (Terminated, &[]),

        (Proceeding, Ack) => (Proceeding, &[]),
        (Completed, Provisional | Success | Refusal) => (Completed, &[]),
        (Confirmed, Invite | Ack | Provisional | Success | Refusal) => (Confirmed, &[]),
        (Accepted, Invite | Provisional | Refusal) => (Accepted, &[]),
        (Proceeding | Completed | Confirmed | Accepted, Input::Timer(_)) | (Terminated, _) => (state, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Action::{Repeat, Send, Start, Stop, Tell, TellAckTimeout},
        Input::{Ack, Invite, Provisional, Refusal, Success},
        State::{Accepted, Completed, Confirmed, Proceeding, Terminated},
        *,
    };

    #[test]
    fn a_refusal_is_repeated_until_its_ack() {
        assert_eq!(step(Proceeding, Provisional), (Proceeding, &[Send][..]));
        assert_eq!(step(Proceeding, Refusal), (Completed, &[Send, Start(Timer::G), Start(Timer::H)][..]));
        assert_eq!(step(Completed, Invite), (Completed, &[Send][..]));
        assert_eq!(step(Completed, Input::Timer(Timer::G)), (Completed, &[Send, Repeat(Timer::G)][..]));
        assert_eq!(step(Completed, Ack), (Confirmed, &[Stop(Timer::G), Stop(Timer::H), Start(Timer::I)][..]));
        assert_eq!(step(Confirmed, Ack), (Confirmed, &[][..]));
        assert_eq!(step(Confirmed, Input::Timer(Timer::I)), (Terminated, &[][..]));
    }

    #[test]
    fn a_refusal_without_ack_is_told() {
        assert_eq!(step(Completed, Input::Timer(Timer::H)), (Terminated, &[TellAckTimeout][..]));
    }

    #[test]
    fn an_accepted_invite_is_absorbed_and_lets_the_dialog_repeat_its_2xx() {
        assert_eq!(step(Proceeding, Success), (Accepted, &[Send, Start(Timer::L)][..]));
        assert_eq!(step(Accepted, Invite), (Accepted, &[][..]));
        assert_eq!(step(Accepted, Success), (Accepted, &[Send][..]));
        assert_eq!(step(Accepted, Ack), (Accepted, &[Tell][..]));
        assert_eq!(step(Accepted, Refusal), (Accepted, &[][..]));
        assert_eq!(step(Accepted, Input::Timer(Timer::L)), (Terminated, &[][..]));
    }
}
