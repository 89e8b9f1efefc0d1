//! What handlers are given.

use super::{
    auth::Keyring,
    hooks::Hooks,
    idempotency::Answers,
    limits::Meter,
    settings::{Limits, Settings},
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
    pub(super) keyring: Arc<Keyring>,
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

impl State {
    pub(super) fn new(
        settings: &Settings,
        desk: Desk,
        hub: Hub,
        tools: Tools,
        stopping: watch::Receiver<bool>,
    ) -> io::Result<Self> {
        let hooks = Hooks::new(hub.clone())?;
        let secret = settings.jwt_secret.clone().unwrap_or_else(super::settings::Key::random);
        Ok(Self {
            desk,
            hub,
            tools,
            keyring: Arc::new(Keyring::new(&settings.tokens, &secret)),
            by_token: Arc::new(Meter::new(settings.limits.requests_per_second)),
            by_address: Arc::new(Meter::new(settings.limits.requests_per_second)),
            answers: Arc::default(),
            hooks,
            webhook_hosts: settings.webhook_hosts.clone().into(),
            limits: settings.limits,
            jwt_max: settings.jwt_max,
            stopping,
        })
    }
}
