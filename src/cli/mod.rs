//! The commands that speak to a running switch: a client of the same API as every other program.
//!
//! `place` finds out where the switch is and who we are to it, `client` asks it, `table` shows the answers to people; [`Ask`] is what
//! may be asked.

#![allow(clippy::disallowed_methods, reason = "a client waits for the network")]

mod ask;
mod client;
mod place;
mod table;

pub use ask::{Ask, Where};
pub use client::AskError;

use client::Client;

/// Asks the switch, and gives `say` what it answers, line by line.
pub fn run(ask: &Ask, place: &Where, say: &mut dyn FnMut(&str)) -> Result<(), AskError> {
    let client = Client::new(place::find(place)?)?;
    let request = ask.request(place.json);
    if ask.follows() {
        return client.follow(&request, &mut |event| match place.json {
            true => say(event),
            false => table::event(event).iter().for_each(|line| say(line)),
        });
    }
    let answer = client.ask(&request)?;
    match serde_json::from_str(&answer) {
        Ok(json) if place.json => say(&serde_json::to_string_pretty::<serde_json::Value>(&json).unwrap_or(answer)),
        Ok(json) => table::lines(ask, &json).iter().for_each(|line| say(line)),
        // A ladder, or a picture.
        Err(_) => say(answer.trim_end()),
    }
    Ok(())
}
