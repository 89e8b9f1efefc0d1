//! A caller and the steps that a program has given for it. Pure: it says which verb is next, and is told what came of it.

use crate::{
    call::{Approach, Audience, Event, Gather, GatherEnd, RecordingKind, Sound, Verb},
    exchange::Done,
    ids::{GatherId, LegId, PlayId},
};
use serde::Serialize;
use std::{collections::VecDeque, time::Duration};

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The caller is answered.
    Answer,
    /// Something is played to its end.
    Play(Sound),
    /// Digits are gathered; with them the program is asked for the next steps.
    Gather {
        /// As `call::Gather`.
        max_digits: usize,
        /// These end it.
        terminators: String,
        /// For each digit.
        timeout: Duration,
        /// Played before.
        prompt: Option<Sound>,
    },
    /// The caller hears this from now on, while the other steps go on.
    Hold(Sound),
    /// The caller is put through, to somebody, a queue or a room. The last step.
    Transfer(Box<Approach>),
    /// The caller is recorded from now on.
    Record,
    /// The end: a caller that was not answered is told that it is busy.
    HangUp,
}

/// Somebody who is led through steps.
#[derive(Debug)]
pub struct Flow {
    leg: LegId,
    answered: bool,
    steps: VecDeque<Step>,
    waits: Waits,
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// This; `Flow::granted` or `Flow::refused` is told what came of it.
    Verb(Verb),
    /// Nothing until something happens.
    Wait,
    /// The program is asked for more steps.
    Ask(Asked),
    /// Nothing more: the caller is somebody else's, or gone.
    Over,
}

/// What the program is told when it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Asked {
    /// A caller came.
    Started,
    /// Digits were gathered.
    Gathered {
        /// Which.
        digits: String,
        /// Why no more are awaited.
        end: GatherEnd,
    },
    /// All steps are done.
    Done,
    /// A step could not be done; those after it were left out.
    Refused {
        /// Which rule refused it.
        rule: String,
        /// In a sentence.
        detail: String,
    },
}

#[derive(Debug, PartialEq)]
enum Waits {
    Nothing,
    /// For what the last verb is granted.
    Grant,
    Answer,
    Play(PlayId),
    Gather(GatherId),
    Program(Asked),
    Over,
}

impl Flow {
    /// A caller that waits; the program is asked first.
    pub fn new(leg: LegId) -> Self {
        Self { leg, answered: false, steps: VecDeque::new(), waits: Waits::Program(Asked::Started) }
    }

    /// What the program answered; no step at all: the end.
    pub fn steps(&mut self, steps: Vec<Step>) {
        if self.waits == Waits::Over {
            return;
        }
        self.steps = if steps.is_empty() { VecDeque::from([Step::HangUp]) } else { steps.into() };
        self.waits = Waits::Nothing;
    }

    /// What is to be done now.
    pub fn next_step(&mut self) -> Next {
        match &self.waits {
            Waits::Over => return Next::Over,
            Waits::Program(asked) => return Next::Ask(asked.clone()),
            Waits::Grant | Waits::Answer | Waits::Play(_) | Waits::Gather(_) => return Next::Wait,
            Waits::Nothing => {}
        }
        let Some(step) = self.steps.front() else {
            self.waits = Waits::Program(Asked::Done);
            return self.next_step();
        };
        if matches!(step, Step::Answer) && self.answered {
            self.steps.pop_front();
            return self.next_step();
        }
        let verb = self.verb(step);
        self.waits = Waits::Grant;
        Next::Verb(verb)
    }

    /// The verb was granted.
    pub fn granted(&mut self, done: &Done) {
        if self.waits != Waits::Grant {
            return;
        }
        let step = self.steps.pop_front();
        self.waits = match step {
            Some(Step::Answer) if !self.answered => Waits::Answer,
            Some(Step::Play(_)) => done.play.map_or(Waits::Nothing, Waits::Play),
            Some(Step::Gather { .. }) => done.gather.map_or(Waits::Nothing, Waits::Gather),
            Some(Step::Transfer(_) | Step::HangUp) => Waits::Over,
            Some(Step::Answer | Step::Hold(_) | Step::Record) | None => Waits::Nothing,
        };
    }

    /// The verb was refused, or what came of it is not known.
    pub fn refused(&mut self, rule: &str, detail: String) {
        if self.waits == Waits::Over {
            return;
        }
        let last = matches!(self.steps.front(), Some(Step::HangUp));
        self.steps.clear();
        self.waits = if last { Waits::Over } else { Waits::Program(Asked::Refused { rule: rule.to_owned(), detail }) };
    }

    /// Something happened in its call.
    pub fn happened(&mut self, event: &Event) {
        if let Event::LegAnswered { leg } = event
            && *leg == self.leg
        {
            self.answered = true;
            if self.waits == Waits::Answer {
                self.waits = Waits::Nothing;
            }
        }
        if let Event::LegEnded { leg, .. } | Event::WaitedInVain { leg, .. } = event
            && *leg == self.leg
        {
            self.waits = Waits::Over;
        }
        if let Event::PlayEnded { play, .. } = event
            && self.waits == Waits::Play(*play)
        {
            self.waits = Waits::Nothing;
        }
        if let Event::Gathered { gather, digits, end, .. } = event
            && self.waits == Waits::Gather(*gather)
        {
            self.waits = Waits::Program(Asked::Gathered { digits: digits.clone(), end: *end });
        }
    }

    fn verb(&self, step: &Step) -> Verb {
        let leg = self.leg;
        match step {
            Step::Answer => Verb::Answer { leg },
            Step::Play(sound) => Verb::Play { to: Audience::Leg(leg), sound: sound.clone(), over: false, times: 1 },
            Step::Gather { max_digits, terminators, timeout, prompt } => Verb::Gather(Box::new(Gather {
                leg,
                max_digits: *max_digits,
                terminators: terminators.clone(),
                first_timeout: *timeout,
                digit_timeout: *timeout,
                prompt: prompt.clone(),
            })),
            Step::Hold(music) => Verb::Hold { leg, music: music.clone() },
            Step::Transfer(to) => Verb::Redirect { leg, to: (**to).clone() },
            Step::Record => Verb::Record { of: Audience::Leg(leg), kind: RecordingKind::default() },
            Step::HangUp if self.answered => Verb::Drop { leg },
            Step::HangUp => Verb::Reject { leg, status: 486, reason: String::new() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{call::PlayEnd, destination::Whom};

    const LEG: LegId = LegId(3);

    fn verb(flow: &mut Flow, done: Done) -> Verb {
        let Next::Verb(verb) = flow.next_step() else { panic!("a verb is next") };
        assert_eq!(flow.next_step(), Next::Wait, "one at a time");
        flow.granted(&done);
        verb
    }

    #[test]
    fn a_caller_is_answered_greeted_asked_and_put_through() {
        let mut flow = Flow::new(LEG);
        assert_eq!(flow.next_step(), Next::Ask(Asked::Started));
        let gather =
            Step::Gather { max_digits: 1, terminators: String::new(), timeout: Duration::from_secs(5), prompt: None };
        flow.steps(vec![Step::Answer, Step::Play(Sound::Beep), gather, Step::Record]);
        assert_eq!(verb(&mut flow, Done::default()), Verb::Answer { leg: LEG });
        assert_eq!(flow.next_step(), Next::Wait, "it is not answered yet");
        flow.happened(&Event::LegAnswered { leg: LEG });
        let played = verb(&mut flow, Done { play: Some(PlayId(7)), ..Done::default() });
        assert!(matches!(played, Verb::Play { sound: Sound::Beep, .. }));
        flow.happened(&Event::PlayEnded { play: PlayId(6), leg: None, end: PlayEnd::Done, fault: None });
        assert_eq!(flow.next_step(), Next::Wait, "that was another");
        flow.happened(&Event::PlayEnded { play: PlayId(7), leg: Some(LEG), end: PlayEnd::Done, fault: None });
        assert!(matches!(verb(&mut flow, Done { gather: Some(GatherId(9)), ..Done::default() }), Verb::Gather(_)));
        let gathered = Event::Gathered { leg: LEG, gather: GatherId(9), digits: "2".into(), end: GatherEnd::MaxDigits };
        flow.happened(&gathered);
        assert_eq!(flow.next_step(), Next::Ask(Asked::Gathered { digits: "2".into(), end: GatherEnd::MaxDigits }));
        let to = Approach::new(Whom::Number("1002".into()));
        flow.steps(vec![Step::Transfer(Box::new(to.clone()))]);
        assert_eq!(verb(&mut flow, Done::default()), Verb::Redirect { leg: LEG, to });
        assert_eq!(flow.next_step(), Next::Over);
    }

    #[test]
    fn what_is_refused_goes_back_to_the_program_and_nothing_at_all_is_the_end() {
        let mut flow = Flow::new(LEG);
        flow.steps(vec![Step::Record, Step::Answer]);
        assert!(matches!(flow.next_step(), Next::Verb(Verb::Record { .. })));
        flow.refused("not-answered", "it is not answered".into());
        assert!(matches!(flow.next_step(), Next::Ask(Asked::Refused { .. })));
        flow.steps(Vec::new());
        assert_eq!(verb(&mut flow, Done::default()), Verb::Reject { leg: LEG, status: 486, reason: String::new() });
        assert_eq!(flow.next_step(), Next::Over);
    }

    #[test]
    fn who_hangs_up_or_waited_too_long_is_led_no_further() {
        for event in [
            Event::LegEnded { leg: LEG, status: 200, reason: String::new() },
            Event::WaitedInVain { leg: LEG, flow: "menu".into() },
        ] {
            let mut flow = Flow::new(LEG);
            flow.happened(&event);
            assert_eq!(flow.next_step(), Next::Over);
            flow.refused("unknown-leg", String::new());
            flow.steps(vec![Step::Answer]);
            assert_eq!(flow.next_step(), Next::Over);
        }
    }
}
