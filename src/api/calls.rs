//! Calls: list, look, make, end, merge; and who comes into one.

use super::{
    auth::Access,
    json::{Json, Query},
    order::{Answer, made},
    problem::Problem,
    recordings::RecordingWish,
    rights,
    shape::{Heard, Named, Outcome, To},
    state::State,
    webhooks::CallWebhook,
};
use crate::{
    call::{Add, Audience, CallView, Sound, Verb},
    control::{Granted, Originate, What},
    ids::{AttemptId, CallId, LegId},
};
use axum::{extract, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Calls, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Calls {
    calls: Vec<CallView>,
    /// They are as they were after the event of this number: `GET /v1/events?since=` goes on from there.
    sequence: u64,
    /// There are more: the next page is `?after=` this.
    next: Option<CallId>,
}

/// Which calls.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CallsWanted {
    /// Only those in which this extension has a leg.
    #[param(min_length = 1, max_length = 64)]
    extension: Option<String>,
    /// Only those after this one.
    #[param(value_type = Option<CallId>, example = "call-7")]
    after: Option<String>,
    /// No more than these; 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// A new call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCall {
    /// Who is called first.
    to: To,
    /// Who is called when the first has answered, and joined with it.
    and: Option<To>,
    /// What the first hears while the second is called; ringback when absent.
    waiting: Option<Heard>,
    /// Who is told of what happens in it, from its beginning to its end.
    webhook: Option<CallWebhook>,
}

/// One more party.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewParticipant {
    /// Whom. It sees the number of the caller of this call where no other is said.
    to: To,
    /// What it may do once it is there.
    #[serde(default)]
    role: RoleWish,
    /// Who hears it, where its role is `coach`.
    #[schema(value_type = Option<LegId>, example = "leg-2")]
    coach_target: Option<String>,
}

/// What a leg may do in the mix.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RoleWish {
    /// Is heard and hears.
    #[default]
    Talk,
    /// Hears all, is heard by one.
    Coach,
    /// Hears all, is heard by nobody.
    Monitor,
}

/// Two calls become one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MergeWish {
    /// The call that goes on.
    #[schema(value_type = CallId, example = "call-8")]
    into: String,
    /// One who does not come along and is hung up: somebody who is in both.
    #[schema(value_type = Option<LegId>, example = "leg-3")]
    leaving: Option<String>,
}

/// Something to be heard by everybody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlayWish {
    /// What.
    sound: Heard,
    /// Over the talk; else instead of it.
    #[serde(default = "over")]
    #[schema(default = true)]
    over: bool,
    /// How often; 0: until it is stopped.
    #[serde(default = "once")]
    #[schema(default = 1, maximum = 10_000)]
    times: u32,
}

impl PlayWish {
    /// Has it played.
    pub(super) fn verb(self, to: Audience) -> Result<Verb, Problem> {
        if self.times > MOST_TIMES {
            return Err(Problem::field("times", format!("must be {MOST_TIMES} at the most")));
        }
        Ok(Verb::Play { to, sound: self.sound.sound(), over: self.over, times: self.times })
    }
}

fn over() -> bool {
    true
}

fn once() -> u32 {
    1
}

/// How often something may be played, where it is not until it is stopped.
const MOST_TIMES: u32 = 10_000;
/// Calls of a page where nothing is said.
const PAGE: usize = 100;
/// Calls of a page at the most.
const LARGEST_PAGE: usize = 1000;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list, originate))
        .routes(routes!(get, end))
        .routes(routes!(add))
        .routes(routes!(call_off))
        .routes(routes!(merge))
        .routes(routes!(play))
        .routes(routes!(record))
}

/// All calls. An agent sees those in which its extension has a leg.
#[utoipa::path(get, path = "/v1/calls", tag = "calls", params(CallsWanted), responses((status = 200, body = Calls)))]
async fn list(
    extract::State(state): extract::State<State>,
    access: Access,
    Query(wanted): Query<CallsWanted>,
) -> Result<Json<Calls>, Problem> {
    let limit = wanted.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::field("limit", format!("must be 1 to {LARGEST_PAGE}")));
    }
    if wanted.extension.as_ref().is_some_and(|extension| !(1..=64).contains(&extension.len())) {
        return Err(Problem::field("extension", "must be the number of an extension"));
    }
    let after = wanted.after.map(|after| read_name("after", &after)).transpose()?;
    let mut snapshot = state.hub.snapshot();
    if let Some(extension) = &wanted.extension {
        snapshot.keep_those_of(&[extension]);
    }
    let mut fitting = snapshot.calls.iter().filter(|call| after.is_none_or(|after| call.id > after));
    let mut fitting = fitting.by_ref().filter(|call| rights::sees(&access, call));
    let calls: Vec<CallView> = fitting.by_ref().take(limit).map(|call| CallView::clone(call)).collect();
    let next = fitting.next().and_then(|_| calls.last()).map(|call| call.id);
    Ok(Json(Calls { calls, sequence: snapshot.sequence, next }))
}

/// Calls somebody, and then, if wished, somebody else, and joins them.
#[utoipa::path(post, path = "/v1/calls", tag = "calls", request_body = NewCall,
    responses((status = 201, description = "the first is being called", body = Outcome)))]
async fn originate(
    extract::State(state): extract::State<State>,
    access: Access,
    Json(new): Json<NewCall>,
) -> Result<Response, Problem> {
    let waiting = new.waiting.map_or(Sound::Ringback, Heard::sound);
    let originate = Originate { first: new.to.approach(), second: new.and.map(To::approach), waiting };
    if let Some(webhook) = &new.webhook {
        webhook.check(&state, "webhook.")?;
    }
    let before = state.hub.newest();
    let outcome = state.command(&access, What::Originate(Box::new(originate))).await?;
    if let Some((webhook, call)) = new.webhook.zip(outcome.call()) {
        // The call goes on where there are too many webhooks; the log says so.
        if webhook.start(&state, Some(call), Some(before)).is_err() {
            tracing::warn!(%call, "nobody is told of this call: there are as many webhooks as may be");
        }
    }
    Ok(made(outcome))
}

/// A call as it is now.
#[utoipa::path(get, path = "/v1/calls/{call}", tag = "calls", params(("call" = CallId, Path, example = "call-7")),
    responses((status = 200, body = CallView)))]
async fn get(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(call): Named<CallId>,
) -> Result<Json<CallView>, Problem> {
    let (_, granted) = state.order(&access, What::Call(call)).await?;
    if let Granted::Call(view) = granted
        && rights::sees(&access, &view)
    {
        return Ok(Json(view));
    }
    Err(Problem::unknown("unknown-call", "call", &call.to_string()))
}

/// Hangs everybody up.
#[utoipa::path(delete, path = "/v1/calls/{call}", tag = "calls", params(("call" = CallId, Path, example = "call-7")),
    responses((status = 200, body = Outcome)))]
async fn end(extract::State(state): extract::State<State>, access: Access, Named(call): Named<CallId>) -> Answer {
    state.obey(&access, Some(call), Verb::End).await
}

/// Calls one more party into a call. It sees the original caller's number where no other is said.
#[utoipa::path(post, path = "/v1/calls/{call}/participants", tag = "calls",
    params(("call" = CallId, Path, example = "call-7")), request_body = NewParticipant,
    responses((status = 201, description = "it is being called", body = Outcome)))]
async fn add(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(call): Named<CallId>,
    Json(new): Json<NewParticipant>,
) -> Result<Response, Problem> {
    let role = role(new.role, new.coach_target.as_deref())?;
    let verb = Verb::Add(Box::new(Add { who: new.to.approach(), role }));
    state.make(&access, What::Obey { call: Some(call), verb }).await
}

/// Does not call that party any more.
#[utoipa::path(delete, path = "/v1/calls/{call}/attempts/{attempt}", tag = "calls",
    params(("call" = CallId, Path, example = "call-7"), ("attempt" = AttemptId, Path, example = "attempt-3")),
    responses((status = 200, body = Outcome)))]
async fn call_off(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(call): Named<CallId>,
    Named(attempt): Named<AttemptId>,
) -> Answer {
    state.obey(&access, Some(call), Verb::CallOff { attempt }).await
}

/// Everybody of this call goes to another one.
#[utoipa::path(post, path = "/v1/calls/{call}/merge", tag = "calls", params(("call" = CallId, Path, example = "call-7")),
    request_body = MergeWish, responses((status = 200, body = Outcome)))]
async fn merge(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(from): Named<CallId>,
    Json(wish): Json<MergeWish>,
) -> Answer {
    let into = read_name("into", &wish.into)?;
    let leaving: Option<LegId> = wish.leaving.map(|leg| read_name("leaving", &leg)).transpose()?;
    state.command(&access, What::MergeCalls { from, into, leaving }).await.map(axum::Json)
}

/// Plays something to everybody in a call.
#[utoipa::path(post, path = "/v1/calls/{call}/play", tag = "calls", params(("call" = CallId, Path, example = "call-7")),
    request_body = PlayWish, responses((status = 200, body = Outcome)))]
async fn play(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(call): Named<CallId>,
    Json(wish): Json<PlayWish>,
) -> Answer {
    state.obey(&access, Some(call), wish.verb(Audience::All)?).await
}

/// Records a whole call.
#[utoipa::path(post, path = "/v1/calls/{call}/recordings", tag = "recordings",
    params(("call" = CallId, Path, example = "call-7")), request_body = RecordingWish,
    responses((status = 200, body = Outcome)))]
async fn record(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(call): Named<CallId>,
    Json(wish): Json<RecordingWish>,
) -> Answer {
    state.obey(&access, Some(call), wish.verb(Audience::All)).await
}

/// A role as the calls understand it.
pub(super) fn role(wish: RoleWish, target: Option<&str>) -> Result<crate::call::Role, Problem> {
    use crate::call::Role;
    match (wish, target) {
        (RoleWish::Talk, None) => Ok(Role::Talk),
        (RoleWish::Monitor, None) => Ok(Role::Monitor),
        (RoleWish::Coach, Some(target)) => Ok(Role::Coach { target: read_name("coach_target", target)? }),
        (RoleWish::Coach, None) => Err(Problem::field("coach_target", "a coach needs somebody who hears it")),
        (RoleWish::Talk | RoleWish::Monitor, Some(_)) => Err(Problem::field("coach_target", "is for coaches only")),
    }
}

/// A name in a field.
pub(super) fn read_name<T: std::str::FromStr>(field: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::field(field, format!("{text:?} is no name of that kind")))
}
