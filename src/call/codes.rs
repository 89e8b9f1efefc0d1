//! Star codes: the digits of a leg that may use them are held back while they can become one, and go on to the others when
//! they cannot.

use super::{
    Call, Codes, Event, TransferKind,
    face::number_uri,
    leg::{Leg, Standing},
    lifecycle::Timer,
    movement::Movement,
    room::Kind,
};
use crate::{ids::LegId, media, sip};
use std::time::{Duration, Instant};

/// How long the beginning of a code waits for the rest.
const CODE_PAUSE: Duration = Duration::from_secs(2);
/// A pause this long ends a number.
const NUMBER_PAUSE: Duration = Duration::from_secs(3);
/// How long the first digit of a number may take; then the caller is talked to again.
const FIRST_DIGIT: Duration = Duration::from_secs(10);
/// Digits of a number.
const NUMBER_LENGTH: usize = 32;
/// A digit of INFO that does not say how long it is, ms.
const USUAL_DIGIT_MS: u16 = 160;

/// A digit and how long it was pressed, ms.
type Press = (char, u16);

/// What a code wishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    BlindTransfer,
    AttendedTransfer,
    Complete,
    Cancel,
    ThreeWay,
    Swap,
}

/// The digits of one leg.
#[derive(Debug)]
pub(super) enum Collector {
    /// They may become a code.
    Code(Vec<Press>),
    /// They are the number to transfer to.
    Number { attended: bool, digits: String },
}

/// What became of a digit.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    /// These are no code: the others shall hear them.
    pass: Vec<Press>,
    /// These waited for it.
    code: Option<Code>,
}

impl Codes {
    fn all(&self) -> impl Iterator<Item = (&str, Code)> {
        [
            (&self.blind_transfer, Code::BlindTransfer),
            (&self.attended_transfer, Code::AttendedTransfer),
            (&self.complete, Code::Complete),
            (&self.cancel, Code::Cancel),
            (&self.three_way, Code::ThreeWay),
            (&self.swap, Code::Swap),
        ]
        .into_iter()
        .filter_map(|(text, code)| Some((text.as_deref().filter(|text| !text.is_empty())?, code)))
    }

    fn find(&self, dialled: &str) -> Option<Code> {
        self.all().find(|(text, _)| *text == dialled).map(|(_, code)| code)
    }

    /// Whether more digits could make a code of it.
    fn may_become(&self, dialled: &str) -> bool {
        self.all().any(|(text, _)| text.len() > dialled.len() && text.starts_with(dialled))
    }
}

impl Collector {
    /// The leg dials a number now, and neither talks nor listens.
    pub(super) fn wants_number(&self) -> bool {
        matches!(self, Self::Number { .. })
    }

    /// Nothing of the number came yet.
    pub(super) fn prompts(&self) -> bool {
        matches!(self, Self::Number { digits, .. } if digits.is_empty())
    }
}

/// One more digit of what may become a code.
fn press(held: &mut Vec<Press>, digit: Press, codes: &Codes) -> Verdict {
    held.push(digit);
    let mut pass = Vec::new();
    while !held.is_empty() {
        let dialled = text(held);
        if codes.may_become(&dialled) {
            break;
        }
        if let Some(code) = codes.find(&dialled) {
            held.clear();
            return Verdict { pass, code: Some(code) };
        }
        pass.push(held.remove(0));
    }
    Verdict { pass, code: None }
}

fn text(held: &[Press]) -> String {
    held.iter().map(|(digit, _)| digit).collect()
}

impl Call {
    /// A digit from a leg. `heard`: the mixer told it, and has passed it on itself where the leg may not use codes.
    pub(super) fn digit(&mut self, leg: LegId, digit: char, duration_ms: u16, heard: bool, now: Instant) {
        if !self.legs.contains_key(&leg) {
            return;
        }
        self.tell(Event::Digit { leg, digit, duration_ms });
        if self.screened_digit(leg, digit) || self.gathered_digit(leg, digit) {
            return;
        }
        if !self.collects(leg) {
            if !heard {
                self.pass_on(leg, &[(digit, duration_ms)]);
            }
            return;
        }
        match self.collectors.entry(leg).or_insert_with(|| Collector::Code(Vec::new())) {
            Collector::Number { digits, .. } if digit != '#' => {
                digits.push(digit);
                let cancelled = self.settings.codes.cancel.as_ref().is_some_and(|code| digits.ends_with(code.as_str()));
                if cancelled || digits.len() > NUMBER_LENGTH {
                    return self.forget_digits(leg);
                }
                self.deadlines.set(Timer::Digits(leg), now + NUMBER_PAUSE);
            }
            Collector::Number { .. } => self.digits_paused(leg, now),
            Collector::Code(held) => {
                let verdict = press(held, (digit, duration_ms), &self.settings.codes);
                let waits = !held.is_empty();
                self.pass_on(leg, &verdict.pass);
                if waits {
                    self.deadlines.set(Timer::Digits(leg), now + CODE_PAUSE);
                } else {
                    self.forget_digits(leg);
                }
                if let Some(code) = verdict.code {
                    self.code(leg, code, now);
                }
            }
        }
    }

    /// INFO with a digit in it, as older phones send them.
    pub(super) fn info(&mut self, leg: LegId, content_type: &str, body: &[u8], now: Instant) {
        let found = match content_type {
            "application/dtmf-relay" => relayed_digit(body),
            "application/dtmf" => relayed_digit(body).or_else(|| plain_digit(body)),
            _ => None,
        };
        let confirmed = self.legs.get(&leg).is_some_and(Leg::picked_up);
        if let (Some((digit, duration_ms)), true) = (found, confirmed) {
            // The mixer knows whether the phone has told the same digit in another way.
            if self.heard.contains_key(&leg) {
                self.media_out(media::Command::Pressed { leg, digit, duration_ms });
            } else {
                self.digit(leg, digit, duration_ms, false, now);
            }
        }
    }

    /// A digit for a leg that wants it by INFO.
    pub(super) fn dial_by_info(&mut self, leg: LegId, digit: char, duration_ms: u16) {
        if self.legs.get(&leg).is_some_and(Leg::confirmed) {
            let body = format!("Signal={digit}\r\nDuration={duration_ms}\r\n").into();
            let content_type = "application/dtmf-relay".to_owned();
            self.sip_out(sip::Command::Info { leg, content_type, body });
        }
    }

    /// No digit came for a while: what waits is all there is.
    pub(super) fn digits_paused(&mut self, leg: LegId, now: Instant) {
        let Some(collector) = self.collectors.remove(&leg) else { return };
        self.deadlines.clear(Timer::Digits(leg));
        match collector {
            Collector::Number { digits, .. } if digits.is_empty() => {}
            Collector::Number { attended, digits } => self.transfer_to(leg, attended, &digits, now),
            Collector::Code(held) => match self.settings.codes.find(&text(&held)) {
                Some(code) => self.code(leg, code, now),
                None => self.pass_on(leg, &held),
            },
        }
    }

    /// Whether the digits of a leg are kept from the others until they turn out to be no code.
    pub(super) fn collects(&self, leg: LegId) -> bool {
        self.kind == Kind::Conversation
            && self.settings.codes.all().next().is_some()
            && self.legs.get(&leg).is_some_and(|party| {
                party.confirmed() && party.origin.features.codes && party.standing == Standing::Present
            })
    }

    fn code(&mut self, leg: LegId, code: Code, now: Instant) {
        match code {
            Code::BlindTransfer => self.ask_for_number(leg, false, now),
            Code::AttendedTransfer => self.ask_for_number(leg, true, now),
            Code::Complete => self.warm_complete(leg, now),
            Code::Cancel => self.warm_cancel(leg),
            Code::ThreeWay => self.warm_three_way(leg),
            Code::Swap => self.warm_swap(leg),
        }
    }

    fn ask_for_number(&mut self, leg: LegId, attended: bool, now: Instant) {
        self.conclude();
        let asked = self.collectors.values().any(Collector::wants_number);
        if asked || !self.may_transfer(leg) {
            return;
        }
        self.collectors.insert(leg, Collector::Number { attended, digits: String::new() });
        self.deadlines.set(Timer::Digits(leg), now + FIRST_DIGIT);
    }

    fn transfer_to(&mut self, leg: LegId, attended: bool, number: &str, now: Instant) {
        if !self.may_transfer(leg) {
            return;
        }
        let kind = if attended { TransferKind::Warm } else { TransferKind::Cold };
        let transfer = self.transfer_started(leg, number.to_owned(), kind);
        if attended {
            self.begin_warm(leg, transfer, number);
        } else {
            let target = number_uri(number, &self.settings.domain);
            self.begin_cold(leg, transfer, target, false, None, now);
        }
    }

    fn may_transfer(&self, leg: LegId) -> bool {
        matches!(self.movement, Movement::Still) && self.dials.is_empty() && !self.others(leg).is_empty()
    }

    pub(super) fn forget_digits(&mut self, leg: LegId) {
        self.collectors.remove(&leg);
        self.deadlines.clear(Timer::Digits(leg));
    }

    /// Dials these towards all whom the leg talks to.
    fn pass_on(&mut self, leg: LegId, presses: &[Press]) {
        if presses.is_empty() || !self.talks(leg) {
            return;
        }
        let listeners: Vec<LegId> =
            self.legs.keys().copied().filter(|other| *other != leg && self.talks(*other)).collect();
        for (digit, duration_ms) in presses {
            let duration_ms = (*duration_ms).clamp(40, 8000);
            for listener in &listeners {
                self.media_out(media::Command::SendDigit { leg: *listener, digit: *digit, duration_ms });
            }
        }
    }
}

/// "Signal=5\r\nDuration=160".
fn relayed_digit(body: &[u8]) -> Option<Press> {
    let body = std::str::from_utf8(body).ok()?;
    let field = |name: &str| {
        let mut lines = body.lines().filter_map(|line| line.split_once('='));
        lines.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let duration_ms = field("duration").and_then(|value| value.parse().ok()).unwrap_or(USUAL_DIGIT_MS);
    Some((digit_named(field("signal")?)?, duration_ms))
}

/// The digit alone.
fn plain_digit(body: &[u8]) -> Option<Press> {
    let digit = digit_named(std::str::from_utf8(body).ok()?.trim())?;
    Some((digit, USUAL_DIGIT_MS))
}

/// A digit by its character, or by its event number (RFC 4733 3.2).
fn digit_named(name: &str) -> Option<char> {
    const EVENTS: [char; 6] = ['*', '#', 'A', 'B', 'C', 'D'];
    let mut chars = name.chars();
    match (chars.next(), chars.next()) {
        (Some(one), None) => {
            let one = one.to_ascii_uppercase();
            matches!(one, '0'..='9' | '*' | '#' | 'A'..='D').then_some(one)
        }
        _ => EVENTS.get(name.parse::<usize>().ok()?.checked_sub(10)?).copied(),
    }
}
