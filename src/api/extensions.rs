//! Extensions and the phones that are registered for them.

use super::{
    auth::Access,
    json::Json,
    problem::Problem,
    shape::{Named, Number},
    state::State,
};
use crate::control::{ExtensionView, Granted, RegistrationView, What};
use axum::extract;
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// An extension, and the phones that are registered for it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Extension {
    /// What others dial.
    #[schema(example = "1001")]
    number: String,
    /// What the called see beside it.
    name: Option<String>,
    /// Its phones.
    registrations: Vec<RegistrationView>,
}

/// All extensions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Extensions {
    extensions: Vec<Extension>,
}

/// All registrations.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Registrations {
    registrations: Vec<RegistrationView>,
}

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(registrations))
}

async fn registered(state: &State, access: &Access) -> Result<Vec<RegistrationView>, Problem> {
    let (_, granted) = state.order(access, What::Registrations).await?;
    Ok(if let Granted::Registrations(registrations) = granted { registrations } else { Vec::new() })
}

async fn configured(state: &State, access: &Access) -> Result<Vec<Extension>, Problem> {
    let (_, granted) = state.order(access, What::Extensions).await?;
    let extensions = if let Granted::Extensions(extensions) = granted { extensions } else { Vec::new() };
    let mut phones: HashMap<String, Vec<RegistrationView>> = HashMap::new();
    for registration in registered(state, access).await? {
        phones.entry(registration.extension.clone()).or_default().push(registration);
    }
    let sees = |extension: &ExtensionView| access.reads_all() || access.is_agent(&extension.number);
    let with_phones = |ExtensionView { number, name }| {
        let registrations = phones.remove(&number).unwrap_or_default();
        Extension { number, name, registrations }
    };
    Ok(extensions.into_iter().filter(sees).map(with_phones).collect())
}

/// All extensions. An agent sees its own.
#[utoipa::path(get, path = "/v1/extensions", tag = "extensions", responses((status = 200, body = Extensions)))]
async fn list(extract::State(state): extract::State<State>, access: Access) -> Result<Json<Extensions>, Problem> {
    Ok(Json(Extensions { extensions: configured(&state, &access).await? }))
}

/// One extension.
#[utoipa::path(get, path = "/v1/extensions/{extension}", tag = "extensions",
    params(("extension" = String, Path, example = "1001")), responses((status = 200, body = Extension)))]
async fn get(
    extract::State(state): extract::State<State>,
    access: Access,
    Named(number): Named<Number>,
) -> Result<Json<Extension>, Problem> {
    let found = configured(&state, &access).await?.into_iter().find(|extension| extension.number == number.0);
    found.map(Json).ok_or_else(|| Problem::unknown("unknown-extension", "extension", &number.0))
}

/// All phones that are registered. An agent sees those of its extension.
#[utoipa::path(get, path = "/v1/registrations", tag = "extensions", responses((status = 200, body = Registrations)))]
async fn registrations(
    extract::State(state): extract::State<State>,
    access: Access,
) -> Result<Json<Registrations>, Problem> {
    let mut registrations = registered(&state, &access).await?;
    registrations.retain(|phone| access.reads_all() || access.is_agent(&phone.extension));
    Ok(Json(Registrations { registrations }))
}
