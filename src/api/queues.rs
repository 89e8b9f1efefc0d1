//! Queues: who waits, and who takes their calls.

use super::{
    auth::Access,
    json::Json,
    order::Answer,
    problem::Problem,
    shape::{Named, Number, Outcome, QueueName},
    state::State,
};
use crate::control::{AgentView, Granted, QueueView, What};
use axum::extract;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// All queues.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Queues {
    queues: Vec<QueueView>,
}

/// Somebody who takes calls of queues.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Agent {
    #[serde(flatten)]
    agent: AgentView,
    /// The queues whose calls it takes.
    queues: Vec<String>,
}

/// All who take calls of queues.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Agents {
    agents: Vec<Agent>,
}

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(agents))
        .routes(routes!(agent))
        .routes(routes!(pause))
        .routes(routes!(unpause))
}

async fn all(state: &State, access: &Access) -> Result<Vec<QueueView>, Problem> {
    let (_, granted) = state.order(access, What::Queues).await?;
    Ok(if let Granted::Queues(queues) = granted { queues } else { Vec::new() })
}

/// Agents by extension; who may not read all sees its own.
async fn all_agents(state: &State, access: &Access) -> Result<Vec<Agent>, Problem> {
    let mut found: BTreeMap<String, Agent> = BTreeMap::new();
    for queue in all(state, access).await? {
        for agent in queue.agents {
            let entry = found.entry(agent.extension.clone()).or_insert(Agent { agent, queues: Vec::new() });
            entry.queues.push(queue.name.clone());
        }
    }
    let sees = |agent: &Agent| access.reads_all() || access.is_agent(&agent.agent.extension);
    Ok(found.into_values().filter(sees).collect())
}

/// All queues: who waits, the next first, and the agents with what they do.
#[utoipa::path(get, path = "/v1/queues", tag = "queues", responses((status = 200, body = Queues)))]
async fn list(extract::State(state): extract::State<State>, access: Access) -> Result<Json<Queues>, Problem> {
    access.must_read_all()?;
    Ok(Json(Queues { queues: all(&state, &access).await? }))
}

/// A queue as it is now.
#[utoipa::path(get, path = "/v1/queues/{queue}", tag = "queues",
    params(("queue" = String, Path, example = "support")), responses((status = 200, body = QueueView)))]
async fn get(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(name): Named<QueueName>,
) -> Result<Json<QueueView>, Problem> {
    access.must_read_all()?;
    let found = all(&state, &access).await?.into_iter().find(|queue| queue.name == name.0);
    found.map(Json).ok_or_else(|| Problem::unknown("unknown-queue", "queue", &name.0))
}

/// All agents of queues. An agent sees itself.
#[utoipa::path(get, path = "/v1/agents", tag = "queues", responses((status = 200, body = Agents)))]
async fn agents(extract::State(state): extract::State<State>, access: Access) -> Result<Json<Agents>, Problem> {
    Ok(Json(Agents { agents: all_agents(&state, &access).await? }))
}

/// An agent as it is now.
#[utoipa::path(get, path = "/v1/agents/{extension}", tag = "queues",
    params(("extension" = String, Path, example = "1001")), responses((status = 200, body = Agent)))]
async fn agent(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(number): Named<Number>,
) -> Result<Json<Agent>, Problem> {
    let found = all_agents(&state, &access).await?.into_iter().find(|agent| agent.agent.extension == number.0);
    found.map(Json).ok_or_else(|| Problem::unknown("unknown-agent", "agent", &number.0))
}

/// An agent takes no more calls of queues, once it has done what it does. Calls to its number reach it as ever.
#[utoipa::path(post, path = "/v1/agents/{extension}/pause", tag = "queues",
    params(("extension" = String, Path, example = "1001")), responses((status = 200, body = Outcome)))]
async fn pause(extract::State(state): extract::State<State>, access: Access, Named(number): Named<Number>) -> Answer {
    state.command(&access, What::PauseAgent { agent: number.0, paused: true }).await.map(axum::Json)
}

/// An agent takes calls of queues again, at once: wrap-up is over.
#[utoipa::path(post, path = "/v1/agents/{extension}/unpause", tag = "queues",
    params(("extension" = String, Path, example = "1001")), responses((status = 200, body = Outcome)))]
async fn unpause(extract::State(state): extract::State<State>, access: Access, Named(number): Named<Number>) -> Answer {
    state.command(&access, What::PauseAgent { agent: number.0, paused: false }).await.map(axum::Json)
}
