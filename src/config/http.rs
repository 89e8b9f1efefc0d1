//! `[http]`, `[http.tls]`, `[[http.token]]` and `[[webhook]]`.

use super::{
    calls::number,
    extensions::password,
    problem::Report,
    sections::{File, Flow, Maybe, Section, Texts, Tls, Token, Webhook},
};
use crate::api::{self, FlowSettings, Limits, Scope, TlsFiles, TokenSettings, WebhookSettings};
use std::{collections::HashSet, net::SocketAddr, path::PathBuf, time::Duration};
use toml::Spanned;

/// Hexadecimal digits of a SHA-256.
const HASH_DIGITS: usize = 64;
/// The shortest secret for JWTs, bytes (RFC 7518 3.2: as long as the hash).
const SECRET_BYTES: usize = 32;

type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// `None`: the file has no `[http]`.
pub(super) fn read(file: &File, env: Env<'_>, report: &mut Report<'_>) -> Option<api::Settings> {
    let Some(section) = &file.http else {
        for webhook in &file.webhooks {
            report.add(webhook.start..webhook.start, "[[webhook]]", "needs an [http] section: webhooks are part of it");
        }
        for flow in &file.flows {
            report.add(flow.start..flow.start, "[[flow]]", "needs an [http] section: flows are part of it");
        }
        return None;
    };
    let keys = &section.keys;
    let limits = Limits {
        body_bytes: number(&keys.body_bytes, "[http] body_bytes", 65_536, 1024..=16_777_216, report),
        requests_per_second: number(
            &keys.requests_per_second,
            "[http] requests_per_second",
            1000,
            0..=1_000_000,
            report,
        ),
        connections: number(
            &keys.connections,
            "[http] connections",
            1000,
            1..=Limits::MOST_CONNECTIONS as usize,
            report,
        ),
        head_timeout: seconds(&keys.head_timeout_s, "[http] head_timeout_s", 60, report),
        body_timeout: seconds(&keys.body_timeout_s, "[http] body_timeout_s", 10, report),
    };
    Some(api::Settings {
        listen: listen(&keys.listen, report),
        tls: file.http_tls.as_ref().map(tls),
        tokens: tokens(&file.http_tokens, env, report),
        jwt_secret: keys.jwt_secret.as_ref().and_then(|said| jwt_secret(said, env, report)),
        jwt_max: Duration::from_secs(number(&keys.jwt_max_s, "[http] jwt_max_s", 3600, 60..=86_400, report)),
        cors_origins: origins(&keys.cors_origins, report),
        limits,
        webhooks: webhooks(&file.webhooks, env, report),
        flows: flows(&file.flows, env, report),
        webhook_hosts: hosts(&keys.webhook_hosts, "[http] webhook_hosts", report),
        webhook_retries: number(&keys.webhook_retries, "[http] webhook_retries", 6, 0..=20, report),
    })
}

fn seconds(said: &Maybe<i64>, place: &'static str, usual: u64, report: &mut Report<'_>) -> Duration {
    Duration::from_secs(number(said, place, usual, 1..=3600, report))
}

fn listen(said: &Maybe<String>, report: &mut Report<'_>) -> SocketAddr {
    const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8060);
    let Some(said) = said else { return USUAL };
    said.get_ref().parse().unwrap_or_else(|_| {
        report.add(said.span(), "[http] listen", "must be ADDRESS:PORT with an IP address, such as \"127.0.0.1:8060\"");
        USUAL
    })
}

fn tls(section: &Section<Tls>) -> TlsFiles {
    TlsFiles { certificate: PathBuf::from(&section.keys.certificate), key: PathBuf::from(&section.keys.key) }
}

fn tokens(sections: &[Section<Token>], env: Env<'_>, report: &mut Report<'_>) -> Vec<TokenSettings> {
    let mut names = HashSet::new();
    let mut tokens = Vec::new();
    for section in sections {
        let keys = &section.keys;
        let name = keys.name.get_ref();
        if name.is_empty() || name.chars().any(char::is_control) {
            report.add(keys.name.span(), "[http.token] name", "must be some word: the log says it for each command");
        } else if !names.insert(name) {
            report.add(keys.name.span(), "[http.token] name", format!("{name} is there twice"));
        }
        tokens.push(TokenSettings {
            name: name.clone(),
            hash: token(&keys.token, env, report),
            scopes: Texts::each(&keys.scopes).iter().filter_map(|said| scope(said, report)).collect(),
        });
        if Texts::each(&keys.scopes).is_empty() {
            report.add(
                keys.scopes.span(),
                "[http.token] scopes",
                "must name at least one of \"read\", \"control\", \"admin\" and \"agent:EXTENSION\"",
            );
        }
    }
    tokens
}

/// The hash of a token that is written as it is, as `env:NAME`, or as `sha256:` and its hash.
fn token(said: &Spanned<String>, env: Env<'_>, report: &mut Report<'_>) -> [u8; 32] {
    const PLACE: &str = "[http.token] token";
    let Some(digits) = said.get_ref().strip_prefix("sha256:") else {
        return api::hash(&password(said, PLACE, env, report));
    };
    let mut hash = [0; 32];
    let pairs = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()));
    let read: Option<Vec<u8>> = pairs.collect();
    match read.filter(|read| digits.len() == HASH_DIGITS && read.len() == hash.len()) {
        Some(read) => hash.copy_from_slice(&read),
        None => report.add(said.span(), PLACE, "must be sha256: and 64 hexadecimal digits, as sha256sum prints them"),
    }
    hash
}

fn scope(said: &Spanned<&str>, report: &mut Report<'_>) -> Option<Scope> {
    let scope = said.get_ref().parse().ok();
    if scope.is_none() {
        report.add(
            said.span(),
            "[http.token] scopes",
            format!("{:?} must be \"read\", \"control\", \"admin\" or \"agent:EXTENSION\"", said.get_ref()),
        );
    }
    scope
}

fn jwt_secret(said: &Spanned<String>, env: Env<'_>, report: &mut Report<'_>) -> Option<api::Key> {
    const PLACE: &str = "[http] jwt_secret";
    let secret = password(said, PLACE, env, report);
    if !secret.is_empty() && secret.len() < SECRET_BYTES {
        report.add(
            said.span(),
            PLACE,
            format!("must be {SECRET_BYTES} bytes or longer; `openssl rand -hex 32` makes one"),
        );
    }
    Some(api::Key::new(secret.into_bytes()))
}

fn origins(said: &Maybe<Texts>, report: &mut Report<'_>) -> Vec<String> {
    let Some(said) = said else { return Vec::new() };
    let mut origins = Vec::new();
    for origin in Texts::each(said) {
        let text = *origin.get_ref();
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let fits = host.is_some_and(|host| !host.is_empty() && host.chars().all(|c| c.is_ascii_graphic() && c != '/'));
        if !fits {
            report.add(
                origin.span(),
                "[http] cors_origins",
                "must be an origin without a path, such as \"https://desk.example\"",
            );
        }
        origins.push(text.to_owned());
    }
    origins
}

/// Hosts of a list, in small letters.
pub(super) fn hosts(said: &Maybe<Texts>, place: &str, report: &mut Report<'_>) -> Vec<String> {
    let Some(said) = said else { return Vec::new() };
    let mut hosts = Vec::new();
    for host in Texts::each(said) {
        let text = host.get_ref().to_ascii_lowercase();
        if text.is_empty() || text.contains("//") || text.contains('/') {
            report.add(host.span(), place, "must be a host, with :PORT where only that port is meant");
        }
        hosts.push(text);
    }
    hosts
}

fn webhooks(sections: &[Section<Webhook>], env: Env<'_>, report: &mut Report<'_>) -> Vec<WebhookSettings> {
    let mut webhooks = Vec::new();
    for section in sections {
        let keys = &section.keys;
        let url = keys.url.get_ref();
        if !(url.starts_with("https://") || url.starts_with("http://")) || api::WebhookSettings::host(url).is_none() {
            report.add(keys.url.span(), "[webhook] url", "must be http:// or https:// and a host");
        }
        webhooks.push(WebhookSettings {
            url: url.clone(),
            secret: api::Key::new(password(&keys.secret, "[webhook] secret", env, report).into_bytes()),
            events: keys
                .events
                .as_ref()
                .map(|said| Texts::each(said).iter().map(|text| (*text.get_ref()).to_owned()).collect())
                .unwrap_or_default(),
        });
    }
    webhooks
}

fn flows(sections: &[Section<Flow>], env: Env<'_>, report: &mut Report<'_>) -> Vec<FlowSettings> {
    let mut names = HashSet::new();
    let mut flows = Vec::new();
    for section in sections {
        let keys = &section.keys;
        let (name, url) = (keys.name.get_ref(), keys.url.get_ref());
        if name.is_empty() || !names.insert(name) {
            report.add(keys.name.span(), "[flow] name", "must be a word that no other flow has");
        }
        if api::WebhookSettings::host(url).is_none() {
            report.add(keys.url.span(), "[flow] url", "must be http:// or https:// and a host");
        }
        let secret = api::Key::new(password(&keys.secret, "[flow] secret", env, report).into_bytes());
        flows.push(FlowSettings { name: name.clone(), url: url.clone(), secret });
    }
    flows
}
