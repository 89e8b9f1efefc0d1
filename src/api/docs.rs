//! OpenAPI 3.1 at `/openapi.json`, and a page to try it at `/docs`.

use super::{
    problem::{self, Problem},
    state::State,
};
use axum::{Json, Router, routing::get};
use std::collections::BTreeMap;
use utoipa::{
    PartialSchema,
    openapi::{
        Components, Content, HeaderBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required,
        ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn},
        schema::{Schema, Type},
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
        tag::TagBuilder,
    },
};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// What the tags mean, in the order of the page.
const TAGS: [(&str, &str); 13] = [
    ("calls", "Conversations: the legs around one mixer."),
    ("legs", "One party each: hold, roles, sounds, digits."),
    ("transfers", "A leg hands over those whom it talks to: cold, or warm."),
    ("conferences", "Rooms by name."),
    ("recordings", "What was said."),
    ("records", "Who talked to whom, when, and who handed whom over."),
    ("events", "What happens, as it happens."),
    ("webhooks", "What happens, sent to you."),
    ("extensions", "Extensions and their phones."),
    ("trunks", "Carriers and other switches."),
    ("tokens", "Short-lived tokens for agents."),
    ("operation", "Settings."),
    ("health", "Is it alive?"),
];

/// Paths for which nobody needs a token.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];
/// In the order in which OpenAPI has them.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Refusals that any request may meet.
const ANYWHERE: [(&str, &str); 3] = [
    ("401", "no token, or one that is not good"),
    ("403", "the token lacks the scope"),
    ("429", "too many requests; Retry-After says when"),
];
/// Refusals that a command may meet.
const COMMANDS: [(&str, &str); 7] = [
    ("400", "the body is no JSON"),
    ("408", "the body came too slowly"),
    ("409", "not now: the rule says why"),
    ("413", "the body is too large"),
    ("415", "the body is not declared as JSON"),
    ("422", "a field is wrong, or the target cannot be reached: `field` says which"),
    ("501", "this version cannot"),
];

pub(super) fn routes(api: OpenApi) -> Router<State> {
    let api = complete(api);
    let page = SwaggerUi::new("/docs").config(Config::from("/openapi.json").persist_authorization(true));
    Router::new().route("/openapi.json", get(move || std::future::ready(Json(api.clone())))).merge(page)
}

/// What is the same for all paths is said here once.
fn complete(mut api: OpenApi) -> OpenApi {
    api.info = InfoBuilder::new()
        .title("Warmline")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Calls, legs, transfers and conferences of a SIP switch; what happens is told at `/v1/events`.",
        ))
        .license(Some(LicenseBuilder::new().name("see the repository").build()))
        .build();
    api.tags =
        Some(TAGS.iter().map(|(name, says)| TagBuilder::new().name(*name).description(Some(*says)).build()).collect());
    let components = api.components.get_or_insert_with(Components::new);
    components.schemas.insert("Problem".to_owned(), Problem::schema());
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    components.add_security_scheme("bearer", bearer);
    let schemas = components.schemas.clone();
    for (path, item) in &mut api.paths.paths {
        if OPEN.contains(&path.as_str()) {
            continue;
        }
        let noun = path.trim_start_matches("/v1").trim_start_matches('/').replace(['{', '}'], "").replace('/', "_");
        let post = item.post.is_some();
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for (at, (operation, method)) in operations.into_iter().zip(METHODS).enumerate() {
            if let Some(operation) = operation {
                operation.operation_id = Some(format!("{method}_{noun}"));
                refusals(operation, at > 0);
                leave_out(operation, &schemas);
                if post && at == 1 {
                    once(operation);
                }
            }
        }
    }
    api
}

fn refusals(operation: &mut Operation, command: bool) {
    operation.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    let mut add = |status: &str, says: &str| {
        if !operation.responses.responses.contains_key(status) {
            operation.responses.responses.insert(status.to_owned(), refusal(says));
        }
    };
    ANYWHERE.iter().for_each(|(status, says)| add(status, says));
    add("503", "too many commands wait, or the switch is being stopped; Retry-After says when");
    if command {
        COMMANDS.iter().for_each(|(status, says)| add(status, says));
        add("404", "there is no such thing");
    } else {
        add("404", "there is no such thing");
        add("422", "a parameter is wrong: `field` says which");
    }
}

/// A body in which nothing must stand need not be there.
fn leave_out(operation: &mut Operation, schemas: &BTreeMap<String, RefOr<Schema>>) {
    let Some(body) = &mut operation.request_body else { return };
    let must = |content: &Content| match &content.schema {
        Some(RefOr::Ref(named)) => match schemas.get(named.ref_location.rsplit('/').next().unwrap_or_default()) {
            Some(RefOr::T(Schema::Object(object))) => !object.required.is_empty(),
            Some(RefOr::T(_) | RefOr::Ref(_)) | None => true,
        },
        Some(RefOr::T(_)) | None => true,
    };
    if !body.content.values().any(must) {
        body.required = Some(Required::False);
    }
}

fn refusal(says: &str) -> RefOr<utoipa::openapi::Response> {
    let retry = HeaderBuilder::new().schema(ObjectBuilder::new().schema_type(Type::Integer)).build();
    ResponseBuilder::new()
        .description(says)
        .content(problem::MEDIA_TYPE, Content::new(Some(Ref::from_schema_name("Problem"))))
        .header("Retry-After", retry)
        .build()
        .into()
}

/// A POST may have a key, with which it is carried out once.
fn once(operation: &mut Operation) {
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "sent again with the same key and body, a request gets the same answer and is not carried out again",
        ))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .min_length(Some(1))
                .max_length(Some(255))
                .pattern(Some("^[!-~]+$")),
        ));
    operation.parameters.get_or_insert_default().push(key.build());
}
