//! What a mixer does beside the sound: reports, and noticing silence.

use super::{
    Event, Quality,
    leg::{Leg, is_reachable, sealer},
    mixer::Mixer,
    outbox::{Addressee, Outbox},
    presses::By,
    rtp::report::{self, Sent},
};
use rand::RngExt;
use std::time::{Duration, Instant};

/// How often the quality of a leg is told.
const QUALITY: Duration = Duration::from_secs(30);

impl Mixer {
    /// The first reports of a leg that has just been agreed with.
    pub(super) fn plan_reports(&mut self, index: usize, now: Instant) {
        let first = report::interval(self.chance.random::<f64>()) / 2;
        let watch = &mut self.legs[index].watch;
        (watch.next_rtcp, watch.next_quality) = (now + first, now + QUALITY);
    }

    /// Everything that is due and no tick.
    pub(super) fn do_chores(&mut self, now: Instant) {
        for index in 0..self.legs.len() {
            if !self.legs.is_due(index, now) {
                continue;
            }
            let leg = &mut *self.legs[index];
            let Some(agreed) = &mut leg.agreed else { continue };
            let key = agreed.stream.listener.wake(now);
            if leg.watch.next_rtcp <= now {
                leg.watch.next_rtcp = now + report::interval(self.chance.random::<f64>());
                let clock = self.clock(now);
                send_report(&mut self.legs[index], clock, false, &mut self.outbox, now);
            }
            let leg = &mut *self.legs[index];
            if leg.watch.next_quality <= now {
                leg.watch.next_quality = now + QUALITY;
                self.events.push_back(Event::Report { leg: leg.id, quality: leg.quality() });
            }
            let timeout = self.settings.timeout;
            let silent = leg.watch.silent_since.is_some_and(|since| now.saturating_duration_since(since) >= timeout);
            if silent && !timeout.is_zero() && !std::mem::replace(&mut leg.watch.silent_told, true) {
                self.events.push_back(Event::Silent { leg: leg.id });
            }
            if let Some(key) = key {
                self.press(index, By::Event, key, now);
            }
            self.legs.plan(index, self.settings.timeout);
        }
        self.next_chore = self.legs.next_due();
    }

    /// A leg leaves: BYE to it, and the figures to whoever asks.
    pub(super) fn say_goodbye(&mut self, index: usize, now: Instant) {
        let clock = self.clock(now);
        let leg = &mut *self.legs[index];
        if leg.agreed.is_some() {
            send_report(leg, clock, true, &mut self.outbox, now);
            self.events.push_back(Event::Report { leg: leg.id, quality: Quality { last: true, ..leg.quality() } });
        }
    }

    /// Our NTP clock: it counts from the zero of the ticks, for want of a better one (RFC 3550 4).
    pub(super) fn clock(&self, now: Instant) -> u64 {
        report::ntp(now.saturating_duration_since(self.settings.since) + Duration::from_secs(1))
    }
}

impl Leg {
    fn quality(&self) -> Quality {
        let heard = self.agreed.as_ref().map_or_else(Quality::default, |agreed| agreed.stream.quality(&agreed.session));
        let sent = self.line.packets();
        Quality {
            sent,
            // Nobody loses more than there was.
            peer_lost: heard.peer_lost.map(|lost| lost.min(u32::try_from(sent).unwrap_or(u32::MAX))),
            forged: self.secrecy.as_ref().map_or(0, |secrecy| secrecy.opener.forged()),
            ..heard
        }
    }
}

fn send_report(leg: &mut Leg, clock: u64, bye: bool, outbox: &mut Outbox, now: Instant) {
    let Some(agreed) = &mut leg.agreed else { return };
    let remote = agreed.stream.report_remote(&agreed.session);
    if !is_reachable(remote) {
        return;
    }
    let (line, packets) = (&leg.line, leg.line.packets());
    // Who sent nothing since its last report is no sender (RFC 3550 6.4).
    let sent = (packets != leg.watch.sent_reported).then(|| Sent {
        ntp: clock,
        timestamp: line.clock(now) as u32,
        packets: packets as u32,
        octets: line.octets() as u32,
    });
    leg.watch.sent_reported = packets;
    let received = agreed.stream.reception(now);
    let ssrc = line.ssrc();
    let to = Addressee { leg: leg.id, at: remote, sealer: sealer(&mut leg.secrecy) };
    outbox.report(to, !agreed.session.rtcp_mux, |bytes| {
        // A name without a host: it tells nothing, and is as unique as the SSRC (RFC 7022 4.2 wants a random one).
        let mut name = *b"warmline-00000000";
        for (at, place) in name[9..].iter_mut().enumerate() {
            *place = b"0123456789abcdef"[(ssrc >> (28 - 4 * at)) as usize & 0xF];
        }
        let name = std::str::from_utf8(&name).unwrap_or("warmline");
        report::write(ssrc, sent.as_ref(), received.as_ref(), name, bye, bytes);
    });
}
