//! The client transaction of every method but INVITE and ACK (RFC 3261 17.1.2).

use super::{action::Action, timer::Timer};

/// Where a request that we sent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing came back.
    Trying,
    /// A provisional response came.
    Proceeding,
    /// A final response came; its repetitions are absorbed.
    Completed,
    /// Over.
    Terminated,
}

/// What may happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// 100 to 199.
    Provisional,
    /// 200 to 699.
    Final,
    /// Timer E, F or K has run out.
    Timer(Timer),
    /// The request could not be sent.
    TransportError,
}

/// The timers that it uses.
pub(super) const TIMERS: &[Timer] = &[Timer::E, Timer::F, Timer::K];

/// What the birth of one asks for.
pub(super) const BIRTH: &[Action] = &[Action::Send, Action::Start(Timer::E), Action::Start(Timer::F)];

/// One step.
pub(super) fn step(state: State, input: Input) -> (State, &'static [Action]) {
    use Action::{Repeat, RepeatSlowly, Send, Start, Stop, Tell, TellFailed, TellTimeout};
    use Input::{Final, Provisional, TransportError};
    use State::{Completed, Proceeding, Terminated, Trying};
    use Timer::{E, F, K};
    match (state, input) {
        (Trying, Input::Timer(E)) => (Trying, &[Send, Repeat(E)]),
        // 17.1.2.2: once somebody works on it, every T2 is enough.
        (Proceeding, Input::Timer(E)) => (Proceeding, &[Send, RepeatSlowly(E)]),
        (Trying | Proceeding, Input::Timer(F)) => (Terminated, &[TellTimeout]),
        (Trying | Proceeding, TransportError) => (Terminated, &[TellFailed]),
        (Trying | Proceeding, Provisional) => (Proceeding, &[Tell]),
        (Trying | Proceeding, Final) => (Completed, &[Stop(E), Stop(F), Start(K), Tell]),

        (Completed, Input::Timer(K)) => (Terminated, &[]),

        (Completed, Provisional | Final | TransportError) => (Completed, &[]),
        (Trying | Proceeding | Completed, Input::Timer(_)) | (Terminated, _) => (state, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Action::{Repeat, RepeatSlowly, Send, Start, Stop, Tell, TellFailed, TellTimeout},
        Input::{Final, Provisional, TransportError},
        State::{Completed, Proceeding, Terminated, Trying},
        *,
    };

    #[test]
    fn a_request_is_repeated_more_slowly_once_somebody_works_on_it() {
        assert_eq!(step(Trying, Input::Timer(Timer::E)), (Trying, &[Send, Repeat(Timer::E)][..]));
        assert_eq!(step(Trying, Provisional), (Proceeding, &[Tell][..]));
        assert_eq!(step(Proceeding, Input::Timer(Timer::E)), (Proceeding, &[Send, RepeatSlowly(Timer::E)][..]));
    }

    #[test]
    fn the_final_response_is_told_once() {
        let done: &[Action] = &[Stop(Timer::E), Stop(Timer::F), Start(Timer::K), Tell];
        assert_eq!(step(Trying, Final), (Completed, done));
        assert_eq!(step(Completed, Final), (Completed, &[][..]));
        assert_eq!(step(Completed, Input::Timer(Timer::K)), (Terminated, &[][..]));
    }

    #[test]
    fn nobody_there_is_told() {
        assert_eq!(step(Proceeding, Input::Timer(Timer::F)), (Terminated, &[TellTimeout][..]));
        assert_eq!(step(Trying, TransportError), (Terminated, &[TellFailed][..]));
    }
}
