//! The settings, read anew.

use super::{auth::Access, json::Json, problem::Problem, state::State};
use crate::control::Changes;
use axum::{extract, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(reload))
}

/// Reads config.toml again: all of it is obeyed or, with 422, none. Calls in progress go on as they began.
#[utoipa::path(post, path = "/v1/reload", tag = "operation", responses(
    (status = 200, description = "obeyed; this has changed", body = Changes),
    (status = 422, description = "nothing has changed; `detail` says, line by line, what is wrong where", body = Problem,
     content_type = "application/problem+json"),
))]
async fn reload(extract::State(state): extract::State<State>, access: Access) -> Result<Json<Changes>, Problem> {
    access.must_administer()?;
    let Some(reload) = state.tools.reload.clone() else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "no-settings", "this switch has no file of settings"));
    };
    match tokio::task::spawn_blocking(move || reload()).await {
        Ok(Ok(changes)) => Ok(Json(changes)),
        Ok(Err(wrong)) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "settings-refused", wrong)),
        Err(_) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "reload-broken", "the log says why")),
    }
}
