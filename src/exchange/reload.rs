//! New settings for an exchange at work.

use super::{Exchange, Settings, wiring::Owned};
use crate::switch::{self, Changes};
use std::{collections::HashMap, sync::Arc, time::Instant};

impl Exchange {
    /// Everything as the settings say from now on, save our addresses and the domain, which stay. Calls in progress, rooms
    /// among them, keep the settings that they began with. Cannot fail: whoever made the settings has checked them.
    pub fn reload(&mut self, settings: Settings, switch: switch::Settings, now: Instant) -> Changes {
        let mut lines: HashMap<String, u32> = HashMap::new();
        for trunk in self.legs.values().filter_map(Owned::trunk) {
            *lines.entry(trunk.clone()).or_default() += 1;
        }
        let changes = self.switchboard.reload(switch, &lines);
        self.endpoint.reload(&settings.sip);
        self.call_settings = Arc::new(settings.call);
        self.gate.set_rate(settings.max_calls_per_second);
        self.max_calls = settings.max_calls;
        self.shutdown_grace = settings.shutdown_grace;
        self.pump(now);
        changes
    }
}
