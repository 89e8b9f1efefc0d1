//! Who hears whom in a room, after whatever programs and phones did in whatever order: what the phones hear is compared with the rules.
//!
//! `WALKS=50 cargo test --test world roles` walks longer, `SEED=17` begins with another seed.

use super::sim::{Handle, Setup, Span, World};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::collections::BTreeSet;
use warmline::{
    call::{Audience, Role, Sound, Verb},
    ids::{LegId, PlayId},
    media::{sdp::Codec, srtp::Srtp},
    phone::HoldStyle,
    sip::OfferMethod,
};

/// Steps of one walk.
const STEPS: usize = 120;
const PHONES: usize = 4;

#[test]
fn who_hears_whom_in_a_room_follows_from_what_was_wished() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("SEED").unwrap_or(1);
    for seed in first..first + number("WALKS").unwrap_or(3) {
        Walk::new(seed).walk();
    }
}

struct Walk {
    world: World,
    phones: [Handle; PHONES],
    parties: [Option<Party>; PHONES],
    chance: StdRng,
    done: Vec<String>,
}

/// A member of the room as the rules see it.
#[derive(Clone, Debug)]
struct Party {
    leg: LegId,
    role: Role,
    muted: bool,
    deaf: bool,
    held_by_us: bool,
    held_by_phone: bool,
    /// What it hears instead of everything else, and whether that is music.
    plays: Option<(PlayId, bool)>,
}

impl Party {
    /// Somebody could hear it, if the role allows it.
    fn speaks(&self) -> bool {
        !self.held_by_us && !self.held_by_phone && !self.muted
    }
}

/// What can be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    Phone(usize),
    Music,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let world = World::seeded(Setup::default(), seed);
        // Phones that nobody uses lie between them: what several shout together has tones of its own, which must not be those of others.
        let leave_out = |phones: usize| (0..phones).for_each(|_| drop(world.strange_phone("1290", &[Codec::Pcmu])));
        let (a, b) = (world.phone("1001"), world.phone("1002"));
        leave_out(1);
        let c = world.secret_phone("1201", Srtp::Preferred);
        leave_out(3);
        let phones = [a, b, c, world.secret_phone("1221", Srtp::Required)];
        let (parties, chance) = ([const { None }; PHONES], StdRng::seed_from_u64(seed));
        Self { world, phones, parties, chance, done: Vec::new() }
    }

    fn walk(&mut self) {
        for _ in 0..STEPS {
            let who = self.dice(PHONES);
            match self.parties[who].clone() {
                None => self.enter(who),
                Some(party) => self.change(who, &party),
            }
            match self.dice(3) {
                0 => self.world.run(u64::from(self.chance.random_range(150..400_u32)).ms()),
                _ => self.look(),
            }
        }
        self.world.ends();
    }

    fn enter(&mut self, who: usize) {
        let phone = self.phones[who].clone();
        let line = phone.calls("7001");
        self.world.until("it is let in", 5.s(), || phone.talks_on(line));
        self.world.run(100.ms());
        let leg = phone.leg();
        let (role, plays) = (Role::Talk, None);
        let party = Party { leg, role, muted: false, deaf: false, held_by_us: false, held_by_phone: false, plays };
        self.parties[who] = Some(party);
        self.done.push(format!("{who} enters"));
    }

    fn change(&mut self, who: usize, party: &Party) {
        let leg = party.leg;
        let on = self.chance.random_bool(0.5);
        match self.dice(20) {
            0 => return self.leave(who),
            1..=3 => self.wish(who, Verb::Hold { leg, music: Sound::Music }, |party| party.held_by_us = true),
            4..=6 => self.wish(who, Verb::Unhold { leg }, |party| party.held_by_us = false),
            7..=10 => {
                let others: Vec<LegId> = self.parties.iter().flatten().map(|other| other.leg).collect();
                let target = others[self.dice(others.len())];
                let role = [Role::Talk, Role::Talk, Role::Monitor, Role::Coach { target }][self.dice(4)];
                self.wish(who, Verb::SetRole { leg, role }, |party| {
                    (party.role, party.muted, party.deaf) = (role, false, false);
                });
            }
            11..=12 => self.wish(who, Verb::Mute { leg, on }, |party| party.muted = on),
            13..=14 => self.wish(who, Verb::Deafen { leg, on }, |party| party.deaf = on),
            15 => self.play(who, leg),
            16 => {
                if let Some((play, _)) = party.plays {
                    self.wish(who, Verb::StopPlay { play }, |party| party.plays = None);
                }
            }
            17..=18 => {
                let style = [HoldStyle::SendOnly, HoldStyle::Inactive, HoldStyle::ZeroAddress][self.dice(3)];
                let method = [OfferMethod::Reinvite, OfferMethod::Update][self.dice(2)];
                self.phones[who].holds_by(style, method);
                self.parties[who].as_mut().expect("it is there").held_by_phone = true;
                self.done.push(format!("{who} holds by {style:?}, {method:?}"));
            }
            _ => {
                self.phones[who].resumes();
                self.parties[who].as_mut().expect("it is there").held_by_phone = false;
                self.done.push(format!("{who} resumes"));
            }
        }
        // An offer has to be answered before there is another one.
        self.world.run(100.ms());
    }

    fn play(&mut self, who: usize, leg: LegId) {
        let (sound, is_music) = [(Sound::Music, true), (Sound::Silence, false)][self.dice(2)].clone();
        let verb = Verb::Play { to: Audience::Leg(leg), sound, over: false, times: 0 };
        self.done.push(format!("{who}: {verb:?}"));
        let play = self.world.wish(verb).unwrap().play.unwrap();
        self.parties[who].as_mut().expect("it is there").plays = Some((play, is_music));
    }

    fn leave(&mut self, who: usize) {
        self.phones[who].hangs_up();
        self.world.run(200.ms());
        let gone = self.parties[who].take().expect("it is there");
        for party in self.parties.iter_mut().flatten() {
            // Whoever coached it only listens.
            if party.role == (Role::Coach { target: gone.leg }) {
                party.role = Role::Monitor;
            }
        }
        self.done.push(format!("{who} leaves"));
    }

    /// A wish; what it means, if it is granted.
    fn wish(&mut self, who: usize, verb: Verb, meaning: impl FnOnce(&mut Party)) {
        let granted = self.world.wish(verb.clone());
        self.done.push(format!("{who}: {verb:?}: {}", granted.is_ok()));
        if granted.is_ok() {
            meaning(self.parties[who].as_mut().expect("it is there"));
        }
    }

    fn expected(&self, who: usize) -> BTreeSet<Heard> {
        let Some(me) = &self.parties[who] else { return BTreeSet::new() };
        let music = BTreeSet::from([Heard::Music]);
        if me.held_by_phone {
            return BTreeSet::new();
        }
        if let Some((_, is_music)) = me.plays {
            return if is_music { music } else { BTreeSet::new() };
        }
        let in_talk: Vec<&Party> = self.parties.iter().flatten().filter(|party| !party.held_by_us).collect();
        // One alone waits for others, and one of two waits for the other to come back.
        let waits = in_talk.len() == 1 || in_talk.len() == 2 && in_talk.iter().any(|party| party.held_by_phone);
        if me.held_by_us || waits {
            return music;
        }
        if me.deaf {
            return BTreeSet::new();
        }
        let heard = |other: &Party| match other.role {
            Role::Talk => other.speaks(),
            Role::Coach { target } => other.speaks() && target == me.leg,
            Role::Monitor => false,
        };
        let others = self.parties.iter().enumerate().filter(|(at, _)| *at != who);
        others.filter(|(_, other)| other.as_ref().is_some_and(heard)).map(|(at, _)| Heard::Phone(at)).collect()
    }

    fn look(&mut self) {
        self.world.run(700.ms());
        for who in 0..PHONES {
            let phone = &self.phones[who];
            let phones = (0..PHONES).filter(|other| phone.hears(&self.phones[*other])).map(Heard::Phone);
            let heard: BTreeSet<Heard> = phones.chain(phone.hears_music().then_some(Heard::Music)).collect();
            let expected = self.expected(who);
            assert_eq!(heard, expected, "{who}, after {:#?}\n{:#?}", self.done, self.parties);
        }
        self.world.check();
    }

    fn dice(&mut self, sides: usize) -> usize {
        self.chance.random_range(0..sides)
    }
}
