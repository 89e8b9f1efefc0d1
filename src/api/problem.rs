//! Answers that say why not (RFC 9457).

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was refused (RFC 9457, `application/problem+json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Problem {
    /// `urn:warmline:problem:` and the rule.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "urn:warmline:problem:on-hold")]
    kind: Box<str>,
    /// The HTTP status in words.
    #[schema(value_type = String, example = "Conflict")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 409, minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong, in one sentence.
    #[schema(value_type = String, example = "the leg is on hold")]
    detail: Box<str>,
    /// Which rule refused it: a word that does not change.
    #[schema(value_type = String, example = "on-hold")]
    rule: Box<str>,
    /// The path of the field that is wrong, such as `destination.whisper.url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    field: Option<Box<str>>,
    /// s to wait before it may work.
    #[serde(skip)]
    retry_after_s: Option<u32>,
}

/// The media type of problems.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// Which rule refused a request, for the audit: beside the answer, not in it.
#[derive(Clone, Debug)]
pub(super) struct Rule(pub(super) String);

impl Problem {
    pub(super) fn new(status: StatusCode, rule: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:warmline:problem:{rule}").into(),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into().into(),
            rule: rule.into(),
            field: None,
            retry_after_s: None,
        }
    }

    /// A field of the body, the path or the query is wrong.
    pub(super) fn field(path: impl Into<String>, detail: impl Into<String>) -> Self {
        let path = path.into();
        let field = Some(path).filter(|path| !path.is_empty() && path != ".").map(Into::into);
        Self { field, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-field", detail) }
    }

    /// The same, and which field it is about.
    pub(super) fn at(self, field: &str) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// What is there no more, or never was.
    pub(super) fn unknown(rule: &str, what: &str, id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, rule, format!("there is no {what} {id:?}"))
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "send a token that is known and has not run out: Authorization: Bearer TOKEN",
        )
    }

    /// The token is good but not for this.
    pub(super) fn forbidden(scope: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", format!("this token lacks the scope {scope:?}"))
    }

    /// It may work later.
    pub(super) fn later(status: StatusCode, rule: &str, detail: &str, retry_after_s: u32) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::new(status, rule, detail) }
    }

    #[cfg(test)]
    pub(super) fn rule(&self) -> &str {
        &self.rule
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (retry_after, rule) = (self.retry_after_s, Rule(self.rule.to_string()));
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        let mut add = |name: HeaderName, value: HeaderValue| headers.insert(name, value);
        if status == StatusCode::UNAUTHORIZED {
            add(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            add(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(rule);
        response
    }
}
