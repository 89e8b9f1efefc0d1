//! Which path leads where, and what every request passes on its way.

use super::{
    audit::audit,
    auth::{Access, token_of},
    callers, calls, conferences, digits, docs, events, extensions, health, idempotency, legs,
    listener::Peer,
    metrics,
    problem::Problem,
    queues, recordings, records, reload,
    settings::Settings,
    state::State,
    tokens, trace, transfers, trunks, webhooks,
};
use axum::{
    Router,
    extract::{self, DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, Instant},
};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;

/// Everything that is served. One line a noun.
pub(super) fn router(state: State, settings: &Settings) -> Router {
    let limit = DefaultBodyLimit::max(settings.limits.body_bytes);
    let commands = OpenApiRouter::new()
        .merge(calls::routes())
        .merge(legs::routes())
        .merge(digits::routes())
        .merge(callers::routes())
        .merge(transfers::routes())
        .merge(conferences::routes())
        .merge(extensions::routes())
        .merge(trunks::routes())
        .merge(queues::routes())
        .merge(events::routes())
        .merge(webhooks::routes())
        .merge(recordings::routes())
        .merge(records::routes())
        .merge(reload::routes())
        .merge(trace::routes())
        .merge(metrics::routes())
        .merge(tokens::routes())
        .layer(from_fn_with_state(state.clone(), idempotency::once))
        .layer(from_fn(audit))
        .layer(from_fn_with_state(state.clone(), admit));
    let open = OpenApiRouter::new().merge(health::routes());
    let (router, api) = open.merge(commands).split_for_parts();
    let router = router.merge(docs::routes(api)).fallback(nowhere).method_not_allowed_fallback(not_so).layer(limit);
    let origins: Vec<HeaderValue> = settings.cors_origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let router = if origins.is_empty() { router } else { router.layer(cors(origins)) };
    router.with_state(state)
}

/// Lets in who has a good token and does not come too often. Who has none is counted by its address.
async fn admit(extract::State(state): extract::State<State>, mut request: Request, next: Next) -> Response {
    let now = Instant::now();
    let access = token_of(request.headers(), request.uri().query()).and_then(|token| state.keyring().find(token));
    let Some(access) = access else {
        let address = request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        return if state.by_address.pass(address, now) { Problem::unauthorized() } else { too_often() }.into_response();
    };
    if !state.by_token.pass(Arc::clone(&access.name), now) {
        return too_often().into_response();
    }
    request.extensions_mut().insert::<Access>(access);
    next.run(request).await
}

fn too_often() -> Problem {
    Problem::later(
        StatusCode::TOO_MANY_REQUESTS,
        "too-often",
        "more requests than [http] requests_per_second allows",
        1,
    )
}

async fn nowhere(uri: Uri) -> Problem {
    Problem::unknown("unknown-path", "path", uri.path())
}

async fn not_so(method: Method, uri: Uri) -> Problem {
    let detail = format!("{method} is not possible at {}; Allow says what is", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
}

/// Lets the web pages of these origins in.
fn cors(origins: Vec<HeaderValue>) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, HeaderName::from_static("idempotency-key")])
        .expose_headers([header::LOCATION, header::RETRY_AFTER])
        .max_age(Duration::from_secs(600))
}
