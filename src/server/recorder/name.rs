//! What files of recordings are called.

use crate::ids::{CallId, RecordingId};
use std::time::{SystemTime, UNIX_EPOCH};

/// A directory for each day, and in it when it began (UTC), of which call, and which recording. No number of anybody is in it.
pub(super) fn of(now: SystemTime, call: CallId, recording: RecordingId) -> String {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let ms = since.subsec_millis();
    format!(
        "{year:04}-{month:02}-{day:02}/{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}.{ms:03}Z-{call}-{recording}.wav"
    )
}

/// The date, so many days after 1970-01-01 (proleptic Gregorian; years begin in March while counting).
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
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
        assert_eq!(
            [0, 59, 365, 11_016, 20_088].map(date),
            [(1970, 1, 1), (1970, 3, 1), (1971, 1, 1), (2000, 2, 29), (2024, 12, 31)]
        );
    }
}
