//! Somebody with a phone.

use super::{MUSIC_HZ, Span, World, tone_of};
use std::time::Duration;
use warmline::{
    ids::LegId,
    media::sdp::Session,
    phone::{self, Command, Event, HoldStyle, Manner, Phone, Place, State},
    sip::{OfferMethod, wire::StatusCode},
};

/// Somebody with a phone. Buttons are pressed for the line that was used last.
#[derive(Clone)]
pub struct Handle {
    pub(super) world: World,
    pub index: usize,
}

impl Handle {
    /// Presses a button.
    pub fn press(&self, command: Command) {
        let mut inner = self.world.0.borrow_mut();
        let now = inner.now;
        inner.phones[self.index].command(command, now);
        inner.touch_phone(self.index);
    }

    /// Looks at the phone.
    pub fn with<T>(&self, look: impl FnOnce(&Phone) -> T) -> T {
        look(&self.world.0.borrow().phones[self.index])
    }

    /// The line that began last.
    pub fn line(&self) -> LegId {
        self.with(|phone| phone.lines().next_back().expect("no line").0)
    }

    /// The line that began first.
    pub fn first_line(&self) -> LegId {
        self.with(|phone| phone.lines().next().expect("no line").0)
    }

    /// The switch's leg at the other end of the line that began last.
    pub fn leg(&self) -> LegId {
        self.leg_of(self.line())
    }

    /// The switch's leg at the other end of a line.
    pub fn leg_of(&self, line: LegId) -> LegId {
        let port =
            self.with(|phone| phone.line(line).and_then(phone::Line::session).map(|session| session.remote.port()));
        self.world.leg_at(port.expect("no session")).expect("no leg")
    }

    pub fn lines(&self) -> usize {
        self.with(|phone| phone.lines().count())
    }

    pub fn calls(&self, number: &str) -> LegId {
        self.starts_call(number, false, None)
    }

    /// Calls without SDP.
    pub fn calls_late(&self, number: &str) -> LegId {
        self.starts_call(number, true, None)
    }

    /// Takes somebody's place by INVITE with Replaces.
    pub fn takes_place(&self, place: Place) -> LegId {
        self.starts_call("0", false, Some(place))
    }

    fn starts_call(&self, number: &str, late_offer: bool, replaces: Option<Place>) -> LegId {
        let line = self.world.0.borrow_mut().phones[self.index].new_line();
        self.press(Command::Call { line, number: number.to_owned(), late_offer, replaces });
        line
    }

    /// Calls and waits until both talk.
    pub fn talks_to(&self, other: &Handle) {
        let number = other.with(|phone| phone.settings().extension.clone());
        let line = self.calls(&number);
        self.world.until("it rings", 20.s(), || other.rings());
        other.answers();
        self.world.until("they talk", 20.s(), || self.talks_on(line));
        self.world.run(500.ms());
    }

    pub fn answers(&self) {
        let line = self.with(|phone| phone.lines().find(|(_, line)| line.state() == State::Rings).expect("rings").0);
        self.press(Command::Answer { line });
    }

    pub fn behaves(&self, manner: Manner) {
        self.press(Command::Behave(manner));
    }

    pub fn picks_up_after(&self, time: Duration) {
        self.behaves(Manner::PickUp(time));
    }

    pub fn refuses(&self, status: u16) {
        self.behaves(Manner::Refuse(StatusCode(status)));
    }

    pub fn rejects(&self, status: u16) {
        self.press(Command::Reject { line: self.line(), status: StatusCode(status) });
    }

    pub fn holds(&self) {
        self.holds_by(HoldStyle::SendOnly, OfferMethod::Reinvite);
    }

    pub fn holds_by(&self, style: HoldStyle, method: OfferMethod) {
        self.press(Command::Hold { line: self.line(), style, method });
    }

    pub fn resumes(&self) {
        self.press(Command::Resume { line: self.line(), late_offer: false });
    }

    pub fn resumes_late(&self) {
        self.press(Command::Resume { line: self.line(), late_offer: true });
    }

    pub fn transfers_to(&self, number: &str) {
        self.press(Command::Transfer { line: self.line(), number: number.to_owned() });
    }

    /// Attended transfer: the one on the first line shall talk to the one on the last.
    pub fn connects(&self) {
        self.press(Command::Connect { line: self.first_line(), with: self.line() });
    }

    pub fn dials(&self, digits: &str) {
        self.press(Command::Dial { line: self.line(), digits: digits.to_owned() });
    }

    pub fn hangs_up(&self) {
        self.press(Command::HangUp { line: self.line() });
    }

    pub fn hang_up_all(&self) {
        let lines: Vec<_> = self.with(|phone| phone.lines().map(|(line, _)| line).collect());
        for line in lines {
            self.press(Command::HangUp { line });
        }
    }

    pub fn rings(&self) -> bool {
        self.with(|phone| phone.lines().any(|(_, line)| line.state() == State::Rings))
    }

    pub fn talks(&self) -> bool {
        self.with(|phone| phone.lines().any(|(_, line)| line.state() == State::Talks))
    }

    pub fn talks_on(&self, line: LegId) -> bool {
        self.with(|phone| phone.line(line).is_some_and(|line| line.state() == State::Talks))
    }

    /// Whether the tone of the other is heard now.
    pub fn hears(&self, other: &Handle) -> bool {
        let now = self.world.now();
        self.with(|phone| phone.hears(tone_of(other.index), now))
    }

    pub fn hears_music(&self) -> bool {
        let now = self.world.now();
        self.with(|phone| phone.hears(MUSIC_HZ, now))
    }

    pub fn hears_nothing(&self) -> bool {
        let now = self.world.now();
        self.with(|phone| phone.lines().all(|(_, line)| line.ear().loudness(now) < -50.0))
    }

    /// How often the stream that it hears broke its line of SSRC and timestamps.
    pub fn breaks(&self) -> u32 {
        self.with(|phone| phone.lines().map(|(_, line)| line.ear().breaks()).sum())
    }

    /// The media session of the last line.
    pub fn session(&self) -> Session {
        let line = self.line();
        self.with(|phone| phone.line(line).and_then(phone::Line::session).cloned().expect("no session"))
    }

    /// How the other side names the last line's dialog.
    pub fn place(&self) -> Place {
        let line = self.line();
        self.with(|phone| phone.place(line).expect("no dialog"))
    }

    /// What the display showed since the last look.
    pub fn events(&self) -> Vec<Event> {
        std::mem::take(&mut self.world.0.borrow_mut().displays[self.index])
    }

    /// What REFER came to: the answer, then what NOTIFY told.
    pub fn transfer_told(&self) -> Vec<u16> {
        let told = |event| match event {
            Event::TransferAnswered { status, .. } | Event::TransferProgress { status, .. } => Some(status.0),
            _ => None,
        };
        self.events().into_iter().filter_map(told).collect()
    }

    /// Why the calls of this phone came to nothing since the last look.
    pub fn failures(&self) -> Vec<u16> {
        let failed = |event| match event {
            Event::Failed { status, .. } => Some(status.0),
            _ => None,
        };
        self.events().into_iter().filter_map(failed).collect()
    }
}
