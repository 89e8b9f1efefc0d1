//! New settings for a switch that runs.

use super::{
    library::{self, Library},
    resolve::{Finding, Resolver},
    settings::Settings,
    signalling::Control,
    start::Status,
};
use crate::{
    exchange,
    media::Music,
    switch::{self, Changes},
};
use std::{io, sync::Arc, time::Duration};
use tokio::sync::{mpsc, oneshot};

/// What one may ask of a switch that somebody else holds. Clones ask the same one.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) control: mpsc::Sender<Control>,
    /// Where sounds are brought to.
    pub(super) bringing: mpsc::Sender<library::Found>,
}

/// Why a switch goes on as before.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The hold music, or whatever else must be read first.
    #[error(transparent)]
    Unusable(#[from] super::StartError),
    /// A thread cannot be had.
    #[error("cannot go over to new settings: {0}")]
    Thread(#[from] io::Error),
    /// It has ended, or is about to.
    #[error("the switch is being stopped")]
    Ended,
}

/// All that may change at once, ready to be obeyed: nothing in it can fail any more.
pub(super) struct Successor {
    pub(super) exchange: exchange::Settings,
    pub(super) switch: switch::Settings,
    pub(super) media: NewMedia,
    /// Who looks for sounds from now on.
    pub(super) library: Library,
    /// Who looks for the trunks from now on.
    pub(super) resolver: Resolver,
    pub(super) found: Finding,
}

/// What mixers made from now on must know.
#[derive(Clone)]
pub(super) struct NewMedia {
    pub(super) music: Arc<Music>,
    pub(super) timeout: Duration,
}

impl Handle {
    /// How much of everything is alive; `None` when it has ended.
    pub fn status(&self) -> Option<Status> {
        let (reply, answer) = oneshot::channel();
        self.control.blocking_send(Control::Status(reply)).ok()?;
        answer.blocking_recv().ok()
    }

    /// Everything as `settings` say from now on; addresses, ports and threads stay as they were at the start. Where this fails,
    /// nothing has changed. Blocks as long as the disk needs.
    pub fn reload(&self, settings: Settings) -> Result<Changes, ReloadError> {
        let (library, music) = Library::open(&settings, self.bringing.clone())?;
        let music = Arc::new(music);
        let (resolver, found) = Resolver::start(&settings.switch)?;
        let successor = Successor {
            exchange: settings.exchange,
            switch: settings.switch,
            media: NewMedia { music, timeout: settings.media_timeout },
            library,
            resolver,
            found,
        };
        let (reply, answer) = oneshot::channel();
        let order = Control::Reload(Box::new(successor), reply);
        self.control.blocking_send(order).map_err(|_ended| ReloadError::Ended)?;
        answer.blocking_recv().map_err(|_ended| ReloadError::Ended)
    }
}
