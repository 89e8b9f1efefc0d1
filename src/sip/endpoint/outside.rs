//! Requests outside of dialogs: those that wait for our answer (REGISTER), and those that we send (REGISTER, OPTIONS).

use crate::{
    deadlines::Deadlines,
    ids::RequestId,
    sip::{
        Credentials, Event, OutOfDialog, Reply,
        dialog::{Line, client_auth::ClientAuth, token},
        transaction::{ClientKey, ServerKey},
        wire::{Request, Response, StatusCode},
    },
};
use std::{collections::HashMap, net::SocketAddr, time::Instant};

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Outside {
    last: u64,
    waiting: HashMap<RequestId, Waiting>,
    /// When those that nobody above answers are given up.
    patience: Deadlines<RequestId>,
    sent: HashMap<ClientKey, Sent>,
}

#[derive(Debug)]
struct Waiting {
    key: ServerKey,
    request: Request,
}

#[derive(Debug)]
struct Sent {
    name: RequestId,
    hop: SocketAddr,
    cseq: u32,
    auth: ClientAuth,
    tries: u8,
}

impl Outside {
    /// A request of a peer that somebody above answers.
    pub(super) fn receive(&mut self, key: ServerKey, request: Request, source: SocketAddr, line: &mut Line<'_>) {
        self.last += 1;
        let name = RequestId(self.last);
        self.waiting.insert(name, Waiting { key, request: request.clone() });
        self.patience.set(name, line.now + 64 * line.settings.t1);
        let told = OutOfDialog { request: name, source, message: request };
        line.events.push_back(Event::Request(Box::new(told)));
    }

    /// The answer from above.
    pub(super) fn respond(&mut self, name: RequestId, reply: &Reply, line: &mut Line<'_>) {
        let Some(Waiting { key, request }) = self.waiting.remove(&name) else { return };
        self.patience.clear(name);
        let mut response = Response::to(&request, reply.status, Some(&token(line.chance)));
        line.card.serve(&mut response);
        for (name, value) in &reply.headers {
            response.headers.push(name, value);
        }
        line.respond(key, response);
    }

    /// Gives up those that were not answered from above.
    pub(super) fn wake(&mut self, line: &mut Line<'_>) {
        while let Some(name) = self.patience.pop_due(line.now) {
            self.respond(name, &Reply::new(StatusCode::SERVER_INTERNAL_ERROR), line);
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.patience.next()
    }

    /// Sends a request of ours.
    pub(super) fn send(
        &mut self,
        name: RequestId,
        outline: Request,
        hop: SocketAddr,
        credentials: Option<Credentials>,
        line: &mut Line<'_>,
    ) {
        let mut request = outline;
        let from = request.headers.get("From").unwrap_or_default().to_owned();
        request.headers.replace("From", format_args!("{from};tag={}", token(line.chance)));
        request.headers.replace("Call-ID", token(line.chance));
        request.headers.replace("CSeq", format_args!("1 {}", request.method));
        request.headers.replace("Max-Forwards", 70);
        let sent = Sent { name, hop, cseq: 1, auth: ClientAuth::new(credentials), tries: 0 };
        self.launch(sent, request, line);
    }

    /// A response to one of ours; false when it is of somebody else.
    pub(super) fn answered(&mut self, key: ClientKey, response: &Response, line: &mut Line<'_>) -> bool {
        if response.status.is_provisional() {
            return self.sent.contains_key(&key);
        }
        let Some(mut sent) = self.sent.remove(&key) else { return false };
        let challenged =
            matches!(response.status, StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED);
        if challenged
            && let Some(before) = line.table.sent(key)
            && let Some(mut again) = sent.auth.answer(before, response, sent.tries, &token(line.chance))
        {
            sent.cseq += 1;
            sent.tries += 1;
            again.headers.replace("CSeq", format_args!("{} {}", sent.cseq, again.method));
            self.launch(sent, again, line);
            return true;
        }
        line.events.push_back(Event::Response { request: sent.name, response: Box::new(response.clone()) });
        true
    }

    /// One of ours came to nothing.
    pub(super) fn unanswered(&mut self, key: ClientKey, status: StatusCode, line: &mut Line<'_>) {
        let Some(sent) = self.sent.remove(&key) else { return };
        let response = match line.table.sent(key) {
            Some(request) => Response::to(request, status, None),
            None => Response {
                status,
                reason: status.reason().to_owned(),
                headers: crate::sip::wire::Headers::default(),
                body: bytes::Bytes::new(),
            },
        };
        line.events.push_back(Event::Response { request: sent.name, response: Box::new(response) });
    }

    fn launch(&mut self, sent: Sent, mut request: Request, line: &mut Line<'_>) {
        line.card.sign(&mut request, &line.branches.make());
        let key = line.table.request(request, sent.hop, line.now);
        self.sent.insert(key, sent);
    }
}
