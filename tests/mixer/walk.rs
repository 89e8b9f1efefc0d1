//! Who hears whom, after whatever was done in whatever order: each says a tone of its own, and what reaches each is compared with a model
//! that knows the rules and nothing of how they are carried out.
//!
//! `WALKS=200 cargo test --test mixer walk` walks longer, `SEED=17` begins with another seed. A walk that fails is made as short as it can
//! be while it still fails, and printed.

use super::listening::{Hall, Phone, relation};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    collections::{BTreeMap, BTreeSet},
    f64::consts::TAU,
    fmt::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use warmline::{
    ids::{PlayId, RecordingId},
    media::{
        Clip, Command, Layout, Playback, Position, Record, Recording, Repeat, Role, Scope, Source, Tape,
        audio::{frame::Rate, goertzel::level},
        sdp::{Codec, Direction},
        srtp::Suite,
    },
};

/// Steps of one walk.
const STEPS: usize = 80;
const LEGS: u64 = 5;
/// How loud everything is, dBFS, and what it has to be to count as heard or not.
const LOUD: f64 = -24.0;
const HEARD: f64 = LOUD - 6.0;
const SILENT: f64 = LOUD - 20.0;
/// After so long whatever was done is heard.
const SETTLED_MS: u64 = 400;

#[test]
fn who_hears_whom_follows_from_the_roles_in_whatever_order() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("SEED").unwrap_or(1);
    for seed in first..first + number("WALKS").unwrap_or(3) {
        let steps = steps(seed);
        if let Err(fault) = walk(seed, &steps) {
            let (steps, fault) = shorten(seed, steps, fault);
            panic!("SEED={seed}: {fault}\n{steps:#?}");
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Enter { leg: u64, codec: Codec, suite: Option<Suite>, digits: bool },
    Change(u64, Change),
    Record { reel: usize, leg: u64 },
    Pause { reel: usize, on: bool },
    Stop { reel: usize },
    Wait { ms: u64 },
    Look,
}

/// Something about a leg that is there.
#[derive(Clone, Copy, Debug)]
enum Change {
    Leave,
    Role(Role),
    Play(Played),
    Whisper(bool),
    /// A direction, and whether its phone holds.
    Agree(Direction, bool),
    Codec(Codec),
    Key(u8),
    Move(usize),
    Press,
    Dial,
}

/// What a leg hears instead of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Played {
    Mix,
    Music,
    Clip,
    Echo,
    Silence,
}

/// Something that can be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    Leg(u64),
    Music,
    Clip,
    Whisper,
}

impl Heard {
    fn all() -> impl Iterator<Item = Self> {
        (1..=LEGS).map(Self::Leg).chain([Self::Music, Self::Clip, Self::Whisper])
    }

    fn hz(self) -> u32 {
        match self {
            Self::Leg(leg) => 250 + 100 * leg as u32,
            Self::Music => 1100,
            Self::Clip => 1300,
            Self::Whisper => 1500,
        }
    }
}

/// A leg as the rules see it.
#[derive(Clone, Debug)]
struct Party {
    room: usize,
    role: Role,
    what: Played,
    whispered: bool,
    direction: Direction,
    held: bool,
    digits: bool,
    secret: bool,
}

impl Party {
    /// Whether what it says comes to us.
    fn speaks(&self) -> bool {
        matches!(self.direction, Direction::SendRecv | Direction::RecvOnly) && !self.held
    }

    fn is_heard_by_all(&self) -> bool {
        self.speaks() && matches!(self.role, Role::Talk | Role::Deaf)
    }

    /// Whether it may be sent anything.
    fn is_there(&self) -> bool {
        matches!(self.direction, Direction::SendRecv | Direction::SendOnly)
    }

    fn hears_the_others(&self) -> bool {
        let listens = matches!(self.role, Role::Talk | Role::Muted | Role::Coach { .. } | Role::Monitor);
        self.what == Played::Mix && listens && !self.held
    }
}

/// A recording as the rules see it.
#[derive(Clone, Copy, Debug)]
struct Reel {
    scope: Scope,
    follows: Option<u64>,
    room: usize,
    runs: bool,
}

#[derive(Default)]
struct Model {
    parties: BTreeMap<u64, Party>,
    reels: [Option<Reel>; REELS.len()],
}

/// The kinds of recordings that are made.
const REELS: [(Scope, Layout); 3] =
    [(Scope::Call, Layout::Mix), (Scope::Call, Layout::Apart(3)), (Scope::Leg, Layout::Apart(2))];

impl Model {
    /// Who of the room is heard by everybody there but for himself.
    fn said(&self, room: usize, but: u64) -> impl Iterator<Item = Heard> {
        let parties = self.parties.iter().filter(move |(leg, party)| party.room == room && **leg != but);
        parties.filter(|(_, party)| party.is_heard_by_all()).map(|(leg, _)| Heard::Leg(*leg))
    }

    fn hears(&self, leg: u64) -> BTreeSet<Heard> {
        let party = &self.parties[&leg];
        let mut heard = BTreeSet::new();
        if !party.is_there() {
            return heard;
        }
        match party.what {
            Played::Music => drop(heard.insert(Heard::Music)),
            Played::Clip => drop(heard.insert(Heard::Clip)),
            Played::Echo if party.speaks() => drop(heard.insert(Heard::Leg(leg))),
            Played::Echo | Played::Silence | Played::Mix => {}
        }
        if party.hears_the_others() {
            heard.extend(self.said(party.room, leg));
            let coaches = |(_, other): &(&u64, &Party)| {
                other.room == party.room && other.speaks() && other.role == Role::Coach { target: relation(leg) }
            };
            heard.extend(self.parties.iter().filter(coaches).map(|(coach, _)| Heard::Leg(*coach)));
        }
        if party.whispered {
            heard.insert(Heard::Whisper);
        }
        heard
    }

    /// What is on a tape: of a call all who say something to all; of a leg what it says and what the others say to it.
    fn recorded(&self, reel: usize) -> BTreeSet<Heard> {
        let Some(Reel { scope, follows, room, runs: true }) = self.reels[reel] else { return BTreeSet::new() };
        match (scope, follows) {
            (Scope::Call, _) => self.said(room, 0).collect(),
            (Scope::Leg, Some(leg)) => {
                let party = &self.parties[&leg];
                let says = party.speaks() && matches!(party.role, Role::Talk | Role::Deaf | Role::Coach { .. });
                let others = self.said(room, leg).filter(|_| party.is_there() && party.hears_the_others());
                others.chain(says.then_some(Heard::Leg(leg))).collect()
            }
            (Scope::Leg, None) => BTreeSet::new(),
        }
    }

    /// The leg is gone; recordings of calls stay with the others.
    fn leave(&mut self, leg: u64) {
        let Some(party) = self.parties.remove(&leg) else { return };
        let is_empty = self.parties.values().all(|other| other.room != party.room);
        for place in &mut self.reels {
            if let Some(reel) = place
                && reel.room == party.room
            {
                let follows = reel.follows == Some(leg);
                if follows {
                    reel.follows = None;
                }
                if is_empty || follows && reel.scope == Scope::Leg {
                    *place = None;
                }
            }
        }
    }

    fn go(&mut self, leg: u64, room: usize) {
        if let Some(party) = self.parties.get_mut(&leg) {
            party.room = room;
        }
        self.reels.iter_mut().flatten().filter(|reel| reel.follows == Some(leg)).for_each(|reel| reel.room = room);
    }
}

/// A walk, all of it decided before it begins.
fn steps(seed: u64) -> Vec<Step> {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut steps = Vec::new();
    for _ in 0..STEPS {
        steps.push(step(&mut chance));
        match chance.random_range(0..4) {
            0 => {}
            1 => steps.push(Step::Wait { ms: chance.random_range(1..90) }),
            _ => steps.push(Step::Look),
        }
    }
    steps
}

fn step(chance: &mut StdRng) -> Step {
    let leg = chance.random_range(1..=LEGS);
    let reel = chance.random_range(0..REELS.len());
    match chance.random_range(0..40) {
        0..=6 => {
            let suite = chance.random_bool(0.3).then(|| Suite::ALL[chance.random_range(0..Suite::ALL.len())]);
            // One codec more often than others, so that some are relayed.
            let codec = if chance.random_bool(0.3) { Codec::Pcmu } else { codec(chance) };
            Step::Enter { leg, codec, suite, digits: chance.random_bool(0.5) }
        }
        7 => Step::Record { reel, leg },
        8 => Step::Pause { reel, on: chance.random_bool(0.5) },
        9 => Step::Stop { reel },
        _ => Step::Change(leg, change(leg, chance)),
    }
}

fn change(leg: u64, chance: &mut StdRng) -> Change {
    match chance.random_range(0..30) {
        0..=1 => Change::Leave,
        2..=10 => {
            let target = relation(1 + (leg + chance.random_range(0..LEGS - 1)) % LEGS);
            let (talk, coach) = (Role::Talk, Role::Coach { target });
            let all = [talk, talk, talk, coach, coach, Role::Muted, Role::Deaf, Role::Held, Role::Monitor];
            Change::Role(all[chance.random_range(0..all.len())])
        }
        11..=15 => {
            let all = [Played::Mix, Played::Mix, Played::Music, Played::Clip, Played::Echo, Played::Silence];
            Change::Play(all[chance.random_range(0..all.len())])
        }
        16..=17 => Change::Whisper(chance.random_bool(0.5)),
        18..=22 => {
            let talk = (Direction::SendRecv, false);
            let holds = [(Direction::RecvOnly, true), (Direction::Inactive, true)];
            let one_way = [(Direction::RecvOnly, false), (Direction::SendOnly, false)];
            let all = [talk, talk, holds[0], holds[1], one_way[0], one_way[1]];
            let (direction, held) = all[chance.random_range(0..all.len())];
            Change::Agree(direction, held)
        }
        23..=24 => Change::Codec(codec(chance)),
        25 => Change::Key(chance.random()),
        26..=27 => Change::Move(chance.random_range(0..2)),
        28 => Change::Press,
        _ => Change::Dial,
    }
}

fn codec(chance: &mut StdRng) -> Codec {
    Codec::ALL[chance.random_range(0..Codec::ALL.len())]
}

/// Takes the steps; the fault, if there is one. A step that means nothing at the moment is left out, so that any of them can be missing.
fn walk(seed: u64, steps: &[Step]) -> Result<(), String> {
    let walk = || {
        let mut walker = Walker {
            hall: Hall::new(seed).with_tone_for_music(Heard::Music.hz(), LOUD),
            model: Model::default(),
            tapes: [const { None }; REELS.len()],
            ids: 0,
        };
        steps.iter().try_for_each(|step| walker.take(*step))
    };
    catch_unwind(AssertUnwindSafe(walk)).unwrap_or_else(|_| Err("it panics".to_owned()))
}

/// Leaves out whatever is not needed for it to fail.
fn shorten(seed: u64, mut steps: Vec<Step>, mut fault: String) -> (Vec<Step>, String) {
    let mut size = steps.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(at..(at + size).min(steps.len()));
            match walk(seed, &fewer) {
                Err(other) => (steps, fault) = (fewer, other),
                Ok(()) => at += size,
            }
        }
        size /= 2;
    }
    (steps, fault)
}

struct Walker {
    hall: Hall,
    model: Model,
    tapes: [Option<(RecordingId, Tape)>; REELS.len()],
    ids: u64,
}

impl Walker {
    fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Enter { leg, codec, suite, digits } => {
                if !self.model.parties.contains_key(&leg) {
                    self.enter(leg, codec, suite, digits);
                }
            }
            Step::Change(leg, change) => self.change(leg, change),
            Step::Record { reel, leg } => {
                if self.tapes[reel].is_none() && self.model.parties.contains_key(&leg) {
                    self.record(reel, leg);
                }
            }
            Step::Pause { reel, on } => {
                if let (Some((recording, _)), Some(place)) = (&self.tapes[reel], &mut self.model.reels[reel]) {
                    let what = if on { Record::Pause } else { Record::Resume };
                    self.hall.command_in(place.room, Command::Record { recording: *recording, follows: None, what });
                    place.runs = !on;
                }
            }
            Step::Stop { reel } => {
                let tape = self.tapes[reel].take();
                if let (Some((recording, tape)), Some(place)) = (tape, self.model.reels[reel].take()) {
                    let what = Record::Stop;
                    self.hall.command_in(place.room, Command::Record { recording, follows: None, what });
                    if tape.end().is_none() {
                        return Err(format!("recording {reel} does not end"));
                    }
                }
            }
            Step::Wait { ms } => self.hall.run_ms(ms),
            Step::Look => return self.look(),
        }
        Ok(())
    }

    fn enter(&mut self, leg: u64, codec: Codec, suite: Option<Suite>, digits: bool) {
        let phone = Phone::new(leg, codec).tone(Heard::Leg(leg).hz(), LOUD);
        let phone = if digits { phone.digits(101) } else { phone };
        self.hall.enter(match suite {
            Some(suite) => phone.secret(suite),
            None => phone,
        });
        let party = Party {
            room: 0,
            role: Role::Talk,
            what: Played::Mix,
            whispered: false,
            direction: Direction::SendRecv,
            held: false,
            digits,
            secret: suite.is_some(),
        };
        self.model.parties.insert(leg, party);
    }

    /// Something about one who may be there.
    fn change(&mut self, leg: u64, change: Change) {
        let Self { hall, model, ids, .. } = self;
        let Some(party) = model.parties.get_mut(&leg) else { return };
        let id = relation(leg);
        let mut play = |heard: Heard| {
            *ids += 1;
            let (what, repeat, position) = (Arc::new(tone(heard).into()), Repeat::Forever, Position::Start);
            Playback { id: PlayId(*ids), what, repeat, position }
        };
        match change {
            Change::Leave => {
                hall.leave(leg);
                model.leave(leg);
            }
            Change::Role(role) => {
                hall.command(Command::Role { leg: id, role });
                party.role = role;
            }
            Change::Play(what) => {
                let source = match what {
                    Played::Mix => None,
                    Played::Music => Some(Source::HoldMusic),
                    Played::Clip => Some(Source::Clip(play(Heard::Clip))),
                    Played::Echo => Some(Source::Echo),
                    Played::Silence => Some(Source::Silence),
                };
                hall.command(Command::Play { leg: id, source });
                party.what = what;
            }
            Change::Whisper(on) => {
                hall.command(Command::Whisper { leg: id, playback: on.then(|| play(Heard::Whisper)) });
                party.whispered = on;
            }
            Change::Agree(direction, held) => {
                hall.renegotiate(leg, direction, held);
                (party.direction, party.held) = (direction, held);
            }
            Change::Codec(codec) => hall.change_codec(leg, codec),
            Change::Key(octet) => {
                if party.secret {
                    hall.change_key(leg, octet, 20);
                }
            }
            Change::Move(room) => {
                if party.room != room {
                    hall.move_to(leg, room);
                    model.go(leg, room);
                }
            }
            Change::Press => {
                if party.digits {
                    hall.press(leg, '5', 60);
                }
            }
            Change::Dial => hall.command(Command::SendDigit { leg: id, digit: '7', duration_ms: 60 }),
        }
    }

    fn record(&mut self, reel: usize, leg: u64) {
        let (scope, layout) = REELS[reel];
        self.ids += 1;
        let recording = RecordingId(self.ids);
        let tape = Tape::new(layout.channels(), Rate::MAX, 100);
        let what = Record::Start(Box::new(Recording { scope, layout, tape: tape.clone() }));
        self.hall.command(Command::Record { recording, follows: Some(relation(leg)), what });
        self.tapes[reel] = Some((recording, tape));
        let room = self.model.parties[&leg].room;
        self.model.reels[reel] = Some(Reel { scope, follows: Some(leg), room, runs: true });
    }

    /// Compares what is heard with what the rules say.
    fn look(&mut self) -> Result<(), String> {
        for ms in [SETTLED_MS, 520] {
            for (_, tape) in self.tapes.iter().flatten() {
                rewind(tape);
            }
            self.hall.forget();
            self.hall.run_ms(ms);
        }
        let mut fault = String::new();
        for leg in self.model.parties.keys() {
            let levels = |heard: Heard| match &self.hall.heard(*leg)[..] {
                [] => f64::NEG_INFINITY,
                _ => self.hall.loudest(*leg, heard.hz()),
            };
            compare(&format!("{leg} hears"), &self.model.hears(*leg), levels, &mut fault);
        }
        for (reel, place) in self.tapes.iter_mut().enumerate() {
            let Some((_, tape)) = place else { continue };
            let channels = rewind(tape);
            let levels = |heard: Heard| {
                let of = |(rate, sound): &(Rate, Vec<i16>)| level(sound, heard.hz().into(), *rate);
                channels.iter().map(of).fold(f64::NEG_INFINITY, f64::max)
            };
            compare(&format!("{:?} has", REELS[reel]), &self.model.recorded(reel), levels, &mut fault);
            if self.model.reels[reel].is_none() {
                if tape.end().is_none() {
                    let _ = writeln!(fault, "{:?} goes on without anybody", REELS[reel]);
                }
                *place = None;
            }
        }
        if fault.is_empty() {
            Ok(())
        } else {
            Err(format!("{fault}where {:#?}, {:?}", self.model.parties, self.model.reels))
        }
    }
}

fn compare(who: &str, expected: &BTreeSet<Heard>, level: impl Fn(Heard) -> f64, fault: &mut String) {
    for heard in Heard::all() {
        let level = level(heard);
        let is_so = if expected.contains(&heard) { level > HEARD && level < LOUD + 3.0 } else { level < SILENT };
        if !is_so {
            let _ = writeln!(fault, "{who} {heard:?} at {level:.1}, expected {expected:?}");
        }
    }
}

/// All that came onto a tape, channel by channel.
fn rewind(tape: &Tape) -> Vec<(Rate, Vec<i16>)> {
    let mut channels = vec![(Rate::NARROW, Vec::new()); tape.channels()];
    while let Some(frame) = tape.read() {
        for ((rate, sound), said) in channels.iter_mut().zip(frame.sound.chunks(frame.rate.frame())) {
            if *rate != frame.rate {
                (*rate, *sound) = (frame.rate, Vec::new());
            }
            sound.extend(said);
        }
        tape.recycle(frame);
    }
    channels
}

/// A second of a tone.
fn tone(heard: Heard) -> Arc<Clip> {
    let amplitude = 10_f64.powf(LOUD / 20.0);
    let sample = |at: u32| (amplitude * (TAU * f64::from(heard.hz()) * f64::from(at) / 8000.0).sin()) as f32;
    let sound: Vec<f32> = (0..8000).map(sample).collect();
    Arc::new(Clip::new(&sound, 8000, &Rate::ROOMS).unwrap())
}
