//! Bodies, paths and queries as types; what does not fit is told with the path of the field.

use super::{problem::Problem, state::State};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;

/// A JSON body. An absent one is an empty object, so that commands without anything to say need none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Json<T>(pub(super) T);

/// Parameters of the query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<State> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, state: &State) -> Result<Self, Problem> {
        let json = is_json(request.headers());
        let bytes = body(request, state).await?;
        if bytes.is_empty() {
            return read(b"{}").map(Self);
        }
        if !json {
            let detail = "the body must be JSON: Content-Type: application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", detail));
        }
        read(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(deserializer)
            .map(Self)
            .map_err(|error| Problem::field(error.path().to_string(), error.inner().to_string()))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The whole body, if it comes in time and is no larger than it may be.
pub(super) async fn body(request: Request<Body>, state: &State) -> Result<Bytes, Problem> {
    let read = timeout(state.limits.body_timeout, Bytes::from_request(request, state)).await;
    read.map_err(|_| too_slow())?.map_err(|rejection| unreadable(&rejection))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // Else a list would do, with the fields of the object in their order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::field(".", "must be an object, not a list"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            Problem::field(path, inner.to_string())
        } else {
            Problem::new(StatusCode::BAD_REQUEST, "bad-json", inner.to_string())
        }
    })?;
    let end = deserializer.end();
    end.map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "bad-json", error.to_string()))?;
    Ok(value)
}

/// `application/json`, with whatever parameters, or of a kind that is JSON (`+json`).
fn is_json(headers: &HeaderMap) -> bool {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Problem::new(StatusCode::BAD_REQUEST, "bad-body", "the body ended early"),
    }
}

fn too_slow() -> Problem {
    let detail = "the body came more slowly than [http] body_timeout_s allows";
    Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", detail)
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is larger than [http] body_bytes allows")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only its shape matters")]
    struct Outer {
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only its shape matters")]
    struct Inner {
        seconds: u32,
    }

    fn wrong(text: &str) -> (u16, String, Option<String>) {
        let problem = serde_json::to_value(read::<Outer>(text.as_bytes()).unwrap_err()).unwrap();
        let text = |name: &str| problem[name].as_str().map(str::to_owned);
        (problem["status"].as_u64().unwrap() as u16, text("rule").unwrap(), text("field"))
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_path() {
        let field = |path: &str| (422, "bad-field".to_owned(), Some(path.to_owned()));
        assert_eq!(wrong(r#"{"inner":{"seconds":"x"}}"#), field("inner.seconds"));
        assert_eq!(wrong(r#"{"inner":{"seconds":1,"minutes":2}}"#), field("inner.minutes"));
        assert_eq!(wrong(r#"{"outer":1}"#), field("outer"));
        assert_eq!(wrong("[null]"), (422, "bad-field".to_owned(), None));
        assert_eq!(wrong("{"), (400, "bad-json".to_owned(), None));
        assert_eq!(wrong("{} {}"), (400, "bad-json".to_owned(), None));
        assert!(read::<Outer>(b"{}").is_ok());
    }
}
