//! Trunks, and whether they can be used.

use super::{
    auth::Access,
    json::Json,
    problem::Problem,
    shape::{Named, TrunkName},
    state::State,
};
use crate::control::{Granted, TrunkView, What};
use axum::extract;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// All trunks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Trunks {
    trunks: Vec<TrunkView>,
}

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

async fn all(state: &State, access: &Access) -> Result<Vec<TrunkView>, Problem> {
    access.must_read_all()?;
    let (_, granted) = state.order(access, What::Trunks).await?;
    Ok(if let Granted::Trunks(trunks) = granted { trunks } else { Vec::new() })
}

/// All trunks.
#[utoipa::path(get, path = "/v1/trunks", tag = "trunks", responses((status = 200, body = Trunks)))]
async fn list(extract::State(state): extract::State<State>, access: Access) -> Result<Json<Trunks>, Problem> {
    Ok(Json(Trunks { trunks: all(&state, &access).await? }))
}

/// One trunk.
#[utoipa::path(get, path = "/v1/trunks/{trunk}", tag = "trunks", params(("trunk" = String, Path, example = "carrier")),
    responses((status = 200, body = TrunkView)))]
async fn get(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(name): Named<TrunkName>,
) -> Result<Json<TrunkView>, Problem> {
    let found = all(&state, &access).await?.into_iter().find(|trunk| trunk.name == name.0);
    found.map(Json).ok_or_else(|| Problem::unknown("unknown-trunk", "trunk", &name.0))
}
