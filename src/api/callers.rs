//! Callers without answer, and what programs let become of them.

use super::{
    auth::Access,
    json::Json,
    order::Answer,
    shape::{Named, Outcome, To},
    state::State,
};
use crate::{call::Verb, ids::LegId};
use axum::extract;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Why a caller is refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RejectWish {
    /// The SIP status.
    #[serde(default = "busy")]
    #[schema(default = 486, minimum = 300, maximum = 699)]
    status: u16,
    /// The reason phrase; the usual one when absent.
    #[schema(max_length = 128, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    reason: Option<String>,
}

/// Where a caller is put through to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RedirectWish {
    /// To whom.
    to: To,
}

fn busy() -> u16 {
    486
}

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(ring)).routes(routes!(answer)).routes(routes!(reject)).routes(routes!(redirect))
}

/// Tells a caller that waits for instructions that it rings (180).
#[utoipa::path(post, path = "/v1/legs/{leg}/ring", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    responses((status = 200, body = Outcome)))]
async fn ring(extract::State(state): extract::State<State>, access: Access, Named(leg): Named<LegId>) -> Answer {
    state.obey(&access, None, Verb::Ring { leg }).await
}

/// Answers a caller that waits for instructions.
#[utoipa::path(post, path = "/v1/legs/{leg}/answer", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    responses((status = 200, body = Outcome)))]
async fn answer(extract::State(state): extract::State<State>, access: Access, Named(leg): Named<LegId>) -> Answer {
    state.obey(&access, None, Verb::Answer { leg }).await
}

/// Refuses a caller that has no answer yet.
#[utoipa::path(post, path = "/v1/legs/{leg}/reject", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    request_body = RejectWish, responses((status = 200, body = Outcome)))]
async fn reject(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
    Json(wish): Json<RejectWish>,
) -> Answer {
    state.obey(&access, None, Verb::Reject { leg, status: wish.status, reason: wish.reason.unwrap_or_default() }).await
}

/// Puts a caller through that has no answer yet, or is alone with the switch.
#[utoipa::path(post, path = "/v1/legs/{leg}/redirect", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    request_body = RedirectWish, responses((status = 200, body = Outcome)))]
async fn redirect(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
    Json(wish): Json<RedirectWish>,
) -> Answer {
    state.obey(&access, None, Verb::Redirect { leg, to: wish.to.approach() }).await
}
