//! Everything works on a network that loses one datagram in ten.

use super::sim::{Network, Setup, Span, World};

fn bad(seed: u64) -> World {
    World::seeded(Setup { network: Network::BAD, ..Setup::default() }, seed)
}

#[test]
fn calls_come_about_and_end() {
    for seed in 1..=10 {
        let world = bad(seed);
        let (a, b) = (world.phone("1001"), world.phone("1002"));
        a.talks_to(&b);
        world.until("they hear each other", 10.s(), || a.hears(&b) && b.hears(&a));
        a.hangs_up();
        world.until("it ends", 40.s(), || b.lines() == 0);
        world.ends();
    }
}

#[test]
fn holds_and_transfers_come_about() {
    for seed in 1..=10 {
        let world = bad(seed);
        let (a, b, c) = (world.phone("1001"), world.phone("1002"), world.phone("1003"));
        a.talks_to(&b);
        b.holds();
        world.until("music", 20.s(), || a.hears_music());
        b.talks_to(&c);
        b.connects();
        world.until("caller and target talk", 40.s(), || a.hears(&c) && c.hears(&a));
        world.until("the agent is free", 40.s(), || b.lines() == 0);
        world.ends();
    }
}
