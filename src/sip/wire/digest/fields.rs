//! `Digest name=value, name="value"` (RFC 3261 25.1).

use crate::sip::wire::scan;

/// Reads the parameters; `None` for another scheme, or when they cannot be read.
pub(super) fn parse(text: &str) -> Option<Vec<(&str, String)>> {
    let (scheme, rest) = scan::trim(text).split_once([' ', '\t'])?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let mut fields = Vec::new();
    for field in scan::List::new(rest) {
        let (name, value) = field.split_once('=')?;
        if fields.len() == MAX_FIELDS {
            return None;
        }
        fields.push((scan::trim(name), scan::unquote(scan::trim(value))));
    }
    Some(fields)
}

/// Far more than there are names for.
const MAX_FIELDS: usize = 32;

/// Takes the first of that name out; one that is there twice is not to be trusted.
pub(super) fn take(fields: &mut Vec<(&str, String)>, name: &str) -> Option<String> {
    let at = fields.iter().position(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(fields.swap_remove(at).1)
}
