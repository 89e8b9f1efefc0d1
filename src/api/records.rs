//! Call records, and the chain of each caller.

use super::{
    auth::Access,
    calls::read_name,
    json::{Json, Query},
    problem::Problem,
    shape::{Named, RecordName},
    state::State,
};
use crate::{
    ids::{CallId, LegId},
    records::{Archive, Page, StoreError, Story, Wanted},
};
use axum::{extract, http::StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RecordsWanted {
    /// Legs that began at this time or later.
    #[param(example = "2026-11-21T13:00:00Z")]
    since: Option<String>,
    /// Legs that began before this time.
    #[param(example = "2026-11-22T13:00:00Z")]
    until: Option<String>,
    /// Legs of this extension.
    #[param(example = "1001")]
    extension: Option<String>,
    /// Legs over this trunk.
    #[param(example = "carrier")]
    trunk: Option<String>,
    /// The number of the party, or the one that was dialled.
    #[param(example = "+31201234567")]
    number: Option<String>,
    /// The call that the leg was last in. Names of calls and legs begin anew with each start of the switch.
    #[param(value_type = Option<CallId>, example = "call-7")]
    call: Option<String>,
    /// The leg.
    #[param(value_type = Option<LegId>, example = "leg-12")]
    leg: Option<String>,
    /// The chain.
    chain: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// No more than these; 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// Records of a page where nothing is said.
const PAGE: usize = 100;
/// Records of a page at the most.
const LARGEST_PAGE: usize = 1000;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// Records of legs that have ended, the newest first.
#[utoipa::path(get, path = "/v1/records", tag = "records", params(RecordsWanted), responses((status = 200, body = Page)))]
async fn list(
    extract::State(state): extract::State<State>,
    access: Access,
    Query(wanted): Query<RecordsWanted>,
) -> Result<Json<Page>, Problem> {
    access.must_read_all()?;
    let limit = wanted.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::field("limit", format!("must be 1 to {LARGEST_PAGE}")));
    }
    if wanted.extension.is_some() && wanted.trunk.is_some() {
        return Err(Problem::field("trunk", "a leg is of an extension or of a trunk, not of both"));
    }
    if let Some(call) = &wanted.call {
        read_name::<CallId>("call", call)?;
    }
    if let Some(leg) = &wanted.leg {
        read_name::<LegId>("leg", leg)?;
    }
    let RecordsWanted { since, until, extension, trunk, number, call, leg, chain, cursor, limit: _ } = wanted;
    let wanted = Wanted { since, until, place: extension.or(trunk), number, call, leg, chain, cursor, limit };
    read(&state, move |archive| archive.list(&wanted)).await.map(Json)
}

/// One record with its chain: who handed the caller to whom, when, why, and what came of it.
#[utoipa::path(get, path = "/v1/records/{record}", tag = "records",
    params(("record" = String, Path, example = "1763730675120-12")), responses((status = 200, body = Story)))]
async fn get(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(name): Named<RecordName>,
) -> Result<Json<Story>, Problem> {
    access.must_read_all()?;
    let id = name.0.clone();
    let story = read(&state, move |archive| archive.story(&id)).await?;
    story.map(Json).ok_or_else(|| Problem::unknown("unknown-record", "record", &name.0))
}

/// Reads where it may take its time.
async fn read<T: Send + 'static>(
    state: &State,
    read: impl FnOnce(&Archive) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let Some(archive) = state.tools.records.clone() else {
        let detail = "this switch keeps no call records; [records] path says where they would be";
        return Err(Problem::new(StatusCode::NOT_FOUND, "no-records", detail));
    };
    match tokio::task::spawn_blocking(move || read(&archive)).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error @ StoreError::Time(_))) => Err(Problem::field("since", error.to_string())),
        Ok(Err(error @ StoreError::Cursor)) => Err(Problem::field("cursor", error.to_string())),
        Ok(Err(error)) => {
            tracing::error!(%error, "cannot be read");
            Err(broken())
        }
        Err(_) => Err(broken()),
    }
}

fn broken() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "records-broken",
        "the call records cannot be read; the log says why",
    )
}
