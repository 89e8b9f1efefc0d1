//! The line of the log for each command: who, what, and what was said to it.

use super::{auth::Access, problem::Rule};
use axum::{
    extract::Request,
    http::{HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use std::{sync::Arc, time::Instant};

/// Everything that may change something leaves a line. The body is not in it: it may hold numbers that are nobody's business.
pub(super) async fn audit(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    let began = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let who = request.extensions().get::<Access>().map(|access| Arc::clone(&access.name));
    let response = next.run(request).await;
    let rule = response.extensions().get::<Rule>().map(|rule| rule.0.as_str());
    let location = response.headers().get("location").and_then(|value: &HeaderValue| value.to_str().ok());
    tracing::info!(
        target: "warmline::audit",
        who = who.as_deref().unwrap_or("nobody"),
        %method,
        path,
        status = response.status().as_u16(),
        rule,
        made = location,
        us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        "command"
    );
    response
}
