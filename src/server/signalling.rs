//! The signalling thread: one socket, one exchange.

use super::{
    journal::Journal,
    library::{self, Library},
    media::{MediaThreads, Told},
    news::{Item, Teller},
    ports::PortPool,
    programs::Programs,
    recorder::{Begin, Recorder},
    reload::Successor,
    resolve::{Finding, Resolver, Who},
    settings::Trace,
    start::Status,
};
use crate::{
    control::{Meters, Traced, Traces},
    exchange::{Exchange, Order},
    media::Event,
    switch::Changes,
};
use bytes::Bytes;
use std::{
    io,
    net::{SocketAddr, UdpSocket},
    pin::Pin,
    sync::mpsc::SyncSender,
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Sleep, sleep_until},
};

/// All that the thread is given at birth.
pub(super) struct Signalling {
    pub(super) exchange: Exchange,
    pub(super) media: MediaThreads,
    pub(super) ports: PortPool,
    pub(super) journal: Option<Journal>,
    pub(super) teller: Teller,
    pub(super) tap: Option<SyncSender<Trace>>,
    /// Counts.
    pub(super) meters: Meters,
    /// The messages of late.
    pub(super) traces: Option<Traces>,
    /// Orders from whoever holds the server.
    pub(super) orders: mpsc::Receiver<Control>,
    /// What happens in the media threads.
    pub(super) told: mpsc::Receiver<Told>,
    /// Looks for the addresses of trunks.
    pub(super) resolver: Resolver,
    /// What it finds.
    pub(super) found: Finding,
    /// Those who command and watch.
    pub(super) programs: Programs,
    /// Writes recordings.
    pub(super) recorder: Recorder,
    /// Looks for sounds.
    pub(super) library: Library,
    /// Who looked for them before other settings came: what it was asked for is still to come.
    pub(super) retired: Option<Library>,
    /// Those that were found.
    pub(super) sounds: mpsc::Receiver<library::Found>,
}

/// An order from whoever holds the server.
pub(super) enum Control {
    /// No new calls; those alive may go on for the grace, then the thread ends.
    Drain,
    /// Ends at once.
    Stop,
    /// How are things?
    Status(oneshot::Sender<Status>),
    /// Other settings from now on.
    Reload(Box<Successor>, oneshot::Sender<Changes>),
}

/// Datagrams handled between two looks at everything else.
const BATCH: usize = 64;
/// The longest UDP datagram.
const DATAGRAM: usize = 65_536;
/// How long no deadline means.
const IDLE: Duration = Duration::from_secs(3600);
/// How long the last answers may take after the last call of a switch that is being stopped.
const LAST_WORDS: Duration = Duration::from_millis(500);

impl Signalling {
    /// Serves until it is stopped. False: a media thread had failed.
    pub(super) async fn serve(mut self, socket: UdpSocket) -> io::Result<bool> {
        let socket = tokio::net::UdpSocket::from_std(socket)?;
        let mut datagram = vec![0_u8; DATAGRAM];
        let mut alarm = Box::pin(sleep_until((Instant::now() + IDLE).into()));
        let mut draining = false;
        let mut leave_at: Option<Instant> = None;
        loop {
            self.set_alarm(alarm.as_mut(), leave_at);
            // Not biased: a flood of datagrams must not keep the mixers' events waiting.
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(Control::Drain) => {
                        self.exchange.shutdown(Instant::now());
                        self.programs.drain();
                        draining = true;
                    }
                    Some(Control::Status(reply)) => {
                        // Whoever asked may have left.
                        let _gone = reply.send(self.status());
                    }
                    Some(Control::Reload(successor, reply)) => {
                        let _gone = reply.send(self.reload(*successor, Instant::now()));
                    }
                    Some(Control::Stop) | None => break,
                },
                ready = socket.readable() => {
                    ready?;
                    self.receive(&socket, &mut datagram);
                }
                Some((call, event)) = self.told.recv() => {
                    self.exchange.media(call, event, Instant::now());
                }
                Some(order) = self.programs.next() => {
                    let now = Instant::now();
                    self.programs.carry_out(order, |wish| self.exchange.obey(wish, now));
                }
                Some(found) = self.sounds.recv() => match found {
                    library::Found::Sound { play, leg, sound } => {
                        self.exchange.fetched(play, leg, sound, Instant::now());
                    }
                    library::Found::Music(music) => self.media.set_music(&music),
                },
                Some(found) = self.found.recv() => match found.who {
                    Who::Trunk(trunk) => self.exchange.resolved(&trunk, &found.addresses),
                    Who::Host(host) => self.exchange.resolved_host(&host, &found.addresses),
                },
                () = alarm.as_mut() => {}
            }
            let now = Instant::now();
            if self.exchange.next_deadline().is_some_and(|at| at <= now) {
                self.exchange.wake(now);
            }
            self.flush(&socket, now);
            leave_at = leaving(leave_at, draining && self.exchange.calls() == 0, now);
            if leave_at.is_some_and(|at| at <= now) {
                break;
            }
        }
        if let Some(journal) = self.journal.take() {
            journal.finish(self.exchange.bindings());
        }
        // Mixers first: what they have said goes into the files. Nobody listens any more to what becomes of those.
        let clean = self.media.stop();
        drop(self.told);
        drop(self.recorder);
        Ok(clean)
    }

    fn reload(&mut self, successor: Successor, now: Instant) -> Changes {
        let Successor { exchange, switch, media, library, resolver, found } = successor;
        let before = std::mem::replace(&mut self.library, library);
        before.retire();
        self.retired = Some(before);
        self.media.reload(&media);
        // What the one before still finds may be of a host that the trunk has no more: nobody reads it.
        (self.resolver, self.found) = (resolver, found);
        self.exchange.reload(exchange, switch, now)
    }

    fn set_alarm(&self, alarm: Pin<&mut Sleep>, leave_at: Option<Instant>) {
        let at = [self.exchange.next_deadline(), self.journal.as_ref().and_then(Journal::next_deadline), leave_at]
            .into_iter()
            .flatten()
            .min();
        let now = Instant::now();
        if let Some(at) = alarm_for(at, alarm.deadline().into(), alarm.is_elapsed(), now) {
            alarm.reset(at.into());
        }
    }

    fn receive(&mut self, socket: &tokio::net::UdpSocket, datagram: &mut [u8]) {
        let now = Instant::now();
        for _ in 0..BATCH {
            let Ok((length, from)) = socket.try_recv_from(datagram) else { return };
            self.meters.message(false, &datagram[..length]);
            self.trace(false, from, || Bytes::copy_from_slice(&datagram[..length]), now);
            self.exchange.receive(&datagram[..length], from, now);
            self.send(socket, now);
        }
    }

    /// Everything that the exchange wants of the world.
    fn flush(&mut self, socket: &tokio::net::UdpSocket, now: Instant) {
        self.send(socket, now);
        while let Some(order) = self.exchange.next_order() {
            match order {
                Order::Fetch { play, leg, sound } => self.library.fetch(play, leg, *sound),
                Order::Record { recording, call, format, tape } => {
                    if let Err(news) = self.recorder.begin(Begin { recording, call, format, tape }) {
                        self.exchange.media(call, Event::Recording { recording, news }, now);
                    }
                }
                order @ (Order::Open { .. } | Order::Mix { .. } | Order::Move { .. } | Order::Close { .. }) => {
                    self.media.carry_out(order);
                }
            }
        }
        let behind = self.media.flush();
        self.exchange.set_media_behind(behind);
        while let Some(news) = self.exchange.next_news() {
            self.teller.tell(Item::Call(news.call, news.event.clone()));
            self.programs.happened(news);
        }
        while let Some(event) = self.exchange.next_switch_event() {
            self.programs.at_switchboard(&event, now);
            if let Some(journal) = &mut self.journal {
                journal.changed(&event, now);
            }
            self.teller.tell(Item::Switch(event));
        }
        if let Some(journal) = &mut self.journal
            && journal.next_deadline().is_some_and(|at| at <= now)
        {
            journal.write(self.exchange.bindings(), now);
        }
        self.programs.settle();
    }

    fn send(&mut self, socket: &tokio::net::UdpSocket, now: Instant) {
        while let Some(transmit) = self.exchange.next_transmit() {
            self.meters.message(true, &transmit.payload);
            self.trace(true, transmit.to, || transmit.payload.clone(), now);
            if let Err(error) = socket.try_send_to(&transmit.payload, transmit.to) {
                tracing::debug!(to = %transmit.to, %error, "a message could not be sent");
                // One for which there is no room now is as good as lost on the way: retransmission is what SIP has for that.
                if no_way(&error) {
                    self.exchange.failed(transmit.to, now);
                }
            }
        }
    }

    fn trace(&self, sent: bool, peer: SocketAddr, message: impl FnOnce() -> Bytes, at: Instant) {
        if self.tap.is_none() && self.traces.is_none() {
            return;
        }
        let message = message();
        if let Some(traces) = &self.traces {
            traces.keep(Traced { at: self.programs.stamp(at), sent, peer, message: message.clone() });
        }
        if let Some(tap) = &self.tap {
            // Who does not read in time misses something.
            let _missed = tap.try_send(Trace { at, sent, peer, message });
        }
    }

    fn status(&self) -> Status {
        Status {
            counters: self.exchange.counters(),
            ports: self.ports.in_use(),
            commands_waiting: self.programs.waiting(),
            media_waiting: self.told.len(),
            queues: self.exchange.queue_loads(Instant::now()),
        }
    }
}

/// What to set the alarm to, if it has to be set. One that went off is always set anew, to a time far away when nothing is due: left
/// as it is, it would go off again and again.
fn alarm_for(due: Option<Instant>, set_to: Instant, went_off: bool, now: Instant) -> Option<Instant> {
    match due {
        Some(at) if at == set_to && !went_off => None,
        Some(at) => Some(at),
        None if went_off => Some(now + IDLE),
        None => None,
    }
}

/// When to leave: a moment after nothing is left to do. Somebody may still come back, by INVITE with Replaces or to a room.
fn leaving(before: Option<Instant>, nothing_left: bool, now: Instant) -> Option<Instant> {
    nothing_left.then(|| before.unwrap_or(now + LAST_WORDS))
}

/// Whether nothing can be sent to that address; a socket on loopback says "invalid" of all others.
fn no_way(error: &io::Error) -> bool {
    use io::ErrorKind::{HostUnreachable, InvalidInput, NetworkUnreachable};
    matches!(error.kind(), HostUnreachable | NetworkUnreachable | InvalidInput)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs some point in time to start from")]
mod tests {
    use super::*;

    #[test]
    fn who_came_back_while_it_was_about_to_leave_has_its_last_words_again() {
        let now = Instant::now();
        let first = leaving(None, true, now);
        assert_eq!(first, Some(now + LAST_WORDS));
        assert_eq!(leaving(first, true, now + LAST_WORDS / 2), first);
        let later = now + 10 * LAST_WORDS;
        assert_eq!(leaving(leaving(first, false, later), true, later), Some(later + LAST_WORDS));
    }

    #[test]
    fn an_alarm_that_went_off_does_not_go_off_again_for_nothing() {
        let now = Instant::now();
        let (before, later) = (now - Duration::from_secs(1), now + Duration::from_secs(1));
        assert_eq!(alarm_for(None, before, true, now), Some(now + IDLE));
        assert_eq!(alarm_for(None, later, false, now), None);
        assert_eq!(alarm_for(Some(later), before, true, now), Some(later));
        assert_eq!(alarm_for(Some(later), later, false, now), None);
        assert_eq!(alarm_for(Some(before), before, true, now), Some(before));
    }
}
