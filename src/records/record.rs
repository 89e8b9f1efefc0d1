//! What a record says.

use crate::{
    call::{LegView, Stamp, TransferView},
    ids::CallId,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// One leg from its begin to its end.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Record {
    /// Its name, which no other leg ever has, not even after a restart.
    #[schema(example = "1763730675120-12")]
    pub id: String,
    /// The record of the caller to whose chain it belongs; its own for a caller.
    #[schema(example = "1763730675120-11")]
    pub chain: String,
    /// SIP status for a leg that was never answered, else 200; null while it lives, or when the switch ended before it.
    pub status: Option<u16>,
    /// In words.
    pub reason: Option<String>,
    /// s from answer to end; null for a leg that was never answered.
    pub talk_s: Option<f64>,
    /// The switch ended before the leg did.
    pub interrupted: bool,
    /// The leg as it was in its end, with the quality of its media.
    pub leg: LegView,
}

/// Somebody was handed over, or was to be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Handover {
    /// The record of the caller.
    #[schema(example = "1763730675120-11")]
    pub chain: String,
    /// The call in which it ended.
    pub call: CallId,
    /// When it ended.
    pub at: Stamp,
    /// The record of the leg that handed over.
    pub from: String,
    /// The record of the leg that the caller was handed to, if there was one.
    pub to: Option<String>,
    /// Who, to whom, how, and what became of it.
    pub transfer: TransferView,
}

/// A record with its chain.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RecordStory)]
pub struct Story {
    /// The one asked for.
    #[schema(value_type = Record)]
    pub record: Value,
    /// The records of the chain, the oldest first: the caller, those whom it talked to, and those who handed it over.
    #[schema(value_type = Vec<Record>)]
    pub legs: Vec<Value>,
    /// Who handed the caller to whom, in order.
    #[schema(value_type = Vec<Handover>)]
    pub handovers: Vec<Value>,
}
