//! How things are after a command.

use crate::{
    call::{CallView, LegView, TransferView},
    control::{Done, Granted},
    ids::{AttemptId, CallId, GatherId, PlayId, RecordingId, WishId},
};
use serde::Serialize;
use utoipa::ToSchema;

/// How things are after a command. What becomes of it later is told by events; those that it caused at once have its name as `cause`.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = CommandOutcome)]
pub(in crate::api) struct Outcome {
    /// The name of the command.
    #[schema(example = "wish-12")]
    wish: Option<WishId>,
    /// The call, if it is not over.
    call: Option<CallView>,
    /// The leg that the command was about, if it is not gone.
    leg: Option<LegView>,
    /// The transfer that it began or went on with.
    transfer: Option<TransferView>,
    /// The attempt to reach somebody that it began.
    attempt: Option<AttemptId>,
    /// What is played.
    play: Option<PlayId>,
    /// What is gathered.
    gather: Option<GatherId>,
    /// What is recorded.
    recording: Option<RecordingId>,
}

impl Outcome {
    pub(in crate::api) fn new(wish: WishId, granted: Granted) -> Self {
        let Granted::Done(Done { call, leg, transfer, attempt, play, gather, recording }) = granted else {
            return Self { wish: Some(wish), ..Self::default() };
        };
        Self { wish: Some(wish), call, leg, transfer, attempt, play, gather, recording }
    }

    /// The call that it was about.
    pub(in crate::api) fn call(&self) -> Option<CallId> {
        self.call.as_ref().map(|call| call.id)
    }

    /// Where that which the command made is found.
    pub(in crate::api) fn location(&self) -> Option<String> {
        self.transfer
            .as_ref()
            .map(|transfer| format!("/v1/transfers/{}", transfer.id))
            .or_else(|| Some(format!("/v1/calls/{}", self.call.as_ref()?.id)))
    }
}
