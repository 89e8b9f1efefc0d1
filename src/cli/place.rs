//! Where the switch is: what was said, or what its settings say.

use super::{ask::Where, client::AskError};
use std::{fs, path::Path};
use toml::{Table, Value};

/// An address and a token.
pub(super) struct Place {
    /// Without a slash at its end.
    pub(super) url: String,
    pub(super) token: Option<String>,
}

/// The port where nothing is said.
const USUAL: &str = "127.0.0.1:8060";

pub(super) fn find(said: &Where) -> Result<Place, AskError> {
    let settings = match (&said.url, &said.token) {
        (Some(_), Some(_)) => None,
        _ => read(&said.config)?,
    };
    let http = settings.as_ref().and_then(|settings| settings.get("http")?.as_table());
    if said.url.is_none() && settings.is_some() && http.is_none() {
        return Err(AskError::NoApi(said.config.clone()));
    }
    let url = said.url.clone().unwrap_or_else(|| url(http));
    let token = said.token.clone().or_else(|| token(http?));
    Ok(Place { url: url.trim_end_matches('/').to_owned(), token })
}

/// The settings; `None`: there are none here.
fn read(path: &Path) -> Result<Option<Table>, AskError> {
    let Ok(text) = fs::read_to_string(path) else { return Ok(None) };
    // What is wrong with it in detail is what `warmline check` is for.
    text.parse().map(Some).map_err(|_| AskError::Settings(path.to_owned()))
}

fn url(http: Option<&Table>) -> String {
    let scheme = if http.is_some_and(|http| http.contains_key("tls")) { "https" } else { "http" };
    let listen = http.and_then(|http| http.get("listen")?.as_str()).unwrap_or(USUAL);
    let listen = listen.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
    format!("{scheme}://{listen}")
}

/// The token that may do most and is not only there as a hash.
fn token(http: &Table) -> Option<String> {
    let all = http.get("token")?.as_array()?;
    let readable = all.iter().filter_map(|token| Some((rank(token), plain(token.get("token")?.as_str()?)?)));
    readable.min_by_key(|(rank, _)| *rank).map(|(_, token)| token)
}

fn rank(token: &Value) -> usize {
    let scopes: Vec<&str> = match token.get("scopes") {
        Some(Value::String(scope)) => vec![scope],
        Some(Value::Array(scopes)) => scopes.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    ["admin", "control", "read"].iter().position(|scope| scopes.contains(scope)).unwrap_or(3)
}

fn plain(said: &str) -> Option<String> {
    match said.strip_prefix("env:") {
        Some(name) => std::env::var(name).ok(),
        None if said.starts_with("sha256:") => None,
        None => Some(said.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_and_token_are_found_in_the_settings() {
        let settings: Table = "[http]\nlisten = \"0.0.0.0:8066\"\n[[http.token]]\ntoken = \"looks\"\nscopes = [\"read\"]\n\
            [[http.token]]\ntoken = \"sha256:00\"\nscopes = [\"admin\"]\n[[http.token]]\ntoken = \"acts\"\nscopes = \"control\"\n"
            .parse()
            .unwrap();
        let http = settings["http"].as_table();
        assert_eq!((url(http).as_str(), token(http.unwrap()).as_deref()), ("http://127.0.0.1:8066", Some("acts")));
        assert_eq!(url(None), "http://127.0.0.1:8060");
    }
}
