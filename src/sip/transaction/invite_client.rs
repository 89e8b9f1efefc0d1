//! The INVITE client transaction (RFC 3261 17.1.1, corrected by RFC 6026 7.2).

use super::{action::Action, timer::Timer};

/// Where an INVITE that we sent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing came back.
    Calling,
    /// A provisional response came.
    Proceeding,
    /// A refusal came; its repetitions are acknowledged again.
    Completed,
    /// A 2xx came; others may follow from forks (RFC 6026 7.2).
    Accepted,
    /// Over.
    Terminated,
}

/// What may happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// 100 to 199.
    Provisional,
    /// 200 to 299.
    Success,
    /// 300 to 699.
    Refusal,
    /// The transaction user has sent CANCEL.
    Cancel,
    /// Timer A, B, D or M has run out.
    Timer(Timer),
    /// The request could not be sent.
    TransportError,
}

/// The timers that it uses.
pub(super) const TIMERS: &[Timer] = &[Timer::A, Timer::B, Timer::D, Timer::M];

/// What the birth of one asks for.
pub(super) const BIRTH: &[Action] = &[Action::Send, Action::Start(Timer::A), Action::Start(Timer::B)];

/// One step.
pub(super) fn step(state: State, input: Input) -> (State, &'static [Action]) {
    use Action::{Acknowledge, Repeat, Send, Start, Stop, Tell, TellFailed, TellTimeout};
    use Input::{Cancel, Provisional, Refusal, Success, TransportError};
    use State::{Accepted, Calling, Completed, Proceeding, Terminated};
    use Timer::{A, B, D, M};
    match (state, input) {
        (Calling, Input::Timer(A)) => (Calling, &[Send, Repeat(A)]),
        (Calling, Input::Timer(B)) => (Terminated, &[TellTimeout]),
        (Calling, TransportError) => (Terminated, &[TellFailed]),
        (Calling, Provisional) => (Proceeding, &[Stop(A), Stop(B), Tell]),
        (Calling | Proceeding, Success) => (Accepted, &[Stop(A), Stop(B), Start(M), Tell]),
        (Calling | Proceeding, Refusal) => (Completed, &[Stop(A), Stop(B), Acknowledge, Start(D), Tell]),

        (Proceeding, Provisional) => (Proceeding, &[Tell]),
        // 9.1: a cancelled INVITE that gets no final response is given up after 64*T1.
        (Proceeding, Cancel) => (Proceeding, &[Start(B)]),
        (Proceeding, Input::Timer(B)) => (Terminated, &[TellTimeout]),

        (Completed, Refusal) => (Completed, &[Send]),
        (Completed, Input::Timer(D)) => (Terminated, &[]),

        (Accepted, Success) => (Accepted, &[Tell]),
        (Accepted, Input::Timer(M)) => (Terminated, &[]),

        (Calling, Cancel) => (Calling, &[]),
        (Proceeding, TransportError) => (Proceeding, &[]),
        (Completed, Provisional | Success | Cancel | TransportError) => (Completed, &[]),
        (Accepted, Provisional | Refusal | Cancel | TransportError) => (Accepted, &[]),
        (Calling | Proceeding | Completed | Accepted, Input::Timer(_)) | (Terminated, _) => (state, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Action::{Acknowledge, Repeat, Send, Start, Stop, Tell, TellFailed, TellTimeout},
        Input::{Cancel, Provisional, Refusal, Success, TransportError},
        State::{Accepted, Calling, Completed, Proceeding, Terminated},
        *,
    };

    #[test]
    fn a_refusal_is_acknowledged_each_time_it_comes_and_told_once() {
        assert_eq!(step(Calling, Provisional), (Proceeding, &[Stop(Timer::A), Stop(Timer::B), Tell][..]));
        let refused: &[Action] = &[Stop(Timer::A), Stop(Timer::B), Acknowledge, Start(Timer::D), Tell];
        assert_eq!(step(Proceeding, Refusal), (Completed, refused));
        assert_eq!(step(Calling, Refusal), (Completed, refused));
        assert_eq!(step(Completed, Refusal), (Completed, &[Send][..]));
        assert_eq!(step(Completed, Input::Timer(Timer::D)), (Terminated, &[][..]));
    }

    #[test]
    fn each_2xx_of_a_forked_invite_is_told_until_timer_m() {
        assert_eq!(step(Calling, Success).0, Accepted);
        assert_eq!(step(Accepted, Success), (Accepted, &[Tell][..]));
        assert_eq!(step(Accepted, Refusal), (Accepted, &[][..]));
        assert_eq!(step(Accepted, Input::Timer(Timer::M)), (Terminated, &[][..]));
    }

    #[test]
    fn silence_is_answered_by_repetition_and_then_by_giving_up() {
        assert_eq!(step(Calling, Input::Timer(Timer::A)), (Calling, &[Send, Repeat(Timer::A)][..]));
        assert_eq!(step(Calling, Input::Timer(Timer::B)), (Terminated, &[TellTimeout][..]));
        assert_eq!(step(Calling, TransportError), (Terminated, &[TellFailed][..]));
    }

    #[test]
    fn a_cancelled_invite_without_a_final_response_ends_by_timer_b() {
        assert_eq!(step(Proceeding, Cancel), (Proceeding, &[Start(Timer::B)][..]));
        assert_eq!(step(Proceeding, Input::Timer(Timer::B)), (Terminated, &[TellTimeout][..]));
    }
}
