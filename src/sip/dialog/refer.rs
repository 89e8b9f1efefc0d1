//! REFER in both directions, and the NOTIFYs that follow it (RFC 3515, RFC 4488).

use super::{
    leg::Leg,
    line::{Line, Purpose},
    notify::Notice,
    state::number_of,
};
use crate::sip::{
    Event, Refer, Rejection, Replaces,
    transaction::ServerKey,
    wire::{
        self, EventPackage, HeaderError, Headers, Method, NameAddr, Request, StatusCode, SubscriptionState, Uri, part,
        sipfrag, sipfrag_status,
    },
};

/// How many REFERs may wait for an answer from above.
const MOST_WAITING: usize = 4;
/// What we say of the life of a subscription, s.
const SUBSCRIPTION_S: u32 = 180;

/// What a REFER asks, read once.
#[derive(Debug)]
pub(crate) struct Asked {
    target: Uri,
    /// The dialog to be replaced, as it was named.
    pub(crate) named: Option<wire::Replaces>,
    /// The same as it was found among our legs.
    pub(crate) replaces: Option<Replaces>,
    referred_by: Option<String>,
    notify: bool,
}

impl Asked {
    /// Reads a REFER: exactly one Refer-To (RFC 3515 2.4.2).
    pub(crate) fn of(headers: &Headers) -> Result<Self, HeaderError> {
        let bad = |problem| HeaderError { header: "Refer-To", problem };
        let refer_to = headers.refer_to()?.ok_or(bad("missing"))?;
        if headers.list("Refer-To").nth(1).is_some() && headers.get("Refer-To").is_some_and(|to| to.contains('<')) {
            return Err(bad("more than one"));
        }
        if refer_to.method != Method::Invite {
            // Others would be sent in our name to whomever the peer likes.
            return Err(bad("another method than INVITE"));
        }
        let unwanted = headers.refer_sub()? == Some(false) || headers.requires("norefersub");
        Ok(Self {
            target: refer_to.address.uri,
            named: refer_to.replaces,
            replaces: None,
            referred_by: headers.get("Referred-By").map(str::to_owned),
            notify: !unwanted,
        })
    }
}

/// A REFER of the peer that waits for us.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(super) key: ServerKey,
    pub(super) request: Request,
    notify: bool,
}

impl Leg {
    pub(super) fn referred(&mut self, key: ServerKey, request: Request, asked: Asked, line: &mut Line<'_>) {
        // Nobody is told yes who could not be told what came of it.
        if self.refers.len() == MOST_WAITING || (asked.notify && self.subscriptions.full_with(self.refers.len())) {
            let response = self.response_to(&request, StatusCode::SERVER_INTERNAL_ERROR, line);
            return line.respond(key, response.with("Retry-After", 5));
        }
        let notify = asked.notify;
        self.refers.push_back(Waiting { key, request, notify });
        let refer = Refer {
            leg: self.id,
            target: asked.target,
            replaces: asked.replaces,
            referred_by: asked.referred_by,
            notify,
        };
        self.tell(Event::Refer(Box::new(refer)), line);
    }

    pub(super) fn accept_refer(&mut self, line: &mut Line<'_>) {
        let Some(Waiting { key, request, notify }) = self.refers.pop_front() else { return };
        let mut response = self.response_to(&request, StatusCode::ACCEPTED, line);
        response.headers.push("Contact", line.card.contact());
        if !notify {
            response.headers.push("Refer-Sub", "false");
        }
        line.respond(key, response);
        if notify && self.subscriptions.open(number_of(&request.headers)) {
            self.pump_notify(line);
        }
    }

    pub(super) fn refuse_refer(&mut self, rejection: &Rejection, line: &mut Line<'_>) {
        let Some(Waiting { key, request, .. }) = self.refers.pop_front() else { return };
        let status = if rejection.status.is_failure() { rejection.status } else { StatusCode::DECLINE };
        let mut response = self.response_to(&request, status, line).with_reason(&rejection.reason);
        for (name, value) in &rejection.headers {
            response.headers.push(name, value);
        }
        line.respond(key, response);
    }

    pub(super) fn notify(&mut self, status: StatusCode, reason: String, line: &mut Line<'_>) {
        self.subscriptions.tell(status, reason);
        self.pump_notify(line);
    }

    pub(super) fn pump_notify(&mut self, line: &mut Line<'_>) {
        while let Some((subscription, notice)) = self.subscriptions.next() {
            let (mut request, hop) = self.dialog.request(Method::Notify);
            write(&mut request, &notice);
            request.headers.push("Contact", line.card.contact());
            self.launch(Purpose::Notify(subscription), request, hop, line);
        }
    }

    /// A NOTIFY that is refused ends its subscription, not the dialog (RFC 5057 5.1).
    pub(super) fn notify_answered(&mut self, subscription: u32, status: StatusCode, line: &mut Line<'_>) {
        let alive = status.is_success() || status == StatusCode::SERVER_INTERNAL_ERROR;
        self.subscriptions.answered(subscription, alive);
        self.pump_notify(line);
        self.bye_when_ready(line);
    }

    pub(super) fn refer(&mut self, target: &Uri, referred_by: Option<&NameAddr>, line: &mut Line<'_>) {
        if !self.is_confirmed() {
            return self.tell(
                Event::ReferAnswered { leg: self.id, status: StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST },
                line,
            );
        }
        let (mut request, hop) = self.dialog.request(Method::Refer);
        request.headers.push("Refer-To", format_args!("<{target}>"));
        if let Some(referred_by) = referred_by {
            request.headers.push("Referred-By", referred_by);
        }
        line.card.introduce(&mut request.headers, super::card::SUPPORTED);
        self.referrals += 1;
        self.launch(Purpose::Refer, request, hop, line);
    }

    pub(super) fn refer_answered(&mut self, status: StatusCode, line: &mut Line<'_>) {
        if !status.is_success() {
            self.referrals = self.referrals.saturating_sub(1);
        }
        self.tell(Event::ReferAnswered { leg: self.id, status }, line);
        self.end_if_gone(status, line);
    }

    /// NOTIFY of the peer: about our REFER, or about nothing that we asked for (481, RFC 6665 4.1.3).
    pub(super) fn notified(&mut self, key: ServerKey, request: &Request, line: &mut Line<'_>) {
        let headers = &request.headers;
        let ours = headers.event().ok().flatten().is_some_and(|event| event.package == "refer") && self.referrals > 0;
        if !ours {
            return self.reply(key, request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST, line);
        }
        self.reply(key, request, StatusCode::OK, line);
        if headers.subscription_state().ok().flatten().is_some_and(|state| state.is_terminated()) {
            self.referrals = self.referrals.saturating_sub(1);
        }
        let Some(body) = part(headers, &request.body, "message", "sipfrag") else { return };
        if let Some((status, _)) = sipfrag_status(&body) {
            self.tell(Event::Notified { leg: self.id, status }, line);
        }
    }
}

fn write(request: &mut Request, notice: &Notice) {
    let event = EventPackage { package: "refer".to_owned(), id: notice.id.map(|id| id.to_string()) };
    request.headers.push("Event", event);
    let state = match notice.ends() {
        true => SubscriptionState::terminated("noresource"),
        false => SubscriptionState::active(SUBSCRIPTION_S),
    };
    request.headers.push("Subscription-State", state);
    request.headers.push("Content-Type", "message/sipfrag;version=2.0");
    request.body = sipfrag(notice.status, &notice.reason).into();
}
