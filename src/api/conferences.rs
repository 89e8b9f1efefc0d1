//! Conferences: rooms by name.

use super::{
    auth::Access,
    calls::PlayWish,
    json::Json,
    order::{Answer, made},
    problem::Problem,
    recordings::RecordingWish,
    shape::{Heard, Named, Outcome, RoomName},
    state::State,
};
use crate::{
    call::{Audience, Membership, Sound, Verb},
    control::{Granted, RoomSettings, RoomView, What},
    ids::CallId,
};
use axum::{
    extract,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Conferences by name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Conferences {
    conferences: Vec<RoomView>,
}

/// A conference before anybody enters.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewConference {
    /// Its name: what stands behind `conference:` in routes and destinations.
    #[schema(example = "7001", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._+-]+$")]
    name: String,
    /// The talk begins when somebody enters who just dials in; else only when a moderator does.
    #[serde(default = "yes")]
    #[schema(default = true)]
    start_on_enter: bool,
    /// It ends when anybody leaves; else only when a moderator does.
    #[serde(default)]
    end_on_exit: bool,
    /// Extensions whose coming starts the talk and whose going ends the conference.
    #[serde(default)]
    #[schema(max_items = 100)]
    moderators: Vec<String>,
    /// What members hear before the talk begins, and when they are alone; the hold music when absent.
    wait_music: Option<Heard>,
    /// No more members than these.
    #[schema(minimum = 1, maximum = 10_000)]
    max_members: Option<usize>,
    /// Heard by all when somebody enters.
    announce_enter: Option<Heard>,
    /// Heard by all when somebody leaves.
    announce_leave: Option<Heard>,
    /// It stays when the last one has left, until it is deleted.
    #[serde(default)]
    stays: bool,
}

fn yes() -> bool {
    true
}

/// The longest name.
const LONGEST: usize = 64;
/// Moderators at the most.
const MODERATORS: usize = 100;
/// Members at the most.
const MEMBERS: usize = 10_000;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list, open))
        .routes(routes!(get, end))
        .routes(routes!(play))
        .routes(routes!(record))
}

async fn all(state: &State, access: &Access) -> Result<Vec<RoomView>, Problem> {
    access.must_read_all()?;
    let (_, granted) = state.order(access, What::Rooms).await?;
    Ok(if let Granted::Rooms(rooms) = granted { rooms } else { Vec::new() })
}

async fn find(state: &State, access: &Access, name: &RoomName) -> Result<RoomView, Problem> {
    let found = all(state, access).await?.into_iter().find(|room| room.name == name.0);
    found.ok_or_else(|| Problem::unknown("unknown-room", "conference", &name.0))
}

/// The call that a conference is, to command it.
async fn call_of(state: &State, access: &Access, name: &RoomName) -> Result<CallId, Problem> {
    access.must_control_all()?;
    let room = find(state, access, name).await?;
    room.call.ok_or_else(|| Problem::new(StatusCode::CONFLICT, "nobody-else", "nobody has entered the conference yet"))
}

/// All conferences.
#[utoipa::path(get, path = "/v1/conferences", tag = "conferences", responses((status = 200, body = Conferences)))]
async fn list(extract::State(state): extract::State<State>, access: Access) -> Result<Json<Conferences>, Problem> {
    Ok(Json(Conferences { conferences: all(&state, &access).await? }))
}

/// Opens a conference before anybody enters. Those that are only dialled into need not be opened.
#[utoipa::path(post, path = "/v1/conferences", tag = "conferences", request_body = NewConference,
    responses((status = 201, description = "open", body = Outcome)))]
async fn open(
    extract::State(state): extract::State<State>,
    access: Access,
    Json(new): Json<NewConference>,
) -> Result<Response, Problem> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if new.name.is_empty() || new.name.len() > LONGEST || !new.name.chars().all(fits) {
        return Err(Problem::field("name", "must be 1 to 64 letters, digits, and . _ + -"));
    }
    if new.moderators.len() > MODERATORS {
        return Err(Problem::field("moderators", format!("must be {MODERATORS} at the most")));
    }
    if new.max_members.is_some_and(|most| !(1..=MEMBERS).contains(&most)) {
        return Err(Problem::field("max_members", format!("must be 1 to {MEMBERS}")));
    }
    let settings = RoomSettings {
        membership: Membership { starts: new.start_on_enter, ends: new.end_on_exit },
        moderators: new.moderators,
        waiting: new.wait_music.map_or(Sound::Music, Heard::sound),
        max_members: new.max_members,
        enters: new.announce_enter.map(Heard::sound),
        leaves: new.announce_leave.map(Heard::sound),
        stays: new.stays,
    };
    let location = HeaderValue::from_str(&format!("/v1/conferences/{}", new.name));
    let mut response = made(state.command(&access, What::OpenRoom { name: new.name, settings }).await?);
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// A conference as it is now.
#[utoipa::path(get, path = "/v1/conferences/{conference}", tag = "conferences",
    params(("conference" = String, Path, example = "7001")), responses((status = 200, body = RoomView)))]
async fn get(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(name): Named<RoomName>,
) -> Result<Json<RoomView>, Problem> {
    find(&state, &access, &name).await.map(Json)
}

/// Ends a conference: everybody is hung up, and what was said of it when it was opened is forgotten.
#[utoipa::path(delete, path = "/v1/conferences/{conference}", tag = "conferences",
    params(("conference" = String, Path, example = "7001")), responses((status = 200, body = Outcome)))]
async fn end(extract::State(state): extract::State<State>, access: Access, Named(name): Named<RoomName>) -> Answer {
    access.must_control_all()?;
    let room = find(&state, &access, &name).await?;
    let closed = state.command(&access, What::CloseRoom { name: name.0 }).await?;
    match room.call {
        Some(call) => state.obey(&access, Some(call), Verb::End).await,
        None => Ok(axum::Json(closed)),
    }
}

/// Plays something to everybody: an announcement.
#[utoipa::path(post, path = "/v1/conferences/{conference}/play", tag = "conferences",
    params(("conference" = String, Path, example = "7001")), request_body = PlayWish,
    responses((status = 200, body = Outcome)))]
async fn play(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(name): Named<RoomName>,
    Json(wish): Json<PlayWish>,
) -> Answer {
    let call = call_of(&state, &access, &name).await?;
    state.obey(&access, Some(call), wish.verb(Audience::All)?).await
}

/// Records a conference.
#[utoipa::path(post, path = "/v1/conferences/{conference}/recordings", tag = "recordings",
    params(("conference" = String, Path, example = "7001")), request_body = RecordingWish,
    responses((status = 200, body = Outcome)))]
async fn record(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(name): Named<RoomName>,
    Json(wish): Json<RecordingWish>,
) -> Answer {
    let call = call_of(&state, &access, &name).await?;
    state.obey(&access, Some(call), wish.verb(Audience::All)).await
}
