//! Short-lived tokens for agents.

use super::{auth::Access, json::Json, problem::Problem, state::State};
use axum::{
    extract,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Whose token, and for how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenWish {
    /// The extension of the agent.
    #[schema(example = "1001", min_length = 1, max_length = 64)]
    extension: String,
    /// How long it is good, s; `[http] jwt_max_s` at the most, which is also what is taken when absent.
    #[schema(example = 600, minimum = 1, maximum = 86_400)]
    ttl_s: Option<u32>,
}

/// A token (JWT, HS256).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenGiven {
    /// For `Authorization: Bearer`.
    token: String,
    /// s since 1970.
    expires_at: u64,
    /// What it may do.
    #[schema(example = "agent:1001")]
    scope: String,
}

/// The longest number of an extension.
const LONGEST: usize = 64;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(issue))
}

/// Makes a token with which an agent may command its own legs. Admin only.
#[utoipa::path(post, path = "/v1/tokens", tag = "tokens", request_body = TokenWish,
    responses((status = 201, description = "made", body = TokenGiven)))]
async fn issue(
    extract::State(state): extract::State<State>,
    access: Access,
    Json(wish): Json<TokenWish>,
) -> Result<Response, Problem> {
    access.must_administer()?;
    if wish.extension.is_empty() || wish.extension.len() > LONGEST {
        return Err(Problem::field("extension", "must be the number of an extension"));
    }
    let most = state.jwt_max.as_secs();
    let seconds = wish.ttl_s.map_or(most, u64::from);
    if seconds == 0 || seconds > most {
        return Err(Problem::field("ttl_s", format!("must be 1 to {most}")));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let token = state.keyring().issue(&wish.extension, now, seconds);
    let token =
        token.ok_or_else(|| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "no token could be made"))?;
    let scope = format!("agent:{}", wish.extension);
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, no_store, Json(TokenGiven { token, expires_at: now + seconds, scope })).into_response())
}
