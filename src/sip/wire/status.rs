//! Status codes and their usual reason phrases (RFC 3261 21, and the RFCs named at the line).

use std::fmt;

/// A status code, 100 to 699 (RFC 3261 21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusCode(pub u16);

macro_rules! codes {
    ($($code:literal $constant:ident $reason:literal,)*) => {
        #[allow(missing_docs, reason = "the reason phrase beside each says it")]
        impl StatusCode {
            $(pub const $constant: Self = Self($code);)*

            /// The usual reason phrase; that of the class for a code that we do not know (8.1.3.2).
            pub fn reason(self) -> &'static str {
                match self.0 {
                    $($code => $reason,)*
                    100..=199 => "Session Progress",
                    200..=299 => "OK",
                    300..=399 => "Multiple Choices",
                    400..=499 => "Bad Request",
                    500..=599 => "Server Internal Error",
                    _ => "Busy Everywhere",
                }
            }
        }
    };
}

codes! {
    100 TRYING "Trying",
    180 RINGING "Ringing",
    181 CALL_IS_BEING_FORWARDED "Call Is Being Forwarded",
    182 QUEUED "Queued",
    183 SESSION_PROGRESS "Session Progress",
    199 EARLY_DIALOG_TERMINATED "Early Dialog Terminated", // RFC 6228
    200 OK "OK",
    202 ACCEPTED "Accepted", // RFC 6665
    204 NO_NOTIFICATION "No Notification", // RFC 5839
    300 MULTIPLE_CHOICES "Multiple Choices",
    301 MOVED_PERMANENTLY "Moved Permanently",
    302 MOVED_TEMPORARILY "Moved Temporarily",
    305 USE_PROXY "Use Proxy",
    380 ALTERNATIVE_SERVICE "Alternative Service",
    400 BAD_REQUEST "Bad Request",
    401 UNAUTHORIZED "Unauthorized",
    402 PAYMENT_REQUIRED "Payment Required",
    403 FORBIDDEN "Forbidden",
    404 NOT_FOUND "Not Found",
    405 METHOD_NOT_ALLOWED "Method Not Allowed",
    406 NOT_ACCEPTABLE "Not Acceptable",
    407 PROXY_AUTHENTICATION_REQUIRED "Proxy Authentication Required",
    408 REQUEST_TIMEOUT "Request Timeout",
    410 GONE "Gone",
    412 CONDITIONAL_REQUEST_FAILED "Conditional Request Failed", // RFC 3903
    413 REQUEST_ENTITY_TOO_LARGE "Request Entity Too Large",
    414 REQUEST_URI_TOO_LONG "Request-URI Too Long",
    415 UNSUPPORTED_MEDIA_TYPE "Unsupported Media Type",
    416 UNSUPPORTED_URI_SCHEME "Unsupported URI Scheme",
    417 UNKNOWN_RESOURCE_PRIORITY "Unknown Resource-Priority", // RFC 4412
    420 BAD_EXTENSION "Bad Extension",
    421 EXTENSION_REQUIRED "Extension Required",
    422 SESSION_INTERVAL_TOO_SMALL "Session Interval Too Small", // RFC 4028
    423 INTERVAL_TOO_BRIEF "Interval Too Brief",
    428 USE_IDENTITY_HEADER "Use Identity Header", // RFC 8224
    429 PROVIDE_REFERRER_IDENTITY "Provide Referrer Identity", // RFC 3892
    430 FLOW_FAILED "Flow Failed", // RFC 5626
    433 ANONYMITY_DISALLOWED "Anonymity Disallowed", // RFC 5079
    436 BAD_IDENTITY_INFO "Bad Identity Info", // RFC 8224
    437 UNSUPPORTED_CREDENTIAL "Unsupported Credential", // RFC 8224
    438 INVALID_IDENTITY_HEADER "Invalid Identity Header", // RFC 8224
    439 FIRST_HOP_LACKS_OUTBOUND "First Hop Lacks Outbound Support", // RFC 5626
    440 MAX_BREADTH_EXCEEDED "Max-Breadth Exceeded", // RFC 5393
    469 BAD_INFO_PACKAGE "Bad Info Package", // RFC 6086
    470 CONSENT_NEEDED "Consent Needed", // RFC 5360
    480 TEMPORARILY_UNAVAILABLE "Temporarily Unavailable",
    481 CALL_OR_TRANSACTION_DOES_NOT_EXIST "Call/Transaction Does Not Exist",
    482 LOOP_DETECTED "Loop Detected",
    483 TOO_MANY_HOPS "Too Many Hops",
    484 ADDRESS_INCOMPLETE "Address Incomplete",
    485 AMBIGUOUS "Ambiguous",
    486 BUSY_HERE "Busy Here",
    487 REQUEST_TERMINATED "Request Terminated",
    488 NOT_ACCEPTABLE_HERE "Not Acceptable Here",
    489 BAD_EVENT "Bad Event", // RFC 6665
    491 REQUEST_PENDING "Request Pending",
    493 UNDECIPHERABLE "Undecipherable",
    494 SECURITY_AGREEMENT_REQUIRED "Security Agreement Required", // RFC 3329
    500 SERVER_INTERNAL_ERROR "Server Internal Error",
    501 NOT_IMPLEMENTED "Not Implemented",
    502 BAD_GATEWAY "Bad Gateway",
    503 SERVICE_UNAVAILABLE "Service Unavailable",
    504 SERVER_TIMEOUT "Server Time-out",
    505 VERSION_NOT_SUPPORTED "Version Not Supported",
    513 MESSAGE_TOO_LARGE "Message Too Large",
    580 PRECONDITION_FAILURE "Precondition Failure", // RFC 3312
    600 BUSY_EVERYWHERE "Busy Everywhere",
    603 DECLINE "Decline",
    604 DOES_NOT_EXIST_ANYWHERE "Does Not Exist Anywhere",
    606 NOT_ACCEPTABLE_ANYWHERE "Not Acceptable",
    607 UNWANTED "Unwanted", // RFC 8197
    608 REJECTED "Rejected", // RFC 8688
}

impl StatusCode {
    /// 1xx.
    pub fn is_provisional(self) -> bool {
        (100..200).contains(&self.0)
    }

    /// 2xx.
    pub fn is_success(self) -> bool {
        (200..300).contains(&self.0)
    }

    /// 3xx.
    pub fn is_redirection(self) -> bool {
        (300..400).contains(&self.0)
    }

    /// 2xx to 6xx.
    pub fn is_final(self) -> bool {
        self.0 >= 200
    }

    /// 3xx to 6xx: final, and not what was hoped for.
    pub fn is_failure(self) -> bool {
        self.0 >= 300
    }

    /// A code that may stand in a message: 100 to 699.
    pub fn is_valid(self) -> bool {
        (100..700).contains(&self.0)
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_code_has_the_phrase_of_its_class() {
        assert_eq!(StatusCode(486).reason(), "Busy Here");
        assert_eq!(StatusCode(499).reason(), "Bad Request");
        assert_eq!(StatusCode(299).reason(), "OK");
    }

    #[test]
    fn classes_meet_without_gap() {
        for code in 100..700 {
            let status = StatusCode(code);
            assert!(status.is_valid());
            assert_ne!(status.is_provisional(), status.is_final());
            assert_eq!(status.is_final(), status.is_success() || status.is_failure());
        }
    }
}
