//! Which phones are there for an extension (RFC 3261 10.3).

use super::{Binding, Event, ExtensionSettings};
use crate::{
    deadlines::Deadlines,
    sip::wire::{Contacts, HeaderError, Headers, NameAddr, Uri},
};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::Hash,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

/// More contacts than any phone sends in one request.
const MAX_CONTACTS_SAID: usize = 32;
/// Bytes kept of a User-Agent.
const MAX_AGENT: usize = 128;

/// All registrations. Extensions are named by their place in the configuration.
#[derive(Debug)]
pub(super) struct Registrar {
    min: Duration,
    max: Duration,
    phones: Vec<Vec<Phone>>,
    deadlines: Deadlines<(usize, u64)>,
    /// How many registrations came from each address.
    hosts: HashMap<IpAddr, u32>,
    made: u64,
}

/// A registration, with what is only for us to know.
#[derive(Debug)]
pub(super) struct Phone {
    number: u64,
    /// `+sip.instance` and `reg-id` (RFC 5626 4.1): the same phone, whatever address it has now.
    instance: Option<String>,
    pub(super) binding: Binding,
}

/// What a REGISTER asks for, beside what its contacts say.
#[derive(Debug)]
pub(super) struct Update {
    contacts: Wish,
    call_id: String,
    cseq: u32,
    path: Vec<Uri>,
    agent: String,
}

#[derive(Debug)]
enum Wish {
    /// Nothing but the list of what there is.
    Look,
    /// `*`: all go.
    Clear,
    Change(Vec<Contact>),
}

#[derive(Debug)]
struct Contact {
    uri: Uri,
    /// s; 0: it goes.
    expires_s: u32,
    q: u16,
    instance: Option<String>,
}

/// Why a REGISTER is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It cannot be read, or makes no sense: 400.
    Malformed(String),
    /// 423; the shortest time, s.
    TooBrief(u64),
    /// More phones than the extension may have: 403.
    TooMany,
    /// An older request than one that was heard: 500 (10.3 step 7).
    OutOfOrder,
}

impl From<HeaderError> for Refused {
    fn from(error: HeaderError) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl Update {
    /// Reads a REGISTER. `longest` is the time granted to who names none.
    pub(super) fn read(headers: &Headers, longest: Duration) -> Result<Self, Refused> {
        let longest_s = u32::try_from(longest.as_secs()).unwrap_or(u32::MAX);
        // Expires that cannot be read counts as not there (10.2.1.1).
        let expires = headers.expires_s().ok().flatten();
        let contacts = match headers.contacts()? {
            Contacts::All if expires == Some(0) => Wish::Clear,
            Contacts::All => return Err(Refused::Malformed("Contact * needs Expires: 0".to_owned())),
            Contacts::List(list) if list.is_empty() => Wish::Look,
            Contacts::List(list) if list.len() > MAX_CONTACTS_SAID => return Err(Refused::TooMany),
            Contacts::List(list) => {
                let default = expires.unwrap_or(longest_s);
                Wish::Change(list.into_iter().map(|contact| Contact::read(contact, default)).collect::<Result<_, _>>()?)
            }
        };
        // A phone that does not know of Path is behind its proxies all the same, and is not to be reached but through them. It is
        // trusted with its Contact, so with this too (RFC 3327 5.3 leaves it to the registrar).
        let path = headers.paths()?.into_iter().map(|hop| hop.uri).collect();
        let agent = headers.get("User-Agent").unwrap_or_default();
        Ok(Self {
            contacts,
            call_id: headers.call_id()?.to_owned(),
            cseq: headers.cseq()?.number,
            path,
            agent: agent.chars().take(MAX_AGENT).collect(),
        })
    }
}

impl Contact {
    fn read(contact: NameAddr, default_s: u32) -> Result<Self, Refused> {
        if !contact.uri.is_sip() {
            return Err(Refused::Malformed("Contact is no SIP URI".to_owned()));
        }
        let instance = contact
            .params
            .get("+sip.instance")
            .map(|instance| format!("{instance} {}", contact.params.get("reg-id").unwrap_or_default()));
        Ok(Self { expires_s: contact.expires_s().unwrap_or(default_s), q: contact.q(), instance, uri: contact.uri })
    }

    /// Whether this is about that phone. With an instance a new address takes the place of the old one (RFC 5626 6).
    fn means(&self, phone: &Phone) -> bool {
        self.uri.same_as(&phone.binding.contact) || (self.instance.is_some() && self.instance == phone.instance)
    }
}

impl Registrar {
    pub(super) fn new(extensions: usize, min: Duration, max: Duration) -> Self {
        Self {
            min,
            max,
            phones: std::iter::repeat_with(Vec::new).take(extensions).collect(),
            deadlines: Deadlines::new(),
            hosts: HashMap::new(),
            made: 0,
        }
    }

    /// Other extensions and other times from now on: the phones of each are those that were at the place named for it, and
    /// those of places that nobody named go.
    pub(super) fn reseat(
        &mut self,
        seats: &[Option<usize>],
        (min, max): (Duration, Duration),
        events: &mut VecDeque<Event>,
    ) {
        let kept: HashSet<usize> = seats.iter().flatten().copied().collect();
        for at in (0..self.phones.len()).filter(|at| !kept.contains(at)) {
            let all: Vec<u64> = self.phones(at).iter().map(|phone| phone.number).collect();
            all.into_iter().for_each(|number| self.remove(at, number, false, events));
        }
        let mut before = std::mem::take(&mut self.phones);
        let mut take =
            |at: &Option<usize>| at.and_then(|at| before.get_mut(at)).map(std::mem::take).unwrap_or_default();
        self.phones = seats.iter().map(&mut take).collect();
        self.deadlines = Deadlines::new();
        for (at, phones) in self.phones.iter().enumerate() {
            for phone in phones {
                self.deadlines.set((at, phone.number), phone.binding.expires);
            }
        }
        (self.min, self.max) = (min, max);
    }

    /// The longest registration.
    pub(super) fn longest(&self) -> Duration {
        self.max
    }

    /// Does what the update asks for, all of it or nothing.
    pub(super) fn update(
        &mut self,
        at: usize,
        settings: &ExtensionSettings,
        update: Update,
        source: SocketAddr,
        now: Instant,
        events: &mut VecDeque<Event>,
    ) -> Result<(), Refused> {
        let Update { contacts, call_id, cseq, path, agent } = update;
        let phones = self.phones(at);
        let in_order = |phone: &Phone| phone.binding.call_id != call_id || cseq > phone.binding.cseq;
        match contacts {
            Wish::Look => {}
            Wish::Clear => {
                if !phones.iter().all(in_order) {
                    return Err(Refused::OutOfOrder);
                }
                let all: Vec<u64> = phones.iter().map(|phone| phone.number).collect();
                all.into_iter().for_each(|number| self.remove(at, number, false, events));
            }
            Wish::Change(contacts) => {
                self.check(phones, &contacts, settings.max_contacts, in_order)?;
                for Contact { uri, expires_s, q, instance } in self.last_of_each(at, contacts, events) {
                    let expires = now + Duration::from_secs(expires_s.into()).min(self.max);
                    let extension = settings.number.clone();
                    let (call_id, path, agent) = (call_id.clone(), path.clone(), agent.clone());
                    let binding = Binding { extension, contact: uri, source, path, q, call_id, cseq, agent, expires };
                    events.push_back(Event::Registered(Box::new(binding.clone())));
                    self.put(at, binding, instance);
                }
            }
        }
        Ok(())
    }

    /// Whether all that is wished can be done.
    fn check(
        &self,
        phones: &[Phone],
        contacts: &[Contact],
        most: usize,
        in_order: impl Fn(&Phone) -> bool,
    ) -> Result<(), Refused> {
        let shortest = self.min.as_secs();
        if contacts.iter().any(|contact| contact.expires_s > 0 && u64::from(contact.expires_s) < shortest) {
            return Err(Refused::TooBrief(shortest));
        }
        if phones.iter().any(|phone| contacts.iter().any(|contact| contact.means(phone)) && !in_order(phone)) {
            return Err(Refused::OutOfOrder);
        }
        let untouched = phones.iter().filter(|phone| !contacts.iter().any(|contact| contact.means(phone))).count();
        let wanted = contacts
            .iter()
            .enumerate()
            .filter(|(at, contact)| {
                contact.expires_s > 0 && !contacts[..*at].iter().any(|c| c.uri.same_as(&contact.uri))
            })
            .count();
        if wanted > 0 && untouched + wanted > most { Err(Refused::TooMany) } else { Ok(()) }
    }

    /// Removes the phones that are not wanted any more or come with another address now; leaves the contacts that stay.
    fn last_of_each(&mut self, at: usize, contacts: Vec<Contact>, events: &mut VecDeque<Event>) -> Vec<Contact> {
        let mut wanted: Vec<Contact> = Vec::with_capacity(contacts.len());
        for contact in contacts {
            wanted.retain(|earlier| !earlier.uri.same_as(&contact.uri));
            let gone: Vec<u64> = self
                .phones(at)
                .iter()
                .filter(|phone| contact.means(phone))
                .filter(|phone| contact.expires_s == 0 || !contact.uri.same_as(&phone.binding.contact))
                .map(|phone| phone.number)
                .collect();
            gone.into_iter().for_each(|number| self.remove(at, number, false, events));
            if contact.expires_s > 0 {
                wanted.push(contact);
            }
        }
        wanted
    }

    /// A new registration, or the refreshing of one.
    fn put(&mut self, at: usize, binding: Binding, instance: Option<String>) {
        let (expires, source) = (binding.expires, binding.source);
        let known = self.phones(at).iter().position(|phone| phone.binding.contact.same_as(&binding.contact));
        let Some(phones) = self.phones.get_mut(at) else { return };
        let number = match known.and_then(|place| phones.get_mut(place)) {
            Some(phone) => {
                let before = std::mem::replace(&mut phone.binding, binding).source;
                phone.instance = instance;
                let number = phone.number;
                self.uncount(before);
                number
            }
            None => {
                self.made += 1;
                phones.push(Phone { number: self.made, instance, binding });
                self.made
            }
        };
        *self.hosts.entry(source.ip()).or_default() += 1;
        self.deadlines.set((at, number), expires);
    }

    fn remove(&mut self, at: usize, number: u64, expired: bool, events: &mut VecDeque<Event>) {
        let Some(phones) = self.phones.get_mut(at) else { return };
        let Some(place) = phones.iter().position(|phone| phone.number == number) else { return };
        let Binding { extension, contact, source, .. } = phones.remove(place).binding;
        self.deadlines.clear((at, number));
        self.uncount(source);
        events.push_back(Event::Unregistered { extension, contact: contact.to_string(), expired });
    }

    fn uncount(&mut self, source: SocketAddr) {
        drop_one(&mut self.hosts, &source.ip());
    }

    /// The phones of an extension.
    pub(super) fn phones(&self, at: usize) -> &[Phone] {
        self.phones.get(at).map_or(&[], Vec::as_slice)
    }

    /// Whether a phone registered from that address.
    pub(super) fn is_host(&self, address: IpAddr) -> bool {
        self.hosts.contains_key(&address)
    }

    /// How many phones there are.
    pub(super) fn len(&self) -> usize {
        self.deadlines.len()
    }

    /// All registrations.
    pub(super) fn bindings(&self) -> Vec<Binding> {
        self.phones.iter().flatten().map(|phone| phone.binding.clone()).collect()
    }

    /// A registration from before a restart; one that has run out is left out.
    pub(super) fn restore(&mut self, at: usize, settings: &ExtensionSettings, mut binding: Binding, now: Instant) {
        if binding.expires > now && self.phones(at).len() < settings.max_contacts {
            binding.expires = binding.expires.min(now + self.max);
            self.put(at, binding, None);
        }
    }

    pub(super) fn wake(&mut self, now: Instant, events: &mut VecDeque<Event>) {
        while let Some((at, number)) = self.deadlines.pop_due(now) {
            self.remove(at, number, true, events);
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }
}

impl Phone {
    /// The value of Contact in a 200 (10.3 step 8).
    pub(super) fn contact(&self, now: Instant) -> String {
        let left = self.binding.expires.saturating_duration_since(now);
        // Rounded up: one that is still there has at least a second.
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        let q = match self.binding.q {
            1000 => String::new(),
            q => format!(";q=0.{q:03}"),
        };
        format!("<{}>{q};expires={seconds}", self.binding.contact)
    }
}

fn drop_one<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
