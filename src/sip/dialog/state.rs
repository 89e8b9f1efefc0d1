//! One dialog (RFC 3261 12): its names, its sequence numbers, its route, and what the peer can do.

use super::{id::DialogId, route};
use crate::sip::wire::{Headers, Method, NameAddr, Request, Response, Uri};
use std::net::SocketAddr;

/// What the peer said that it can do (Allow, Supported).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Abilities {
    /// Allow names UPDATE.
    pub(crate) update: bool,
}

/// A dialog, or one that will be when the peer has given its tag.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub(crate) call_id: String,
    pub(crate) local_tag: String,
    /// `None` as long as our INVITE has no answer with a tag.
    pub(crate) remote_tag: Option<String>,
    /// Our side as it stands in From of our requests, tag included.
    local: String,
    /// The peer as it stands in To of our requests; the tag comes from `remote_tag`.
    remote: String,
    target: Uri,
    routes: Vec<Uri>,
    pub(crate) local_cseq: u32,
    remote_cseq: Option<u32>,
    /// Where the peer's last message came from.
    seen: SocketAddr,
    pub(crate) peer: Abilities,
}

impl Dialog {
    /// The dialog that an incoming INVITE asks for (12.1.1). `None`: a header that it needs is unreadable.
    pub(crate) fn of_incoming(invite: &Request, local_tag: String, seen: SocketAddr) -> Option<Self> {
        let headers = &invite.headers;
        let routes = headers.record_routes().ok()?;
        let mut dialog = Self {
            call_id: headers.call_id().ok()?.to_owned(),
            local: format!("{};tag={local_tag}", headers.get("To")?),
            local_tag,
            remote_tag: Some(headers.from_tag().unwrap_or_default().to_owned()),
            remote: headers.get("From")?.to_owned(),
            // Before RFC 3261 a peer could be without Contact; then From is where it is.
            target: headers.contact().ok()?.or(headers.from().ok())?.uri,
            routes: uris(routes),
            local_cseq: 0,
            remote_cseq: Some(number_of(headers)),
            seen,
            peer: Abilities::default(),
        };
        dialog.learn(headers);
        Some(dialog)
    }

    /// What an outgoing INVITE may become. `local` has our tag, `remote` none.
    pub(crate) fn outgoing(
        call_id: String,
        local_tag: String,
        (local, remote): (String, String),
        target: Uri,
        routes: Vec<Uri>,
        hop: SocketAddr,
    ) -> Self {
        Self {
            call_id,
            local_tag,
            remote_tag: None,
            local,
            remote,
            target,
            routes,
            local_cseq: 0,
            remote_cseq: None,
            seen: hop,
            peer: Abilities::default(),
        }
    }

    /// The dialog that a 1xx or 2xx with a tag makes of it (12.1.2). The route of a 2xx replaces that of a 1xx (13.2.2.4).
    pub(crate) fn answered(&mut self, response: &Response, remote_tag: &str) {
        self.remote_tag = Some(remote_tag.to_owned());
        if let Some(to) = response.headers.get("To") {
            to.clone_into(&mut self.remote);
        }
        if let Ok(mut routes) = response.headers.record_routes() {
            routes.reverse();
            self.routes = uris(routes);
        }
        self.refresh(&response.headers);
    }

    /// The target and the abilities that a request or 2xx which refreshes the target brings (12.2).
    pub(crate) fn refresh(&mut self, headers: &Headers) {
        if let Ok(Some(contact)) = headers.contact() {
            self.target = contact.uri;
        }
        self.learn(headers);
    }

    /// Where the peer's messages come from now.
    pub(crate) fn came_from(&mut self, from: SocketAddr) {
        self.seen = from;
    }

    /// Takes the CSeq of a request of the peer; false when it is lower than one before (12.2.2). Gaps are no fault.
    pub(crate) fn in_order(&mut self, cseq: u32) -> bool {
        let in_order = self.remote_cseq.is_none_or(|last| cseq >= last);
        if in_order {
            self.remote_cseq = Some(cseq);
        }
        in_order
    }

    /// The number of the peer's last request.
    pub(crate) fn remote_cseq(&self) -> Option<u32> {
        self.remote_cseq
    }

    /// A new request within the dialog (12.2.1.1), still without Via and Contact, and where it goes.
    pub(crate) fn request(&mut self, method: Method) -> (Request, SocketAddr) {
        let cseq = self.next_cseq();
        self.numbered(method, cseq)
    }

    /// The number of our next request.
    pub(crate) fn next_cseq(&mut self) -> u32 {
        self.local_cseq = self.local_cseq.wrapping_add(1) & 0x7fff_ffff;
        self.local_cseq
    }

    /// Where the next request goes.
    pub(crate) fn hop(&self) -> SocketAddr {
        route::hop(&self.target, &self.routes, self.seen)
    }

    /// The same with a number that is given: ACK has that of its INVITE (13.2.2.4).
    pub(crate) fn numbered(&self, method: Method, cseq: u32) -> (Request, SocketAddr) {
        let (uri, routes) = route::aim(&self.target, &self.routes);
        let mut request = Request::new(method, uri);
        let headers = &mut request.headers;
        for route in &routes {
            headers.push("Route", format_args!("<{route}>"));
        }
        headers.push("Max-Forwards", 70);
        headers.push("From", &self.local);
        headers.push("To", &self.remote);
        headers.push("Call-ID", &self.call_id);
        headers.push("CSeq", format_args!("{cseq} {}", request.method.as_str()));
        (request, self.hop())
    }

    /// Its name; `None` as long as the peer's tag is not known.
    pub(crate) fn id(&self) -> Option<DialogId> {
        Some(DialogId {
            call_id: self.call_id.clone(),
            local_tag: self.local_tag.clone(),
            remote_tag: self.remote_tag.clone()?,
        })
    }

    fn learn(&mut self, headers: &Headers) {
        if headers.has("Allow") {
            self.peer.update = headers.allows(&Method::Update) == Some(true);
        }
    }
}

/// The number of CSeq; every message that was read has one.
pub(crate) fn number_of(headers: &Headers) -> u32 {
    headers.cseq().map_or(0, |cseq| cseq.number)
}

fn uris(routes: Vec<NameAddr>) -> Vec<Uri> {
    routes.into_iter().map(|route| route.uri).take(route::LONGEST).collect()
}
