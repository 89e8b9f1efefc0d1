//! What was said in a call, by SIP and by the switch, as a ladder.

use super::{auth::Access, json::Query, problem::Problem, shape::Named, state::State};
use crate::{ids::CallId, trace::Story};
use axum::{
    Json, extract,
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TraceWanted {
    /// In which form; `json` when absent.
    #[param(inline)]
    format: Option<Format>,
}

/// In which form.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// Whole messages, and events.
    #[default]
    Json,
    /// A ladder of lines.
    Text,
    /// A picture.
    Svg,
}

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(get))
}

/// The SIP messages and the events of a call, alive or over, as long as they are kept in memory. Logins, media keys and
/// digits are hidden.
#[utoipa::path(get, path = "/v1/calls/{call}/trace", tag = "calls", params(("call" = CallId, Path, example = "call-7"), TraceWanted),
    responses((status = 200, content((Story = "application/json"), (String = "text/plain"), (String = "image/svg+xml")))))]
async fn get(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(call): Named<CallId>,
    Query(wanted): Query<TraceWanted>,
) -> Result<Response, Problem> {
    access.must_read_all()?;
    let (hub, traces) = (state.hub.clone(), state.tools.traces.clone());
    let format = wanted.format.unwrap_or_default();
    let draw = move || {
        let story = Story::find(call, &hub, traces.as_ref())?;
        let text = |kind: &'static str, text: String| ([(header::CONTENT_TYPE, kind)], text).into_response();
        Some(match format {
            Format::Json => Json(story).into_response(),
            Format::Text => text("text/plain; charset=utf-8", story.text()),
            Format::Svg => text("image/svg+xml", story.svg()),
        })
    };
    // Megabytes are looked through: not where others wait.
    let drawn = tokio::task::spawn_blocking(draw).await.ok().flatten();
    drawn.ok_or_else(|| Problem::unknown("unknown-call", "call", &call.to_string()))
}
