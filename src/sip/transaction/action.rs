//! What the four machines ask of the table.

use super::timer::Timer;

/// One thing to do, in the order given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Send what was sent last: the request, its ACK, or the last response.
    Send,
    /// Make the ACK of a refusal (17.1.1.3), send it, and keep it to be sent again.
    Acknowledge,
    /// Hand the message to the transaction user.
    Tell,
    /// Say that nobody answered.
    TellTimeout,
    /// Say that no ACK came.
    TellAckTimeout,
    /// Say that the datagram could not be sent.
    TellFailed,
    /// Start a timer with its first span.
    Start(Timer),
    /// Start a repeating timer again with its next span.
    Repeat(Timer),
    /// Start a repeating timer again with its longest span, T2.
    RepeatSlowly(Timer),
    /// Stop a timer.
    Stop(Timer),
}
