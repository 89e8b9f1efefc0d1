use super::*;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use std::collections::BTreeSet;

const AGENTS: [&str; 3] = ["1", "2", "3"];

fn settings(strategy: Strategy) -> QueueSettings {
    QueueSettings {
        name: "support".to_owned(),
        number: Some("800".to_owned()),
        members: Some(AGENTS.map(str::to_owned).to_vec()),
        strategy,
        ring: Duration::from_secs(20),
        retry: Duration::from_secs(5),
        wrap_up: Duration::from_secs(10),
        music: Vec::new(),
        max_length: None,
        max_wait: None,
        fallback: None,
    }
}

/// A queue whose agents all have a phone, and a clock.
struct Office {
    queues: Queues,
    now: Instant,
}

impl Office {
    fn new(settings: QueueSettings) -> Self {
        Self { queues: Queues::new(vec![settings], AGENTS.into_iter()), now: Instant::now() }
    }

    fn enters(&mut self, entry: u64) {
        self.queues.enter(EntryId(entry), "support", None, self.now).unwrap();
    }

    /// Who is offered to whom; their phones ring.
    fn offers(&mut self) -> Vec<(u64, String)> {
        let offers = std::iter::from_fn(|| self.queues.next_decision(|_| true));
        let offers = offers.map(|decision| match decision {
            Decision::Offer { entry, agent } => (entry.0, agent),
            Decision::Over { .. } => panic!("{decision:?}"),
        });
        let offers: Vec<_> = offers.collect();
        offers.iter().for_each(|(_, agent)| self.queues.engaged(agent));
        offers
    }

    fn declines(&mut self, entry: u64, agent: &str) {
        self.queues.declined(EntryId(entry), agent, self.now);
        self.queues.released(agent, self.now);
    }

    fn hangs_up(&mut self, agent: &str) {
        self.queues.released(agent, self.now);
    }

    fn answers(&mut self, entry: u64, agent: &str) {
        self.queues.answered(EntryId(entry), agent);
    }

    fn passes(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        self.queues.wake(self.now);
    }

    fn waiting(&self) -> Vec<u64> {
        let state = self.queues.state_of("support", |_| true).unwrap();
        state.waiting.iter().map(|waiting| waiting.entry.0).collect()
    }

    fn status(&self, agent: &str) -> AgentStatus {
        let state = self.queues.state_of("support", |_| true).unwrap();
        state.agents.iter().find(|state| state.extension == agent).unwrap().status
    }
}

fn pairs(offers: &[(u64, &str)]) -> Vec<(u64, String)> {
    offers.iter().map(|(entry, agent)| (*entry, (*agent).to_owned())).collect()
}

#[test]
fn each_in_turn_takes_those_who_wait_in_order() {
    let mut office = Office::new(settings(Strategy::InOrder));
    for entry in 1..=4 {
        office.enters(entry);
    }
    assert_eq!(office.offers(), pairs(&[(1, "1"), (2, "2"), (3, "3")]));
    office.answers(2, "2");
    assert_eq!(office.offers(), []);
    assert_eq!((office.waiting(), office.status("2")), (vec![1, 3, 4], AgentStatus::Busy));
}

#[test]
fn who_declines_is_left_alone_and_who_waits_keeps_its_place() {
    let mut office = Office::new(settings(Strategy::InOrder));
    office.enters(1);
    assert_eq!(office.offers(), pairs(&[(1, "1")]));
    office.enters(2);
    assert_eq!(office.offers(), pairs(&[(2, "2")]));
    office.declines(1, "1");
    assert_eq!(office.offers(), pairs(&[(1, "3")]));
    office.declines(1, "3");
    assert_eq!((office.offers(), office.waiting()), (vec![], vec![1, 2]));
    office.passes(4999);
    assert_eq!((office.offers(), office.status("1")), (vec![], AgentStatus::Resting));
    office.passes(1);
    assert_eq!(office.offers(), pairs(&[(1, "1")]));
}

#[test]
fn who_sends_somebody_to_the_queue_does_not_have_it_back_at_once() {
    let mut office = Office::new(settings(Strategy::InOrder));
    for busy in AGENTS {
        office.queues.engaged(busy);
    }
    office.queues.enter(EntryId(1), "support", Some("1"), office.now).unwrap();
    office.hangs_up("1");
    assert_eq!((office.offers(), office.status("1")), (vec![], AgentStatus::Resting));
    office.passes(3000);
    office.hangs_up("2");
    assert_eq!(office.offers(), pairs(&[(1, "2")]));
    office.enters(2);
    office.passes(2000);
    assert_eq!(office.offers(), pairs(&[(2, "1")]), "nobody else is there");
}

#[test]
fn wrap_up_is_exact() {
    let mut office = Office::new(settings(Strategy::InOrder));
    office.enters(1);
    office.offers();
    office.answers(1, "1");
    for busy in ["2", "3"] {
        office.queues.engaged(busy);
    }
    office.enters(2);
    office.hangs_up("1");
    assert_eq!((office.offers(), office.status("1")), (vec![], AgentStatus::WrapUp));
    office.passes(9999);
    assert_eq!(office.offers(), []);
    office.passes(1);
    assert_eq!(office.offers(), pairs(&[(2, "1")]));
}

#[test]
fn a_call_of_another_kind_has_no_wrap_up() {
    let mut office = Office::new(settings(Strategy::InOrder));
    office.queues.engaged("1");
    office.enters(1);
    assert_eq!(office.offers(), pairs(&[(1, "2")]));
    office.hangs_up("1");
    office.enters(2);
    assert_eq!(office.offers(), pairs(&[(2, "1")]));
}

#[test]
fn all_ring_and_those_who_become_free_ring_too() {
    let mut office = Office::new(settings(Strategy::RingAll));
    office.queues.engaged("2");
    office.enters(1);
    office.enters(2);
    assert_eq!(office.offers(), pairs(&[(1, "1"), (1, "3")]));
    office.hangs_up("2");
    assert_eq!(office.offers(), pairs(&[(1, "2")]));
    office.answers(1, "3");
    assert_eq!(office.offers(), [], "the phones of the others still ring");
    office.hangs_up("1");
    office.hangs_up("2");
    assert_eq!(office.offers(), pairs(&[(2, "1"), (2, "2")]));
}

#[test]
fn round_robin_goes_on_where_it_was() {
    let mut office = Office::new(QueueSettings { wrap_up: Duration::ZERO, ..settings(Strategy::RoundRobin) });
    for (entry, agent) in [(1, "1"), (2, "2"), (3, "3"), (4, "1"), (5, "2")] {
        office.enters(entry);
        assert_eq!(office.offers(), pairs(&[(entry, agent)]));
        office.answers(entry, agent);
        office.hangs_up(agent);
    }
}

#[test]
fn who_was_idle_the_longest_comes_first() {
    let mut office = Office::new(QueueSettings { wrap_up: Duration::ZERO, ..settings(Strategy::LongestIdle) });
    let mut chance = StdRng::seed_from_u64(1);
    let mut last: Vec<(Instant, &str)> = Vec::new();
    for entry in 1..=300 {
        office.enters(entry);
        let offers = office.offers();
        let [(_, agent)] = &offers[..] else { panic!("{offers:?}") };
        let expected = if last.len() < 3 { AGENTS[last.len()] } else { last[0].1 };
        assert_eq!(agent, expected, "call {entry}");
        last.retain(|(_, other)| other != agent);
        office.answers(entry, expected);
        office.passes(chance.random_range(1..100_000));
        office.hangs_up(expected);
        last.push((office.now, expected));
    }
}

#[test]
fn who_waits_too_long_or_finds_it_full_goes_elsewhere() {
    let limits = QueueSettings {
        max_length: Some(2),
        max_wait: Some(Duration::from_secs(60)),
        fallback: Some("9".to_owned()),
        ..settings(Strategy::InOrder)
    };
    let mut office = Office::new(limits);
    for busy in AGENTS {
        office.queues.engaged(busy);
    }
    office.enters(1);
    office.passes(1000);
    office.enters(2);
    let full = office.queues.enter(EntryId(3), "support", None, office.now);
    assert_eq!(full, Err((QueueEnd::Full, Some("9".to_owned()))));
    office.passes(59_000);
    let over = Decision::Over { entry: EntryId(1), why: QueueEnd::MaxWait, fallback: Some("9".to_owned()) };
    assert_eq!(office.queues.next_decision(|_| true), Some(over));
    assert_eq!((office.queues.next_decision(|_| true), office.waiting()), (None, vec![2]));
}

#[test]
fn who_waits_too_long_while_a_phone_rings_frees_the_agent() {
    let mut office =
        Office::new(QueueSettings { max_wait: Some(Duration::from_secs(10)), ..settings(Strategy::InOrder) });
    office.enters(1);
    office.offers();
    office.passes(10_000);
    assert!(matches!(office.queues.next_decision(|_| true), Some(Decision::Over { .. })));
    office.hangs_up("1");
    assert_eq!(office.status("1"), AgentStatus::Free);
}

#[test]
fn who_is_paused_or_has_no_phone_is_not_offered_anybody() {
    let mut office = Office::new(settings(Strategy::InOrder));
    assert_eq!(office.queues.pause("1", true), Some(true));
    assert_eq!((office.queues.pause("1", true), office.queues.pause("9", true)), (Some(false), None));
    office.enters(1);
    let online = |number: &str| number == "3" || number == "1";
    let offer = Decision::Offer { entry: EntryId(1), agent: "3".to_owned() };
    assert_eq!(office.queues.next_decision(online), Some(offer));
    office.enters(2);
    assert_eq!(office.queues.next_decision(online), None);
    office.queues.pause("1", false);
    let offer = Decision::Offer { entry: EntryId(2), agent: "1".to_owned() };
    assert_eq!(office.queues.next_decision(online), Some(offer));
}

#[test]
fn new_settings_keep_those_who_wait_and_what_agents_do() {
    let mut office = Office::new(QueueSettings { fallback: Some("9".to_owned()), ..settings(Strategy::InOrder) });
    office.queues.pause("2", true);
    office.queues.engaged("1");
    office.queues.engaged("3");
    office.enters(1);
    office.enters(2);
    let others = QueueSettings { members: None, ..settings(Strategy::RingAll) };
    office.queues.reload(vec![others], ["3", "2", "1", "4"].into_iter());
    assert_eq!((office.waiting(), office.status("2")), (vec![1, 2], AgentStatus::Paused));
    assert_eq!(office.offers(), pairs(&[(1, "4")]));
    office.queues.reload(Vec::new(), AGENTS.into_iter());
    let over = |entry| Decision::Over { entry: EntryId(entry), why: QueueEnd::Closed, fallback: None };
    let decisions: Vec<_> = std::iter::from_fn(|| office.queues.next_decision(|_| true)).collect();
    assert_eq!(decisions, [over(1), over(2)]);
}

#[test]
fn an_agent_of_two_queues_takes_who_waits_for_the_longest() {
    let sales = QueueSettings { name: "sales".to_owned(), number: None, ..settings(Strategy::InOrder) };
    let mut queues = Queues::new(vec![settings(Strategy::RingAll), sales], AGENTS.into_iter());
    let now = Instant::now();
    AGENTS.into_iter().for_each(|agent| queues.engaged(agent));
    queues.enter(EntryId(1), "sales", None, now).unwrap();
    queues.enter(EntryId(2), "support", None, now + Duration::from_secs(1)).unwrap();
    assert_eq!(queues.next_decision(|_| true), None);
    queues.released("2", now + Duration::from_secs(2));
    let offer = Decision::Offer { entry: EntryId(1), agent: "2".to_owned() };
    assert_eq!((queues.next_decision(|_| true), queues.next_decision(|_| true)), (Some(offer), None));
}

/// Everything at any time: nobody is offered to two, no agent is offered while it is busy, nobody is forgotten.
#[test]
fn whatever_happens_in_whatever_order_nobody_is_stuck() {
    for seed in 0..200 {
        let mut chance = StdRng::seed_from_u64(seed);
        let strategies = [Strategy::RingAll, Strategy::InOrder, Strategy::RoundRobin, Strategy::LongestIdle];
        let strategy = *strategies.choose(&mut chance).unwrap();
        let limit = QueueSettings { max_wait: Some(Duration::from_secs(40)), ..settings(strategy) };
        let mut office = Office::new(limit);
        // Who waits, whose phone rings for whom, who talks.
        let (mut waiting, mut rings, mut talks) = (BTreeSet::new(), Vec::<(u64, String)>::new(), Vec::<String>::new());
        for step in 1..=400_u64 {
            match chance.random_range(0..8) {
                0 | 1 => {
                    office.enters(step);
                    waiting.insert(step);
                }
                2 if !waiting.is_empty() => {
                    let gone = *waiting.iter().nth(chance.random_range(0..waiting.len())).unwrap();
                    waiting.remove(&gone);
                    // The phones stop before or after the queue hears of it.
                    let late = chance.random_bool(0.5);
                    if late {
                        office.queues.left(EntryId(gone));
                    }
                    rings.iter().filter(|(entry, _)| *entry == gone).for_each(|(_, agent)| office.hangs_up(agent));
                    rings.retain(|(entry, _)| *entry != gone);
                    if !late {
                        office.queues.left(EntryId(gone));
                    }
                }
                3 if !rings.is_empty() => {
                    let (entry, agent) = rings.swap_remove(chance.random_range(0..rings.len()));
                    office.declines(entry, &agent);
                }
                4 if !rings.is_empty() => {
                    let (entry, agent) = rings.swap_remove(chance.random_range(0..rings.len()));
                    office.answers(entry, &agent);
                    waiting.remove(&entry);
                    rings.iter().filter(|(other, _)| *other == entry).for_each(|(_, agent)| office.hangs_up(agent));
                    rings.retain(|(other, _)| *other != entry);
                    talks.push(agent);
                }
                5 if !talks.is_empty() => {
                    let agent = talks.swap_remove(chance.random_range(0..talks.len()));
                    office.hangs_up(&agent);
                }
                6 => {
                    office.queues.pause(AGENTS[chance.random_range(0..3)], chance.random_bool(0.3));
                }
                _ => office.passes(chance.random_range(0..8000)),
            }
            while let Some(decision) = office.queues.next_decision(|_| true) {
                match decision {
                    Decision::Offer { entry, agent } => {
                        assert!(waiting.contains(&entry.0), "seed {seed}: {entry} does not wait");
                        assert!(!talks.contains(&agent), "seed {seed}: {agent} talks");
                        assert!(!rings.iter().any(|(_, other)| *other == agent), "seed {seed}: {agent} rings already");
                        office.queues.engaged(&agent);
                        rings.push((entry.0, agent));
                    }
                    Decision::Over { entry, .. } => {
                        assert!(waiting.remove(&entry.0), "seed {seed}: {entry} does not wait");
                        rings
                            .iter()
                            .filter(|(other, _)| *other == entry.0)
                            .for_each(|(_, agent)| office.hangs_up(agent));
                        rings.retain(|(other, _)| *other != entry.0);
                    }
                }
            }
            assert_eq!(office.waiting(), waiting.iter().copied().collect::<Vec<_>>(), "seed {seed}: in order");
        }
        for agent in AGENTS {
            office.queues.pause(agent, false);
        }
        for (entry, agent) in std::mem::take(&mut rings) {
            office.declines(entry, &agent);
        }
        for agent in talks {
            office.hangs_up(&agent);
        }
        for entry in waiting {
            office.queues.left(EntryId(entry));
        }
        office.passes(60_000);
        assert_eq!(office.queues.next_deadline(), None, "seed {seed}: timers are left");
        assert!(AGENTS.iter().all(|agent| office.status(agent) == AgentStatus::Free), "seed {seed}");
    }
}
