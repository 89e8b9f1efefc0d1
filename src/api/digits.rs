//! Digits: dialled towards a leg, gathered from it.

use super::{
    auth::Access,
    json::Json,
    order::Answer,
    problem::Problem,
    shape::{Heard, Named, Outcome},
    state::State,
};
use crate::{
    call::{Gather, Verb},
    ids::{GatherId, LegId},
};
use axum::extract;
use serde::Deserialize;
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Digits to be dialled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DigitsWish {
    /// `0-9 * # A-D`; `w` is a pause of half a second, `,` and `W` one of a second.
    #[schema(example = "1w2#", min_length = 1, max_length = 128, pattern = "^[0-9*#A-DwW,]+$")]
    digits: String,
    /// How long each is pressed, ms.
    #[serde(default = "pressed")]
    #[schema(default = 100, minimum = 40, maximum = 8000)]
    duration_ms: u16,
}

/// Digits to be gathered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GatherWish {
    /// So many are enough.
    #[serde(default = "digits")]
    #[schema(default = 64, minimum = 1, maximum = 64)]
    max_digits: usize,
    /// Each of these ends it, and is not part of it.
    #[serde(default = "hash")]
    #[schema(default = "#", max_length = 16, pattern = "^[0-9*#A-D]*$")]
    terminators: String,
    /// How long the first digit may take after the prompt, s.
    #[serde(default = "first")]
    #[schema(default = 10, minimum = 1, maximum = 600)]
    first_timeout_s: u32,
    /// How long each further digit may take, s.
    #[serde(default = "next")]
    #[schema(default = 5, minimum = 1, maximum = 600)]
    digit_timeout_s: u32,
    /// Played before; a digit interrupts it.
    prompt: Option<Heard>,
}

fn pressed() -> u16 {
    100
}

fn digits() -> usize {
    64
}

fn hash() -> String {
    "#".to_owned()
}

fn first() -> u32 {
    10
}

fn next() -> u32 {
    5
}

/// s that a digit may take at the most.
const LONGEST_WAIT_S: u32 = 600;
/// Digits that may end it.
const TERMINATORS: usize = 16;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(send_digits)).routes(routes!(gather)).routes(routes!(stop_gather))
}

/// Dials digits towards a leg.
#[utoipa::path(post, path = "/v1/legs/{leg}/digits", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    request_body = DigitsWish, responses((status = 200, body = Outcome)))]
async fn send_digits(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
    Json(wish): Json<DigitsWish>,
) -> Answer {
    state.obey(&access, None, Verb::SendDigits { leg, digits: wish.digits, duration_ms: wish.duration_ms }).await
}

/// Gathers digits that somebody dials; what came is told by the event `dtmf.gathered`.
#[utoipa::path(post, path = "/v1/legs/{leg}/gather", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    request_body = GatherWish, responses((status = 200, body = Outcome)))]
async fn gather(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
    Json(wish): Json<GatherWish>,
) -> Answer {
    let seconds = |field: &str, seconds: u32| match seconds {
        1..=LONGEST_WAIT_S => Ok(Duration::from_secs(u64::from(seconds))),
        _ => Err(Problem::field(field, format!("must be 1 to {LONGEST_WAIT_S}"))),
    };
    if wish.terminators.len() > TERMINATORS {
        return Err(Problem::field("terminators", format!("must be {TERMINATORS} at the most")));
    }
    let gather = Gather {
        leg,
        max_digits: wish.max_digits,
        terminators: wish.terminators,
        first_timeout: seconds("first_timeout_s", wish.first_timeout_s)?,
        digit_timeout: seconds("digit_timeout_s", wish.digit_timeout_s)?,
        prompt: wish.prompt.map(Heard::sound),
    };
    state.obey(&access, None, Verb::Gather(Box::new(gather))).await
}

/// Awaits no more digits; those that came are told.
#[utoipa::path(delete, path = "/v1/gathers/{gather}", tag = "legs", params(("gather" = GatherId, Path, example = "gather-4")),
    responses((status = 200, body = Outcome)))]
async fn stop_gather(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(gather): Named<GatherId>,
) -> Answer {
    state.obey(&access, None, Verb::StopGather { gather }).await
}
