//! What we say of ourselves: Via, Contact, Allow, Supported, Accept, User-Agent.

use crate::sip::{
    Settings,
    wire::{Headers, Request, Response},
};
use std::net::SocketAddr;

/// Methods that we understand (20.5).
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, REGISTER";
/// Extensions that we understand (20.37).
pub(crate) const SUPPORTED: &str = "replaces, timer, 100rel, norefersub";
/// The same where nothing reliable may come back: an INVITE without an offer (see `uac_invite`).
pub(crate) const SUPPORTED_UNRELIABLE: &str = "replaces, timer, norefersub";
/// Bodies that we understand (20.1).
pub(crate) const ACCEPT: &str =
    "application/sdp, message/sipfrag, application/dtmf-relay, application/dtmf, multipart/mixed";

/// Our texts, made once.
#[derive(Debug)]
pub(crate) struct Card {
    sent_by: String,
    contact: String,
    agent: String,
}

impl Card {
    pub(crate) fn new(settings: &Settings) -> Self {
        let ip = settings.public_address.unwrap_or(settings.local.ip());
        let sent_by = SocketAddr::new(ip, settings.local.port()).to_string();
        Self { contact: format!("<sip:{sent_by}>"), sent_by, agent: settings.agent.clone() }
    }

    /// Our Contact.
    pub(crate) fn contact(&self) -> &str {
        &self.contact
    }

    /// Puts our Via on a request (RFC 3581: the answer shall come back to where we sent from), and our name.
    pub(crate) fn sign(&self, request: &mut Request, branch: &str) {
        request.headers.remove("Via");
        request.headers.prepend("Via", format_args!("SIP/2.0/UDP {};branch={branch};rport", self.sent_by));
        if !self.agent.is_empty() {
            request.headers.replace("User-Agent", &self.agent);
        }
    }

    /// What a request or response that starts or refreshes a session says of us.
    pub(crate) fn introduce(&self, headers: &mut Headers, supported: &str) {
        headers.push("Contact", &self.contact);
        headers.push("Allow", ALLOW);
        headers.push("Supported", supported);
    }

    /// The answer to OPTIONS: all that we can (11.2).
    pub(crate) fn describe(&self, headers: &mut Headers) {
        self.introduce(headers, SUPPORTED);
        headers.push("Accept", ACCEPT);
        headers.push("Allow-Events", "refer");
    }

    /// Puts our name on a response.
    pub(crate) fn serve(&self, response: &mut Response) {
        if !self.agent.is_empty() {
            response.headers.replace("Server", &self.agent);
        }
    }
}
