//! Webhooks: who is told, and what could not be.

use super::{
    auth::Access,
    calls::read_name,
    hooks::{DeadLetter, Hook, HookId},
    json::Json,
    problem::Problem,
    settings::{Key, WebhookSettings},
    shape::Named,
    state::State,
};
use crate::ids::CallId;
use axum::{
    extract,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Somebody who wants to be told.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWebhook {
    /// Where events are sent: `http://` or `https://`, and a host that `[http] webhook_hosts` names.
    #[schema(
        example = "https://desk.example/warmline",
        min_length = 8,
        max_length = 2048,
        pattern = "^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/?=&-]*)?$"
    )]
    url: String,
    /// Signs what is sent (HMAC-SHA256).
    #[schema(example = "a-long-and-random-secret", min_length = 16, max_length = 256)]
    secret: String,
    /// Types of events (`leg.answered`) or nouns (`transfer`); all when absent.
    #[serde(default)]
    #[schema(max_items = 100)]
    events: Vec<String>,
    /// Of this call alone, and until it is over. All calls when absent: for administrators.
    #[schema(value_type = Option<CallId>, example = "call-7")]
    call: Option<String>,
}

/// Who is told of a call that begins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CallWebhook {
    /// Where events are sent: `http://` or `https://`, and a host that `[http] webhook_hosts` names.
    #[schema(
        example = "https://desk.example/warmline",
        min_length = 8,
        max_length = 2048,
        pattern = "^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/?=&-]*)?$"
    )]
    url: String,
    /// Signs what is sent (HMAC-SHA256).
    #[schema(example = "a-long-and-random-secret", min_length = 16, max_length = 256)]
    secret: String,
    /// Types of events (`leg.answered`) or nouns (`transfer`); all when absent.
    #[serde(default)]
    #[schema(max_items = 100)]
    events: Vec<String>,
}

/// Somebody who is told.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhook {
    #[schema(value_type = String, example = "webhook-1")]
    id: HookId,
    url: String,
    /// Types or nouns; all when empty.
    events: Vec<String>,
    /// Of this call alone.
    call: Option<CallId>,
    /// It stands in the configuration.
    configured: bool,
}

/// All who are told.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhooks {
    webhooks: Vec<Webhook>,
}

/// What could not be delivered, the newest last.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetters {
    dead: Vec<DeadLetter>,
}

/// How many were forgotten.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Forgotten {
    forgotten: usize,
}

/// The bounds of a secret, characters.
const SECRET: std::ops::RangeInclusive<usize> = 16..=256;
/// The longest address, bytes.
const URL: usize = 2048;
/// Types that may be named.
const TYPES: usize = 100;
/// In `[http] webhook_hosts`: any host.
const ANY: &str = "*";

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(dead, forget)).routes(routes!(remove))
}

/// All webhooks.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", responses((status = 200, body = Webhooks)))]
async fn list(extract::State(state): extract::State<State>, access: Access) -> Result<Json<Webhooks>, Problem> {
    access.must_read_all()?;
    Ok(Json(Webhooks { webhooks: state.hooks.list().iter().map(|hook| shown(hook)).collect() }))
}

/// Tells somebody of what happens from now on.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks", request_body = NewWebhook,
    responses((status = 201, description = "it is told from now on", body = Webhook)))]
async fn add(
    extract::State(state): extract::State<State>,
    access: Access,
    Json(new): Json<NewWebhook>,
) -> Result<Response, Problem> {
    let call: Option<CallId> = new.call.map(|call| read_name("call", &call)).transpose()?;
    match call {
        None => access.must_administer()?,
        Some(_) => access.must_control_all()?,
    }
    if let Some(call) = call.filter(|call| state.hub.call(*call).is_none()) {
        return Err(Problem::unknown("unknown-call", "call", &call.to_string()));
    }
    let hook = CallWebhook { url: new.url, secret: new.secret, events: new.events };
    hook.check(&state, "")?;
    let hook = hook.start(&state, call, None)?;
    if call.is_none() {
        state.hooks.keep().await;
    }
    let location = HeaderValue::from_str(&format!("/v1/webhooks/{}", hook.id));
    let mut response = (StatusCode::CREATED, Json(shown(&hook))).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Tells it nothing more.
#[utoipa::path(delete, path = "/v1/webhooks/{webhook}", tag = "webhooks",
    params(("webhook" = String, Path, example = "webhook-1")), responses((status = 200, body = Webhook)))]
async fn remove(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(id): Named<HookId>,
) -> Result<Json<Webhook>, Problem> {
    access.must_control_all()?;
    let unknown = || Problem::unknown("unknown-webhook", "webhook", &id.to_string());
    let hook = state.hooks.list().into_iter().find(|hook| hook.id == id).ok_or_else(unknown)?;
    if hook.configured {
        return Err(Problem::new(StatusCode::CONFLICT, "configured", "this webhook stands in the configuration"));
    }
    if hook.call.is_none() {
        access.must_administer()?;
    }
    let removed = state.hooks.remove(id).ok_or_else(unknown)?;
    if removed.call.is_none() {
        state.hooks.keep().await;
    }
    Ok(Json(shown(&removed)))
}

/// What could not be delivered.
#[utoipa::path(get, path = "/v1/webhooks/dead", tag = "webhooks", responses((status = 200, body = DeadLetters)))]
async fn dead(extract::State(state): extract::State<State>, access: Access) -> Result<Json<DeadLetters>, Problem> {
    access.must_read_all()?;
    Ok(Json(DeadLetters { dead: state.hooks.dead.list() }))
}

/// Forgets what could not be delivered.
#[utoipa::path(delete, path = "/v1/webhooks/dead", tag = "webhooks", responses((status = 200, body = Forgotten)))]
async fn forget(extract::State(state): extract::State<State>, access: Access) -> Result<Json<Forgotten>, Problem> {
    access.must_administer()?;
    Ok(Json(Forgotten { forgotten: state.hooks.dead.clear() }))
}

fn shown(hook: &Hook) -> Webhook {
    Webhook {
        id: hook.id,
        url: hook.url.clone(),
        events: hook.events.clone(),
        call: hook.call,
        configured: hook.configured,
    }
}

impl CallWebhook {
    /// Whether it may be; `field` is where it stands, with a dot behind.
    pub(super) fn check(&self, state: &State, field: &str) -> Result<(), Problem> {
        let host = Some(&self.url).filter(|url| url.len() <= URL).and_then(|url| WebhookSettings::host(url));
        let host =
            host.ok_or_else(|| Problem::field(format!("{field}url"), "must be http:// or https:// and a host"))?;
        if !may_be_told(&state.webhook_hosts, &self.url) {
            let detail = format!("{host} is not among [http] webhook_hosts");
            return Err(Problem::new(StatusCode::FORBIDDEN, "host-not-allowed", detail).at(&format!("{field}url")));
        }
        if !SECRET.contains(&self.secret.chars().count()) {
            return Err(Problem::field(format!("{field}secret"), "must be 16 to 256 characters"));
        }
        if self.events.len() > TYPES {
            return Err(Problem::field(format!("{field}events"), format!("must be {TYPES} at the most")));
        }
        Ok(())
    }

    /// Tells it of what comes after `since`, or from now on.
    pub(super) fn start(self, state: &State, call: Option<CallId>, since: Option<u64>) -> Result<Arc<Hook>, Problem> {
        let secret = Key::new(self.secret.into_bytes());
        let hook = state.hooks.add(self.url, secret, self.events, call, since, false);
        hook.ok_or_else(|| {
            Problem::later(StatusCode::SERVICE_UNAVAILABLE, "full", "there are as many webhooks as may be", 60)
        })
    }
}

/// Whether programs may have somebody told there.
pub(super) fn may_be_told(hosts: &[String], url: &str) -> bool {
    WebhookSettings::host(url).is_some_and(|host| hosts.iter().any(|allowed| allows(allowed, &host)))
}

/// Whether a host of the configuration is this one: with a port only that port is meant.
fn allows(allowed: &str, host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    allowed == ANY || allowed == host || name.is_some_and(|(name, _)| allowed == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_allowed_by_its_name_with_or_without_a_port() {
        for (allowed, url, fits) in [
            ("desk.example", "https://desk.example/x", true),
            ("desk.example", "https://Desk.Example:8443/x", true),
            ("desk.example:8443", "https://desk.example:8443/x", true),
            ("desk.example:8443", "https://desk.example/x", false),
            ("desk.example", "https://desk.example.evil/x", false),
            ("[::1]", "http://[::1]:80/", true),
            ("*", "http://anything/", true),
        ] {
            let host = WebhookSettings::host(url).unwrap();
            assert_eq!(allows(allowed, &host), fits, "{allowed} {url}");
        }
        for wrong in ["ftp://desk.example", "desk.example", "http://user@desk.example/", "http:///x", ""] {
            assert_eq!(WebhookSettings::host(wrong), None, "{wrong}");
        }
    }
}
