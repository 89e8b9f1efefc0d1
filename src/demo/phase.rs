//! Who hears whom at one moment of the play.

use super::stage::Role;
use crate::phone::Phone;
use std::time::Instant;

/// Louder than this, dB of full scale, is music and not silence.
const MUSIC: f64 = -50.0;

/// One moment, and what should have been heard.
pub(super) struct Phase {
    name: &'static str,
    /// For each phone: what it hears, and what it should.
    heard: Vec<(Role, Vec<String>, Vec<String>)>,
}

impl Phase {
    /// Listens to all phones. `talk`: who must hear whom; `music`: who must hear music. All else must not be heard.
    pub(super) fn judge<'p>(
        name: &'static str,
        talk: &[(Role, Role)],
        music: &[Role],
        phone: impl Fn(Role) -> &'p Phone,
        now: Instant,
    ) -> Self {
        let heard = Role::ALL.map(|role| {
            let voices = talk.iter().filter(|(listener, _)| *listener == role).map(|(_, speaker)| speaker.name());
            let wanted = voices.chain(music.contains(&role).then_some("music")).map(str::to_owned).collect();
            (role, heard(phone(role), now), wanted)
        });
        Self { name, heard: heard.into() }
    }

    /// Whether everybody hears just what he should.
    pub(super) fn is_as_expected(&self) -> bool {
        self.heard.iter().all(|(_, heard, wanted)| heard == wanted)
    }

    /// In words.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{}:", self.name)];
        for (role, heard, wanted) in &self.heard {
            let mark = if heard == wanted { "ok   " } else { "WRONG" };
            let instead = if heard == wanted { String::new() } else { format!(", not {}", words(wanted)) };
            lines.push(format!("  {mark}  the {:<6} hears {}{instead}", role.name(), words(heard)));
        }
        lines
    }
}

/// Whose tones a phone hears; music is what is neither a tone of theirs nor silence.
fn heard(phone: &Phone, now: Instant) -> Vec<String> {
    let mut heard: Vec<_> = Role::ALL
        .into_iter()
        .filter(|role| phone.hears(role.tone_hz(), now))
        .map(|role| role.name().to_owned())
        .collect();
    let loud = phone.lines().any(|(_, line)| line.ear().loudness(now) > MUSIC);
    if loud && heard.is_empty() {
        heard.push("music".to_owned());
    }
    heard
}

fn words(heard: &[String]) -> String {
    if heard.is_empty() { "nothing".to_owned() } else { heard.join(" and ") }
}
