//! What Prometheus is told.

use super::{auth::Access, problem::Problem, state::State};
use axum::{
    extract,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The media type of the page.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(page))
}

/// Calls, legs, setup times, transfers, media quality, SIP codes, lateness of mixers, queues.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, content_type = "application/openmetrics-text", body = String)))]
async fn page(extract::State(state): extract::State<State>, access: Access) -> Result<Response, Problem> {
    access.must_read_all()?;
    let none = || Problem::new(StatusCode::NOT_FOUND, "no-metrics", "this switch counts nothing");
    let page = state.tools.metrics.clone().ok_or_else(none)?;
    let load = state.tools.load.clone();
    let text = tokio::task::spawn_blocking(move || page.text(load.map(|load| load()).unwrap_or_default())).await;
    let broken = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "metrics-broken", "the log says why");
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text.map_err(broken)?).into_response())
}
