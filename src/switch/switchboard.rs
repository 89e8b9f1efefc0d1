//! The switchboard: decisions, each a function of what is known and of `now`.

use super::{
    Event, RouteTo, Settings,
    ban::Bans,
    extension::Extensions,
    foreign::Foreign,
    login::{Login, Verdict},
    number::dialled,
    puzzled::Puzzled,
    queue::Queues,
    rate::Rates,
    registrar::{Refused, Registrar, Update},
    route::Routes,
    trunk::{TrunkState, Trunks, is_anonymous},
};
use crate::{
    destination::{Caller, Origin, Plan, Purpose, Refusal, Target},
    sip::{
        self, Incoming, Rejection, Reply,
        wire::{Headers, Host, Scheme, StatusCode, Uri, digest::Authorization},
    },
};
use std::{
    collections::VecDeque,
    net::{IpAddr, SocketAddr},
    time::Instant,
};

/// One registered contact (RFC 3261 10.3), as it is kept over a restart.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// The extension.
    pub extension: String,
    /// The contact URI as it was registered.
    pub contact: Uri,
    /// Where its REGISTER came from: calls go there (symmetric, RFC 3581), except to a contact of the same address but
    /// another port.
    pub source: SocketAddr,
    /// Path (RFC 3327), in order.
    pub path: Vec<Uri>,
    /// 0 to 1000 thousandths.
    pub q: u16,
    /// Call-ID of the REGISTER (10.3 step 7).
    pub call_id: String,
    /// CSeq of the REGISTER.
    pub cseq: u32,
    /// User-Agent.
    pub agent: String,
    /// When it runs out.
    pub expires: Instant,
}

/// What becomes of an INVITE.
#[derive(Debug)]
pub enum Admission {
    /// The caller is who it says; this is where it wants to go.
    Accepted {
        /// Who it is.
        origin: Box<Origin>,
        /// Where the number leads.
        plan: Result<Plan, Refusal>,
    },
    /// An answer: a challenge (401), a refusal, 503 with Retry-After.
    Rejected(sip::Rejection),
}

/// Registrations, logins, trunks and routes.
#[derive(Debug)]
pub struct Switchboard {
    pub(super) domain: Host,
    pub(super) extensions: Extensions,
    pub(super) registrar: Registrar,
    pub(super) trunks: Trunks,
    pub(super) routes: Routes,
    pub(super) queues: Queues,
    pub(super) foreign: Foreign,
    pub(super) login: Login,
    pub(super) puzzled: Puzzled,
    pub(super) bans: Bans,
    pub(super) rates: Rates,
    pub(super) events: VecDeque<Event>,
}

impl Switchboard {
    /// Nobody is registered. `seed` makes everything that must not be guessed; nonces tell time from `now` on.
    pub fn new(settings: Settings, seed: [u8; 32], now: Instant) -> Self {
        let extensions = Extensions::new(settings.extensions, &settings.domain);
        Self {
            registrar: Registrar::new(extensions.len(), settings.min_expires, settings.max_expires),
            trunks: Trunks::new(settings.trunks),
            routes: Routes::new(settings.routes),
            foreign: Foreign::new(settings.foreign),
            queues: Queues::new(settings.queues, extensions.all().map(|extension| extension.number.as_str())),
            puzzled: Puzzled::new(),
            login: Login::new(&settings.domain, settings.security.digest.clone(), settings.nonce_lifetime, seed, now),
            bans: Bans::new(&settings.security),
            rates: Rates::new(settings.security.requests_per_second),
            domain: Host::parse(&settings.domain).unwrap_or(Host::Name(settings.domain)),
            extensions,
            events: VecDeque::new(),
        }
    }

    /// The answer to a REGISTER: a challenge, the bindings, or a refusal.
    pub fn register(&mut self, request: &sip::OutOfDialog, now: Instant) -> sip::Reply {
        let headers = &request.message.headers;
        let user = match headers.to() {
            Ok(to) => dialled(&to.uri).unwrap_or_default(),
            Err(error) => return Reply::new(error.status()),
        };
        let Some(credentials) = self.login.credentials(headers) else {
            return self.ask(headers, request.source, now).into();
        };
        let number = match self.identify(&credentials, &request.message, request.source, now) {
            Ok(number) => number,
            Err(challenge) => return challenge.into(),
        };
        if number != user {
            // 10.3 step 4: he may not register for somebody else.
            return Reply::new(StatusCode(403));
        }
        let Some((at, settings)) = self.extensions.find(&number) else { return Reply::new(StatusCode(404)) };
        let registrar = &mut self.registrar;
        let done = Update::read(headers, registrar.longest())
            .and_then(|update| registrar.update(at, settings, update, request.source, now, &mut self.events));
        match done {
            Ok(()) => {
                self.queues.stir();
                self.registered(at, headers, now)
            }
            Err(refused) => refused.reply(),
        }
    }

    /// Who calls and where to.
    ///
    /// Valid credentials make the caller that extension. Whom a trunk accepts needs none: it is the extension that it says
    /// if it calls from the exact address from where that one registered, else the trunk. All others must authenticate.
    pub fn admit(&mut self, incoming: &sip::Incoming, now: Instant) -> Admission {
        let source = incoming.source;
        let mut origin = match self.login.credentials(&incoming.request.headers) {
            Some(credentials) => match self.extension_calling(&credentials, incoming, now) {
                Ok(origin) => origin,
                Err(rejection) => return Admission::Rejected(rejection),
            },
            None => {
                let Some(trunk) = self.trunks.at(source).or_else(|| self.trunks.accepting(source.ip())) else {
                    return Admission::Rejected(self.ask(&incoming.request.headers, source, now));
                };
                let (asserted, privacy) = (incoming.asserted.as_ref(), incoming.privacy.as_deref());
                self.phone_at(source, incoming)
                    .unwrap_or_else(|| trunk.origin(&incoming.from, asserted, privacy, &self.domain))
            }
        };
        let plan = self.lead(&origin.caller, &incoming.request.uri, None).map(|(plan, record)| {
            origin.features.record = record;
            plan
        });
        Admission::Accepted { origin: Box::new(origin), plan }
    }

    /// Where a number or URI leads for this origin; the host of the URI matters only where it is another one that may be called.
    pub fn route(&mut self, origin: &Origin, target: &Uri, purpose: Purpose, _now: Instant) -> Result<Plan, Refusal> {
        let (mut plan, record) = self.lead(&origin.caller, target, Some(purpose))?;
        if let Plan::Ring(steps) = &mut plan {
            steps.iter_mut().flatten().for_each(|target| target.features.record = record);
        }
        Ok(plan)
    }

    /// Whether a datagram from there may be looked at: not banned, and not above the rate limit. Trunks and registered sources always may.
    pub fn may_enter(&mut self, source: IpAddr, now: Instant) -> bool {
        self.is_friend(source) || (!self.bans.is_banned(source, now) && self.rates.take(source, now))
    }

    /// A line of a trunk is wanted for an outgoing leg; false when all `channels` are in use. Given back by `free_line`.
    pub fn take_line(&mut self, trunk: &str) -> bool {
        self.trunks.take_line(trunk)
    }

    /// A line of a trunk is free again.
    pub fn free_line(&mut self, trunk: &str) {
        self.trunks.free_line(trunk);
    }

    /// The address of a trunk's host, found (or found anew) by the shell.
    pub fn resolved(&mut self, trunk: &str, addresses: &[SocketAddr]) {
        self.trunks.resolved(trunk, addresses);
    }

    /// The address of another SIP host that may be called, found (or found anew) by the shell.
    pub fn resolved_host(&mut self, name: &str, addresses: &[SocketAddr]) {
        self.foreign.resolved(name, addresses);
    }

    /// All trunks, in the order of the configuration.
    pub fn trunks(&self) -> Vec<TrunkState> {
        self.trunks.states()
    }

    /// Number and name of all extensions, in the order of the configuration.
    pub fn extensions(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.extensions.all().map(|extension| (extension.number.as_str(), extension.name.as_deref()))
    }

    /// How many phones are registered.
    pub fn registrations(&self) -> usize {
        self.registrar.len()
    }

    /// All registrations, for the journal.
    pub fn bindings(&self) -> Vec<Binding> {
        self.registrar.bindings()
    }

    /// Registrations from before a restart; those of extensions that are gone, or that have run out, are left out.
    pub fn restore(&mut self, bindings: Vec<Binding>, now: Instant) {
        for binding in bindings {
            if let Some((at, settings)) = self.extensions.find(&binding.extension) {
                self.registrar.restore(at, settings, binding, now);
            }
        }
    }

    /// Deadlines that are due.
    pub fn wake(&mut self, now: Instant) {
        self.registrar.wake(now, &mut self.events);
        self.bans.wake(now);
        self.queues.wake(now);
    }

    /// The earliest deadline.
    pub fn next_deadline(&self) -> Option<Instant> {
        let queues = self.queues.next_deadline();
        [self.registrar.next_deadline(), self.bans.next_deadline(), queues].into_iter().flatten().min()
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The extension whose valid credentials an INVITE carries.
    fn extension_calling(
        &mut self,
        credentials: &Authorization,
        incoming: &Incoming,
        now: Instant,
    ) -> Result<Origin, Rejection> {
        let number = self.identify(credentials, &incoming.request, incoming.source, now)?;
        let Some((_, settings)) = self.extensions.find(&number) else {
            return Err(self.challenge(incoming.source, false, now));
        };
        let said = incoming.from.uri.user.as_deref().unwrap_or_default();
        if said != number && self.extensions.find(said).is_some() {
            // He has a password, but not that of whom he says he is.
            return Err(Rejection::new(StatusCode(403)));
        }
        let hidden = is_anonymous(&incoming.from.uri).then(|| "id".to_owned());
        Ok(settings.origin(incoming.privacy.clone().or(hidden), &self.domain))
    }

    /// The extension that calls from where it registered, at an address from where no password is needed.
    fn phone_at(&self, source: SocketAddr, incoming: &Incoming) -> Option<Origin> {
        let (at, settings) = self.extensions.find(incoming.from.uri.user.as_deref()?)?;
        let registered = self.registrar.phones(at).iter().any(|phone| phone.binding.source == source);
        registered.then(|| settings.origin(incoming.privacy.clone(), &self.domain))
    }

    /// The number of the extension that these credentials prove, or what to answer.
    fn identify(
        &mut self,
        credentials: &Authorization,
        request: &sip::wire::Request,
        source: SocketAddr,
        now: Instant,
    ) -> Result<String, Rejection> {
        self.puzzled.answered(source, request.headers.call_id().unwrap_or_default());
        let known = self.extensions.find(&credentials.user);
        let verdict = self.login.check(credentials, &request.method, known.map(|(_, settings)| &settings.secret), now);
        match verdict {
            Verdict::Granted if is_for(credentials, &request.uri) => Ok(credentials.user.clone()),
            Verdict::Granted | Verdict::Stale => Err(self.challenge(source, true, now)),
            Verdict::Wrong => {
                if !self.is_friend(source.ip()) {
                    self.events.extend(self.bans.failed(source.ip(), now));
                }
                Err(self.challenge(source, false, now))
            }
        }
    }

    /// The first challenge, to who sent no credentials.
    fn ask(&mut self, headers: &Headers, source: SocketAddr, now: Instant) -> Rejection {
        let agent = headers.get("User-Agent").unwrap_or_default();
        self.puzzled.ask(source, headers.call_id().unwrap_or_default(), agent, now);
        self.challenge(source, false, now)
    }

    fn challenge(&mut self, source: SocketAddr, stale: bool, now: Instant) -> Rejection {
        let challenges = self.login.challenges(self.puzzled.contains(source), stale, now);
        challenges
            .into_iter()
            .fold(Rejection::new(StatusCode(401)), |rejection, challenge| rejection.with("WWW-Authenticate", challenge))
    }

    /// Whether the address is that of a trunk or of a registered phone.
    fn is_friend(&self, source: IpAddr) -> bool {
        self.registrar.is_host(source) || self.trunks.knows(source)
    }

    /// 200 with all contacts that there are (10.3 step 8), and Path as it came, for who knows of it (RFC 3327 5.3).
    fn registered(&self, at: usize, headers: &Headers, now: Instant) -> Reply {
        let mut reply = Reply::new(StatusCode(200));
        for phone in self.registrar.phones(at) {
            reply = reply.with("Contact", phone.contact(now));
        }
        if headers.supports("path") {
            for path in headers.get_all("Path") {
                reply = reply.with("Path", path);
            }
        }
        reply
    }

    /// Where a URI leads, and whether the route there wants the call to be recorded: the routes come first, then the extensions and the
    /// queues. Recall is for the extension itself.
    fn lead(&self, caller: &Caller, target: &Uri, purpose: Option<Purpose>) -> Result<(Plan, bool), Refusal> {
        let plain = |plan| (plan, false);
        match (purpose, &target.user) {
            (Some(Purpose::ProgramQueue), Some(name)) => return self.queue(name).map(plain),
            (Some(Purpose::ProgramRoom), Some(name)) => return Ok(plain(Plan::Conference(name.clone()))),
            _ => {}
        }
        // Who calls us from outside is not helped on to where it likes.
        if !matches!(caller, Caller::Trunk(_)) && !self.foreign.is_ours(target, &self.domain) {
            match self.foreign.target(target) {
                Some(found) => return found.map(|target| plain(Plan::Ring(vec![vec![target]]))),
                // Phones write many hosts for ours; a program means what it says.
                None if purpose == Some(Purpose::Program) && target.scheme == Scheme::Sip => {
                    return Err(Refusal::Foreign);
                }
                None => {}
            }
        }
        let number = dialled(target)?;
        if purpose == Some(Purpose::ProgramExtension) {
            return self.extension(&number).map(Plan::Ring).map(plain);
        }
        let recalled = purpose == Some(Purpose::Recall) && self.extensions.find(&number).is_some();
        match self.routes.find(caller, purpose, &number).filter(|_| !recalled) {
            Some((route, number)) => Ok((self.follow(&route.to, &number)?, route.record)),
            None => match self.queues.at(&number) {
                Some(queue) => Ok(plain(queue.plan())),
                None => self.extension(&number).map(Plan::Ring).map(plain),
            },
        }
    }

    /// What a route's destinations come to. Those that cannot be had now are left out while others can.
    fn follow(&self, to: &[RouteTo], number: &str) -> Result<Plan, Refusal> {
        let mut steps = Vec::new();
        let mut refusal = Refusal::Unknown;
        for destination in to {
            let found = match destination {
                RouteTo::Conference(name) => return Ok(Plan::Conference(name.replace("{number}", number))),
                RouteTo::Music => return Ok(Plan::Music),
                RouteTo::Echo => return Ok(Plan::Echo),
                RouteTo::Flow(flow) => return Ok(Plan::Flow(flow.clone())),
                RouteTo::Queue(name) => return self.queue(&name.replace("{number}", number)),
                RouteTo::Dialect(_) => Err(Refusal::Unknown),
                RouteTo::Extension(extension) => self.extension(&extension.replace("{number}", number)),
                RouteTo::Trunk(name) => self.trunk(name, number),
            };
            match found {
                Ok(found) => steps.extend(found),
                Err(why) if refusal == Refusal::Unknown => refusal = why,
                Err(_) => {}
            }
        }
        if steps.is_empty() { Err(refusal) } else { Ok(Plan::Ring(steps)) }
    }

    pub(super) fn extension(&self, number: &str) -> Result<Vec<Vec<Target>>, Refusal> {
        let (at, settings) = self.extensions.find(number).ok_or(Refusal::Unknown)?;
        let steps = settings.steps(self.registrar.phones(at), &self.domain);
        if steps.is_empty() { Err(Refusal::Offline) } else { Ok(steps) }
    }

    fn trunk(&self, name: &str, number: &str) -> Result<Vec<Vec<Target>>, Refusal> {
        let trunk = self.trunks.find(name).ok_or(Refusal::Unknown)?;
        if !trunk.has_line() {
            return Err(Refusal::Full);
        }
        let target = trunk.target(number, &self.domain).ok_or(Refusal::Offline)?;
        Ok(vec![vec![target]])
    }
}

/// Whether the credentials were made for this request (RFC 7616 3.4.6). Hosts are not compared: some gateways rewrite them.
/// Some clients say just the server in them; they are good for one request all the same, since a count is taken once.
fn is_for(credentials: &Authorization, uri: &Uri) -> bool {
    credentials.uri.parse::<Uri>().is_ok_and(|said| said.user.is_none() || said.user == uri.user)
}

impl Refused {
    fn reply(self) -> Reply {
        match self {
            Self::Malformed(why) => Reply::new(StatusCode(400)).with("Warning", format!("399 registrar \"{why}\"")),
            Self::TooBrief(shortest) => Reply::new(StatusCode(423)).with("Min-Expires", shortest.to_string()),
            Self::TooMany => Reply::new(StatusCode(403)).with("Warning", "399 registrar \"Too many contacts\""),
            Self::OutOfOrder => Reply::new(StatusCode(500)),
        }
    }
}

impl From<Rejection> for Reply {
    fn from(rejection: Rejection) -> Self {
        Self { status: rejection.status, headers: rejection.headers }
    }
}
