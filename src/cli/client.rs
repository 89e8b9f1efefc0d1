//! Asks the switch over HTTP. The only file here that knows the HTTP library.

use super::place::Place;
use reqwest::{Method, Response, StatusCode, header};
use serde_json::Value;
use std::{io, path::PathBuf, time::Duration};
use tokio::runtime::Runtime;

/// One request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    /// With its query.
    pub(super) path: String,
    pub(super) body: Option<Value>,
}

pub(super) struct Client {
    http: reqwest::Client,
    runtime: Runtime,
    place: Place,
}

/// Why there is no answer, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The settings are none.
    #[error("{} cannot be read; `warmline check` says what is wrong with it, or say --url and --token", .0.display())]
    Settings(PathBuf),
    /// The settings have no API.
    #[error("{} has no [http] section: add one and restart the switch, or say --url", .0.display())]
    NoApi(PathBuf),
    /// Nobody answers there.
    #[error(
        "no switch answers at {url}: is it running? --url, WARMLINE_URL or [http] listen of --config say where it is ({source})"
    )]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// No token, or one that is not good.
    #[error(
        "the switch does not know {0}: --token, WARMLINE_TOKEN or a token of --config that is not a hash say who asks"
    )]
    Unauthorized(&'static str),
    /// It says no.
    #[error("{0}")]
    Refused(String),
    /// Something else went wrong on the way.
    #[error("the answer of the switch broke off: {0}")]
    Broken(reqwest::Error),
    /// No thread, no socket.
    #[error("cannot ask: {0}")]
    System(#[from] io::Error),
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Client {
    pub(super) fn new(place: Place) -> Result<Self, AskError> {
        // Fails where there is one already, which is as good.
        let _there = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let http = reqwest::Client::builder().connect_timeout(PATIENCE).build().map_err(AskError::Broken)?;
        Ok(Self { http, runtime, place })
    }

    /// The body of the answer.
    pub(super) fn ask(&self, request: &Request) -> Result<String, AskError> {
        self.runtime.block_on(async {
            let answer = self.send(request, "application/json", Some(PATIENCE)).await?;
            answer.text().await.map_err(AskError::Broken)
        })
    }

    /// Gives `tell` the data of each server-sent event until the switch ends.
    pub(super) fn follow(&self, request: &Request, tell: &mut dyn FnMut(&str)) -> Result<(), AskError> {
        self.runtime.block_on(async {
            let mut answer = self.send(request, "text/event-stream", None).await?;
            let mut rest: Vec<u8> = Vec::new();
            while let Some(piece) = answer.chunk().await.map_err(AskError::Broken)? {
                rest.extend_from_slice(&piece);
                while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = rest.drain(..=end).collect();
                    if let Some(data) = String::from_utf8_lossy(&line).trim_end().strip_prefix("data:") {
                        tell(data.trim_start());
                    }
                }
            }
            Ok(())
        })
    }

    async fn send(&self, request: &Request, accept: &str, patience: Option<Duration>) -> Result<Response, AskError> {
        let method = Method::from_bytes(request.method.as_bytes()).unwrap_or(Method::GET);
        let url = format!("{}{}", self.place.url, request.path);
        let mut sending = self.http.request(method, url).header(header::ACCEPT, accept);
        if let Some(token) = &self.place.token {
            sending = sending.bearer_auth(token);
        }
        if let Some(body) = &request.body {
            sending = sending.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        if let Some(patience) = patience {
            sending = sending.timeout(patience);
        }
        let unreachable = |source: reqwest::Error| AskError::Unreachable { url: self.place.url.clone(), source };
        let answer = sending.send().await.map_err(|error| unreachable(error.without_url()))?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            StatusCode::UNAUTHORIZED if self.place.token.is_none() => Err(AskError::Unauthorized("you")),
            StatusCode::UNAUTHORIZED => Err(AskError::Unauthorized("this token")),
            status => Err(AskError::Refused(refusal(status, &answer.text().await.unwrap_or_default()))),
        }
    }
}

/// What the problem says, which rule it is, and what to do next where that can be known.
fn refusal(status: StatusCode, body: &str) -> String {
    let problem: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |key: &str| problem[key].as_str();
    let detail = text("detail").map_or_else(|| status.to_string(), str::to_owned);
    let rule = text("rule").unwrap_or_default();
    let next = match rule {
        "unknown-call" => "\n`warmline calls` lists those that there are",
        "unknown-leg" => "\n`warmline legs` lists those that there are",
        "unknown-transfer" => "\n`warmline calls CALL` shows the transfer under way",
        "unknown-record" => "\n`warmline records` lists those that there are",
        "nobody-registered" => "\n`warmline registrations` lists the phones that can be called",
        "forbidden" => "\nthis token may not do that; see `scopes` of [[http.token]]",
        _ => "",
    };
    let field = text("field").map_or_else(String::new, |field| format!("{field}: "));
    if rule.is_empty() { detail } else { format!("{field}{detail} ({rule}){next}") }
}
