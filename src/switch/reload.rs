//! New settings for a switchboard at work: who is registered stays, as long as he may be.

use super::{
    Settings, Switchboard,
    extension::Extensions,
    route::Routes,
    settings::{ExtensionSettings, QueueSettings, TrunkSettings},
};
use serde::Serialize;
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};
use utoipa::ToSchema;

/// What new settings changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Changes {
    /// Extensions, by number.
    pub extensions: Difference,
    /// Trunks, by name.
    pub trunks: Difference,
    /// Queues, by name.
    pub queues: Difference,
    /// The dial plan is another one.
    pub routes: bool,
    /// Registrations that went because their extension did, or its password.
    pub registrations_dropped: usize,
}

/// What is there now and was not, and the other way round; each in the order of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Difference {
    /// New.
    pub added: Vec<String>,
    /// Gone.
    pub removed: Vec<String>,
    /// There before, with other settings.
    pub changed: Vec<String>,
}

impl Switchboard {
    /// Everything as `settings` say from now on; the domain, which phones have made their passwords for, and the life of a
    /// nonce stay. Registrations stay with their extension, unless its password is another one: who knew only the old one
    /// must not be called any more. Addresses found for a trunk stay while its host is the same. `lines`: how many
    /// lines of each trunk are in use, whether it was known before or not.
    pub fn reload(&mut self, settings: Settings, lines: &HashMap<String, u32>) -> Changes {
        let extensions = Extensions::new(settings.extensions, &self.domain.to_string());
        let routes = Routes::new(settings.routes);
        let mut changes = Changes {
            extensions: difference(self.extensions.all(), extensions.all(), |extension| &extension.number),
            trunks: difference(self.trunks.settings(), settings.trunks.iter(), |trunk: &TrunkSettings| &trunk.name),
            queues: difference(self.queues.settings(), settings.queues.iter(), |queue: &QueueSettings| &queue.name),
            routes: routes != self.routes,
            registrations_dropped: 0,
        };
        let seats = extensions.all().map(|extension| self.seat(extension)).collect::<Vec<_>>();
        let before = self.events.len();
        self.registrar.reseat(&seats, (settings.min_expires, settings.max_expires), &mut self.events);
        changes.registrations_dropped = self.events.len() - before;
        self.extensions = extensions;
        self.queues.reload(settings.queues, self.extensions.all().map(|extension| extension.number.as_str()));
        self.trunks.replace(settings.trunks, lines);
        self.routes = routes;
        self.foreign.reload(settings.foreign);
        self.login.offer(settings.security.digest.clone());
        self.bans.obey(&settings.security);
        self.rates.allow(settings.security.requests_per_second);
        changes
    }

    /// Where the registrations of an extension are that it may keep.
    fn seat(&self, extension: &ExtensionSettings) -> Option<usize> {
        self.extensions
            .find(&extension.number)
            .filter(|(_, before)| before.secret == extension.secret)
            .map(|(at, _)| at)
    }
}

impl Changes {
    /// Nothing is another than before.
    pub fn is_empty(&self) -> bool {
        self.extensions.is_empty() && self.trunks.is_empty() && self.queues.is_empty() && !self.routes
    }
}

impl fmt::Display for Changes {
    /// Such as "extensions: 1 added, 2 removed; routes changed".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = Vec::new();
        for (name, difference) in [("extensions", &self.extensions), ("trunks", &self.trunks), ("queues", &self.queues)]
        {
            let parts =
                [("added", &difference.added), ("removed", &difference.removed), ("changed", &difference.changed)];
            let parts = parts.iter().filter(|(_, names)| !names.is_empty());
            let parts: Vec<_> = parts.map(|(what, names)| format!("{} {what}", names.len())).collect();
            if !parts.is_empty() {
                said.push(format!("{name}: {}", parts.join(", ")));
            }
        }
        if self.routes {
            said.push("routes changed".to_owned());
        }
        if self.registrations_dropped > 0 {
            said.push(format!("{} registrations dropped", self.registrations_dropped));
        }
        if said.is_empty() {
            f.write_str("no extension, trunk, queue or route changed")
        } else {
            f.write_str(&said.join("; "))
        }
    }
}

impl Difference {
    /// Nothing came, went or changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

fn difference<'a, T: PartialEq + 'a>(
    before: impl Iterator<Item = &'a T>,
    after: impl Iterator<Item = &'a T>,
    name: impl Fn(&T) -> &String,
) -> Difference {
    let mut gone: BTreeMap<usize, &T> = before.enumerate().collect();
    let mut places: HashMap<&'a str, usize> = HashMap::new();
    for (at, one) in &gone {
        places.insert(name(one), *at);
    }
    let mut difference = Difference::default();
    for one in after {
        match places.get(name(one).as_str()).and_then(|at| gone.remove(at)) {
            None => difference.added.push(name(one).clone()),
            Some(before) if before != one => difference.changed.push(name(one).clone()),
            Some(_) => {}
        }
    }
    difference.removed = gone.values().map(|one| name(one).clone()).collect();
    difference
}
