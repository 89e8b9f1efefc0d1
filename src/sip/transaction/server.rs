//! The server transaction of every method but INVITE and ACK (RFC 3261 17.2.2).

use super::{action::Action, timer::Timer};

/// Where a request that came to us stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing was said.
    Trying,
    /// A provisional response was sent.
    Proceeding,
    /// The final response was sent.
    Completed,
    /// Over.
    Terminated,
}

/// What may happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The request again.
    Request,
    /// The transaction user says 100 to 199.
    Provisional,
    /// The transaction user says 200 to 699.
    Final,
    /// Timer J has run out.
    Timer(Timer),
}

/// The timers that it uses.
pub(super) const TIMERS: &[Timer] = &[Timer::J];

/// One step.
pub(super) fn step(state: State, input: Input) -> (State, &'static [Action]) {
    use Action::{Send, Start};
    use Input::{Final, Provisional, Request};
    use State::{Completed, Proceeding, Terminated, Trying};
    use Timer::J;
    match (state, input) {
        (Trying | Proceeding, Provisional) => (Proceeding, &[Send]),
        (Trying | Proceeding, Final) => (Completed, &[Send, Start(J)]),
        (Proceeding | Completed, Request) => (state, &[Send]),
        (Completed, Input::Timer(J)) => (Terminated, &[]),

        (Trying, Request) => (Trying, &[]),
        (Completed, Provisional | Final) => (Completed, &[]),
        (Trying | Proceeding | Completed, Input::Timer(_)) | (Terminated, _) => (state, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Action::{Send, Start},
        Input::{Final, Provisional, Request},
        State::{Completed, Proceeding, Terminated, Trying},
        *,
    };

    #[test]
    fn a_repeated_request_gets_the_last_response_again() {
        assert_eq!(step(Trying, Request), (Trying, &[][..]));
        assert_eq!(step(Trying, Provisional), (Proceeding, &[Send][..]));
        assert_eq!(step(Proceeding, Request), (Proceeding, &[Send][..]));
        assert_eq!(step(Proceeding, Final), (Completed, &[Send, Start(Timer::J)][..]));
        assert_eq!(step(Completed, Request), (Completed, &[Send][..]));
        assert_eq!(step(Completed, Final), (Completed, &[][..]));
        assert_eq!(step(Completed, Input::Timer(Timer::J)), (Terminated, &[][..]));
    }
}
