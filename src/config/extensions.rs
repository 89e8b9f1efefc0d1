//! `[[extension]]`, and secrets.

use super::{
    calls::number,
    media::{codecs, dtmf, srtp},
    problem::Report,
    sections::{Extension, Maybe, Section},
};
use crate::{media::Dtmf, sip::Secret, switch::ExtensionSettings};
use std::collections::HashSet;
use toml::Spanned;

/// How many phones an extension may have where nothing is said.
const CONTACTS: usize = 10;

pub(super) fn read(
    sections: &[Section<Extension>],
    usual: Dtmf,
    env: &dyn Fn(&str) -> Option<String>,
    report: &mut Report<'_>,
) -> Vec<ExtensionSettings> {
    let mut numbers = HashSet::new();
    let mut extensions = Vec::with_capacity(sections.len());
    for section in sections {
        let keys = &section.keys;
        let number_said = keys.number.get_ref();
        if !is_number(number_said) {
            report.add(
                keys.number.span(),
                "[extension] number",
                format!("{number_said:?} must be letters, digits and + - . _ * #, such as \"1001\""),
            );
        } else if !numbers.insert(number_said.as_str()) {
            report.add(keys.number.span(), "[extension] number", format!("{number_said} is there twice"));
        }
        extensions.push(ExtensionSettings {
            number: number_said.clone(),
            name: keys.name.clone().filter(|name| !name.is_empty()),
            secret: secret(section, env, report),
            max_contacts: number(&keys.max_contacts, "[extension] max_contacts", CONTACTS, 1..=100, report),
            srtp: srtp(&keys.srtp, "[extension] srtp", report),
            dtmf: dtmf(&keys.dtmf, "[extension] dtmf", usual, report),
            codecs: codecs(&keys.codecs, "[extension] codecs", report),
        });
    }
    extensions
}

/// Whether phones can dial it or say it in a URI without escapes.
fn is_number(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_' | '*' | '#'))
}

fn secret(section: &Section<Extension>, env: &dyn Fn(&str) -> Option<String>, report: &mut Report<'_>) -> Secret {
    let keys = &section.keys;
    let hash = |said: &Maybe<String>, place, digits, report: &mut Report<'_>| {
        let said = said.as_ref()?;
        let hash = said.get_ref().to_ascii_lowercase();
        if hash.len() != digits || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            report.add(
                said.span(),
                place,
                format!("must be {digits} hexadecimal digits: the hash of user:realm:password"),
            );
        }
        Some(hash)
    };
    let md5 = hash(&keys.ha1_md5, "[extension] ha1_md5", 32, report);
    let sha256 = hash(&keys.ha1_sha256, "[extension] ha1_sha256", 64, report);
    match (&keys.password, md5.is_some() || sha256.is_some()) {
        (Some(said), both) => {
            if both {
                report.add(said.span(), "[extension] password", "give either the password or hashes of it, not both");
            }
            Secret::Password(password(said, "[extension] password", env, report))
        }
        (None, true) => Secret::Ha1 { md5, sha256 },
        (None, false) => {
            let missing = format!("{} needs a password, ha1_sha256 or ha1_md5", keys.number.get_ref());
            report.add(section.start..section.start, "[extension] password", missing);
            Secret::Password(String::new())
        }
    }
}

/// A password as it is written, or from the environment.
pub(super) fn password(
    said: &Spanned<String>,
    place: &str,
    env: &dyn Fn(&str) -> Option<String>,
    report: &mut Report<'_>,
) -> String {
    let (password, problem) = match said.get_ref().strip_prefix("env:") {
        None => (Some(said.get_ref().clone()), "must not be empty".to_owned()),
        Some(name) => (env(name), format!("the environment has no variable {name}; set it before the start")),
    };
    password.filter(|password| !password.is_empty()).unwrap_or_else(|| {
        report.add(said.span(), place, problem);
        String::new()
    })
}
