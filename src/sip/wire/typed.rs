//! Headers by meaning: each is read when it is asked for.

use super::{
    CSeq, Contacts, ContentType, Date, EventPackage, HeaderError, Headers, Method, NameAddr, Privacy, RAck, Reason,
    ReferTo, Replaces, RetryAfter, SessionExpires, SubscriptionState, UriError, Via, Warning, call_id, name::Name,
    name_addr::RawNameAddr, params::MAX_PARAMS, scan,
};

type Read<T> = Result<T, HeaderError>;

fn bad<T>(name: Name, problem: &'static str) -> Read<T> {
    Err(HeaderError { header: name.as_str(), problem })
}

fn address(text: &str) -> Result<NameAddr, &'static str> {
    NameAddr::parse(text).map_err(|UriError(problem)| problem)
}

/// What every message has; these do not fail for one that came out of [`super::Message::parse`].
impl Headers {
    /// The top Via.
    pub fn via(&self) -> Read<Via> {
        let value = self.values(Name::Via).next();
        value.ok_or("missing").and_then(Via::parse).or_else(|problem| bad(Name::Via, problem))
    }

    /// From.
    pub fn from(&self) -> Read<NameAddr> {
        self.needed(Name::From, address)
    }

    /// To.
    pub fn to(&self) -> Read<NameAddr> {
        self.needed(Name::To, address)
    }

    /// The tag of From, looked up without reading the rest.
    pub fn from_tag(&self) -> Option<&str> {
        self.tag(Name::From)
    }

    /// The tag of To, looked up without reading the rest.
    pub fn to_tag(&self) -> Option<&str> {
        self.tag(Name::To)
    }

    /// Call-ID.
    pub fn call_id(&self) -> Read<&str> {
        let id = self.first(Name::CallId).ok_or("missing");
        id.and_then(|id| call_id::check(id).map(|()| id)).or_else(|problem| bad(Name::CallId, problem))
    }

    /// CSeq.
    pub fn cseq(&self) -> Read<CSeq> {
        self.needed(Name::CSeq, CSeq::parse)
    }

    fn needed<T>(&self, name: Name, read: impl FnOnce(&str) -> Result<T, &'static str>) -> Read<T> {
        self.first(name).ok_or("missing").and_then(read).or_else(|problem| bad(name, problem))
    }

    fn tag(&self, name: Name) -> Option<&str> {
        let raw = RawNameAddr::split(self.first(name)?).ok()?;
        let mut params = scan::HeaderParams::new(raw.params).filter_map(Result::ok);
        params.find(|(name, _)| name.eq_ignore_ascii_case("tag"))?.1.filter(|tag| !tag.is_empty())
    }
}

/// Addresses.
impl Headers {
    /// All Via, the top one first.
    pub fn vias(&self) -> Read<Vec<Via>> {
        self.many(Name::Via, Via::parse)
    }

    /// Contact.
    pub fn contacts(&self) -> Read<Contacts> {
        let mut values = self.values(Name::Contact);
        if values.any(|value| value == "*") {
            let alone = self.values(Name::Contact).nth(1).is_none();
            return if alone { Ok(Contacts::All) } else { bad(Name::Contact, "* beside others") };
        }
        self.many(Name::Contact, address).map(Contacts::List)
    }

    /// The first Contact as a dialog needs it; an error if it is `*`.
    pub fn contact(&self) -> Read<Option<NameAddr>> {
        self.one_of_list(Name::Contact, address)
    }

    /// Route, in order.
    pub fn routes(&self) -> Read<Vec<NameAddr>> {
        self.many(Name::Route, address)
    }

    /// Record-Route, in order.
    pub fn record_routes(&self) -> Read<Vec<NameAddr>> {
        self.many(Name::RecordRoute, address)
    }

    /// Path (RFC 3327), in order.
    pub fn paths(&self) -> Read<Vec<NameAddr>> {
        self.many(Name::Path, address)
    }

    /// Service-Route (RFC 3608), in order.
    pub fn service_routes(&self) -> Read<Vec<NameAddr>> {
        self.many(Name::ServiceRoute, address)
    }

    /// P-Asserted-Identity (RFC 3325): a sip and a tel URI at most.
    pub fn p_asserted_identity(&self) -> Read<Vec<NameAddr>> {
        self.many(Name::PAssertedIdentity, address)
    }

    /// P-Preferred-Identity (RFC 3325).
    pub fn p_preferred_identity(&self) -> Read<Vec<NameAddr>> {
        self.many(Name::PPreferredIdentity, address)
    }

    /// Diversion (RFC 5806), the latest first.
    pub fn diversion(&self) -> Read<Vec<NameAddr>> {
        self.many(Name::Diversion, address)
    }

    /// Refer-To; more than one is an error (RFC 3515 2.4.1).
    pub fn refer_to(&self) -> Read<Option<ReferTo>> {
        match self.all(Name::ReferTo).nth(1) {
            Some(_) => bad(Name::ReferTo, "more than one"),
            None => self.one(Name::ReferTo, ReferTo::parse),
        }
    }

    /// Referred-By (RFC 3892).
    pub fn referred_by(&self) -> Read<Option<NameAddr>> {
        self.one(Name::ReferredBy, address)
    }

    /// Replaces (RFC 3891); more than one is an error.
    pub fn replaces(&self) -> Read<Option<Replaces>> {
        match self.all(Name::Replaces).nth(1) {
            Some(_) => bad(Name::Replaces, "more than one"),
            None => self.one(Name::Replaces, Replaces::parse),
        }
    }

    fn one<T>(&self, name: Name, read: impl FnOnce(&str) -> Result<T, &'static str>) -> Read<Option<T>> {
        self.first(name).map(read).transpose().or_else(|problem| bad(name, problem))
    }

    fn one_of_list<T>(&self, name: Name, read: impl FnOnce(&str) -> Result<T, &'static str>) -> Read<Option<T>> {
        self.values(name).next().map(read).transpose().or_else(|problem| bad(name, problem))
    }

    fn many<T>(&self, name: Name, read: impl Fn(&str) -> Result<T, &'static str>) -> Read<Vec<T>> {
        let mut list = Vec::new();
        for value in self.values(name) {
            if list.len() == MAX_LIST {
                return bad(name, "too many");
            }
            list.push(read(value).or_else(|problem| bad(name, problem))?);
        }
        Ok(list)
    }
}

/// Values of one list header that are read.
const MAX_LIST: usize = 2 * MAX_PARAMS;

/// Numbers and times.
impl Headers {
    /// Max-Forwards, 0 to 255.
    pub fn max_forwards(&self) -> Read<Option<u8>> {
        self.number(Name::MaxForwards)
    }

    /// Expires, s. A number too large for us means the longest time (20.19).
    pub fn expires_s(&self) -> Read<Option<u32>> {
        self.one(Name::Expires, |text| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().unwrap_or(u32::MAX)).ok_or("bad number of seconds")
        })
    }

    /// Min-Expires, s.
    pub fn min_expires_s(&self) -> Read<Option<u32>> {
        self.number(Name::MinExpires)
    }

    /// Session-Expires (RFC 4028).
    pub fn session_expires(&self) -> Read<Option<SessionExpires>> {
        self.one(Name::SessionExpires, SessionExpires::parse)
    }

    /// Min-SE (RFC 4028), s.
    pub fn min_se_s(&self) -> Read<Option<u32>> {
        self.one(Name::MinSe, |text| SessionExpires::parse(text).map(|expires| expires.delta_s))
    }

    /// RSeq (RFC 3262).
    pub fn rseq(&self) -> Read<Option<u32>> {
        self.number(Name::RSeq)
    }

    /// RAck (RFC 3262).
    pub fn rack(&self) -> Read<Option<RAck>> {
        self.one(Name::RAck, RAck::parse)
    }

    /// Retry-After.
    pub fn retry_after(&self) -> Read<Option<RetryAfter>> {
        self.one(Name::RetryAfter, RetryAfter::parse)
    }

    /// Date.
    pub fn date(&self) -> Read<Option<Date>> {
        self.one(Name::Date, Date::parse)
    }

    /// Content-Length as it was said; a message that is printed gets the right one.
    pub fn content_length(&self) -> Read<Option<usize>> {
        self.number(Name::ContentLength)
    }

    fn number<T: TryFrom<u64>>(&self, name: Name) -> Read<Option<T>> {
        self.one(name, |text| scan::number(text).ok_or("bad number"))
    }
}

/// Tokens and words.
impl Headers {
    /// Content-Type.
    pub fn content_type(&self) -> Read<Option<ContentType>> {
        self.one(Name::ContentType, ContentType::parse)
    }

    /// Supported, in order.
    pub fn supported(&self) -> impl Iterator<Item = &str> {
        self.values(Name::Supported)
    }

    /// Whether Supported or Require names this option tag.
    pub fn supports(&self, tag: &str) -> bool {
        self.supported().chain(self.require()).any(|said| said.eq_ignore_ascii_case(tag))
    }

    /// Require, in order.
    pub fn require(&self) -> impl Iterator<Item = &str> {
        self.values(Name::Require)
    }

    /// Whether Require names this option tag.
    pub fn requires(&self, tag: &str) -> bool {
        self.require().any(|said| said.eq_ignore_ascii_case(tag))
    }

    /// Proxy-Require, in order.
    pub fn proxy_require(&self) -> impl Iterator<Item = &str> {
        self.values(Name::ProxyRequire)
    }

    /// Unsupported, in order.
    pub fn unsupported(&self) -> impl Iterator<Item = &str> {
        self.values(Name::Unsupported)
    }

    /// Allow, in order.
    pub fn allow(&self) -> impl Iterator<Item = Method> {
        self.values(Name::Allow).filter_map(Method::parse)
    }

    /// Whether Allow names this method; `None` when there is no Allow.
    pub fn allows(&self, method: &Method) -> Option<bool> {
        self.first(Name::Allow)?;
        Some(self.values(Name::Allow).any(|said| said == method.as_str()))
    }

    /// Accept, in order.
    pub fn accept(&self) -> Read<Vec<ContentType>> {
        self.many(Name::Accept, ContentType::parse)
    }

    /// Event (RFC 6665).
    pub fn event(&self) -> Read<Option<EventPackage>> {
        self.one(Name::Event, EventPackage::parse)
    }

    /// Subscription-State (RFC 6665).
    pub fn subscription_state(&self) -> Read<Option<SubscriptionState>> {
        self.one(Name::SubscriptionState, SubscriptionState::parse)
    }

    /// Refer-Sub (RFC 4488): whether a subscription is wanted; `None` when it is not there.
    pub fn refer_sub(&self) -> Read<Option<bool>> {
        self.one(Name::ReferSub, |text| {
            let word = scan::trim(text.split(';').next().unwrap_or_default());
            match word {
                _ if word.eq_ignore_ascii_case("true") => Ok(true),
                _ if word.eq_ignore_ascii_case("false") => Ok(false),
                _ => Err("neither true nor false"),
            }
        })
    }

    /// Reason (RFC 3326), in order; those that cannot be read are left out, for nobody depends on them.
    pub fn reasons(&self) -> Vec<Reason> {
        self.values(Name::Reason).take(MAX_LIST).filter_map(|value| Reason::parse(value).ok()).collect()
    }

    /// Warning, in order; those that cannot be read are left out.
    pub fn warnings(&self) -> Vec<Warning> {
        self.values(Name::Warning).take(MAX_LIST).filter_map(|value| Warning::parse(value).ok()).collect()
    }

    /// Privacy (RFC 3323); empty when there is none.
    pub fn privacy(&self) -> Privacy {
        Privacy::parse(self.all(Name::Privacy))
    }
}
