//! A POST that was sent twice is carried out once (draft-ietf-httpapi-idempotency-key-header).

use super::{auth::Access, json, problem::Problem, state::State};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{self, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Answers that may be asked for again.
#[derive(Debug, Default)]
pub(super) struct Answers {
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    entries: HashMap<Id, Entry>,
    /// Of the bodies of all answers.
    bytes: usize,
    /// In the order in which they came.
    order: VecDeque<(Instant, Id)>,
}

/// Whose key for which path.
type Id = (Arc<str>, String, String);

#[derive(Debug)]
struct Entry {
    body: [u8; 32],
    /// `None`: it is being carried out.
    answer: Option<Answer>,
}

#[derive(Clone, Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest key, bytes.
const LONGEST: usize = 255;
/// Answers kept; the oldest go first.
const KEPT: usize = 10_000;
/// What the bodies of the answers kept may take of the memory; the oldest go first.
const BYTES: usize = 64 << 20;
/// How long an answer is kept.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// The largest answer, bytes; all of ours are far smaller.
const ANSWER: usize = 1 << 20;

/// What happens to a request with a key.
enum Turn {
    /// It is new: to be carried out.
    New,
    /// It was carried out before.
    Known(Answer),
    /// It cannot be.
    Refused(Problem),
}

/// Every request passes here; those that are POST and have a key are looked up first and remembered afterwards.
pub(super) async fn once(extract::State(state): extract::State<State>, request: Request, next: Next) -> Response {
    let Some(key) = request.headers().get(HEADER).filter(|_| request.method() == Method::POST) else {
        return next.run(request).await;
    };
    let Some(key) = key.to_str().ok().filter(|key| (1..=LONGEST).contains(&key.len())).map(str::to_owned) else {
        return Problem::field("Idempotency-Key", "must be 1 to 255 visible ASCII characters").into_response();
    };
    let who = request.extensions().get::<Access>().map_or_else(|| "".into(), |access| Arc::clone(&access.name));
    let id = (who, request.uri().path().to_owned(), key);
    let (parts, body) = request.into_parts();
    let body = match json::body(Request::from_parts(parts.clone(), body), &state).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    match state.answers.begin(&id, Sha256::digest(&body).into(), Instant::now()) {
        Turn::Refused(problem) => return problem.into_response(),
        Turn::Known(answer) => return answer.into_response(true),
        Turn::New => {}
    }
    // Whoever hangs up while it is carried out finds the answer when it asks again.
    let open = Open { answers: Arc::clone(&state.answers), id: Some(id) };
    let carried_out = tokio::spawn(carry_out(open, Request::from_parts(parts, Body::from(body)), next)).await;
    carried_out.unwrap_or_else(|_| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the log says why").into_response()
    })
}

async fn carry_out(mut open: Open, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, ANSWER).await else {
        return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the answer could not be kept")
            .into_response();
    };
    let answer = Answer { status: parts.status, headers: parts.headers, body };
    if answer.is_final()
        && let Some(id) = open.id.take()
    {
        open.answers.keep(id, answer.clone());
    }
    let mut response = answer.into_response(false);
    response.extensions_mut().extend(parts.extensions);
    response
}

/// A request that is being carried out; forgotten when it is dropped.
struct Open {
    answers: Arc<Answers>,
    id: Option<Id>,
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.answers.forget(&id);
        }
    }
}

impl Answers {
    fn begin(&self, id: &Id, body: [u8; 32], now: Instant) -> Turn {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        while shelf.order.len() >= KEPT || shelf.order.front().is_some_and(|(at, _)| now.duration_since(*at) > LIFETIME)
        {
            if !shelf.drop_oldest() {
                break;
            }
        }
        match shelf.entries.get(id) {
            None => {
                shelf.entries.insert(id.clone(), Entry { body, answer: None });
                shelf.order.push_back((now, id.clone()));
                Turn::New
            }
            Some(entry) if entry.body != body => Turn::Refused(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "this key was used for a request with another body",
            )),
            Some(Entry { answer: Some(answer), .. }) => Turn::Known(answer.clone()),
            Some(_) => Turn::Refused(Problem::later(
                StatusCode::CONFLICT,
                "idempotency-key-in-use",
                "the request with this key is still being carried out",
                1,
            )),
        }
    }

    fn keep(&self, id: Id, answer: Answer) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let length = answer.body.len();
        if let Some(entry) = shelf.entries.get_mut(&id) {
            entry.answer = Some(answer);
            shelf.bytes += length;
        }
        while shelf.bytes > BYTES && shelf.drop_oldest() {}
    }

    fn forget(&self, id: &Id) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.entries.remove(id);
        shelf.order.retain(|(_, other)| other != id);
    }
}

impl Shelf {
    /// Whether there was one.
    fn drop_oldest(&mut self) -> bool {
        let Some((_, oldest)) = self.order.pop_front() else { return false };
        if let Some(Entry { answer: Some(answer), .. }) = self.entries.remove(&oldest) {
            self.bytes -= answer.body.len();
        }
        true
    }
}

impl Answer {
    /// Whether it is the answer to the same request sent again. What was refused for want of room or of a token may pass later, and
    /// a secret is kept nowhere.
    fn is_final(&self) -> bool {
        let is_secret = self.headers.get(header::CACHE_CONTROL).is_some_and(|value| value == "no-store");
        !is_secret
            && !self.status.is_server_error()
            && !matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS)
    }

    fn into_response(self, replayed: bool) -> Response {
        let mut response = (self.status, self.body).into_response();
        *response.headers_mut() = self.headers;
        if replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(key: &str) -> Id {
        ("desk".into(), "/v1/calls".to_owned(), key.to_owned())
    }

    fn rule(turn: Turn) -> String {
        match turn {
            Turn::New => "new".to_owned(),
            Turn::Known(answer) => answer.status.to_string(),
            Turn::Refused(problem) => problem.rule().to_owned(),
        }
    }

    #[test]
    fn the_same_request_gets_the_same_answer_and_another_body_none() {
        let (answers, now) = (Answers::default(), Instant::now());
        assert_eq!(rule(answers.begin(&id("k"), [1; 32], now)), "new");
        assert_eq!(rule(answers.begin(&id("k"), [1; 32], now)), "idempotency-key-in-use");
        answers.keep(id("k"), Answer { status: StatusCode::CREATED, headers: HeaderMap::new(), body: Bytes::new() });
        assert_eq!(rule(answers.begin(&id("k"), [1; 32], now)), "201 Created");
        assert_eq!(rule(answers.begin(&id("k"), [2; 32], now)), "idempotency-key-reused");
        assert_eq!(rule(answers.begin(&id("k"), [2; 32], now + 2 * LIFETIME)), "new");
    }

    #[test]
    fn a_flood_of_keys_takes_no_memory() {
        let (answers, now) = (Answers::default(), Instant::now());
        for key in 0..KEPT + 10 {
            answers.begin(&id(&key.to_string()), [0; 32], now);
        }
        {
            let shelf = answers.shelf.lock().unwrap();
            assert_eq!((shelf.order.len(), shelf.entries.len()), (KEPT, KEPT));
        }
        for key in 0..100 {
            let key = format!("large {key}");
            answers.begin(&id(&key), [0; 32], now);
            let body = Bytes::from(vec![0; ANSWER]);
            answers.keep(id(&key), Answer { status: StatusCode::OK, headers: HeaderMap::new(), body });
        }
        let shelf = answers.shelf.lock().unwrap();
        let kept: usize = shelf.entries.values().flat_map(|entry| &entry.answer).map(|answer| answer.body.len()).sum();
        assert!(kept <= BYTES && kept == shelf.bytes && shelf.order.len() == shelf.entries.len(), "{kept}");
    }
}
