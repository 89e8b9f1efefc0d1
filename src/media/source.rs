//! What a leg hears, and how it goes over from one thing to another.

use super::{
    Source,
    audio::{
        extrapolate::extrapolate,
        fade,
        frame::Rate,
        playlist::Cursor,
        sum::{Aside, Limiter},
        tone::{self, DigitTone, Player, Tone},
    },
    playback::Playing,
    room::Room,
};
use crate::ids::{LegId, PlayId};

/// What a leg can hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hears {
    Nothing,
    Mix,
    Played(Source),
    /// A digit as tones; a new one each time.
    Digit(char),
    /// How the mix that it came from would have gone on.
    Past,
}

/// One leg's ear.
#[derive(Debug)]
pub(super) struct Ear {
    hears: Hears,
    /// How often something was begun anew: the same prompt twice is two prompts.
    begun: u32,
    limiter: Limiter,
    /// What is said to it alone.
    aside: Aside,
    player: Option<Player>,
    digit: Option<DigitTone>,
    /// Where the music is that this leg hears.
    music: Cursor,
    clip: Option<Playing>,
    /// The end of the clip was told.
    clip_told: bool,
    past: Vec<i16>,
    /// A frame that there was no room for on the line, while the next one has not gone over to.
    left_out: Vec<i16>,
}

/// What a leg itself says in this tick, as far as its own ear is concerned.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    pub(super) id: LegId,
    /// At which it speaks and hears.
    pub(super) rate: Rate,
    pub(super) frame: &'a [i16],
    /// The same for an echo, which goes on whoever else hears the leg.
    pub(super) echo: &'a [i16],
    /// It says something.
    pub(super) sounds: bool,
    /// That is in the sum.
    pub(super) is_in_sum: bool,
    /// How much of a digit that is dialled towards it remains, in samples.
    pub(super) digit_left: usize,
}

impl Ear {
    pub(super) fn new() -> Self {
        Self {
            hears: Hears::Nothing,
            begun: 0,
            limiter: Limiter::new(),
            aside: Aside::none(),
            player: None,
            digit: None,
            music: Cursor::default(),
            clip: None,
            clip_told: false,
            past: Vec::new(),
            left_out: Vec::new(),
        }
    }

    pub(super) fn hears(&self) -> &Hears {
        &self.hears
    }

    /// With which what is loud in the mix is turned down for it.
    #[inline]
    pub(super) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// It heard what somebody else heard, made with this.
    #[inline]
    pub(super) fn set_limiter(&mut self, limiter: &Limiter) {
        self.limiter.clone_from(limiter);
    }

    /// Where that is put which it alone hears over everything else.
    #[inline]
    pub(super) fn aside(&mut self) -> &mut Aside {
        &mut self.aside
    }

    /// The leg goes to another room, having heard `last`; or `last` is what it would have heard next.
    pub(super) fn leave_room(&mut self, last: &[i16], is_next: bool, rate: Rate) {
        self.past.clear();
        self.past.extend_from_slice(last);
        if !is_next {
            extrapolate(last, &mut self.past, rate);
        }
        self.hears = Hears::Past;
    }

    /// What it hears begins anew, from silence: it hears at another rate, or heard nothing for a while.
    pub(super) fn restart(&mut self) {
        self.hears = Hears::Nothing;
    }

    /// This frame is not sent: too much was sent before. What is sent next goes on from where it began.
    pub(super) fn leave_out(&mut self, sound: &[i16]) {
        if self.left_out.is_empty() {
            self.left_out.extend_from_slice(sound);
        }
    }

    /// Whether what is sent next does not follow on what was sent last.
    #[inline]
    pub(super) fn has_left_out(&self) -> bool {
        !self.left_out.is_empty()
    }

    /// Goes over to this frame from one that was left out before it.
    #[inline]
    pub(super) fn join_left_out(&mut self, rate: Rate, sound: &mut [i16]) {
        if self.left_out.len() == sound.len() {
            fade::cross(&self.left_out, sound, rate);
        }
        self.left_out.clear();
    }

    /// The clip that has come to its end, once.
    pub(super) fn clip_over(&mut self) -> Option<PlayId> {
        let clip = self.clip.as_ref().filter(|clip| clip.is_over() && !self.clip_told)?;
        self.clip_told = true;
        Some(clip.id())
    }

    /// The clip will not be wished for any more. Whether its end was told.
    pub(super) fn forget_clip(&mut self, play: PlayId) -> bool {
        let told = self.clip_told && self.clip.as_ref().is_some_and(|clip| clip.id() == play);
        self.clip_told = true;
        told
    }

    /// Whether nothing has to change for this.
    #[inline]
    pub(super) fn is_at(&self, wanted: &Hears, begun: u32) -> bool {
        self.hears == *wanted && self.begun == begun
    }

    /// One frame of `wanted`, with a join if it was something else before, and what coaches say put aside. `scratch` is of the same length
    /// as `sound`.
    #[allow(clippy::too_many_arguments, reason = "what it was, what it shall be, and where that comes from")]
    #[inline]
    pub(super) fn fill(
        &mut self,
        wanted: &Hears,
        begun: u32,
        room: &Room,
        own: Own<'_>,
        sound: &mut [i16],
        scratch: &mut [i16],
    ) {
        let heard_others = self.hears == Hears::Mix;
        self.go_over(wanted, begun, room, own, sound, scratch);
        let hears_others = self.hears == Hears::Mix;
        if heard_others || hears_others {
            // Who does not hear the others hears no coach either.
            for whisper in room.whispers_to(own.id) {
                scratch.copy_from_slice(whisper);
                match (heard_others, hears_others) {
                    (true, true) => {}
                    (true, false) => fade::fade_out(scratch, own.rate),
                    (false, _) => fade::fade_in(scratch, own.rate),
                }
                self.aside.add(scratch);
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "as above")]
    #[inline]
    fn go_over(
        &mut self,
        wanted: &Hears,
        begun: u32,
        room: &Room,
        own: Own<'_>,
        sound: &mut [i16],
        scratch: &mut [i16],
    ) {
        if self.is_at(wanted, begun) {
            return self.render(room, own, sound);
        }
        self.render(room, own, scratch);
        self.begin(wanted, begun, own.rate);
        self.render(room, own, sound);
        fade::cross(scratch, sound, own.rate);
    }

    fn begin(&mut self, wanted: &Hears, begun: u32, rate: Rate) {
        self.begun = begun;
        self.hears = wanted.clone();
        let tone: Option<&Tone> = match wanted {
            Hears::Played(Source::Ringback) => Some(&tone::RINGBACK),
            Hears::Played(Source::Busy) => Some(&tone::BUSY),
            Hears::Played(Source::Notice) => Some(&tone::NOTICE),
            Hears::Played(Source::Prompt) => Some(&tone::PROMPT),
            Hears::Played(Source::HoldMusic | Source::Clip(_) | Source::Echo | Source::Silence)
            | Hears::Nothing
            | Hears::Mix
            | Hears::Digit(_)
            | Hears::Past => None,
        };
        self.player = tone.map(|tone| Player::new(tone, rate));
        if *wanted == Hears::Played(Source::HoldMusic) {
            self.music = Cursor::default();
        }
        // A digit in between does not take a clip back to its beginning.
        if let Hears::Played(Source::Clip(playback)) = wanted
            && self.clip.as_ref().is_none_or(|clip| clip.id() != playback.id)
        {
            self.clip = Some(Playing::new(playback.clone()));
            self.clip_told = false;
        }
        if let Hears::Digit(digit) = wanted {
            self.digit = DigitTone::new(*digit, rate);
        }
    }

    fn render(&mut self, room: &Room, own: Own<'_>, sound: &mut [i16]) {
        let rate = own.rate;
        match &self.hears {
            Hears::Nothing | Hears::Played(Source::Silence) => sound.fill(0),
            Hears::Mix => {
                if own.is_in_sum {
                    room.heard(rate).without(own.frame, &mut self.limiter, sound);
                } else {
                    room.heard(rate).whole(&mut self.limiter, sound);
                }
            }
            Hears::Played(Source::HoldMusic) => room.play_music(&mut self.music, rate, sound),
            Hears::Played(Source::Clip(_)) => {
                if let Some(clip) = &mut self.clip {
                    clip.fill(room.position(rate), rate, sound);
                }
            }
            Hears::Played(Source::Echo) if own.sounds => sound.copy_from_slice(own.echo),
            Hears::Played(Source::Echo) => sound.fill(0),
            Hears::Played(Source::Ringback | Source::Busy | Source::Notice | Source::Prompt) => {
                if let Some(player) = &mut self.player {
                    player.fill(sound);
                }
            }
            Hears::Digit(_) => {
                if let Some(digit) = &mut self.digit {
                    digit.fill(sound, own.digit_left);
                }
            }
            Hears::Past if self.past.len() == sound.len() => sound.copy_from_slice(&self.past),
            Hears::Past => sound.fill(0),
        }
    }
}
