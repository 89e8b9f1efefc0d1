//! Digest authentication as a client (RFC 3261 22, RFC 7616, RFC 8760).

use crate::sip::{
    Credentials,
    wire::{Request, Response, StatusCode, digest},
};

/// How often one request is sent anew: once with credentials, once more when the nonce is stale.
const MOST_TRIES: u8 = 2;

/// Who we are to the peer of one leg or request.
#[derive(Clone, Debug)]
pub(crate) struct ClientAuth {
    credentials: Option<Credentials>,
}

impl ClientAuth {
    pub(crate) fn new(credentials: Option<Credentials>) -> Self {
        Self { credentials }
    }

    pub(crate) fn none() -> Self {
        Self { credentials: None }
    }

    /// The request that was refused by 401 or 407, with credentials; CSeq and branch are the sender's business.
    /// `None`: we have none, or they were refused before (a stale nonce apart). `cnonce` must not be guessed.
    pub(crate) fn answer(&self, sent: &Request, response: &Response, tries: u8, cnonce: &str) -> Option<Request> {
        let credentials = self.credentials.as_ref()?;
        let (challenges, header) = match response.status {
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => (response.headers.proxy_authenticate(), "Proxy-Authorization"),
            _ => (response.headers.www_authenticate(), "Authorization"),
        };
        let challenge = digest::strongest(&challenges, &credentials.secret)?;
        let refused = sent.headers.has(header) && !challenge.stale;
        if refused || tries >= MOST_TRIES {
            return None;
        }
        let uri = sent.uri.to_string();
        let answer = challenge.answer(credentials, &sent.method, &uri, cnonce, 1)?;
        let mut again = sent.clone();
        again.headers.remove(header);
        again.headers.push(header, answer);
        Some(again)
    }
}
