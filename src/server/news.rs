//! What happens, as lines of the log: put into words by a thread of its own, for the one on which it happens has better things to do.

use crate::{
    call::{self, Outcome},
    destination::Caller,
    ids::{CallId, LegId, RecordingId},
    media::{Quality, RecordingNews, sdp::Codec},
    switch,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tracing::{debug, info, info_span, warn};

/// Something that happened.
#[derive(Debug)]
pub(super) enum Item {
    /// In a call.
    Call(CallId, call::Event),
    /// At the switchboard.
    Switch(switch::Event),
}

/// The thread that tells the log. Dropping it waits until everything is told.
#[derive(Debug)]
pub(super) struct Teller {
    /// `None` when it is being dropped.
    news: Option<SyncSender<Item>>,
    missed: Arc<AtomicU64>,
    handle: Option<JoinHandle<()>>,
}

/// Item kept for a log that is slow.
const KEPT: usize = 4096;
/// How long news may gather: who brings them need not wake the thread each time.
const GATHER: Duration = Duration::from_millis(5);

impl Teller {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let (news, inbox) = sync_channel(KEPT);
        let missed = Arc::new(AtomicU64::new(0));
        let theirs = Arc::clone(&missed);
        let handle = thread::Builder::new().name("news".to_owned()).spawn(move || tell_all(&inbox, &theirs))?;
        Ok(Self { news: Some(news), missed, handle: Some(handle) })
    }

    /// Takes something to tell. Never waits: what there is no room for is counted instead.
    pub(super) fn tell(&self, news: Item) {
        if self.news.as_ref().is_some_and(|inbox| inbox.try_send(news).is_err()) {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.news = None;
        if let Some(handle) = self.handle.take() {
            let _failed = handle.join();
        }
    }
}

fn tell_all(inbox: &Receiver<Item>, missed: &AtomicU64) {
    while let Ok(first) = inbox.recv() {
        let mut next = Some(first);
        while let Some(news) = next {
            match news {
                Item::Call(call, event) => log_call(call, &event),
                Item::Switch(event) => log_switch(&event),
            }
            next = inbox.try_recv().ok();
        }
        let missed = missed.swap(0, Ordering::Relaxed);
        if missed > 0 {
            warn!(missed, "more happened than could be told");
        }
        thread::sleep(GATHER);
    }
}

/// Something that a call tells.
fn log_call(call: CallId, event: &call::Event) {
    let _span = info_span!("call", id = call.0).entered();
    match event {
        call::Event::LegStarted { leg, who, incoming } => {
            let (who, way) = (name(who), if *incoming { "calls" } else { "is called" });
            info!(%leg, %who, "{who} {way}");
        }
        call::Event::LegRinging { leg } => info!(%leg, "rings"),
        call::Event::LegAnswered { leg } => info!(%leg, "answered"),
        call::Event::LegEnded { leg, status, reason } => info!(%leg, status, reason, "ended"),
        call::Event::Hold { leg, held, by_phone } => info!(%leg, held, by_phone, "hold"),
        call::Event::TransferStarted { transferor, target, attended, .. } => {
            info!(leg = %transferor, target, attended, "transfer begins");
        }
        call::Event::TransferEnded { transferor, outcome, status, .. } => match outcome {
            Outcome::Completed | Outcome::Recalled | Outcome::CallerLeft | Outcome::Cancelled | Outcome::Refused => {
                info!(leg = %transferor, ?outcome, status, "transfer ends");
            }
            Outcome::FellBack | Outcome::Abandoned => warn!(leg = %transferor, ?outcome, status, "transfer ends"),
        },
        call::Event::Quality { leg, quality } => log_quality(*leg, quality),
        call::Event::LegMoved { leg, from } => info!(%leg, %from, "moved here"),
        call::Event::TransferPhase { transfer, phase } => info!(%transfer, ?phase, "transfer goes on"),
        call::Event::AttemptEnded { attempt, status, reason, .. } => info!(%attempt, status, reason, "attempt ends"),
        call::Event::Waiting { leg, flow } => info!(%leg, flow, "waits for instructions"),
        call::Event::WaitedInVain { leg, flow } => warn!(%leg, flow, "no instructions came in time"),
        call::Event::Queue { queue, leg, news, .. } => info!(queue, ?leg, ?news, "queue"),
        call::Event::Recording { recording, state, .. } => info!(%recording, ?state, "recording"),
        call::Event::CallStarted
        | call::Event::CallEnded
        | call::Event::Role { .. }
        | call::Event::AttemptStarted { .. }
        | call::Event::DigitsSent { .. }
        | call::Event::Gathered { .. }
        | call::Event::PlayStarted { .. }
        | call::Event::PlayEnded { .. } => {}
        call::Event::RecordingFile { recording, news } => log_recording(*recording, news),
        // Which digit it was may be part of a card number.
        call::Event::Digit { leg, .. } => debug!(%leg, "digit"),
    }
}

fn log_quality(leg: LegId, quality: &Quality) {
    let Quality { received, lost, late, jitter_ms, round_trip_ms, sent, .. } = quality;
    let codec = quality.codec.map(Codec::name);
    let mos = quality.mos.map(|mos| format!("{mos:.2}"));
    let (jitter_ms, round_trip_ms) = (jitter_ms.round(), round_trip_ms.map(f32::round));
    let Quality { duplicates, disordered, concealed_ms, peer_lost, forged, last, .. } = quality;
    let buffer_ms = quality.buffer_ms.round();
    info!(
        %leg, codec, mos, received, lost, late, duplicates, disordered, jitter_ms, buffer_ms, concealed_ms, round_trip_ms, sent, peer_lost,
        forged, last,
        "quality"
    );
}

fn log_recording(recording: RecordingId, news: &RecordingNews) {
    match news {
        RecordingNews::Started { file } => info!(%recording, file, "recording begins"),
        RecordingNews::Dropped { lost_ms } => {
            warn!(%recording, lost_ms, "the disk is too slow: silence in a recording");
        }
        RecordingNews::Ended { file, length_ms, lost_ms } => {
            info!(%recording, file, length_ms, lost_ms, "recording ends");
        }
        RecordingNews::Failed(fault) => warn!(%recording, %fault, "recording failed"),
    }
}

/// Something that the switchboard tells.
fn log_switch(event: &switch::Event) {
    match event {
        switch::Event::Registered(binding) => {
            info!(extension = %binding.extension, from = %binding.source, agent = %binding.agent, "registered");
        }
        switch::Event::Unregistered { extension, contact, expired } => {
            info!(extension, contact, expired, "unregistered");
        }
        switch::Event::AgentPaused { extension, paused } => info!(extension, paused, "agent"),
        switch::Event::Banned { address, seconds } => {
            warn!(%address, seconds, "too many failed logins: this address is ignored for a while");
        }
    }
}

fn name(who: &Caller) -> String {
    match who {
        Caller::Extension(number) => number.clone(),
        Caller::Trunk(trunk) => format!("trunk {trunk}"),
        Caller::Host(host) => format!("somebody at {host}"),
    }
}
