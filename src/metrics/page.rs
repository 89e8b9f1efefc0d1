//! The page that is scraped.

use crate::control::{Meters, TICK_BUCKETS_MS};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, NoLabelSet, text::encode},
    metrics::{
        MetricType,
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::Gauge,
        histogram::Histogram,
    },
    registry::{Registry, Unit},
};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// All that is counted; clones count together.
#[derive(Clone, Debug)]
pub struct Page {
    registry: Arc<Registry>,
    pub(super) counts: Counts,
    gauges: Gauges,
}

/// How much of everything is alive, when somebody asks.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Calls.
    pub calls: usize,
    /// Legs.
    pub legs: usize,
    /// Trunk lines in use.
    pub lines: usize,
    /// Registered phones.
    pub registrations: usize,
    /// Media port pairs in use.
    pub ports: usize,
    /// Commands that wait for the signalling thread.
    pub commands_waiting: usize,
    /// Events of mixers that wait for the signalling thread.
    pub media_waiting: usize,
    /// Queues of callers.
    pub queues: Vec<QueueLoad>,
    /// News that were thrown away since the start because nobody fetched them.
    pub missed: u64,
}

/// How full a queue is.
#[derive(Clone, Debug, Default)]
pub struct QueueLoad {
    /// Its name.
    pub name: String,
    /// Callers that wait.
    pub waiting: usize,
    /// s that the next in line has waited.
    pub longest_wait_s: f64,
    /// Agents that may be offered a call now.
    pub free_agents: usize,
}

/// What the news give to count.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    pub(super) calls: Counter,
    pub(super) legs: Family<Direction, Counter>,
    pub(super) ended: Family<Status, Counter>,
    pub(super) setup: Histogram,
    pub(super) talk: Histogram,
    pub(super) transfers: Family<Transfer, Counter>,
    pub(super) holds: Counter,
    pub(super) lost: Counter,
    pub(super) received: Counter,
    pub(super) jitter: Histogram,
    pub(super) mos: Histogram,
    pub(super) events: Counter,
    pub(super) missed: Counter,
}

#[derive(Clone, Debug, Default)]
struct Gauges {
    calls: Gauge,
    legs: Gauge,
    lines: Gauge,
    registrations: Gauge,
    ports: Gauge,
    commands: Gauge,
    media: Gauge,
    callers_waiting: Family<Queue, Gauge>,
    longest_wait: Family<Queue, Gauge<f64, AtomicU64>>,
    agents_free: Family<Queue, Gauge>,
}

/// Which queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Queue {
    queue: String,
}

/// Who called whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Direction {
    pub(super) direction: &'static str,
}

/// How a leg ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Status {
    pub(super) status: u16,
}

/// How a transfer ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Transfer {
    pub(super) kind: String,
    pub(super) outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    way: &'static str,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Response {
    way: &'static str,
    code: u64,
}

/// s from INVITE to answer.
const SETUP_S: [f64; 10] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0];
/// s from answer to end.
const TALK_S: [f64; 8] = [5.0, 15.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0];
/// s of interarrival jitter.
const JITTER_S: [f64; 7] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1];
/// Mean opinion scores.
const MOS: [f64; 7] = [1.0, 2.0, 3.0, 3.5, 4.0, 4.3, 4.5];

impl Page {
    /// Nothing counted. `losses`: what others lost, each with the name of what it is.
    pub fn new(meters: Meters, losses: Vec<(&'static str, Arc<AtomicU64>)>) -> Self {
        let (counts, gauges) = (Counts::new(), Gauges::default());
        let mut registry = Registry::with_prefix("warmline");
        counts.register(&mut registry);
        gauges.register(&mut registry);
        registry.register_collector(Box::new(Threads { meters, losses }));
        Self { registry: Arc::new(registry), counts, gauges }
    }

    /// The page as it is now.
    pub fn text(&self, load: Load) -> String {
        let gauge = |gauge: &Gauge, value: usize| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        gauge(&self.gauges.calls, load.calls);
        gauge(&self.gauges.legs, load.legs);
        gauge(&self.gauges.lines, load.lines);
        gauge(&self.gauges.registrations, load.registrations);
        gauge(&self.gauges.ports, load.ports);
        gauge(&self.gauges.commands, load.commands_waiting);
        gauge(&self.gauges.media, load.media_waiting);
        self.gauges.set_queues(&load.queues);
        let mut page = String::new();
        // Writing to a text cannot fail.
        let _written = encode(&mut page, &self.registry);
        page
    }
}

impl Counts {
    fn new() -> Self {
        Self {
            calls: Counter::default(),
            legs: Family::default(),
            ended: Family::default(),
            setup: Histogram::new(SETUP_S),
            talk: Histogram::new(TALK_S),
            transfers: Family::default(),
            holds: Counter::default(),
            lost: Counter::default(),
            received: Counter::default(),
            jitter: Histogram::new(JITTER_S),
            mos: Histogram::new(MOS),
            events: Counter::default(),
            missed: Counter::default(),
        }
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("calls_started", "Calls that began", self.calls.clone());
        registry.register("legs_started", "Legs that began", self.legs.clone());
        registry.register("legs_ended", "Legs that ended, by SIP status (200: answered)", self.ended.clone());
        registry.register_with_unit(
            "setup",
            "From the begin of a leg to its answer",
            Unit::Seconds,
            self.setup.clone(),
        );
        registry.register_with_unit("talk", "From the answer of a leg to its end", Unit::Seconds, self.talk.clone());
        registry.register("transfers", "Transfers that ended, by kind and outcome", self.transfers.clone());
        registry.register("holds", "Times that a leg was put on hold", self.holds.clone());
        registry.register("rtp_lost_packets", "RTP packets that never came, of legs that ended", self.lost.clone());
        registry.register("rtp_received_packets", "RTP packets that came, of legs that ended", self.received.clone());
        registry.register_with_unit("rtp_jitter", "Jitter of legs that ended", Unit::Seconds, self.jitter.clone());
        registry.register("rtp_mos", "Mean opinion score of legs that ended", self.mos.clone());
        registry.register("events", "Events that were told", self.events.clone());
        registry.register("metrics_missed_events", "Events that are not in these counts", self.missed.clone());
    }
}

impl Gauges {
    fn register(&self, registry: &mut Registry) {
        registry.register("calls", "Calls alive, rooms among them", self.calls.clone());
        registry.register("legs", "Legs alive", self.legs.clone());
        registry.register("trunk_lines", "Trunk lines in use", self.lines.clone());
        registry.register("registrations", "Registered phones", self.registrations.clone());
        registry.register("media_ports", "Media port pairs in use", self.ports.clone());
        registry.register("queue_commands", "Commands that wait for the signalling thread", self.commands.clone());
        registry.register("queue_media_events", "Events of mixers that wait", self.media.clone());
        registry.register("callers_waiting", "Callers that wait in a queue", self.callers_waiting.clone());
        let longest = "How long the next in line of a queue has waited";
        registry.register_with_unit("longest_wait", longest, Unit::Seconds, self.longest_wait.clone());
        registry.register("agents_free", "Agents of a queue that may be offered a call", self.agents_free.clone());
    }

    /// Those of queues that are gone are not shown any more.
    fn set_queues(&self, queues: &[QueueLoad]) {
        self.callers_waiting.clear();
        self.longest_wait.clear();
        self.agents_free.clear();
        for load in queues {
            let queue = Queue { queue: load.name.clone() };
            let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
            self.callers_waiting.get_or_create(&queue).set(count(load.waiting));
            self.longest_wait.get_or_create(&queue).set(load.longest_wait_s);
            self.agents_free.get_or_create(&queue).set(count(load.free_agents));
        }
    }
}

/// What the busy threads count by themselves.
struct Threads {
    meters: Meters,
    losses: Vec<(&'static str, Arc<AtomicU64>)>,
}

impl Collector for Threads {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let ways = [(false, "received"), (true, "sent")];
        let mut family = encoder.encode_descriptor("sip_requests", "SIP requests", None, MetricType::Counter)?;
        for (sent, way) in ways {
            for (method, count) in self.meters.requests(sent) {
                ConstCounter::new(count).encode(family.encode_family(&Request { way, method })?)?;
            }
        }
        let mut family = encoder.encode_descriptor("sip_responses", "SIP responses", None, MetricType::Counter)?;
        for (sent, way) in ways {
            for (code, count) in self.meters.responses(sent) {
                ConstCounter::new(count).encode(family.encode_family(&Response { way, code: code as u64 })?)?;
            }
        }
        let help = "How late the 20 ms ticks of the media threads came";
        let mut ticks =
            encoder.encode_descriptor("tick_lateness", help, Some(&Unit::Seconds), MetricType::Histogram)?;
        let (counts, us) = self.meters.ticks();
        let ends = TICK_BUCKETS_MS.iter().map(|ms| *ms as f64 / 1000.0).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = ends.zip(counts.iter().copied()).collect();
        ticks.encode_histogram::<NoLabelSet>(us as f64 / 1e6, counts.iter().sum(), &buckets, None)?;
        for (what, count) in &self.losses {
            let name = format!("{what}_dropped");
            let counter = encoder.encode_descriptor(&name, "What there was no room for", None, MetricType::Counter)?;
            ConstCounter::new(count.load(Relaxed)).encode(counter)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Threads")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_page_says_what_was_counted() {
        let meters = Meters::default();
        meters.message(false, b"INVITE sip:x SIP/2.0");
        meters.message(true, b"SIP/2.0 486 Busy Here");
        meters.tick(Duration::from_micros(1500));
        let page = Page::new(meters, vec![("records", Arc::new(AtomicU64::new(3)))]);
        page.counts.transfers.get_or_create(&Transfer { kind: "cold".into(), outcome: "recalled".into() }).inc();
        let queues = vec![QueueLoad { name: "support".into(), waiting: 3, longest_wait_s: 1.5, free_agents: 1 }];
        let text = page.text(Load { calls: 2, queues, ..Load::default() });
        for line in [
            "warmline_calls 2",
            "warmline_callers_waiting{queue=\"support\"} 3",
            "warmline_longest_wait_seconds{queue=\"support\"} 1.5",
            "warmline_agents_free{queue=\"support\"} 1",
            "warmline_sip_requests_total{way=\"received\",method=\"INVITE\"} 1",
            "warmline_sip_responses_total{way=\"sent\",code=\"486\"} 1",
            "warmline_transfers_total{kind=\"cold\",outcome=\"recalled\"} 1",
            "warmline_tick_lateness_seconds_bucket{le=\"0.002\"} 1",
            "warmline_tick_lateness_seconds_bucket{le=\"+Inf\"} 1",
            "warmline_tick_lateness_seconds_count 1",
            "warmline_records_dropped_total 3",
            "# EOF",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in\n{text}");
        }
    }
}
