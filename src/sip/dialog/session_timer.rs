//! Session timers (RFC 4028): who refreshes, when, and when a silent session is over.

pub(crate) use crate::sip::wire::Refresher;
use crate::sip::wire::{Headers, SessionExpires};
use std::time::{Duration, Instant};

/// What no Session-Expires may be less than (RFC 4028 4).
const FLOOR_S: u32 = 90;
/// How often one session follows a 422: each proxy on the way may have a Min-SE of its own, but none may lead us on for ever.
const RAISES: u8 = 5;

/// What a request or a response says about session timers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Session-Expires, s.
    pub(crate) interval_s: Option<u32>,
    /// The `refresher` parameter.
    pub(crate) refresher: Option<Refresher>,
    /// Min-SE, s.
    pub(crate) min_s: Option<u32>,
    /// Whether Supported (or Require) names `timer`.
    pub(crate) supported: bool,
}

impl Terms {
    /// Reads them; what cannot be read was not said.
    pub(crate) fn of(headers: &Headers) -> Self {
        let expires = headers.session_expires().unwrap_or_default();
        Self {
            interval_s: expires.map(|expires| expires.delta_s),
            refresher: expires.and_then(|expires| expires.refresher),
            min_s: headers.min_se_s().unwrap_or_default(),
            supported: headers.supports("timer"),
        }
    }

    /// Writes them into a request.
    pub(crate) fn write(self, headers: &mut Headers) {
        if let Some(delta_s) = self.interval_s {
            headers.replace("Session-Expires", SessionExpires { delta_s, refresher: self.refresher });
        }
        if let Some(min_s) = self.min_s {
            headers.replace("Min-SE", min_s);
        }
    }
}

/// What we say in a 2xx.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Granted {
    /// Session-Expires, s.
    pub(crate) interval_s: u32,
    /// Who refreshes.
    pub(crate) refresher: Refresher,
    /// Whether the 2xx says `Require: timer`: only where the peer must act on it (RFC 4028 9).
    pub(crate) require: bool,
}

/// A Session-Expires below our Min-SE: 422 (RFC 4028 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooSmall {
    /// Our Min-SE, s.
    pub(crate) min_s: u32,
}

/// The timer of one session.
#[derive(Clone, Debug)]
pub(crate) struct SessionTimer {
    /// What we ask for, s; `None`: no timers of ours.
    wish_s: Option<u32>,
    /// The least that we accept, s.
    min_s: u32,
    /// The largest Min-SE that this session has met, s.
    learnt_min_s: u32,
    /// How often it was raised.
    raised: u8,
    running: Option<Running>,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    interval_s: u32,
    /// Whether the refreshes are ours to send.
    ours: bool,
}

/// When something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alarms {
    /// When we refresh; `None`: that is the peer's business.
    pub(crate) refresh: Option<Instant>,
    /// When the session is over without one.
    pub(crate) expire: Instant,
}

impl SessionTimer {
    /// Not running.
    pub(crate) fn new(wish: Option<Duration>, min: Duration) -> Self {
        let seconds = |d: Duration| u32::try_from(d.as_secs()).unwrap_or(u32::MAX);
        Self { wish_s: wish.map(seconds), min_s: seconds(min).max(FLOOR_S), learnt_min_s: 0, raised: 0, running: None }
    }

    /// Session-Expires and Min-SE of our next request; the refresher is named once it is settled, so that it stays (7.1).
    pub(crate) fn asked(&self) -> Terms {
        let interval_s = self.running.map(|running| running.interval_s).or(self.wish_s);
        Terms {
            interval_s: interval_s.map(|s| s.max(self.learnt_min_s).max(FLOOR_S)),
            refresher: self.running.map(|running| if running.ours { Refresher::Uac } else { Refresher::Uas }),
            min_s: (self.learnt_min_s > FLOOR_S).then_some(self.learnt_min_s),
            supported: true,
        }
    }

    /// 422 came: whether it is worth asking again (it is not when its Min-SE is nothing new, or after many).
    pub(crate) fn raise(&mut self, min_s: Option<u32>) -> bool {
        let asked = self.asked().interval_s;
        match (min_s, asked) {
            (Some(min), Some(asked)) if min > asked && self.raised < RAISES => {
                self.raised += 1;
                self.learnt_min_s = min;
                if let Some(running) = &mut self.running {
                    running.interval_s = min;
                }
                true
            }
            (Some(_) | None, _) => false,
        }
    }

    /// Our answer to a request that may start or refresh the session (RFC 4028 9).
    pub(crate) fn answer(&mut self, request: Terms) -> Result<Option<Granted>, TooSmall> {
        if let Some(interval) = request.interval_s
            && interval < self.min_s
            && request.supported
        {
            return Err(TooSmall { min_s: self.min_s });
        }
        let least = self.min_s.max(request.min_s.unwrap_or(0));
        let interval_s = match (request.interval_s, self.wish_s) {
            (Some(asked), wish) => wish.map_or(asked, |wish| asked.min(wish)).max(least),
            (None, Some(wish)) => wish.max(least),
            (None, None) => {
                self.running = None;
                return Ok(None);
            }
        };
        let refresher = match (request.supported, request.refresher) {
            (false, _) => Refresher::Uas,
            (true, Some(refresher)) => refresher,
            (true, None) => Refresher::Uac,
        };
        self.running = Some(Running { interval_s, ours: refresher == Refresher::Uas });
        Ok(Some(Granted { interval_s, refresher, require: request.supported && refresher == Refresher::Uac }))
    }

    /// A 2xx to our request (RFC 4028 7.2). A peer without session timers is refreshed by us where we wish for timers.
    pub(crate) fn settle(&mut self, response: Terms) {
        let asked = self.asked().interval_s;
        self.running = match (response.interval_s, asked) {
            (Some(interval_s), _) => {
                Some(Running { interval_s: interval_s.max(FLOOR_S), ours: response.refresher != Some(Refresher::Uas) })
            }
            (None, Some(interval_s)) if self.wish_s.is_some() => Some(Running { interval_s, ours: true }),
            (None, _) => None,
        };
    }

    /// The alarms of a session that was started or refreshed at `now`.
    pub(crate) fn alarms(&self, now: Instant) -> Option<Alarms> {
        let running = self.running?;
        let interval = u64::from(running.interval_s);
        let margin = (interval / 3).min(32);
        Some(Alarms {
            refresh: running.ours.then(|| now + Duration::from_secs(interval / 2)),
            expire: now + Duration::from_secs(interval - margin),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "one starting point")]
    use super::*;

    fn timer(wish_s: Option<u64>) -> SessionTimer {
        SessionTimer::new(wish_s.map(Duration::from_secs), Duration::from_secs(90))
    }

    fn asks(interval_s: u32) -> Terms {
        Terms { interval_s: Some(interval_s), supported: true, ..Terms::default() }
    }

    #[test]
    fn a_too_small_interval_is_refused_with_our_minimum() {
        assert_eq!(timer(None).answer(asks(60)), Err(TooSmall { min_s: 90 }));
    }

    #[test]
    fn a_peer_without_timers_is_refreshed_by_us_and_is_not_required_to_know_them() {
        let mut timer = timer(Some(1800));
        let granted = timer.answer(Terms::default());
        assert_eq!(granted, Ok(Some(Granted { interval_s: 1800, refresher: Refresher::Uas, require: false })));
        let now = Instant::now();
        let alarms = timer.alarms(now).expect("running");
        assert_eq!(alarms.refresh, Some(now + Duration::from_secs(900)));
        assert_eq!(alarms.expire, now + Duration::from_secs(1768));
    }

    #[test]
    fn the_peer_that_asks_refreshes_unless_it_names_us() {
        let granted = timer(None).answer(asks(600));
        assert_eq!(granted, Ok(Some(Granted { interval_s: 600, refresher: Refresher::Uac, require: true })));
        let mut timer = timer(None);
        let granted = timer.answer(Terms { refresher: Some(Refresher::Uas), ..asks(90) });
        assert_eq!(granted, Ok(Some(Granted { interval_s: 90, refresher: Refresher::Uas, require: false })));
        let now = Instant::now();
        assert_eq!(timer.alarms(now).expect("running").expire, now + Duration::from_secs(60));
    }

    #[test]
    fn nobody_wishes_and_nothing_runs() {
        let mut timer = timer(None);
        assert_eq!(timer.answer(Terms { supported: true, ..Terms::default() }), Ok(None));
        timer.settle(Terms::default());
        assert_eq!(timer.alarms(Instant::now()), None);
        assert_eq!(timer.asked().interval_s, None);
    }

    #[test]
    fn a_422_raises_what_we_ask_once() {
        let mut timer = timer(Some(120));
        assert!(timer.raise(Some(300)));
        assert_eq!((timer.asked().interval_s, timer.asked().min_s), (Some(300), Some(300)));
        assert!(!timer.raise(Some(300)));
        assert!(!timer.raise(None));
    }

    #[test]
    fn a_peer_that_always_wants_more_is_not_followed_for_ever() {
        let mut timer = timer(Some(120));
        assert_eq!((1..100).filter(|more| timer.raise(Some(120 + more))).count(), usize::from(RAISES));
    }

    #[test]
    fn the_answer_says_who_refreshes() {
        let mut timer = timer(Some(600));
        timer.settle(Terms { refresher: Some(Refresher::Uas), ..asks(200) });
        let now = Instant::now();
        assert_eq!(timer.alarms(now), Some(Alarms { refresh: None, expire: now + Duration::from_secs(168) }));
        assert_eq!(timer.asked().refresher, Some(Refresher::Uas));
    }
}
