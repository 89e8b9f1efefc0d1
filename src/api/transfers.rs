//! Transfers: a leg hands over those whom it talks to.

use super::{
    auth::Access,
    json::Json,
    order::Answer,
    problem::Problem,
    shape::{Heard, Named, Outcome, To},
    state::State,
};
use crate::{
    call::{Manner, Transfer, TransferView, Verb},
    control::{Granted, What},
    ids::{LegId, TransferId},
};
use axum::{extract, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// To whom, and in which way.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TransferWish {
    /// To whom. It sees the number of the caller where no other is said.
    to: To,
    /// In which way.
    kind: TransferWay,
    /// What those hear who wait; the hold music of the configuration when absent.
    music: Option<Heard>,
}

/// Whom to ask first.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsultWish {
    /// Whom.
    to: To,
    /// What those hear who wait; the hold music of the configuration when absent.
    music: Option<Heard>,
}

/// In which way a transfer is done.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TransferWay {
    /// The transferor leaves as soon as the target has answered.
    Cold,
    /// The transferor talks to the target first.
    Warm,
}

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(transfer))
        .routes(routes!(consult))
        .routes(routes!(get))
        .routes(routes!(swap))
        .routes(routes!(merge))
        .routes(routes!(complete))
        .routes(routes!(cancel))
}

/// This leg hands over those whom it talks to. How it goes on is told by `transfer.phase`, how it ends by `transfer.ended`.
#[utoipa::path(post, path = "/v1/legs/{leg}/transfer", tag = "transfers",
    params(("leg" = LegId, Path, example = "leg-12")), request_body = TransferWish,
    responses((status = 201, description = "the target is being called", body = Outcome)))]
async fn transfer(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
    Json(wish): Json<TransferWish>,
) -> Result<Response, Problem> {
    let manner = match wish.kind {
        TransferWay::Cold => Manner::Cold,
        TransferWay::Warm => Manner::Warm,
    };
    begin(&state, &access, leg, wish.to, manner, wish.music).await
}

/// This leg asks somebody else first, while those whom it talked to hear music: a warm transfer.
#[utoipa::path(post, path = "/v1/legs/{leg}/consult", tag = "transfers",
    params(("leg" = LegId, Path, example = "leg-12")), request_body = ConsultWish,
    responses((status = 201, description = "the other one is being called", body = Outcome)))]
async fn consult(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
    Json(wish): Json<ConsultWish>,
) -> Result<Response, Problem> {
    begin(&state, &access, leg, wish.to, Manner::Warm, wish.music).await
}

async fn begin(
    state: &State,
    access: &Access,
    leg: LegId,
    to: To,
    manner: Manner,
    music: Option<Heard>,
) -> Result<Response, Problem> {
    let music = music.map(Heard::sound).unwrap_or_default();
    let verb = Verb::Transfer(Box::new(Transfer { leg, to: to.approach(), manner, music }));
    state.make(access, What::Obey { call: None, verb }).await
}

/// A transfer under way.
#[utoipa::path(get, path = "/v1/transfers/{transfer}", tag = "transfers",
    params(("transfer" = TransferId, Path, example = "transfer-5")), responses((status = 200, body = TransferView)))]
async fn get(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(transfer): Named<TransferId>,
) -> Result<Json<TransferView>, Problem> {
    let (_, granted) = state.order(&access, What::Transfer(transfer)).await?;
    if let Granted::Transfer(view) = granted
        && (access.reads_all() || access.is(&view.by))
    {
        return Ok(Json(view));
    }
    Err(Problem::unknown("unknown-transfer", "transfer", &transfer.to_string()))
}

/// The transferor talks to the other one of caller and target; who is left hears music.
#[utoipa::path(post, path = "/v1/transfers/{transfer}/swap", tag = "transfers",
    params(("transfer" = TransferId, Path, example = "transfer-5")), responses((status = 200, body = Outcome)))]
async fn swap(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(transfer): Named<TransferId>,
) -> Answer {
    state.obey(&access, None, Verb::Swap { transfer }).await
}

/// Transferor, caller and target talk.
#[utoipa::path(post, path = "/v1/transfers/{transfer}/merge", tag = "transfers",
    params(("transfer" = TransferId, Path, example = "transfer-5")), responses((status = 200, body = Outcome)))]
async fn merge(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(transfer): Named<TransferId>,
) -> Answer {
    state.obey(&access, None, Verb::Merge { transfer }).await
}

/// The transferor leaves, caller and target talk.
#[utoipa::path(post, path = "/v1/transfers/{transfer}/complete", tag = "transfers",
    params(("transfer" = TransferId, Path, example = "transfer-5")), responses((status = 200, body = Outcome)))]
async fn complete(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(transfer): Named<TransferId>,
) -> Answer {
    state.obey(&access, None, Verb::Complete { transfer }).await
}

/// The target leaves, transferor and caller talk.
#[utoipa::path(post, path = "/v1/transfers/{transfer}/cancel", tag = "transfers",
    params(("transfer" = TransferId, Path, example = "transfer-5")), responses((status = 200, body = Outcome)))]
async fn cancel(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(transfer): Named<TransferId>,
) -> Answer {
    state.obey(&access, None, Verb::Cancel { transfer }).await
}
