//! INFO in both directions (RFC 6086, and the older application/dtmf-relay).

use super::{
    card,
    leg::Leg,
    line::{Line, Purpose},
};
use crate::sip::{
    Event,
    transaction::ServerKey,
    wire::{Method, Request, StatusCode},
};
use bytes::Bytes;

/// Content types that somebody above understands; no body at all is a mere sign of life.
const KNOWN: &[&str] =
    &["application/dtmf-relay", "application/dtmf", "audio/telephone-event", "application/media_control+xml"];

impl Leg {
    pub(super) fn informed(&mut self, key: ServerKey, request: &Request, line: &mut Line<'_>) {
        let content = request.headers.content_type().ok().flatten().map(|content| content.essence());
        match content {
            Some(content_type) if KNOWN.contains(&content_type.as_str()) => {
                self.reply(key, request, StatusCode::OK, line);
                let body = request.body.clone();
                self.tell(Event::Info { leg: self.id, content_type, body }, line);
            }
            None if request.body.is_empty() => self.reply(key, request, StatusCode::OK, line),
            Some(_) | None => {
                let response = self.response_to(request, StatusCode::UNSUPPORTED_MEDIA_TYPE, line);
                line.respond(key, response.with("Accept", card::ACCEPT));
            }
        }
    }

    pub(super) fn info(&mut self, content_type: &str, body: Bytes, line: &mut Line<'_>) {
        if !self.is_confirmed() {
            return;
        }
        let (request, hop) = self.dialog.request(Method::Info);
        self.launch(Purpose::Info, request.with_body(content_type, body), hop, line);
    }
}
