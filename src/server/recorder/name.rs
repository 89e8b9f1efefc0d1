//! What files of recordings are called.

use crate::{
    call::Stamp,
    ids::{CallId, RecordingId},
};
use std::time::{SystemTime, UNIX_EPOCH};

/// A directory for each day, and in it when it began (UTC), of which call, and which recording. No number of anybody is in it.
pub(super) fn of(now: SystemTime, call: CallId, recording: RecordingId) -> String {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let when = Stamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)).to_string();
    let (day, began) = (when.split('T').next().unwrap_or_default(), when.replace(['-', ':'], ""));
    format!("{day}/{began}-{call}-{recording}.wav")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_name_says_when_and_which() {
        let at = UNIX_EPOCH + Duration::from_millis(1_709_210_096_007);
        let name = of(at, CallId(7), RecordingId(3));
        assert_eq!(name, "2024-02-29/20240229T123456.007Z-call-7-recording-3.wav");
    }
}
