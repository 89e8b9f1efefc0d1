//! Is it alive, may it be given work?

use super::state::State;
use axum::{Json, extract, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How the switch is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`, or what is wrong.
    #[schema(example = "ok")]
    status: &'static str,
}

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready))
}

/// The program runs and answers.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, description = "it runs", body = Health)))]
async fn alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// New calls and commands are taken.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()), responses(
    (status = 200, description = "send it work", body = Health),
    (status = 503, description = "it is being stopped", body = Health),
))]
async fn ready(extract::State(state): extract::State<State>) -> (StatusCode, Json<Health>) {
    if state.desk.is_draining() || *state.stopping.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "stopping" }));
    }
    (StatusCode::OK, Json(Health { status: "ok" }))
}
