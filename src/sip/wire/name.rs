//! Header names that we know, with their compact forms.

/// A header name; compared without case.
macro_rules! names {
    ($($variant:ident $long:literal $($compact:literal)?,)*) => {
        /// Which header a field is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Name {
            $($variant,)*
            /// One that we do not know: its name is in the text.
            Other,
        }

        impl Name {
            /// The long form as it is usually written; empty for `Other`.
            pub(super) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $long,)*
                    Self::Other => "",
                }
            }
        }

        impl Name {
            /// The long form with what stands before the value in print.
            pub(super) fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($long, ": "),)*
                    Self::Other => ": ",
                }
            }
        }

        const LONG: &[(&str, Name)] = &[$(($long, Name::$variant),)*];
        const COMPACT: &[(u8, Name)] = &[$($(($compact, Name::$variant),)?)*];
    };
}

names! {
    Accept "Accept",
    AcceptContact "Accept-Contact" b'a',
    AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language",
    AlertInfo "Alert-Info",
    Allow "Allow",
    AllowEvents "Allow-Events" b'u',
    AuthenticationInfo "Authentication-Info",
    Authorization "Authorization",
    CallId "Call-ID" b'i',
    CallInfo "Call-Info",
    Contact "Contact" b'm',
    ContentDisposition "Content-Disposition",
    ContentEncoding "Content-Encoding" b'e',
    ContentLanguage "Content-Language",
    ContentLength "Content-Length" b'l',
    ContentType "Content-Type" b'c',
    CSeq "CSeq",
    Date "Date",
    Diversion "Diversion",
    Event "Event" b'o',
    Expires "Expires",
    From "From" b'f',
    HistoryInfo "History-Info",
    Identity "Identity" b'y',
    IdentityInfo "Identity-Info" b'n',
    InReplyTo "In-Reply-To",
    MaxForwards "Max-Forwards",
    MimeVersion "MIME-Version",
    MinExpires "Min-Expires",
    MinSe "Min-SE",
    Organization "Organization",
    PAssertedIdentity "P-Asserted-Identity",
    Path "Path",
    PPreferredIdentity "P-Preferred-Identity",
    Priority "Priority",
    Privacy "Privacy",
    ProxyAuthenticate "Proxy-Authenticate",
    ProxyAuthorization "Proxy-Authorization",
    ProxyRequire "Proxy-Require",
    RAck "RAck",
    Reason "Reason",
    RecordRoute "Record-Route",
    ReferredBy "Referred-By" b'b',
    ReferSub "Refer-Sub",
    ReferTo "Refer-To" b'r',
    RejectContact "Reject-Contact" b'j',
    RemotePartyId "Remote-Party-ID",
    Replaces "Replaces",
    ReplyTo "Reply-To",
    RequestDisposition "Request-Disposition" b'd',
    Require "Require",
    RetryAfter "Retry-After",
    Route "Route",
    RSeq "RSeq",
    Server "Server",
    ServiceRoute "Service-Route",
    SessionExpires "Session-Expires" b'x',
    SipETag "SIP-ETag",
    SipIfMatch "SIP-If-Match",
    Subject "Subject" b's',
    SubscriptionState "Subscription-State",
    Supported "Supported" b'k',
    Timestamp "Timestamp",
    To "To" b't',
    Unsupported "Unsupported",
    UserAgent "User-Agent",
    Via "Via" b'v',
    Warning "Warning",
    WwwAuthenticate "WWW-Authenticate",
}

impl Name {
    /// How many names there are, `Other` included.
    pub(super) const COUNT: usize = LONG.len() + 1;

    /// The name of a field, long or compact, in whatever case.
    pub(super) fn of(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        if let [letter] = bytes {
            let at = usize::from(letter | 0x20).checked_sub(usize::from(b'a'));
            return at.and_then(|at| BY_LETTER.get(at)).copied().unwrap_or(Self::Other);
        }
        if bytes.is_empty() {
            return Self::Other;
        }
        let (long, name) = LONG.get(usize::from(TABLE.1[slot(bytes, TABLE.0)])).copied().unwrap_or(("", Self::Other));
        let long = long.as_bytes();
        if long == bytes || long.eq_ignore_ascii_case(bytes) { name } else { Self::Other }
    }
}

/// Slots of the table of long names.
const SLOTS: usize = 1024;
const EMPTY: u8 = u8::MAX;

/// A multiplier with which no two names fall into one slot, and the place in `LONG` of the name of each slot.
static TABLE: (u32, [u8; SLOTS]) = table();
/// Compact forms from a to z.
static BY_LETTER: [Name; 26] = by_letter();

/// The slot of a name of one byte or more: made of its length and of three of its letters, whose case falls out.
const fn slot(name: &[u8], multiplier: u32) -> usize {
    let (first, middle, last) = (name[0] | 0x20, name[name.len() / 2] | 0x20, name[name.len() - 1] | 0x20);
    let key = u32::from_le_bytes([first, middle, last, name.len() as u8]);
    (key.wrapping_mul(multiplier) >> (32 - SLOTS.ilog2())) as usize
}

const fn table() -> (u32, [u8; SLOTS]) {
    let mut multiplier = 0x9E37_79B1;
    loop {
        let mut slots = [EMPTY; SLOTS];
        let mut at = 0;
        while at < LONG.len() {
            let slot = slot(LONG[at].0.as_bytes(), multiplier);
            if slots[slot] != EMPTY {
                break;
            }
            slots[slot] = at as u8;
            at += 1;
        }
        if at == LONG.len() {
            return (multiplier, slots);
        }
        multiplier += 2;
    }
}

const fn by_letter() -> [Name; 26] {
    let mut letters = [Name::Other; 26];
    let mut at = 0;
    while at < COMPACT.len() {
        letters[(COMPACT[at].0 - b'a') as usize] = COMPACT[at].1;
        at += 1;
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_found_in_any_case() {
        for (long, name) in LONG {
            assert_eq!(Name::of(long), *name);
            assert_eq!(Name::of(&long.to_ascii_lowercase()), *name);
            assert_eq!(Name::of(&long.to_ascii_uppercase()), *name);
            assert_eq!(Name::of(&format!("{long}x")), Name::Other);
        }
    }

    #[test]
    fn all_registered_compact_forms_are_known() {
        for (letter, long) in [
            ("i", "Call-ID"),
            ("m", "Contact"),
            ("e", "Content-Encoding"),
            ("l", "Content-Length"),
            ("c", "Content-Type"),
            ("f", "From"),
            ("s", "Subject"),
            ("k", "Supported"),
            ("t", "To"),
            ("v", "Via"),
            ("u", "Allow-Events"),
            ("o", "Event"),
            ("a", "Accept-Contact"),
            ("r", "Refer-To"),
            ("b", "Referred-By"),
            ("x", "Session-Expires"),
            ("j", "Reject-Contact"),
            ("d", "Request-Disposition"),
            ("n", "Identity-Info"),
            ("y", "Identity"),
        ] {
            assert_eq!(Name::of(letter), Name::of(long), "{letter}");
            assert_eq!(Name::of(&letter.to_uppercase()), Name::of(long), "{letter}");
        }
        assert_eq!(Name::of("z"), Name::Other);
        assert_eq!(Name::of(""), Name::Other);
        assert_eq!(Name::of("é"), Name::Other);
    }
}
