//! Digits for programs: gathered from a leg, and dialled towards one.

use super::{Call, Event, Gather, GatherEnd, PlayEnd, Refused, lifecycle::Timer, obey::Done};
use crate::{
    ids::{GatherId, LegId, PlayId},
    media::{self, Repeat},
};
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Digits that are gathered from a leg; nobody else hears them meanwhile.
#[derive(Debug)]
pub(super) struct Gathering {
    pub(super) id: GatherId,
    wish: Gather,
    digits: String,
    prompt: Option<PlayId>,
    /// The prompt is still played.
    prompted: bool,
}

/// Digits on their way to a leg.
#[derive(Debug)]
pub(super) struct Sending {
    left: VecDeque<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Digit { digit: char, duration_ms: u16 },
    Pause(Duration),
}

/// Between two digits.
const GAP: Duration = Duration::from_millis(100);
/// So many at once.
const LONGEST: usize = 128;
/// So many, and pauses, may wait for one leg.
const WAITING: usize = 512;
/// The longest wait for a digit.
const PATIENCE: Duration = Duration::from_secs(600);

impl Call {
    /// Digits of a leg are gathered from now on.
    pub(super) fn gather(&mut self, wish: Gather) -> Result<Done, Refused> {
        let leg = self.answered(wish.leg)?.id;
        if !(1..=64).contains(&wish.max_digits) {
            return Err(Refused::Invalid { field: "max_digits", why: "1 to 64" });
        }
        if !wish.terminators.chars().all(is_digit) {
            return Err(Refused::Invalid { field: "terminators", why: "of 0-9 * # A-D" });
        }
        if [wish.first_timeout, wish.digit_timeout].iter().any(|wait| *wait > PATIENCE) {
            return Err(Refused::Invalid { field: "timeout", why: "600 s at the most" });
        }
        if let Some(prompt) = &wish.prompt {
            prompt.check()?;
        }
        if self.gathers.contains_key(&leg) {
            return Err(Refused::NotNow);
        }
        let id = GatherId(self.numbers.next());
        self.forget_digits(leg);
        let (prompt, prompted) = match &wish.prompt {
            Some(prompt) => {
                self.stop_on(leg, false, PlayEnd::Stopped);
                let tune = self.tune(leg, prompt, Repeat::Once);
                let said = (Some(tune.id), tune.ends());
                if let Some(party) = self.legs.get_mut(&leg) {
                    party.part.play = Some(tune);
                }
                said
            }
            None => (None, false),
        };
        if !prompted {
            self.deadlines.set(Timer::Gather(leg), self.now + wish.first_timeout);
        }
        self.gathers.insert(leg, Gathering { id, wish, digits: String::new(), prompt, prompted });
        Ok(Done { leg: Some(leg), gather: Some(id), ..Done::default() })
    }

    /// A program wants no more.
    pub(super) fn stop_gather(&mut self, gather: GatherId) -> Result<Done, Refused> {
        let found = self.gathers.iter().find(|(_, gathering)| gathering.id == gather).map(|(leg, _)| *leg);
        let leg = found.ok_or(Refused::UnknownGather)?;
        self.end_gather(leg, GatherEnd::Stopped);
        Ok(Done::about(leg))
    }

    /// The prompt was heard: the first digit has its time from now on.
    pub(super) fn prompt_over(&mut self, leg: LegId) {
        let Some(gathering) = self.gathers.get_mut(&leg).filter(|gathering| gathering.prompted) else { return };
        gathering.prompted = false;
        self.deadlines.set(Timer::Gather(leg), self.now + gathering.wish.first_timeout);
    }

    /// A digit of a leg. Whether it is gathered.
    pub(super) fn gathered_digit(&mut self, leg: LegId, digit: char) -> bool {
        let Some(gathering) = self.gathers.get_mut(&leg) else { return false };
        gathering.prompted = false;
        let terminates = gathering.wish.terminators.contains(digit);
        if !terminates {
            gathering.digits.push(digit);
        }
        let enough = gathering.digits.len() >= gathering.wish.max_digits;
        let next = self.now + gathering.wish.digit_timeout;
        let prompt = gathering.prompt;
        // It interrupts the prompt.
        self.stop_prompt(leg, prompt);
        if terminates || enough {
            self.end_gather(leg, if terminates { GatherEnd::Terminator } else { GatherEnd::MaxDigits });
        } else {
            self.deadlines.set(Timer::Gather(leg), next);
        }
        true
    }

    /// No more digits are awaited.
    pub(super) fn end_gather(&mut self, leg: LegId, end: GatherEnd) {
        let Some(gathering) = self.gathers.remove(&leg) else { return };
        self.deadlines.clear(Timer::Gather(leg));
        if end != GatherEnd::LegEnded {
            self.stop_prompt(leg, gathering.prompt);
        }
        self.tell(Event::Gathered { leg, gather: gathering.id, digits: gathering.digits, end });
    }

    /// Something else may be played by now.
    fn stop_prompt(&mut self, leg: LegId, prompt: Option<PlayId>) {
        let is_played = |play| self.legs.get_mut(&leg).is_some_and(|party| party.part.is_played(play, false));
        if prompt.is_some_and(is_played) {
            self.stop_on(leg, false, PlayEnd::Stopped);
        }
    }

    /// Digits are dialled towards a leg, one after the other.
    pub(super) fn send_digits(&mut self, leg: LegId, digits: &str, duration_ms: u16) -> Result<Done, Refused> {
        self.answered(leg)?;
        let steps: Option<VecDeque<Step>> = digits.chars().map(|digit| step(digit, duration_ms)).collect();
        let steps = steps.filter(|steps| !steps.is_empty() && steps.len() <= LONGEST);
        let left = steps.ok_or(Refused::Invalid { field: "digits", why: "1 to 128 of 0-9 * # A-D w W ," })?;
        if !(40..=8000).contains(&duration_ms) {
            return Err(Refused::Invalid { field: "duration_ms", why: "40 to 8000" });
        }
        match self.sendings.get_mut(&leg) {
            Some(sending) if sending.left.len() + left.len() > WAITING => return Err(Refused::Full),
            Some(sending) => sending.left.extend(left),
            None => {
                self.sendings.insert(leg, Sending { left });
                self.send_next(leg, self.now);
            }
        }
        Ok(Done::about(leg))
    }

    /// The next digit, or pause.
    pub(super) fn send_next(&mut self, leg: LegId, now: Instant) {
        let Some(sending) = self.sendings.get_mut(&leg) else { return };
        let wait = match sending.left.pop_front() {
            Some(Step::Digit { digit, duration_ms }) => {
                if self.heard.contains_key(&leg) {
                    self.media_out(media::Command::SendDigit { leg, digit, duration_ms });
                }
                Duration::from_millis(duration_ms.into()) + GAP
            }
            Some(Step::Pause(pause)) => pause,
            None => {
                self.sendings.remove(&leg);
                return self.tell(Event::DigitsSent { leg });
            }
        };
        self.deadlines.set(Timer::Send(leg), now + wait);
    }
}

fn is_digit(c: char) -> bool {
    "0123456789*#ABCD".contains(c)
}

fn step(c: char, duration_ms: u16) -> Option<Step> {
    match c.to_ascii_uppercase() {
        'W' if c == 'w' => Some(Step::Pause(Duration::from_millis(500))),
        'W' | ',' => Some(Step::Pause(Duration::from_secs(1))),
        digit if is_digit(digit) => Some(Step::Digit { digit, duration_ms }),
        _ => None,
    }
}
