//! Callers who wait for an agent, heard by real phones; and every way in which that can go otherwise.

use super::sim::{Handle, Setup, Span, World, queue};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::time::Duration;
use warmline::{
    call::{Add, Approach, Event, Manner, Outcome, QueueNews, Refused, Role, Sound, Transfer, Verb},
    destination::{QueueEnd, Whom},
    exchange::{Originate, What},
    ids::CallId,
    phone::Command,
    switch::{AgentStatus, QueueSettings, Strategy},
};

const QUEUE: &str = "8500";

/// A caller, the three agents, another caller.
fn office(settings: QueueSettings) -> (World, [Handle; 5]) {
    let world = World::with(Setup { queues: vec![settings], ..Setup::default() });
    let phones = ["1001", "1002", "1003", "1004", "1005"].map(|number| world.phone(number));
    (world, phones)
}

fn to_queue() -> Approach {
    Approach::new(Whom::Queue("support".to_owned()))
}

fn call_of(world: &World, phone: &Handle) -> CallId {
    let leg = phone.leg();
    world.views().into_iter().find(|view| view.legs.iter().any(|other| other.id == leg)).unwrap().id
}

fn status(world: &World, agent: &str) -> AgentStatus {
    let queues = world.queues();
    queues[0].agents.iter().find(|view| view.extension == agent).unwrap().state
}

/// The extensions of those who wait, the next first.
fn waiting(world: &World) -> Vec<String> {
    let queue = world.queues().remove(0);
    assert_eq!(queue.length, queue.waiting.len());
    queue.waiting.into_iter().map(|waiting| waiting.party.map_or("?".to_owned(), |party| party.place)).collect()
}

/// What was told of queues since the last look, in short.
fn told(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for news in world.told() {
        let Event::Queue { news: what, queue, .. } = &news.event else { continue };
        assert_eq!((queue.as_str(), news.queue.as_ref().map(|view| view.name.as_str())), ("support", Some("support")));
        let waiting = news.queue.iter().flat_map(|view| &view.waiting);
        assert!(waiting.clone().all(|waiting| waiting.call.is_some()), "{news:?}");
        all.push(match what {
            QueueNews::Entered { position } => format!("entered {position}"),
            QueueNews::Offered { agent } => format!("offered {agent}"),
            QueueNews::Declined { agent, status } => format!("declined {agent} {status}"),
            QueueNews::Answered { agent, .. } => format!("answered {agent}"),
            QueueNews::Left { why } => format!("left {why:?}"),
        });
    }
    all
}

#[test]
fn callers_wait_on_music_in_order_and_are_served_in_order() {
    let (world, [a, b, c, d, e]) = office(QueueSettings { members: Some(vec!["1002".into()]), ..queue() });
    a.calls(QUEUE);
    world.run(2.s());
    assert!(a.hears_music() && b.rings() && !c.rings());
    e.calls(QUEUE);
    d.calls(QUEUE);
    world.run(1.s());
    assert!(e.hears_music() && d.hears_music());
    assert_eq!(waiting(&world), ["1001", "1005", "1004"]);
    b.answers();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a) && !a.hears_music() && e.hears_music());
    assert_eq!((waiting(&world), status(&world, "1002")), (vec!["1005".into(), "1004".into()], AgentStatus::Busy));
    b.hangs_up();
    world.until("the next rings", 2.s(), || b.rings());
    b.answers();
    world.run(1.s());
    assert!(e.hears(&b) && d.hears_music() && a.lines() == 0);
    e.hangs_up();
    world.run(1.s());
    b.answers();
    world.run(1.s());
    assert!(d.hears(&b) && b.hears(&d));
    assert_eq!((d.breaks(), waiting(&world)), (0, Vec::<String>::new()));
    world.ends();
}

#[test]
fn from_music_to_the_agent_it_is_one_stream() {
    let (world, [a, b, ..]) = office(queue());
    a.calls(QUEUE);
    world.run(5.s());
    b.answers();
    world.run(3.s());
    assert!(a.hears(&b) && b.hears(&a));
    assert_eq!((a.breaks(), b.breaks()), (0, 0));
    assert_eq!(told(&world), ["entered 1", "offered 1002", "answered 1002"]);
    let leg = a.leg();
    let view = world.views().remove(0).legs.into_iter().find(|view| view.id == leg).unwrap();
    assert_eq!(view.queue.as_deref(), Some("support"), "so that its record says it");
    world.ends();
}

#[test]
fn who_declines_is_silent_busy_or_has_no_phone_is_passed_over() {
    let (world, [a, b, c, d, e]) = office(queue());
    b.refuses(603);
    c.talks_to(&e);
    a.calls(QUEUE);
    world.run(1.s());
    assert!(d.rings() && !b.rings() && !c.rings());
    // It does not answer; then the first is asked again, after its rest.
    world.run(15.s());
    assert!(!d.rings() && a.hears_music());
    b.picks_up_after(Duration::ZERO);
    world.until("they talk", 40.s(), || a.hears(&b));
    let told = told(&world);
    let expected = ["entered 1", "offered 1002", "declined 1002 603", "offered 1004"];
    assert_eq!(told[..4], expected);
    assert!(told.contains(&"declined 1004 480".to_owned()) && told.last().unwrap() == "answered 1002", "{told:?}");
    world.run(6.s());
    assert_eq!((a.breaks(), status(&world, "1004")), (0, AgentStatus::Free), "its rest is over");
    world.ends();
}

#[test]
fn an_agent_that_comes_is_offered_who_waits() {
    let world = World::with(Setup { queues: vec![queue()], ..Setup::default() });
    let a = world.phone("1001");
    a.calls(QUEUE);
    world.run(1.s());
    assert!(a.hears_music());
    assert_eq!(status(&world, "1003"), AgentStatus::Offline);
    let c = world.phone("1003");
    world.run(1.s());
    assert!(c.rings());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a));
    world.ends();
}

#[test]
fn a_caller_who_leaves_stops_the_ringing_and_the_agent_is_free() {
    for strategy in [Strategy::InOrder, Strategy::RingAll] {
        let (world, [a, b, c, d, e]) = office(QueueSettings { strategy, ..queue() });
        a.calls(QUEUE);
        world.run(1.s());
        assert_eq!((b.rings(), c.rings() && d.rings()), (true, strategy == Strategy::RingAll));
        a.hangs_up();
        world.run(1.s());
        assert!(!b.rings() && !c.rings() && !d.rings());
        assert_eq!((world.counters().calls, status(&world, "1002")), (0, AgentStatus::Free));
        assert_eq!(told(&world).last().unwrap(), "left Left");
        e.calls(QUEUE);
        world.run(1.s());
        assert!(b.rings());
        world.ends();
    }
}

#[test]
fn all_ring_and_the_first_who_answers_has_the_caller() {
    let (world, [a, b, c, d, e]) = office(QueueSettings { strategy: Strategy::RingAll, ..queue() });
    e.talks_to(&d);
    a.calls(QUEUE);
    world.run(1.s());
    assert!(b.rings() && c.rings());
    e.hangs_up();
    world.run(1.s());
    assert!(d.rings(), "who becomes free rings too");
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && !b.rings() && !d.rings());
    assert_eq!((status(&world, "1002"), status(&world, "1003")), (AgentStatus::Free, AgentStatus::Busy));
    world.ends();
}

#[test]
fn a_cold_transfer_leaves_the_caller_in_the_queue_and_frees_the_agent() {
    let (world, [a, b, c, d, e]) = office(QueueSettings { members: Some(vec!["1003".into()]), ..queue() });
    d.talks_to(&c);
    a.talks_to(&b);
    b.transfers_to(QUEUE);
    world.run(1.s());
    assert_eq!((world.outcomes(), b.lines()), (vec![Outcome::Completed], 0));
    assert!(a.hears_music());
    e.calls(QUEUE);
    world.run(1.s());
    d.hangs_up();
    world.until("the agent rings", 2.s(), || c.rings());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a) && e.hears_music());
    assert_eq!(a.breaks(), 0);
    world.ends();
}

#[test]
fn an_agent_who_hands_over_is_free_and_who_takes_over_is_busy() {
    let (world, [a, b, c, _, e]) = office(queue());
    a.calls(QUEUE);
    world.run(1.s());
    b.answers();
    world.run(1.s());
    c.picks_up_after(Duration::ZERO);
    b.transfers_to("1003");
    world.run(6.s());
    assert!(a.hears(&c));
    assert_eq!((status(&world, "1002"), status(&world, "1003")), (AgentStatus::Free, AgentStatus::Busy));
    e.calls(QUEUE);
    world.run(1.s());
    assert!(b.rings());
    world.ends();
}

#[test]
fn a_warm_transfer_waits_in_the_queue_itself() {
    let (world, [a, b, c, d, _]) = office(QueueSettings { members: Some(vec!["1003".into()]), ..queue() });
    d.talks_to(&c);
    a.talks_to(&b);
    b.dials("*28500#");
    world.run(8.s());
    assert!(a.hears_music() && b.hears_music());
    assert_eq!(waiting(&world), ["1002"]);
    d.hangs_up();
    world.run(1.s());
    c.answers();
    world.run(1.s());
    assert!(b.hears(&c) && c.hears(&b) && a.hears_music() && !b.hears_music());
    b.dials("*4");
    world.run(2.s());
    assert!(a.hears(&c) && c.hears(&a) && b.lines() == 0);
    assert_eq!((a.breaks(), world.outcomes()), (0, vec![Outcome::Completed]));
    world.ends();
}

#[test]
fn who_leaves_a_warm_transfer_leaves_its_place_to_the_caller() {
    let (world, [a, b, c, d, e]) = office(QueueSettings { members: Some(vec!["1003".into()]), ..queue() });
    d.talks_to(&c);
    a.talks_to(&b);
    let wish = Transfer { leg: b.leg(), to: to_queue(), manner: Manner::Warm, music: Sound::Music };
    let transfer = world.wish(Verb::Transfer(Box::new(wish))).unwrap().transfer.unwrap().id;
    world.run(1.s());
    e.calls(QUEUE);
    world.run(1.s());
    assert_eq!(waiting(&world), ["1002", "1005"]);
    world.wish(Verb::Complete { transfer }).unwrap();
    world.run(1.s());
    assert_eq!((waiting(&world), b.lines()), (vec!["1001".into(), "1005".into()], 0));
    assert!(a.hears_music());
    d.hangs_up();
    world.run(1.s());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && e.hears_music());
    assert_eq!((a.breaks(), world.outcomes()), (0, vec![Outcome::Completed]));
    world.ends();
}

#[test]
fn a_warm_transfer_to_a_queue_is_cancelled() {
    let (world, [a, b, c, d, _]) = office(QueueSettings { members: Some(vec!["1003".into()]), ..queue() });
    d.talks_to(&c);
    a.talks_to(&b);
    let wish = Transfer { leg: b.leg(), to: to_queue(), manner: Manner::Warm, music: Sound::Music };
    let transfer = world.wish(Verb::Transfer(Box::new(wish))).unwrap().transfer.unwrap().id;
    world.run(1.s());
    world.wish(Verb::Cancel { transfer }).unwrap();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a) && waiting(&world).is_empty());
    world.ends();
}

#[test]
fn who_waits_for_another_puts_it_in_its_place() {
    let (world, [a, b, c, d, e]) = office(QueueSettings { members: Some(vec!["1003".into()]), ..queue() });
    d.talks_to(&c);
    a.talks_to(&b);
    b.holds();
    world.run(500.ms());
    b.calls(QUEUE);
    world.run(1.s());
    e.calls(QUEUE);
    world.run(1.s());
    assert!(b.hears_music());
    b.connects();
    world.run(2.s());
    assert_eq!((waiting(&world), b.lines()), (vec!["1001".into(), "1005".into()], 0));
    assert!(a.hears_music());
    d.hangs_up();
    world.run(1.s());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a));
    assert_eq!(a.breaks(), 0);
    world.ends();
}

#[test]
fn programs_send_add_and_call_by_queue() {
    let (world, [a, b, c, d, _]) = office(queue());
    // A live call gets one more.
    a.talks_to(&d);
    let call = call_of(&world, &a);
    let add = Verb::Add(Box::new(Add { who: to_queue(), role: Role::Talk }));
    world.obey(What::Obey { call: Some(call), verb: add }).unwrap();
    world.run(1.s());
    assert!(b.rings() && a.hears(&d), "they hear nothing of it");
    b.answers();
    world.run(1.s());
    assert!(a.hears(&b) && d.hears(&b) && b.hears(&a));
    d.hangs_up();
    world.run(500.ms());
    // The caller goes to another agent.
    let wish = Transfer { leg: b.leg(), to: to_queue(), manner: Manner::Cold, music: Sound::Music };
    world.wish(Verb::Transfer(Box::new(wish))).unwrap();
    world.until("it rings", 3.s(), || b.rings() || c.rings() || d.rings());
    [&b, &c, &d].into_iter().filter(|agent| agent.rings()).for_each(Handle::answers);
    world.run(1.s());
    assert!([&b, &c, &d].iter().any(|agent| a.hears(agent) && agent.hears(&a)));
    assert!(!b.talks(), "who sent it there does not have it back at once");
    a.hang_up_all();
    world.run(6.s());
    // Whoever is free is called, then the customer.
    let wish = Originate {
        first: to_queue(),
        second: Some(Approach::new(Whom::Number("1001".into()))),
        waiting: Sound::Ringback,
    };
    world.obey(What::Originate(Box::new(wish))).unwrap();
    world.run(1.s());
    assert!(b.rings());
    b.answers();
    world.run(1.s());
    a.answers();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a));
    // The customer first: it waits.
    a.hang_up_all();
    world.run(1.s());
    let first = Approach::new(Whom::Number("1001".into()));
    let wish = Originate { first, second: Some(to_queue()), waiting: Sound::Music };
    world.obey(What::Originate(Box::new(wish))).unwrap();
    world.run(1.s());
    a.answers();
    world.run(1.s());
    assert!(a.hears_music() && b.rings());
    b.answers();
    world.run(1.s());
    assert!(a.hears(&b));
    let nobody = Approach::new(Whom::Queue("nobody".to_owned()));
    let wish = Originate { first: nobody, second: None, waiting: Sound::Music };
    assert_eq!(world.obey(What::Originate(Box::new(wish))), Err(Refused::NoSuchTarget));
    world.ends();
}

#[test]
fn who_waits_too_long_goes_to_the_fallback_or_is_told_so() {
    let alone = QueueSettings { members: Some(vec!["1003".into()]), max_wait: Some(20.s()), ..queue() };
    let (world, [a, b, ..]) = office(QueueSettings { fallback: Some("1002".into()), ..alone.clone() });
    a.calls(QUEUE);
    world.run(19.s());
    assert!(a.hears_music() && !b.rings());
    world.run(2.s());
    assert!(b.rings());
    b.answers();
    world.run(1.s());
    assert!(a.hears(&b) && a.breaks() == 0);
    assert_eq!(told(&world).last().unwrap(), "left MaxWait");
    world.ends();
    let (world, [a, ..]) = office(alone);
    a.calls(QUEUE);
    world.run(21.s());
    assert!(!a.hears_music() && !a.hears_nothing(), "a tone says so");
    world.run(4.s());
    assert_eq!(a.lines(), 0);
    world.ends();
}

#[test]
fn a_full_queue_is_busy_and_a_transfer_to_it_comes_back() {
    let full = QueueSettings { members: Some(vec!["1003".into()]), max_length: Some(1), ..queue() };
    let (world, [a, b, _, d, e]) = office(full);
    e.calls(QUEUE);
    world.run(20.s());
    d.events();
    d.calls(QUEUE);
    world.run(1.s());
    assert_eq!(d.failures(), [486]);
    a.talks_to(&b);
    b.events();
    b.transfers_to(QUEUE);
    world.run(4.s());
    assert!(b.transfer_told().contains(&486) && a.hears(&b) && b.hears(&a));
    assert!(told(&world).contains(&format!("left {:?}", QueueEnd::Full)));
    world.ends();
}

#[test]
fn one_queue_leads_to_the_next_but_not_for_ever() {
    let first = QueueSettings { members: Some(vec!["1099".into()]), max_wait: Some(5.s()), ..queue() };
    let first = QueueSettings { fallback: Some("8501".into()), ..first };
    let second = QueueSettings { name: "second".into(), number: Some("8501".into()), ..first.clone() };
    let second = QueueSettings { fallback: Some(QUEUE.into()), ..second };
    let world = World::with(Setup { queues: vec![first, second], ..Setup::default() });
    let a = world.phone("1001");
    a.calls(QUEUE);
    world.run(19.s());
    assert!(a.hears_music() && a.breaks() == 0);
    world.run(10.s());
    assert_eq!(a.lines(), 0);
    world.ends();
}

#[test]
fn new_settings_keep_those_who_wait() {
    let (world, [a, b, c, _, e]) = office(QueueSettings { members: Some(vec!["1099".into()]), ..queue() });
    a.calls(QUEUE);
    world.run(1.s());
    e.calls(QUEUE);
    world.run(1.s());
    world.reload_queues(vec![QueueSettings { members: Some(vec!["1003".into()]), ..queue() }]);
    world.run(1.s());
    assert!(c.rings() && !b.rings());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && e.hears_music() && a.breaks() == 0);
    world.reload_queues(Vec::new());
    world.run(10.s());
    assert!(a.hears(&c) && e.lines() == 0, "what is closed keeps nobody");
    world.ends();
}

#[test]
fn a_paused_agent_is_left_alone_until_it_comes_back() {
    let (world, [a, b, c, ..]) = office(queue());
    let pause = |agent: &str, paused| world.obey(What::PauseAgent { agent: agent.to_owned(), paused });
    pause("1002", true).unwrap();
    pause("1003", true).unwrap();
    pause("1004", true).unwrap();
    assert_eq!(pause("1001", true), Err(Refused::UnknownAgent));
    a.calls(QUEUE);
    world.run(2.s());
    assert!(a.hears_music() && !b.rings() && !c.rings());
    assert_eq!(status(&world, "1003"), AgentStatus::Paused);
    pause("1003", false).unwrap();
    world.run(1.s());
    assert!(c.rings() && !b.rings());
    world.ends();
}

#[test]
fn wrap_up_is_time_for_oneself() {
    let (world, [a, b, _, _, e]) =
        office(QueueSettings { members: Some(vec!["1002".into()]), wrap_up: 10.s(), ..queue() });
    a.calls(QUEUE);
    world.run(1.s());
    b.answers();
    world.run(1.s());
    e.calls(QUEUE);
    world.run(1.s());
    b.hangs_up();
    world.run(9500.ms());
    assert!(!b.rings() && status(&world, "1002") == AgentStatus::WrapUp);
    world.run(600.ms());
    assert!(b.rings());
    // Other calls reach it all the time; who comes back from a pause has no wrap-up left.
    b.answers();
    world.run(1.s());
    a.calls(QUEUE);
    world.run(1.s());
    e.hangs_up();
    world.run(1.s());
    world.obey(What::PauseAgent { agent: "1002".into(), paused: true }).unwrap();
    world.obey(What::PauseAgent { agent: "1002".into(), paused: false }).unwrap();
    world.run(100.ms());
    assert!(b.rings());
    world.ends();
}

/// S31: agents and callers do everything within the same few milliseconds, in whatever order. Nobody rings for nobody, every agent is
/// free again, and who waits keeps its place.
#[test]
fn in_the_same_moment() {
    for seed in 1..=16 {
        let strategies = [Strategy::RingAll, Strategy::InOrder, Strategy::RoundRobin, Strategy::LongestIdle];
        let settings = QueueSettings { strategy: strategies[seed as usize % 4], ..queue() };
        let world = World::seeded(Setup { queues: vec![settings], ..Setup::default() }, seed);
        let mut chance = StdRng::seed_from_u64(seed);
        let callers = ["1010", "1011", "1012"].map(|number| world.phone(number));
        let agents = ["1002", "1003", "1004"].map(|number| world.phone(number));
        for _ in 0..12 {
            for caller in callers.iter().filter(|caller| caller.lines() == 0) {
                caller.calls(QUEUE);
                world.run(5.ms());
            }
            world.run([3, 30, 700, 2500][chance.random_range(0..4)].ms());
            for _ in 0..6 {
                let (caller, agent) = (&callers[chance.random_range(0..3)], &agents[chance.random_range(0..3)]);
                match chance.random_range(0..6) {
                    0 => caller.hang_up_all(),
                    1 if agent.rings() => agent.answers(),
                    2 if agent.rings() => agent.rejects(603),
                    3 if agent.lines() > 0 => agent.hang_up_all(),
                    4 => agent.press(Command::Register { expires_s: if chance.random_bool(0.5) { 0 } else { 3600 } }),
                    5 if agent.lines() == 0 => drop(agent.calls("8001")),
                    _ => {}
                }
                world.run(Duration::from_micros(chance.random_range(0..1500)));
            }
            world.check();
        }
        callers.iter().for_each(Handle::hang_up_all);
        world.run(3.s());
        let queue = world.queues().remove(0);
        assert!(queue.waiting.is_empty(), "seed {seed}: {queue:?}");
        assert!(agents.iter().all(|agent| !agent.rings()), "seed {seed}: a phone rings for nobody");
        agents.iter().for_each(Handle::hang_up_all);
        agents.iter().for_each(|agent| agent.press(Command::Register { expires_s: 3600 }));
        world.run(8.s());
        for agent in &world.queues().remove(0).agents {
            assert_eq!(agent.state, AgentStatus::Free, "seed {seed}: {agent:?}");
        }
        world.ends();
    }
}
