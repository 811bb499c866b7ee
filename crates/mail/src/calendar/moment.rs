//! Dates, times and durations of a calendar object, as they were written (RFC 5545, sections 3.3.4 to 3.3.6).

use super::line::Line;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// Days that a duration may last; what is longer is an attack or a mistake.
const DURATION_DAYS_MAX: i64 = 36_600;

/// A DATE or DATE-TIME.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Moment {
    /// Ends with `Z`, or states an offset as no standard allows but some write.
    Utc(Timestamp),
    /// Of the zone named in TZID; floating without one.
    Local(DateTime, Option<String>),
    /// All day.
    Day(Date),
}

impl Moment {
    /// Reads `20260131T090000Z`, `20260131T090000`, `20260131` and the same with the separators of ISO 8601.
    pub fn read(line: &Line) -> Option<Moment> {
        let moment = Moment::parse(&line.value)?;
        let zone = line.parameter("TZID").map(str::to_owned);
        Some(match moment {
            Moment::Local(at, _) if is_date(line) => Moment::Day(at.date()),
            Moment::Local(at, _) => Moment::Local(at, zone),
            other => other,
        })
    }

    pub fn parse(value: &str) -> Option<Moment> {
        let value = value.trim();
        let (day, clock) = match value.split_once(['T', 't', ' ']) {
            Some((day, clock)) => (day, Some(clock)),
            None => (value, None),
        };
        let digits = digits(day, '-')?;
        if digits.len() != 8 {
            return None;
        }
        let date = Date::new(number(&digits[..4])?, number(&digits[4..6])?, number(&digits[6..])?).ok()?;
        let Some(clock) = clock else { return Some(Moment::Day(date)) };
        let end = clock.find(['Z', 'z', '+', '-']).unwrap_or(clock.len());
        let (clock, suffix) = clock.split_at(end);
        let at = date.to_datetime(time(clock)?);
        match suffix {
            "" => Some(Moment::Local(at, None)),
            "Z" | "z" => Offset::UTC.to_timestamp(at).ok().map(Moment::Utc),
            offset => {
                let offset = Offset::from_seconds(offset_s(offset)?).ok()?;
                offset.to_timestamp(at).ok().map(Moment::Utc)
            }
        }
    }

    /// The moment a duration later: days as the calendar counts them, hours as the clock does (RFC 5545, section 3.3.6).
    pub fn after(&self, duration: &Duration) -> Option<Moment> {
        let Duration { days, clock } = *duration;
        match self {
            Moment::Utc(at) => {
                let day = SignedDuration::from_hours(24 * days);
                at.checked_add(day).and_then(|at| at.checked_add(clock)).ok().map(Moment::Utc)
            }
            Moment::Local(at, zone) => {
                let later = at.checked_add(days.days()).and_then(|at| at.checked_add(clock)).ok()?;
                Some(Moment::Local(later, zone.clone()))
            }
            Moment::Day(date) => {
                let later =
                    date.to_datetime(Time::midnight()).checked_add(days.days()).ok()?.checked_add(clock).ok()?;
                Some(Moment::Day(later.date()))
            }
        }
    }
}

fn is_date(line: &Line) -> bool {
    line.parameter("VALUE").is_some_and(|v| v.eq_ignore_ascii_case("DATE"))
}

/// The digits of a text in which a separator may stand; `None` when anything else stands in it.
fn digits(text: &str, separator: char) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != separator).take(9).collect();
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

fn number<N: std::str::FromStr>(digits: &str) -> Option<N> {
    digits.parse().ok()
}

/// `HHMMSS`, or `HHMM`; fractions of a second are left out. A leap second is the one before it.
fn time(clock: &str) -> Option<Time> {
    let clock = clock.split(['.', ',']).next()?;
    let digits = digits(clock, ':')?;
    let seconds = match digits.len() {
        6 => number::<i8>(&digits[4..])?.min(59),
        4 => 0,
        _ => return None,
    };
    Time::new(number(&digits[..2])?, number(&digits[2..4])?, seconds, 0).ok()
}

/// `+0100`, `-05:00` or `+013045` in seconds, east positive (RFC 5545, section 3.3.14); at most 18 hours.
pub(super) fn offset_s(value: &str) -> Option<i32> {
    const OFFSET_S_MAX: i32 = 18 * 3600;
    let value = value.trim();
    let (sign, rest) = match value.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits = digits(rest, ':')?;
    let (hours, minutes, seconds): (i32, i32, i32) = match digits.len() {
        4 => (number(&digits[..2])?, number(&digits[2..])?, 0),
        6 => (number(&digits[..2])?, number(&digits[2..4])?, number(&digits[4..])?),
        _ => return None,
    };
    let all = hours * 3600 + minutes * 60 + seconds;
    (all <= OFFSET_S_MAX && minutes < 60 && seconds < 60).then_some(sign * all)
}

/// A DURATION in its two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Duration {
    days: i64,
    clock: SignedDuration,
}

impl Duration {
    pub const ONE_DAY: Duration = Duration { days: 1, clock: SignedDuration::ZERO };

    /// `P15DT5H0M20S`, `P7W`, `-PT15M`; within a hundred years.
    pub fn parse(value: &str) -> Option<Duration> {
        let value = value.trim().to_ascii_uppercase();
        let (sign, rest) = match value.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, value.trim_start_matches('+')),
        };
        let rest = rest.strip_prefix('P')?;
        let (mut days, mut seconds, mut is_clock) = (0i64, 0i64, false);
        let mut count = String::new();
        for c in rest.chars() {
            if c.is_ascii_digit() && count.len() < 9 {
                count.push(c);
                continue;
            }
            if c == 'T' && count.is_empty() {
                is_clock = true;
                continue;
            }
            let n: i64 = std::mem::take(&mut count).parse().ok()?;
            match (c, is_clock) {
                ('W', _) => days += 7 * n,
                ('D', _) => days += n,
                ('H', true) => seconds += 3600 * n,
                ('M', true) => seconds += 60 * n,
                ('S', true) => seconds += n,
                _ => return None,
            }
        }
        let is_sane = count.is_empty() && rest.len() > 1 && days + seconds / 86_400 <= DURATION_DAYS_MAX;
        is_sane.then(|| Duration { days: sign * days, clock: SignedDuration::from_secs(sign * seconds) })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_every_spelling() {
        let shown = |value: &str| match Moment::parse(value) {
            Some(Moment::Utc(at)) => at.to_string(),
            Some(Moment::Local(at, _)) => at.to_string(),
            Some(Moment::Day(day)) => day.to_string(),
            None => "none".to_owned(),
        };
        for (value, wanted) in [
            ("20260131T090000Z", "2026-01-31T09:00:00Z"),
            ("20260131T090000", "2026-01-31T09:00:00"),
            ("20260131", "2026-01-31"),
            ("2026-01-31T09:00:00.5Z", "2026-01-31T09:00:00Z"),
            ("20260131T090000+0100", "2026-01-31T08:00:00Z"),
            ("20261231T235960Z", "2026-12-31T23:59:59Z"),
            ("20260231T090000Z", "none"),
            ("20260131T250000Z", "none"),
            ("T090000Z", "none"),
            ("2026013é", "none"),
            ("", "none"),
        ] {
            assert_eq!(shown(value), wanted, "{value}");
        }
    }

    #[test]
    fn durations_within_a_hundred_years() {
        let later = |value: &str| {
            let duration = Duration::parse(value)?;
            match Moment::parse("20260328T230000").unwrap().after(&duration) {
                Some(Moment::Local(at, _)) => Some(at.to_string()),
                _ => None,
            }
        };
        assert_eq!(later("PT1H30M").unwrap(), "2026-03-29T00:30:00");
        assert_eq!(later("P1DT5S").unwrap(), "2026-03-29T23:00:05");
        assert_eq!(later("-P1W").unwrap(), "2026-03-21T23:00:00");
        for bad in ["", "P", "PT", "1H", "P1H", "P1", "PT5", "P999999999W", "P99999999999D"] {
            assert_eq!(later(bad), None, "{bad}");
        }
    }

    #[test]
    fn offsets_up_to_eighteen_hours() {
        assert_eq!(offset_s("+0100"), Some(3600));
        assert_eq!(offset_s("-05:30"), Some(-19_800));
        assert_eq!(offset_s("+013045"), Some(5_445));
        for bad in ["", "0100", "+1", "+1900", "+0160", "é"] {
            assert_eq!(offset_s(bad), None, "{bad}");
        }
    }
}
