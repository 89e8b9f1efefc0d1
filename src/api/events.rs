//! What happens, as it happens: by WebSocket, by server-sent events, or one piece at a time.

use super::{
    auth::Access,
    json::Query,
    listener::Place,
    problem::Problem,
    state::State,
    watch::{Filter, Watch, Word},
};
use crate::ids::{CallId, LegId};
use axum::{
    Json,
    extract::{
        self,
        ws::{
            CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code,
            rejection::WebSocketUpgradeRejection,
        },
    },
    http::{HeaderMap, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use serde::{Deserialize, Serialize};
use std::{convert::Infallible, ops::RangeInclusive, time::Duration};
use tokio::time::{Instant, interval_at, sleep_until, timeout};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Which events, and from when.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsWanted {
    /// Types, with commas between: whole ones (`leg.answered`) or all of a noun (`leg`, `transfer`). All when absent.
    #[param(example = "transfer,leg.answered", max_length = 1024)]
    types: Option<String>,
    /// Only those of this call.
    #[param(value_type = Option<CallId>, example = "call-7")]
    call: Option<String>,
    /// Only those about this leg.
    #[param(value_type = Option<LegId>, example = "leg-12")]
    leg: Option<String>,
    /// Only those of this extension: its registrations, and the calls in which it has a leg.
    #[param(example = "1001", min_length = 1, max_length = 64)]
    extension: Option<String>,
    /// Those after this number, as far as they are kept. Only new ones when absent.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991_u64)]
    since: Option<u64>,
    /// All calls as they are come first (WebSocket and server-sent events).
    snapshot: Option<bool>,
    /// How long to wait for one, s, where neither WebSocket nor server-sent events are asked for.
    #[param(minimum = 0, maximum = 60)]
    wait_s: Option<u32>,
    /// The token, for browsers, which cannot set headers of a WebSocket; looked at for WebSockets only.
    #[param(max_length = 4096)]
    access_token: Option<String>,
}

/// Events of a while.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Events {
    /// The oldest first. See the guide for what stands in them.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Box<serde_json::value::RawValue>>,
    /// Go on with `?since=` this.
    sequence: u64,
    /// Events between `since` and these that are kept no more.
    missed: Option<u64>,
}

/// The subprotocol that we speak.
const SUBPROTOCOL: &str = "warmline";
/// How often a silent connection is asked whether it lives.
const PING: Duration = Duration::from_secs(20);
/// Who has said nothing for so long, not even to a ping, is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// s that one may wait for an event.
const LONGEST_WAIT_S: u32 = 60;
/// The largest number that all programs read as it is written (RFC 8259 6).
const LARGEST: u64 = (1 << 53) - 1;
/// The longest token, characters.
const LONGEST_TOKEN: usize = 4096;
/// How long the number of an extension may be.
const LENGTHS: RangeInclusive<usize> = 1..=64;
/// The longest list of types, characters.
const LONGEST_TYPES: usize = 1024;
/// The largest message that is read from a WebSocket: nothing is wished there.
const MESSAGE: usize = 4096;

pub(super) fn routes() -> OpenApiRouter<State> {
    OpenApiRouter::new().routes(routes!(events))
}

/// What happens, as it happens.
///
/// With `Upgrade: websocket` each event is a text message; with `Accept: text/event-stream` it is a server-sent event; else
/// those that are there, or the first that come within `wait_s`, are the answer.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(EventsWanted), responses(
    (status = 101, description = "a WebSocket"),
    (status = 200, description = "events", content(
        (Events = "application/json"),
        (String = "text/event-stream"),
    )),
))]
async fn events(
    extract::State(state): extract::State<State>,
    access: Access,
    Query(wanted): Query<EventsWanted>,
    headers: HeaderMap,
    extract::Extension(place): extract::Extension<Place>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let filter = filter(&wanted, access.clone())?;
    let snapshot = wanted.snapshot.unwrap_or(false);
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let since = wanted.since.or(resumed);
    if since.is_some_and(|since| since > LARGEST) {
        return Err(Problem::field("since", format!("must be 0 to {LARGEST}")));
    }
    if let Ok(upgrade) = upgrade {
        let watch = Watch::new(&state.hub, filter, since, snapshot);
        let upgrade = upgrade.protocols([SUBPROTOCOL]).max_message_size(MESSAGE);
        return Ok(upgrade.on_upgrade(move |socket| async move {
            talk(socket, watch, Guest { state, access }).await;
            drop(place);
        }));
    }
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok()).unwrap_or_default();
    if accepted.contains("text/event-stream") {
        return Ok(stream(Watch::new(&state.hub, filter, since, snapshot), Guest { state, access }));
    }
    let wait_s = wanted.wait_s.unwrap_or(0);
    if wait_s > LONGEST_WAIT_S {
        return Err(Problem::field("wait_s", format!("must be 0 to {LONGEST_WAIT_S}")));
    }
    let watch = Watch::new(&state.hub, filter, since, false);
    Ok(Json(gather(watch, state, Duration::from_secs(u64::from(wait_s))).await).into_response())
}

fn filter(wanted: &EventsWanted, access: Access) -> Result<Filter, Problem> {
    let name = |field: &str, text: &str| Problem::field(field, format!("{text:?} is no name of that kind"));
    let call = wanted.call.as_ref().map(|text| text.parse::<CallId>().map_err(|_| name("call", text))).transpose()?;
    let leg = wanted.leg.as_ref().map(|text| text.parse::<LegId>().map_err(|_| name("leg", text))).transpose()?;
    if wanted.types.as_ref().is_some_and(|types| types.len() > LONGEST_TYPES) {
        return Err(Problem::field("types", format!("must be {LONGEST_TYPES} characters at the most")));
    }
    if wanted.access_token.as_ref().is_some_and(|token| token.len() > LONGEST_TOKEN) {
        return Err(Problem::field("access_token", format!("must be {LONGEST_TOKEN} characters at the most")));
    }
    if wanted.extension.as_ref().is_some_and(|extension| !LENGTHS.contains(&extension.len())) {
        return Err(Problem::field("extension", "must be the number of an extension"));
    }
    let types = wanted.types.iter().flat_map(|types| types.split(',')).map(str::trim);
    let types: Vec<String> = types.filter(|kind| !kind.is_empty()).map(str::to_owned).collect();
    Ok(Filter { types, call, leg, extension: wanted.extension.clone(), access: Some(access) })
}

/// A WebSocket until one of both ends it.
async fn talk(mut socket: WebSocket, mut watch: Watch, mut guest: Guest) {
    let mut ping = interval_at(Instant::now() + PING, PING);
    let mut heard = Instant::now();
    let close = loop {
        let sent = tokio::select! {
            word = watch.next() => match word {
                Some(word) => socket.send(Message::Text(text(&word))),
                None => break close_code::AWAY,
            },
            said = socket.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {
                    heard = Instant::now();
                    continue;
                }
            },
            _ = ping.tick() => socket.send(Message::Ping("".into())),
            () = sleep_until(heard + SILENCE) => break close_code::POLICY,
            () = guest.must_go() => break close_code::AWAY,
        };
        // Who does not read keeps nobody but itself waiting; in the end it is gone.
        match timeout(SILENCE, sent).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    };
    let frame = CloseFrame { code: close, reason: Utf8Bytes::from_static("") };
    let _gone = timeout(PING, socket.send(Message::Close(Some(frame)))).await;
}

fn text(word: &Word) -> Utf8Bytes {
    Utf8Bytes::from(word.json())
}

/// Server-sent events until one of both ends.
fn stream(watch: Watch, guest: Guest) -> Response {
    let words = futures_util::stream::unfold((watch, guest), |(mut watch, mut guest)| async move {
        let word = tokio::select! {
            word = watch.next() => word?,
            () = guest.must_go() => return None,
        };
        let event = Event::default().event(word.kind()).data(word.json());
        let event = match word.sequence() {
            Some(sequence) => event.id(sequence.to_string()),
            None => event,
        };
        Some((Ok::<_, Infallible>(event), (watch, guest)))
    });
    Sse::new(words).keep_alive(KeepAlive::new().interval(PING)).into_response()
}

/// Somebody who stays.
struct Guest {
    state: State,
    access: Access,
}

impl Guest {
    /// Waits until the API ends, or its token is no longer good or has run out.
    async fn must_go(&mut self) {
        let State { stopping, keyring, .. } = &mut self.state;
        loop {
            tokio::select! {
                _ = stopping.changed() => return,
                () = self.access.runs_out() => return,
                changed = keyring.changed() => {
                    if changed.is_err() || !keyring.borrow_and_update().still_knows(&self.access) {
                        return;
                    }
                }
            }
        }
    }
}

/// What is there, or the first that comes in time.
async fn gather(mut watch: Watch, mut state: State, wait: Duration) -> Events {
    let mut answer = Events { events: Vec::new(), sequence: watch.position(), missed: None };
    let first = tokio::select! {
        first = timeout(wait, watch.next()) => first.ok().flatten(),
        _ = state.stopping.changed() => None,
    };
    let mut next = first.or_else(|| watch.ready());
    while let Some(word) = next {
        match &word {
            Word::Missed { from, to } => answer.missed = Some(answer.missed.unwrap_or(0) + (to - from + 1)),
            Word::News(_) | Word::OwnNews(_) | Word::Snapshot(_) => {
                answer.events.extend(serde_json::value::RawValue::from_string(word.json()));
            }
        }
        next = if answer.events.len() < Watch::BATCH { watch.ready() } else { None };
    }
    answer.sequence = watch.position();
    answer
}
