//! What handlers are given.

use super::{
    auth::Keyring,
    hooks::Hooks,
    idempotency::Answers,
    limits::Meter,
    settings::{Key, Limits, Settings},
    tools::Tools,
};
use crate::control::{Desk, Hub};
use std::{io, net::IpAddr, sync::Arc, time::Duration};
use tokio::sync::watch;

/// What handlers are given.
#[derive(Clone)]
pub(super) struct State {
    pub(super) desk: Desk,
    pub(super) hub: Hub,
    pub(super) tools: Tools,
    /// Tokens, those of now: for requests, and for those that answer for long.
    pub(super) keyring: watch::Receiver<Arc<Keyring>>,
    pub(super) by_token: Arc<Meter<Arc<str>>>,
    pub(super) by_address: Arc<Meter<IpAddr>>,
    pub(super) answers: Arc<Answers>,
    pub(super) hooks: Arc<Hooks>,
    pub(super) webhook_hosts: Arc<[String]>,
    pub(super) limits: Limits,
    pub(super) jwt_max: Duration,
    /// True when the API ends: for those that answer for long.
    pub(super) stopping: watch::Receiver<bool>,
}

/// The other end of `State::keyring`.
pub(super) struct Keys {
    keyring: watch::Sender<Arc<Keyring>>,
    /// Signs JWTs where the settings have no secret.
    own: Key,
}

impl State {
    pub(super) fn new(
        settings: &Settings,
        desk: Desk,
        hub: Hub,
        tools: Tools,
        stopping: watch::Receiver<bool>,
    ) -> io::Result<(Self, Keys)> {
        let hooks = Hooks::new(hub.clone(), tools.webhooks.clone())?;
        let own = Key::random();
        let (sender, keyring) = watch::channel(Arc::new(Keyring::new(&settings.tokens, secret(settings, &own))));
        let state = Self {
            desk,
            hub,
            tools,
            keyring,
            by_token: Arc::new(Meter::new(settings.limits.requests_per_second)),
            by_address: Arc::new(Meter::new(settings.limits.requests_per_second)),
            answers: Arc::default(),
            hooks,
            webhook_hosts: settings.webhook_hosts.clone().into(),
            limits: settings.limits,
            jwt_max: settings.jwt_max,
            stopping,
        };
        Ok((state, Keys { keyring: sender, own }))
    }

    /// The same for these settings.
    pub(super) fn renewed(&self, settings: &Settings) -> Self {
        let (rate, before) = (settings.limits.requests_per_second, self.limits.requests_per_second);
        let same = rate == before;
        Self {
            by_token: if same { Arc::clone(&self.by_token) } else { Arc::new(Meter::new(rate)) },
            by_address: if same { Arc::clone(&self.by_address) } else { Arc::new(Meter::new(rate)) },
            webhook_hosts: settings.webhook_hosts.clone().into(),
            limits: settings.limits,
            jwt_max: settings.jwt_max,
            ..self.clone()
        }
    }

    /// The tokens of now.
    pub(super) fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring.borrow())
    }
}

impl Keys {
    /// Other tokens from now on. JWTs that were given out stay good where the secret stays.
    pub(super) fn renew(&self, settings: &Settings) {
        self.keyring.send_replace(Arc::new(Keyring::new(&settings.tokens, secret(settings, &self.own))));
    }
}

fn secret<'a>(settings: &'a Settings, own: &'a Key) -> &'a Key {
    settings.jwt_secret.as_ref().unwrap_or(own)
}
