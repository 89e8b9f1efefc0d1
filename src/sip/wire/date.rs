//! Date (RFC 3261 20.17).

use super::scan;
use std::fmt;

/// A moment of the calendar, in GMT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Since 1970-01-01 00:00:00 UTC, s.
    pub unix_s: u64,
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

impl Date {
    /// Reads `Sat, 13 Nov 2010 23:29:00 GMT`; the day's name may be missing or wrong, the zone must be GMT or UTC.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.split_once(',').map_or(text, |(_, rest)| rest);
        let parts: Vec<_> = text.split_ascii_whitespace().take(6).collect();
        let [day, month, year, time, zone] = parts[..] else { return Err("not day, month, year, time and zone") };
        if !matches!(zone, "GMT" | "UTC") {
            return Err("not in GMT");
        }
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month)).ok_or("bad month")?;
        let day: u64 = scan::number(day).filter(|day| (1..=31).contains(day)).ok_or("bad day")?;
        let year: u64 = scan::number(year).filter(|year| (1970..=9999).contains(year)).ok_or("bad year")?;
        let clock: Vec<u64> = time.split(':').take(4).map(|part| scan::number(part).unwrap_or(99)).collect();
        let [hour @ 0..=23, minute @ 0..=59, second @ 0..=60] = clock[..] else { return Err("bad time") };
        let days = days_before(year, month as u64 + 1) + day - 1;
        Ok(Self { unix_s: ((days * 24 + hour) * 60 + minute) * 60 + second })
    }
}

/// Days from 1970-01-01 to the first of a month (1 to 12).
fn days_before(year: u64, month: u64) -> u64 {
    // Years that begin in March put the leap day at their end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before_year = year * 365 + year / 4 - year / 100 + year / 400;
    before_year + (month * 153 + 2) / 5 - 719_468
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds) = (self.unix_s / 86_400, self.unix_s % 86_400);
        let mut year = 1970 + days / 366;
        while days_before(year + 1, 1) <= days {
            year += 1;
        }
        let month = (1..=12).rev().find(|month| days_before(year, *month) <= days).unwrap_or(1);
        let (day, name) = (days - days_before(year, month) + 1, MONTHS[month as usize - 1]);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{}, {day:02} {name} {year} {hour:02}:{minute:02}:{second:02} GMT", DAYS[(days % 7) as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        for (text, unix_s) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sat, 13 Nov 2010 23:29:00 GMT", 1_289_690_940),
            ("Thu, 29 Feb 2024 12:00:01 GMT", 1_709_208_001),
            ("Fri, 31 Dec 2100 23:59:59 GMT", 4_133_980_799),
        ] {
            assert_eq!(Date::parse(text), Ok(Date { unix_s }), "{text}");
            assert_eq!(Date { unix_s }.to_string(), text);
        }
    }

    #[test]
    fn another_zone_is_an_error() {
        assert!(Date::parse("Fri, 01 Jan 2010 16:00:00 EST").is_err());
        assert!(Date::parse("soon").is_err());
        assert!(Date::parse("Fri, 32 Jan 2010 16:00:00 GMT").is_err());
        assert!(Date::parse("1 Jan 2010 24:00:00 GMT").is_err());
    }
}
