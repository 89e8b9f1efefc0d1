//! Legs: look, hang up, hold, roles, sounds, and where they go.

use super::{
    auth::Access,
    calls::{PlayWish, RoleWish, read_name, role},
    json::Json,
    order::Answer,
    problem::Problem,
    recordings::RecordingWish,
    rights,
    shape::{Heard, Named, Outcome},
    state::State,
};
use crate::{
    call::{Audience, LegView, Membership, QualityView, Verb},
    control::{Granted, What},
    ids::{CallId, LegId, PlayId},
};
use axum::extract;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// What a held leg hears.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldWish {
    /// The hold music of the configuration when absent.
    music: Option<Heard>,
}

/// What a leg may do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleChange {
    /// What.
    role: RoleWish,
    /// Who hears it, where the role is `coach`.
    #[schema(value_type = Option<LegId>, example = "leg-2")]
    coach_target: Option<String>,
}

/// Where a leg goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MoveWish {
    /// The call.
    #[schema(value_type = CallId, example = "call-8")]
    to: String,
}

/// Whose others it brings together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BridgeWish {
    /// The leg of the same person in its other call.
    #[schema(value_type = LegId, example = "leg-9")]
    with: String,
}

/// What a member's coming and going means to its conference.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MembershipWish {
    /// The talk begins when it enters.
    #[serde(default = "yes")]
    #[schema(default = true)]
    start_on_enter: bool,
    /// The conference ends when it leaves.
    #[serde(default)]
    end_on_exit: bool,
}

fn yes() -> bool {
    true
}

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(get, hang_up))
        .routes(routes!(hold))
        .routes(routes!(unhold))
        .routes(routes!(mute))
        .routes(routes!(unmute))
        .routes(routes!(deafen))
        .routes(routes!(undeafen))
        .routes(routes!(set_role))
        .routes(routes!(play))
        .routes(routes!(stop_play))
        .routes(routes!(record))
        .routes(routes!(stats))
        .routes(routes!(move_to))
        .routes(routes!(bridge))
        .routes(routes!(membership))
}

async fn look(state: &State, access: &Access, leg: LegId) -> Result<LegView, Problem> {
    let (_, granted) = state.order(access, What::Leg(leg)).await?;
    if let Granted::Leg(view) = granted
        && rights::sees_leg(state, access, &view)
    {
        return Ok(view);
    }
    Err(Problem::unknown("unknown-leg", "leg", &leg.to_string()))
}

/// A leg as it is now.
#[utoipa::path(get, path = "/v1/legs/{leg}", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    responses((status = 200, body = LegView)))]
async fn get(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
) -> Result<Json<LegView>, Problem> {
    look(&state, &access, leg).await.map(Json)
}

/// How the media of a leg fare; `null` before there are any.
#[utoipa::path(get, path = "/v1/legs/{leg}/stats", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    responses((status = 200, body = Option<QualityView>)))]
async fn stats(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
) -> Result<Json<Option<QualityView>>, Problem> {
    Ok(Json(look(&state, &access, leg).await?.quality))
}

/// Hangs a leg up.
#[utoipa::path(delete, path = "/v1/legs/{leg}", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    responses((status = 200, body = Outcome)))]
async fn hang_up(extract::State(state): extract::State<State>, access: Access, Named(leg): Named<LegId>) -> Answer {
    state.obey(&access, None, Verb::Drop { leg }).await
}

/// Takes a leg out of the talk and lets it hear something; once more, and it hears something else.
#[utoipa::path(post, path = "/v1/legs/{leg}/hold", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    request_body = HoldWish, responses((status = 200, body = Outcome)))]
async fn hold(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
    Json(wish): Json<HoldWish>,
) -> Answer {
    state.obey(&access, None, Verb::Hold { leg, music: wish.music.map(Heard::sound).unwrap_or_default() }).await
}

/// Takes a leg that we hold back into the talk.
#[utoipa::path(post, path = "/v1/legs/{leg}/unhold", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    responses((status = 200, body = Outcome)))]
async fn unhold(extract::State(state): extract::State<State>, access: Access, Named(leg): Named<LegId>) -> Answer {
    state.obey(&access, None, Verb::Unhold { leg }).await
}

/// Nobody hears a leg.
#[utoipa::path(post, path = "/v1/legs/{leg}/mute", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    responses((status = 200, body = Outcome)))]
async fn mute(extract::State(state): extract::State<State>, access: Access, Named(leg): Named<LegId>) -> Answer {
    state.obey(&access, None, Verb::Mute { leg, on: true }).await
}

/// Those hear a leg again who may.
#[utoipa::path(post, path = "/v1/legs/{leg}/unmute", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    responses((status = 200, body = Outcome)))]
async fn unmute(extract::State(state): extract::State<State>, access: Access, Named(leg): Named<LegId>) -> Answer {
    state.obey(&access, None, Verb::Mute { leg, on: false }).await
}

/// A leg hears nobody.
#[utoipa::path(post, path = "/v1/legs/{leg}/deaf", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    responses((status = 200, body = Outcome)))]
async fn deafen(extract::State(state): extract::State<State>, access: Access, Named(leg): Named<LegId>) -> Answer {
    state.obey(&access, None, Verb::Deafen { leg, on: true }).await
}

/// A leg hears the others again.
#[utoipa::path(post, path = "/v1/legs/{leg}/undeaf", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    responses((status = 200, body = Outcome)))]
async fn undeafen(extract::State(state): extract::State<State>, access: Access, Named(leg): Named<LegId>) -> Answer {
    state.obey(&access, None, Verb::Deafen { leg, on: false }).await
}

/// What a leg may do: talk, coach one of the others, monitor. It is neither muted nor deaf after that.
#[utoipa::path(post, path = "/v1/legs/{leg}/role", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    request_body = RoleChange, responses((status = 200, body = Outcome)))]
async fn set_role(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
    Json(wish): Json<RoleChange>,
) -> Answer {
    state.obey(&access, None, Verb::SetRole { leg, role: role(wish.role, wish.coach_target.as_deref())? }).await
}

/// Plays something to one leg.
#[utoipa::path(post, path = "/v1/legs/{leg}/play", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    request_body = PlayWish, responses((status = 200, body = Outcome)))]
async fn play(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
    Json(wish): Json<PlayWish>,
) -> Answer {
    state.obey(&access, None, wish.verb(Audience::Leg(leg))?).await
}

/// Records one leg.
#[utoipa::path(post, path = "/v1/legs/{leg}/recordings", tag = "recordings", params(("leg" = LegId, Path, example = "leg-12")),
    request_body = RecordingWish, responses((status = 200, body = Outcome)))]
async fn record(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
    Json(wish): Json<RecordingWish>,
) -> Answer {
    state.obey(&access, None, wish.verb(Audience::Leg(leg))).await
}

/// What a member's coming and going means to its conference.
#[utoipa::path(post, path = "/v1/legs/{leg}/membership", tag = "conferences", params(("leg" = LegId, Path, example = "leg-12")),
    request_body = MembershipWish, responses((status = 200, body = Outcome)))]
async fn membership(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
    Json(wish): Json<MembershipWish>,
) -> Answer {
    state
        .obey(
            &access,
            None,
            Verb::Membership { leg, membership: Membership { starts: wish.start_on_enter, ends: wish.end_on_exit } },
        )
        .await
}

/// Plays something no more, whoever heard it.
#[utoipa::path(delete, path = "/v1/plays/{play}", tag = "legs", params(("play" = PlayId, Path, example = "play-4")),
    responses((status = 200, body = Outcome)))]
async fn stop_play(extract::State(state): extract::State<State>, access: Access, Named(play): Named<PlayId>) -> Answer {
    state.obey(&access, None, Verb::StopPlay { play }).await
}

/// A leg goes to another call.
#[utoipa::path(post, path = "/v1/legs/{leg}/move", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    request_body = MoveWish, responses((status = 200, body = Outcome)))]
async fn move_to(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
    Json(wish): Json<MoveWish>,
) -> Answer {
    let to = read_name("to", &wish.to)?;
    state.command(&access, What::Move { leg, to }).await.map(axum::Json)
}

/// Somebody who is in two calls leaves both, and those whom it talked to talk to each other.
#[utoipa::path(post, path = "/v1/legs/{leg}/bridge", tag = "legs", params(("leg" = LegId, Path, example = "leg-12")),
    request_body = BridgeWish, responses((status = 200, body = Outcome)))]
async fn bridge(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(leg): Named<LegId>,
    Json(wish): Json<BridgeWish>,
) -> Answer {
    let with = read_name("with", &wish.with)?;
    state.command(&access, What::Bridge { leg, with }).await.map(axum::Json)
}
