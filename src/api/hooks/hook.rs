//! Who is told, and the tasks that tell.

use super::{
    dead::{Dead, DeadLetter},
    delivery::{ATTEMPT, deliver},
    shelf::Shelf,
};
use crate::{
    api::{
        settings::{Key, WebhookSettings},
        watch::{Filter, Watch, Word},
    },
    call::Stamp,
    control::{Hub, News},
    ids::CallId,
};
use serde::{Serialize, Serializer};
use std::{
    fmt, io,
    path::PathBuf,
    str::FromStr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::sync::{mpsc, watch};

/// The name of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) struct HookId(pub(super) u64);

/// Somebody who is told.
#[derive(Debug)]
pub(in crate::api) struct Hook {
    pub(in crate::api) id: HookId,
    pub(in crate::api) url: String,
    pub(in crate::api) secret: Key,
    /// Types or nouns; empty: all.
    pub(in crate::api) events: Vec<String>,
    /// Of this call alone, and until it is over.
    pub(in crate::api) call: Option<CallId>,
    /// It stands in the configuration.
    pub(in crate::api) configured: bool,
    /// It is not told any more.
    over: watch::Sender<bool>,
}

/// Somebody who will be told.
struct New {
    id: HookId,
    url: String,
    secret: Key,
    events: Vec<String>,
    call: Option<CallId>,
    configured: bool,
}

/// All who are told.
pub(in crate::api) struct Hooks {
    hub: Hub,
    client: reqwest::Client,
    hooks: Mutex<Vec<Arc<Hook>>>,
    last: AtomicU64,
    /// How often what was not taken is sent again.
    retries: AtomicU32,
    /// Where those of programs are kept; `None`: nowhere.
    shelf: Option<Shelf>,
    pub(in crate::api) dead: Dead,
}

/// Webhooks at the most, those of the configuration aside.
const MOST: usize = 1000;
/// Lanes of a webhook for all calls.
const LANES: u64 = 4;
/// Events that wait in a lane.
const WAITING: usize = 256;

impl Hooks {
    /// Nobody yet. Those of programs are kept in this file.
    pub(in crate::api) fn new(hub: Hub, file: Option<PathBuf>) -> io::Result<Arc<Self>> {
        // A second one is the same.
        let _known = rustls::crypto::ring::default_provider().install_default();
        // No redirects: they lead to hosts that nobody allowed.
        let client = reqwest::Client::builder()
            .timeout(ATTEMPT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("Warmline/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(io::Error::other)?;
        let (hooks, last, retries) = (Mutex::default(), AtomicU64::new(0), AtomicU32::new(0));
        let shelf = file.map(Shelf::at);
        Ok(Arc::new(Self { hub, client, hooks, last, retries, shelf, dead: Dead::default() }))
    }

    /// What sends: no redirects, and an answer within some seconds.
    pub(in crate::api) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Those that programs made before the program last ended.
    pub(in crate::api) fn recall(self: &Arc<Self>) {
        for kept in self.shelf.iter().flat_map(Shelf::read) {
            self.last.fetch_max(kept.id().0, Ordering::Relaxed);
            let (id, secret) = (kept.id(), kept.secret());
            self.tell_from_now_on(
                New { id, url: kept.url, secret, events: kept.events, call: None, configured: false },
                None,
            );
        }
    }

    /// Those of programs whom nobody may have told any more are told no more.
    pub(in crate::api) fn confine(&self, may_be_told: impl Fn(&str) -> bool) {
        for hook in self.list().into_iter().filter(|hook| !hook.configured && !may_be_told(&hook.url)) {
            tracing::warn!(webhook = %hook.id, host = WebhookSettings::host(&hook.url), "not among [http] webhook_hosts any more");
            self.remove(hook.id);
        }
    }

    /// Keeps those of programs as they are now, if there is a place for them.
    pub(in crate::api) async fn keep(self: &Arc<Self>) {
        if self.shelf.is_some() {
            let this = Arc::clone(self);
            let write = move || this.shelf.iter().for_each(|shelf| shelf.write(|| this.list()));
            let _panicked = tokio::task::spawn_blocking(write).await;
        }
    }

    /// Those of the configuration, and how often they are tried. Those that were there before and are so still go on.
    pub(in crate::api) fn configure(self: &Arc<Self>, settings: &[WebhookSettings], retries: u32) {
        self.retries.store(retries, Ordering::Relaxed);
        let before: Vec<_> = self.list().into_iter().filter(|hook| hook.configured).collect();
        for hook in &before {
            if !settings.iter().any(|settings| hook.is_of(settings)) {
                self.remove(hook.id);
            }
        }
        for settings in settings.iter().filter(|settings| !before.iter().any(|hook| hook.is_of(settings))) {
            let (url, secret, events) = (settings.url.clone(), settings.secret.clone(), settings.events.clone());
            self.add(url, secret, events, None, None, true);
        }
    }

    /// One more, told of what comes after `since`, or from now on. `None`: there are as many as may be.
    pub(in crate::api) fn add(
        self: &Arc<Self>,
        url: String,
        secret: Key,
        events: Vec<String>,
        call: Option<CallId>,
        since: Option<u64>,
        configured: bool,
    ) -> Option<Arc<Hook>> {
        let id = HookId(self.last.fetch_add(1, Ordering::Relaxed) + 1);
        self.tell_from_now_on(New { id, url, secret, events, call, configured }, since)
    }

    fn tell_from_now_on(self: &Arc<Self>, new: New, since: Option<u64>) -> Option<Arc<Hook>> {
        let New { id, url, secret, events, call, configured } = new;
        let (over, ends) = watch::channel(false);
        let hook = Arc::new(Hook { id, url, secret, events, call, configured, over });
        {
            let mut hooks = self.hooks();
            if hooks.len() >= MOST && !configured {
                return None;
            }
            hooks.push(Arc::clone(&hook));
        }
        // The end of its call is what ends it, whether it wants to be told of that or not.
        let filter = Filter { call, ..Filter::default() };
        let watch = Watch::new(&self.hub, filter, since, false);
        tokio::spawn(Arc::clone(self).tell(Arc::clone(&hook), watch, ends));
        // Over before it was watched, it will not be told to be over.
        if since.is_none() && call.is_some_and(|call| self.hub.call(call).is_none()) {
            self.remove(id);
        }
        Some(hook)
    }

    /// All.
    pub(in crate::api) fn list(&self) -> Vec<Arc<Hook>> {
        self.hooks().clone()
    }

    /// Tells it nothing more, not even what waits.
    pub(in crate::api) fn remove(&self, id: HookId) -> Option<Arc<Hook>> {
        let mut hooks = self.hooks();
        let at = hooks.iter().position(|hook| hook.id == id)?;
        let hook = hooks.remove(at);
        hook.over.send_replace(true);
        Some(hook)
    }

    /// Deals what happens to the lanes, until the call is over or the hook is removed.
    async fn tell(self: Arc<Self>, hook: Arc<Hook>, mut watch: Watch, mut over: watch::Receiver<bool>) {
        let lanes: Vec<mpsc::Sender<Arc<News>>> = (0..if hook.call.is_some() { 1 } else { LANES })
            .map(|_| {
                let (lane, waiting) = mpsc::channel(WAITING);
                tokio::spawn(Arc::clone(&self).send(Arc::clone(&hook), waiting, over.clone()));
                lane
            })
            .collect();
        let wanted = Filter { types: hook.events.clone(), ..Filter::default() };
        loop {
            let word = tokio::select! {
                word = watch.next() => word,
                _ = over.changed() => return,
            };
            match word {
                None => return,
                Some(Word::Snapshot(_)) => {}
                Some(Word::Missed { from, to }) => {
                    let reason = "the webhook is too slow: these events are kept no more".to_owned();
                    self.bury(&hook, from, to - from + 1, 0, reason, None);
                    if hook.call.is_some_and(|call| self.hub.call(call).is_none()) {
                        break;
                    }
                }
                Some(Word::News(news) | Word::OwnNews(news)) => {
                    let last = hook.call.is_some() && news.is("call.ended");
                    let lane = news.call().map_or(0, |call| call.0) % lanes.len() as u64;
                    if let Some(lane) = usize::try_from(lane).ok().and_then(|lane| lanes.get(lane))
                        && wanted.wants(&news)
                    {
                        tokio::select! {
                            _ended = lane.send(news) => {}
                            _ = over.changed() => return,
                        }
                    }
                    if last {
                        break;
                    }
                }
            }
        }
        // The lane sends what waits, and ends when its channel does.
        self.hooks().retain(|other| other.id != hook.id);
    }

    async fn send(
        self: Arc<Self>,
        hook: Arc<Hook>,
        mut waiting: mpsc::Receiver<Arc<News>>,
        mut over: watch::Receiver<bool>,
    ) {
        while let Some(news) = waiting.recv().await {
            let delivered = tokio::select! {
                delivered = deliver(&self.client, &hook, &news, &self.retries) => delivered,
                _ = over.changed() => return,
            };
            if let Err(failure) = delivered {
                let event = serde_json::value::RawValue::from_string(news.json().to_string()).ok();
                self.bury(&hook, news.sequence, 1, failure.attempts, failure.reason, event);
            }
        }
    }

    fn bury(
        &self,
        hook: &Hook,
        sequence: u64,
        count: u64,
        attempts: u32,
        reason: String,
        event: Option<Box<serde_json::value::RawValue>>,
    ) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = Stamp(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        let (webhook, url) = (hook.id, hook.url.clone());
        self.dead.put(DeadLetter { webhook, url, sequence, count, at, attempts, reason, event });
    }

    fn hooks(&self) -> MutexGuard<'_, Vec<Arc<Hook>>> {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hook {
    /// Whether it is what these settings say.
    fn is_of(&self, settings: &WebhookSettings) -> bool {
        (&self.url, &self.secret, &self.events) == (&settings.url, &settings.secret, &settings.events)
    }
}

impl fmt::Display for HookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "webhook-{}", self.0)
    }
}

impl FromStr for HookId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = text.strip_prefix("webhook-").ok_or(())?;
        number.parse().map(Self).map_err(|_| ())
    }
}

impl Serialize for HookId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
