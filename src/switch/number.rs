//! The number that a URI stands for.

use crate::{
    destination::Refusal,
    sip::wire::{Scheme, Uri},
};

/// Who is meant; the host does not matter. Visual separators are taken out of telephone numbers (RFC 3966 5.1.1), and
/// parameters that belong to the number (RFC 3261 19.1.6) too.
pub(super) fn dialled(uri: &Uri) -> Result<String, Refusal> {
    let is_phone = match uri.scheme {
        Scheme::Tel => true,
        Scheme::Sip => uri.params.get("user").is_some_and(|user| user.eq_ignore_ascii_case("phone")),
        // sips asks for TLS on every hop (RFC 3261 19.1), which nobody here can promise.
        Scheme::Sips | Scheme::Other(_) => return Err(Refusal::Scheme),
    };
    let user = uri.user.as_deref().unwrap_or_default();
    let user = user.split(';').next().unwrap_or_default();
    let number = if is_phone || is_global(user) { user.replace(is_separator, "") } else { user.to_owned() };
    if number.is_empty() {
        return Err(Refusal::NoNumber);
    }
    if number.contains(char::is_control) {
        return Err(Refusal::Unknown);
    }
    Ok(number)
}

/// A number with + in front is a telephone number, even where nobody says so.
fn is_global(user: &str) -> bool {
    user.strip_prefix('+').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || is_separator(c)))
}

fn is_separator(c: char) -> bool {
    matches!(c, '-' | '.' | '(' | ')' | ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_out_of_uris_of_each_kind() {
        for (uri, number) in [
            ("sip:1001@192.0.2.1", Ok("1001")),
            ("sip:john.doe@office.example", Ok("john.doe")),
            ("sip:+31-20-123@office.example", Ok("+3120123")),
            ("sip:020.123@office.example;user=phone", Ok("020123")),
            ("sip:+3120;isub=1@office.example;user=phone", Ok("+3120")),
            ("tel:+31(20)123-45.67", Ok("+31201234567")),
            ("tel:7042;phone-context=office.example", Ok("7042")),
            ("sip:office.example", Err(Refusal::NoNumber)),
            ("sip:--@office.example;user=phone", Err(Refusal::NoNumber)),
            ("sip:10%0d%0a01@office.example", Err(Refusal::Unknown)),
            ("sips:1001@office.example", Err(Refusal::Scheme)),
            ("http://office.example/1001", Err(Refusal::Scheme)),
        ] {
            assert_eq!(dialled(&uri.parse().unwrap()), number.map(str::to_owned), "{uri}");
        }
    }
}
