//! What is wrong with a request before anybody asks what it is about (RFC 3261 8.2).

use crate::sip::{
    dialog::card::{ACCEPT, ALLOW},
    wire::{HeaderError, Method, Request, Response, Scheme, StatusCode},
};

/// Option tags that we understand in Require.
const UNDERSTOOD: &[&str] = &["100rel", "timer", "replaces", "norefersub"];
/// Those that a registrar understands besides (RFC 3327).
const OF_REGISTRAR: &[&str] = &["path"];
/// Those that we understand in Proxy-Require besides: callers who ask for privacy put theirs there (RFC 3323 4.2).
const OF_PROXY: &[&str] = &["privacy"];
/// Event packages that we understand.
const PACKAGES: &str = "refer";

/// The refusal of a request, if it deserves one.
pub(super) fn refusal(request: &Request, in_dialog: bool, tag: &str) -> Option<Response> {
    let refuse = |status| Response::to(request, status, Some(tag));
    // CANCEL and ACK are not refused for what they carry (8.2.2.3, 13.3.1.4).
    readable(request).err().map(|error| refuse(error.status()).with_reason(&error.to_string())).or_else(|| {
        method(request, in_dialog, &refuse)
            .or_else(|| scheme(request, &refuse))
            .or_else(|| hops(request, in_dialog, &refuse))
            .or_else(|| extensions(request, &refuse))
            .or_else(|| content(request, &refuse))
    })
}

/// Headers that every method needs, or that are looked at without being able to fail.
fn readable(request: &Request) -> Result<(), HeaderError> {
    let headers = &request.headers;
    headers.to()?;
    headers.from()?;
    headers.max_forwards()?;
    headers.content_type()?;
    headers.contacts()?;
    if headers.list("Contact").any(|contact| contact.contains('?') && !contact.contains('<')) {
        // 20.10: without brackets nobody can tell whose the part behind "?" is.
        return Err(HeaderError { header: "Contact", problem: "question mark without brackets" });
    }
    headers.record_routes()?;
    headers.expires_s()?;
    if !request.uri.headers.is_empty() {
        // 19.1.5: a URI with headers makes a request, it does not stand in one.
        return Err(HeaderError { header: "Request-URI", problem: "headers in it" });
    }
    if request.method == Method::Invite {
        // A peer of the times before RFC 3261, whose From has no tag, need not give one.
        if headers.contact()?.is_none() && headers.from_tag().is_some() {
            return Err(HeaderError { header: "Contact", problem: "missing" });
        }
        headers.session_expires()?;
        headers.replaces()?;
    }
    Ok(())
}

fn method(request: &Request, in_dialog: bool, refuse: &dyn Fn(StatusCode) -> Response) -> Option<Response> {
    let status = match &request.method {
        Method::Other(_) => StatusCode::NOT_IMPLEMENTED,
        Method::Publish | Method::Message => StatusCode::METHOD_NOT_ALLOWED,
        Method::Subscribe => match request.headers.event() {
            Ok(Some(event)) if event.package == PACKAGES => StatusCode::METHOD_NOT_ALLOWED,
            _ => return Some(refuse(StatusCode::BAD_EVENT).with("Allow-Events", PACKAGES)),
        },
        Method::Refer if !in_dialog => StatusCode::FORBIDDEN,
        Method::Bye | Method::Prack | Method::Update | Method::Info | Method::Notify if !in_dialog => {
            StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST
        }
        Method::Register if in_dialog => StatusCode::METHOD_NOT_ALLOWED,
        Method::Invite
        | Method::Ack
        | Method::Bye
        | Method::Cancel
        | Method::Register
        | Method::Options
        | Method::Prack
        | Method::Update
        | Method::Info
        | Method::Refer
        | Method::Notify => return None,
    };
    Some(refuse(status).with("Allow", ALLOW))
}

fn hops(request: &Request, in_dialog: bool, refuse: &dyn Fn(StatusCode) -> Response) -> Option<Response> {
    let spent = request.headers.max_forwards() == Ok(Some(0));
    // Only an INVITE goes on from here.
    (spent && !in_dialog && request.method == Method::Invite).then(|| refuse(StatusCode::TOO_MANY_HOPS))
}

fn extensions(request: &Request, refuse: &dyn Fn(StatusCode) -> Response) -> Option<Response> {
    let among = |known: &[&str], tag: &str| known.iter().any(|known| known.eq_ignore_ascii_case(tag));
    let more = if request.method == Method::Register { OF_REGISTRAR } else { &[] };
    let required = request.headers.require().filter(|tag| !among(more, tag));
    let asked = required.chain(request.headers.proxy_require().filter(|tag| !among(OF_PROXY, tag)));
    let unknown: Vec<_> = asked.filter(|tag| !among(UNDERSTOOD, tag)).take(16).collect();
    (!unknown.is_empty()).then(|| refuse(StatusCode::BAD_EXTENSION).with("Unsupported", unknown.join(", ")))
}

fn content(request: &Request, refuse: &dyn Fn(StatusCode) -> Response) -> Option<Response> {
    if request.method == Method::Invite && !takes_sdp(request) {
        return Some(refuse(StatusCode::NOT_ACCEPTABLE));
    }
    if request.body.is_empty() || is_optional(request) {
        return None;
    }
    let encoded = request.headers.list("Content-Encoding").any(|coding| !coding.eq_ignore_ascii_case("identity"));
    if encoded {
        return Some(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE).with("Accept-Encoding", "identity"));
    }
    if !matches!(request.method, Method::Invite | Method::Update | Method::Prack) {
        return None;
    }
    let content = request.headers.content_type().ok().flatten()?;
    let understood = content.is("application", "sdp") || content.kind == "multipart";
    (!understood).then(|| refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE).with("Accept", ACCEPT))
}

/// Whether SDP may be in the answer (20.1: no Accept means that it may).
fn takes_sdp(request: &Request) -> bool {
    let fits = |kind: &str, subtype: &str| (kind == "application" && matches!(subtype, "sdp" | "*")) || kind == "*";
    match request.headers.accept() {
        Ok(accepted) => {
            !request.headers.has("Accept") || accepted.iter().any(|content| fits(&content.kind, &content.subtype))
        }
        Err(_) => true,
    }
}

/// A body that may be ignored (20.11).
fn is_optional(request: &Request) -> bool {
    let disposition = request.headers.get("Content-Disposition").unwrap_or_default();
    disposition.split(';').skip(1).any(|param| param.replace(' ', "").eq_ignore_ascii_case("handling=optional"))
}

fn scheme(request: &Request, refuse: &dyn Fn(StatusCode) -> Response) -> Option<Response> {
    match request.uri.scheme {
        Scheme::Sip | Scheme::Sips | Scheme::Tel => None,
        Scheme::Other(_) => Some(refuse(StatusCode::UNSUPPORTED_URI_SCHEME)),
    }
}
