//! From a request to the desk, and back.

use super::{auth::Access, problem::Problem, rights, shape::Outcome, state::State};
use crate::{
    call::{Refused, Verb},
    control::{Granted, Refusal, What},
    ids::{CallId, WishId},
};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// The answer to a command: how things are now.
pub(super) type Answer = Result<Json<Outcome>, Problem>;

/// s after which a command that found no room may be sent again.
const RETRY_S: u32 = 1;

impl State {
    /// Has something done with a live call; `call` where the path names it.
    pub(super) async fn obey(&self, access: &Access, call: Option<CallId>, verb: Verb) -> Answer {
        self.command(access, What::Obey { call, verb }).await.map(Json)
    }

    /// Has something done that makes something: 201, and where it is.
    pub(super) async fn make(&self, access: &Access, what: What) -> Result<Response, Problem> {
        Ok(made(self.command(access, what).await?))
    }

    /// Has something done, if this one may have it done.
    pub(super) async fn command(&self, access: &Access, what: What) -> Result<Outcome, Problem> {
        rights::check(self, access, &what)?;
        let (wish, granted) = self.order(access, what).await?;
        Ok(Outcome::new(wish, granted))
    }

    /// Puts a wish on the desk.
    pub(super) async fn order(&self, access: &Access, what: What) -> Result<(WishId, Granted), Problem> {
        self.desk.order(&access.name, what).await.map_err(Problem::from)
    }
}

/// Something was made: 201, and where it is.
pub(super) fn made(outcome: Outcome) -> Response {
    let location = outcome.location().and_then(|location| HeaderValue::from_str(&location).ok());
    let mut response = (StatusCode::CREATED, Json(outcome)).into_response();
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Refused(refused) => refused.into(),
            Refusal::Full => Self::later(StatusCode::SERVICE_UNAVAILABLE, "inbox-full", &refusal.to_string(), RETRY_S),
            Refusal::Gone => Self::later(StatusCode::SERVICE_UNAVAILABLE, "stopping", &refusal.to_string(), 30),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let status = StatusCode::from_u16(refused.http_status()).unwrap_or(StatusCode::CONFLICT);
        let (rule, detail) = (refused.rule(), refused.to_string());
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return Self::later(status, rule, &detail, RETRY_S);
        }
        let problem = Self::new(status, rule, detail);
        if let Refused::Invalid { field, .. } = refused {
            return problem.at(field);
        }
        let target = [
            Refused::NoSuchTarget,
            Refused::NobodyRegistered,
            Refused::TargetForbidden,
            Refused::ForeignHost,
            Refused::TargetUnfit,
        ];
        if target.contains(&refused) { problem.at("to") } else { problem }
    }
}
